//! The reply to one request: finds out what is asked for and what the script has for it, and makes an
//! answer, an error or silence of the two.

use super::answer_cache::PreparedAnswer;
use super::behaviour::Behaviour;
use super::chat_request::{ChatRequest, ChatRoute, Route};
use super::pacing::due;
use super::script_state::Directive;
use super::state::ServerState;
use super::transport::{Reply, Request, Step};
use super::wire::{ErrorCause, Failure, Wire, WireFormat, reason_of};
use super::{control, embeddings};
use bytes::Bytes;
use std::time::Duration;

const JSON: &str = "application/json";

/// Replies to one request.
pub(super) fn reply(state: &ServerState, request: Request) -> Reply {
    let route = match Route::of(&request) {
        Route::Control(path) => {
            return control::reply(state, request.method(), &path, request.body());
        }
        Route::Models(wire) => return Reply::json(200, &wire.format().models()),
        Route::Unknown => return refuse(Wire::OpenAi.format(), 404, &unknown(&request)),
        Route::Chat(route) => Some(route),
        Route::Embeddings => None,
    };
    let body = request.body().clone();
    let directive = state.admit(request);
    Responder { state, directive }.reply(route.as_ref(), &body)
}

fn unknown(request: &Request) -> String {
    format!(
        "there is no {} {}; there is POST …/chat/completions, …/messages, …/embeddings, \
         …/models/MODEL:generateContent and :streamGenerateContent, GET …/models, \
         /_stub/stats and /_stub/behaviour",
        request.method(),
        request.path()
    )
}

/// How a body ends that is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    /// As it should.
    Proper,
    /// It does not.
    Hang,
    /// The connection closes in the middle.
    Cut,
}

/// How much of a stream is sent, and what follows.
struct StreamPart {
    /// How many of the chunks are sent.
    upto: usize,
    /// One more piece behind them.
    extra: Option<String>,
    end: BodyEnd,
}

/// Makes the reply to one request of what the script has for it.
struct Responder<'a> {
    state: &'a ServerState,
    directive: Directive,
}

