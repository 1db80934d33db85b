//! Who may call: keys, the secret that signs tokens, the first admin's password.

use super::Faults;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Section `auth`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The API key; absent: one is made at the first start.
    #[serde(default, skip_serializing)]
    pub api_key: Option<SecretString>,
    /// More keys of the same principal, for rotation.
    #[serde(default, skip_serializing)]
    pub api_keys: Vec<SecretString>,
    /// Signs tokens (HS256); at least 32 characters.
    #[serde(default, skip_serializing)]
    pub secret_key: Option<SecretString>,
    /// The password that `ragd create-admin` sets.
    #[serde(default, skip_serializing)]
    pub admin_password: Option<SecretString>,
    /// How long a token is valid.
    pub token_minutes: u32,
}

impl AuthConfig {
    /// The shortest secret that may sign tokens, in characters.
    pub const MIN_SECRET_CHARS: usize = 32;
    /// The shortest API key, in characters.
    pub const MIN_KEY_CHARS: usize = 8;

    /// Every configured API key.
    pub fn keys(&self) -> impl Iterator<Item = &SecretString> {
        self.api_key.iter().chain(&self.api_keys)
    }

    pub(super) fn check(&self, production: bool, faults: &mut Faults) {
        faults.require(
            (1..=1_440).contains(&self.token_minutes),
            "auth.token_minutes",
            "must be between 1 and 1440",
        );
        for key in self.keys() {
            faults.require(
                key.expose_secret().len() >= Self::MIN_KEY_CHARS,
                "auth.api_key (API_KEY, API_KEYS)",
                format_args!(
                    "a key must have at least {} characters",
                    Self::MIN_KEY_CHARS
                ),
            );
        }
        let long_enough = self
            .secret_key
            .as_ref()
            .map(|secret| secret.expose_secret().len() >= Self::MIN_SECRET_CHARS);
        match long_enough {
            None if production => {
                faults.add("auth.secret_key (SECRET_KEY)", "is required in production")
            }
            Some(false) if production => faults.add(
                "auth.secret_key (SECRET_KEY)",
                format_args!("must have at least {} characters", Self::MIN_SECRET_CHARS),
            ),
            _ => {}
        }
    }
}
