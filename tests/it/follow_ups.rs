//! Follow-ups: conversations about ten documents that look alike, in which a later question leaves out
//! what it is about; and questions about something else, which must be searched as they are. By
//! sessions, rooms and `/v1`'s history, without a model and with a scripted one.

mod shop;

use crate::support::app::TestApp;
use crate::support::scripted;
use ragd::clock::Clock;
use ragd::stub_llm::{Recorded, Reply};
use serde_json::{Value, json};
use shop::{Conversation, OTHERS, conversations, document};

/// Where a conversation takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Session,
    Room,
    History,
}

const PLACES: [Place; 3] = [Place::History, Place::Session, Place::Room];

struct Shop {
    app: TestApp,
}

impl Shop {
    /// The shop with its documents, and the real embedding model.
    async fn open(more: &[(&str, &str)]) -> Self {
        let mut variables = vec![("EMBEDDING_PROVIDER", "local")];
        variables.extend(more);
        let app = TestApp::spawn_with(&variables, Clock::system()).await;
        let token = app.admin_token().await;
        for number in 0..shop::NAMES.len() {
            app.upload(&token, &format!("{number}.md"), &document(number))
                .await;
        }
        for (number, (_, text)) in OTHERS.iter().enumerate() {
            app.upload(&token, &format!("other-{number}.md"), text)
                .await;
        }
        app.app.follower().catch_up().await.unwrap();
        Self { app }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.app.post(path).header("x-api-key", self.app.api_key);
        let answer = request.json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert!((200..300).contains(&status), "{path}: {body}");
        body
    }

    /// Asks the questions of a conversation one after the other; what the last one was searched as, and
    /// the title of its first source.
    async fn converse(&self, place: Place, name: &str, questions: &[String]) -> (String, String) {
        let mut last = Value::Null;
        let room = match place {
            Place::Room => {
                self.post("/api/rooms", &json!({ "name": name })).await["room_id"].clone()
            }
            Place::Session | Place::History => Value::Null,
        };
        let mut history: Vec<Value> = Vec::new();
        for question in questions {
            last = match place {
                Place::Session => {
                    let body = json!({ "question": question, "session_id": name });
                    self.post("/chat", &body).await
                }
                Place::Room => {
                    let path = format!("/api/rooms/{}/messages", room.as_str().unwrap());
                    self.post(&path, &json!({ "content": question })).await
                }
                Place::History => {
                    history.push(json!({ "role": "user", "content": question }));
                    let body = json!({ "model": "ragd", "messages": history });
                    let answer = self.post("/v1/chat/completions", &body).await;
                    let said = answer["choices"][0]["message"]["content"].clone();
                    history.push(json!({ "role": "assistant", "content": said }));
                    answer
                }
            };
        }
        let searched = match place {
            Place::Session => &last["searched"],
            Place::Room if last["searched"].is_string() => &last["searched"],
            Place::Room => &last["answer"]["searched"],
            Place::History => &last["ragd"]["searched"],
        };
        let title = match place {
            Place::History => &last["ragd"]["sources"][0]["title"],
            Place::Room if last["sources"].is_array() => &last["sources"][0]["title"],
            Place::Room => &last["answer"]["sources"][0]["title"],
            Place::Session => &last["sources"][0]["title"],
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(searched), text(title))
    }

    /// The conversations whose last question did not find the right document first.
    async fn missed(&self, place: Place, all: &[Conversation]) -> Vec<String> {
        let mut missed = Vec::new();
        for (number, one) in all.iter().enumerate() {
            let name = format!("{place:?}-{number}");
            let (searched, title) = self.converse(place, &name, &one.questions).await;
            if !title.contains(one.expected) {
                missed.push(format!("{:?} -> {searched}: {title}", one.questions));
            }
        }
        missed
    }
}

