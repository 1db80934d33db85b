//! How long a change of the providers holds, and how far it reaches: until it ends by itself, past a
//! restart, to every process on the database.

use super::{DEFAULT, GROQ_MODEL, answers, begin, pair, start};
use crate::support::database::TestDatabase;
use crate::support::until::{SOON, until};
use crate::support::world::Setup;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_change_expires_on_time() {
    let world = begin(&[]).await;
    let minute = json!({ "expires_in_seconds": 60 });
    let path = "/api/admin/providers/openai/force-open";
    world.change(Method::POST, path, minute).await;
    let default = json!({ "provider": "groq", "expires_in_seconds": 90 });
    world.change(Method::PUT, DEFAULT, default).await;
    let off = json!({ "enabled": false, "expires_in_seconds": 58 });
    let groq = "/api/admin/providers/groq";
    world.change(Method::PUT, groq, off).await;
    world.clock.advance(Duration::from_secs(59));
    // What was to end by now has ended: the others had their chance.
    until("groq to be enabled again", SOON, || async {
        world.seen("groq").await["enabled"] == true
    })
    .await;
    assert_eq!(
        world.seen("openai").await["breakers"]["chat"]["forced"],
        true
    );
    world.clock.advance(Duration::from_secs(3));
    world.breaker_is("openai", "half_open").await;
    assert_eq!(world.answers("openai/small").await, pair("openai", "small"));
    assert_eq!(world.answers("small").await, pair("groq", "small"));
    world.clock.advance(Duration::from_secs(30));
    until("openai to be the default again", SOON, || async {
        world.answers("small").await.0 == "openai"
    })
    .await;
    world.finish().await;
}

#[tokio::test]
async fn a_change_outlives_a_restart_unless_the_variable_has_changed() {
    let world = begin(&[]).await;
    world
        .change(
            Method::PUT,
            DEFAULT,
            json!({ "provider": "groq", "force": true }),
        )
        .await;
    world.verb("openai", "force-open").await;
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

    // The variable says the same as before: the change stays. Another one wins permanently.
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
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_every_process_within_five_seconds() {
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
    let here = start(Setup::new().with_groq().set(&shared)).await;
    let there = here.twin().await;
    assert_eq!(
        answers(&there, "openai/small").await,
        pair("openai", "small")
    );
    let within_five_seconds = async |model: &str, expected: (String, String)| {
        assert_eq!(here.answers(model).await, expected);
        let what = format!("the change of {model} in the other process");
        until(&what, Duration::from_secs(5), || async {
            answers(&there, model).await == expected
        })
        .await;
    };
    here.change(
        Method::POST,
        "/api/admin/providers/openai/force-open",
        Value::Null,
    )
    .await;
    within_five_seconds("openai/small", pair("groq", GROQ_MODEL)).await;
    here.change(
        Method::POST,
        "/api/admin/providers/openai/reset",
        Value::Null,
    )
    .await;
    within_five_seconds("openai/small", pair("openai", "small")).await;
    here.change(Method::PUT, DEFAULT, json!({ "provider": "groq" }))
        .await;
    within_five_seconds("small", pair("groq", "small")).await;
    here.app.close().await;
    there.close().await;
}
