//! Reads a stream's events cheaply: it looks for the few fields that are measured and does not parse
//! the rest, so that one core hears thousands of streams.

use super::http::{find, number};
use super::samples::{Faults, Samples};
use std::time::{Duration, Instant};

/// What one stream said.
#[derive(Debug)]
pub struct Listener {
    origin: Instant,
    next: u64,
    last: Option<Instant>,
    pub tokens: u64,
    pub out_of_order: u64,
    seen: Vec<bool>,
    pub has_reason: bool,
    pub has_usage: bool,
    pub is_done: bool,
    pub gaps: Samples,
    pub delays: Samples,
    pub faults: Faults,
}

impl Default for Listener {
    fn default() -> Self {
        Self::new(Instant::now(), 0)
    }
}

impl Listener {
    /// For a stream of `tokens`, whose times count from `origin`.
    pub fn new(origin: Instant, tokens: u32) -> Self {
        let room = usize::try_from(tokens).unwrap_or_default();
        Self {
            origin,
            next: 0,
            last: None,
            tokens: 0,
            out_of_order: 0,
            seen: vec![false; room],
            has_reason: false,
            has_usage: false,
            is_done: false,
            gaps: Samples::with_room_for(room),
            delays: Samples::with_room_for(room),
            faults: Faults::default(),
        }
    }

    /// Takes the whole lines of `body`, which came at `now`; true when the first token was in them.
    pub fn take(&mut self, body: &mut Vec<u8>, now: Instant) -> bool {
        let had = self.tokens;
        let Some(end) = body.iter().rposition(|byte| *byte == b'\n') else {
            return false;
        };
        for line in body[..end].split(|byte| *byte == b'\n') {
            if let Some(data) = line.strip_prefix(b"data:") {
                self.event(data.trim_ascii(), now);
            }
        }
        body.drain(..=end);
        had == 0 && self.tokens > 0
    }

    /// How many of the tokens never came.
    pub fn lost(&self) -> u64 {
        self.seen.iter().filter(|seen| !**seen).count() as u64
    }

    fn event(&mut self, data: &[u8], now: Instant) {
        if data == b"[DONE]" {
            self.is_done = true;
            return;
        }
        let content = br#""content":""#;
        if let Some(at) = find(data, content) {
            let text = &data[at + content.len()..];
            let end = text.iter().position(|byte| *byte == b'"');
            let words = text[..end.unwrap_or(text.len())].split(|byte| *byte == b' ');
            for word in words.filter(|word| !word.is_empty()) {
                self.token(word, now);
            }
        }
        if find(data, br#""finish_reason":"stop""#).is_some() {
            self.has_reason = true;
        }
        if find(data, br#""usage":{"#).is_some() {
            self.has_usage = true;
        }
        if find(data, br#""error":"#).is_some() {
            self.faults
                .add(|| String::from_utf8_lossy(data).into_owned());
        }
    }

    fn token(&mut self, word: &[u8], now: Instant) {
        let Some((index, sent)) = word.split_at_checked(6) else {
            let word = String::from_utf8_lossy(word).into_owned();
            return self.faults.add(|| format!("not a token: {word}"));
        };
        let index = number(index);
        self.tokens += 1;
        if index < self.next {
            self.out_of_order += 1;
        } else {
            self.next = index + 1;
        }
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        match self.seen.get_mut(index) {
            Some(seen) => *seen = true,
            None => self.faults.add(|| format!("token {index} was never sent")),
        }
        let sent = self.origin + Duration::from_nanos(number(sent));
        self.delays.add(now.saturating_duration_since(sent));
        if let Some(last) = self.last.replace(now) {
            self.gaps.add(now - last);
        }
    }
}
