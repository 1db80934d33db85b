//! The limiter: how much of a provider's quota may still be used, and until when it is to be left
//! alone because it said so or cannot be used. It keeps our side of a provider's limits; it neither
//! reads headers nor decides how long a rest is.

use super::span::{between, later};
use chrono::{DateTime, Utc};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many requests a provider takes; `None`: as many as there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimiterSettings {
    /// In any 60 seconds.
    pub per_minute: Option<u32>,
    /// In a day, which begins with its first request.
    pub per_day: Option<u32>,
}

/// What holds a request back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum HeldReason {
    /// The minute's places are taken.
    Minute,
    /// The day's places are taken.
    Day,
    /// The provider asked to be left alone.
    CoolDown,
    /// The provider does not accept our key, or our budget there is spent.
    Unusable,
}

impl HeldReason {
    /// The word for logs and metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A request that must not be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// What holds it longest.
    pub reason: HeldReason,
    /// When nothing that is known now holds it any more.
    pub retry_after: Duration,
    /// How many requests the window takes, if a window holds it.
    pub limit: Option<u32>,
}

/// One window at one moment, for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSnapshot {
    /// How many requests it takes.
    pub limit: u32,
    /// How many it would take now.
    pub remaining: u32,
    /// When places come back: the oldest of a minute, all of a day. `None`: none is taken.
    pub frees_in: Option<Duration>,
}

/// A limiter at one moment, for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimiterSnapshot {
    /// The minute, if it is limited.
    pub minute: Option<WindowSnapshot>,
    /// The day, if it is limited.
    pub day: Option<WindowSnapshot>,
    /// How much longer the provider is left alone because it asked for that.
    pub cools_for: Option<Duration>,
    /// How much longer it is taken for unusable, and why.
    pub unusable: Option<(Duration, &'static str)>,
}

/// The limits of one provider, which all its operations share; the clones are one limiter.
///
/// The windows are this process's own and begin empty: what other replicas send, or a process sent
/// before a restart, is known by the provider alone, whose 429 then starts a cool-down.
///
/// The minute is exact: it remembers when each of its requests came. The day is a fixed window of 24
/// hours that begins with its first request, because providers' days begin at moments that they do
/// not tell (some slide, some begin at a midnight of their own), and a log as exact as the minute's
/// would grow with the limit and find the wrong moment all the same. So up to twice the limit can
/// fall into 24 hours that lie across two windows.
#[derive(Debug, Clone)]
pub struct Limiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: LimiterSettings,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// When the requests of the last minute came, in order; kept only if the minute is limited.
    minute: VecDeque<DateTime<Utc>>,
    /// When the day began, and how many requests it has had.
    day: Option<(DateTime<Utc>, u32)>,
    cools_until: Option<DateTime<Utc>>,
    unusable: Option<(DateTime<Utc>, &'static str)>,
}

impl Limiter {
    /// A limiter with empty windows.
    pub fn new(settings: LimiterSettings) -> Self {
        Self(Arc::new(Shared {
            settings,
            book: Mutex::default(),
        }))
    }

    /// Takes one place of every window, or none at all.
    ///
    /// # Errors
    /// [`Held`] while a window is full, the provider cools down, or it is unusable.
    pub fn admit(&self, now: DateTime<Utc>) -> Result<(), Held> {
        let settings = &self.0.settings;
        let mut book = self.book_at(now);
        if let Some(held) = book.held(settings, now) {
            return Err(held);
        }
        if settings.per_minute.is_some() {
            book.minute.push_back(now);
        }
        if settings.per_day.is_some() {
            let (_, taken) = book.day.get_or_insert((now, 0));
            *taken += 1;
        }
        Ok(())
    }

    /// Gives the place of a request back that was never sent; `admitted_at` is the time that was
    /// passed to [`Limiter::admit`]. A place whose window is over stays gone.
    pub fn give_back(&self, admitted_at: DateTime<Utc>) {
        let mut book = self.book();
        if let Ok(place) = book.minute.binary_search(&admitted_at) {
            book.minute.remove(place);
        }
        let of_day = |began: DateTime<Utc>| u32::from(began <= admitted_at);
        book.day = book
            .day
            .map(|(began, taken)| (began, taken.saturating_sub(of_day(began))))
            .filter(|(_, taken)| *taken > 0);
    }

    /// Leaves the provider alone until then, as it asked; of two times the later one counts.
    pub fn cool_down(&self, until: DateTime<Utc>) {
        let mut book = self.book();
        book.cools_until = book.cools_until.max(Some(until));
    }

