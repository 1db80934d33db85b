//! `ragd openapi`: the document that describes every route.

use super::output;
use ragd_core::error::Result;
use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode> {
    output::print_json(&ragd_http::openapi())?;
    Ok(ExitCode::SUCCESS)
}
