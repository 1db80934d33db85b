//! The id in a path. A malformed id is refused like an unknown one.

use crate::failure::problem::Failure;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ragd_core::domain::{DocumentId, JobId, RoomId};
use ragd_core::error::Error;

/// A type of id in a path.
pub(crate) trait Id: Sized {
    /// The resource that has such an id.
    const RESOURCE: &'static str;

    /// Parses the id.
    fn parse_id(text: &str) -> Option<Self>;
}

impl Id for DocumentId {
    const RESOURCE: &'static str = "document";

    fn parse_id(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Id for JobId {
    const RESOURCE: &'static str = "job";

    fn parse_id(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Id for RoomId {
    const RESOURCE: &'static str = "room";

    fn parse_id(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// The id in a path.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: Id> PathId<T> {
    /// The error for an id that does not exist, or that the caller may not see.
    pub(crate) fn not_found() -> Error {
        Error::not_found(format!("there is no {} with this id", T::RESOURCE))
    }
}

impl<T: Id, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        text.ok()
            .and_then(|text| T::parse_id(&text))
            .map(Self)
            .ok_or_else(|| Self::not_found().into())
    }
}
