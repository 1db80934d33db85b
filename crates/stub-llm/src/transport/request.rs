//! One request as it was received: the head as text, the body as bytes. Parts of the head are found
//! when they are asked for.

use bytes::Bytes;

/// A request that was received completely.
#[derive(Debug, Clone)]
pub struct Request {
    head: String,
    body: Bytes,
}

impl Request {
    /// `head`: the request line and the header lines, each with its line end.
    pub(super) fn new(head: String, body: Bytes) -> Self {
        Self { head, body }
    }

    pub(crate) fn with_body(self, body: Bytes) -> Self {
        Self { body, ..self }
    }

    /// `POST`, …
    pub fn method(&self) -> &str {
        self.request_line(0)
    }

    /// Path and query, for instance `/v1/models?limit=1`.
    pub fn target(&self) -> &str {
        self.request_line(1)
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        let target = self.target();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// What follows the `?` of the target; empty without one.
    pub fn query(&self) -> &str {
        self.target().split_once('?').map_or("", |(_, query)| query)
    }

    /// Header names and values in the order in which they came, names as they were written.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name, value.trim()))
    }

    /// The first header of this name; upper and lower case are the same.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The body, decoded when it was chunked.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether the client will send no other request on this connection.
    pub(super) fn closes_connection(&self) -> bool {
        let connection = self.header("connection").unwrap_or_default();
        if self.request_line(2).ends_with("/1.0") {
            !connection.eq_ignore_ascii_case("keep-alive")
        } else {
            connection.eq_ignore_ascii_case("close")
        }
    }

    fn request_line(&self, at: usize) -> &str {
        let line = self.head.lines().next().unwrap_or_default();
        line.split(' ').nth(at).unwrap_or_default()
    }

    /// A request without headers or body, for tests.
    #[cfg(test)]
    pub(crate) fn for_test(head: &str) -> Self {
        Self::new(head.to_owned(), Bytes::new())
    }
}
