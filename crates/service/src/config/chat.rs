//! How questions are answered.

use super::table::{setting_kind, settings};
use serde::{Deserialize, Serialize};

setting_kind!(Text: RewriteQuestions);

settings! {
    /// Section `chat`.
    ChatConfig in "chat";

    /// How many sources an answer may use.
    top_k: i64 [CHAT_TOP_K] in 1..=100;
    /// How many earlier messages of the session the prompt carries.
    history_messages: i64 [CHAT_HISTORY_MESSAGES] in 0..=100;
    /// The longest answer, in the model's tokens.
    max_tokens: u32 [CHAT_MAX_TOKENS] in 1..=1_000_000;
    /// How a question that depends on the turns before it is made to stand alone for the search.
    rewrite_questions: RewriteQuestions [CHAT_REWRITE_QUESTIONS];
}

/// How a question that depends on the turns before it is made to stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RewriteQuestions {
    /// By one short call of the model where one answers, else by rules.
    Model,
    /// By rules.
    Rules,
    /// Not at all.
    Off,
}
