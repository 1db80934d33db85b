//! How long a change of the providers holds, and how far it reaches: until it ends by itself, past a
//! restart, to every process on the database.

use super::{DEFAULT, GROQ_MODEL, Upstreams, World, answers, call_with, pair};
use crate::support::app::TestApp;
use crate::support::database::TestDatabase;
use ragd::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_change_ends_by_itself_when_it_was_to() {
    let world = World::new(&[]).await;
    let minute = json!({ "expires_in_seconds": 60 });
    let path = "/api/admin/providers/openai/force-open";
    world.change(Method::POST, path, minute).await;
    let default = json!({ "provider": "groq", "expires_in_seconds": 90 });
    world.change(Method::PUT, DEFAULT, default).await;
    world.clock.advance(Duration::from_secs(59));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(
        world.seen("openai").await["breakers"]["chat"]["forced"],
        true
    );
    world.clock.advance(Duration::from_secs(3));
    world.until("openai", "half_open").await;
    assert_eq!(world.answers("openai/small").await, pair("openai", "small"));
    assert_eq!(world.answers("small").await, pair("groq", "small"));
    world.clock.advance(Duration::from_secs(30));
    while world.answers("small").await.0 != "openai" {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_change_outlives_a_restart_unless_the_variable_has_changed() {
    let world = World::new(&[]).await;
    world
        .change(
            Method::PUT,
            DEFAULT,
            json!({ "provider": "groq", "force": true }),
        )
        .await;
    world.post("openai", "force-open").await;
    let world = world.restart(&[]).await;
    let now = world.change(Method::GET, DEFAULT, Value::Null).await;
    assert_eq!(
        (&now["provider"], &now["force"]),
        (&json!("groq"), &json!(true))
    );
    assert_eq!(
        world.answers("openai/small").await,
        pair("groq", GROQ_MODEL)
    );
    let openai = world.seen("openai").await;
    assert_eq!(openai["breakers"]["chat"]["forced"], true);

    // The variable says the same as before: the change stays. Another one wins, for good.
    let world = world.restart(&[("LLM_PROVIDER", "openai")]).await;
    assert_eq!(
        world.change(Method::GET, DEFAULT, Value::Null).await["provider"],
        "groq"
    );
    let world = world.restart(&[("LLM_PROVIDER", "extractive")]).await;
    let now = world.change(Method::GET, DEFAULT, Value::Null).await;
    assert_eq!(
        (&now["provider"], &now["force"]),
        (&json!("extractive"), &json!(true))
    );
    let world = world.restart(&[("FORCE_DEFAULT_PROVIDER", "true")]).await;
    let now = world.change(Method::GET, DEFAULT, Value::Null).await;
    assert_eq!(
        (&now["provider"], &now["force"]),
        (&json!("openai"), &json!(true))
    );
    let world = world.restart(&[]).await;
    let now = world.change(Method::GET, DEFAULT, Value::Null).await;
    assert_eq!(
        (&now["provider"], &now["force"]),
        (&json!("openai"), &json!(false))
    );
    // What no variable says has nothing to lose to.
    assert_eq!(
        world.seen("openai").await["breakers"]["chat"]["forced"],
        true
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_every_process_within_five_seconds() {
    let upstreams = Upstreams::new().await;
    let database = TestDatabase::postgres().await;
    let originals = tempfile::tempdir().unwrap();
    let (url, originals) = (
        database.postgres_url(),
        format!("file://{}", originals.path().display()),
    );
    let key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let shared = [
        ("DATABASE_URL", url.as_str()),
        ("BLOB_URL", originals.as_str()),
        ("DB_ENCRYPTION_KEY", key),
        // Asking again and again would empty its window.
        ("LLM_GROQ_REQUESTS_PER_MINUTE", "0"),
    ];
    let variables = upstreams.variables(&shared);
    let here = TestApp::spawn_with(&variables, Clock::system()).await;
    let there = TestApp::spawn_with(&variables, Clock::system()).await;
    let token = here.admin_token().await;
    let change = async |method: Method, path: &str, body: Value| {
        let (status, answer) = call_with(&here, (method, path), body, Some(&token)).await;
        assert_eq!(status, 200, "{path}: {answer}");
    };
    assert_eq!(
        answers(&there, "openai/small").await,
        pair("openai", "small")
    );
    let within_five_seconds = async |model: &str, expected: (String, String)| {
        assert_eq!(answers(&here, model).await, expected);
        let changed = Instant::now();
        while answers(&there, model).await != expected {
            assert!(changed.elapsed() < Duration::from_secs(5), "{model}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    change(
        Method::POST,
        "/api/admin/providers/openai/force-open",
        Value::Null,
    )
    .await;
    within_five_seconds("openai/small", pair("groq", GROQ_MODEL)).await;
    change(
        Method::POST,
        "/api/admin/providers/openai/reset",
        Value::Null,
    )
    .await;
    within_five_seconds("openai/small", pair("openai", "small")).await;
    change(Method::PUT, DEFAULT, json!({ "provider": "groq" })).await;
    within_five_seconds("small", pair("groq", "small")).await;
    here.close().await;
    there.close().await;
}
