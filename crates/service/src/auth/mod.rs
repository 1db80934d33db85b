//! Authentication: turns a credential (an API key, a user's token, the local token of the machine) into
//! a principal, and a password into a token. Authorisation of single objects is not here: each query
//! filters by owner.

mod api_key;
mod jwt;
mod local_token;
mod password;
mod service;

pub use local_token::{LOCAL_TOKEN_FILE, issue_local_token};
pub use password::MIN_PASSWORD_CHARS;
pub use service::{Auth, AuthSettings, Token};
