//! Keyset pages of a list: `limit`, `after`, `before`, `order`, as every list of the API takes them.

use crate::error::{Error, Result};
use uuid::Uuid;

/// The direction of a list by creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    #[default]
    Descending,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// How many at most, 1–100.
    pub limit: i64,
    /// Only what follows this id in the list's order.
    pub after: Option<Uuid>,
    /// Only what precedes this id in the list's order.
    pub before: Option<Uuid>,
    /// The list's order.
    pub order: Order,
}

impl PageRequest {
    /// The largest page.
    pub const MAX_LIMIT: i64 = 100;
    /// The page's size when none is asked for.
    pub const DEFAULT_LIMIT: i64 = 20;

    /// Checks a page's size.
    ///
    /// # Errors
    /// `Invalid` when it is not within 1–100.
    pub fn parse_limit(limit: Option<i64>) -> Result<i64> {
        match limit.unwrap_or(Self::DEFAULT_LIMIT) {
            limit @ 1..=Self::MAX_LIMIT => Ok(limit),
            limit => Err(Error::invalid(format!(
                "limit: must be between 1 and {}, not {limit}",
                Self::MAX_LIMIT
            ))),
        }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: Self::DEFAULT_LIMIT,
            after: None,
            before: None,
            order: Order::default(),
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The objects, in the list's order.
    pub data: Vec<T>,
    /// Whether the list goes on in the direction that was read.
    pub has_more: bool,
}
