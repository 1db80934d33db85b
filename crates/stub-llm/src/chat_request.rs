//! What a request asks for: by its path which format it has, by its body which model and whether in
//! pieces. Paths are known by their ends, so that any prefix of a gateway's will do.

use super::transport::Request;
use super::wire::{Wire, WireFormat};
use serde::Deserialize;

/// Where a request belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// A chat answer.
    Chat(ChatRoute),
    /// Embeddings, in OpenAI's format.
    Embeddings,
    /// The list of models.
    Models(Wire),
    /// `/_stub/…`: the rest of the path.
    Control(String),
    /// Nothing that is served.
    Unknown,
}

/// A chat request, as far as the path tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChatRoute {
    wire: Wire,
    /// A stream of Gemini's is one JSON array unless the request asks for events (`alt=sse`).
    as_array: bool,
    /// Gemini has model and stream in the path.
    in_path: Option<(String, bool)>,
}

/// Everything about a chat request that decides how its answer is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChatRequest {
    pub(super) wire: Wire,
    pub(super) as_array: bool,
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    /// A guess: a token for every four bytes of the request.
    pub(super) prompt_tokens: usize,
}

/// The fields of a body that matter; the others are skipped.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

impl Route {
    /// Where `request` belongs.
    pub(super) fn of(request: &Request) -> Self {
        let path = request.path().trim_end_matches('/');
        if let Some(rest) = path.strip_prefix("/_stub") {
            return Self::Control(rest.trim_start_matches('/').to_owned());
        }
        if request.method() == "GET" && path.ends_with("/models") {
            return Self::Models(models_wire(request));
        }
        if request.method() != "POST" {
            return Self::Unknown;
        }
        let chat = |wire| ChatRoute {
            wire,
            as_array: false,
            in_path: None,
        };
        if path.ends_with("/chat/completions") {
            Self::Chat(chat(Wire::OpenAi))
        } else if path.ends_with("/messages") {
            Self::Chat(chat(Wire::Anthropic))
        } else if path.ends_with("/embeddings") {
            Self::Embeddings
        } else {
            gemini(request, path).map_or(Self::Unknown, Self::Chat)
        }
    }
}

/// `…/models/{model}:generateContent` and `…:streamGenerateContent`.
fn gemini(request: &Request, path: &str) -> Option<ChatRoute> {
    let (_, last) = path.rsplit_once("/models/")?;
    let (model, verb) = last.split_once(':')?;
    let stream = match verb {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return None,
    };
    let events = request.query().split('&').any(|part| part == "alt=sse");
    Some(ChatRoute {
        wire: Wire::Gemini,
        as_array: !events,
        in_path: Some((model.to_owned(), stream)),
    })
}

fn models_wire(request: &Request) -> Wire {
    if request.header("anthropic-version").is_some() {
        Wire::Anthropic
    } else if request.path().contains("/v1beta") {
        Wire::Gemini
    } else {
        Wire::OpenAi
    }
}

impl ChatRoute {
    /// What this route's answers and errors look like.
    pub(super) fn format(&self) -> &'static dyn WireFormat {
        format(self.wire, self.as_array)
    }
}

fn format(wire: Wire, as_array: bool) -> &'static dyn WireFormat {
    if as_array {
        wire.array_format()
    } else {
        wire.format()
    }
}

impl ChatRequest {
    /// What its answer looks like.
    pub(super) fn format(&self) -> &'static dyn WireFormat {
        format(self.wire, self.as_array)
    }

    /// Reads the body of a chat request.
    ///
    /// # Errors
    /// What to tell the caller when it is not JSON, or a field that matters has another type.
    pub(super) fn read(route: &ChatRoute, body: &[u8]) -> Result<Self, String> {
        let envelope: Envelope = serde_json::from_slice(body)
            .map_err(|error| format!("the request cannot be read: {error}"))?;
        let (model, stream) = route.in_path.clone().unwrap_or_else(|| {
            (
                envelope.model.unwrap_or_default(),
                envelope.stream == Some(true),
            )
        });
        let include_usage = envelope
            .stream_options
            .is_some_and(|options| options.include_usage == Some(true));
        Ok(Self {
            wire: route.wire,
            as_array: route.as_array,
            model,
            stream,
            include_usage,
            prompt_tokens: body.len().div_ceil(4),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, uri: &str) -> Route {
        Route::of(&Request::for_test(&format!(
            "{method} {uri} HTTP/1.1\r\n\r\n"
        )))
    }

    fn chat(uri: &str) -> Option<ChatRoute> {
        match route("POST", uri) {
            Route::Chat(chat) => Some(chat),
            _ => None,
        }
    }

    fn wire(uri: &str) -> Wire {
        chat(uri).unwrap().wire
    }

    #[test]
    fn paths_are_known_by_their_ends() {
        for prefix in ["/v1", "/openai", "/ai/v1/openai", ""] {
            assert_eq!(wire(&format!("{prefix}/chat/completions")), Wire::OpenAi);
            assert_eq!(
                route("POST", &format!("{prefix}/embeddings")),
                Route::Embeddings
            );
        }
        assert_eq!(wire("/v1/messages"), Wire::Anthropic);
        let events = chat("/v1beta/models/g-2:streamGenerateContent?key=k&alt=sse").unwrap();
        assert_eq!((events.wire, events.as_array), (Wire::Gemini, false));
        let array = chat("/v1beta/models/g-2:streamGenerateContent").unwrap();
        assert_eq!((array.wire, array.as_array), (Wire::Gemini, true));
        assert_eq!(
            route("POST", "/v1beta/models/g-2:countTokens"),
            Route::Unknown
        );
        assert_eq!(route("GET", "/v1/chat/completions"), Route::Unknown);
        assert_eq!(route("GET", "/v1/models"), Route::Models(Wire::OpenAi));
        assert_eq!(
            route("GET", "/_stub/stats"),
            Route::Control("stats".to_owned())
        );
    }

    #[test]
    fn a_body_says_model_and_stream_unless_the_path_does() {
        let openai = chat("/v1/chat/completions").unwrap();
        let body = br#"{"model": "m", "stream": true, "stream_options": {"include_usage": true},
                       "messages": [{"role": "user", "content": "?"}]}"#;
        let request = ChatRequest::read(&openai, body).unwrap();
        assert!(request.stream && request.include_usage);
        assert_eq!(request.model, "m");
        let request = ChatRequest::read(&openai, br#"{"stream": null}"#).unwrap();
        assert!(!request.stream);
        assert!(ChatRequest::read(&openai, b"{").is_err());

        let gemini = chat("/v1beta/models/g-2:streamGenerateContent").unwrap();
        let request = ChatRequest::read(&gemini, br#"{"contents": []}"#).unwrap();
        assert_eq!((request.model.as_str(), request.stream), ("g-2", true));
    }
}
