//! The limits on what a container inflates to, counted in bytes that were actually inflated.

use super::super::{ExtractFailure, ExtractLimits};

/// The limits of one container, and how much of them is used.
pub(super) struct Budget {
    entry_bytes: u64,
    archive_bytes: u64,
    ratio: u64,
    spent: u64,
}

/// An entry while it is inflated.
pub(super) struct Inflating<'a> {
    /// Its name as messages show it.
    pub(super) name: &'a str,
    /// Its compressed bytes.
    pub(super) packed: u64,
    /// The bytes inflated so far.
    pub(super) inflated: u64,
}

impl Budget {
    pub(super) fn new(limits: &ExtractLimits) -> Self {
        Self {
            entry_bytes: limits.entry_bytes,
            archive_bytes: limits.archive_bytes,
            ratio: limits.archive_ratio,
            spent: 0,
        }
    }

    /// Counts `more` bytes inflated from `entry`.
    ///
    /// # Errors
    /// `too_large` with the limit that is exceeded.
    pub(super) fn spend(
        &mut self,
        entry: &mut Inflating<'_>,
        more: u64,
    ) -> Result<(), ExtractFailure> {
        self.spent += more;
        entry.inflated += more;
        let Inflating {
            name,
            packed,
            inflated,
        } = *entry;
        let fault = if inflated > self.entry_bytes {
            format!(
                "its part '{name}' inflates to more than {} bytes",
                self.entry_bytes
            )
        } else if self.spent > self.archive_bytes {
            format!(
                "its parts inflate to more than {} bytes",
                self.archive_bytes
            )
        } else if inflated > ExtractLimits::RATIO_FREE_BYTES
            && inflated > packed.saturating_mul(self.ratio)
        {
            format!(
                "its part '{name}' inflates to more than {} times its compressed size",
                self.ratio
            )
        } else {
            return Ok(());
        };
        Err(ExtractFailure::too_large(fault))
    }
}
