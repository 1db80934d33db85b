//! Guesses the encoding of a text that is not UTF-8 and declares none: by `chardetng`, the detector of
//! Firefox. Its guess is taken only if the characters stand where characters of a text stand.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use unicode_normalization::char::is_combining_mark;

/// With fewer bytes above ASCII no guess can be made.
const FEWEST_BYTES: usize = 6;

/// The text of bytes in a legacy encoding; `None` if it cannot be told.
pub(super) fn legacy(bytes: &[u8]) -> Option<String> {
    if is_broken_utf8(bytes) {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let guessed = detector.guess(None, Utf8Detection::Deny);
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    // A word or two are too little for any detector; the Western encoding is the most likely then.
    let guessed = (high >= FEWEST_BYTES).then_some(guessed);
    guessed
        .into_iter()
        .chain([WINDOWS_1252])
        .filter_map(|encoding| decoded(encoding, bytes))
        .find(|text| is_plausible(text))
}

/// UTF-16 without a byte order mark, if every second byte of most characters is NUL.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if pairs.len() < 2 || !odd.is_empty() {
        return None;
    }
    let nul_at = |at: usize| pairs.iter().filter(|pair| pair.get(at) == Some(&0)).count();
    let (first, second) = (nul_at(0), nul_at(1));
    let encoding = match (first, second) {
        (0, many) if many * 2 > pairs.len() => UTF_16LE,
        (many, 0) if many * 2 > pairs.len() => UTF_16BE,
        _ => return None,
    };
    decoded(encoding, bytes)
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(text.into_owned())
}

/// Whether at least half of what is not ASCII is valid UTF-8: a damaged file, not another encoding.
fn is_broken_utf8(bytes: &[u8]) -> bool {
    let (mut valid, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    valid >= broken
}

/// Whether at most a tenth of the characters above ASCII stand where no text has them.
fn is_plausible(text: &str) -> bool {
    let (mut all, mut odd) = (0_usize, 0_usize);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        if !c.is_ascii() {
            all += 1;
            odd += usize::from(!stands_well(before, c, after));
        }
        before = c;
    }
    odd * 10 <= all
}

/// Whether a character above ASCII is part of a word, a word of one letter, or a common sign.
fn stands_well(before: char, c: char, after: char) -> bool {
    // Marks above and below letters, as Thai, Arabic and Hebrew write vowels and tones.
    if is_combining_mark(c) {
        return before.is_alphabetic() || is_combining_mark(before);
    }
    if !c.is_alphabetic() {
        return is_common_sign(c);
    }
    // What bytes of value 255 are in the Western encoding; French has it in a few names.
    if c == 'ÿ' {
        return false;
    }
    let is_in_word = [before, after]
        .iter()
        .any(|next| next.is_alphabetic() && are_of_one_script(c, *next));
    let is_alone = !(before.is_alphabetic() || after.is_alphabetic() || "(¯".contains(after));
    is_in_word || is_alone
}

/// Letters with upper and lower case: Latin letters stand with Latin ones, others with others.
fn are_of_one_script(one: char, other: char) -> bool {
    let has_case = |c: char| c.is_lowercase() || c.is_uppercase();
    let is_latin = |c: char| c.is_ascii() || ('\u{c0}'..='\u{24f}').contains(&c);
    !has_case(one) || !has_case(other) || is_latin(one) == is_latin(other)
}

fn is_common_sign(c: char) -> bool {
    c.is_whitespace()
        || c.is_numeric()
        || "«»‹›„“”‚‘’–—…•·€£¥¢§¶©®™°±×÷µ¿¡ªº№†‡".contains(c)
        // Punctuation of Chinese and Japanese, and full width forms.
        || ('\u{3000}'..='\u{303f}').contains(&c)
        || ('\u{ff00}'..='\u{ffef}').contains(&c)
        || ('\u{2190}'..='\u{25ff}').contains(&c)
        || "・ー々〆".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{legacy, utf16};

    #[test]
    fn western_letters_stand_alone_too() {
        for (bytes, text) in [
            (&b"de 8 h \xe0 10 h"[..], "de 8 h à 10 h"),
            (
                b"La biblioteca \xe8 aperta il sabato.",
                "La biblioteca è aperta il sabato.",
            ),
            (b"Rohr \xd8 20;1,10", "Rohr Ø 20;1,10"),
            (b"\xc4hm, ja.", "Ähm, ja."),
            (b"3 \x80 \x96 c\x92est cher", "3 € – c’est cher"),
            (b"20 \xb0C \xb1 0,5", "20 °C ± 0,5"),
        ] {
            assert_eq!(legacy(bytes).as_deref(), Some(text));
        }
    }

    #[test]
    fn other_scripts_are_told_by_their_words() {
        let cases = [
            (
                encoding_rs::GBK,
                "图书馆星期六上午九点开门，下午五点关门。借书期限为三十天。",
            ),
            (
                encoding_rs::SHIFT_JIS,
                "図書館は土曜日の午前九時に開きます。貸出期間は三十日です。",
            ),
            (
                encoding_rs::EUC_JP,
                "図書館は土曜日の午前九時に開きます。貸出期間は三十日です。",
            ),
            (
                encoding_rs::BIG5,
                "圖書館星期六上午九點開門，下午五點關門。借書期限為三十天。",
            ),
            (
                encoding_rs::EUC_KR,
                "도서관은 토요일 오전 아홉 시에 문을 엽니다.",
            ),
            (
                encoding_rs::KOI8_R,
                "Библиотека открыта в субботу с девяти часов утра.",
            ),
            (
                encoding_rs::WINDOWS_1251,
                "Библиотека открыта в субботу с девяти часов утра.",
            ),
            (
                encoding_rs::WINDOWS_1253,
                "Η βιβλιοθήκη είναι ανοιχτή το Σάββατο.",
            ),
            (
                encoding_rs::WINDOWS_874,
                "ห้องสมุดเปิดวันเสาร์เวลาเก้าโมงเช้า ยืมหนังสือได้สามสิบวัน",
            ),
            (encoding_rs::WINDOWS_1255, "הספרייה פתוחה בשבת משעה תשע."),
            (
                encoding_rs::WINDOWS_1250,
                "Knihovna je otevřena v sobotu. Výpůjční doba je třicet dní, žádné prodloužení.",
            ),
        ];
        for (encoding, text) in cases {
            let (bytes, _, _) = encoding.encode(text);
            assert_eq!(legacy(&bytes).as_deref(), Some(text), "{}", encoding.name());
        }
    }

    #[test]
    fn noise_and_broken_utf8_are_refused() {
        for bytes in [
            &b"hello \xc3\x28 world"[..],
            b"abc\xff\xfedef",
            b"\x80\x81\x82",
            b"lone \xc0\xaf",
            "naïve café and déjà vu \u{e9}"
                .as_bytes()
                .split_last()
                .map_or(&[][..], |(_, cut)| cut),
        ] {
            assert_eq!(legacy(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn utf16_is_known_without_its_mark() {
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        assert_eq!(
            utf16(&wide("Opening hours")).as_deref(),
            Some("Opening hours")
        );
        assert_eq!(utf16(b"abc\0def\0"), None);
        assert_eq!(utf16(b"plain text"), None);
    }
}
