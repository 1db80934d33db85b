//! Rules for the text of a setting, by which a settings table checks it: each says what is wrong.

use secrecy::{ExposeSecret, SecretString};

/// The address of a server: begins with `http://` or `https://`. An absent one is allowed.
pub(super) fn http_url(address: &impl Address) -> Result<(), &'static str> {
    let Some(url) = address.address() else {
        return Ok(());
    };
    if url.starts_with("http://") || url.starts_with("https://") {
        Ok(())
    } else {
        Err("must begin with http:// or https://")
    }
}

/// A setting that holds an address, or may hold one.
pub(super) trait Address {
    fn address(&self) -> Option<&str>;
}

impl Address for String {
    fn address(&self) -> Option<&str> {
        Some(self)
    }
}

impl Address for Option<String> {
    fn address(&self) -> Option<&str> {
        self.as_deref()
    }
}

/// What is wrong with a key that no header can carry.
pub(super) const NOT_FOR_HEADERS: &str =
    "must consist of visible ASCII characters: remove blanks, line breaks and quotes around it";

/// A secret that is sent in a header: visible ASCII characters, none of them a blank. An absent one is
/// allowed.
pub(super) fn header_secret(secret: &impl Secret) -> Result<(), &'static str> {
    let Some(secret) = secret.secret() else {
        return Ok(());
    };
    let is_visible = secret.bytes().all(|byte| byte.is_ascii_graphic());
    let is_quoted =
        secret.len() > 1 && secret.starts_with(['"', '\'']) && secret.ends_with(['"', '\'']);
    if is_visible && !is_quoted {
        Ok(())
    } else {
        Err(NOT_FOR_HEADERS)
    }
}

/// A setting that holds a secret, or may hold one.
pub(super) trait Secret {
    fn secret(&self) -> Option<&str>;
}

impl Secret for SecretString {
    fn secret(&self) -> Option<&str> {
        Some(self.expose_secret())
    }
}

impl Secret for Option<SecretString> {
    fn secret(&self) -> Option<&str> {
        self.as_ref().map(ExposeSecret::expose_secret)
    }
}
