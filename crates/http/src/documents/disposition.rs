//! The file name of a part of a form, in the forms that clients write it in: `filename*` (RFC 8187),
//! which counts before `filename`, encoded words (RFC 2047, .NET), raw UTF-8 or Latin-1, and with the
//! folders of a Windows path. Whether the name is allowed, `FileName` says.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_DISPOSITION;
use mail_parser::MessageParser;
use percent_encoding::percent_decode_str;

/// The file name that a part's `Content-Disposition` states.
pub(super) fn file_name(headers: &HeaderMap) -> Option<String> {
    let bytes = headers.get(CONTENT_DISPOSITION)?.as_bytes();
    let header = match std::str::from_utf8(bytes) {
        Ok(header) => header.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    let parameters = parameters(&header);
    let of = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let extended = of("filename*").and_then(extended_value);
    let name = extended.or_else(|| Some(decoded_words(of("filename")?)))?;
    Some(without_folders(&name).to_owned())
}

/// The parameters behind the first `;`, with their names in lower case and their values unquoted.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted),
            None => {
                let end = after.find(';').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim().to_owned(), after)
            }
        };
        found.push((
            name.trim_matches([' ', ';', '\t']).to_ascii_lowercase(),
            value,
        ));
        rest = after;
    }
    found
}

/// A value up to its closing quote, and what follows. Only a quote is escaped: browsers write
/// backslashes of paths as they are.
fn quoted_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let escapes = c == '\\' && chars.peek().is_some_and(|(_, next)| *next == '"');
        if c == '"' {
            return (value, text.get(at + 1..).unwrap_or_default());
        }
        if escapes {
            chars.next();
            value.push('"');
        } else {
            value.push(c);
        }
    }
    (value, "")
}

/// `UTF-8'en'na%C3%AFve.txt` → `naïve.txt`.
fn extended_value(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    if charset.eq_ignore_ascii_case("utf-8") {
        return String::from_utf8(bytes).ok();
    }
    let is_latin = charset.eq_ignore_ascii_case("iso-8859-1");
    is_latin.then(|| bytes.into_iter().map(char::from).collect())
}

/// A value with its encoded words decoded: `=?utf-8?B?w4QudHh0?=` → `Ä.txt`.
fn decoded_words(value: &str) -> String {
    if !value.starts_with("=?") || !value.ends_with("?=") {
        return value.to_owned();
    }
    let message = format!("Subject: {value}\r\n\r\n");
    let decoded = MessageParser::default()
        .parse(message.as_bytes())
        .and_then(|message| message.subject().map(str::to_owned));
    decoded.unwrap_or_else(|| value.to_owned())
}

/// `C:\reports\may.pdf` → `may.pdf`: old browsers send the whole path.
fn without_folders(name: &str) -> &str {
    let is_path = name.get(1..3) == Some(":\\") || name.starts_with("\\\\");
    match name.rsplit_once('\\') {
        Some((_, last)) if is_path => last,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;
    use axum::http::header::CONTENT_DISPOSITION;
    use axum::http::{HeaderMap, HeaderValue};

    fn name_in(header: &[u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_DISPOSITION,
            HeaderValue::from_bytes(header).unwrap(),
        );
        file_name(&headers)
    }

    #[test]
    fn names_are_read_as_clients_write_them() {
        for (header, name) in [
            (
                &b"form-data; name=\"file\"; filename=\"plan.txt\""[..],
                "plan.txt",
            ),
            (
                b"form-data; name=file; filename=plan.txt; filename*=utf-8''plan%20b.txt",
                "plan b.txt",
            ),
            (
                b"form-data; name=\"file\"; filename*=UTF-8'de'Gr%C3%B6%C3%9Fe.md; filename=x.md",
                "Gr\u{f6}\u{df}e.md",
            ),
            (
                b"form-data; name=\"file\"; filename*=iso-8859-1''caf%E9.txt",
                "caf\u{e9}.txt",
            ),
            (
                b"form-data; name=\"file\"; filename=\"=?utf-8?B?R3LDtsOfZS50eHQ=?=\"",
                "Gr\u{f6}\u{df}e.txt",
            ),
            (
                b"form-data; name=file; filename==?utf-8?Q?caf=C3=A9.txt?=",
                "caf\u{e9}.txt",
            ),
            (
                "form-data; name=\"file\"; filename=\"\u{65e5}\u{672c}.txt\"".as_bytes(),
                "\u{65e5}\u{672c}.txt",
            ),
            (
                b"form-data; name=\"file\"; filename=\"caf\xe9.txt\"",
                "caf\u{e9}.txt",
            ),
            (
                b"form-data; name=\"file\"; filename=\"C:\\docs\\may.pdf\"",
                "may.pdf",
            ),
            (
                b"form-data; name=\"file\"; filename=\"a \\\"b\\\"; c.txt\"",
                "a \"b\"; c.txt",
            ),
            (b"form-data; name=\"file\"; FileName=\"a.txt\"", "a.txt"),
            (
                b"form-data; name=\"file\"; filename*=utf-8''%FF.txt; filename=\"b.txt\"",
                "b.txt",
            ),
        ] {
            assert_eq!(
                name_in(header).as_deref(),
                Some(name),
                "{}",
                header.escape_ascii()
            );
        }
        assert_eq!(name_in(b"form-data; name=\"file\""), None);
        assert_eq!(
            name_in(b"form-data; filename=\"../a.txt\"").as_deref(),
            Some("../a.txt")
        );
    }
}
