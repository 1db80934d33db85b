//! The places of calls in a stream whose server leaves `index` out: clients join the pieces of a call by
//! it. A call that begins gets the next place; a piece without an id belongs to the last one.

use serde_json::Value;
use std::collections::HashMap;

/// More calls than this in one answer share the last place.
const MOST_CALLS: usize = 1_024;

/// The calls of each answer of one stream, by their ids.
#[derive(Debug, Default)]
pub(super) struct CallPlaces(HashMap<u64, Vec<String>>);

impl CallPlaces {
    /// The `choices` of an event, in which every call has its index; `None` if it has none.
    pub(super) fn repair(&mut self, data: &str) -> Option<String> {
        let mut event: Value = serde_json::from_str(data).ok()?;
        let choices = event.get_mut("choices")?;
        for choice in choices.as_array_mut()? {
            let answer = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            let calls = choice
                .get_mut("delta")
                .and_then(|delta| delta.get_mut("tool_calls"))
                .and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                let place = self.place(answer, call);
                if let Some(call) = call.as_object_mut() {
                    call.insert("index".to_owned(), place.into());
                }
            }
        }
        Some(choices.to_string())
    }

    fn place(&mut self, answer: u64, call: &Value) -> usize {
        if let Some(index) = call.get("index").and_then(Value::as_u64) {
            return usize::try_from(index).unwrap_or_default();
        }
        let known = self.0.entry(answer).or_default();
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        let name = call
            .get("function")
            .and_then(|function| function.get("name"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        let continues = id.is_empty() && name.is_empty() && !known.is_empty();
        let seen = known
            .iter()
            .rposition(|other| !id.is_empty() && other == id);
        match seen {
            Some(place) => place,
            None if continues || known.len() >= MOST_CALLS => known.len().saturating_sub(1),
            None => {
                known.push(id.to_owned());
                known.len() - 1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CallPlaces;
    use serde_json::{Value, json};

    fn places(places: &mut CallPlaces, calls: &Value) -> Vec<u64> {
        let event = json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]});
        let repaired = places.repair(&event.to_string()).unwrap();
        let repaired: Value = serde_json::from_str(&repaired).unwrap();
        let calls = repaired[0]["delta"]["tool_calls"].as_array().unwrap();
        calls
            .iter()
            .map(|call| call["index"].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn calls_are_told_apart_by_their_ids_and_their_order() {
        let mut stream = CallPlaces::default();
        let begin = |id: &str| json!({"id": id, "function": {"name": "f", "arguments": ""}});
        let more = json!({"function": {"arguments": "{}"}});
        assert_eq!(
            places(&mut stream, &json!([begin("a"), begin("b")])),
            [0, 1]
        );
        assert_eq!(places(&mut stream, &json!([more])), [1]);
        assert_eq!(places(&mut stream, &json!([begin("a")])), [0]);
        assert_eq!(places(&mut stream, &json!([begin("")])), [2]);
        assert_eq!(places(&mut stream, &json!([begin("")])), [3]);
    }
}
