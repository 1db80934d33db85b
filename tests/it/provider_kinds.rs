//! What upstreams do that is neither an answer as usual nor a failure: they refuse one question, take
//! other fields, have lost a model, write their streams in their own way. Over HTTP, with scripted
//! upstreams of every wire.

mod fields;
mod models;
mod streams;
mod withheld;

use crate::support::scripted;
use crate::support::world::{Setup, World};
use ragd::stub_llm::ScriptedServer;
use serde_json::{Value, json};

/// The default provider under test, of any wire, in front of `groq`, which must not be asked.
struct Kinds {
    world: World,
    upstream: ScriptedServer,
    name: &'static str,
}

impl Kinds {
    async fn begin(name: &'static str, more: &[(&str, &str)]) -> Self {
        let upstream = scripted::start().await;
        let base_url = upstream.base_url();
        let upper = name.to_uppercase();
        let (url_name, key_name) = (format!("{upper}_BASE_URL"), format!("{upper}_API_KEY"));
        let mut variables = vec![
            (url_name.as_str(), base_url.as_str()),
            (key_name.as_str(), "sk-test"),
            ("LLM_PROVIDER", name),
            ("LLM_FALLBACK_PROVIDERS", "groq"),
            ("RESPONSE_CACHE_ENABLED", "true"),
            ("LLM_RETRIES", "0"),
        ];
        variables.extend(more);
        let setup = Setup::new().with_groq().with_document().set(&variables);
        let world = setup.start().await;
        scripted::answer_all(&world.groq, "From groq.");
        Self {
            world,
            upstream,
            name,
        }
    }

    /// The provider as operators see it.
    async fn seen(&self) -> Value {
        let path = format!("/api/admin/providers/{}", self.name);
        let token = self.world.token().await;
        let request = self.world.app.get(&path).bearer_auth(token);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Checks that its breaker is as it was at the start, and that nobody else was asked; ends the world.
    async fn end_untouched(self) {
        let seen = self.seen().await;
        let chat = &seen["breakers"]["chat"];
        assert_eq!(
            (&chat["state"], &chat["failures_in_a_row"]),
            (&json!("closed"), &json!(0))
        );
        assert_eq!(
            (&chat["successes"], &chat["probes_in_flight"]),
            (&json!(0), &json!(0))
        );
        assert_eq!(seen["unusable"], Value::Null, "{seen}");
        assert_eq!(self.world.groq.requests().len(), 0);
        self.world.finish().await;
    }
}

/// A call of `/v1` that is passed on to the default provider.
fn call() -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi" }] })
}
