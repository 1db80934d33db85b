//! One form of a text whatever its bytes: composed, without invisible characters, full width as usual; the
//! letters of scripts without spaces as pairs; and words with diacritics as people type them without.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text in Unicode's form NFKC without soft hyphens and other characters that are not seen (UAX 15).
pub(super) fn normalised(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).nfkc().collect())
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{61c}' | '\u{180e}')
}

/// Whether words of this letter's script stand without spaces, or with particles attached (Hangul).
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{3005}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}'
        | '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Calls `found` with each pair of letters that follow each other, and with a letter that stands alone; the
/// rest of the text is returned. Pairs are what search engines index such scripts by where no dictionary
/// parts their words.
pub(super) fn pairs<'a>(text: &'a str, mut found: impl FnMut(&str)) -> Cow<'a, str> {
    if text.is_ascii() || !text.chars().any(is_unspaced) {
        return Cow::Borrowed(text);
    }
    let mut rest = String::with_capacity(text.len());
    let mut run: Vec<char> = Vec::new();
    let mut pair = String::new();
    let mut flush = |run: &mut Vec<char>| {
        let mut give = |letters: &[char]| {
            pair.clear();
            pair.extend(letters);
            found(&pair);
        };
        match run.as_slice() {
            [] => {}
            [alone] => give(&[*alone]),
            letters => letters.windows(2).for_each(give),
        }
        run.clear();
    };
    for c in text.chars() {
        if is_unspaced(c) {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            flush(&mut run);
            rest.push(' ');
        }
        rest.push(c);
    }
    flush(&mut run);
    Cow::Owned(rest)
}

/// Calls `found` with the forms without diacritics of each word that has some: `ue` and `u` for `ü`.
pub(super) fn plain_forms(text: &str, mut found: impl FnMut(&str)) {
    if text.is_ascii() {
        return;
    }
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if word.is_ascii() {
            continue;
        }
        let lower = word.to_lowercase();
        let mut written_out = String::new();
        let mut bare = String::new();
        for c in lower.chars() {
            match c {
                'ä' => written_out.push_str("ae"),
                'ö' | 'ø' => written_out.push_str("oe"),
                'ü' => written_out.push_str("ue"),
                'ß' => written_out.push_str("ss"),
                'å' => written_out.push_str("aa"),
                c => written_out.extend(without_marks(c)),
            }
            match c {
                'ß' => bare.push_str("ss"),
                'ø' => bare.push('o'),
                'ł' => bare.push('l'),
                'æ' => bare.push_str("ae"),
                'œ' => bare.push_str("oe"),
                c => bare.extend(without_marks(c)),
            }
        }
        if bare != lower {
            found(&bare);
        }
        if written_out != lower && written_out != bare {
            found(&written_out);
        }
    }
}

fn without_marks(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c).nfd().filter(|c| !is_combining_mark(*c))
}

#[cfg(test)]
mod tests {
    use super::{normalised, pairs, plain_forms};

    #[test]
    fn forms_of_one_text_are_one() {
        for (written, read) in [
            ("Mu\u{308}nchen", "München"),
            ("Donau\u{ad}dampf", "Donaudampf"),
            ("ＡＢ－１２", "AB-12"),
            ("zero\u{200b}width", "zerowidth"),
            ("ﬁne", "fine"),
        ] {
            assert_eq!(normalised(written), read);
        }
    }

    #[test]
    fn scripts_without_spaces_become_pairs() {
        let mut found = Vec::new();
        let rest = pairs("租金每月, 3000 元 rent", |pair| {
            found.push(pair.to_owned())
        });
        assert_eq!(found, ["租金", "金每", "每月", "元"]);
        assert_eq!(
            rest.split_whitespace().collect::<Vec<_>>(),
            [",", "3000", "rent"]
        );
        let mut found = Vec::new();
        pairs("도서관은", |pair| found.push(pair.to_owned()));
        assert_eq!(found, ["도서", "서관", "관은"]);
    }

    #[test]
    fn diacritics_have_plain_forms() {
        let forms = |text: &str| {
            let mut found = Vec::new();
            plain_forms(text, |form| found.push(form.to_owned()));
            found
        };
        assert_eq!(forms("Zürich"), ["zurich", "zuerich"]);
        assert_eq!(forms("Straße résumé plain"), ["strasse", "resume"]);
    }
}
