//! What all connections of one rehearsal upstream share: the director, the answers that are ready,
//! the numbers, and the last request. An `Audience` is one client that waits for its answer; when it
//! goes before the end, that is counted.

use super::behaviour::Behaviour;
use super::call::Asked;
use super::director::{Cue, Director};
use super::repertoire::{Prepared, Repertoire};
use super::settings::Settings;
use super::speech;
use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the connections share.
pub(super) struct Stage {
    pub(super) settings: Settings,
    /// The text that is always said, if there is one.
    fixed: Option<Vec<String>>,
    director: Mutex<Director>,
    repertoire: Repertoire,
    last: Mutex<Option<(Parts, Bytes)>>,
    streams_open: AtomicU64,
    clients_gone: AtomicU64,
}

impl Stage {
    pub(super) fn new(settings: Settings) -> Self {
        let director = Director::new(settings.pace, settings.script.clone());
        Self {
            fixed: speech::fixed(&settings),
            settings,
            director: Mutex::new(director),
            repertoire: Repertoire::default(),
            last: Mutex::default(),
            streams_open: AtomicU64::new(0),
            clients_gone: AtomicU64::new(0),
        }
    }

    pub(super) fn director(&self) -> MutexGuard<'_, Director> {
        self.director.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the request that has just come meets; it is kept as the last one.
    pub(super) fn admit(&self, head: Parts, body: Bytes) -> Cue {
        let before = self.last().replace((head, body));
        drop(before);
        self.director().next()
    }

    pub(super) fn last(&self) -> MutexGuard<'_, Option<(Parts, Bytes)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to what was asked, as complete as `behaviour` lets it be.
    pub(super) fn prepare(&self, asked: &Asked, body: &[u8], behaviour: Behaviour) -> Prepared {
        if behaviour == Behaviour::Empty {
            return Prepared::new(asked, &[], true);
        }
        let ended = behaviour != Behaviour::NoEnd;
        match &self.fixed {
            Some(tokens) if ended => self.repertoire.get(asked, tokens),
            Some(tokens) => Prepared::new(asked, tokens, ended),
            None => {
                let request: Value = serde_json::from_slice(body).unwrap_or_default();
                let tokens = speech::answering(&self.settings, &request);
                Prepared::new(asked, &tokens, ended)
            }
        }
    }

    pub(super) fn streams_open(&self) -> u64 {
        self.streams_open.load(Ordering::Relaxed)
    }

    pub(super) fn clients_gone(&self) -> u64 {
        self.clients_gone.load(Ordering::Relaxed)
    }

    /// Everything is as it was at the start; streams that are open stay open.
    pub(super) fn reset(&self) {
        self.director().reset();
        self.last().take();
        self.clients_gone.store(0, Ordering::Relaxed);
    }
}

/// One client that waits for the end of its answer.
pub(super) struct Audience {
    stage: Arc<Stage>,
    served: bool,
    streaming: bool,
}

impl Audience {
    pub(super) fn new(stage: Arc<Stage>) -> Self {
        Self {
            stage,
            served: false,
            streaming: false,
        }
    }

    /// The answer is a stream, counted as open until this is dropped.
    pub(super) fn streaming(mut self) -> Self {
        self.stage.streams_open.fetch_add(1, Ordering::Relaxed);
        self.streaming = true;
        self
    }

    /// Everything that was to come has come.
    pub(super) fn served(&mut self) {
        self.served = true;
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        if self.streaming {
            self.stage.streams_open.fetch_sub(1, Ordering::Relaxed);
        }
        if !self.served {
            self.stage.clients_gone.fetch_add(1, Ordering::Relaxed);
        }
    }
}
