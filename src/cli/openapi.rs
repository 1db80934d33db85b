//! `ragd openapi`: the document that describes every route.

use super::output;
use crate::error::Result;
use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode> {
    output::say_json(&crate::http::openapi())?;
    Ok(ExitCode::SUCCESS)
}
