//! Logs and counts failures of ragd itself, here and nowhere else.

use crate::failure::problem::Failure;
use ragd_core::error::ErrorKind;
use ragd_service::app::App;

/// Logs and counts a failure of ragd's own (a 5xx). A failure of the caller is neither logged nor
/// counted.
pub(crate) fn report(app: &App, component: &str, failure: &Failure) {
    if failure.status().is_server_error() {
        tracing::error!(error = %failure.error().chain(), code = failure.code(), "failed");
        let kind = kind_label(failure.error().kind());
        app.shared_metrics()
            .errors
            .with_label_values(&[component, kind])
            .inc();
    }
}

/// The value of the metric's label `kind`.
const fn kind_label(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Upstream => "upstream",
        _ => "internal",
    }
}
