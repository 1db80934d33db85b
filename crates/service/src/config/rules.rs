//! Rules for the text of a setting, by which a settings table checks it: each says what is wrong.

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
