//! The tokens of users: JSON Web Tokens (RFC 7519), HS256 and nothing else. Time comes from the
//! clock that is passed in; the JWT crate's own check against the system clock is switched off.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ragd_core::domain::OwnerId;
use ragd_core::error::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Both the issuer and the audience: tokens are made and read by ragd alone.
const ISSUER: &str = "ragd";
const AUDIENCE: &str = "ragd";
/// How far another replica's clock may be ahead of this one's.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);

/// Signs tokens and reads them back.
pub(super) struct TokenSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    lifetime: TimeDelta,
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    sub: String,
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    /// The user's token version when it was signed.
    pub(super) token_version: i64,
}

impl Claims {
    /// The user it was signed for.
    pub(super) fn user(&self) -> Option<OwnerId> {
        OwnerId::parse(&self.sub)
    }
}

impl TokenSigner {
    pub(super) fn new(secret: &SecretString, lifetime: TimeDelta) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self {
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
            validation,
            lifetime,
        }
    }

    /// How long a token is valid, in seconds.
    pub(super) fn lifetime_seconds(&self) -> i64 {
        self.lifetime.num_seconds()
    }

    pub(super) fn sign(
        &self,
        user: OwnerId,
        token_version: i64,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let claims = Claims {
            sub: user.to_string(),
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: (now + self.lifetime).timestamp(),
            token_version,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Error::internal("a token cannot be signed").with_source(error))
    }

    /// Reads a token.
    ///
    /// # Errors
    /// `Unauthorized` when its signature, form, issuer, audience or time is not valid.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| refused("the token is not valid").with_source(error))?;
        let claims = decoded.claims;
        if claims.exp <= now.timestamp() {
            return Err(refused("the token has expired"));
        }
        if claims.iat > (now + MAX_CLOCK_SKEW).timestamp() {
            return Err(refused("the token is not valid yet"));
        }
        Ok(claims)
    }
}

/// Whether `text` has the form of a token, whoever signed it and how.
pub(super) fn looks_like_token(text: &str) -> bool {
    jsonwebtoken::decode_header(text).is_ok()
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Unauthorized, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secret: &str) -> TokenSigner {
        TokenSigner::new(&secret.into(), TimeDelta::minutes(30))
    }

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn forge(header: &Header, change: impl Fn(&mut serde_json::Value), secret: &str) -> String {
        let mut claims = serde_json::json!({
            "sub": OwnerId::system(), "iss": ISSUER, "aud": AUDIENCE,
            "iat": noon().timestamp(), "exp": noon().timestamp() + 60, "token_version": 1,
        });
        change(&mut claims);
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(header, &claims, &key).unwrap()
    }

    #[test]
    fn is_good_until_the_last_second_of_its_time() {
        let signer = signer("secret");
        let token = signer.sign(OwnerId::system(), 7, noon()).unwrap();
        let last = noon() + TimeDelta::minutes(30) - TimeDelta::seconds(1);
        let claims = signer.verify(&token, last).unwrap();
        assert_eq!(claims.user(), Some(OwnerId::system()));
        assert_eq!(claims.token_version, 7);
        let error = signer
            .verify(&token, noon() + TimeDelta::minutes(30))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(
            signer
                .verify(&token, noon() - TimeDelta::minutes(2))
                .is_err()
        );
    }

    #[test]
    fn refuses_other_secrets_algorithms_issuers_and_audiences() {
        let signer = signer("secret");
        let good = Header::new(Algorithm::HS256);
        let stays = |_: &mut serde_json::Value| {};
        assert!(
            signer
                .verify(&forge(&good, stays, "secret"), noon())
                .is_ok()
        );
        let forged = [
            forge(&good, stays, "another"),
            forge(&Header::new(Algorithm::HS512), stays, "secret"),
            forge(&good, |claims| claims["iss"] = "else".into(), "secret"),
            forge(&good, |claims| claims["aud"] = "else".into(), "secret"),
            forge(
                &good,
                |claims| drop(claims.as_object_mut().unwrap().remove("exp")),
                "secret",
            ),
            forge(
                &good,
                |claims| drop(claims.as_object_mut().unwrap().remove("aud")),
                "secret",
            ),
            // {"alg":"none","typ":"JWT"} and the same claims, unsigned.
            format!(
                "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.",
                forge(&good, stays, "secret").split('.').nth(1).unwrap()
            ),
        ];
        for token in forged {
            assert!(signer.verify(&token, noon()).is_err(), "{token}");
        }
    }

    #[test]
    fn tells_a_token_from_an_api_key() {
        let token = signer("x").sign(OwnerId::system(), 1, noon()).unwrap();
        assert!(looks_like_token(&token));
        for key in ["", "ragd-0123abcd", "a.b.c", "sk.live.0123456789"] {
            assert!(!looks_like_token(key), "{key}");
        }
    }
}
