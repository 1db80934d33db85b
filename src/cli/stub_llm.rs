//! `ragd stub-llm`: serves the scripted model server until a signal stops it.

use super::output;
use super::signal::stop_on_signal;
use ragd_core::error::{Error, Result};
use ragd_stub_llm::{AnswerText, BEHAVIOURS, Behaviour, Pace, ScriptEntry, Settings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A scripted model server: it speaks the APIs of OpenAI, Anthropic and Gemini, answers with a fixed
/// text, and fails on request.
///
/// For rehearsing a provider's outage on your own machine, and for measuring a gateway against an
/// upstream that costs nothing. It needs no key, no configuration and no data folder.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help())]
pub(super) struct StubLlm {
    /// The address to listen on. Anyone who reaches it can control it: keep it on this machine.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 9_900)]
    port: u16,
    /// How requests are answered: see the list below.
    #[arg(long, value_name = "BEHAVIOUR", default_value = "ok")]
    behaviour: Behaviour,
    /// Only this share of requests is affected, 0 to 1: counted, not drawn at random; 0.25 is every fourth.
    #[arg(long, value_name = "SHARE")]
    fail_rate: Option<f64>,
    /// Only the first N requests are affected; with --fail-rate, the first N of that share.
    #[arg(long, value_name = "N")]
    fail_first: Option<u64>,
    /// A list of behaviours as JSON, played in order; after that answers are correct.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["behaviour", "fail_rate", "fail_first"])]
    script: Option<PathBuf>,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    text: TextArgs,
    /// How many dimensions embeddings have, unless a request asks for another number.
    #[arg(long, value_name = "N", default_value_t = 1_536)]
    dimension: usize,
    /// Print nothing.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, clap::Args)]
struct PaceArgs {
    /// Retry-After of error answers, in seconds.
    #[arg(long, value_name = "S")]
    retry_after: Option<u64>,
    /// Milliseconds before the first byte.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    /// Tokens a second; 0: all at once. Answers that are not streamed come when their last token
    /// would have come.
    #[arg(long, value_name = "R", default_value_t = 0.0)]
    tokens_per_second: f64,
    /// Milliseconds between two tokens of `trickle`, two bytes of `slow-headers`.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    trickle_ms: u64,
}

#[derive(Debug, clap::Args)]
struct TextArgs {
    /// How many tokens an answer has: a sentence is repeated.
    #[arg(long, value_name = "N", default_value_t = 64)]
    tokens: usize,
    /// Each token is its number: ` t1 t2 t3 …`.
    #[arg(long, group = "text")]
    numbered: bool,
    /// Answer with the last message of the user.
    #[arg(long, group = "text")]
    echo: bool,
    /// Answer with this text.
    #[arg(long, group = "text", value_name = "TEXT")]
    say: Option<String>,
    /// Answer with the first sentence of source 1 of the prompt, and cite it.
    #[arg(long, group = "text")]
    cite: bool,
}

impl StubLlm {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let (host, port, quiet) = (self.host.clone(), self.port, self.quiet);
        let settings = self.settings()?;
        let listener = TcpListener::bind((host.as_str(), port))
            .await
            .map_err(|error| {
                Error::unavailable(format!("cannot listen on {host}:{port} (--host, --port)"))
                    .with_source(error)
            })?;
        let address = listener
            .local_addr()
            .map_err(|error| Error::unavailable("the address is not known").with_source(error))?;
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone())?;
        if !quiet {
            output::print_line(announcement(address));
        }
        ragd_stub_llm::serve(settings, listener, stop).await;
        Ok(ExitCode::SUCCESS)
    }

    fn settings(self) -> Result<Settings> {
        let script = match &self.script {
            Some(file) => read_script(file)?,
            None => vec![ScriptEntry {
                behaviour: self.behaviour,
                times: self.fail_first,
                fail_rate: self.fail_rate,
                ..ScriptEntry::default()
            }],
        };
        let settings = Settings {
            tokens: self.text.tokens,
            text: self.text.chosen(),
            dimension: self.dimension,
            pace: Pace {
                latency_ms: self.pace.latency_ms,
                tokens_per_second: self.pace.tokens_per_second,
                trickle_ms: self.pace.trickle_ms,
                retry_after_s: self.pace.retry_after,
            },
            script,
        };
        settings.check()?;
        Ok(settings)
    }
}

