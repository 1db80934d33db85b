//! What every layer's metrics are built from: the registry, and the macro that declares a layer's
//! families in one table. Which families there are is each layer's business; the two that several
//! layers count into are here. Labels are bounded: never a user, a session or a path. Every family is
//! registered at the start, with its bounded series at 0, so that an alert on a missing series cannot
//! be silent.

mod family;

pub use family::{Family, FamilySpec};

use crate::error::{Error, Result};
use prometheus::{Encoder, Registry, TextEncoder};

/// Buckets in seconds, to a minute: requests and models.
pub const SLOW_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0,
];

/// The metrics of one process; cheap to clone, every clone is the same registry.
#[derive(Clone, Default)]
pub struct MetricsRegistry(Registry);

impl MetricsRegistry {
    /// A registry without families.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a family.
    ///
    /// # Errors
    /// `Internal` when its name or labels are malformed, or its name is registered already.
    pub fn register<F: Family>(&self, spec: &FamilySpec) -> Result<F> {
        let family = F::build(spec)
            .map_err(|error| Error::internal("a metric is malformed").with_source(error))?;
        self.0
            .register(Box::new(family.clone()))
            .map_err(|error| Error::internal("a metric is registered twice").with_source(error))?;
        Ok(family)
    }

    /// The text format of Prometheus, version 0.0.4.
    ///
    /// # Errors
    /// `Internal` when the encoder fails.
    pub fn encode(&self) -> Result<String> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.0.gather(), &mut text)
            .map_err(|error| Error::internal("cannot encode the metrics").with_source(error))?;
        String::from_utf8(text)
            .map_err(|error| Error::internal("the metrics are not UTF-8").with_source(error))
    }
}

impl std::fmt::Debug for MetricsRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MetricsRegistry")
    }
}

/// Declares a struct of metric families and its `register_families`. A line is
/// `field: Kind = "name", "help"`, then `labels` for the `…Vec` kinds and `buckets` for histograms.
///
/// ```
/// use ragd_core::metric_families;
/// use ragd_core::telemetry::{MetricsRegistry, SLOW_BUCKETS};
///
/// metric_families! {
///     /// What a mill counts.
///     pub struct MillMetrics {
///         sacks: IntCounterVec = "sacks_total", "Sacks by grain.", labels ["grain"];
///         milling: Histogram = "milling_seconds", "Seconds for a sack.", buckets SLOW_BUCKETS;
///     }
/// }
///
/// # fn main() -> ragd_core::error::Result<()> {
/// let registry = MetricsRegistry::new();
/// let mill = MillMetrics::register_families(&registry)?;
/// mill.sacks.with_label_values(&["rye"]).inc();
/// assert!(registry.encode()?.contains("sacks_total{grain=\"rye\"} 1"));
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! metric_families {
    (
        $(#[$doc:meta])*
        $visible:vis struct $struct:ident {
            $($field:ident: $kind:ident = $name:literal, $help:literal
                $(, labels $labels:expr)? $(, buckets $buckets:expr)?;)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        $visible struct $struct {
            $(#[doc = $help] pub $field: $crate::telemetry::prometheus::$kind,)+
        }

        impl $struct {
            /// Registers every family, as yet without series.
            ///
            /// # Errors
            /// `Internal` when a name is registered already.
            pub fn register_families(
                registry: &$crate::telemetry::MetricsRegistry,
            ) -> $crate::error::Result<Self> {
                use $crate::telemetry::FamilySpec;
                Ok(Self {
                    $($field: registry.register(
                        &FamilySpec::new($name, $help)
                            $(.labels(&$labels))?
                            $(.buckets($buckets))?,
                    )?,)+
                })
            }
        }
    };
}

metric_families! {
    /// The families that several layers count into.
    pub struct SharedMetrics {
        errors: IntCounterVec = "rag_errors_total", "Errors by component and kind.", labels ["component", "kind"];
        rate_limit_violations: IntCounterVec = "rag_rate_limit_violations_total", "Requests refused by a limit.", labels ["limit"];
    }
}

impl SharedMetrics {
    /// Registers the families. A layer starts the series that it counts into: see
    /// [`SharedMetrics::start_errors`] and [`SharedMetrics::start_limits`].
    ///
    /// # Errors
    /// `Internal` when a name is registered already.
    pub fn register(registry: &MetricsRegistry) -> Result<Self> {
        Self::register_families(registry)
    }

    /// Starts the series of these components' internal errors at 0.
    pub fn start_errors(&self, components: &[&str]) {
        for component in components {
            self.errors.with_label_values(&[*component, "internal"]);
        }
    }

    /// Starts the series of these limits at 0.
    pub fn start_limits(&self, limits: &[&str]) {
        for limit in limits {
            self.rate_limit_violations.with_label_values(&[*limit]);
        }
    }

    /// Counts an internal error of a component.
    pub fn internal_error(&self, component: &str) {
        let labels = [component, "internal"];
        self.errors.with_label_values(&labels).inc();
    }
}
