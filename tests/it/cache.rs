//! The cache on both engines: one suite, run in the process and on a Redis server; and what is
//! particular to each.

use crate::support::redis::{Wire, connection, prefix, url};
use crate::support::until::{SOON, until};
use bytes::Bytes;
use chrono::DateTime;
use ragd::cache::{Cache, CacheKey, MemoryCache, RedisCache, RedisSettings, Space};
use ragd::clock::Clock;
use ragd::error::ErrorKind;
use std::time::Duration;
use tokio::net::TcpListener;

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(40);

/// A cache of one test, and what makes time pass for it.
struct Engine {
    cache: Cache,
    clock: Clock,
}

impl Engine {
    fn memory() -> Self {
        let clock = Clock::manual(DateTime::from_timestamp(1_767_000_000, 0).unwrap());
        let cache = Cache::Memory(MemoryCache::new(1_000_000, clock.clone()));
        Self { cache, clock }
    }

    fn redis() -> Self {
        Self {
            cache: redis(&url(), &prefix()),
            clock: Clock::system(),
        }
    }

    /// Returns when what was kept for a `SHORT` time has ended: a server has a time of its own.
    async fn outlive(&self, key: &CacheKey) {
        self.clock.advance(SHORT);
        until("the end of what was kept", SOON, || async {
            self.cache.get(key).await.unwrap().is_none()
        })
        .await;
    }
}

fn redis(url: &str, prefix: &str) -> Cache {
    let settings = RedisSettings {
        url: url.into(),
        password: None,
        prefix: prefix.to_owned(),
    };
    Cache::Redis(RedisCache::new(&settings).unwrap())
}

fn key(id: &str) -> CacheKey {
    CacheKey::new(Space::Response, id)
}

/// Makes of each function that takes an `&Engine` two tests, one on each.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&super::Engine::memory()).await;
            })+
        }
        mod redis_server {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&super::Engine::redis()).await;
            })+
        }
    };
}

on_both_engines! {
    keeps_values_until_their_end,
    one_of_many_is_first,
    what_has_ended_is_absent,
    replaces_and_deletes_only_what_it_expects,
    takes_any_bytes,
    clears_everything,
}

async fn keeps_values_until_their_end(engine: &Engine) {
    let cache = &engine.cache;
    cache.ping().await.unwrap();
    assert_eq!(cache.get(&key("a")).await.unwrap(), None);
    cache.put(&key("a"), "1".into(), LONG).await.unwrap();
    cache.put(&key("b"), "2".into(), SHORT).await.unwrap();
    let elsewhere = CacheKey::new(Space::Idempotency, "a");
    assert_eq!(cache.get(&elsewhere).await.unwrap(), None);
    engine.outlive(&key("b")).await;
    assert_eq!(cache.get(&key("a")).await.unwrap(), Some("1".into()));
    // A new value has a new end.
    cache.put(&key("a"), "3".into(), SHORT).await.unwrap();
    engine.outlive(&key("a")).await;
    cache.put(&key("a"), "4".into(), LONG).await.unwrap();
    cache.delete(&key("a")).await.unwrap();
    cache.delete(&key("a")).await.unwrap();
    assert_eq!(cache.get(&key("a")).await.unwrap(), None);
}

async fn one_of_many_is_first(engine: &Engine) {
    let tries = (0..50).map(|number: u8| {
        let cache = engine.cache.clone();
        tokio::spawn(async move {
            let value = Bytes::from(vec![number]);
            let first = cache
                .put_if_absent(&key("claim"), value.clone(), LONG)
                .await;
            first.unwrap().then_some(value)
        })
    });
    let mut first = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        first.extend(one.await.unwrap());
    }
    assert_eq!(first.len(), 1);
    let held = engine.cache.get(&key("claim")).await.unwrap();
    assert_eq!(held.as_ref(), first.first());
    // The same value again is not the first one either.
    let again = engine
        .cache
        .put_if_absent(&key("claim"), held.unwrap(), LONG)
        .await;
    assert!(!again.unwrap());
}

async fn what_has_ended_is_absent(engine: &Engine) {
    let cache = &engine.cache;
    let value = Bytes::from("1");
    cache.put(&key("a"), value.clone(), SHORT).await.unwrap();
    engine.outlive(&key("a")).await;
    let replaced = cache.replace(&key("a"), &value, "2".into(), LONG).await;
    assert!(!replaced.unwrap());
    assert!(!cache.delete_if(&key("a"), &value).await.unwrap());
    assert!(
        cache
            .put_if_absent(&key("a"), "3".into(), LONG)
            .await
            .unwrap()
    );
    assert_eq!(cache.get(&key("a")).await.unwrap(), Some("3".into()));
}

async fn replaces_and_deletes_only_what_it_expects(engine: &Engine) {
    let cache = &engine.cache;
    let (mine, theirs) = (Bytes::from("mine"), Bytes::from("theirs"));
    cache.put(&key("a"), mine.clone(), LONG).await.unwrap();
    let stolen = cache
        .replace(&key("a"), &theirs, "stolen".into(), LONG)
        .await;
    assert!(!stolen.unwrap());
    assert!(!cache.delete_if(&key("a"), &theirs).await.unwrap());
    assert_eq!(cache.get(&key("a")).await.unwrap(), Some(mine.clone()));
    let replaced = cache.replace(&key("a"), &mine, theirs.clone(), SHORT).await;
    assert!(replaced.unwrap());
    assert!(!cache.delete_if(&key("a"), &mine).await.unwrap());
    engine.outlive(&key("a")).await;
    cache.put(&key("a"), mine.clone(), LONG).await.unwrap();
    assert!(cache.delete_if(&key("a"), &mine).await.unwrap());
    assert_eq!(cache.get(&key("a")).await.unwrap(), None);
}

