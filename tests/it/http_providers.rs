//! The administration of providers over HTTP: who may change them, what is audited, the effect on
//! requests, how long a change holds and which processes it reaches.

mod lasting;
mod one;

use crate::http_rooms::call as call_with;
use crate::support::app::TestApp;
use crate::support::until::{SOON, until};
use crate::support::world::{Setup, World};
use ragd::stub_llm::Reply;
use reqwest::Method;
use serde_json::{Value, json};

const DEFAULT: &str = "/api/admin/default-provider";

/// An application whose default provider is `openai`; `groq` stands in for it.
async fn begin(more: &[(&str, &str)]) -> World {
    start(Setup::new().with_groq().set(more).with_standing_clock()).await
}

async fn start(setup: Setup) -> World {
    let world = setup.start().await;
    world.openai.set_default(Reply::answer("From openai."));
    world.groq.set_default(Reply::answer("From groq."));
    world
}

impl World {
    async fn admin(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        call_with(&self.app, (method, path), body, Some(self.token().await)).await
    }

    /// A change that must succeed.
    async fn change(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.admin(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Does a verb to a provider.
    async fn verb(&self, name: &str, verb: &str) -> Value {
        let path = format!("/api/admin/providers/{name}/{verb}");
        self.change(Method::POST, &path, Value::Null).await
    }

    /// A provider as operators see it.
    async fn seen(&self, name: &str) -> Value {
        let path = format!("/api/admin/providers/{name}");
        self.change(Method::GET, &path, Value::Null).await
    }

    /// Who answers a call for `model`, and which model; nobody with a failure.
    async fn answers(&self, model: &str) -> (String, String) {
        answers(&self.app, model).await
    }

    /// Returns when the breaker of a provider's chat is in `state`.
    async fn breaker_is(&self, name: &str, state: &str) {
        let what = format!("the breaker of {name} to be {state}");
        until(&what, SOON, || async {
            self.seen(name).await["breakers"]["chat"]["state"] == state
        })
        .await;
    }

    /// The lines of the audit trail about `action`.
    fn audited(&self, action: &str) -> Vec<Value> {
        let log = self.app.audit_log();
        let lines = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["action"] == action).collect()
    }
}

async fn answers(app: &TestApp, model: &str) -> (String, String) {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "Hi" }] });
    let request = app.post("/v1/chat/completions").bearer_auth(app.api_key);
    let answer = request.json(&body).send().await.unwrap();
    let told = |name: &str| {
        let value = answer.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    (told("x-ragd-provider"), told("x-ragd-model"))
}

fn pair(provider: &str, model: &str) -> (String, String) {
    (provider.to_owned(), model.to_owned())
}

const GROQ_MODEL: &str = "llama-3.3-70b-versatile";

#[tokio::test]
async fn providers_are_listed_with_their_breakers_and_limits() {
    let world = begin(&[]).await;
    let list = world
        .change(Method::GET, "/api/admin/providers", Value::Null)
        .await;
    assert_eq!(
        (&list["object"], &list["default_provider"]),
        (&json!("list"), &json!("openai"))
    );
    assert_eq!(list["force_default_provider"], false);
    let names: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["openai", "groq"]);
    let openai = &list["data"][0];
    assert_eq!(
        (&openai["wire"], &openai["model"]),
        (&json!("openai"), &json!("gpt-4o-mini"))
    );
    for (field, value) in [("enabled", true), ("is_default", true), ("reachable", true)] {
        assert_eq!(openai[field], value, "{field}");
    }
    for operation in ["chat", "embeddings"] {
        let breaker = json!({ "state": "closed", "forced": false, "failures_in_a_row": 0,
            "successes": 0, "probes_in_flight": 0, "reopens_in_seconds": null });
        assert_eq!(openai["breakers"][operation], breaker);
    }
    assert_eq!(
        (&openai["limits"]["minute"], &openai["last_call"]),
        (&Value::Null, &Value::Null)
    );
    assert!(!list.to_string().contains("sk-openai"), "{list}");
    let groq = world.seen("groq").await;
    assert_eq!(
        groq["limits"]["minute"],
        json!({ "limit": 28, "remaining": 28 })
    );
    assert_eq!(
        groq["limits"]["day"],
        json!({ "limit": 13_680, "remaining": 13_680 })
    );
    assert_eq!(groq["is_default"], false);

    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.answers("openai/m").await.0, "groq");
    let openai = world.seen("openai").await;
    assert_eq!(openai["breakers"]["chat"]["failures_in_a_row"], 1);
    assert_eq!(
        (&openai["last_call"]["ok"], &openai["last_call"]["kind"]),
        (&json!(false), &json!("server"))
    );
    assert_eq!(openai["last_call"]["error"], "answered 500: down");
    assert_eq!(world.seen("groq").await["last_call"]["ok"], true);
    assert_eq!(
        world.seen("groq").await["limits"]["minute"]["remaining"],
        27
    );
    world.finish().await;
}

