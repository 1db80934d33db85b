//! The languages that passages are written in. Each has a term space of its own: its stemmer, its
//! stop words, and term numbers that no other language uses. A passage lives in the space of its
//! language; a question, which is too short to tell, is put into every space, where it costs
//! nothing unless the index holds that language.

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

/// With this saturation and no length normalisation, the weight `n (k + 1) / (n + k)` that the
/// tokeniser's own formula gives a term is its count `n` to well under 0.5 for any count that a
/// text can have, so rounding gives the count.
const COUNTING_K: f64 = 1e12;
/// A shorter passage, in characters, is taken for English.
const SHORTEST_CHARS: usize = 100;
/// The tokeniser's term numbers have this many bits.
const TERM_BITS: u32 = 0x7fff_ffff;

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

/// The analyser of a language; one that knows no stop word counts all words.
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
    pub(super) fn count(&self, text: &str) -> (Vec<u32>, Vec<f32>) {
        let (mut terms, counts) = count(&self.analyser, text);
        for term in &mut terms {
            *term ^= self.mask;
        }
        (terms, counts)
    }
}

/// The terms of `text` with their counts.
pub(super) fn count(analyser: &EdgeBm25, text: &str) -> (Vec<u32>, Vec<f32>) {
    let sparse = analyser.embed_document(text);
    let counts = sparse.values.into_iter().map(f32::round).collect();
    (sparse.indices, counts)
}

/// The space that a passage may belong to, by its letters alone; `None` for English, for what is
/// too short or too unsure to tell, and for languages without a space.
pub(super) fn likely<'a>(spaces: &'a [Space], text: &str) -> Option<&'a Space> {
    // Detecting costs more than counting, so short texts are left out first.
    text.chars().nth(SHORTEST_CHARS)?;
    let found = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    spaces.iter().find(|space| space.language == found.lang())
}

/// Whether the stop words confirm a language against English: of `words`, it must know a tenth and
/// twice as many as English does.
pub(super) fn is_confirmed(words: f32, own_stop_words: f32, english_stop_words: f32) -> bool {
    own_stop_words * 10.0 >= words && own_stop_words >= 2.0 * english_stop_words
}

fn not_nan(value: f64) -> Result<NotNan<f64>> {
    NotNan::new(value)
        .map_err(|error| Error::internal("a BM25 setting is not a number").with_source(error))
}
