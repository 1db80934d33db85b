//! Citations: whether a passage carries what an answer says with its marker. A number, a name or a
//! negation that differs makes a claim unsupported whatever else agrees; beyond that its words
//! decide, and where they leave a doubt, its meaning by the vectors of whoever has a model. Pure:
//! it compares texts and vectors, and asks no model itself.
//!
//! [`Evidence::read`] takes a passage apart once; [`examine()`] compares a claim with it; the
//! [`Verdict`] comes with a reason and a score that is the measured frequency of being right.

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
    /// The passage says it of somebody or something else.
    Entity,
    /// The passage does not speak of it.
    Words,
}

/// What was found of one citation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// `None`: the passage carries the claim.
    pub reason: Option<Reason>,
    /// How often claims that look like this one are carried by their passage, 0–1.
    pub score: f64,
}

#[cfg(test)]
#[path = "citation_tests.rs"]
mod tests;