#[tokio::test]
async fn only_an_administrator_may_change_providers() {
    let world = begin(&[]).await;
    let routes = [
        (Method::GET, "/api/admin/providers"),
        (Method::GET, "/api/admin/providers/openai"),
        (Method::PUT, "/api/admin/providers/openai"),
        (Method::POST, "/api/admin/providers/openai/reset"),
        (Method::POST, "/api/admin/providers/openai/force-open"),
        (Method::POST, "/api/admin/providers/openai/release"),
        (Method::POST, "/api/admin/providers/openai/test"),
        (Method::GET, DEFAULT),
        (Method::PUT, DEFAULT),
    ];
    for (method, path) in routes {
        let body = json!({ "enabled": false, "provider": "groq" });
        let url = format!("{}{path}", world.app.base_url);
        let nobody = world.app.client.request(method.clone(), url).json(&body);
        assert_eq!(
            nobody.send().await.unwrap().status(),
            401,
            "{method} {path}"
        );
        let (status, _) = call_with(&world.app, (method.clone(), path), body, None).await;
        assert_eq!(status, 403, "{method} {path}");
    }
    assert_eq!(world.answers("small").await, pair("openai", "small"));
    assert_eq!(world.openai.requests().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_is_not_there_or_out_of_range_is_refused() {
    let world = begin(&[]).await;
    for (method, path) in [
        (Method::GET, "/api/admin/providers/nobody"),
        (Method::PUT, "/api/admin/providers/nobody"),
        (Method::POST, "/api/admin/providers/extractive/reset"),
        (Method::POST, "/api/admin/providers/anthropic/test"),
    ] {
        let (status, problem) = world.admin(method, path, json!({ "enabled": false })).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!("not_found")),
            "{path}"
        );
    }
    for (method, path, body) in [
        (
            Method::PUT,
            "/api/admin/providers/openai",
            json!({ "enabled": false, "expires_in_seconds": 0 }),
        ),
        (Method::PUT, "/api/admin/providers/openai", json!({})),
        (
            Method::POST,
            "/api/admin/providers/openai/force-open",
            json!({ "expires_in_seconds": 2_592_001 }),
        ),
        (Method::PUT, DEFAULT, json!({ "provider": "anthropic" })),
        (
            Method::PUT,
            DEFAULT,
            json!({ "provider": "groq", "expires_in_seconds": 0 }),
        ),
    ] {
        let (status, problem) = world.admin(method, path, body).await;
        assert_eq!(status, 422, "{path}: {problem}");
    }
    assert_eq!(world.answers("small").await.0, "openai");
    assert!(world.audited("provider.default").is_empty());
    world.finish().await;
}

