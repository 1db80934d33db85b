//! A made-up corpus, the same every time: words with the frequencies of real ones, vectors, several
//! owners, collections, documents with two generations, and rooms with messages.

use chrono::DateTime;
use ragd::domain::{Collection, DocumentId, MessageId, OwnerId, PassageId, PassageSource, RoomId};
use ragd::index::{Point, TermCounter};
use uuid::Uuid;

/// How many numbers a vector has.
pub const DIMENSION: usize = 24;
/// How many different words there are.
const WORDS: u64 = 600;

/// A passage of the corpus: its text beside what the index gets of it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub text: String,
    pub point: Point,
}

/// A generator of numbers that are the same every time (SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Between -1 and 1.
    pub fn signed(&mut self) -> f32 {
        (self.below(2_000_001) as f32 - 1_000_000.0) / 1_000_000.0
    }

    pub fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| self.signed()).collect()
    }

    /// A word that the tokeniser leaves as it is; low numbers are common, high ones rare.
    pub fn word(&mut self) -> String {
        let bound = 1 + self.below(WORDS);
        format!("w{}k", self.below(bound))
    }

    pub fn text(&mut self, words: u64) -> String {
        let words: Vec<String> = (0..words).map(|_| self.word()).collect();
        words.join(" ")
    }
}

pub fn owner(number: u128) -> OwnerId {
    OwnerId::from_uuid(Uuid::from_u128(0x0a00 + number))
}

pub fn document(number: u128) -> DocumentId {
    DocumentId::from_uuid(Uuid::from_u128(0x0d00 + number))
}

pub fn room(number: u128) -> RoomId {
    RoomId::from_uuid(Uuid::from_u128(0x0700 + number))
}

pub fn message(number: u128) -> MessageId {
    MessageId::from_uuid(Uuid::from_u128(0x0e00 + number))
}

pub fn collection(name: &str) -> Collection {
    Collection::parse(name).expect("a collection's name")
}

/// A passage of document `number`, in its first generation, of owner 0 and collection `alpha`.
pub fn passage(number: u128, ordinal: i64, text: &str) -> Entry {
    let document = document(number);
    let source = PassageSource::Document {
        document,
        collection: collection("alpha"),
    };
    let id = PassageId::of_document(document, 1, ordinal);
    let mut numbers = Numbers(number as u64 * 1_000 + ordinal as u64);
    entry(id, source, text, numbers.vector(DIMENSION))
}

fn entry(id: PassageId, source: PassageSource, text: &str, dense: Vec<f32>) -> Entry {
    let counter = TermCounter::new().expect("a counter");
    let point = Point {
        id,
        owner: owner(0),
        source,
        generation: 1,
        created_at: DateTime::UNIX_EPOCH,
        terms: counter.count(text),
        dense: Some(dense),
    };
    Entry {
        text: text.to_owned(),
        point,
    }
}

/// 240 passages of 40 documents by three owners in two collections, and 60 messages in six rooms.
pub fn corpus() -> Vec<Entry> {
    let mut numbers = Numbers(7);
    let documents = (0..240_i64).map(|i| document_passage(i, &mut numbers));
    let mut entries: Vec<Entry> = documents.collect();
    entries.extend((0..60_u128).map(|i| message_passage(i, &mut numbers)));
    entries
}

fn document_passage(i: i64, numbers: &mut Numbers) -> Entry {
    let number = u128::from(i.unsigned_abs()) / 6;
    let (ordinal, generation) = (i % 3, 1 + (i % 6) / 3);
    let document = document(number);
    let names = ["alpha", "beta"];
    let source = PassageSource::Document {
        document,
        collection: collection(names[number as usize % 2]),
    };
    let words = 5 + numbers.below(75);
    let text = numbers.text(words);
    let id = PassageId::of_document(document, generation, ordinal);
    let mut entry = entry(id, source, &text, numbers.vector(DIMENSION));
    entry.point.generation = generation;
    entry.point.owner = owner(number % 3);
    entry
}

fn message_passage(i: u128, numbers: &mut Numbers) -> Entry {
    let message = message(i);
    let source = PassageSource::Message {
        message,
        room: room(i % 6),
    };
    let words = 3 + numbers.below(20);
    let text = numbers.text(words);
    let id = PassageId::of_message(message, 0);
    let mut entry = entry(id, source, &text, numbers.vector(DIMENSION));
    entry.point.owner = owner(i % 3);
    entry
}

/// What the index gets of these entries.
pub fn points<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Point> {
    entries
        .into_iter()
        .map(|entry| entry.point.clone())
        .collect()
}
