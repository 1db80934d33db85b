//! Citation checking: whether a passage supports the claim that cites it. A number, a name or a
//! negation that differs makes a claim unsupported whatever else agrees. Otherwise the words that
//! both share decide, and where these are not clear, the vectors of both, if the caller has a model.
//! This module compares texts and vectors; it calls no model itself.
//!
//! [`claims()`] finds the claims of an answer, [`Evidence::read`] prepares a passage once for all of
//! them, [`examine()`] compares a claim with it, and the [`Verdict`] gives the reason and the
//! probability that the passage supports the claim.

mod alignment;
mod calibration;
mod claims;
mod evidence;
mod examine;
mod names;
mod polarity;
mod quantity;
mod token;
mod tokens;
mod window;

pub use claims::{Claim, Marker, claims, markers, strip_unknown_markers};
pub use evidence::{CitedPassage, Evidence};
pub use examine::{Examined, examine};
pub use window::Fit;

use serde::{Deserialize, Serialize};

/// Why a citation is unsupported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Reason {
    /// The passage has another number, or the same with another unit.
    Number,
    /// The passage says the opposite.
    Negation,
    /// The passage says it about somebody or something else.
    Entity,
    /// The passage does not mention it.
    Words,
}

/// The result of checking one citation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Why the claim is unsupported; `None` when the passage supports it.
    pub reason: Option<Reason>,
    /// How often the passage supports a claim that compares like this one, 0–1.
    pub score: f64,
}

#[cfg(test)]
#[path = "citation_tests.rs"]
mod tests;
