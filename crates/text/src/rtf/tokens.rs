//! The tokens of RTF: groups, control words with their numbers, and bytes of text.

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{`
    Open,
    /// `}`
    Close,
    /// A control word or sign without its backslash, and its number.
    Word(&'a [u8], Option<i64>),
    /// `\*`: the rest of the group may be ignored.
    Ignorable,
    /// A byte of text in the document's code page.
    Byte(u8),
}

/// Splits bytes into tokens.
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next token; line breaks are ignored.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (first, after) = self.rest.split_first()?;
            self.rest = after;
            match first {
                b'{' => return Some(Token::Open),
                b'}' => return Some(Token::Close),
                b'\\' => return self.control(),
                b'\r' | b'\n' | 0 => {}
                byte => return Some(Token::Byte(*byte)),
            }
        }
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.rest.first()?;
        if first.is_ascii_alphabetic() {
            return Some(self.word());
        }
        let (sign, after) = self.rest.split_at_checked(1)?;
        self.rest = after;
        Some(match first {
            b'\'' => {
                let (digits, after) = self.rest.split_at_checked(2)?;
                self.rest = after;
                let digits = std::str::from_utf8(digits).unwrap_or_default();
                Token::Byte(u8::from_str_radix(digits, 16).unwrap_or(b'?'))
            }
            b'*' => Token::Ignorable,
            b'\\' | b'{' | b'}' => Token::Byte(first),
            b'\r' | b'\n' => Token::Word(b"par", None),
            _ => Token::Word(sign, None),
        })
    }

    fn word(&mut self) -> Token<'a> {
        let name = self.take_while(u8::is_ascii_alphabetic);
        let negative =
            self.rest.first() == Some(&b'-') && self.rest.get(1).is_some_and(u8::is_ascii_digit);
        if negative {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        let digits = self.take_while(u8::is_ascii_digit);
        let number = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<i64>().ok())
            .map(|number| if negative { -number } else { number });
        if let Some((b' ', after)) = self.rest.split_first() {
            self.rest = after;
        }
        if name == b"bin" {
            let count = usize::try_from(number.unwrap_or_default()).unwrap_or_default();
            self.rest = self.rest.get(count..).unwrap_or_default();
        }
        Token::Word(name, number)
    }

    fn take_while(&mut self, fits: impl Fn(&u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !fits(byte));
        let (taken, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = after;
        taken
    }
}
