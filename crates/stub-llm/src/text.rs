//! The text of answers, cut into tokens: a fixed sentence, numbers, what the user said, a given text,
//! or a sentence of the first source. A token here is a word with the white space before it; put
//! together they are the text to the byte.

use super::settings::{AnswerText, Settings};
use serde_json::Value;

const SENTENCE: &str = "The rehearsal upstream repeats this sentence until it has said as many words \
as it was told to say.";
/// How the prompt opens the source that is cited.
const SOURCE: &str = "<source number=\"1\"";
const SOURCE_END: &str = "</source>";
/// A sentence without an end is cut here, in characters.
const LONGEST_SENTENCE: usize = 400;

/// The text that does not depend on the request, if there is one.
pub(super) fn fixed(settings: &Settings) -> Option<Vec<String>> {
    match &settings.text {
        AnswerText::Sentence => Some(sentence(settings.tokens)),
        AnswerText::Numbered => Some(
            (1..=settings.tokens)
                .map(|number| format!(" t{number}"))
                .collect(),
        ),
        AnswerText::Say(text) => Some(tokens(text)),
        AnswerText::Echo | AnswerText::Cite => None,
    }
}

/// The text that answers this request.
pub(super) fn answering(settings: &Settings, request: &Value) -> Vec<String> {
    let text = match settings.text {
        AnswerText::Cite => citation(&system_text(request)),
        _ => last_user_text(request),
    };
    text.map_or_else(|| sentence(settings.tokens), |text| tokens(&text))
}

fn sentence(count: usize) -> Vec<String> {
    let words = SENTENCE.split(' ').cycle().take(count);
    words
        .enumerate()
        .map(|(at, word)| {
            let space = if at == 0 { "" } else { " " };
            format!("{space}{word}")
        })
        .collect()
}

/// Cuts before each run of white space.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    for c in text.chars() {
        if c.is_whitespace() && !token.trim_start().is_empty() {
            tokens.push(std::mem::take(&mut token));
        }
        token.push(c);
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

fn citation(system: &str) -> Option<String> {
    let (_, opened) = system.split_once(SOURCE)?;
    let (_, inside) = opened.split_once('>')?;
    let (text, _) = inside.split_once(SOURCE_END)?;
    let sentence = first_sentence(text);
    (!sentence.is_empty()).then(|| format!("{sentence} [1]"))
}

/// Up to the first `.`, `!` or `?` before white space, on one line.
fn first_sentence(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends = [". ", "! ", "? "];
    let end = ends
        .iter()
        .filter_map(|end| one_line.find(end))
        .min()
        .map_or(one_line.len(), |at| at + 1);
    one_line
        .chars()
        .take(one_line[..end].chars().count().min(LONGEST_SENTENCE))
        .collect()
}

/// The system message of a request in any of the three formats.
fn system_text(request: &Value) -> String {
    let instruction = ["systemInstruction", "system_instruction"]
        .iter()
        .find_map(|name| request.get(name));
    if let Some(instruction) = instruction {
        return text_of(&instruction["parts"]);
    }
    if let Some(system) = request.get("system") {
        return text_of(system);
    }
    let is_system = |message: &&Value| matches!(role(message), "system" | "developer");
    let messages = request["messages"].as_array().into_iter().flatten();
    let texts: Vec<String> = messages
        .filter(is_system)
        .map(|message| text_of(&message["content"]))
        .collect();
    texts.join("\n")
}

fn last_user_text(request: &Value) -> Option<String> {
    if let Some(messages) = request["messages"].as_array() {
        let last = messages
            .iter()
            .rev()
            .find(|message| role(message) == "user")?;
        return Some(text_of(&last["content"]));
    }
    // Gemini: a turn without a role is the user's.
    let turns = request["contents"].as_array()?;
    let last = turns
        .iter()
        .rev()
        .find(|turn| matches!(role(turn), "user" | ""))?;
    Some(text_of(&last["parts"]))
}

fn role(message: &Value) -> &str {
    message["role"].as_str().unwrap_or_default()
}

/// A text, or the texts of a list of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_sentence_has_as_many_tokens_as_requested() {
        for count in [1, 5, 64, 1_000] {
            assert_eq!(sentence(count).len(), count);
        }
        assert_eq!(sentence(3).concat(), "The rehearsal upstream");
    }

    #[test]
    fn tokens_put_together_are_the_text() {
        for text in [
            "",
            " ",
            "a",
            "  two  words ",
            "line\n\nline\tend",
            "é ü\u{a0}ß",
        ] {
            assert_eq!(tokens(text).concat(), text);
        }
        assert_eq!(tokens("Yes, it  is so"), ["Yes,", " it", "  is", " so"]);
    }

    #[test]
    fn an_echo_is_the_last_thing_the_user_said_to_any_vendor() {
        let requests = [
            json!({"messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "x"},
                                {"role": "user", "content": "two"}]}),
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "two"}]}]}),
            json!({"contents": [{"parts": [{"text": "two"}]}, {"role": "model", "parts": [{"text": "x"}]}]}),
        ];
        for request in requests {
            assert_eq!(last_user_text(&request).unwrap(), "two", "{request}");
        }
    }

    #[test]
    fn a_citation_is_the_first_sentence_of_source_one() {
        let system = "Answer from the sources.\n\n<source number=\"2\" title=\"b\">\nNo.\n</source>\n\n\
            <source number=\"1\" title=\"a 1.5\" page=\"3\">\nThe tower is\n38.5 m high. It is old.\n</source>";
        let requests = [
            json!({"messages": [{"role": "system", "content": system}, {"role": "user", "content": "?"}]}),
            json!({"system": system, "messages": []}),
            json!({"system": [{"type": "text", "text": system}], "messages": []}),
            json!({"systemInstruction": {"parts": [{"text": system}]}, "contents": []}),
        ];
        let settings = Settings {
            text: AnswerText::Cite,
            ..Settings::default()
        };
        for request in requests {
            let said = answering(&settings, &request).concat();
            assert_eq!(said, "The tower is 38.5 m high. [1]", "{request}");
        }
    }

    #[test]
    fn without_a_source_the_sentence_is_used() {
        let settings = Settings {
            text: AnswerText::Cite,
            tokens: 2,
            ..Settings::default()
        };
        for system in [
            "",
            "<source number=\"1\" title=\"a\">",
            "<source number=\"1\">\n\n</source>",
        ] {
            let request = json!({"system": system});
            assert_eq!(answering(&settings, &request).concat(), "The rehearsal");
        }
    }

    #[test]
    fn a_sentence_without_an_end_is_cut() {
        assert_eq!(first_sentence(&"ä".repeat(1_000)).chars().count(), 400);
    }
}
