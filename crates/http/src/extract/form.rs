//! A URL-encoded form as a body, as OAuth2 requires.

use super::body;
use super::query::deepest_cause;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use ragd_core::error::Error;
use serde::de::DeserializeOwned;

/// A body of `application/x-www-form-urlencoded`.
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(body, state.app.config().server.max_body_kilobytes).await?;
        let request = Request::from_parts(parts, Body::from(bytes));
        axum::Form::<T>::from_request(request, &())
            .await
            .map(|axum::Form(form)| Self(form))
            .map_err(|refused| {
                let error = Error::invalid(deepest_cause(&refused)).with_code("invalid_form");
                Failure::with_status(refused.status(), error)
            })
    }
}
