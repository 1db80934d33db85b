//! Decodes bytes of a code page, and Unicode characters with their substitutes, to text.

use encoding_rs::{Encoding, WINDOWS_1252};

/// The text since the last paragraph, cell or note.
pub(super) struct Characters {
    text: String,
    /// Bytes that are not decoded yet.
    bytes: Vec<u8>,
    encoding: &'static Encoding,
    /// How many of the next bytes repeat a Unicode character for older readers.
    substitutes: usize,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    /// The text of the paragraph while a note within it is read.
    outside: String,
}

impl Default for Characters {
    fn default() -> Self {
        Self {
            text: String::new(),
            bytes: Vec::new(),
            encoding: WINDOWS_1252,
            substitutes: 0,
            high: None,
            outside: String::new(),
        }
    }
}

impl Characters {
    /// Sets the code page of the following bytes.
    pub(super) fn code_page(&mut self, number: i64) {
        self.flush();
        let label = match number {
            932 => "shift_jis".to_owned(),
            936 => "gbk".to_owned(),
            949 => "euc-kr".to_owned(),
            950 => "big5".to_owned(),
            65001 => "utf-8".to_owned(),
            10000 => "macintosh".to_owned(),
            other => format!("windows-{other}"),
        };
        self.encoding = Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        if self.substitutes > 0 {
            self.substitutes -= 1;
        } else {
            self.bytes.push(byte);
        }
    }

    /// Skips a byte of hidden text.
    pub(super) fn skip(&mut self) {
        self.substitutes = self.substitutes.saturating_sub(1);
    }

    /// `\uN`: a code unit of UTF-16, written as a signed number, followed by `substitutes` bytes.
    pub(super) fn unicode(&mut self, code: i64, substitutes: usize) {
        self.flush();
        self.substitutes = substitutes;
        let Ok(unit) = u16::try_from(if code < 0 { code + 65_536 } else { code }) else {
            return;
        };
        match (self.high.take(), unit) {
            (_, 0xD800..=0xDBFF) => self.high = Some(unit),
            (Some(high), 0xDC00..=0xDFFF) => {
                let pair = char::decode_utf16([high, unit]).flatten();
                self.text.extend(pair);
            }
            (_, unit) => self.text.extend(char::from_u32(u32::from(unit))),
        }
    }

    pub(super) fn sign(&mut self, sign: char) {
        self.flush();
        self.text.push(sign);
    }

    /// Substitutes end with their group.
    pub(super) fn end_substitutes(&mut self) {
        self.substitutes = 0;
    }

    /// Keeps the text so far while a note is read.
    pub(super) fn begin_aside(&mut self) {
        self.flush();
        self.outside = std::mem::take(&mut self.text);
    }

    /// Returns the text of the note, and restores the text before it.
    pub(super) fn take_aside(&mut self) -> String {
        self.flush();
        std::mem::replace(&mut self.text, std::mem::take(&mut self.outside))
    }

    /// Takes the text so far.
    pub(super) fn take(&mut self) -> String {
        self.flush();
        std::mem::take(&mut self.text)
    }

    fn flush(&mut self) {
        let (text, _) = self.encoding.decode_without_bom_handling(&self.bytes);
        self.text.push_str(&text);
        self.bytes.clear();
    }
}