/// Checks the two bounds: 27 of 30 follow-ups, 20 of 20 other questions.
async fn check(shop: &Shop) {
    let all = conversations();
    assert_eq!(all.len(), 30);
    for place in PLACES {
        let missed = shop.missed(place, &all).await;
        assert!(
            missed.len() <= 3,
            "{place:?}: {} of 30 missed: {missed:#?}",
            missed.len()
        );
        let mut bent = Vec::new();
        for (number, (question, text)) in OTHERS.iter().enumerate() {
            let name = format!("other-{place:?}-{number}");
            let first = &all[number].questions[0];
            let questions = [first.clone(), (*question).to_owned()];
            let (searched, title) = shop.converse(place, &name, &questions).await;
            let expected = text.lines().next().unwrap().trim_start_matches("# ");
            if searched != *question || title != expected {
                bent.push(format!("{question} -> {searched}: {title}"));
            }
        }
        assert!(bent.is_empty(), "{place:?}: {bent:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_find_their_document_without_a_model() {
    let shop = Shop::open(&[]).await;
    check(&shop).await;
    // The messages of some hundred turns are still embedded.
    shop.app.leaving_jobs();
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_find_their_document_with_a_model() {
    let model = scripted::start().await;
    model.compute(answer);
    let url = model.base_url();
    let shop = Shop::open(&[("OPENAI_BASE_URL", &url), ("OPENAI_API_KEY", "sk-test")]).await;
    check(&shop).await;
    let rewrites = model
        .requests()
        .iter()
        .filter(|request| is_rewrite(request))
        .count();
    // Follow-ups alone cost a second call: two in each conversation.
    assert!((100..=180).contains(&rewrites), "{rewrites}");
    shop.app.leaving_jobs();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_to_rewrite_leaves_it_to_the_rules_and_it_can_be_switched_off() {
    let model = scripted::start().await;
    model.compute(|request| match is_rewrite(request) {
        true => Reply::error(500, "down"),
        false => Reply::answer("See there [1]."),
    });
    let url = model.base_url();
    let given = [
        ("OPENAI_BASE_URL", url.as_str()),
        ("OPENAI_API_KEY", "sk-test"),
        ("LLM_RETRIES", "0"),
    ];
    let shop = Shop::open(&given).await;
    let questions = ["What does the Merlin cost?", "How heavy is it?"].map(str::to_owned);
    let (searched, title) = shop.converse(Place::Session, "a", &questions).await;
    assert_eq!(
        (searched.as_str(), title.as_str()),
        ("How heavy is Merlin?", "The Merlin")
    );
    shop.app.finish().await;
    for (mode, expected) in [
        ("rules", "How heavy is Merlin?"),
        ("off", "How heavy is it?"),
    ] {
        let before = model.requests().len();
        let mut variables = given.to_vec();
        variables.push(("CHAT_REWRITE_QUESTIONS", mode));
        let shop = Shop::open(&variables).await;
        let (searched, _) = shop.converse(Place::Session, "a", &questions).await;
        assert_eq!(searched, expected);
        let rewrites = model.requests();
        assert!(!rewrites[before..].iter().any(is_rewrite));
        shop.app.finish().await;
    }
}

/// Whether a request asks for a question to be rewritten.
fn is_rewrite(request: &Recorded) -> bool {
    let system = request.body["messages"][0]["content"].as_str();
    system.is_some_and(|system| system.contains("without the conversation"))
}

/// A model that rewrites by the last name it was told, and answers with the first source.
fn answer(request: &Recorded) -> Reply {
    if !is_rewrite(request) {
        return Reply::answer("It is written there [1].");
    }
    let said = request.body["messages"][1]["content"].as_str().unwrap();
    let (conversation, question) = said.split_once("Question: ").unwrap();
    let named = |text: &str| {
        let found = shop::NAMES
            .iter()
            .filter_map(|name| Some((text.rfind(name)?, *name)));
        found.max().map(|(_, name)| name)
    };
    let users = conversation
        .lines()
        .filter(|line| line.starts_with("user: "));
    let name = named(question)
        .or_else(|| users.rev().find_map(named))
        .unwrap_or_default();
    Reply::answer(&format!(
        "{} The question is about the {name}.",
        question.trim_end_matches('?')
    ))
}
