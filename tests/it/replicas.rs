//! Two server processes on one Postgres, each with an embedded index of its own: one queue between
//! them, one truth behind both.

use crate::support::database::TestDatabase;
use crate::support::process::Process;
use crate::support::until::{until, until_some};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// How long the test asks again for what must come by itself; a lease takes 60 s to end.
const PATIENCE: Duration = Duration::from_secs(100);

/// The replicas' surroundings: a database, a folder of originals, a data folder each.
struct Replicas {
    database: TestDatabase,
    originals: tempfile::TempDir,
    folders: [tempfile::TempDir; 2],
}

impl Replicas {
    async fn new() -> Self {
        let folder = || tempfile::tempdir().unwrap();
        Self {
            database: TestDatabase::postgres().await,
            originals: folder(),
            folders: [folder(), folder()],
        }
    }

    fn start(&self, number: usize, more: &[(&str, &str)]) -> Process {
        let database = self.database.postgres_url();
        let originals = format!("file://{}", self.originals.path().display());
        // One key for all: it opens what any of them sealed.
        let key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let mut variables = vec![
            ("DATABASE_URL", database.as_str()),
            ("BLOB_URL", &originals),
            ("DB_ENCRYPTION_KEY", key),
            ("EMBEDDING_PROVIDER", "off"),
        ];
        variables.extend(more);
        Process::start(self.folders[number].path(), &variables)
    }
}

async fn ended(process: &Process, job: &str) -> Value {
    until_some("the end of a job", PATIENCE, || async {
        let (_, job) = process.get(&format!("/api/jobs/{job}")).await;
        (!job["finished_at"].is_null()).then_some(job)
    })
    .await
}

/// What a process finds, once its index holds everything.
async fn finds(process: &Process, question: &str) -> Vec<(String, String)> {
    until("a whole index", PATIENCE, || async {
        let (status, index) = process.get("/api/admin/index").await;
        status == 200 && index["position"] == index["head"]
    })
    .await;
    let path = format!("/api/admin/memory/preview?scope=documents&q={question}");
    let (status, found) = process.get(&path).await;
    assert_eq!(status, 200, "{found}");
    let text = |value: &Value| value.to_string();
    let hits = found["results"].as_array().unwrap().iter();
    hits.map(|hit| (text(&hit["passage_id"]), text(&hit["score"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_leaves_the_other_finishes() {
    let replicas = Replicas::new().await;
    let mut first = replicas.start(0, &[("RAGD_FAILPOINT", "ingest.extracted")]);
    // It is acknowledged, or the process ended before the answer; the row is there in both cases.
    first.send("heron", "The heron waits in the reeds.").await;
    first.ends();
    let second = replicas.start(1, &[]);
    let job = until_some("a job", PATIENCE, || async {
        let (_, jobs) = second.get("/api/admin/jobs?kind=ingest").await;
        jobs["data"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let job = ended(&second, &job).await;
    assert_eq!(
        (&job["state"], &job["attempt"], &job["crashes"]),
        (&"done".into(), &2.into(), &1.into()),
        "{job}"
    );

    // Both are there again, and share what comes.
    let first = replicas.start(0, &[]);
    let mut jobs = Vec::new();
    for number in 0..24 {
        let process = if number % 2 == 0 { &first } else { &second };
        let mark = Uuid::new_v4().simple();
        let text = format!("Heron number {number}, ringed {mark}, was seen at the weir.");
        let sent = process
            .send(&format!("sighting {number}"), &text)
            .await
            .unwrap();
        jobs.push(sent["job_id"].as_str().unwrap().to_owned());
    }
    for job in &jobs {
        let job = ended(&second, job).await;
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&"done".into(), &1.into()),
            "{job}"
        );
    }
    let one = finds(&first, "heron").await;
    assert_eq!(one.len(), 20, "{one:?}");
    assert_eq!(one, finds(&second, "heron").await);
}
