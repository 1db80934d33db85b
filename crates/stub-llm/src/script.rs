//! One entry of a script: a behaviour, how often, and at what pace. Entries come from the command line,
//! from a script's file and over HTTP; what cannot be played is refused here.

use super::behaviour::Behaviour;
use ragd_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// A behaviour and what goes with it. What is left out is taken from the server's settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptEntry {
    /// How requests are answered.
    #[serde(default)]
    pub behaviour: Behaviour,
    /// How many requests it applies to, before the next entry; `None`: every one from now on. In a
    /// script 1 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The share of requests that it applies to, 0 to 1; the others are answered correctly. It is
    /// counted, not drawn at random: 0.25 is every fourth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_rate: Option<f64>,
    /// `Retry-After` of error answers, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// Milliseconds before the first byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Tokens a second; 0: all at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// Milliseconds between two tokens of `trickle`, two bytes of `slow-headers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trickle_ms: Option<u64>,
}

impl ScriptEntry {
    /// Reads a script: a list of entries, each played once unless it says how often.
    ///
    /// # Errors
    /// Invalid when it is not such a list, or an entry cannot be played.
    pub fn parse_script(json: &[u8]) -> Result<Vec<Self>> {
        let mut entries: Vec<Self> = serde_json::from_slice(json)
            .map_err(|error| Error::invalid(format!("the script cannot be read: {error}")))?;
        for entry in &mut entries {
            entry.check()?;
            entry.times = Some(entry.times.unwrap_or(1));
        }
        Ok(entries)
    }

    /// Reads what takes over from now on: one entry, or a script.
    ///
    /// # Errors
    /// Invalid when it is neither, or an entry cannot be played.
    pub fn parse_takeover(json: &[u8]) -> Result<Vec<Self>> {
        if json.trim_ascii_start().starts_with(b"[") {
            return Self::parse_script(json);
        }
        let entry: Self = serde_json::from_slice(json)
            .map_err(|error| Error::invalid(format!("the entry cannot be read: {error}")))?;
        entry.check()?;
        Ok(vec![entry])
    }

    /// Whether the entry can be played.
    ///
    /// # Errors
    /// Invalid, naming the field and the limit.
    pub fn check(&self) -> Result<()> {
        let rate = self.fail_rate.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&rate) {
            return Err(Error::invalid(format!(
                "fail_rate: must be between 0 and 1, not {rate}"
            )));
        }
        check_speed(self.tokens_per_second.unwrap_or_default())
    }
}

/// Whether so many tokens a second can be kept up; 0 stands for all at once.
pub(super) fn check_speed(tokens_per_second: f64) -> Result<()> {
    // Slower than one in about 17 minutes is `hang`; faster than a microsecond is no pace.
    if tokens_per_second == 0.0 || (0.001..=1_000_000.0).contains(&tokens_per_second) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "tokens_per_second: must be 0 (all at once) or between 0.001 and 1000000, not \
         {tokens_per_second}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_plays_each_entry_once_unless_it_says_how_often() {
        let script = br#"[{"behaviour": "status:500", "times": 5, "retry_after_s": 2},
                          {"behaviour": "hang"}]"#;
        let entries = ScriptEntry::parse_script(script).unwrap();
        assert_eq!(entries[0].behaviour, Behaviour::Status(500));
        assert_eq!(
            (entries[0].times, entries[0].retry_after_s),
            (Some(5), Some(2))
        );
        assert_eq!(
            (entries[1].behaviour, entries[1].times),
            (Behaviour::Hang, Some(1))
        );
    }

    #[test]
    fn one_entry_takes_over_permanently() {
        let entries = ScriptEntry::parse_takeover(br#" {"behaviour": "quota"}"#).unwrap();
        assert_eq!(
            (entries[0].behaviour, entries[0].times),
            (Behaviour::Quota, None)
        );
        let entries = ScriptEntry::parse_takeover(br#"[{"behaviour": "quota"}]"#).unwrap();
        assert_eq!(entries[0].times, Some(1));
    }

    #[test]
    fn what_cannot_be_played_is_named() {
        for (json, word) in [
            (r#"{"behaviour": "statsu:500"}"#, "'statsu:500'"),
            (r#"{"fail_rate": 1.5}"#, "fail_rate"),
            (r#"{"tokens_per_second": -1}"#, "tokens_per_second"),
            (r#"{"tokens_per_second": 1e-9}"#, "tokens_per_second"),
            (r#"{"behavior": "ok"}"#, "behavior"),
            ("", "entry"),
        ] {
            let refused = ScriptEntry::parse_takeover(json.as_bytes()).unwrap_err();
            assert!(refused.to_string().contains(word), "{refused}");
        }
    }
}
