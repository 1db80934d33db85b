//! One configured upstream: a call over its wire, from the request's JSON to the answer, under its
//! timeouts. It does not choose between upstreams, does not retry, and records no metrics: the router
//! does.

use super::answer::Answer;
use super::dialect::{self, Dialects, Lesson, STREAM_OPTIONS};
use super::marker::MarkerHabit;
use super::openai::{EMBEDDINGS_PATH, Envelope, Streamed, embeddings_usage};
use super::reader::{Reader, StreamDeadlines, StreamParts};
use super::transport::{self, Transport};
use super::wire::Refusal;
use super::withheld;
use super::{
    ChatReply, ChatRequest, ChatStream, ProviderError, ProviderErrorKind, ProviderSettings,
    Timeouts, Usage, Wire,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use ragd_core::clock::Clock;
use ragd_core::error::{Error, Result};
use ragd_core::outbound::{ModelClient, Reply, Target};
use reqwest::Url;
use std::borrow::Cow;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// How many fields one call may learn that a model does not take.
const MOST_LESSONS: usize = 3;

/// A call of `chat`, as it is sent.
#[derive(Clone, Copy)]
struct Outgoing<'a> {
    request: &'a ChatRequest,
    model: &'a str,
    stream: bool,
    /// By when its head must have come.
    deadline: Instant,
}

/// One configured upstream; cheap to clone.
#[derive(Debug, Clone)]
pub struct Provider {
    name: Arc<str>,
    model: String,
    base_url: Url,
    /// Where whole and streamed calls go, for a wire with one address.
    chat_target: Target,
    embeddings_target: Target,
    timeouts: Timeouts,
    loads_models: bool,
    transport: Transport,
    dialects: Arc<Dialects>,
    marker: MarkerHabit,
    clock: Clock,
}

impl Provider {
    /// An upstream with these settings.
    ///
    /// # Errors
    /// `Invalid` when the base URL is not an `http` or `https` address or a credential cannot be sent.
    pub fn new(settings: ProviderSettings, http: ModelClient, clock: Clock) -> Result<Self> {
        let name: Arc<str> = settings.name.as_str().into();
        let wire = settings.wire;
        let base_url = base(&name, &settings.base_url)?;
        let transport = Transport::new(&name, wire, settings.credentials, http)?;
        Ok(Self {
            chat_target: below(&base_url, &wire.chat_path(&settings.model, false)),
            embeddings_target: below(&base_url, EMBEDDINGS_PATH),
            base_url,
            model: settings.model,
            timeouts: settings.timeouts,
            loads_models: settings.loads_models,
            dialects: Arc::default(),
            // Only servers of OpenAI's wire are known to leave it out.
            marker: match wire {
                Wire::OpenAi => MarkerHabit::default(),
                Wire::Anthropic | Wire::Gemini => MarkerHabit::sends(),
            },
            transport,
            name,
            clock,
        })
    }

    /// The name it is configured under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model used when a request names none.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Where its API begins.
    pub fn base_url(&self) -> &str {
        self.base_url.as_str()
    }

    /// Its wire format.
    pub fn wire(&self) -> Wire {
        self.transport.blame.wire
    }

    /// How long it may take.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Asks `model` for a whole answer; it ends by `deadline`. Dropping the future closes the connection.
    ///
    /// # Errors
    /// [`ProviderError`] for everything but an answer.
    pub async fn complete(
        &self,
        request: &ChatRequest,
        model: &str,
        deadline: Instant,
    ) -> Result<ChatReply, ProviderError> {
        let outgoing = Outgoing {
            request,
            model,
            stream: false,
            deadline,
        };
        let replied = match self.send(outgoing).await {
            Ok(response) => {
                let body = self.transport.read(response, deadline).await?;
                let created = self.now_seconds().unsigned_abs();
                let parsed = self.wire().parse_reply(body, model, created);
                parsed.map_err(|refusal| self.refused(&refusal))
            }
            Err(error) => Err(error),
        };
        match replied {
            Err(error) if error.kind == ProviderErrorKind::Filtered => {
                let id = Uuid::new_v4().simple().to_string();
                let created = self.now_seconds().unsigned_abs();
                withheld::reply(&id, model, created).map_err(|refusal| self.refused(&refusal))
            }
            replied => replied,
        }
    }

