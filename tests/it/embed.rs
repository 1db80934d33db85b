//! The local embedding model: the real one, installed by `scripts/fetch-models.sh`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's helpers fail the test"
)]

use ragd::embed::{self, Embedder, MAX_TOKENS, reference};
use ragd::error::ErrorKind;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Where the scripts install models.
fn models() -> PathBuf {
    let cache = || {
        std::env::var_os("XDG_CACHE_HOME")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
            .expect("HOME, XDG_CACHE_HOME or MODELS_PATH is set")
            .join("ragd/models")
    };
    std::env::var_os("MODELS_PATH")
        .filter(|path| !path.is_empty())
        .map_or_else(cache, PathBuf::from)
}

/// Loaded once for all tests.
pub(crate) fn embedder() -> &'static Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    EMBEDDER.get_or_init(|| {
        let two = NonZeroUsize::new(2).expect("not zero");
        Embedder::load(&models(), two).unwrap_or_else(|error| {
            panic!("these tests need the model: run scripts/fetch-models.sh ({error})")
        })
    })
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Each vector is of the right length, finite and a unit vector.
fn assert_unit(vectors: &[Vec<f32>]) {
    for vector in vectors {
        assert_eq!(vector.len(), embedder().dimension());
        let norm = cosine(vector, vector).sqrt();
        assert!((norm - 1.0).abs() < 1e-5, "norm {norm}");
    }
}

#[test]
fn the_installed_model_is_whole_and_named() {
    let manifest = embed::installed(&models())
        .expect("no damage")
        .expect("installed: run scripts/fetch-models.sh");
    assert_eq!(manifest.model_id, embed::MODEL_ID);
    assert_eq!(manifest.dimension, 384);
    assert_eq!(embedder().model_id(), embed::MODEL_ID);
    assert_eq!(embedder().dimension(), 384);
}

#[tokio::test]
async fn vectors_agree_with_a_separate_implementation() {
    let references = reference::all().expect("readable");
    let texts = references.iter().map(|r| r.text.clone()).collect();
    let vectors = embedder().embed(texts).await.expect("embeds");
    assert_unit(&vectors);
    let cosines: Vec<f32> = references
        .iter()
        .zip(&vectors)
        .map(|(reference, vector)| cosine(&reference.vector, vector))
        .collect();
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    assert!(mean > 0.996, "{cosines:?}");
    assert!(cosines.iter().all(|&cosine| cosine > 0.99), "{cosines:?}");
}

#[tokio::test]
async fn order_is_kept_whatever_the_lengths() {
    // Lengths rise and fall, so that sorting by length must be undone; more texts than one batch.
    let texts: Vec<String> = (0..60)
        .map(|i| format!("Item {i}: {}", "the valve opens. ".repeat((i * 7) % 23)))
        .collect();
    let together = embedder().embed(texts.clone()).await.expect("embeds");
    assert_unit(&together);
    for (text, vector) in texts.iter().zip(&together) {
        let alone = embedder().embed(vec![text.clone()]).await.expect("embeds");
        assert!(cosine(&alone[0], vector) > 0.9999, "{text}");
    }
}

#[tokio::test]
async fn a_text_has_one_vector_alone_in_a_batch_and_as_a_question() {
    let text = "How long is a password reset link valid?";
    let question = embedder().embed_query(text).await.expect("embeds");
    let alone = embedder().embed(owned(&[text])).await.expect("embeds");
    let batch = embedder()
        .embed(owned(&[
            "短い",
            text,
            "🗼🗼🗼 !!! $%&",
            "A much longer companion. ".repeat(20).as_str(),
        ]))
        .await
        .expect("embeds");
    assert!(cosine(&question, &alone[0]) > 0.9999);
    assert!(cosine(&question, &batch[1]) > 0.9999);
}

#[tokio::test]
async fn only_the_first_256_tokens_count() {
    // One word a token; two tokens of the 256 mark begin and end.
    let seen = "river ".repeat(MAX_TOKENS - 2);
    let one_less = "river ".repeat(MAX_TOKENS - 3);
    let texts = [
        seen.clone(),
        format!("{seen} volcano galaxy quantum violin"),
        format!("{one_less} volcano galaxy quantum violin"),
    ];
    let vectors = embedder().embed(texts.to_vec()).await.expect("embeds");
    assert!(
        cosine(&vectors[0], &vectors[1]) > 0.99999,
        "the tail is not seen"
    );
    assert!(
        cosine(&vectors[0], &vectors[2]) < 0.9999,
        "the last token is seen"
    );
}

#[tokio::test]
async fn no_text_is_too_odd() {
    let texts = [
        String::new(),
        " \t\r\n ".to_owned(),
        "\0".to_owned(),
        "nul\0inside".to_owned(),
        "\u{feff}\u{202e}\u{200d}\u{fffd}\u{10ffff}".to_owned(),
        "e\u{301}".repeat(5000),
        "👩‍👩‍👧‍👦".repeat(3000),
        "x".repeat(1_000_000),
        "[CLS] [SEP] [PAD] [MASK] [UNK]".to_owned(),
    ];
    let vectors = embedder().embed(texts.to_vec()).await.expect("embeds");
    assert_unit(&vectors);
    // NUL is dropped, not an end.
    let plain = embedder().embed_query("nulinside").await.expect("embeds");
    assert!(cosine(&plain, &vectors[3]) > 0.9999);
}

