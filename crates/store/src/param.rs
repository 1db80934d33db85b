//! The values that a statement is given, in one form for both databases: the list of them is written
//! once, and encoded for the database in use when the statement is made.

use super::bind::List;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::types::Json;
use sqlx::{Arguments, Database, Encode, Postgres, Sqlite, Type};
use std::borrow::Cow;
use uuid::Uuid;

/// One value of a statement. `None` is NULL; its type is known all the same, which Postgres needs.
pub(super) enum Param<'v> {
    Uuid(Option<Uuid>),
    Bool(bool),
    Integer(Option<i64>),
    Float(f64),
    Time(Option<DateTime<Utc>>),
    Text(Option<Cow<'v, str>>),
    Bytes(Option<Cow<'v, [u8]>>),
    Json(Option<JsonText>),
    Uuids(List<Uuid>),
    Hashes(List<Vec<u8>>),
    Texts(List<String>),
}

/// A value that is already written as JSON: `jsonb` for Postgres, a text for SQLite.
pub(super) struct JsonText(String);

/// A value as JSON, for a statement.
///
/// # Errors
/// `Internal` when it cannot be written as JSON: a map whose keys are not texts.
pub(super) fn json<'v>(value: &impl Serialize) -> ragd_core::error::Result<Param<'v>> {
    let text = serde_json::to_string(value).map_err(|error| {
        ragd_core::error::Error::internal("a value cannot be written as JSON").with_source(error)
    })?;
    Ok(Param::Json(Some(JsonText(text))))
}

/// As [`json`]; `None` is NULL.
pub(super) fn optional_json<'v>(
    value: Option<&impl Serialize>,
) -> ragd_core::error::Result<Param<'v>> {
    value.map_or(Ok(Param::Json(None)), json)
}

/// The values of a statement: `params![id.uuid(), name, now]`.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::param::Param::from($value)),*]
    };
}
pub(super) use params;

/// Encodes the values for one of the databases.
pub(super) fn encode<D: Database>(params: &[Param<'_>]) -> Result<D::Arguments, BoxDynError>
where
    Option<Uuid>: for<'q> Encode<'q, D> + Type<D>,
    bool: for<'q> Encode<'q, D> + Type<D>,
    Option<i64>: for<'q> Encode<'q, D> + Type<D>,
    f64: for<'q> Encode<'q, D> + Type<D>,
    Option<DateTime<Utc>>: for<'q> Encode<'q, D> + Type<D>,
    for<'t> Option<&'t str>: Encode<'t, D> + Type<D>,
    for<'t> Option<&'t [u8]>: Encode<'t, D> + Type<D>,
    for<'t> Option<&'t JsonText>: Encode<'t, D> + Type<D>,
    for<'t> &'t List<Uuid>: Encode<'t, D> + Type<D>,
    for<'t> &'t List<Vec<u8>>: Encode<'t, D> + Type<D>,
    for<'t> &'t List<String>: Encode<'t, D> + Type<D>,
{
    let mut arguments = D::Arguments::default();
    for param in params {
        match param {
            Param::Uuid(value) => arguments.add(*value),
            Param::Bool(value) => arguments.add(*value),
            Param::Integer(value) => arguments.add(*value),
            Param::Float(value) => arguments.add(*value),
            Param::Time(value) => arguments.add(*value),
            Param::Text(value) => arguments.add(value.as_deref()),
            Param::Bytes(value) => arguments.add(value.as_deref()),
            Param::Json(value) => arguments.add(value.as_ref()),
            Param::Uuids(list) => arguments.add(list),
            Param::Hashes(list) => arguments.add(list),
            Param::Texts(list) => arguments.add(list),
        }?;
    }
    Ok(arguments)
}

impl Type<Postgres> for JsonText {
    fn type_info() -> <Postgres as Database>::TypeInfo {
        <Json<()> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for JsonText {
    fn encode_by_ref(
        &self,
        buffer: &mut <Postgres as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        // The version of the binary form of `jsonb`.
        buffer.push(1);
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

impl Type<Sqlite> for JsonText {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl<'q> Encode<'q, Sqlite> for JsonText {
    fn encode_by_ref(
        &self,
        buffer: &mut <Sqlite as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        <String as Encode<'q, Sqlite>>::encode_by_ref(&self.0, buffer)
    }
}

impl From<Uuid> for Param<'_> {
    fn from(value: Uuid) -> Self {
        Self::Uuid(Some(value))
    }
}

impl From<Option<Uuid>> for Param<'_> {
    fn from(value: Option<Uuid>) -> Self {
        Self::Uuid(value)
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Param<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Param<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<DateTime<Utc>> for Param<'_> {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Time(Some(value))
    }
}

impl From<Option<DateTime<Utc>>> for Param<'_> {
    fn from(value: Option<DateTime<Utc>>) -> Self {
        Self::Time(value)
    }
}

impl<'v> From<&'v str> for Param<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(Some(value.into()))
    }
}

impl<'v> From<Option<&'v str>> for Param<'v> {
    fn from(value: Option<&'v str>) -> Self {
        Self::Text(value.map(Cow::Borrowed))
    }
}

impl From<String> for Param<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(value.into()))
    }
}

impl From<Option<String>> for Param<'_> {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(Cow::Owned))
    }
}

impl<'v> From<&'v [u8]> for Param<'v> {
    fn from(value: &'v [u8]) -> Self {
        Self::Bytes(Some(value.into()))
    }
}

impl From<Vec<u8>> for Param<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value.into()))
    }
}

impl From<Option<Vec<u8>>> for Param<'_> {
    fn from(value: Option<Vec<u8>>) -> Self {
        Self::Bytes(value.map(Cow::Owned))
    }
}

impl From<Vec<Uuid>> for Param<'_> {
    fn from(value: Vec<Uuid>) -> Self {
        Self::Uuids(List(value))
    }
}

impl From<Vec<Vec<u8>>> for Param<'_> {
    fn from(value: Vec<Vec<u8>>) -> Self {
        Self::Hashes(List(value))
    }
}

impl From<Vec<String>> for Param<'_> {
    fn from(value: Vec<String>) -> Self {
        Self::Texts(List(value))
    }
}