    /// What was learnt of `model`: the fields that ragd adds and it does not take, as sentences.
    pub fn learnt(&self, model: &str) -> Vec<String> {
        let lessons = self.dialects.of(model);
        lessons.iter().map(Lesson::to_string).collect()
    }

    /// Sends a call without the fields that the model is known not to take. One that is refused for a
    /// field of ragd's is sent again without it.
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Reply, ProviderError> {
        let Outgoing {
            request,
            model,
            stream,
            deadline,
        } = outgoing;
        let target = self.chat_target(model, stream);
        let accept = if stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        let mut lessons = self.dialects.of(model);
        for taught in 0.. {
            let body = self.body(&outgoing, &lessons)?;
            let error = match self.transport.post(&target, body, accept, deadline).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let lesson = dialect::learn(&error, request, &lessons, stream);
            let Some(lesson) = lesson.filter(|_| taught < MOST_LESSONS) else {
                return Err(error);
            };
            tracing::info!(
                provider = &*self.name,
                model,
                "from now on {lesson}: {error}"
            );
            self.dialects.keep(model, lesson);
            lessons = self.dialects.of(model);
        }
        Err(self.transport.blame.error(
            ProviderErrorKind::BadRequest,
            "it takes none of the fields that ragd adds",
        ))
    }

    /// Asks `model` for a streamed answer; returns when the upstream has accepted the request. Its first
    /// content must come by `first_by`, all of it by `deadline`. The stream
    /// yields pieces, from the first content on, and then `Done`, or an error as its last item;
    /// polled once more after `Done` it leaves the connection ready for the next call.
    ///
    /// # Errors
    /// [`ProviderError`] when the upstream does not begin a stream.
    pub async fn stream(
        &self,
        request: &ChatRequest,
        model: &str,
        first_by: Instant,
        deadline: Instant,
    ) -> Result<ChatStream, ProviderError> {
        // A model that has to be loaded first is waited for where nobody else can answer.
        let is_waited_for = self.loads_models && first_by >= deadline;
        let first_content = if is_waited_for {
            deadline
        } else {
            (Instant::now() + self.timeouts.first_content).min(first_by)
        };
        let deadlines = StreamDeadlines {
            first_content,
            idle: self.timeouts.idle,
            total: deadline,
        };
        let accept_by = deadlines.first_content;
        let outgoing = Outgoing {
            request,
            model,
            stream: true,
            deadline: accept_by,
        };
        let begun = match self.send(outgoing).await {
            Ok(response) if transport::is_json(&response) => {
                Err(self.not_a_stream(response, accept_by).await)
            }
            begun => begun,
        };
        let response = match begun {
            Ok(response) => response,
            Err(error) if error.kind == ProviderErrorKind::Filtered => {
                let streamed = withheld::streamed(self.envelope(model), model);
                return streamed.map_err(|reason| {
                    self.transport.blame.error(ProviderErrorKind::Empty, reason)
                });
            }
            Err(error) => return Err(error),
        };
        let frames = self.wire().frames(request.choices());
        let answer = Answer::new(self.envelope(model), model.to_owned());
        let reader = Reader::new(StreamParts {
            blame: self.transport.blame.clone(),
            marker: self.marker.clone(),
            response,
            deadlines,
            frames,
            answer,
        });
        let events = stream::try_unfold(reader, |mut reader| async {
            Ok(reader.next().await?.map(|event| (event, reader)))
        });
        Ok(events.boxed())
    }

    /// Has `model` make embeddings of a request in OpenAI's shape, whose answer is passed on as it came,
    /// with the usage that it reports.
    ///
    /// # Errors
    /// [`ProviderError`] for everything but an answer with a list of vectors.
    pub async fn embeddings(
        &self,
        request: &ChatRequest,
        model: &str,
        deadline: Instant,
    ) -> Result<(Bytes, Usage), ProviderError> {
        let mut body = super::openai::body(request, model, Streamed::No);
        // The wire's own mark of a whole answer means nothing here.
        body.truncate(body.len() - ",\"stream\":false}".len());
        body.push(b'}');
        let response = self
            .transport
            .post(&self.embeddings_target, body, "application/json", deadline)
            .await?;
        let body = self.transport.read(response, deadline).await?;
        let usage = embeddings_usage(&body).map_err(|refusal| self.refused(&refusal))?;
        Ok((body, usage))
    }

