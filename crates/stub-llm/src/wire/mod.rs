//! The three wire formats that the server speaks, and the replies that are built of them.

mod anthropic;
mod format;
mod gemini;
mod openai;
mod replies;

pub use format::ErrorCause;
pub(crate) use format::{Answer, Failure, WireFormat, reason_of};

use anthropic::Anthropic;
use gemini::Gemini;
use openai::OpenAi;

/// A wire format, by the vendor whose API has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wire {
    /// Chat completions and embeddings as OpenAI has them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Gemini's generated content.
    Gemini,
}

impl Wire {
    /// Every wire format.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// What this format writes; streams are events.
    pub(crate) fn format(self) -> &'static dyn WireFormat {
        match self {
            Self::OpenAi => &OpenAi,
            Self::Anthropic => &Anthropic,
            Self::Gemini => &Gemini { events: true },
        }
    }

    /// As [`Wire::format`]; a stream of Gemini's is one JSON array.
    pub(crate) fn array_format(self) -> &'static dyn WireFormat {
        match self {
            Self::Gemini => &Gemini { events: false },
            _ => self.format(),
        }
    }
}
