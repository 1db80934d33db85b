//! The event-stream parser, on streams cut at every place where a network may cut them.

use super::*;
use proptest::prelude::*;

const STREAM: &str = "\u{feff}: welcome\r\ndata: {\"a\": \"é🙂\"}\r\n\r\nevent: error\ndata:one\ndata: two\n\n\
    : ping\n\nid: 7\nretry: 10\n\ndata\n\rdata: last\r\rdata: [DONE]\n\n";

fn expected() -> Vec<SseEvent> {
    let event = |name: &str, data: &str| SseEvent {
        name: name.to_owned(),
        data: data.to_owned(),
    };
    vec![
        event("", "{\"a\": \"é🙂\"}"),
        event("error", "one\ntwo"),
        event("", ""),
        event("", "last"),
        event("", "[DONE]"),
    ]
}

fn parse(pieces: &[&[u8]]) -> Result<Vec<SseEvent>, SseError> {
    let mut parser = SseParser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece, &mut events)?;
    }
    parser.finish(&mut events)?;
    Ok(events)
}

#[test]
fn a_stream_means_the_same_wherever_it_is_cut_in_two() {
    let bytes = STREAM.as_bytes();
    for cut in 0..=bytes.len() {
        let (left, right) = bytes.split_at(cut);
        assert_eq!(parse(&[left, right]).unwrap(), expected(), "cut at {cut}");
    }
}

#[test]
fn a_stream_may_come_byte_by_byte() {
    let pieces: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
    assert_eq!(parse(&pieces).unwrap(), expected());
}

proptest! {
    #[test]
    fn line_ends_do_not_matter(cuts in prop::collection::vec(1usize..9, 1..40), end in 0usize..3) {
        let text = STREAM.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.replace('\n', ["\n", "\r\n", "\r"][end]);
        let mut rest = text.as_bytes();
        let mut pieces = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, tail) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        prop_assert_eq!(parse(&pieces).unwrap(), expected());
    }
}

#[test]
fn an_event_without_its_empty_line_counts_at_the_end() {
    let events = parse(&[b"data: [DONE]"]).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].data, "[DONE]");
}

#[test]
fn a_line_over_the_limit_is_refused_even_when_it_never_ends() {
    let piece = vec![b'x'; 64 * 1024];
    let pieces: Vec<&[u8]> = std::iter::repeat_n(piece.as_slice(), 17).collect();
    assert_eq!(parse(&pieces), Err(SseError::LineTooLong));
    let fitting: Vec<&[u8]> = std::iter::repeat_n(piece.as_slice(), 16).collect();
    assert_eq!(parse(&fitting), Ok(Vec::new()));
}

#[test]
fn an_event_of_endless_lines_is_refused() {
    let line = format!("data: {}\n", "y".repeat(1_000_000));
    let pieces: Vec<&[u8]> = std::iter::repeat_n(line.as_bytes(), 5).collect();
    assert_eq!(parse(&pieces), Err(SseError::EventTooLarge));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(parse(&[b"data: \xff\n"]), Err(SseError::NotUtf8));
}
