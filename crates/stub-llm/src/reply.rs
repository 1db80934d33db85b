//! One request and its reply: finds out what is asked, what the director says it meets, and makes
//! the answer, the error or the silence out of the two.

use super::behaviour::Behaviour;
use super::body::{Body, Ending, HungUp, Performance};
use super::call::{Asked, Call, Route};
use super::dialect::{Dialect, Trouble, Vendor, words_of};
use super::director::Cue;
use super::drip::Tap;
use super::repertoire::Prepared;
use super::schedule::Schedule;
use super::stage::{Audience, Stage};
use super::{embeddings, steering};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use serde_json::Value;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The largest body that is taken, in bytes.
const LARGEST_REQUEST: usize = 64 * 1_024 * 1_024;
const JSON: &str = "application/json";

type Reply = Result<Response<Body>, HungUp>;

/// Replies to one request; an error closes the connection without a word.
pub(super) async fn reply(stage: Arc<Stage>, tap: Tap, request: Request<Incoming>) -> Reply {
    let (head, incoming) = request.into_parts();
    let route = Route::of(&head);
    let Some(body) = read(incoming).await? else {
        let message = format!("the request has more than {LARGEST_REQUEST} bytes");
        return Ok(refuse(Vendor::OpenAi.dialect(), 413, &message));
    };
    match route {
        Route::Steering(path) => Ok(steering::reply(&stage, &head.method, &path, &body)),
        Route::Models(vendor) => Ok(json(200, &vendor.dialect().models())),
        Route::Nothing => Ok(refuse(
            Vendor::OpenAi.dialect(),
            404,
            &format!(
                "there is no {} {}; there is POST …/chat/completions, …/messages, …/embeddings, \
                 …/models/MODEL:generateContent and :streamGenerateContent, GET …/models, \
                 /_stub/stats and /_stub/behaviour",
                head.method,
                head.uri.path()
            ),
        )),
        Route::Chat(call) => {
            let cue = stage.admit(head, body.clone());
            let scene = Scene { stage, tap, cue };
            scene.play(Some(&call), &body).await
        }
        Route::Embeddings => {
            let cue = stage.admit(head, body.clone());
            let scene = Scene { stage, tap, cue };
            scene.play(None, &body).await
        }
    }
}

/// The whole body of a request; none when it is too large, an error when the client went first.
async fn read(mut incoming: Incoming) -> Result<Option<Bytes>, HungUp> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while !incoming.is_end_stream() {
        let frame = poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| HungUp)?.into_data() else {
            continue;
        };
        if joined.is_empty() && first.is_empty() {
            // Most requests come in one piece, which need not be copied.
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.extend_from_slice(&first);
        }
        if joined.len() + data.len() > LARGEST_REQUEST {
            return Ok(None);
        }
        joined.extend_from_slice(&data);
    }
    Ok(Some(if joined.is_empty() {
        first
    } else {
        joined.freeze()
    }))
}

/// One request and what it meets.
struct Scene {
    stage: Arc<Stage>,
    tap: Tap,
    cue: Cue,
}

impl Scene {
    /// Plays it for a question, or for embeddings when there is no `call`.
    async fn play(self, call: Option<&Call>, body: &[u8]) -> Reply {
        let mut audience = Audience::new(Arc::clone(&self.stage));
        wait(self.cue.latency).await;
        let dialect = call.map_or(Vendor::OpenAi, |call| call.vendor).dialect();
        let reply = match self.cue.behaviour {
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Close => Err(HungUp),
            Behaviour::Status(status) => Ok(self.fail(dialect, status)),
            Behaviour::Quota => {
                let (status, body) = dialect.quota();
                Ok(json(status, &body))
            }
            _ => Ok(match call {
                Some(call) => self.answer(call, body).await,
                None => self.embeddings(body),
            }),
        };
        audience.served();
        reply
    }