async fn takes_any_bytes(engine: &Engine) {
    let cache = &engine.cache;
    let every: Bytes = (0..=u8::MAX).cycle().take(100_000).collect();
    cache.put(&key("bytes"), every.clone(), LONG).await.unwrap();
    assert_eq!(cache.get(&key("bytes")).await.unwrap(), Some(every.clone()));
    let replaced = cache
        .replace(&key("bytes"), &every, Bytes::new(), LONG)
        .await;
    assert!(replaced.unwrap());
    assert_eq!(cache.get(&key("bytes")).await.unwrap(), Some(Bytes::new()));
}

async fn clears_everything(engine: &Engine) {
    let cache = &engine.cache;
    for number in 0..2_500 {
        let name = key(&number.to_string());
        cache.put(&name, "value".into(), LONG).await.unwrap();
    }
    assert_eq!(cache.clear().await.unwrap(), 2_500);
    assert_eq!(cache.get(&key("0")).await.unwrap(), None);
    assert_eq!(cache.clear().await.unwrap(), 0);
    cache.put(&key("0"), "again".into(), LONG).await.unwrap();
    assert_eq!(cache.get(&key("0")).await.unwrap(), Some("again".into()));
}

#[tokio::test]
async fn the_memory_is_bounded_and_the_oldest_leave_first() {
    let cache = Cache::Memory(MemoryCache::new(100_000, Clock::system()));
    let kilobyte = Bytes::from(vec![0; 1_000]);
    for number in 0..1_000 {
        let name = key(&number.to_string());
        cache.put(&name, kilobyte.clone(), LONG).await.unwrap();
        assert!(cache.get(&name).await.unwrap().is_some(), "{number}");
    }
    // The engine drops what is too much in the background of later calls.
    until("at most 100 values in 100 kB", SOON, || async {
        let mut held = 0;
        for number in 0..1_000 {
            let value = cache.get(&key(&number.to_string())).await.unwrap();
            held += usize::from(value.is_some());
        }
        held <= 100
    })
    .await;
    assert!(cache.get(&key("0")).await.unwrap().is_none());
}

#[tokio::test]
async fn another_prefix_on_the_server_is_anothers() {
    let (mine, theirs) = (prefix(), prefix());
    // A prefix that begins like ours is another one too.
    let longer = format!("{mine}-2");
    let (cache, other) = (redis(&url(), &mine), redis(&url(), &theirs));
    let third = redis(&url(), &longer);
    for cache in [&cache, &other, &third] {
        cache.put(&key("a"), "1".into(), LONG).await.unwrap();
    }
    assert_eq!(cache.clear().await.unwrap(), 1);
    for cache in [&other, &third] {
        assert!(cache.get(&key("a")).await.unwrap().is_some());
        cache.clear().await.unwrap();
    }
}

#[tokio::test]
async fn every_key_on_the_server_has_the_prefix_and_an_end() {
    let prefix = prefix();
    let cache = redis(&url(), &prefix);
    let claim = Bytes::from("claim");
    cache.put(&key("put"), "1".into(), LONG).await.unwrap();
    let absent = cache
        .put_if_absent(&key("claim"), claim.clone(), LONG)
        .await;
    assert!(absent.unwrap());
    let replaced = cache.replace(&key("claim"), &claim, "2".into(), LONG).await;
    assert!(replaced.unwrap());
    let mut connection = connection().await;
    for name in ["put", "claim"] {
        let left: i64 = redis::cmd("PTTL")
            .arg(format!("{prefix}:response:{name}"))
            .query_async(&mut connection)
            .await
            .unwrap();
        assert!((1..=600_000).contains(&left), "{name}: {left}");
    }
    cache.clear().await.unwrap();
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable_and_works_again_when_it_is_back() {
    let wire = Wire::new().await;
    let cache = redis(&wire.url(), &prefix());
    cache.put(&key("a"), "1".into(), LONG).await.unwrap();
    wire.cut();
    for _ in 0..3 {
        let error = cache.get(&key("a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let claimed = cache.put_if_absent(&key("b"), "1".into(), LONG).await;
        assert_eq!(claimed.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    wire.repair();
    assert_eq!(cache.get(&key("a")).await.unwrap(), Some("1".into()));
    cache.clear().await.unwrap();
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let cache = redis(&format!("redis://{address}"), "p");
    // It would hang for ever; how long it takes is not what is asked here.
    let error = cache.get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    drop(silent);
}

#[tokio::test]
async fn a_closed_connection_stays_closed() {
    let cache = redis(&url(), &prefix());
    cache.ping().await.unwrap();
    cache.server().unwrap().close();
    let error = cache.ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn no_password_is_ever_shown() {
    for url in ["redis://:geheim@127.0.0.1:1/0", "http://:geheim@127.0.0.1"] {
        let settings = RedisSettings {
            url: url.into(),
            password: Some("geheim".into()),
            prefix: "p".to_owned(),
        };
        let shown = match RedisCache::new(&settings) {
            Ok(redis) => {
                let error = Cache::Redis(redis.clone()).ping().await.unwrap_err();
                format!("{redis:?} {} {}", redis.address(), error.chain())
            }
            Err(error) => error.chain(),
        };
        assert!(!shown.contains("geheim"), "{shown}");
    }
}
