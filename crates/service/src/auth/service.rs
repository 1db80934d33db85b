//! The authentication service: identifies callers, logs users in, creates the administrator.

use super::api_key::ApiKeys;
use super::jwt::{TokenSigner, looks_like_token};
use super::password::{Passwords, Verdict};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use ragd_core::clock::Clock;
use ragd_core::domain::{Credential, Principal, Scope};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_store::{Store, User};
use secrecy::SecretString;

/// The administrator that `ragd create-admin` makes.
const ADMIN_NAME: &str = "admin";
const ADMIN_EMAIL: &str = "admin@example.com";
/// The longest user name, in bytes; a longer one is unknown.
const MAX_USERNAME_BYTES: usize = 255;

/// The settings of the service.
pub struct AuthSettings {
    /// The configured API keys: all one principal.
    pub keys: Vec<SecretString>,
    /// Signs tokens, and keys the hashes of API keys.
    pub signing_secret: SecretString,
    /// How long a token is valid.
    pub token_minutes: u32,
    /// The token by which the command line on this machine uses a running server.
    pub local_token: Option<SecretString>,
}

/// A token, as `POST /auth/token` returns it.
#[derive(Debug, Clone)]
pub struct Token {
    /// The JSON Web Token.
    pub access_token: SecretString,
    /// How long it is valid, in seconds.
    pub expires_in_seconds: i64,
}

/// Turns credentials into principals.
pub struct Auth {
    store: Store,
    clock: Clock,
    keys: ApiKeys,
    signer: TokenSigner,
    passwords: Passwords,
}

impl Auth {
    /// The service over the users of `store`.
    ///
    /// # Errors
    /// `Internal` when a key cannot be derived.
    pub fn new(store: Store, settings: &AuthSettings, clock: Clock) -> Result<Self> {
        let local_token = settings.local_token.as_ref();
        Ok(Self {
            store,
            clock,
            keys: ApiKeys::new(&settings.keys, local_token, &settings.signing_secret)?,
            signer: TokenSigner::new(
                &settings.signing_secret,
                TimeDelta::minutes(i64::from(settings.token_minutes)),
            ),
            passwords: Passwords::new()?,
        })
    }

    /// Identifies the caller by the values of the headers `Authorization` and `X-API-Key`. A Bearer that is a
    /// token decides alone; else the API key does, which may also come as a Bearer.
    ///
    /// # Errors
    /// `Unauthorized` without a credential, and with one that is unknown, expired, revoked or of a
    /// suspended user; `Unavailable` when a user's token cannot be checked.
    pub fn authenticate<'a>(
        &'a self,
        authorization: Option<&'a str>,
        api_key: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Principal>> {
        Box::pin(async move {
            let bearer = authorization.and_then(bearer_of);
            match (bearer, api_key) {
                (Some(token), _) if looks_like_token(token) => self.by_token(token).await,
                (_, Some(key)) | (Some(key), None) => self.by_key(key),
                (None, None) => Err(Error::new(
                    ErrorKind::Unauthorized,
                    "a credential is needed: X-API-Key, or Authorization: Bearer",
                )
                .with_code("credential_missing")),
            }
        })
    }

    fn by_key(&self, key: &str) -> Result<Principal> {
        let principal = self.keys.find(key)?;
        principal
            .cloned()
            .ok_or_else(|| refused("the API key is not known"))
    }

    async fn by_token(&self, token: &str) -> Result<Principal> {
        let claims = self.signer.verify(token, self.clock.now())?;
        let ended = || refused("the token is no longer valid");
        let id = claims.user().ok_or_else(ended)?;
        let user = self.store.user_by_id(id).await?.ok_or_else(ended)?;
        if user.suspended || user.token_version != claims.token_version {
            return Err(ended());
        }
        Ok(principal_of(&user))
    }

    /// Logs a user in. An unknown user, a wrong password and a suspended user take the same time
    /// and get the same answer.
    ///
    /// # Errors
    /// `Unauthorized` for all three; `Unavailable` without a database.
    pub fn login<'a>(
        &'a self,
        username: &'a str,
        password: &'a SecretString,
    ) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async move {
            let user = self.find_user(username).await?;
            let hash = user.as_ref().map(|user| &user.password_hash);
            let verdict = self.passwords.verify(password, hash).await?;
            let user = match user {
                Some(user) if verdict != Verdict::Wrong && !user.suspended => user,
                _ => {
                    return Err(
                        refused("the user name or the password is wrong").with_code("login_failed")
                    );
                }
            };
            if verdict == Verdict::RightButOld {
                self.rehash(&user, password).await;
            }
            let now = self.clock.now();
            let token = self.signer.sign(user.id, user.token_version, now)?;
            Ok(Token {
                access_token: token.into(),
                expires_in_seconds: self.signer.lifetime_seconds(),
            })
        })
    }

    /// The user whose token made `principal`; `None` for an API key and for the machine itself.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub fn user<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Option<User>>> {
        Box::pin(async move {
            match principal.credential {
                Credential::UserToken => self.store.user_by_id(principal.owner).await,
                Credential::ApiKey | Credential::Local => Ok(None),
            }
        })
    }

    /// Makes the user `admin` an administrator with this password, or gives it this one; its older
    /// tokens end.
    ///
    /// # Errors
    /// `Invalid` when the password is too short; `Unavailable` without a database.
    pub fn create_admin<'a>(&'a self, password: &'a SecretString) -> BoxFuture<'a, Result<User>> {
        Box::pin(async move {
            let hash = self.passwords.hash(password).await?;
            self.store
                .upsert_admin(ADMIN_NAME, ADMIN_EMAIL, &hash, self.clock.now())
                .await
        })
    }

    async fn find_user(&self, username: &str) -> Result<Option<User>> {
        if username.len() > MAX_USERNAME_BYTES || username.contains('\0') {
            return Ok(None);
        }
        self.store.user_by_name(username).await
    }

    /// Stores a better hash. A failure does not fail the login: the next login tries again.
    async fn rehash(&self, user: &User, password: &SecretString) {
        let kept = match self.passwords.hash(password).await {
            Ok(hash) => {
                let now = self.clock.now();
                self.store.replace_password_hash(user.id, &hash, now).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            tracing::warn!(user.id = %user.id, error = %error.chain(), "a password was not rehashed");
        }
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

/// The credential of a header `Bearer …`; `None` for another scheme, which may be a proxy's.
fn bearer_of(header: &str) -> Option<&str> {
    let (scheme, credential) = header.trim().split_once(' ')?;
    let credential = credential.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty()).then_some(credential)
}

fn principal_of(user: &User) -> Principal {
    let scopes = if user.is_admin {
        vec![Scope::Chat, Scope::Ingest, Scope::Admin]
    } else {
        vec![Scope::Chat]
    };
    Principal {
        owner: user.id,
        name: user.username.clone(),
        credential: Credential::UserToken,
        scopes,
        collections: None,
    }
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Unauthorized, message)
}