#[tokio::test]
async fn the_default_is_changed_and_forced_while_it_runs() {
    let world = begin(&[]).await;
    let change = async |body: Value| world.change(Method::PUT, DEFAULT, body).await;
    let now = change(json!({ "provider": "groq" })).await;
    let expected = json!({ "provider": "groq", "model": GROQ_MODEL, "force": false,
        "configured_provider": "openai", "configured_force": false });
    assert_eq!(now, expected);
    assert_eq!(
        world.change(Method::GET, DEFAULT, Value::Null).await,
        expected
    );
    assert_eq!(world.answers("small").await, pair("groq", "small"));
    assert_eq!(world.answers("openai/small").await, pair("openai", "small"));
    let health: Value = world
        .app
        .get("/health")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&health["provider"], &health["model"]),
        (&json!("groq"), &json!(GROQ_MODEL))
    );

    // Forced, it answers everything with its own model, and nobody stands in.
    assert_eq!(
        change(json!({ "provider": "groq", "force": true })).await["force"],
        true
    );
    assert_eq!(
        world.answers("openai/small").await,
        pair("groq", GROQ_MODEL)
    );
    world.groq.queue(Reply::error(500, "down"));
    assert_eq!(world.answers("openai/small").await, pair("", ""));
    assert_eq!(world.openai.requests().len(), 1);

    // What is left out goes back to what is configured.
    let now = change(json!({})).await;
    assert_eq!(
        (&now["provider"], &now["force"]),
        (&json!("openai"), &json!(false))
    );
    assert_eq!(world.answers("small").await, pair("openai", "small"));
    world.finish().await;
}

#[tokio::test]
async fn a_variable_forces_the_default_too() {
    let world = begin(&[("FORCE_DEFAULT_PROVIDER", "True"), ("LLM_PROVIDER", "groq")]).await;
    for model in ["small", "openai/small", "gpt-9"] {
        assert_eq!(
            world.answers(model).await,
            pair("groq", GROQ_MODEL),
            "{model}"
        );
    }
    world
        .app
        .upload(
            world.token().await,
            "heron.txt",
            "The heron waits in the reeds.",
        )
        .await;
    world
        .groq
        .set_default(Reply::answer("It waits in the reeds [1]."));
    let question =
        json!({ "question": "Where does the heron wait?", "provider": "openai", "model": "small" });
    let (status, answer) = call_with(&world.app, (Method::POST, "/chat"), question, None).await;
    assert_eq!(
        (status, &answer["provider"]),
        (200, &json!("groq")),
        "{answer}"
    );
    assert_eq!(answer["degraded"], json!(["vector"]));
    assert_eq!(
        world.groq.requests().last().unwrap().body["model"],
        GROQ_MODEL
    );
    world.groq.queue(Reply::error(500, "down"));
    assert_eq!(world.answers("openai/small").await, pair("", ""));
    assert!(world.openai.requests().is_empty());
    let now = world
        .change(Method::PUT, DEFAULT, json!({ "force": false }))
        .await;
    assert_eq!(
        (&now["force"], &now["configured_force"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(world.answers("openai/small").await, pair("openai", "small"));
    world.finish().await;
}

#[tokio::test]
async fn every_change_is_audited() {
    let world = begin(&[]).await;
    let off = json!({ "enabled": false, "expires_in_seconds": 60 });
    world
        .change(Method::PUT, "/api/admin/providers/openai", off)
        .await;
    for verb in ["force-open", "release", "reset"] {
        world.verb("groq", verb).await;
    }
    world
        .change(
            Method::PUT,
            DEFAULT,
            json!({ "provider": "groq", "force": true }),
        )
        .await;
    for (action, provider) in [
        ("provider.enabled", "openai"),
        ("provider.breaker.force_open", "groq"),
        ("provider.breaker.release", "groq"),
        ("provider.breaker.reset", "groq"),
        ("provider.default", "groq"),
    ] {
        let lines = world.audited(action);
        assert_eq!(lines.len(), 1, "{action}");
        let line = &lines[0];
        assert_eq!(
            (&line["user_id"], &line["result"]),
            (&json!("admin"), &json!("success")),
            "{line}"
        );
        assert_eq!(line["details"]["provider"], provider, "{line}");
        assert!(
            line["request_id"].is_string() && line["ip_address"] == "127.0.0.1",
            "{line}"
        );
    }
    assert_eq!(
        world.audited("provider.enabled")[0]["details"]["enabled"],
        false
    );
    assert_eq!(
        world.audited("provider.default")[0]["details"]["force"],
        true
    );
    world.finish().await;
}
