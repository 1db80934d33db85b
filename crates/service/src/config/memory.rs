//! What is remembered of long conversations.

use super::table::settings;

settings! {
    /// Section `memory`.
    MemoryConfig in "memory";

    /// Messages older than this are summed up for the prompt, in days; 0: never.
    summary_after_days: u32 [MEMORY_SUMMARY_AFTER_DAYS] in 0..=36_500, "must be at most 36500; 0 makes no summaries";
}
