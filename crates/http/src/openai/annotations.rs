//! Citations in OpenAI's form: an annotation for each marker in the text, and the cited sources as a list
//! beside the choices.

use ragd_language::citation::markers;
use ragd_service::chat::{Answer, CitationStatus, Source};
use serde_json::{Value, json};

/// `message.annotations`: one `url_citation` for each marker in `text`, the answer as the client has it.
/// Indexes count characters.
pub(super) fn annotations(answer: &Answer, text: &str) -> Vec<Value> {
    let place = |byte: usize| text.get(..byte).map_or(0, |before| before.chars().count());
    let of = |number: usize| source(answer, number);
    markers(text)
        .into_iter()
        .filter_map(|marker| {
            let source = of(marker.number)?;
            Some(json!({
                "type": "url_citation",
                "url_citation": {
                    "url": source.uri,
                    "title": source.title,
                    "start_index": place(marker.start),
                    "end_index": place(marker.end),
                },
            }))
        })
        .collect()
}

/// The cited sources, in the order of their numbers.
pub(super) fn citations(answer: &Answer) -> Vec<Value> {
    let cited = answer.draft.sources.iter().filter(|source| source.cited);
    cited
        .map(|source| {
            let checked = answer
                .draft
                .citations
                .iter()
                .filter(|one| one.citation_index == source.citation_index);
            let best = checked.max_by(|a, b| a.score.total_cmp(&b.score));
            let is_supported = best.is_some_and(|one| one.status == CitationStatus::Supported);
            json!({
                "index": source.citation_index,
                "passage_id": source.passage_id,
                "document_id": source.document_id,
                "title": source.title,
                "url": source.uri,
                "page": source.page,
                "char_start": source.char_start,
                "char_end": source.char_end,
                "text": source.text,
                "status": if is_supported { "supported" } else { "unsupported" },
                "score": best.map_or(0.0, |one| one.score),
            })
        })
        .collect()
}

/// ragd's own details of an answer.
pub(super) fn of_ragd(answer: &Answer) -> Value {
    json!({
        "grounded": answer.draft.grounded,
        "confidence": answer.draft.confidence,
        "session_id": answer.session_id,
        "message_id": answer.message_id,
        "provider": answer.draft.provider,
        "model": answer.draft.model,
        "degraded": answer.draft.degraded,
        "searched": answer.draft.searched,
        "sources": answer.draft.sources.iter().map(named).collect::<Vec<_>>(),
    })
}

/// A source by its name, cited or not.
fn named(source: &Source) -> Value {
    json!({
        "index": source.citation_index,
        "document_id": source.document_id,
        "title": source.title,
        "uri": source.uri,
    })
}

/// The completion id of an answer.
pub(super) fn completion_id(answer: &Answer) -> String {
    format!("chatcmpl-{}", answer.message_id.uuid().simple())
}

fn source(answer: &Answer, number: usize) -> Option<&Source> {
    let mut sources = answer.draft.sources.iter();
    sources.find(|source| source.citation_index == number)
}
