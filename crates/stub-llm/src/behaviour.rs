//! The ways in which the scripted server answers, or fails to, and their names on the command line, in
//! scripts and over HTTP. Names and numbers only: `respond` makes replies of them.

use ragd_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the server answers a request, or fails to.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumDiscriminants,
)]
#[serde(try_from = "String", into = "String")]
#[strum_discriminants(
    name(Name),
    vis(),
    derive(strum::EnumString, strum::IntoStaticStr),
    strum(serialize_all = "kebab-case")
)]
pub enum Behaviour {
    /// A correct answer.
    #[default]
    Ok,
    /// An error with this status, in the vendor's format.
    Status(u16),
    /// The vendor's error for a caller whose money or daily quota is spent.
    Quota,
    /// The request is taken and never answered.
    Hang,
    /// Silence after so many tokens; whole answers stop half way.
    HangAfter(usize),
    /// The connection closes after so many tokens; whole answers are cut half way.
    CutAfter(usize),
    /// The connection closes without an answer.
    Close,
    /// 200 with broken JSON, or a first event that is broken.
    Malformed,
    /// So many tokens, then a broken event.
    MalformedAfter(usize),
    /// So many tokens, then an error event; with 0 tokens, and for whole answers, 200 with an error.
    ErrorAfter(usize),
    /// All tokens and a proper end of the body, but no finish reason and no terminal marker.
    NoEnd,
    /// A complete answer without text.
    Empty,
    /// A token at a time, with a long pause before the next.
    Trickle,
    /// The head of the answer comes a byte at a time, with the pause of `trickle` between them.
    SlowHeaders,
}

/// Each behaviour as it is written, and what it does, for help texts.
pub const BEHAVIOURS: &[(&str, &str)] = &[
    ("ok", "a correct answer"),
    (
        "status:CODE",
        "an error with this status (300-599) in the vendor's format",
    ),
    (
        "quota",
        "the money or the day's quota is spent, in the vendor's format",
    ),
    ("hang", "the request is taken and never answered"),
    (
        "hang-after:N",
        "silence after N tokens; half a body if not streamed",
    ),
    (
        "cut-after:N",
        "the connection closes after N tokens; half a body if not streamed",
    ),
    ("close", "the connection closes without an answer"),
    ("malformed", "200 with broken JSON, or broken event data"),
    ("malformed-after:N", "N tokens, then broken event data"),
    (
        "error-after:N",
        "N tokens, then an error event; 200 with an error if not streamed",
    ),
    (
        "no-end",
        "every token, then the body ends: no finish reason, no last marker",
    ),
    ("empty", "a complete answer without text"),
    ("trickle", "one token every --trickle-ms"),
    ("slow-headers", "one byte of the head every --trickle-ms"),
];

impl Name {
    /// The behaviour of this name, with the number behind the colon where it has one.
    fn behaviour(self, number: Option<&str>) -> Option<Behaviour> {
        let tokens = || number?.parse().ok();
        match (self, number) {
            (Self::Status, _) => {
                let code = number?.parse().ok();
                let is_error = |code: &u16| (300..600).contains(code);
                code.filter(is_error).map(Behaviour::Status)
            }
            (Self::HangAfter, _) => tokens().map(Behaviour::HangAfter),
            (Self::CutAfter, _) => tokens().map(Behaviour::CutAfter),
            (Self::MalformedAfter, _) => tokens().map(Behaviour::MalformedAfter),
            (Self::ErrorAfter, _) => tokens().map(Behaviour::ErrorAfter),
            (Self::Ok, None) => Some(Behaviour::Ok),
            (Self::Quota, None) => Some(Behaviour::Quota),
            (Self::Hang, None) => Some(Behaviour::Hang),
            (Self::Close, None) => Some(Behaviour::Close),
            (Self::Malformed, None) => Some(Behaviour::Malformed),
            (Self::NoEnd, None) => Some(Behaviour::NoEnd),
            (Self::Empty, None) => Some(Behaviour::Empty),
            (Self::Trickle, None) => Some(Behaviour::Trickle),
            (Self::SlowHeaders, None) => Some(Behaviour::SlowHeaders),
            (_, Some(_)) => None,
        }
    }
}

impl FromStr for Behaviour {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number)),
            None => (text, None),
        };
        let name = Name::from_str(name).ok();
        name.and_then(|name| name.behaviour(number)).ok_or_else(|| {
            let names: Vec<&str> = BEHAVIOURS.iter().map(|(name, _)| *name).collect();
            Error::invalid(format!(
                "behaviour: there is no '{text}'; there is {} (CODE from 300 to 599, N tokens)",
                names.join(", ")
            ))
        })
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name: &str = Name::from(self).into();
        match self {
            Self::Status(code) => write!(f, "{name}:{code}"),
            Self::HangAfter(tokens)
            | Self::CutAfter(tokens)
            | Self::MalformedAfter(tokens)
            | Self::ErrorAfter(tokens) => write!(f, "{name}:{tokens}"),
            _ => f.write_str(name),
        }
    }
}

impl TryFrom<String> for Behaviour {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Behaviour> for String {
    fn from(behaviour: Behaviour) -> Self {
        behaviour.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_behaviour_of_the_list_is_understood_and_written_the_same_way() {
        for (form, _) in BEHAVIOURS {
            let text = form.replace("CODE", "503").replace(":N", ":7");
            let behaviour: Behaviour = text.parse().unwrap();
            assert_eq!(behaviour.to_string(), text);
        }
    }

    #[test]
    fn an_unknown_behaviour_is_named_beside_those_that_there_are() {
        for text in [
            "statsu:500",
            "status:200",
            "status",
            "status:many",
            "hang-after:-1",
            "ok:1",
            "",
        ] {
            let refused = text.parse::<Behaviour>().unwrap_err().to_string();
            assert!(refused.contains(&format!("'{text}'")), "{refused}");
            assert!(refused.contains("hang-after:N, cut-after:N"), "{refused}");
        }
    }
}
