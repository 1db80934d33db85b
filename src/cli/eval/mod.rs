//! `ragd eval --data DIR`: ingests a judged collection (BEIR format) into a scratch index and measures
//! retrieval under several configurations.

mod collection;
mod measures;
mod scratch;

use super::context::Context;
use super::output;
use super::output::JsonFlag;
use collection::Collection;
use measures::Measures;
use ragd_core::domain::SearchQuery;
use ragd_core::error::{Error, Result};
use ragd_service::config::{Fusion, RetrievalConfig};
use ragd_service::retrieval::{Retrieval, RetrievalRequest, RetrievalScope};
use scratch::Scratch;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// How deep a ranking is read: Recall@100.
const DEPTH: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Eval {
    /// A folder with corpus.jsonl, queries.jsonl and qrels.tsv.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Measure only configurations whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Also measure keyword weights from 0.3 to 0.7, to choose the defaults.
    #[arg(long)]
    sweep: bool,
    #[command(flatten)]
    json: JsonFlag,
}

/// The result of one configuration.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    ndcg_at_10: f64,
    recall_at_100: f64,
    mrr: f64,
    p50_ms: f64,
    p99_ms: f64,
    queries: usize,
}

impl Eval {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let collection = Collection::read(&self.data)?;
        output::print_note(format_args!(
            "{} documents, {} judged queries",
            collection.documents.len(),
            collection.queries.len()
        ));
        let in_force = context.config.retrieval.clone();
        let mut scratch = Scratch::open(context.config).await?;
        // Interrupted or failed, remove what was written to a Qdrant server.
        let outcome = tokio::select! {
            outcome = self.compare(&mut scratch, &collection, &in_force) => outcome,
            _ = tokio::signal::ctrl_c() => Err(Error::unavailable("interrupted")),
        };
        scratch.close().await;
        outcome.map(|()| ExitCode::SUCCESS)
    }

    async fn compare(
        &self,
        scratch: &mut Scratch,
        collection: &Collection,
        in_force: &RetrievalConfig,
    ) -> Result<()> {
        scratch.fill(collection).await?;
        let has_model = scratch.app.embedder().is_some();
        if !has_model {
            output::print_note("no embedding model: words alone are measured");
        }
        if !self.json.json {
            output::print_line(format_args!(
                "{:<28} {:>8} {:>10} {:>7} {:>8} {:>8}",
                "configuration", "nDCG@10", "Recall@100", "MRR", "p50 ms", "p99 ms"
            ));
        }
        let retrieval = scratch.app.retrieval();
        let mut services: Vec<(String, Retrieval)> = configurations(in_force, self.sweep)
            .into_iter()
            .map(|(name, settings)| {
                let service = retrieval.with_settings(settings).without_reranking();
                (name, service)
            })
            .collect();
        if retrieval.reranking().is_some() {
            services.push(("hybrid-rerank".to_owned(), retrieval.clone()));
        }
        let mut lines = Vec::new();
        for (name, retrieval) in services {
            let wanted = self
                .only
                .as_ref()
                .is_none_or(|only| name.contains(only.as_str()));
            if !wanted || (!has_model && retrieval.settings().vec_weight > 0.0) {
                continue;
            }
            let line = measure(&name, &retrieval, scratch, collection).await?;
            if !self.json.json {
                output::print_line(format_args!(
                    "{:<28} {:>8.4} {:>10.4} {:>7.4} {:>8.2} {:>8.2}",
                    line.name,
                    line.ndcg_at_10,
                    line.recall_at_100,
                    line.mrr,
                    line.p50_ms,
                    line.p99_ms
                ));
            }
            lines.push(line);
        }
        if self.json.json {
            output::print_json(&lines)?;
        }
        Ok(())
    }
}

/// The configurations that are compared; `hybrid` is the one in force.
fn configurations(in_force: &RetrievalConfig, sweep: bool) -> Vec<(String, RetrievalConfig)> {
    let weighted = |bm25_weight, fusion, complete_scores| RetrievalConfig {
        bm25_weight,
        vec_weight: 1.0 - bm25_weight,
        fusion,
        complete_scores,
        ..in_force.clone()
    };
    let mut configurations = vec![
        ("bm25".to_owned(), weighted(1.0, Fusion::MinMax, false)),
        ("dense".to_owned(), weighted(0.0, Fusion::MinMax, false)),
        ("hybrid-rrf".to_owned(), weighted(0.5, Fusion::Rrf, false)),
    ];
    let swept: &[f64] = if sweep {
        &[0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7]
    } else {
        &[0.5]
    };
    for (name, fusion, complete_scores) in [
        ("hybrid-minmax", Fusion::MinMax, false),
        ("hybrid-minmax-complete", Fusion::MinMax, true),
        ("hybrid-zscore", Fusion::ZScore, false),
        ("hybrid-zscore-complete", Fusion::ZScore, true),
    ] {
        for &weight in swept {
            let name = format!("{name}-{weight}");
            configurations.push((name, weighted(weight, fusion, complete_scores)));
        }
    }
    configurations.push(("hybrid".to_owned(), in_force.clone()));
    configurations
}

async fn measure(
    name: &str,
    retrieval: &Retrieval,
    scratch: &Scratch,
    collection: &Collection,
) -> Result<Line> {
    let mut measures = Measures::default();
    let mut not_reranked = 0;
    for query in &collection.queries {
        let request = RetrievalRequest {
            query: SearchQuery::parse("query", &query.text)?,
            read: scratch.read_scope(),
            collection: None,
            scope: RetrievalScope::Documents,
            rooms: None,
            limit: DEPTH,
        };
        let found = retrieval.search(&request).await?;
        let ranking: Vec<&str> = found
            .hits
            .iter()
            .filter_map(|hit| scratch.document_of(hit.id()))
            .collect();
        if found.degraded.contains(&"rerank") {
            not_reranked += 1;
        }
        measures.add(&ranking, &query.judgements, found.timings.total);
    }
    if not_reranked > 0 {
        output::print_note(format_args!(
            "{name}: {not_reranked} questions were not reranked, because the reranker gave no answer"
        ));
    }
    if measures.is_empty() {
        return Err(Error::invalid(
            "qrels.tsv: no query has a relevant document",
        ));
    }
    Ok(Line {
        name: name.to_owned(),
        ndcg_at_10: measures.ndcg_at_10(),
        recall_at_100: measures.recall_at_100(),
        mrr: measures.mrr(),
        p50_ms: measures.latency_ms(0.50),
        p99_ms: measures.latency_ms(0.99),
        queries: measures.len(),
    })
}