    fn fail(&self, dialect: &dyn Dialect, status: u16) -> Response<Body> {
        let trouble = Trouble {
            status,
            message: &words_of(status),
            retry_after_s: self.cue.retry_after_s,
        };
        let mut response = json(status, &dialect.error(&trouble));
        if let Some(seconds) = self.cue.retry_after_s {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    async fn answer(&self, call: &Call, body: &[u8]) -> Response<Body> {
        let asked = match Asked::read(call, body) {
            Ok(asked) => asked,
            Err(message) => return refuse(call.vendor.dialect(), 400, &message),
        };
        let prepared = self.stage.prepare(&asked, body, self.cue.behaviour);
        self.turn_down();
        if asked.stream {
            return self.stream(call.vendor.dialect(), prepared);
        }
        // It comes when the last token would have come.
        let tokens = u32::try_from(prepared.tokens).unwrap_or(u32::MAX);
        wait(self.cue.gap.saturating_mul(tokens)).await;
        self.whole(call.vendor.dialect(), prepared.all)
    }

    fn embeddings(&self, body: &[u8]) -> Response<Body> {
        let dialect = Vendor::OpenAi.dialect();
        let answer = if self.cue.behaviour == Behaviour::Empty {
            Ok(embeddings::empty_answer())
        } else {
            embeddings::answer(body, self.stage.settings.dimension)
        };
        self.turn_down();
        match answer {
            Ok(answer) => self.whole(dialect, answer),
            Err(message) => refuse(dialect, 400, &message),
        }
    }

    fn turn_down(&self) {
        if self.cue.behaviour == Behaviour::SlowHeaders {
            let audience = Audience::new(Arc::clone(&self.stage));
            self.tap.turn_down(self.cue.trickle, audience);
        }
    }

    fn stream(&self, dialect: &dyn Dialect, prepared: Prepared) -> Response<Body> {
        let content = prepared.content.clone();
        let after = |tokens: usize| content.start.saturating_add(tokens).min(content.end);
        let all = prepared.pieces.len();
        let broken = |first| Some(dialect.broken_piece(first));
        let failed = |first| Some(dialect.error_piece(first));
        let (upto, extra, ending) = match self.cue.behaviour {
            Behaviour::HangAfter(tokens) => (after(tokens), None, Ending::Hang),
            Behaviour::CutAfter(tokens) => (after(tokens), None, Ending::Cut),
            Behaviour::Malformed => (0, broken(true), Ending::Proper),
            Behaviour::MalformedAfter(tokens) => (after(tokens), broken(false), Ending::Proper),
            Behaviour::ErrorAfter(0) => (0, failed(true), Ending::Proper),
            Behaviour::ErrorAfter(tokens) => (after(tokens), failed(false), Ending::Proper),
            Behaviour::NoEnd => (content.end, None, Ending::Proper),
            _ => (all, None, Ending::Proper),
        };
        let gap = self.gap();
        let body = if upto == all && gap.is_zero() {
            Body::Unsized(Some(prepared.all))
        } else {
            let schedule = Schedule::new(Instant::now(), gap);
            let audience = Audience::new(Arc::clone(&self.stage)).streaming();
            let performance = Performance::new(prepared.pieces, content, schedule, audience);
            Body::Played(Box::new(performance.but(upto, extra, ending)))
        };
        response(200, dialect.stream_type(), body)
    }

    fn whole(&self, dialect: &dyn Dialect, mut all: Bytes) -> Response<Body> {
        let half = all.len() / 2;
        match self.cue.behaviour {
            Behaviour::Malformed | Behaviour::MalformedAfter(_) => {
                all.truncate(half);
                response(200, JSON, Body::Whole(Some(all)))
            }
            Behaviour::ErrorAfter(_) => {
                let mut response = self.fail(dialect, 500);
                *response.status_mut() = StatusCode::OK;
                response
            }
            Behaviour::HangAfter(_) => self.in_pieces(&all, half, Ending::Hang),
            Behaviour::CutAfter(_) => self.in_pieces(&all, half, Ending::Cut),
            Behaviour::Trickle => {
                let piece = all.len().div_ceil(self.stage.settings.tokens.max(1));
                self.in_pieces(&all, piece, Ending::Proper)
            }
            _ => response(200, JSON, Body::Whole(Some(all))),
        }
    }

    /// A body with its length, in pieces of `size` bytes; only the first unless it ends properly.
    fn in_pieces(&self, all: &Bytes, size: usize, ending: Ending) -> Response<Body> {
        let pieces: Arc<[Bytes]> = all
            .chunks(size.max(1))
            .map(|piece| all.slice_ref(piece))
            .collect();
        let (content, upto) = match ending {
            Ending::Proper => (0..pieces.len(), pieces.len()),
            Ending::Hang | Ending::Cut => (0..0, 1),
        };
        let schedule = Schedule::new(Instant::now(), self.gap());
        let audience = Audience::new(Arc::clone(&self.stage));
        let performance = Performance::new(pieces, content, schedule, audience);
        let body = Body::Played(Box::new(performance.but(upto, None, ending)));
        let mut response = response(200, JSON, body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(all.len()));
        response
    }

    /// The time between two pieces.
    fn gap(&self) -> Duration {
        match self.cue.behaviour {
            Behaviour::Trickle => self.cue.trickle,
            _ => self.cue.gap,
        }
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn refuse(dialect: &dyn Dialect, status: u16, message: &str) -> Response<Body> {
    let trouble = Trouble {
        status,
        message,
        retry_after_s: None,
    };
    json(status, &dialect.error(&trouble))
}

/// A JSON answer.
pub(super) fn json(status: u16, body: &Value) -> Response<Body> {
    response(status, JSON, Body::Whole(Some(body.to_string().into())))
}

fn response(status: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
