//! Normalises characters and words: ligatures are taken apart, leaders of dots are shortened, and
//! words that were divided at the end of a line are recognised.

use super::layout::PageLayout;
use std::collections::HashSet;

/// A glyph's text without ligatures, special spaces and characters without meaning.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}' => plain.push_str("ff"),
            '\u{fb01}' => plain.push_str("fi"),
            '\u{fb02}' => plain.push_str("fl"),
            '\u{fb03}' => plain.push_str("ffi"),
            '\u{fb04}' => plain.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => plain.push_str("st"),
            '\u{ad}' | '\u{2010}' | '\u{2011}' => plain.push('-'),
            // Printed instead of the ASCII characters in commands and paths.
            '\u{2212}' => plain.push('-'),
            '\u{2dc}' => plain.push('~'),
            '\u{2c6}' => plain.push('^'),
            // Bullets of symbol fonts.
            '\u{f0b7}' | '\u{f0a7}' => plain.push('•'),
            // Private use, byte order marks and zero widths have no meaning outside of their font.
            '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{fffd}' => {}
            c if c.is_whitespace() => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

/// The character of a code in TeX's text fonts (OT1), for fonts without character names. Apart from
/// the ligatures it is nearly always that of ASCII.
pub(super) fn tex_character(code: u32) -> Option<&'static str> {
    const ASCII: &str = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\
                         abcdefghijklmnopqrstuvwxyz{|}~";
    match code {
        11 => Some("ff"),
        12 => Some("fi"),
        13 => Some("fl"),
        14 => Some("ffi"),
        15 => Some("ffl"),
        32..=126 => {
            let at = usize::try_from(code - 32).ok()?;
            ASCII.get(at..=at)
        }
        _ => None,
    }
}

/// Replaces leaders, four or more dots in a row with or without spaces, by ` … `.
pub(super) fn without_leaders(line: &str) -> String {
    const FEWEST_DOTS: usize = 4;
    let mut short = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('.') {
        let (before, leader) = rest.split_at(at);
        let after = leader.trim_start_matches(['.', ' ']);
        let leader = leader.get(..leader.len() - after.len()).unwrap_or_default();
        short.push_str(before);
        if leader.matches('.').count() >= FEWEST_DOTS {
            let kept = short.trim_end().len();
            short.truncate(kept);
            short.push_str(if after.is_empty() { " …" } else { " … " });
        } else {
            short.push_str(leader);
        }
        rest = after;
    }
    short.push_str(rest);
    short
}

/// The words with a hyphen that occur undivided anywhere in the document, in lower case.
pub(super) fn compounds(layouts: &[PageLayout]) -> HashSet<String> {
    layouts
        .iter()
        .flat_map(|layout| &layout.lines)
        .flat_map(|line| line.text.split(' '))
        .map(bare_word)
        .filter(|word| word.contains('-'))
        .collect()
}

fn bare_word(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

/// Whether the hyphen between the two halves belongs to the word, because the document has the word
/// with a hyphen elsewhere.
pub(super) fn keeps_hyphen(line: &str, next: &str, compounds: &HashSet<String>) -> bool {
    let first = line.rsplit(' ').next().unwrap_or_default();
    let second = next.split(' ').next().unwrap_or_default();
    compounds.contains(&bare_word(&format!("{first}{second}")))
}
