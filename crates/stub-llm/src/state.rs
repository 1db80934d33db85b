//! What all connections of one server share: the script, the answers that are kept, the numbers, and
//! the last request.

use super::answer_cache::{AnswerCache, PreparedAnswer};
use super::behaviour::Behaviour;
use super::chat_request::ChatRequest;
use super::script_state::{Directive, ScriptState};
use super::settings::Settings;
use super::text;
use super::transport::Request;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the connections share.
pub(super) struct ServerState {
    pub(super) settings: Settings,
    /// The text of every answer, where it does not depend on the request.
    fixed: Option<Vec<String>>,
    script: Mutex<ScriptState>,
    answers: AnswerCache,
    last: Mutex<Option<Request>>,
    streams_open: AtomicU64,
    clients_gone: AtomicU64,
}

impl ServerState {
    pub(super) fn new(settings: Settings) -> Self {
        let script = ScriptState::new(settings.pace, settings.script.clone());
        Self {
            fixed: text::fixed(&settings),
            settings,
            script: Mutex::new(script),
            answers: AnswerCache::default(),
            last: Mutex::default(),
            streams_open: AtomicU64::new(0),
            clients_gone: AtomicU64::new(0),
        }
    }

    pub(super) fn script(&self) -> MutexGuard<'_, ScriptState> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the request that has just come meets; it is kept as the last one.
    pub(super) fn admit(&self, request: Request) -> Directive {
        let before = self.last().replace(request);
        drop(before);
        self.script().next()
    }

    pub(super) fn last(&self) -> MutexGuard<'_, Option<Request>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to `request`, as complete as `behaviour` lets it be.
    pub(super) fn answer(
        &self,
        request: &ChatRequest,
        body: &[u8],
        behaviour: Behaviour,
    ) -> PreparedAnswer {
        if behaviour == Behaviour::Empty {
            return PreparedAnswer::new(request, &[], true);
        }
        let ended = behaviour != Behaviour::NoEnd;
        match &self.fixed {
            Some(tokens) if ended => self.answers.get(request, tokens),
            Some(tokens) => PreparedAnswer::new(request, tokens, ended),
            None => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let tokens = text::answering(&self.settings, &body);
                PreparedAnswer::new(request, &tokens, ended)
            }
        }
    }

    pub(super) fn stream_opened(&self) {
        self.streams_open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stream_closed(&self) {
        self.streams_open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn client_gone(&self) {
        self.clients_gone.fetch_add(1, Ordering::Relaxed);
    }

    /// Streams that are being sent token by token.
    pub(super) fn streams_open(&self) -> u64 {
        self.streams_open.load(Ordering::Relaxed)
    }

    /// Clients that closed their connection before the end of their reply.
    pub(super) fn clients_gone(&self) -> u64 {
        self.clients_gone.load(Ordering::Relaxed)
    }

    /// Everything is as it was at the start; streams that are open stay open.
    pub(super) fn reset(&self) {
        self.script().reset();
        self.last().take();
        self.clients_gone.store(0, Ordering::Relaxed);
    }
}