    fn refused(&self, refusal: &Refusal) -> ProviderError {
        self.transport.blame.refused(refusal)
    }

    fn chat_target(&self, model: &str, stream: bool) -> Cow<'_, Target> {
        if self.wire().has_one_address() {
            Cow::Borrowed(&self.chat_target)
        } else {
            Cow::Owned(below(&self.base_url, &self.wire().chat_path(model, stream)))
        }
    }

    fn envelope(&self, model: &str) -> Envelope {
        let id = format!("chatcmpl-{}", Uuid::new_v4().simple());
        Envelope::new(id, self.now_seconds(), model.to_owned())
    }

    fn now_seconds(&self) -> i64 {
        self.clock.now().timestamp()
    }

    fn body(&self, outgoing: &Outgoing<'_>, lessons: &[Lesson]) -> Result<Vec<u8>, ProviderError> {
        let streamed = match outgoing.stream {
            false => Streamed::No,
            true if dialect::omits(lessons, STREAM_OPTIONS) => Streamed::Plain,
            true => Streamed::WithUsage,
        };
        let request = dialect::adapted(outgoing.request, lessons);
        self.wire()
            .body(&request, outgoing.model, streamed)
            .map_err(|unsendable| {
                let kind = ProviderErrorKind::BadRequest;
                self.transport.blame.error(kind, unsendable.0)
            })
    }

    /// A 200 with a JSON body where a stream was asked for: mostly an error.
    async fn not_a_stream(&self, response: Reply, by: Instant) -> ProviderError {
        let body = match self.transport.read(response, by).await {
            Ok(body) => body,
            Err(error) => return error,
        };
        let said = self.wire().parse_reply(body, &self.model, 0);
        let refusal = said.err().unwrap_or_else(|| {
            Refusal::malformed("a whole answer came where a stream was asked for")
        });
        self.refused(&refusal)
    }
}

/// The base address, which ends in a slash.
fn base(name: &str, base_url: &str) -> Result<Url> {
    let url = format!("{}/", base_url.trim().trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|error| {
        Error::invalid(format!("the base URL of provider `{name}` is not a URL")).with_source(error)
    })?;
    checked(name, url)
}

/// An address below the base.
fn below(base: &Url, path: &str) -> Target {
    let mut url = base.clone();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let whole = format!("{}{path}", base.path());
    url.set_path(&whole);
    url.set_query((!query.is_empty()).then_some(query));
    Target::new(url)
}

/// An address that may be called: `http` or `https`, without credentials.
pub(super) fn checked(name: &str, url: Url) -> Result<Url> {
    let refused = |why: &str| Error::invalid(format!("the base URL of provider `{name}` {why}"));
    match url.scheme() {
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err(refused("must not hold a user name or password"))
        }
        "http" | "https" => Ok(url),
        _ => Err(refused("must begin with http:// or https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_url_may_end_in_a_slash_and_must_be_http() {
        let url =
            |url| base("groq", url).map(|url| below(&url, "chat/completions").url().to_string());
        let expected = "https://api.example.com/openai/v1/chat/completions";
        assert_eq!(url("https://api.example.com/openai/v1").unwrap(), expected);
        assert_eq!(
            url(" https://api.example.com/openai/v1/ ").unwrap(),
            expected
        );
        assert!(url("api.example.com/v1").is_err());
        assert!(url("file:///etc").is_err());
        assert!(url("http://me:pass@localhost/v1").is_err());
        let gemini = base("google", "http://a/v1beta").unwrap();
        let stream = below(&gemini, "models/m:streamGenerateContent?alt=sse");
        assert_eq!(
            stream.url().as_str(),
            "http://a/v1beta/models/m:streamGenerateContent?alt=sse"
        );
    }
}
