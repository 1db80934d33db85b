//! One family of metrics: what it is called, and how each kind of it is built.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGaugeVec, Opts,
};

/// What a family is called, and what its kind needs beside that.
#[derive(Debug, Clone, Copy)]
pub struct FamilySpec {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    buckets: &'static [f64],
}

impl FamilySpec {
    /// A family as Prometheus sees it, with its help in a line.
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            labels: &[],
            buckets: &[],
        }
    }

    /// With the names of its labels.
    #[must_use]
    pub const fn labels(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    /// With the upper bounds of its buckets.
    #[must_use]
    pub const fn buckets(self, buckets: &'static [f64]) -> Self {
        Self { buckets, ..self }
    }

    fn opts(&self) -> Opts {
        Opts::new(self.name, self.help)
    }

    fn histogram_opts(&self) -> HistogramOpts {
        HistogramOpts::new(self.name, self.help).buckets(self.buckets.to_vec())
    }
}

/// A kind of family.
pub trait Family: Collector + Clone + 'static {
    /// Builds it.
    ///
    /// # Errors
    /// When the name or a label is malformed.
    fn build(spec: &FamilySpec) -> prometheus::Result<Self>;
}

macro_rules! kinds {
    ($($kind:ident: |$spec:ident| $build:expr;)+) => {$(
        impl Family for $kind {
            fn build($spec: &FamilySpec) -> prometheus::Result<Self> {
                $build
            }
        }
    )+};
}

kinds! {
    IntCounter: |spec| Self::with_opts(spec.opts());
    IntCounterVec: |spec| Self::new(spec.opts(), spec.labels);
    IntGaugeVec: |spec| Self::new(spec.opts(), spec.labels);
    Gauge: |spec| Self::with_opts(spec.opts());
    GaugeVec: |spec| Self::new(spec.opts(), spec.labels);
    Histogram: |spec| Self::with_opts(spec.histogram_opts());
    HistogramVec: |spec| Self::new(spec.histogram_opts(), spec.labels);
}
