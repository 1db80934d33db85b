//! ragd with an index on a Qdrant server: what callers see while the server is unavailable, and that
//! everything goes on by itself when it is back.

use crate::support::app::TestApp;
use crate::support::qdrant;
use crate::support::skip::{Lack, skip};
use crate::support::until::until;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long what comes by itself may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port of this machine on which nothing listens.
async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

async fn seen(app: &TestApp, path: &str) -> (u16, Value) {
    let request = app.get(path).header("x-api-key", app.api_key);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn ask(app: &TestApp, path: &str) -> reqwest::Response {
    let request = app.post(path).header("x-api-key", app.api_key);
    let body = json!({ "question": "How long does the guarantee last?" });
    request.json(&body).send().await.unwrap()
}

#[tokio::test]
async fn without_its_server_nothing_is_answered_as_if_nothing_were_found() {
    let url = format!("http://{}", closed_port().await);
    let app = TestApp::spawn_unsettled(&[("QDRANT_URL", &url)]).await;
    for path in ["/chat", "/chat/stream"] {
        let answer = ask(&app, path).await;
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "vector_store_unavailable", "{problem}");
        // Where the server is, is for the log.
        assert!(!problem.to_string().contains("127.0.0.1"), "{problem}");
    }
    let token = app.admin_token().await;
    let preview = app.get("/api/admin/memory/preview?q=guarantee");
    let preview = preview.bearer_auth(&token).send().await.unwrap();
    assert_eq!(preview.status(), 503);

    let (status, body) = seen(&app, "/health/detailed").await;
    assert_eq!((status, &body["status"]), (200, &json!("degraded")));
    let store = &body["components"]["vector_store"];
    assert_eq!(store["status"], "unhealthy");
    assert_eq!(store["reason"], "Failed to connect to Qdrant");
    let (status, body) = seen(&app, "/health/ready").await;
    assert_eq!((status, &body["database"]), (503, &json!("ok")));
    assert!(
        body["reason"].as_str().unwrap().contains("vector_store"),
        "{body}"
    );
    assert_eq!(seen(&app, "/health").await.0, 200);
    let up = "dependency_up{dependency=\"vector_store\"}";
    assert_eq!(app.metric(up).await, 0.0);

    // What is handed in is kept, and waits.
    let sent = app
        .post("/api/documents")
        .bearer_auth(&token)
        .json(&json!({ "title": "guarantee", "text": "The guarantee lasts two years." }))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 202);
    let body: Value = sent.json().await.unwrap();
    let id = body["document_id"].as_str().unwrap();
    let (status, document) = seen(&app, &format!("/api/documents/{id}")).await;
    assert_eq!(status, 200);
    assert_ne!(document["status"], "indexed");
    assert_ne!(document["status"], "failed");
    // So is what is deleted gone at once: the database has the last word.
    let path = format!("/api/documents/{id}");
    let deleted = app.delete(&path).bearer_auth(&token).send().await.unwrap();
    assert!(deleted.status().is_success(), "{}", deleted.status());
    assert_eq!(seen(&app, &path).await.0, 404);
    let folder = app
        .post("/ingest")
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(folder.status(), 202);
    // What was handed in waits for the server.
    app.leaving_jobs();
}