    /// Takes the provider for unusable until then, and says why; of two times the later one counts.
    pub fn unusable(&self, until: DateTime<Utc>, why: &'static str) {
        let mut book = self.book();
        if book.unusable.is_none_or(|(known, _)| until >= known) {
            book.unusable = Some((until, why));
        }
    }

    /// Whether the provider can be used at all: full windows and a cool-down do not count.
    pub fn is_usable(&self, now: DateTime<Utc>) -> bool {
        self.book_at(now).unusable.is_none()
    }

    /// Ends a cool-down, and takes the provider for usable. The windows stay as they are: the
    /// provider counted those requests too.
    pub fn clear(&self) {
        let mut book = self.book();
        book.cools_until = None;
        book.unusable = None;
    }

    /// How many requests the windows would take now; infinite without windows. For the gauge: a
    /// cool-down does not count.
    pub fn remaining(&self, now: DateTime<Utc>) -> f64 {
        let snapshot = self.snapshot(now);
        [snapshot.minute, snapshot.day]
            .into_iter()
            .flatten()
            .map(|window| f64::from(window.remaining))
            .fold(f64::INFINITY, f64::min)
    }

    /// All that an operator may want to see of it.
    pub fn snapshot(&self, now: DateTime<Utc>) -> LimiterSnapshot {
        let settings = &self.0.settings;
        let book = self.book_at(now);
        let window = |limit: u32, taken: u32, frees_at: Option<DateTime<Utc>>| WindowSnapshot {
            limit,
            remaining: limit.saturating_sub(taken),
            frees_in: frees_at.map(|then| between(now, then)),
        };
        LimiterSnapshot {
            minute: settings
                .per_minute
                .map(|limit| window(limit, book.minute_taken(), book.minute_frees_at())),
            day: settings
                .per_day
                .map(|limit| window(limit, book.day_taken(), book.day_frees_at())),
            cools_for: book.cools_until.map(|until| between(now, until)),
            unusable: book.unusable.map(|(until, why)| (between(now, until), why)),
        }
    }

    /// The book as it is now: what is over has been struck out.
    fn book_at(&self, now: DateTime<Utc>) -> MutexGuard<'_, Book> {
        let mut book = self.book();
        book.pass_time(now);
        book
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Every change of the book is whole, even if a thread died while it held the lock.
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn pass_time(&mut self, now: DateTime<Utc>) {
        // A clock that was set back must not make a wait longer. The log is in order.
        for came in self.minute.iter_mut().rev().take_while(|came| **came > now) {
            *came = now;
        }
        self.day = self.day.map(|(began, taken)| (began.min(now), taken));
        while self
            .minute
            .front()
            .is_some_and(|came| now >= later(*came, MINUTE))
        {
            self.minute.pop_front();
        }
        self.day = self.day.filter(|(began, _)| now < later(*began, DAY));
        self.cools_until = self.cools_until.filter(|until| now < *until);
        self.unusable = self.unusable.filter(|(until, _)| now < *until);
    }

    /// What holds a request now, and longest.
    fn held(&self, settings: &LimiterSettings, now: DateTime<Utc>) -> Option<Held> {
        let minute = settings
            .per_minute
            .filter(|limit| self.minute_taken() >= *limit)
            .map(|limit| {
                let frees_at = self.minute_frees_at().unwrap_or_else(|| later(now, MINUTE));
                (HeldReason::Minute, frees_at, Some(limit))
            });
        let day = settings
            .per_day
            .filter(|limit| self.day_taken() >= *limit)
            .map(|limit| {
                let frees_at = self.day_frees_at().unwrap_or_else(|| later(now, DAY));
                (HeldReason::Day, frees_at, Some(limit))
            });
        let cools = self
            .cools_until
            .map(|until| (HeldReason::CoolDown, until, None));
        let unusable = self
            .unusable
            .map(|(until, _)| (HeldReason::Unusable, until, None));
        [minute, day, cools, unusable]
            .into_iter()
            .flatten()
            .max_by_key(|(reason, until, _)| (*until, *reason))
            .map(|(reason, until, limit)| Held {
                reason,
                retry_after: between(now, until),
                limit,
            })
    }

    fn minute_taken(&self) -> u32 {
        u32::try_from(self.minute.len()).unwrap_or(u32::MAX)
    }

    fn minute_frees_at(&self) -> Option<DateTime<Utc>> {
        self.minute.front().map(|came| later(*came, MINUTE))
    }

    fn day_taken(&self) -> u32 {
        self.day.map_or(0, |(_, taken)| taken)
    }

    fn day_frees_at(&self) -> Option<DateTime<Utc>> {
        self.day.map(|(began, _)| later(began, DAY))
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
