//! Query strings, and the paging parameters that every list accepts.

use crate::failure::problem::Failure;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ragd_core::domain::{Order, PageRequest};
use ragd_core::error::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use uuid::Uuid;

/// A query string. Its fields are strings that the handler parses, so that each error names its field.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|refused| Error::invalid(deepest_cause(&refused)).into())
    }
}

/// The innermost error, without the framework's wrapping.
pub(super) fn deepest_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => deepest_cause(cause),
        None => error.to_string(),
    }
}

/// Parses the text of a field; an absent field stays absent.
///
/// # Errors
/// `Invalid` with the field's name and what it must be.
pub(crate) fn parsed<T>(
    field: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    must_be: &str,
) -> Result<Option<T>> {
    let Some(text) = text else { return Ok(None) };
    let fault = || {
        Error::invalid(format!(
            "{field}: must be {must_be}, not '{}'",
            shortened(text)
        ))
    };
    parse(text).map(Some).ok_or_else(fault)
}

/// Which page of a list to return.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The most items.
    #[param(value_type = i64, minimum = 1, maximum = 100, default = 20, required = false)]
    limit: Option<String>,
    /// Only items after this id.
    #[param(value_type = Uuid, required = false)]
    after: Option<String>,
    /// Only items before this id.
    #[param(value_type = Uuid, required = false)]
    before: Option<String>,
    /// `asc`: oldest first; `desc`: newest first.
    #[param(pattern = "^(asc|desc)$", default = "desc", required = false)]
    order: Option<String>,
}

impl Page {
    /// The requested page.
    ///
    /// # Errors
    /// `Invalid` with the field and its limit.
    pub(crate) fn request(&self) -> Result<PageRequest> {
        let range = format!("a whole number between 1 and {}", PageRequest::MAX_LIMIT);
        let limit = parsed(
            "limit",
            self.limit.as_deref(),
            |text| text.parse::<i64>().ok(),
            &range,
        )?;
        let id = |field, text: &Option<String>| {
            parsed(
                field,
                text.as_deref(),
                |text| Uuid::try_parse(text).ok(),
                "an id (a UUID)",
            )
        };
        let order = parsed(
            "order",
            self.order.as_deref(),
            |text| match text {
                "asc" => Some(Order::Ascending),
                "desc" => Some(Order::Descending),
                _ => None,
            },
            "'asc' or 'desc'",
        )?;
        Ok(PageRequest {
            limit: PageRequest::parse_limit(limit)?,
            after: id("after", &self.after)?,
            before: id("before", &self.before)?,
            order: order.unwrap_or_default(),
        })
    }
}

/// The beginning of a text that a caller sent.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 40;
    if text.chars().count() <= SHOWN_CHARS {
        return text.to_owned();
    }
    text.chars().take(SHOWN_CHARS).chain(['…']).collect()
}
