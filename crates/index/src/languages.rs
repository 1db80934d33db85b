//! The languages of passages. Each has a term space of its own: its stemmer, its stop words, and
//! term numbers that no other language uses. A passage has the terms of its language; a question,
//! which is too short to detect its language, has the terms of every language, which cost nothing
//! unless the index has passages in that language.

use super::term_counts::TermCounts;
use qdrant_edge::StopwordsInterface;
use qdrant_edge::bm25_embed::{EdgeBm25, EdgeBm25Config};
use qdrant_edge::external::ordered_float::NotNan;
use ragd_core::error::{Error, Result};
use whatlang::Lang;

/// The languages beside English that have both a stemmer and stop words, with the analyser's names.
const LANGUAGES: [(Lang, &str); 15] = [
    (Lang::Dan, "danish"),
    (Lang::Nld, "dutch"),
    (Lang::Fin, "finnish"),
    (Lang::Fra, "french"),
    (Lang::Deu, "german"),
    (Lang::Ell, "greek"),
    (Lang::Hun, "hungarian"),
    (Lang::Ita, "italian"),
    (Lang::Nob, "norwegian"),
    (Lang::Por, "portuguese"),
    (Lang::Ron, "romanian"),
    (Lang::Rus, "russian"),
    (Lang::Spa, "spanish"),
    (Lang::Swe, "swedish"),
    (Lang::Tur, "turkish"),
];

/// With this saturation and without length normalisation, the weight `n (k + 1) / (n + k)` that the
/// tokeniser computes for a term differs from its count `n` by much less than 0.5 for any count
/// that a text can have, so rounding gives the count.
const COUNTING_K: f64 = 1e12;
/// A passage with fewer characters is treated as English.
const SHORTEST_CHARS: usize = 100;
/// The tokeniser's term numbers have this many bits.
pub(super) const TERM_BITS: u32 = 0x7fff_ffff;

/// The language whose terms have the tokeniser's own numbers.
pub(super) const ENGLISH: &str = "english";

/// One language's terms.
#[derive(Debug)]
pub(super) struct Space {
    language: Lang,
    analyser: EdgeBm25,
    /// Turns the analyser's term numbers into this language's own.
    mask: u32,
}

/// The spaces of all languages but English.
pub(super) fn spaces() -> Result<Vec<Space>> {
    let space = |(number, (language, name)): (u32, (Lang, &str))| {
        Ok(Space {
            language,
            analyser: analyser(name, None)?,
            mask: number.wrapping_mul(0x9e37_79b1) & TERM_BITS,
        })
    };
    (1..).zip(LANGUAGES).map(space).collect()
}

/// The analyser of a language; with an empty set of stop words it counts all words.
pub(super) fn analyser(language: &str, stop_words: Option<StopwordsInterface>) -> Result<EdgeBm25> {
    let config = EdgeBm25Config {
        k: not_nan(COUNTING_K)?,
        b: not_nan(0.0)?,
        avg_len: not_nan(1.0)?,
        language: Some(language.to_owned()),
        stopwords: stop_words,
        ..EdgeBm25Config::default()
    };
    EdgeBm25::new(config)
        .map_err(|error| Error::internal("the tokeniser does not start").with_source(error))
}

impl Space {
    /// The terms of `text` with their counts.
    pub(super) fn count(&self, text: &str) -> TermCounts {
        count(&self.analyser, text).masked(self.mask)
    }
}

/// The terms of `text` with their counts.
pub(super) fn count(analyser: &EdgeBm25, text: &str) -> TermCounts {
    let sparse = analyser.embed_document(text);
    let counts = sparse.values.into_iter().map(f32::round).collect();
    TermCounts::new(sparse.indices, counts)
}

/// The space of the language that a passage probably has, judged by its letters alone; `None` for
/// English, for texts that are too short or too uncertain, and for languages without a space.
pub(super) fn likely<'a>(spaces: &'a [Space], text: &str) -> Option<&'a Space> {
    // Detection costs more than counting characters, so short texts are excluded first.
    text.chars().nth(SHORTEST_CHARS)?;
    let found = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    spaces.iter().find(|space| space.language == found.lang())
}

/// Whether the stop words confirm a language against English: at least a tenth of `words` must be
/// stop words of the language, and at least twice as many as of English.
pub(super) fn is_confirmed(words: f32, own_stop_words: f32, english_stop_words: f32) -> bool {
    own_stop_words * 10.0 >= words && own_stop_words >= 2.0 * english_stop_words
}

fn not_nan(value: f64) -> Result<NotNan<f64>> {
    NotNan::new(value)
        .map_err(|error| Error::internal("a BM25 setting is not a number").with_source(error))
}
