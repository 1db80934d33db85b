//! Blocks into candidates: sentences with their headings, entries with their term, and announcements
//! ("… as follows:") with the beginning of what they announce. It decides what can be quoted, not
//! what is.

use super::blocks::{Block, BlockKind, parse};
use super::markup::plain;
use super::terms::is_strict_term;
use super::{ExtractiveSource, Sentence, SentenceKind};
use crate::sentence::split;

/// The longest announcement with what it announces, in bytes.
const LONGEST_LEAD_IN: usize = 420;

/// A paragraph of at most this many words, without the end of a sentence, is a fragment.
const FRAGMENT_WORDS: usize = 12;

/// Every sentence of the sources that could be part of an answer, in order.
pub fn candidates(sources: &[ExtractiveSource<'_>]) -> Vec<Sentence> {
    let mut found = Vec::new();
    for source in sources {
        let mut collector = Collector {
            source,
            above: String::new(),
            heading_term: None,
            found: &mut found,
        };
        collector.read(&parse(source.text));
    }
    found
}

struct Collector<'a, 'b> {
    source: &'a ExtractiveSource<'a>,
    /// The last heading, question or announcement inside the text.
    above: String,
    /// The last heading, if it is a term and nothing has described it yet.
    heading_term: Option<String>,
    found: &'b mut Vec<Sentence>,
}

/// A candidate without its headings.
struct Unit {
    kind: SentenceKind,
    text: String,
    term: String,
    continues: bool,
}

impl Collector<'_, '_> {
    fn read(&mut self, blocks: &[Block<'_>]) {
        for (at, block) in blocks.iter().enumerate() {
            let following = blocks.get(at + 1..).unwrap_or_default();
            match block.kind {
                BlockKind::Heading => self.heading(block),
                BlockKind::Code => self.code(block),
                _ => self.prose(block, following),
            }
        }
    }

    fn heading(&mut self, block: &Block<'_>) {
        let text = plain(&block.lines.join(" "));
        self.heading_term = is_strict_term(&text).then(|| text.clone());
        self.above = text;
    }

    fn code(&mut self, block: &Block<'_>) {
        let text = block
            .lines
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect::<Vec<_>>()
            .join(" ");
        if text.len() <= LONGEST_LEAD_IN {
            self.add(Unit {
                kind: SentenceKind::Code,
                text,
                term: String::new(),
                continues: false,
            });
        }
    }

    fn prose(&mut self, block: &Block<'_>, following: &[Block<'_>]) {
        let text = plain(&join_lines(&block.lines));
        let own_term = plain(block.term);
        let heading_term = self.heading_term.take().unwrap_or_default();
        let (term, opens) = if own_term.is_empty() {
            let opens = !heading_term.is_empty();
            (heading_term, opens)
        } else {
            (own_term, block.opens_term)
        };
        let sentences = split(&text);
        let last = sentences.len().saturating_sub(1);
        for (at, sentence) in sentences.iter().enumerate() {
            let announces = at == last && sentence.ends_with(':');
            let mut shown = (*sentence).to_owned();
            let mut kind = kind_of(block, sentence, sentences.len());
            if announces && append_announced(&mut shown, following) {
                kind = SentenceKind::LeadIn;
            }
            if at == 0 && opens && !term.is_empty() {
                if !names(sentence, &term) {
                    shown = format!("{term} {shown}");
                }
                kind = SentenceKind::Entry;
            }
            self.add(Unit {
                kind,
                text: shown,
                term: term.clone(),
                continues: at > 0,
            });
            let names_what_follows = announces
                || sentence.ends_with('?')
                || kind == SentenceKind::Fragment && block.kind == BlockKind::Paragraph;
            if names_what_follows {
                self.above = (*sentence).to_owned();
            }
        }
    }

    fn add(&mut self, unit: Unit) {
        let Unit {
            kind,
            text,
            term,
            continues,
        } = unit;
        if !text.chars().any(char::is_alphanumeric) {
            return;
        }
        let context = [self.above.as_str(), self.source.heading]
            .into_iter()
            .filter(|part| !part.is_empty() && !text.contains(part))
            .collect::<Vec<_>>()
            .join(" ");
        self.found.push(Sentence {
            source: self.source.index,
            position: self.found.len(),
            text,
            term,
            context,
            title: self.source.title.to_owned(),
            continues,
            kind,
        });
    }
}

/// Whether a sentence contains its term, in the plural or not.
fn names(sentence: &str, term: &str) -> bool {
    let term = term.to_lowercase();
    let stem = term.strip_suffix("es").or(term.strip_suffix('s'));
    sentence.to_lowercase().contains(stem.unwrap_or(&term))
}

/// Lines into one text; a word that a hyphen cuts at a line end stays one word.
fn join_lines(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let line = line.trim_matches('|').trim();
        let cut =
            text.ends_with('-') && !text.ends_with(" -") && line.starts_with(char::is_lowercase);
        if !text.is_empty() && !cut {
            text.push(' ');
        }
        // The cells of a row become words of a line.
        text.push_str(&line.replace(" | ", " "));
    }
    text
}

