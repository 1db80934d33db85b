//! Authentication: API keys, the secret that signs tokens, the administrator's password.

use super::{Faults, rules, table::settings};
use secrecy::{ExposeSecret, SecretString};

settings! {
    /// Section `auth`.
    AuthConfig in "auth";

    /// The API key; absent: the first start generates one.
    #[serde(skip_serializing)]
    api_key: Option<SecretString> [API_KEY];
    /// More keys of the same principal, for rotation.
    #[serde(skip_serializing)]
    api_keys: Vec<SecretString> [API_KEYS];
    /// Signs tokens (HS256); at least 32 characters.
    #[serde(skip_serializing)]
    secret_key: Option<SecretString> [SECRET_KEY];
    /// The password that `ragd create-admin` sets.
    #[serde(skip_serializing)]
    admin_password: Option<SecretString> [ADMIN_PASSWORD];
    /// How long a token is valid.
    token_minutes: u32 [] in 1..=1_440;
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
        for key in self.keys() {
            faults.require(
                key.expose_secret().len() >= Self::MIN_KEY_CHARS,
                "auth.api_key (API_KEY, API_KEYS)",
                format_args!(
                    "a key must have at least {} characters",
                    Self::MIN_KEY_CHARS
                ),
            );
            faults.require(
                rules::header_secret(key).is_ok(),
                "auth.api_key (API_KEY, API_KEYS)",
                rules::NOT_FOR_HEADERS,
            );
        }
        let secret_chars = self
            .secret_key
            .as_ref()
            .map(|secret| secret.expose_secret().len());
        match secret_chars {
            None if production => faults.add("auth.secret_key", "is required in production"),
            Some(chars) if production && chars < Self::MIN_SECRET_CHARS => faults.add(
                "auth.secret_key",
                format_args!("must have at least {} characters", Self::MIN_SECRET_CHARS),
            ),
            _ => {}
        }
    }
}
