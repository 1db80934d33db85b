//! The settings of an index on a server, and the names of its aliases and collections.

use super::super::space::VectorSpace;
use super::address::ServerAddress;
use ragd_core::error::{Error, Result};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// The most characters of a model's name in the name of an alias.
const SLUG_CHARS: usize = 80;

/// The settings of an index on a Qdrant server.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The address of the server.
    pub address: ServerAddress,
    /// Its API key; `None` if it requires none.
    pub api_key: Option<SecretString>,
    /// How long any one request may take.
    pub timeout: Duration,
    /// The prefix of every name on the server; each database that uses the server has its own.
    pub prefix: String,
    /// The space of the dense vectors; `None` without a model: then only keywords are searched.
    pub space: Option<VectorSpace>,
}

impl ServerSettings {
    /// Checks the API key, which the configuration does not.
    ///
    /// # Errors
    /// `Invalid` when the key cannot be sent in a header.
    pub(super) fn check(&self) -> Result<()> {
        let sendable = |key: &SecretString| {
            let key = key.expose_secret();
            !key.is_empty() && key.chars().all(|c| c.is_ascii_graphic())
        };
        if self.api_key.as_ref().is_none_or(sendable) {
            Ok(())
        } else {
            Err(Error::invalid(
                "QDRANT_API_KEY: must be printable ASCII characters without spaces",
            ))
        }
    }
}

/// The alias of the index over vectors of `space`: the prefix, the model's name and dimension.
pub(super) fn alias(prefix: &str, space: Option<&VectorSpace>) -> String {
    match space {
        None => format!("{prefix}-words"),
        Some(space) => format!("{prefix}-{}-{}", slug(&space.model), space.dimension),
    }
}

/// The collection of build `number` of the index with this alias.
pub(super) fn collection(alias: &str, number: u64) -> String {
    format!("{alias}-{number}")
}

/// The number of a build, from the name of its collection.
pub(super) fn build_of(alias: &str, collection: &str) -> Option<u64> {
    let number = collection.strip_prefix(alias)?.strip_prefix('-')?;
    // Only as `collection` writes it: no sign, no leading zero.
    let parsed: u64 = number.parse().ok()?;
    (parsed.to_string() == number).then_some(parsed)
}

/// A model's name in lower-case letters, digits and single hyphens.
fn slug(model: &str) -> String {
    let mut slug = String::new();
    for c in model.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= SLUG_CHARS {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{VectorSpace, alias, build_of, collection};

    #[test]
    fn names_say_the_model_its_dimension_and_the_build() {
        let space = VectorSpace {
            model: "all-MiniLM-L6-v2:int8:2".to_owned(),
            dimension: 384,
        };
        let alias_name = alias("ragd", Some(&space));
        assert_eq!(alias_name, "ragd-all-minilm-l6-v2-int8-2-384");
        assert_eq!(alias("ragd", None), "ragd-words");
        let name = collection(&alias_name, 7);
        assert_eq!(build_of(&alias_name, &name), Some(7));
        let odd = VectorSpace {
            model: "  Ünï/../code: \"x\"\u{0} ".repeat(99),
            dimension: 3,
        };
        let odd = alias("p", Some(&odd));
        assert!(odd.len() < 100, "{odd}");
        assert!(
            odd.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{odd}"
        );
    }

    #[test]
    fn another_indexes_collections_are_not_taken_for_builds() {
        for other in [
            "ragd-words",
            "ragd-words-",
            "ragd-words-1x",
            "ragd-words-01",
            "ragd-words--1",
            "ragd-words-+1",
            "ragd-words-2-3",
            "other-words-3",
        ] {
            assert_eq!(build_of("ragd-words", other), None, "{other}");
        }
    }
}
