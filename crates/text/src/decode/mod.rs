//! Decodes bytes to characters. UTF-8 is the default, a byte order mark or an HTML declaration
//! takes precedence, and other encodings are guessed; a text that does not look like one is refused
//! rather than indexed as noise.

mod guess;

use super::{ExtractFailure, FailureCode};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Decodes plain text.
///
/// # Errors
/// `invalid_encoding` with the offset of the first invalid byte.
pub(super) fn plain(bytes: &[u8]) -> Result<String, ExtractFailure> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return strictly(encoding, bytes.get(mark..).unwrap_or_default());
    }
    if let Some(text) = guess::utf16(bytes) {
        return Ok(text);
    }
    refuse_binary(bytes)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => guess::legacy(bytes).ok_or_else(|| {
            invalid(format!(
                "byte {} is not valid UTF-8, the file declares no other encoding, and none can be told \
                 from its text: save it as UTF-8",
                error.valid_up_to()
            ))
        }),
    }
}

/// Decodes HTML: as [`plain`], but a `charset` declared near its start takes precedence.
///
/// # Errors
/// As for [`plain`].
pub(super) fn html(bytes: &[u8]) -> Result<String, ExtractFailure> {
    if Encoding::for_bom(bytes).is_none()
        && let Some(encoding) = declared_charset(bytes)
        && encoding != UTF_8
    {
        refuse_binary(bytes)?;
        return strictly(encoding, bytes);
    }
    plain(bytes)
}

fn invalid(message: String) -> ExtractFailure {
    ExtractFailure::new(FailureCode::InvalidEncoding, message)
}

fn strictly(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, ExtractFailure> {
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| invalid(format!("the bytes are not valid {}", encoding.name())))?;
    if text.contains('\0') {
        return Err(invalid(format!(
            "the {} text has NUL characters",
            encoding.name()
        )));
    }
    Ok(text.into_owned())
}

/// Refuses what looks like a binary file: NUL bytes, or many control characters.
fn refuse_binary(bytes: &[u8]) -> Result<(), ExtractFailure> {
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(invalid(format!(
            "byte {at} is NUL: the file is binary, or UTF-16 without a byte order mark"
        )));
    }
    let controls = bytes
        .iter()
        .filter(|byte| byte.is_ascii_control() && !b"\t\n\r\x0c\x1b\x08".contains(byte))
        .count();
    if controls * 20 > bytes.len() {
        return Err(invalid(format!(
            "{controls} of {} bytes are control characters: the file is binary",
            bytes.len()
        )));
    }
    Ok(())
}

/// The HTML standard looks for a declaration in the first 1,024 bytes.
const DECLARED_WITHIN_BYTES: usize = 1024;

fn declared_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..DECLARED_WITHIN_BYTES.min(bytes.len()))?;
    let head = head.to_ascii_lowercase();
    ["charset=", "encoding="].iter().find_map(|key| {
        let at = head
            .windows(key.len())
            .position(|window| window == key.as_bytes())?;
        let value = head.get(at + key.len()..)?;
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let value = value.strip_prefix(b"'").unwrap_or(value);
        let end = value
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && !b"-_.:".contains(byte))
            .unwrap_or(value.len());
        let encoding = Encoding::for_label(value.get(..end)?)?;
        // A declaration that was found byte by byte cannot itself be UTF-16.
        Some(if encoding == UTF_16LE || encoding == UTF_16BE {
            UTF_8
        } else {
            encoding
        })
    })
}
