//! Checks API keys. They are held only as HMAC-SHA-256 (RFC 2104) under a key derived from the signing
//! secret, never as plain text. Every configured key is compared in constant time, so that a wrong key
//! takes as long as a right one.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use ragd_core::domain::{Credential, OwnerId, Principal, Scope};
use ragd_core::error::{Error, Result};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How much of a key is shown, at most, in logs and the audit trail.
const SHOWN_CHARS: usize = 6;
/// At most this part of a key is shown.
const SHOWN_PART: usize = 4;

/// The keys that are accepted.
pub(super) struct ApiKeys {
    hashing_key: [u8; 32],
    keys: Vec<KnownKey>,
}

struct KnownKey {
    digest: [u8; 32],
    principal: Principal,
}

impl ApiKeys {
    /// Takes the configured keys, which are all one principal with scope `chat`, and the local
    /// token, which is the machine itself.
    pub(super) fn new(
        keys: &[SecretString],
        local_token: Option<&SecretString>,
        signing_secret: &SecretString,
    ) -> Result<Self> {
        let mut hashing_key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"ragd api keys v1"), secret_bytes(signing_secret))
            .expand(b"hash", &mut hashing_key)
            .map_err(|_| Error::internal("the hashing key of API keys cannot be derived"))?;
        let mut known = Self {
            hashing_key,
            keys: Vec::new(),
        };
        for key in keys {
            known.add(key, configured_principal(key))?;
        }
        if let Some(token) = local_token {
            known.add(token, Principal::system())?;
        }
        Ok(known)
    }

    fn add(&mut self, key: &SecretString, principal: Principal) -> Result<()> {
        let digest = self.digest(key.expose_secret())?;
        self.keys.push(KnownKey { digest, principal });
        Ok(())
    }

    /// The principal of `key`; `None` when it is unknown.
    pub(super) fn find(&self, key: &str) -> Result<Option<&Principal>> {
        let digest = self.digest(key)?;
        let mut found = None;
        for known in &self.keys {
            if bool::from(known.digest.ct_eq(&digest)) {
                found = Some(&known.principal);
            }
        }
        Ok(found)
    }

    fn digest(&self, key: &str) -> Result<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.hashing_key)
            .map_err(|_| Error::internal("an API key cannot be hashed"))?;
        mac.update(key.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }
}

fn secret_bytes(secret: &SecretString) -> &[u8] {
    secret.expose_secret().as_bytes()
}

fn configured_principal(key: &SecretString) -> Principal {
    let key = key.expose_secret();
    let shown = SHOWN_CHARS.min(key.chars().count() / SHOWN_PART);
    let prefix: String = key.chars().take(shown).collect();
    Principal {
        owner: OwnerId::of_principal("api-key"),
        name: format!("api-key:{prefix}…"),
        credential: Credential::ApiKey,
        scopes: vec![Scope::Chat],
        collections: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> ApiKeys {
        let configured = [
            "a-first-key-of-32-characters-0001".into(),
            "short-01".into(),
        ];
        ApiKeys::new(
            &configured,
            Some(&"local-token".into()),
            &"signing secret".into(),
        )
        .unwrap()
    }

    #[test]
    fn configured_keys_are_one_principal_and_show_little_of_themselves() {
        let keys = keys();
        let first = keys
            .find("a-first-key-of-32-characters-0001")
            .unwrap()
            .unwrap();
        let second = keys.find("short-01").unwrap().unwrap();
        assert_eq!(first.owner, second.owner);
        assert_eq!(first.name, "api-key:a-firs…");
        assert_eq!(second.name, "api-key:sh…");
        assert!(first.allows(Scope::Chat) && !first.allows(Scope::Ingest));
    }

    #[test]
    fn other_keys_are_unknown_and_the_local_token_is_the_machine() {
        let keys = keys();
        for unknown in ["", "short-0", "short-011", "SHORT-01"] {
            assert!(keys.find(unknown).unwrap().is_none(), "{unknown}");
        }
        let local = keys.find("local-token").unwrap().unwrap();
        assert!(local.allows(Scope::Admin));
    }
}
