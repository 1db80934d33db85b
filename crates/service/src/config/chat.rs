//! How questions are answered.

use super::Faults;
use serde::{Deserialize, Serialize};

/// Section `chat`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChatConfig {
    /// How many sources an answer may use.
    pub top_k: i64,
    /// How many earlier messages of the session the prompt carries.
    pub history_messages: i64,
    /// The longest answer, in the model's tokens.
    pub max_tokens: u32,
}

impl ChatConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            (1..=100).contains(&self.top_k),
            "chat.top_k (CHAT_TOP_K)",
            "must be between 1 and 100",
        );
        faults.require(
            (0..=100).contains(&self.history_messages),
            "chat.history_messages (CHAT_HISTORY_MESSAGES)",
            "must be between 0 and 100",
        );
        faults.require(
            (1..=1_000_000).contains(&self.max_tokens),
            "chat.max_tokens (CHAT_MAX_TOKENS)",
            "must be between 1 and 1000000",
        );
    }
}
