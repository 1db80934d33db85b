//! How a page of a list becomes a range of ids: ids are time-ordered, so the list's order is
//! theirs, and a page costs the same however deep it lies.

use ragd_core::domain::{Order, Page, PageRequest};
use uuid::Uuid;

/// The range of ids that a page is read from, both ends exclusive.
pub(super) struct Keyset {
    pub(super) above: Uuid,
    pub(super) below: Uuid,
    /// Whether to read from the small end.
    pub(super) ascending: bool,
    /// Whether what was read must be turned round.
    reversed: bool,
    limit: usize,
}

impl Keyset {
    pub(super) fn of(page: &PageRequest) -> Self {
        let ascending = page.order == Order::Ascending;
        let (above, below) = if ascending {
            (page.after, page.before)
        } else {
            (page.before, page.after)
        };
        // A page before an id, and after none, is the one next to that id: read towards the start.
        let reversed = page.before.is_some() && page.after.is_none();
        Self {
            above: above.unwrap_or(Uuid::nil()),
            below: below.unwrap_or(Uuid::max()),
            ascending: ascending != reversed,
            reversed,
            limit: usize::try_from(page.limit).unwrap_or(0),
        }
    }

    /// How many rows to read: one more than asked for, to see whether the list goes on.
    pub(super) fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(0).saturating_add(1)
    }

    pub(super) fn page<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        if self.reversed {
            rows.reverse();
        }
        Page {
            data: rows,
            has_more,
        }
    }
}
