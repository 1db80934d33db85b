//! Passages as many as one likes, the same every time: words by Zipf's law, unit vectors around
//! centres as texts gather around subjects, and questions about single passages. Any passage can be
//! made alone, so nothing is kept.

use chrono::DateTime;
use ragd::domain::{Collection, DocumentId, OwnerId, PassageId, PassageSource};
use ragd::index::{Point, TermCounts};
use uuid::Uuid;

/// The length of a vector.
pub const DIMENSION: usize = 384;
/// How many passages a document has.
pub const PASSAGES_PER_DOCUMENT: u64 = 50;

const VOCABULARY: f64 = 60_000.0;
/// The most frequent words of a language are stop words, which are no terms.
const STOP_WORDS: f64 = 100.0;
const CENTRES: u64 = 2_000;
/// How far a passage is from its centre, and a question from its passage, for a vector of length 1.
const SPREAD: f32 = 0.9;
const QUESTION_SPREAD: f32 = 0.6;
const QUESTION_WORDS: usize = 6;

/// SplitMix64: the same numbers every time.
pub struct Numbers(u64);

impl Numbers {
    pub fn of(seed: u64, number: u64) -> Self {
        let mut numbers = Self(seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        numbers.next();
        numbers
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal: the sum of four uniform numbers, with variance 1.
    fn normal(&mut self) -> f32 {
        let bits = self.next();
        let part = |shift: u32| ((bits >> shift) & 0xffff) as f32 / 65_535.0;
        (part(0) + part(16) + part(32) + part(48) - 2.0) * 3.0_f32.sqrt()
    }

    /// A vector of the given expected length.
    fn noise(&mut self, length: f32) -> Vec<f32> {
        let scale = length / (DIMENSION as f32).sqrt();
        (0..DIMENSION).map(|_| self.normal() * scale).collect()
    }

    /// A word's rank, with probability about 1 / rank.
    fn word(&mut self) -> u64 {
        (STOP_WORDS * (VOCABULARY / STOP_WORDS).powf(self.unit())) as u64
    }
}

fn unit_length(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|x| *x /= norm);
    vector
}

fn sum(mut a: Vec<f32>, b: &[f32]) -> Vec<f32> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

/// The words of passage `number`: 60 to 140 of them.
fn words(number: u64) -> Vec<String> {
    let mut numbers = Numbers::of(1, number);
    let count = 60 + numbers.next() % 81;
    (0..count)
        .map(|_| format!("w{}k", numbers.word()))
        .collect()
}

/// The unit vector of passage `number`.
pub fn vector(number: u64) -> Vec<f32> {
    let mut numbers = Numbers::of(2, number);
    let centre = Numbers::of(3, numbers.next() % CENTRES).noise(1.0);
    unit_length(sum(numbers.noise(SPREAD), &centre))
}

/// A question about a passage: some of its words, and a vector near its own.
pub struct Question {
    pub text: String,
    pub vector: Vec<f32>,
}

/// Question `number` of a corpus of so many passages.
pub fn question(number: u64, passages: u64) -> Question {
    let mut numbers = Numbers::of(4, number);
    let about = numbers.next() % passages;
    let words = words(about);
    let count = words.len() as u64;
    let text: Vec<&str> = (0..QUESTION_WORDS)
        .map(|_| words[(numbers.next() % count) as usize].as_str())
        .collect();
    Question {
        text: text.join(" "),
        vector: unit_length(sum(numbers.noise(QUESTION_SPREAD), &vector(about))),
    }
}

/// The document of passage `number`.
pub fn document(number: u64) -> DocumentId {
    DocumentId::from_uuid(Uuid::from_u128(
        u128::from(number / PASSAGES_PER_DOCUMENT) + 1,
    ))
}

/// The id of passage `number`.
pub fn id(number: u64) -> PassageId {
    let ordinal = i64::try_from(number % PASSAGES_PER_DOCUMENT).unwrap_or_default();
    PassageId::of_document(document(number), 1, ordinal)
}

/// The text of passage `number`.
pub fn text(number: u64) -> String {
    words(number).join(" ")
}

/// Passage `number`, of these terms and this vector, as the index takes it.
pub fn point(number: u64, terms: TermCounts, vector: Vec<f32>) -> Point {
    Point {
        id: id(number),
        owner: OwnerId::from_uuid(Uuid::from_u128(7)),
        source: PassageSource::Document {
            document: document(number),
            collection: Collection::default_collection(),
        },
        generation: 1,
        created_at: DateTime::UNIX_EPOCH,
        terms,
        dense: Some(vector),
    }
}