impl Responder<'_> {
    /// The reply to a chat request, or to one for embeddings when there is no `route`.
    fn reply(&self, route: Option<&ChatRoute>, body: &[u8]) -> Reply {
        let format = route.map_or(Wire::OpenAi.format(), ChatRoute::format);
        let reply = match self.directive.behaviour {
            Behaviour::Hang => Reply::silence(),
            Behaviour::Close => Reply::default().close(),
            Behaviour::Status(status) => self.fail(format, status, status),
            Behaviour::Quota => {
                let (status, body) = format.quota();
                Reply::json(status, &body)
            }
            _ => match route {
                Some(route) => self.answer(route, body),
                None => self.embeddings(body),
            },
        };
        if self.directive.latency.is_zero() {
            return reply;
        }
        reply.after(Step::Pause(self.directive.latency))
    }

    /// The error of `status`, sent with `sent_status`.
    fn fail(&self, format: &dyn WireFormat, status: u16, sent_status: u16) -> Reply {
        let retry_after_s = self.directive.retry_after_s;
        let message = reason_of(status);
        let failure = Failure {
            retry_after_s,
            cause: match status {
                404 => ErrorCause::Model,
                _ => ErrorCause::Status,
            },
            ..Failure::of_status(status, &message)
        };
        let body = format.error(&failure).to_string();
        match retry_after_s.map(|seconds| seconds.to_string()) {
            Some(seconds) => {
                let headers = [("content-type", JSON), ("retry-after", seconds.as_str())];
                Reply::body_with_headers(sent_status, &headers, body)
            }
            None => Reply::body(sent_status, JSON, body),
        }
    }

    fn answer(&self, route: &ChatRoute, body: &[u8]) -> Reply {
        let request = match ChatRequest::read(route, body) {
            Ok(request) => request,
            Err(message) => return refuse(route.format(), 400, &message),
        };
        let answer = self.state.answer(&request, body, self.directive.behaviour);
        let format = route.format();
        if request.stream {
            return self.slowed(self.stream(format, answer));
        }
        // It comes when the last token would have come.
        let wait = due(self.directive.gap, answer.tokens);
        let reply = self.slowed(self.whole(format, answer.all));
        if wait.is_zero() {
            return reply;
        }
        reply.after(Step::Due(wait))
    }

    fn embeddings(&self, body: &[u8]) -> Reply {
        let format = Wire::OpenAi.format();
        let answer = if self.directive.behaviour == Behaviour::Empty {
            Ok(embeddings::empty_answer())
        } else {
            embeddings::answer(body, self.state.settings.dimension)
        };
        match answer {
            Ok(answer) => self.slowed(self.whole(format, answer)),
            Err(message) => refuse(format, 400, &message),
        }
    }

    /// The same reply, with a slow head where the script wants that.
    fn slowed(&self, reply: Reply) -> Reply {
        if self.directive.behaviour == Behaviour::SlowHeaders {
            reply.with_slow_head(self.directive.trickle)
        } else {
            reply
        }
    }

    fn stream(&self, format: &dyn WireFormat, answer: PreparedAnswer) -> Reply {
        let part = self.part(format, &answer);
        let gap = self.gap();
        if part.upto == answer.chunks.len() && gap.is_zero() {
            return Reply::chunked_head(200, format.stream_type())
                .piece(&answer.all)
                .end()
                .joined();
        }
        let last = answer.content.len().saturating_sub(1);
        let mut reply = Reply::chunked_head(200, format.stream_type());
        for (at, chunk) in answer.chunks.iter().take(part.upto).enumerate() {
            // What is not content comes at once before it, and with the last token behind it.
            let number = at.saturating_sub(answer.content.start).min(last);
            let wait = due(gap, number);
            if !wait.is_zero() {
                reply = reply.then(Step::Due(wait));
            }
            reply = reply.then(Step::Bytes(chunk.clone()));
        }
        if let Some(extra) = part.extra {
            reply = reply.raw(&extra);
        }
        match part.end {
            BodyEnd::Proper => reply.end(),
            BodyEnd::Hang => reply.hang(),
            BodyEnd::Cut => reply.close(),
        }
        .paced_stream()
    }

    fn part(&self, format: &dyn WireFormat, answer: &PreparedAnswer) -> StreamPart {
        let content = &answer.content;
        let after = |tokens: usize| content.start.saturating_add(tokens).min(content.end);
        let part = |upto, extra, end| StreamPart { upto, extra, end };
        let broken = |first| Some(format.broken_piece(first));
        let failed = |first| Some(format.error_piece(first));
        match self.directive.behaviour {
            Behaviour::HangAfter(tokens) => part(after(tokens), None, BodyEnd::Hang),
            Behaviour::CutAfter(tokens) => part(after(tokens), None, BodyEnd::Cut),
            Behaviour::Malformed => part(0, broken(true), BodyEnd::Proper),
            Behaviour::MalformedAfter(tokens) => {
                part(after(tokens), broken(false), BodyEnd::Proper)
            }
            Behaviour::ErrorAfter(0) => part(0, failed(true), BodyEnd::Proper),
            Behaviour::ErrorAfter(tokens) => part(after(tokens), failed(false), BodyEnd::Proper),
            Behaviour::NoEnd => part(content.end, None, BodyEnd::Proper),
            _ => part(answer.chunks.len(), None, BodyEnd::Proper),
        }
    }

    fn whole(&self, format: &dyn WireFormat, mut all: Bytes) -> Reply {
        let half = all.len() / 2;
        match self.directive.behaviour {
            Behaviour::Malformed | Behaviour::MalformedAfter(_) => {
                all.truncate(half);
                Reply::body(200, JSON, all)
            }
            Behaviour::ErrorAfter(_) => self.fail(format, 500, 200),
            Behaviour::HangAfter(_) => begun(&all, half).hang(),
            Behaviour::CutAfter(_) => begun(&all, half).close(),
            Behaviour::Trickle => self.trickled(&all),
            _ => Reply::body(200, JSON, all),
        }
    }

    /// A body with its length, in as many pieces as an answer has tokens.
    fn trickled(&self, all: &Bytes) -> Reply {
        let size = all.len().div_ceil(self.state.settings.tokens.max(1)).max(1);
        let pieces = all.chunks(size).enumerate();
        pieces.fold(begun(all, 0), |reply, (number, piece)| {
            reply
                .then(Step::Due(due(self.gap(), number)))
                .then(Step::Bytes(all.slice_ref(piece)))
        })
    }

    /// The time between two pieces.
    fn gap(&self) -> Duration {
        match self.directive.behaviour {
            Behaviour::Trickle => self.directive.trickle,
            _ => self.directive.gap,
        }
    }
}

/// The head of a reply with the length of `all`, and its first `count` bytes.
fn begun(all: &Bytes, count: usize) -> Reply {
    let whole = Reply::body(200, JSON, all);
    let head = whole.len() - all.len();
    whole.truncated(head + count)
}

/// An error in the given format.
pub(super) fn refuse(format: &dyn WireFormat, status: u16, message: &str) -> Reply {
    Reply::json(status, &format.error(&Failure::of_status(status, message)))
}