impl TextArgs {
    fn chosen(self) -> AnswerText {
        match self.say {
            Some(text) => AnswerText::Say(text),
            None if self.numbered => AnswerText::Numbered,
            None if self.echo => AnswerText::Echo,
            None if self.cite => AnswerText::Cite,
            None => AnswerText::Sentence,
        }
    }
}

fn read_script(file: &Path) -> Result<Vec<ScriptEntry>> {
    let shown = file.display();
    let json = std::fs::read(file).map_err(|error| {
        Error::invalid(format!("the script {shown} cannot be read")).with_source(error)
    })?;
    ScriptEntry::parse_script(&json)
        .map_err(|error| Error::invalid(format!("{shown}: {error}")).with_source(error))
}

fn announcement(address: SocketAddr) -> String {
    format!(
        "ragd stub-llm listens on http://{address} (OpenAI at /v1, Anthropic at /v1, Gemini at \
         /v1beta)"
    )
}

fn after_help() -> String {
    let behaviours: String = BEHAVIOURS
        .iter()
        .map(|(name, meaning)| format!("  {name:<18} {meaning}\n"))
        .collect();
    format!("Behaviours:\n{behaviours}\n{EXAMPLES}")
}

const EXAMPLES: &str = r#"An outage, rehearsed in three terminals:
  ragd stub-llm --cite
  LLM_PROVIDER=openai OPENAI_API_KEY=any OPENAI_BASE_URL=http://127.0.0.1:9900/v1 ragd serve
  curl -X PUT 127.0.0.1:9900/_stub/behaviour -d '{"behaviour": "status:503"}'
Ask ragd a question now, and see what its callers see. Then end the outage:
  curl -X PUT 127.0.0.1:9900/_stub/behaviour -d '{"behaviour": "ok"}'

Control, on the same port:
  PUT  /_stub/behaviour  from now on: {"behaviour": "status:429", "times": 5, "fail_rate": 0.5,
                         "retry_after_s": 2, "latency_ms": 300, "tokens_per_second": 20,
                         "trickle_ms": 500}; all but `behaviour` may be left out. After so many
                         `times` answers are correct; without `times` it stays. A list of these is a script.
  GET  /_stub/behaviour  what is still to come
  GET  /_stub/stats      requests, by behaviour, open streams, clients that went away, the last
                         request without its secrets
  POST /_stub/reset      back to the state at the start

A script (--script FILE): each entry is played once, or so many `times`:
  [{"behaviour": "status:500", "times": 5}, {"behaviour": "hang"}, {"behaviour": "cut-after:10"}]

Lists of models are always answered and count for nothing. Paths are known by their ends: any prefix
before /chat/completions, /messages, /embeddings and /models/MODEL:generateContent will do."#;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        stub: StubLlm,
    }

    fn settings(line: &[&str]) -> Result<Settings> {
        let line = std::iter::once(&"stub").chain(line);
        Line::try_parse_from(line)
            .map_err(|error| Error::invalid(error.to_string()))?
            .stub
            .settings()
    }

    #[test]
    fn without_arguments_answers_are_correct() {
        let mut expected = Settings::default();
        expected.script.push(ScriptEntry::default());
        assert_eq!(settings(&[]).unwrap(), expected);
    }

    #[test]
    fn flags_make_a_script_entry() {
        let line = "--behaviour status:429 --fail-first 3 --retry-after 2 --echo";
        let settings = settings(&line.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(settings.script[0].behaviour, Behaviour::Status(429));
        assert_eq!(settings.script[0].times, Some(3));
        assert_eq!(settings.pace.retry_after_s, Some(2));
        assert_eq!(settings.text, AnswerText::Echo);
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        for (line, word) in [
            ("--behaviour statsu:500", "statsu:500"),
            ("--fail-rate 2", "fail_rate"),
            ("--tokens 0", "tokens"),
            ("--tokens-per-second NaN", "tokens_per_second"),
            ("--echo --cite", "--cite"),
            ("--script a.json --behaviour hang", "--behaviour"),
            ("--script /nowhere/a.json", "/nowhere/a.json"),
        ] {
            let refused = settings(&line.split(' ').collect::<Vec<_>>()).unwrap_err();
            assert!(refused.to_string().contains(word), "{line}: {refused}");
        }
    }

    #[test]
    fn the_help_shows_every_behaviour() {
        for (name, _) in BEHAVIOURS {
            assert!(after_help().contains(name));
        }
    }
}