#[tokio::test]
async fn a_start_without_its_server_says_so_in_the_words_of_the_runbooks() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", closed_port().await);
    let mut server = Command::new(env!("CARGO_BIN_EXE_ragd"))
        .args(["serve", "--port", "0"])
        .env("DATA_DIR", folder.path())
        .env("API_KEY", "key-0123456789")
        .env("EMBEDDING_PROVIDER", "off")
        .env("QDRANT_URL", &url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut told = false;
    for line in lines.map_while(Result::ok) {
        told |= line.contains("Failed to connect to Qdrant") && line.contains("ERROR");
        if line.contains("listens on") {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(told, "said before it listens, and it listens all the same");
}

#[tokio::test]
async fn a_wrong_address_is_a_fault_of_the_configuration() {
    for (name, value) in [
        ("QDRANT_URL", "qdrant:6334"),
        ("QDRANT_TIMEOUT_SECONDS", "0"),
        ("QDRANT_TIMEOUT_SECONDS", "11"),
        ("QDRANT_PREFIX", "Not/A name"),
    ] {
        let environment = [(name.to_owned(), value.to_owned())].into();
        let sources = ragd::config::Sources {
            file: None,
            environment,
        };
        let fault = ragd::config::Config::load(&sources).unwrap_err();
        assert!(fault.to_string().contains(name), "{fault}");
    }
}

/// Passes everything on to the server at `to`, as long as it lives.
async fn pass_on(at: SocketAddr, to: String) -> tokio::task::JoinHandle<()> {
    let listener = TcpListener::bind(at).await.unwrap();
    tokio::spawn(async move {
        let mut open = tokio::task::JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let to = to.clone();
            open.spawn(async move {
                if let Ok(mut server) = TcpStream::connect(to).await {
                    let _over = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_on_by_itself_when_the_server_is_there_again() {
    let Some(real) = qdrant::url() else { return };
    let real = ragd::index::ServerAddress::parse(&real).unwrap();
    let Some(to) = real.as_str().strip_prefix("http://").map(str::to_owned) else {
        skip(Lack::PlainQdrant);
        return;
    };
    let at = closed_port().await;
    let (url, prefix) = (format!("http://{at}"), qdrant::prefix());
    let mut variables = vec![("QDRANT_URL", url.as_str()), ("QDRANT_PREFIX", &prefix)];
    let key = qdrant::api_key();
    variables.extend(key.as_deref().map(|key| ("QDRANT_API_KEY", key)));
    let app = TestApp::spawn_unsettled(&variables).await;
    assert_eq!(ask(&app, "/chat").await.status(), 503);

    let ready = || async { seen(&app, "/health/ready").await.0 == 200 };
    let passing = pass_on(at, to.clone()).await;
    until("ready once the server is there", PATIENCE, ready).await;
    let token = app.admin_token().await;
    app.upload(&token, "guarantee.txt", "The guarantee lasts two years.")
        .await;
    let answer: Value = ask(&app, "/chat").await.json().await.unwrap();
    assert_eq!(answer["sources"].as_array().unwrap().len(), 1, "{answer}");

    let collections = qdrant::collections(&qdrant::client(real.as_str()), &prefix).await;
    assert!(!collections.is_empty(), "its names begin with the prefix");

    // Gone in the middle: connections break, and new ones are refused.
    passing.abort();
    let _ended = passing.await;
    assert_eq!(ask(&app, "/chat").await.status(), 503);
    let text = json!({ "title": "later", "text": "The espresso machine came later." });
    let sent = app.post("/api/documents").bearer_auth(&token).json(&text);
    let sent: Value = sent.send().await.unwrap().json().await.unwrap();
    let path = format!("/api/documents/{}", sent["document_id"].as_str().unwrap());
    until("it says that it is not ready", PATIENCE, || async {
        !ready().await
    })
    .await;

    let passing = pass_on(at, to).await;
    until("the document is indexed", PATIENCE, || async {
        seen(&app, &path).await.1["status"] == "indexed"
    })
    .await;
    until("ready again", PATIENCE, ready).await;
    let status = app.get("/api/admin/index").bearer_auth(&token);
    let status: Value = status.send().await.unwrap().json().await.unwrap();
    assert_eq!(status["engine"], "qdrant");
    assert_eq!(
        (&status["sound"], &status["indexed_passages"]),
        (&json!(true), &json!(2))
    );

    // The server comes back empty: its collections are lost, and made anew from the database.
    let client = qdrant::client(real.as_str());
    for name in qdrant::collections(&client, &prefix).await {
        client.delete_collection(name).await.unwrap();
    }
    until("found again", PATIENCE, || async {
        let answer = ask(&app, "/chat").await;
        answer.status() == 200
    })
    .await;
    app.app.follower().index().destroy().await.unwrap();
    passing.abort();
    app.finish().await;
}
