//! Summaries of old messages: made by the default provider in a job, used in prompts, and never
//! instead of the history.

use crate::support::app::TestApp;
use crate::support::scripted;
use crate::support::until::{SOON, until_some};
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::domain::{Job, JobKind, JobState, OwnerId, PageRequest, Role, SessionKey};
use ragd::store::{JobFilter, SealedMessage};
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::{Value, json};
use std::time::Duration;

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
const FIRST: &str = "How long does the guarantee of my espresso machine last?";
const DAY: Duration = Duration::from_secs(86_400);
const VARIABLES: [(&str, &str); 3] = [
    ("MEMORY_SUMMARY_AFTER_DAYS", "1"),
    ("SESSION_TTL_SECONDS", "8640000"),
    ("SESSION_RETENTION_DAYS", "0"),
];

fn clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_760_000_000, 0).unwrap())
}

async fn ask(app: &TestApp, question: &str) {
    let body = json!({ "question": question, "session_id": "s-1" });
    let request = app.post("/chat").header("x-api-key", app.api_key);
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

async fn messages(app: &TestApp) -> Vec<SealedMessage> {
    let owner = OwnerId::of_principal("api-key");
    let key = SessionKey::parse("s-1").unwrap();
    let store = app.app.store();
    let room = store.session_room(owner, &key).await.unwrap().unwrap();
    store.recent_messages(room.id, owner, 100).await.unwrap()
}

/// The room's only summary job.
async fn job(app: &TestApp) -> Job {
    let filter = JobFilter {
        kind: Some(JobKind::Summary),
        ..JobFilter::default()
    };
    let jobs = app.app.store().list_jobs(&filter, PageRequest::default());
    let mut jobs = jobs.await.unwrap().data;
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

/// The prompt of the last call.
fn last_prompt(upstream: &ScriptedServer) -> String {
    let requests = upstream.requests();
    requests.last().unwrap().body["messages"].to_string()
}

#[tokio::test]
async fn old_messages_are_summed_up_once_the_provider_answers() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::answer("It lasts twenty-seven months [1]."));
    let url = upstream.base_url();
    let mut variables = VARIABLES.to_vec();
    variables.extend([
        ("OPENAI_BASE_URL", url.as_str()),
        ("OPENAI_API_KEY", "sk-test"),
    ]);
    let clock = clock();
    let app = TestApp::spawn_with(&variables, clock.clone()).await;
    let token = app.admin_token().await;
    app.upload(&token, "guarantee.txt", TEXT).await;
    ask(&app, FIRST).await;
    assert_eq!(
        app.app.chat().enqueue_summaries().await.unwrap(),
        0,
        "nothing is old"
    );

    clock.advance(DAY * 2);
    upstream.queue(Reply::error(500, "down"));
    assert_eq!(app.app.chat().enqueue_summaries().await.unwrap(), 1);
    let waiting = until_some("a job that waits", SOON, || async {
        Some(job(&app).await).filter(|job| job.waiting_since.is_some())
    });
    let waiting = waiting.await;
    assert_eq!(waiting.state, JobState::Ready);
    assert_eq!(messages(&app).await.len(), 2, "an outage loses nothing");

    upstream.queue(Reply::answer("SHORT: a guarantee of 27 months."));
    clock.advance(Duration::from_secs(60));
    let ended = app.app.store().job_ends(waiting.id).await.unwrap();
    assert_eq!(ended, Some(JobState::Done));
    assert!(last_prompt(&upstream).contains(FIRST));
    let all = messages(&app).await;
    let roles: Vec<Role> = all.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::System]);
    assert!(
        !String::from_utf8_lossy(&all[2].content).contains("SHORT"),
        "it is sealed"
    );
    assert_eq!(
        app.app.chat().enqueue_summaries().await.unwrap(),
        0,
        "all is summed up"
    );

    ask(
        &app,
        "What does the guarantee of the espresso machine cover?",
    )
    .await;
    let prompt = last_prompt(&upstream);
    assert!(
        prompt.contains("SHORT: a guarantee of 27 months."),
        "{prompt}"
    );
    assert!(!prompt.contains(FIRST), "{prompt}");
    let spoken: Value = serde_json::from_str(&prompt).unwrap();
    let quoted = spoken.as_array().unwrap().iter().find(|message| {
        let content = message["content"].as_str().unwrap();
        content.contains("SHORT")
    });
    assert_eq!(quoted.unwrap()["role"], "user", "it is nobody's order");

    // The next summary takes the first one up.
    clock.advance(DAY * 2);
    upstream.queue(Reply::answer("SHORTER"));
    assert_eq!(app.app.chat().enqueue_summaries().await.unwrap(), 1);
    app.app.store().jobs_end(JobKind::Summary).await.unwrap();
    let prompt = last_prompt(&upstream);
    assert!(
        prompt.contains("SHORT: a guarantee of 27 months."),
        "{prompt}"
    );
    assert!(!prompt.contains(FIRST), "{prompt}");
    ask(&app, "Is the espresso machine under guarantee?").await;
    let prompt = last_prompt(&upstream);
    assert!(
        prompt.contains("SHORTER") && !prompt.contains("SHORT:"),
        "{prompt}"
    );
    assert_eq!(messages(&app).await.len(), 8, "the history is whole");
    app.finish().await;
}

#[tokio::test]
async fn without_a_model_nothing_is_summed_up() {
    let clock = clock();
    let app = TestApp::spawn_with(&VARIABLES, clock.clone()).await;
    ask(&app, FIRST).await;
    clock.advance(DAY * 2);
    assert_eq!(app.app.chat().enqueue_summaries().await.unwrap(), 1);
    let id = job(&app).await.id;
    let ended = app.app.store().job_ends(id).await.unwrap();
    assert_eq!(ended, Some(JobState::Done));
    assert_eq!(messages(&app).await.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn summaries_are_off_until_they_are_wanted() {
    let clock = clock();
    let app = TestApp::spawn_with(&VARIABLES[1..], clock.clone()).await;
    ask(&app, FIRST).await;
    clock.advance(DAY * 400);
    assert_eq!(app.app.chat().enqueue_summaries().await.unwrap(), 0);
    app.finish().await;
}
