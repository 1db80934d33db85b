//! Installs the model: checks the published files, converts the weights to a graph of bytes, checks
//! what the graph computes against vectors computed elsewhere, and puts it in place. It downloads
//! nothing.

use super::bert::Bert;
use super::calibration;
use super::encoder::Encoder;
use super::files::{self, Manifest};
use super::graph::{self, Precision};
use super::reference;
use super::tokens::Tokens;
use super::weights::Weights;
use ragd_core::error::{Error, Result};
use std::path::Path;

/// The published `model.safetensors`.
const WEIGHTS_SHA256: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
/// The published `tokenizer.json`.
const TOKENIZER_SHA256: &str = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037";

/// The least mean cosine between the converted model's vectors and the reference ones.
const LEAST_MEAN_COSINE: f32 = 0.996;
/// The least cosine of any of them.
const LEAST_COSINE: f32 = 0.99;

/// Converts the published files `safetensors` and `tokenizer` and installs the model in its own
/// folder under `models`. Blocks for about ten seconds and uses about 300 MB of memory.
///
/// # Errors
/// [`ErrorKind::Unavailable`](ragd_core::error::ErrorKind::Unavailable) if a file cannot be read,
/// has another checksum, or cannot be written;
/// [`ErrorKind::Internal`](ragd_core::error::ErrorKind::Internal) if the vectors of the converted
/// model differ from the reference, in which case nothing is installed.
pub fn install(safetensors: &Path, tokenizer: &Path, models: &Path) -> Result<Manifest> {
    let tokenizer = files::verified(tokenizer, TOKENIZER_SHA256)?;
    let weights = files::verified(safetensors, WEIGHTS_SHA256)?;
    let bert = Bert::read(&Weights::parse(&weights)?)?;
    drop(weights);
    let tokens = Tokens::load(&tokenizer)?;
    let roundings = calibration::observe(&bert, &tokens)?;
    let graph = graph::build(&bert, Precision::Int8(&roundings));
    drop(bert);
    self_check(&graph, &tokens)?;
    files::write(models, &graph, &tokenizer)
}

fn self_check(graph: &[u8], tokens: &Tokens) -> Result<()> {
    let encoder = Encoder::load(graph.to_vec())?;
    let pool = Encoder::pool(1);
    let mut cosines = Vec::new();
    for reference in reference::all()? {
        let ids = tokens.encode(&reference.text)?;
        let vectors = encoder.encode(&[&ids], &pool)?;
        let cosine = vectors.iter().flatten().zip(&reference.vector);
        cosines.push(cosine.map(|(ours, theirs)| ours * theirs).sum::<f32>());
    }
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    let least = cosines.iter().copied().fold(1.0, f32::min);
    // Written so that a NaN fails.
    if mean >= LEAST_MEAN_COSINE && least >= LEAST_COSINE {
        tracing::debug!(
            cosine.mean = mean,
            cosine.least = least,
            "converted model checked"
        );
        Ok(())
    } else {
        Err(Error::internal(format!(
            "the converted model is wrong: cosine to the reference {mean:.4} on average, {least:.4} at worst"
        )))
    }
}
