//! The files of an installed model: a folder with the converted graph, the tokenizer, and a
//! manifest of their checksums. It reads and writes these three files, and refuses a file whose
//! checksum is not the one in the manifest.

use ragd_core::domain::Sha256;
use ragd_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The model's name, and that of its folder under the models' folder.
pub const MODEL_NAME: &str = "all-MiniLM-L6-v2";
/// The name with what else determines the vectors: the precision, and the revision of the
/// conversion. Raise the revision with any change that changes vectors.
pub const MODEL_ID: &str = "all-MiniLM-L6-v2:int8:2";

const GRAPH: &str = "model.int8.onnx";
const TOKENIZER: &str = "tokenizer.json";
const MANIFEST: &str = "manifest.json";

/// The advice in every error about a missing or unusable model.
const REMEDY: &str = "run scripts/fetch-models.sh";

/// What an installed model is, and the checksums of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The model with its precision and revision; part of every collection's identity.
    pub model_id: String,
    /// The length of its vectors.
    pub dimension: usize,
    /// The SHA-256 of the graph, in hexadecimal.
    pub graph_sha256: String,
    /// The SHA-256 of the tokenizer, in hexadecimal.
    pub tokenizer_sha256: String,
}

/// The files of a model whose checksums are correct.
pub(super) struct Files {
    pub manifest: Manifest,
    pub graph: Vec<u8>,
    pub tokenizer: Vec<u8>,
}

fn folder(models: &Path) -> PathBuf {
    models.join(MODEL_NAME)
}

/// The model installed under the folder `models`, with its checksums verified; `None` if there is
/// none.
///
/// # Errors
/// [`ErrorKind::Unavailable`] if the installed model is damaged or of another revision; the message
/// says which file, and what to run.
pub fn installed(models: &Path) -> Result<Option<Manifest>> {
    Ok(read(models)?.map(|files| files.manifest))
}

/// As [`installed`], with the files; a missing model is an error too.
pub(super) fn require(models: &Path) -> Result<Files> {
    read(models)?.ok_or_else(|| {
        Error::unavailable(format!(
            "the embedding model {MODEL_NAME} is not installed in {}: {REMEDY}",
            models.display()
        ))
        .with_code("model_missing")
    })
}

fn read(models: &Path) -> Result<Option<Files>> {
    let folder = folder(models);
    let path = folder.join(MANIFEST);
    let manifest = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(damaged(&path, "cannot be read").with_source(cause)),
    };
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|cause| damaged(&path, "is not a manifest").with_source(cause))?;
    if manifest.model_id != MODEL_ID {
        let other = format!(
            "belongs to {}, but this version of ragd needs {MODEL_ID}",
            manifest.model_id
        );
        return Err(damaged(&path, &other));
    }
    Ok(Some(Files {
        graph: verified(&folder.join(GRAPH), &manifest.graph_sha256)?,
        tokenizer: verified(&folder.join(TOKENIZER), &manifest.tokenizer_sha256)?,
        manifest,
    }))
}

/// Reads a file whose SHA-256 must be `expected`.
pub(super) fn verified(path: &Path, expected: &str) -> Result<Vec<u8>> {
    let bytes =
        std::fs::read(path).map_err(|cause| damaged(path, "cannot be read").with_source(cause))?;
    let found = Sha256::of(&bytes).to_hex();
    if found == expected {
        Ok(bytes)
    } else {
        let detail = format!("has SHA-256 {found}, not {expected}");
        Err(damaged(path, &detail))
    }
}

fn damaged(path: &Path, detail: &str) -> Error {
    let message = format!("{} {detail}: {REMEDY}", path.display());
    Error::new(ErrorKind::Unavailable, message).with_code("model_damaged")
}

/// Puts a model in place. Each file appears whole or not at all, the manifest last, so that an
/// interruption leaves either the old model or one that [`installed`] reports as damaged.
pub(super) fn write(models: &Path, graph: &[u8], tokenizer: &[u8]) -> Result<Manifest> {
    let manifest = Manifest {
        model_id: MODEL_ID.to_owned(),
        dimension: super::bert::HIDDEN,
        graph_sha256: Sha256::of(graph).to_hex(),
        tokenizer_sha256: Sha256::of(tokenizer).to_hex(),
    };
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|cause| Error::internal("the manifest does not serialise").with_source(cause))?;
    let folder = folder(models);
    place(
        &folder,
        [(GRAPH, graph), (TOKENIZER, tokenizer), (MANIFEST, &text)],
    )
    .map_err(|cause| {
        Error::unavailable(format!("cannot write the model to {}", folder.display()))
            .with_source(cause)
    })?;
    Ok(manifest)
}

fn place(folder: &Path, files: [(&str, &[u8]); 3]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, bytes) in files {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        readable_by_all(file.as_file())?;
        file.persist(folder.join(name))?;
    }
    // The renames themselves must survive a power failure.
    std::fs::File::open(folder)?.sync_all()
}

/// A temporary file can be read by its owner only; a model is no secret, and the user who installs
/// it may be another one than the server's.
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}
