//! What is measured of a call to whoever answers: how long, how many tokens, how it went.

use crate::error::Result;
use crate::provider::ChatReply;
use crate::telemetry::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A call under way.
pub(super) struct Asked {
    metrics: Arc<Metrics>,
    provider: String,
    model: String,
    begun: Instant,
    has_content: AtomicBool,
}

impl Asked {
    pub(super) fn begin(metrics: &Arc<Metrics>, provider: &str, model: &str) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            provider: provider.to_owned(),
            model: model.to_owned(),
            begun: Instant::now(),
            has_content: AtomicBool::new(false),
        }
    }

    /// Notes the first content of a stream; later calls change nothing.
    pub(super) fn first_content(&self) {
        if !self.has_content.swap(true, Ordering::Relaxed) {
            let elapsed = self.begun.elapsed().as_secs_f64();
            let first_token = &self.metrics.gen_ai_first_token;
            first_token
                .with_label_values(&[self.provider.as_str()])
                .observe(elapsed);
        }
    }

    /// Notes how the call ended.
    pub(super) fn record_result(&self, reply: &Result<ChatReply>) {
        let (provider, model) = (self.provider.as_str(), self.model.as_str());
        let elapsed = self.begun.elapsed().as_secs_f64();
        let (status, outcome) = if reply.is_ok() {
            ("success", "success")
        } else {
            ("error", "failure")
        };
        let metrics = &self.metrics;
        metrics
            .llm_requests
            .with_label_values(&[provider, model, status])
            .inc();
        metrics
            .llm_latency
            .with_label_values(&[provider, model, status])
            .observe(elapsed);
        metrics
            .origin_calls
            .with_label_values(&[provider, outcome])
            .inc();
        metrics
            .origin_latency
            .with_label_values(&[provider])
            .observe(elapsed);
        metrics
            .gen_ai_duration
            .with_label_values(&["chat", provider])
            .observe(elapsed);
        if let Ok(reply) = reply {
            let kinds = [
                ("prompt", "input", reply.usage.prompt_tokens),
                ("completion", "output", reply.usage.completion_tokens),
            ];
            for (kind, gen_ai_kind, count) in kinds {
                metrics
                    .origin_tokens
                    .with_label_values(&[provider, kind])
                    .inc_by(count);
                let usage = metrics
                    .gen_ai_tokens
                    .with_label_values(&[provider, gen_ai_kind]);
                usage.observe(count as f64);
            }
        }
    }
}
