//! As much of HTTP/1.1 as this benchmark's own two ends need: heads, lengths, chunks. It knows nothing of
//! sockets, and refuses what neither ragd nor the upstream here has a reason to send.

/// What the head of a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The status of an answer; of a request, nothing of meaning.
    pub status: u16,
    pub length: Length,
    /// Bytes of the head, its empty line included.
    pub bytes: usize,
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Bytes(usize),
    Chunked,
}

/// The head at the beginning of `bytes`; `None`: it is not whole yet.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let end = find(bytes, b"\r\n\r\n")?;
    let mut lines = bytes[..end].split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let mut length = Length::Bytes(0);
    for line in lines {
        if let Some(value) = value(line, b"content-length:") {
            length = Length::Bytes(usize::try_from(number(value)).unwrap_or_default());
        } else if value(line, b"transfer-encoding:").is_some() {
            length = Length::Chunked;
        }
    }
    Some(Head {
        status: first
            .get(9..12)
            .map_or(0, |digits| u16::try_from(number(digits)).unwrap_or(0)),
        length,
        bytes: end + 4,
    })
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

/// The decimal number in `bytes`, whatever else is around it.
pub fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0_u64, |sum, digit| {
            sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
        })
}

/// Where `wanted`, which is not empty, begins first.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Takes the framing off a chunked body that comes in pieces of any size.
#[derive(Debug, Default)]
pub struct Chunked {
    state: State,
    left: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Extension,
    Data,
    DataEnd,
    Ended,
}

impl Chunked {
    /// Adds the data in `input` to `data`; true once the body has ended.
    pub fn decode(&mut self, mut input: &[u8], data: &mut Vec<u8>) -> bool {
        while !input.is_empty() && self.state != State::Ended {
            if self.state == State::Data {
                let (now, later) = input.split_at(self.left.min(input.len()));
                data.extend_from_slice(now);
                self.left -= now.len();
                input = later;
                if self.left == 0 {
                    self.state = State::DataEnd;
                }
            } else {
                self.step(input[0]);
                input = &input[1..];
            }
        }
        self.state == State::Ended
    }

    fn step(&mut self, byte: u8) {
        match (self.state, byte) {
            (State::Size | State::Extension, b'\n') if self.left == 0 => self.state = State::Ended,
            (State::Size | State::Extension, b'\n') => self.state = State::Data,
            (State::Size, b';') => self.state = State::Extension,
            (State::Size, byte) => {
                if let Some(digit) = (byte as char).to_digit(16) {
                    self.left = (self.left << 4) | digit as usize;
                }
            }
            (State::DataEnd, b'\n') => self.state = State::Size,
            _ => {}
        }
    }
}
