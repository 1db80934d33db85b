//! Who may call what: generated from the OpenAPI document, so that a route that is added without a
//! thought to access fails here.

use crate::support::app::TestApp;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every route that is open, and no other.
const OPEN: [&str; 10] = [
    "GET /api/health",
    "GET /api/health/ping",
    "GET /health",
    "GET /health/ai",
    "GET /health/db",
    "GET /health/detailed",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "POST /auth/token",
];
/// Every route that an API key (scope `chat`) may use.
const CHAT: [&str; 25] = [
    "DELETE /api/rooms/{id}",
    "GET /api/conversations",
    "GET /api/conversations/{id}",
    "GET /api/documents",
    "GET /api/documents/{id}",
    "GET /api/jobs/{id}",
    "GET /api/rooms",
    "GET /api/rooms/{id}",
    "GET /api/rooms/{id}/export",
    "GET /api/rooms/{id}/messages",
    "GET /auth/users/me",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "PATCH /api/rooms/{id}",
    "POST /api/chat/completions",
    "POST /api/rag/query",
    "POST /api/rooms",
    "POST /api/rooms/{id}/messages",
    "POST /api/rooms/{id}/messages/stream",
    "POST /chat",
    "POST /chat/completions",
    "POST /chat/stream",
    "POST /feedback",
    "POST /v1/chat/completions",
    "POST /v1/embeddings",
];

struct Route {
    method: Method,
    template: String,
    is_open: bool,
}

impl Route {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }

    fn path(&self) -> String {
        self.template
            .replace("{id}", "018f0000-0000-7000-8000-000000000000")
            .replace("{name}", "openai")
            .replace("{model}", "openai/gpt")
    }

    /// How its failures look: a media type, and the schema's name.
    fn failure(&self) -> (&'static str, &'static str) {
        if self.template.starts_with("/v1/") {
            ("application/json", "OpenAiFailure")
        } else {
            ("application/problem+json", "Problem")
        }
    }
}

fn routes() -> Vec<Route> {
    let document: Value = serde_json::to_value(ragd::http::openapi()).unwrap();
    let needed = document["security"].as_array().unwrap();
    assert_eq!(needed.len(), 2, "two ways to say who calls");
    let mut routes = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation.get("security").and_then(Value::as_array);
            let is_open = security
                .is_some_and(|needed| needed.iter().all(|one| one.as_object().unwrap().is_empty()));
            let method = method.to_uppercase().parse().unwrap();
            routes.push(Route {
                method,
                template: template.clone(),
                is_open,
            });
        }
    }
    assert!(routes.len() > 20, "{} routes", routes.len());
    routes
}

#[test]
fn the_open_routes_are_these_alone() {
    let open: BTreeSet<String> = routes()
        .iter()
        .filter(|route| route.is_open)
        .map(Route::name)
        .collect();
    assert_eq!(open, OPEN.map(str::to_owned).into());
}

#[tokio::test]
async fn every_other_route_refuses_who_is_not_known() {
    let app = TestApp::spawn().await;
    for route in routes().iter().filter(|route| !route.is_open) {
        let url = format!("{}{}", app.base_url, route.path());
        // A body that nobody could read: the credential is asked for first.
        let call = || app.client.request(route.method.clone(), &url).body("\u{1}");
        let bare = call().send().await.unwrap();
        let wrong_key = call().header("x-api-key", "wrong").send().await.unwrap();
        let wrong_bearer = call().bearer_auth("wrong").send().await.unwrap();
        let basic = call()
            .basic_auth("admin", Some("admin"))
            .send()
            .await
            .unwrap();
        for answer in [bare, wrong_key, wrong_bearer, basic] {
            assert_eq!(answer.status(), 401, "{}", route.name());
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            assert_eq!(answer.headers()["content-type"], route.failure().0);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_api_key_may_ask_and_read_and_nothing_else() {
    let app = TestApp::spawn().await;
    for route in routes().iter().filter(|route| !route.is_open) {
        let url = format!("{}{}", app.base_url, route.path());
        let call = app.client.request(route.method.clone(), &url);
        let answer = call.header("x-api-key", app.api_key).send().await.unwrap();
        let refused = answer.status() == 403;
        let body: Value = answer.json().await.unwrap();
        let detail = body.get("detail").unwrap_or(&body["error"]["message"]);
        let is_scope = detail
            .as_str()
            .is_some_and(|detail| detail.contains("scope"));
        assert_eq!(
            refused && is_scope,
            !CHAT.contains(&route.name().as_str()),
            "{body}"
        );
    }
    app.finish().await;
}

#[test]
fn every_route_has_a_name_of_its_own_and_says_how_it_answers_and_fails() {
    let document: Value = serde_json::to_value(ragd::http::openapi()).unwrap();
    let mut names = BTreeSet::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} twice");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(
                    response["description"].is_string(),
                    "{method} {template} {status}"
                );
            }
            let failure = &operation["responses"]["default"]["content"];
            let route = Route {
                method: Method::GET,
                template: template.clone(),
                is_open: false,
            };
            let (media_type, schema) = route.failure();
            let reference = &failure[media_type]["schema"]["$ref"];
            let expected = format!("#/components/schemas/{schema}");
            assert_eq!(*reference, expected, "{method} {template}");
        }
    }
    assert!(document["components"]["schemas"]["Problem"].is_object());
}
