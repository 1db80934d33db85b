//! What a request asks for: by its path whose shape it has, by its body which model and whether in
//! pieces. Paths are known by their ends, so that any prefix of a gateway's will do.

use super::dialect::Vendor;
use hyper::Method;
use hyper::http::request::Parts;
use serde::Deserialize;

/// Where a request belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// An answer in words.
    Chat(Call),
    /// Vectors, in OpenAI's shape.
    Embeddings,
    /// The list of models.
    Models(Vendor),
    /// `/_stub/…`: the rest of the path.
    Steering(String),
    /// Nothing that is served.
    Nothing,
}

/// A question to a model, as far as the path tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) vendor: Vendor,
    /// Gemini has model and stream in the path.
    in_path: Option<(String, bool)>,
}

/// Everything about a question that decides the shape of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) vendor: Vendor,
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    /// A guess: a token for every four bytes of the request.
    pub(super) prompt_tokens: usize,
}

/// The fields of a body that matter; the others are skipped without being taken apart.
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
    /// Where a request with this head belongs.
    pub(super) fn of(head: &Parts) -> Self {
        let path = head.uri.path().trim_end_matches('/');
        if let Some(rest) = path.strip_prefix("/_stub") {
            return Self::Steering(rest.trim_start_matches('/').to_owned());
        }
        if head.method == Method::GET && path.ends_with("/models") {
            return Self::Models(models_vendor(head));
        }
        if head.method != Method::POST {
            return Self::Nothing;
        }
        let call = |vendor| Call {
            vendor,
            in_path: None,
        };
        if path.ends_with("/chat/completions") {
            Self::Chat(call(Vendor::OpenAi))
        } else if path.ends_with("/messages") {
            Self::Chat(call(Vendor::Anthropic))
        } else if path.ends_with("/embeddings") {
            Self::Embeddings
        } else {
            gemini(head, path).map_or(Self::Nothing, Self::Chat)
        }
    }
}

/// `…/models/{model}:generateContent` and `…:streamGenerateContent`.
fn gemini(head: &Parts, path: &str) -> Option<Call> {
    let (_, last) = path.rsplit_once("/models/")?;
    let (model, verb) = last.split_once(':')?;
    let stream = match verb {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return None,
    };
    let query = head.uri.query().unwrap_or_default();
    let events = query.split('&').any(|part| part == "alt=sse");
    Some(Call {
        vendor: Vendor::Gemini { events },
        in_path: Some((model.to_owned(), stream)),
    })
}

fn models_vendor(head: &Parts) -> Vendor {
    if head.headers.contains_key("anthropic-version") {
        Vendor::Anthropic
    } else if head.uri.path().contains("/v1beta") {
        Vendor::Gemini { events: false }
    } else {
        Vendor::OpenAi
    }
}

impl Asked {
    /// Reads the body of a question.
    ///
    /// # Errors
    /// The words for the caller when it is no JSON, or a field that matters has another type.
    pub(super) fn read(call: &Call, body: &[u8]) -> Result<Self, String> {
        let envelope: Envelope = serde_json::from_slice(body)
            .map_err(|error| format!("the request cannot be read: {error}"))?;
        let (model, stream) = call.in_path.clone().unwrap_or_else(|| {
            (
                envelope.model.unwrap_or_default(),
                envelope.stream == Some(true),
            )
        });
        let include_usage = envelope
            .stream_options
            .is_some_and(|options| options.include_usage == Some(true));
        Ok(Self {
            vendor: call.vendor,
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
        let request = hyper::Request::builder().method(method).uri(uri);
        Route::of(&request.body(()).unwrap().into_parts().0)
    }

    fn call(uri: &str) -> Option<Call> {
        match route("POST", uri) {
            Route::Chat(call) => Some(call),
            _ => None,
        }
    }

    fn vendor(uri: &str) -> Vendor {
        call(uri).unwrap().vendor
    }

    #[test]
    fn paths_are_known_by_their_ends() {
        for prefix in ["/v1", "/openai", "/ai/v1/openai", ""] {
            assert_eq!(
                vendor(&format!("{prefix}/chat/completions")),
                Vendor::OpenAi
            );
            assert_eq!(
                route("POST", &format!("{prefix}/embeddings")),
                Route::Embeddings
            );
        }
        assert_eq!(vendor("/v1/messages"), Vendor::Anthropic);
        let events = vendor("/v1beta/models/g-2:streamGenerateContent?key=k&alt=sse");
        assert_eq!(events, Vendor::Gemini { events: true });
        let array = vendor("/v1beta/models/g-2:streamGenerateContent");
        assert_eq!(array, Vendor::Gemini { events: false });
        assert_eq!(
            route("POST", "/v1beta/models/g-2:countTokens"),
            Route::Nothing
        );
        assert_eq!(route("GET", "/v1/chat/completions"), Route::Nothing);
        assert_eq!(route("GET", "/v1/models"), Route::Models(Vendor::OpenAi));
        assert_eq!(
            route("GET", "/_stub/stats"),
            Route::Steering("stats".to_owned())
        );
    }

    #[test]
    fn a_body_says_model_and_stream_unless_the_path_does() {
        let openai = call("/v1/chat/completions").unwrap();
        let body = br#"{"model": "m", "stream": true, "stream_options": {"include_usage": true},
                       "messages": [{"role": "user", "content": "?"}]}"#;
        let asked = Asked::read(&openai, body).unwrap();
        assert!(asked.stream && asked.include_usage);
        assert_eq!(asked.model, "m");
        let asked = Asked::read(&openai, br#"{"stream": null}"#).unwrap();
        assert!(!asked.stream);
        assert!(Asked::read(&openai, b"{").is_err());

        let gemini = call("/v1beta/models/g-2:streamGenerateContent").unwrap();
        let asked = Asked::read(&gemini, br#"{"contents": []}"#).unwrap();
        assert_eq!((asked.model.as_str(), asked.stream), ("g-2", true));
    }
}
