//! Summaries of long conversations.

use super::table::settings;

settings! {
    /// Section `memory`.
    MemoryConfig in "memory";

    /// Messages older than this many days are summarised for the prompt; 0: never.
    summary_after_days: u32 [MEMORY_SUMMARY_AFTER_DAYS] in 0..=36_500, "must be at most 36500; 0 makes no summaries";
}
