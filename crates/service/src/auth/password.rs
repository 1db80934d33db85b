//! Passwords: argon2id (RFC 9106) as PHC strings, hashed off the async threads, few at a time
//! because each takes 64 MiB.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use ragd_core::error::{Error, Result};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The shortest allowed password, in characters.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// The longest allowed password, in bytes.
const MAX_PASSWORD_BYTES: usize = 1_024;
const MEMORY_KIB: u32 = 64 * 1_024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// How many hashes are computed at once.
const MAX_AT_ONCE: usize = 4;

/// Hashes passwords and checks them.
#[derive(Clone)]
pub(super) struct Passwords {
    argon2: Argon2<'static>,
    at_once: Arc<Semaphore>,
    /// A hash that no password matches: checked for an unknown user, so that the answer takes as long.
    dummy: SecretString,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is another password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and its hash was made with other parameters than today's.
    RightButOld,
}

impl Passwords {
    pub(super) fn new() -> Result<Self> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(fault)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = dummy_hash(argon2.params());
        Ok(Self {
            argon2,
            at_once: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            dummy: dummy.into(),
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// `Invalid` when it is too short or too long.
    pub(super) async fn hash(&self, password: &SecretString) -> Result<SecretString> {
        let chars = password.expose_secret().chars().count();
        if chars < MIN_PASSWORD_CHARS {
            return Err(Error::invalid(format!(
                "the password must have at least {MIN_PASSWORD_CHARS} characters, it has {chars}"
            )));
        }
        if password.expose_secret().len() > MAX_PASSWORD_BYTES {
            return Err(Error::invalid(format!(
                "the password must have at most {MAX_PASSWORD_BYTES} bytes"
            )));
        }
        let password = password.clone();
        self.compute(move |argon2| {
            let hash: PasswordHash = argon2
                .hash_password(password.expose_secret().as_bytes())
                .map_err(fault)?;
            Ok(hash.to_string().into())
        })
        .await
    }

    /// Checks `password` against `hash`; without a hash it does the same work and finds it wrong.
    ///
    /// # Errors
    /// `Internal` when a stored hash is not a PHC string of argon2.
    pub(super) async fn verify(
        &self,
        password: &SecretString,
        hash: Option<&SecretString>,
    ) -> Result<Verdict> {
        let known = hash.is_some() && password.expose_secret().len() <= MAX_PASSWORD_BYTES;
        let hash = if known { hash } else { None }
            .unwrap_or(&self.dummy)
            .clone();
        let password = if known {
            password.clone()
        } else {
            SecretString::default()
        };
        self.compute(move |argon2| {
            let hash = PasswordHash::new(hash.expose_secret()).map_err(fault)?;
            let right = argon2
                .verify_password(password.expose_secret().as_bytes(), &hash)
                .is_ok();
            Ok(match (right && known, is_current(argon2, &hash)) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButOld,
            })
        })
        .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.at_once)
            .acquire_owned()
            .await
            .map_err(|error| Error::internal("password hashing has stopped").with_source(error))?;
        let argon2 = self.argon2.clone();
        let task = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that disconnects does not free its place.
            let _permit = permit;
            work(&argon2)
        });
        task.await.map_err(|error| {
            Error::internal("password hashing was interrupted").with_source(error)
        })?
    }
}

fn is_current(argon2: &Argon2<'_>, hash: &PasswordHash) -> bool {
    let same_algorithm = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(u32::from(Version::V0x13));
    let same_cost = Params::try_from(hash).is_ok_and(|params| {
        let today = argon2.params();
        params.m_cost() == today.m_cost()
            && params.t_cost() == today.t_cost()
            && params.p_cost() == today.p_cost()
    });
    same_algorithm && same_cost
}

/// A PHC string of today's parameters whose output no known password gives.
fn dummy_hash(params: &Params) -> String {
    format!(
        "$argon2id$v=19$m={},t={},p={}$cmFnZCBubyBvbmUncyBzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        params.m_cost(),
        params.t_cost(),
        params.p_cost()
    )
}

fn fault(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("argon2: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_the_right_password_and_an_old_hash() {
        let passwords = Passwords::new().unwrap();
        let right: SecretString = "correct horse".into();
        let hash = passwords.hash(&right).await.unwrap();
        assert!(
            hash.expose_secret()
                .starts_with("$argon2id$v=19$m=65536,t=3,p=4$")
        );
        let verdict = passwords.verify(&right, Some(&hash)).await.unwrap();
        assert_eq!(verdict, Verdict::Right);
        let wrong = passwords.verify(&"wrong horse".into(), Some(&hash)).await;
        assert_eq!(wrong.unwrap(), Verdict::Wrong);

        let weak = Params::new(19 * 1_024, 2, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let old: PasswordHash = weak.hash_password(b"correct horse").unwrap();
        let old: SecretString = old.to_string().into();
        let verdict = passwords.verify(&right, Some(&old)).await.unwrap();
        assert_eq!(verdict, Verdict::RightButOld);
    }

    #[tokio::test]
    async fn does_the_same_work_where_there_is_no_user() {
        let passwords = Passwords::new().unwrap();
        for password in ["", "any password"] {
            let verdict = passwords.verify(&password.into(), None).await.unwrap();
            assert_eq!(verdict, Verdict::Wrong);
        }
        let dummy = PasswordHash::new(passwords.dummy.expose_secret()).unwrap();
        assert!(is_current(&passwords.argon2, &dummy));
    }

    #[tokio::test]
    async fn refuses_a_short_password_by_name_of_the_limit() {
        let error = Passwords::new().unwrap().hash(&"1234567".into()).await;
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("at least 8 characters")
        );
    }
}
