//! The whole application with a database of as many passages: questions over a socket, embedded by
//! the real model, searched, hydrated and written as JSON.

use super::args::Args;
use super::corpus::{self, PASSAGES_PER_DOCUMENT};
use super::cost::{Timings, resident_mb};
use ragd::app::{App, OpenedApp};
use ragd::clock::Clock;
use ragd::config::{Config, Sources};
use ragd::domain::{Collection, FileName, OwnerId, Passage, PassageId, PassageSource, Sha256};
use ragd::store::{Accepted, GenerationCommit, NewDocument};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const PASSWORD: &str = "only for this benchmark";

pub async fn measure(args: &Args, folder: &Path) {
    let folder = folder.join("application");
    let is_filled = folder.exists();
    let OpenedApp { app, lock, .. } = open(&folder).await;
    if !is_filled {
        fill(&app, args.passages).await;
    }
    let begun = Instant::now();
    app.catch_up().await.expect("the index follows");
    println!("http: followed in {:.1} s", begun.elapsed().as_secs_f64());
    app.follower().index().optimize().await.expect("optimised");
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(ragd::http::serve(app.clone(), listener, stop.clone()));
    ask(&app, args, &format!("http://{address}")).await;
    let (resident, anonymous) = resident_mb();
    println!("http: RSS {resident:.0} MB ({anonymous:.0} anonymous)");
    stop.cancel();
    server
        .await
        .expect("the server ends")
        .expect("the server was started");
    app.close().await;
    drop(lock);
}

async fn open(folder: &Path) -> OpenedApp {
    let mut environment: HashMap<String, String> = ["HOME", "MODELS_PATH"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .collect();
    let data = folder.display().to_string();
    environment.insert("DATA_DIR".to_owned(), data);
    environment.insert("DEFAULT_RATE_LIMIT".to_owned(), "off".to_owned());
    let sources = Sources {
        file: None,
        environment,
    };
    let config = Config::load(&sources).expect("valid settings").config;
    let program = env!("CARGO_BIN_EXE_ragd").into();
    let opened = App::open(config, Clock::system(), program).await;
    opened.expect("the application opens")
}

async fn fill(app: &App, passages: u64) {
    let begun = Instant::now();
    let embedder = app.embedder().expect("the model is installed");
    let model = embedder.model_id();
    for first in (0..passages).step_by(PASSAGES_PER_DOCUMENT as usize) {
        let now = app.clock().now();
        let accepted = app.store().accept(&new_document(first), now).await;
        let accepted = accepted.expect("accepted");
        let numbers = first..(first + PASSAGES_PER_DOCUMENT).min(passages);
        let commit = GenerationCommit {
            generation: accepted.generation,
            title: format!("Document {first}"),
            content_type: "text/plain".to_owned(),
            bytes: 1,
            sha256: accepted.document.sha256,
            fingerprint: "bench".to_owned(),
            metadata: None,
            passages: numbers
                .map(|number| passage(&accepted, number, model))
                .collect(),
            staged: 0,
        };
        let committed = app.store().commit_generation(&commit, now).await;
        committed.expect("committed");
    }
    println!("http: stored in {:.1} s", begun.elapsed().as_secs_f64());
}

fn new_document(first: u64) -> NewDocument {
    NewDocument {
        owner: OwnerId::system(),
        collection: Collection::default_collection(),
        uri: format!("bench/{first}.txt"),
        filename: FileName::parse("bench.txt").expect("a name"),
        title: format!("Document {first}"),
        content_type: "text/plain".to_owned(),
        bytes: 1,
        sha256: Sha256::of(&first.to_be_bytes()),
        metadata: serde_json::json!({}),
    }
}

fn passage(accepted: &Accepted, number: u64, model: &str) -> Passage {
    let document = accepted.document.id;
    let generation = accepted.generation.number;
    let ordinal = i64::try_from(number % PASSAGES_PER_DOCUMENT).unwrap_or_default();
    Passage {
        id: PassageId::of_document(document, generation, ordinal),
        owner: OwnerId::system(),
        source: PassageSource::Document {
            document,
            collection: Collection::default_collection(),
        },
        generation,
        ordinal,
        content: corpus::text(number),
        heading: String::new(),
        page: None,
        char_start: ordinal * 500,
        char_end: ordinal * 500 + 500,
        embedding: Some(corpus::vector(number)),
        model: Some(model.to_owned()),
        created_at: accepted.document.created_at,
    }
}

async fn ask(app: &App, args: &Args, base_url: &str) {
    let admin = app.auth().create_admin(&PASSWORD.into()).await;
    let admin = admin.expect("an administrator");
    let token = app.auth().login(&admin.username, &PASSWORD.into()).await;
    let token = token.expect("a token").access_token;
    let client = ragd::outbound::api_client().expect("a client");
    let preview = async |number: u64| {
        let words = corpus::question(number, args.passages).text;
        let query: String = words.replace(' ', "%20");
        let url = format!("{base_url}/api/admin/memory/preview?scope=documents&limit=10&q={query}");
        let answer = client
            .get(url)
            .bearer_auth(token.expose_secret())
            .send()
            .await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.expect("JSON")
    };
    for number in 0..100 {
        preview(1_000_000 + number).await;
    }
    let mut stages: HashMap<String, Vec<f64>> = HashMap::new();
    let mut timings = Timings::begin();
    for number in 0..args.questions {
        let begun = Instant::now();
        let answer = preview(number).await;
        timings.add(begun);
        let parts = answer["timings_ms"].as_object().expect("timings");
        for (stage, elapsed_ms) in parts {
            let elapsed_ms = elapsed_ms.as_f64().unwrap_or_default();
            stages.entry(stage.clone()).or_default().push(elapsed_ms);
        }
    }
    println!(
        "http, preview of 10 (client and server): {}",
        timings.report()
    );
    let mut stages: Vec<(String, Vec<f64>)> = stages.into_iter().collect();
    stages.sort_by(|a, b| a.0.cmp(&b.0));
    for (stage, mut all) in stages {
        all.sort_by(f64::total_cmp);
        println!("  {stage}: p50 {:.3} ms", all[all.len() / 2]);
    }
}
