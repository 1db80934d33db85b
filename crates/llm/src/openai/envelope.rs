//! What surrounds the pieces of a stream for a client of OpenAI's API: one `id`, `created` and
//! `model` from the first to the last, whatever the upstream writes. A piece that has them already
//! is passed on as it came.

use super::stream::choices_of;
use crate::FinishReason;
use crate::wire::{Chunk, Named};
use serde_json::{Value, json};

/// The envelope of one stream.
#[derive(Debug, Clone)]
pub struct Envelope {
    id: String,
    created: i64,
    model: String,
    /// Whether they are settled: the first piece settles them.
    is_settled: bool,
}

impl Envelope {
    /// An envelope that the first piece may still name otherwise.
    pub fn new(id: String, created: i64, model: String) -> Self {
        Self {
            id,
            created,
            model,
            is_settled: false,
        }
    }

    /// The JSON that shows a chunk, from the `data` of its event; `None` when it shows nothing.
    pub(crate) fn shown(&mut self, chunk: &Chunk, data: String) -> Option<String> {
        self.settle(chunk);
        match &chunk.named {
            Some(_) if chunk.choices_with_index.is_some() => {
                Some(self.around(chunk.choices_with_index.as_deref()?))
            }
            Some(named) if self.is_named_in(named, chunk.model.as_deref()) => Some(data),
            Some(_) => Some(self.around(&choices_of(&data)?)),
            None if chunk.choices.is_empty() => None,
            None => Some(self.around(&chunk.choices)),
        }
    }

    /// Whether an event of OpenAI's wire may be shown as it came.
    fn is_named_in(&self, named: &Named, model: Option<&str>) -> bool {
        named.is_plain
            && named.id == self.id
            && named.created == self.created
            && model == Some(self.model.as_str())
    }

    fn settle(&mut self, chunk: &Chunk) {
        if self.is_settled {
            return;
        }
        self.is_settled = true;
        if let Some(named) = &chunk.named {
            if !named.id.is_empty() {
                self.id.clone_from(&named.id);
            }
            if named.created > 0 {
                self.created = named.created;
            }
        }
        if let Some(model) = &chunk.model {
            self.model.clone_from(model);
        }
    }

    /// A chunk around `choices`, which is JSON.
    fn around(&self, choices: &str) -> String {
        let Self {
            id, created, model, ..
        } = self;
        let (id, model) = (json!(id), json!(model));
        format!(
            "{{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{created},\
             \"model\":{model},\"choices\":{choices}}}"
        )
    }

    /// A chunk with one delta.
    pub fn delta(&self, delta: &Value) -> String {
        self.around(&format!(
            "[{{\"index\":0,\"delta\":{delta},\"finish_reason\":null}}]"
        ))
    }

    /// The chunk with the role: the first one.
    pub fn role(&self) -> String {
        self.delta(&json!({ "role": "assistant", "content": "" }))
    }

    /// The chunk with the finish reason.
    pub fn end(&self, reason: FinishReason) -> String {
        let reason = reason.as_str();
        self.around(&format!(
            "[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]"
        ))
    }

    /// The chunk with the usage; `usage` is JSON.
    pub fn usage(&self, usage: &str) -> String {
        let mut chunk = self.around("[]");
        chunk.pop();
        chunk.push_str(",\"usage\":");
        chunk.push_str(usage);
        chunk.push('}');
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(id: &str, is_plain: bool) -> Chunk {
        let named = Named {
            id: id.to_owned(),
            created: 7,
            is_plain,
        };
        Chunk {
            named: Some(named),
            model: Some("m".to_owned()),
            ..Chunk::default()
        }
    }

    #[test]
    fn the_first_piece_names_all_of_them() {
        let mut envelope = Envelope::new("ours".to_owned(), 1, "asked".to_owned());
        let data = r#"{"choices":[{"index":0}],"x":1}"#;
        let shown = |envelope: &mut Envelope, chunk: &Chunk| envelope.shown(chunk, data.to_owned());
        assert_eq!(
            shown(&mut envelope, &chunk("a", true)).as_deref(),
            Some(data)
        );
        let expected = r#"{"id":"a","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0}]}"#;
        for other in [chunk("b", true), chunk("a", false)] {
            assert_eq!(shown(&mut envelope, &other).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_ragd_adds_is_json_in_the_same_envelope() {
        let envelope = Envelope::new("a\"b".to_owned(), 1, "m".to_owned());
        for json in [
            envelope.role(),
            envelope.end(FinishReason::Length),
            envelope.usage("{}"),
        ] {
            let value: Value = serde_json::from_str(&json).unwrap();
            assert_eq!(
                (value["id"].as_str(), value["created"].as_i64()),
                (Some("a\"b"), Some(1))
            );
        }
    }
}