fn kind_of(block: &Block<'_>, sentence: &str, sentences: usize) -> SentenceKind {
    let short = sentence.split_whitespace().count() <= FRAGMENT_WORDS;
    let ended = sentence.ends_with(['.', '!', '?', ':', '。', '"', ')', '…']);
    match block.kind {
        BlockKind::Item => SentenceKind::Item,
        BlockKind::Paragraph if sentences == 1 && short && !ended => SentenceKind::Fragment,
        _ => SentenceKind::Prose,
    }
}

/// Adds what is announced, as far as it fits; whether anything was added.
fn append_announced(shown: &mut String, following: &[Block<'_>]) -> bool {
    let before = shown.len();
    for block in following {
        if !matches!(block.kind, BlockKind::Item | BlockKind::Code) {
            break;
        }
        let text = match block.kind {
            BlockKind::Code => block
                .lines
                .join(" ")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            _ => plain(&join_lines(&block.lines)),
        };
        if shown.len() + text.len() > LONGEST_LEAD_IN {
            break;
        }
        shown.push(' ');
        shown.push_str(&text);
        if block.kind == BlockKind::Code {
            break;
        }
    }
    shown.len() > before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(SentenceKind, String)> {
        let source = ExtractiveSource {
            index: 1,
            text,
            ..ExtractiveSource::default()
        };
        candidates(&[source])
            .into_iter()
            .map(|sentence| (sentence.kind, sentence.text))
            .collect()
    }

    #[test]
    fn an_entry_has_its_term_and_its_other_sentences_know_it() {
        let source = ExtractiveSource {
            index: 4,
            title: "The cache",
            heading: "Settings",
            text: "CACHE_MAX\n    The most files. Zero means\n    no limit.",
        };
        let found = candidates(&[source]);
        assert_eq!(found[0].text, "CACHE_MAX The most files.");
        assert_eq!(found[0].kind, SentenceKind::Entry);
        assert_eq!(found[1].text, "Zero means no limit.");
        assert_eq!(found[1].text_to_embed(), "CACHE_MAX: Zero means no limit.");
        assert_eq!((found[1].source, found[1].position), (4, 1));
        assert!(found[1].continues);
        assert_eq!(found[1].context, "Settings");
    }

    #[test]
    fn an_announcement_comes_with_what_it_announces() {
        let found =
            texts("To reload it, run:\n\n```\nctl  reload\n```\n\nModes are:\n\n- fast\n- safe\n");
        assert_eq!(
            found,
            [
                (
                    SentenceKind::LeadIn,
                    "To reload it, run: ctl reload".to_owned()
                ),
                (SentenceKind::Code, "ctl reload".to_owned()),
                (SentenceKind::LeadIn, "Modes are: fast safe".to_owned()),
                (SentenceKind::Item, "fast".to_owned()),
                (SentenceKind::Item, "safe".to_owned()),
            ]
        );
    }

    #[test]
    fn a_heading_that_is_a_name_is_described_by_what_follows() {
        let found = texts("### `work_mem`\n\nSets the memory of a sort. It is per step.");
        assert_eq!(
            found[0],
            (
                SentenceKind::Entry,
                "work_mem Sets the memory of a sort.".to_owned()
            )
        );
        assert_eq!(found[1].0, SentenceKind::Prose);
    }

    #[test]
    fn rows_are_lines_and_captions_are_fragments() {
        let found = texts("Ports in use\n\n| Service | Port |\n|---|---|\n| api | 8000 |\n");
        assert_eq!(
            found,
            [
                (SentenceKind::Fragment, "Ports in use".to_owned()),
                (SentenceKind::Item, "Service Port".to_owned()),
                (SentenceKind::Item, "api 8000".to_owned()),
            ]
        );
    }
}