#[tokio::test]
async fn huge_texts_are_cut_to_what_the_model_sees() {
    let text = "The spindle must be greased every four hundred hours. ".repeat(200_000);
    assert!(text.len() > 10_000_000);
    let start: String = text.chars().take(5000).collect();
    let huge = embedder().embed_query(&text).await.expect("embeds");
    let cut = embedder().embed_query(&start).await.expect("embeds");
    assert!(cosine(&huge, &cut) > 0.99999);
    // Ten megabytes of blanks before the text are no text.
    let late = format!("{}needle", " ".repeat(10_000_000));
    let late = embedder().embed_query(&late).await.expect("embeds");
    let needle = embedder().embed_query("needle").await.expect("embeds");
    assert!(cosine(&late, &needle) > 0.9999);
}

#[tokio::test]
async fn nothing_in_nothing_out() {
    let vectors = embedder().embed(Vec::new()).await.expect("embeds");
    assert!(vectors.is_empty());
}

#[tokio::test]
async fn meaning_is_near_meaning() {
    let question = embedder()
        .embed_query("How do I cancel my subscription?")
        .await
        .expect("embeds");
    let vectors = embedder()
        .embed(owned(&[
            "To end your plan, open Billing and choose Cancel.",
            "The turbine's blades are made of a nickel alloy.",
        ]))
        .await
        .expect("embeds");
    assert!(cosine(&question, &vectors[0]) > cosine(&question, &vectors[1]) + 0.2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_get_their_own_answers() {
    let texts = |caller: usize| -> Vec<String> {
        (0..8)
            .map(|i| format!("Caller {caller} asks about {i}"))
            .collect()
    };
    let calls: Vec<_> = (0..6)
        .map(|caller| tokio::spawn(embedder().embed(texts(caller))))
        .collect();
    for (caller, call) in calls.into_iter().enumerate() {
        let together = call.await.expect("joins").expect("embeds");
        let alone = embedder().embed(texts(caller)).await.expect("embeds");
        for (a, b) in together.iter().zip(&alone) {
            assert!(cosine(a, b) > 0.9999);
        }
    }
}

#[tokio::test]
async fn a_question_overtakes_documents() {
    let documents = (0..400)
        .map(|i| {
            format!(
                "Document {i}. {}",
                "The gate is closed at night. ".repeat(40)
            )
        })
        .collect();
    let ingest = embedder().embed(documents);
    let question = embedder().embed_query("When is the gate closed?");
    tokio::select! {
        // The documents are asked for first.
        biased;
        _ = ingest => panic!("the question waited for all documents"),
        answer = question => assert_unit(&[answer.expect("embeds")]),
    }
}

#[test]
fn a_missing_model_names_the_script() {
    let empty = tempfile::tempdir().expect("made");
    assert_eq!(embed::installed(empty.path()).expect("no damage"), None);
    let error = Embedder::load(empty.path(), NonZeroUsize::MIN).expect_err("no model there");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.code(), "model_missing");
    assert!(error.to_string().contains("scripts/fetch-models.sh"));
}

#[test]
fn a_damaged_model_is_refused_by_file() {
    let copy = tempfile::tempdir().expect("made");
    let folder = copy.path().join(embed::MODEL_NAME);
    std::fs::create_dir(&folder).expect("made");
    for entry in std::fs::read_dir(models().join(embed::MODEL_NAME)).expect("installed") {
        let path = entry.expect("read").path();
        std::fs::copy(&path, folder.join(path.file_name().expect("named"))).expect("copied");
    }
    embed::installed(copy.path())
        .expect("whole")
        .expect("there");

    let graph = folder.join("model.int8.onnx");
    let mut bytes = std::fs::read(&graph).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&graph, &bytes).expect("written");
    for error in [
        embed::installed(copy.path()).expect_err("one bit is enough"),
        Embedder::load(copy.path(), NonZeroUsize::MIN).expect_err("one bit is enough"),
    ] {
        assert_eq!(error.code(), "model_damaged");
        assert!(error.to_string().contains("model.int8.onnx"), "{error}");
    }

    std::fs::remove_file(&graph).expect("removed");
    let error = embed::installed(copy.path()).expect_err("a file is gone");
    assert_eq!(error.code(), "model_damaged");
}

#[test]
fn files_that_are_not_the_published_ones_are_not_installed() {
    let folder = tempfile::tempdir().expect("made");
    let weights = folder.path().join("model.safetensors");
    std::fs::write(&weights, b"not weights").expect("written");
    let tokenizer = models().join(embed::MODEL_NAME).join("tokenizer.json");
    let error =
        embed::convert::install(&weights, &tokenizer, folder.path()).expect_err("another checksum");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    assert_eq!(embed::installed(folder.path()).expect("no damage"), None);
}
