//! Values that the two databases take in different forms: lists (an array for Postgres, a JSON text
//! for SQLite's `json_each`), vectors as bytes, the scope of a reader. No statement stands here.

use ragd_core::domain::ReadScope;
use ragd_core::error::{Error, Result};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Encode, Postgres, Sqlite, Type};
use uuid::Uuid;

/// A list of ids or hashes: `uuid[]` or `bytea[]` for Postgres (`= ANY($1)`); for SQLite a JSON
/// array of hexadecimal words (`IN (SELECT unhex(value) FROM json_each($1))`).
pub(super) struct List<T>(pub(super) Vec<T>);

/// An element of a [`List`], as a JSON value for SQLite.
pub(super) trait Element {
    fn json(&self) -> serde_json::Value;
}

impl Element for Uuid {
    fn json(&self) -> serde_json::Value {
        hex::encode(self.as_bytes()).into()
    }
}

impl Element for Vec<u8> {
    fn json(&self) -> serde_json::Value {
        hex::encode(self).into()
    }
}

impl Element for String {
    fn json(&self) -> serde_json::Value {
        self.as_str().into()
    }
}

impl<T> Type<Postgres> for List<T>
where
    Vec<T>: Type<Postgres>,
{
    fn type_info() -> <Postgres as Database>::TypeInfo {
        <Vec<T> as Type<Postgres>>::type_info()
    }
}

impl<'q, T> Encode<'q, Postgres> for List<T>
where
    Vec<T>: Encode<'q, Postgres>,
{
    fn encode_by_ref(
        &self,
        buffer: &mut <Postgres as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        self.0.encode_by_ref(buffer)
    }
}

impl<T> Type<Sqlite> for List<T> {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl<'q, T: Element> Encode<'q, Sqlite> for List<T> {
    fn encode_by_ref(
        &self,
        buffer: &mut <Sqlite as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        let array = serde_json::Value::Array(self.0.iter().map(Element::json).collect());
        <String as Encode<'q, Sqlite>>::encode(array.to_string(), buffer)
    }
}

/// Who reads, in the form that statements take: the owner, whether every collection is open to it,
/// and the ones that are.
pub(super) struct Reader {
    pub(super) owner: Uuid,
    pub(super) reads_all: bool,
    pub(super) collections: Vec<String>,
}

impl Reader {
    pub(super) fn of(scope: &ReadScope) -> Self {
        let named = scope.collections.iter().flatten();
        Self {
            owner: scope.owner.uuid(),
            reads_all: scope.collections.is_none(),
            collections: named.map(|name| name.as_str().to_owned()).collect(),
        }
    }
}

/// A vector as it is stored: f32, little-endian.
pub(super) fn vector_to_bytes(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// The vector that was stored.
///
/// # Errors
/// `Internal` when the bytes are not a whole number of f32.
pub(super) fn vector_from_bytes(bytes: &[u8]) -> Result<Vec<f32>> {
    let (values, rest) = bytes.as_chunks::<4>();
    if rest.is_empty() {
        Ok(values
            .iter()
            .map(|value| f32::from_le_bytes(*value))
            .collect())
    } else {
        Err(Error::internal("a stored vector is cut short"))
    }
}

/// Refuses what Postgres cannot store in a text and SQLite would cut off at.
///
/// # Errors
/// `Invalid`, naming `field`.
pub(super) fn refuse_nul(field: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid(format!(
            "{field}: must not contain NUL characters"
        )));
    }
    Ok(())
}
