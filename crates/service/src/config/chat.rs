//! How questions are answered.

use super::table::settings;

settings! {
    /// Section `chat`.
    ChatConfig in "chat";

    /// How many sources an answer may use.
    top_k: i64 [CHAT_TOP_K] in 1..=100;
    /// How many earlier messages of the session the prompt carries.
    history_messages: i64 [CHAT_HISTORY_MESSAGES] in 0..=100;
    /// The longest answer, in the model's tokens.
    max_tokens: u32 [CHAT_MAX_TOKENS] in 1..=1_000_000;
}
