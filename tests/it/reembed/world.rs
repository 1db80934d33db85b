//! A data folder that is opened again and again with other settings, and what the tests ask of it.

use crate::support::app::TestApp;
use ragd::app::{App, OpenedApp};
use ragd::clock::Clock;
use ragd::config::{Config, Sources};
use ragd::error::Result;
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub const KEY: &str = "reembed-key-0123456789";

/// The settings of the tests, with these variables over them.
pub fn environment(folder: &Path, variables: &[(&str, &str)]) -> HashMap<String, String> {
    let folder = folder.display().to_string();
    let own = [("DATA_DIR", folder.as_str()), ("API_KEY", KEY)];
    let all = own.iter().chain(variables);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Opens the folder in this process.
pub async fn open(folder: &Path, variables: &[(&str, &str)], clock: Clock) -> Result<OpenedApp> {
    let environment = environment(folder, variables);
    let config = Config::load(&Sources {
        file: None,
        environment,
    })?
    .config;
    App::open(config, clock, PathBuf::from(env!("CARGO_BIN_EXE_ragd"))).await
}

/// A text about one thing, whose first word nothing else has.
pub fn text(number: usize) -> String {
    let subject = ["harbour", "orchard", "foundry", "library", "quarry"][number % 5];
    format!(
        "Report{number} of the {subject}. The keeper of the {subject} wrote down what the day had \
         brought, measured it twice, and put report {number} on the shelf beside the others."
    )
}

/// Sends a text in, waits until it can be found, and returns the document's id.
pub async fn ingest(client: &Client, address: &str, token: &str, number: usize) -> String {
    let answer = client
        .post(format!("{address}/api/documents?wait=true"))
        .bearer_auth(token)
        .json(&json!({ "title": format!("report {number}"), "text": text(number) }))
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{body}");
    body["document_id"].as_str().unwrap().to_owned()
}

/// What retrieval finds for a question; every failure fails the test.
pub async fn preview(app: &TestApp, token: &str, question: &str) -> Value {
    let path = format!("{}/api/admin/memory/preview", app.base_url);
    let parameters = [("q", question), ("scope", "documents")];
    let url = reqwest::Url::parse_with_params(&path, parameters).unwrap();
    let answer = app.client.get(url).bearer_auth(token).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}
