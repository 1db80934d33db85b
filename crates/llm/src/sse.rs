//! Server-sent events out of bytes, however they are cut: inside a line, a line end or a character.
//! Bounded, so that an upstream cannot make us hold what it likes. What the data means is not its
//! business.

/// The longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// The most data in one event, over all its lines, in bytes.
pub const MAX_EVENT_BYTES: usize = 4 << 20;

/// One event: its name, where it has one, and its data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The `event:` field; empty when there was none.
    pub name: String,
    /// The `data:` fields, joined by line feeds.
    pub data: String,
}

/// Why bytes are no event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line is longer than [`MAX_LINE_BYTES`].
    #[error("a line of the event stream is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    /// An event is larger than [`MAX_EVENT_BYTES`].
    #[error("an event of the stream is larger than {MAX_EVENT_BYTES} bytes")]
    EventTooLarge,
    /// A line is not UTF-8.
    #[error("the event stream is not UTF-8")]
    NotUtf8,
}

/// The parser; feed it bytes in the order in which they come.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    after_carriage_return: bool,
    after_first_line: bool,
}

impl SseParser {
    /// Takes more bytes and appends the events that they complete to `events`.
    ///
    /// # Errors
    /// When the bytes break a limit or are not UTF-8; the parser must not be used after that.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<SseEvent>) -> Result<(), SseError> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&b| b == b'\n' || b == b'\r') {
            let (piece, tail) = rest.split_at(end);
            let terminator = tail.first().copied();
            rest = tail.get(1..).unwrap_or_default();
            // The line feed of a CRLF ends nothing: its carriage return already did.
            let second_half =
                self.after_carriage_return && piece.is_empty() && terminator == Some(b'\n');
            self.after_carriage_return = terminator == Some(b'\r');
            if !second_half {
                self.extend_line(piece)?;
                self.end_line(events)?;
            }
        }
        if !rest.is_empty() {
            self.after_carriage_return = false;
            self.extend_line(rest)?;
        }
        Ok(())
    }

    /// The stream has ended: appends the event that it left without the closing empty line, which
    /// some upstreams omit after their last one.
    ///
    /// # Errors
    /// As [`SseParser::push`].
    pub fn finish(&mut self, events: &mut Vec<SseEvent>) -> Result<(), SseError> {
        if !self.line.is_empty() {
            self.end_line(events)?;
        }
        self.end_event(events);
        Ok(())
    }

    fn extend_line(&mut self, piece: &[u8]) -> Result<(), SseError> {
        if self.line.len() + piece.len() > MAX_LINE_BYTES {
            return Err(SseError::LineTooLong);
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    fn end_line(&mut self, events: &mut Vec<SseEvent>) -> Result<(), SseError> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = std::str::from_utf8(&bytes).map_err(|_| SseError::NotUtf8)?;
        if !std::mem::replace(&mut self.after_first_line, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            self.end_event(events);
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        self.field(field, value.strip_prefix(' ').unwrap_or(value))
    }

    fn field(&mut self, field: &str, value: &str) -> Result<(), SseError> {
        match field {
            "data" => {
                if self.event.data.len() + value.len() >= MAX_EVENT_BYTES {
                    return Err(SseError::EventTooLarge);
                }
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.event.name),
            // A comment has an empty field name; `id`, `retry` and unknown fields have no meaning here.
            _ => {}
        }
        Ok(())
    }

    fn end_event(&mut self, events: &mut Vec<SseEvent>) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            events.push(event);
        }
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
