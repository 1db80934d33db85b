//! The id in a path. What is no id names nothing: it is answered as an unknown one is.

use crate::failure::problem::Failure;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ragd_core::domain::{DocumentId, JobId, RoomId};
use ragd_core::error::Error;

/// A kind of id that a path may hold.
pub(crate) trait Id: Sized {
    /// What has such an id.
    const OF: &'static str;

    /// Reads it.
    fn read(text: &str) -> Option<Self>;
}

impl Id for DocumentId {
    const OF: &'static str = "document";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Id for JobId {
    const OF: &'static str = "job";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Id for RoomId {
    const OF: &'static str = "room";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// The id in a path.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: Id> PathId<T> {
    /// The answer when there is nothing with this id, or nothing that the caller may see.
    pub(crate) fn not_found() -> Error {
        Error::not_found(format!("there is no {} with this id", T::OF))
    }
}

impl<T: Id, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        text.ok()
            .and_then(|text| T::read(&text))
            .map(Self)
            .ok_or_else(|| Self::not_found().into())
    }
}
