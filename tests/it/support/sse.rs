//! The events of a stream (`text/event-stream`), as they come or all at once.

use super::until::{SOON, within};
use reqwest::Response;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Empty when the event has no name.
    pub name: String,
    /// Its lines of data, joined.
    pub data: String,
}

impl Event {
    /// Its data as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|_| panic!("no JSON: {}", self.data))
    }
}

/// The events of a whole stream, without comments.
pub fn events(text: &str) -> Vec<Event> {
    text.split("\n\n").filter_map(event).collect()
}

/// The events of a whole stream that have a name: the name and the JSON of each.
pub fn named(text: &str) -> Vec<(String, Value)> {
    let events = events(text).into_iter();
    let events = events.filter(|event| !event.name.is_empty());
    events
        .map(|event| (event.name.clone(), event.json()))
        .collect()
}

fn event(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let values = block.lines().filter_map(|line| line.strip_prefix(name));
        let values: Vec<&str> = values.map(str::trim_start).collect();
        (!values.is_empty()).then(|| values.join("\n"))
    };
    Some(Event {
        data: field("data:")?,
        name: field("event:").unwrap_or_default(),
    })
}

/// Reads events while they come. Dropping it goes away from the stream.
pub struct EventReader {
    answer: Response,
    unread: Vec<u8>,
}

impl EventReader {
    /// The events of an answer.
    pub fn new(answer: Response) -> Self {
        assert_eq!(answer.status(), 200);
        Self {
            answer,
            unread: Vec::new(),
        }
    }

    /// The next event; `None` at the stream's end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let end = self.unread.windows(2).position(|bytes| bytes == b"\n\n");
            if let Some(end) = end {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                match event(std::str::from_utf8(&block).unwrap()) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let chunk = within("an event", SOON, self.answer.chunk()).await;
            self.unread.extend_from_slice(&chunk.unwrap()?);
        }
    }

    /// The events up to the first of this name, and that one.
    pub async fn until(&mut self, name: &str) -> Vec<Event> {
        let mut seen = Vec::new();
        loop {
            let event = self.next().await;
            let event = event.unwrap_or_else(|| panic!("no event '{name}' after {seen:?}"));
            let is_last = event.name == name;
            seen.push(event);
            if is_last {
                return seen;
            }
        }
    }
}

#[test]
fn names_data_and_comments_are_distinguished() {
    let text = ": hello\n\nevent: token\ndata: {\"a\":1}\n\ndata: one\ndata: two\n\n";
    let token = Event {
        name: "token".to_owned(),
        data: "{\"a\":1}".to_owned(),
    };
    let plain = Event {
        name: String::new(),
        data: "one\ntwo".to_owned(),
    };
    assert_eq!(events(text), [token, plain]);
    assert_eq!(named(text).len(), 1);
}
