//! What decides where a server listens, what it keeps where, and who may call it.

use crate::support::app::{PASSWORD, TestApp};
use crate::support::database::TestDatabase;
use crate::support::process::Process;
use crate::support::until::{SOON, until, within};
use ragd::clock::Clock;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn production_refuses_to_make_up_its_secrets() {
    let key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let refused = TestApp::refused(&[("APP_ENV", "production")]).await;
    assert!(refused.to_string().contains("SECRET_KEY"), "{refused}");
    let complete = [
        ("APP_ENV", "production"),
        ("SECRET_KEY", key),
        ("DB_ENCRYPTION_KEY", key),
    ];
    TestApp::spawn_with(&complete, Clock::system())
        .await
        .finish()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_where_it_is_to() {
    let folder = tempfile::tempdir().unwrap();
    // The whole of 127.0.0.0/8 is this machine.
    let free = std::net::TcpListener::bind("127.0.0.2:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let port = free.port().to_string();
    let variables = [
        ("HOST", "127.0.0.2"),
        ("PORT", &port),
        ("EMBEDDING_PROVIDER", "off"),
    ];
    let process = Process::start_where_configured(folder.path(), &variables);
    assert_eq!(process.address, format!("http://{free}"));
    assert_eq!(process.get("/health").await.0, 200);
}

fn is_filled(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

#[tokio::test]
async fn folders_are_where_they_are_to_be() {
    let elsewhere = tempfile::tempdir().unwrap();
    let at = |name: &str| elsewhere.path().join(name).display().to_string();
    for name in ["data", "originals"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    let (data, vectors) = (at("data"), at("vectors"));
    let (originals, database) = (
        format!("file://{}", at("originals")),
        format!("sqlite:{}", at("other.db")),
    );
    let variables = [
        ("DATA_DIR", data.as_str()),
        ("BLOB_URL", &originals),
        ("VECTOR_STORE_PATH", &vectors),
        ("DATABASE_URL", &database),
    ];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    let token = app.admin_token().await;
    app.upload(&token, "a.txt", "The heron waits.").await;
    for name in ["data", "originals", "vectors"] {
        assert!(is_filled(Path::new(&at(name))), "{name}");
    }
    assert!(Path::new(&at("other.db")).is_file());
    assert!(!Path::new(&data).join("ragd.db").exists());
    assert!(!Path::new(&data).join("vectors").exists());
    app.finish().await;
}

#[tokio::test]
async fn a_trusted_proxy_says_who_called() {
    let app = TestApp::spawn_with(&[("TRUSTED_PROXIES", "127.0.0.1")], Clock::system()).await;
    let token = app.admin_token().await;
    let request = app.post("/api/admin/cache/clear").bearer_auth(&token);
    let request = request.header("x-forwarded-for", "203.0.113.9");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let audit = app.audit_log();
    assert!(audit.contains("\"ip_address\":\"203.0.113.9\""), "{audit}");
    app.finish().await;
}

/// What a server has written into `app.log` by the time that it answers.
pub async fn logged(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("elsewhere");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut server = Command::new(env!("CARGO_BIN_EXE_ragd"))
        .arg("serve")
        .env("DATA_DIR", folder.path())
        .env("LOG_DIR", &logs)
        .env("PORT", address.port().to_string())
        .env("EMBEDDING_PROVIDER", "off")
        .env_remove("QDRANT_URL")
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let client = ragd::outbound::api_client().unwrap();
    until("the server", SOON, || async {
        let request = client.get(format!("http://{address}/health"));
        request
            .send()
            .await
            .is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    server.kill().unwrap();
    server.wait().unwrap();
    std::fs::read_to_string(logs.join("app.log")).unwrap_or_default()
}

#[tokio::test]
async fn log_lines_have_the_form_and_level_that_are_set() {
    let json = logged(&[("LOG_FORMAT", "json")]).await;
    let (lines, _cut) = json.rsplit_once('\n').expect("lines");
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string(), "{line}");
    }
    let text = logged(&[("LOG_FORMAT", "text")]).await;
    let first = text.lines().next().expect("a line");
    assert!(serde_json::from_str::<Value>(first).is_err(), "{first}");
    assert!(text.contains("INFO"), "{text}");
    let errors = logged(&[("LOG_FORMAT", "text"), ("LOG_LEVEL", "error")]).await;
    assert!(!errors.contains("INFO"), "{errors}");
}

#[tokio::test]
async fn migrations_go_past_the_pooler() {
    let database = TestDatabase::postgres().await;
    let url = database.postgres_url();
    let nowhere = "postgres://ragd@127.0.0.1:1/postgres";
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DATABASE_DIRECT_URL", nowhere),
        ("AUTO_MIGRATE", "true"),
    ];
    let refused = TestApp::refused(&variables).await;
    assert_eq!(
        refused.kind(),
        ragd::error::ErrorKind::Unavailable,
        "{refused}"
    );
    let app = TestApp::spawn_with(&variables[..1], Clock::system()).await;
    app.finish().await;
}

#[tokio::test]
async fn the_pool_is_as_large_as_is_set() {
    let database = TestDatabase::postgres().await;
    let url = database.postgres_url();
    let variables = [("DATABASE_URL", url.as_str()), ("DATABASE_POOL_SIZE", "3")];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    let looks = (0..50).map(|_| app.get("/api/health").send());
    // Many at once open as many connections as there may be; some may wait for one in vain.
    let looks = futures_util::future::join_all(looks).await;
    assert!(looks.iter().any(Result::is_ok));
    let (idle, used) = app.app.store().pool_counts();
    assert!(idle + used <= 3, "{idle} idle, {used} in use");
    app.finish().await;
}

#[tokio::test]
async fn a_database_is_not_migrated_where_that_is_forbidden() {
    let refused = TestApp::refused(&[("AUTO_MIGRATE", "false")]).await;
    assert_eq!(refused.code(), "migrations_pending", "{refused}");
}

/// Accepts a connection and reads until `key` has come; the connection, which stays silent.
async fn hears(listener: TcpListener, key: &[u8]) -> TcpStream {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut heard = Vec::new();
    while !heard.windows(key.len()).any(|bytes| bytes == key) {
        assert!(socket.read_buf(&mut heard).await.unwrap() > 0, "it ended");
    }
    socket
}

#[tokio::test]
async fn a_silent_qdrant_server_is_given_the_key_and_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // These signs have codes of five bits each in HTTP/2: 0, 1, 2 and 3.
    let hearing = tokio::spawn(async move {
        hears(
            listener,
            &[
                0b0000_0000,
                0b0100_0100,
                0b0011_0000,
                0b0000_0100,
                0b0100_0011,
            ],
        )
        .await
    });
    let variables = [
        ("QDRANT_URL", url.as_str()),
        ("QDRANT_API_KEY", "012a012a"),
        ("QDRANT_TIMEOUT_SECONDS", "1"),
    ];
    let app = TestApp::spawn_unsettled(&variables).await;
    // Five seconds without the setting.
    let deadline = Duration::from_millis(4_500);
    let following = app.app.follower().catch_up();
    assert!(
        within("the end of a request", deadline, following)
            .await
            .is_err()
    );
    let _silent = within("the key", SOON, hearing).await.unwrap();
    app.finish().await;
}

#[tokio::test]
async fn every_configured_key_may_call() {
    let variables = [(
        "API_KEYS",
        "second-key-0123456789abcdef,third-key-0123456789abcdef",
    )];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    for (key, status) in [
        (app.api_key, 200),
        ("second-key-0123456789abcdef", 200),
        ("third-key-0123456789abcdef", 200),
        ("fourth-key-0123456789abcdef", 401),
    ] {
        let request = app.get("/api/rooms").header("x-api-key", key);
        assert_eq!(request.send().await.unwrap().status(), status, "{key}");
    }
    app.finish().await;
}

#[tokio::test]
async fn another_secret_ends_every_token() {
    let (one, other) = ("a".repeat(64), "b".repeat(64));
    let one = [("SECRET_KEY", one.as_str())];
    let app = TestApp::spawn_with(&one, Clock::system()).await;
    let token = app.admin_token().await;
    let status = async |app: &TestApp| {
        let request = app.get("/admin/stats").bearer_auth(&token);
        request.send().await.unwrap().status().as_u16()
    };
    let app = app.restart(&one).await;
    assert_eq!(status(&app).await, 200);
    let app = app.restart(&[("SECRET_KEY", &other)]).await;
    assert_eq!(status(&app).await, 401);
    app.finish().await;
}

#[tokio::test]
async fn create_admin_takes_the_password_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ragd"))
        .arg("create-admin")
        .env("DATA_DIR", folder.path())
        .env("EMBEDDING_PROVIDER", "off")
        .env("ADMIN_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let data = folder.path().display().to_string();
    let app = TestApp::spawn_with(&[("DATA_DIR", &data)], Clock::system()).await;
    for (password, status) in [(PASSWORD, 200), ("another password", 401)] {
        let form = [("username", "admin"), ("password", password)];
        let answer = app.post_form("/auth/token", &form).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    app.finish().await;
}

#[tokio::test]
async fn data_that_another_key_sealed_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let (one, other) = ("11".repeat(32), "22".repeat(32));
    let with = |key| [("DATA_DIR", data.as_str()), ("DB_ENCRYPTION_KEY", key)];
    let app = TestApp::spawn_with(&with(&one), Clock::system()).await;
    app.close().await;
    let refused = TestApp::refused(&with(&other)).await;
    assert!(
        refused.to_string().contains("DB_ENCRYPTION_KEY"),
        "{refused}"
    );
}
