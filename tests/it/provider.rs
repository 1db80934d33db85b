//! The provider against a scripted upstream: what it sends, what it makes of good answers, and that
//! no failure, wherever it strikes, is taken for a success.

use crate::support::scripted;
use futures_util::StreamExt;
use ragd::clock::Clock;
use ragd::domain::Role;
use ragd::provider::ProviderErrorKind as Kind;
use ragd::provider::{
    ChatMessage, ChatReply, ChatRequest, ChatStream, FinishReason, Provider, ProviderError,
    ProviderSettings, StreamEvent, Timeouts, Usage, Wire,
};
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(100);

/// Timers that no test waits for.
const PATIENT: Timeouts = Timeouts {
    first_content: LONG,
    idle: LONG,
    total: LONG,
};

fn provider_at(base_url: &str, timeouts: Timeouts) -> Provider {
    let settings = ProviderSettings {
        name: "openai".to_owned(),
        wire: Wire::OpenAi,
        base_url: base_url.to_owned(),
        credentials: vec![("authorization", "sk-test-key".into())],
        model: "small".to_owned(),
        timeouts,
        loads_models: false,
    };
    let http = ragd::outbound::ModelClient::new().unwrap();
    Provider::new(settings, http, Clock::system()).unwrap()
}

/// Asks for a whole answer, within the total time.
async fn complete(provider: &Provider) -> Result<ChatReply, ProviderError> {
    let deadline = Instant::now() + provider.timeouts().total;
    let asked = question();
    provider.complete(&asked, provider.model(), deadline).await
}

/// Begins a streamed answer, within the total time.
async fn begin(provider: &Provider) -> Result<ChatStream, ProviderError> {
    let deadline = Instant::now() + provider.timeouts().total;
    let asked = question();
    provider
        .stream(&asked, provider.model(), deadline, deadline)
        .await
}

fn provider(upstream: &ScriptedServer) -> Provider {
    provider_at(&upstream.base_url(), PATIENT)
}

fn question() -> ChatRequest {
    ChatRequest::of_messages(&[ChatMessage::new(Role::User, "What is ARP?")]).unwrap()
}

/// The text that came, and how the stream ended.
async fn streamed(provider: &Provider) -> (String, Result<StreamEvent, ProviderError>) {
    let mut stream = match begin(provider).await {
        Ok(stream) => stream,
        Err(error) => return (String::new(), Err(error)),
    };
    let mut text = String::new();
    let mut end = None;
    while let Some(item) = stream.next().await {
        assert!(end.is_none(), "{item:?} came after the end {end:?}");
        match item {
            Ok(StreamEvent::Piece(piece)) => text.push_str(&piece.text),
            other => end = Some(other),
        }
    }
    (text, end.expect("a stream says how it ended"))
}

/// The next text of a stream that goes on.
async fn next_text(stream: &mut ChatStream) -> String {
    loop {
        match stream.next().await.unwrap().unwrap() {
            StreamEvent::Piece(piece) if piece.text.is_empty() => {}
            StreamEvent::Piece(piece) => return piece.text,
            done => panic!("it ended: {done:?}"),
        }
    }
}

/// Plays `reply` to a streamed call; returns the text that came and the failure that ended it.
async fn failed_stream(reply: Reply, timeouts: Timeouts) -> (String, Kind) {
    let upstream = scripted::playing([reply]).await;
    let (text, end) = streamed(&provider_at(&upstream.base_url(), timeouts)).await;
    (text, end.expect_err("a failed stream").kind)
}

/// Plays `reply` to a whole call; returns its failure.
async fn failed_call(reply: Reply) -> ProviderError {
    let upstream = scripted::playing([reply]).await;
    let reply = complete(&provider(&upstream)).await;
    reply.expect_err("a failed call")
}

#[tokio::test]
async fn a_whole_answer_comes_back_with_all_that_the_upstream_said() {
    let upstream = scripted::playing([Reply::answer("It maps addresses.")]).await;
    let request = question().with("temperature", Some(&0.5)).unwrap();
    let provider = provider(&upstream);
    let deadline = Instant::now() + LONG;
    let reply = provider
        .complete(&request, provider.model(), deadline)
        .await
        .unwrap();
    assert_eq!(reply.text, "It maps addresses.");
    assert_eq!(reply.model, "scripted");
    assert_eq!(reply.finish_reason, FinishReason::Stop);
    let usage = Usage {
        prompt_tokens: 7,
        completion_tokens: 3,
        total_tokens: 10,
    };
    assert_eq!(reply.usage, usage);

    let sent = &upstream.requests()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(sent.header("authorization"), Some("Bearer sk-test-key"));
    assert_eq!(sent.header("user-agent"), Some(ragd::outbound::USER_AGENT));
    assert_eq!(
        sent.body,
        json!({"model": "small", "stream": false, "temperature": 0.5,
               "messages": [{"role": "user", "content": "What is ARP?"}]})
    );
}

#[tokio::test]
async fn streams_end_with_their_usage_and_share_a_connection() {
    let replies = [
        Reply::stream(&["It ", "maps ", "addresses."]),
        Reply::stream(&["Yes"]),
    ];
    let upstream = scripted::playing(replies).await;
    let provider = provider(&upstream);
    let (text, end) = streamed(&provider).await;
    assert_eq!(text, "It maps addresses.");
    let usage = Usage {
        prompt_tokens: 7,
        completion_tokens: 3,
        total_tokens: 10,
    };
    let Ok(StreamEvent::Done(ending)) = end else {
        panic!("no end: {end:?}");
    };
    assert_eq!(ending.finish_reason, FinishReason::Stop);
    assert_eq!((ending.usage, ending.model.as_str()), (usage, "scripted"));
    assert_eq!(streamed(&provider).await.0, "Yes");
    assert_eq!(upstream.connections(), 1);
    assert_eq!(
        upstream.requests()[0].body["stream_options"],
        json!({"include_usage": true})
    );
}

#[tokio::test]
async fn a_stream_reads_the_same_in_pieces_of_any_size() {
    for size in [1, 2, 3, 5, 64, 4096] {
        let upstream =
            scripted::playing([Reply::stream_in_pieces(&["né ", "🙂 ", "中文"], size)]).await;
        let (text, end) = streamed(&provider(&upstream)).await;
        assert_eq!(text, "né 🙂 中文", "pieces of {size}");
        assert!(matches!(end, Ok(StreamEvent::Done(_))), "{end:?}");
    }
}

#[tokio::test]
async fn deltas_come_as_soon_as_they_are_sent() {
    let upstream = scripted::playing([Reply::tokens(&["first "])
        .gate()
        .token("second")
        .event(&scripted::stop_chunk())
        .done()])
    .await;
    let mut stream = begin(&provider(&upstream)).await.unwrap();
    assert_eq!(next_text(&mut stream).await, "first ");
    upstream.open_gate();
    assert_eq!(next_text(&mut stream).await, "second");
}

#[tokio::test]
async fn each_failing_status_has_its_kind_streamed_or_not() {
    for (status, kind) in [
        (302, Kind::Misconfigured),
        (400, Kind::BadRequest),
        (401, Kind::Unauthorized),
        (402, Kind::Quota),
        (403, Kind::Unauthorized),
        (404, Kind::BadRequest),
        (408, Kind::Server),
        (413, Kind::BadRequest),
        (422, Kind::BadRequest),
        (429, Kind::RateLimited),
        (500, Kind::Server),
        (502, Kind::Server),
        (503, Kind::Server),
        (504, Kind::Server),
        (529, Kind::Server),
    ] {
        let upstream = scripted::start().await;
        upstream.set_default(Reply::error(status, "no"));
        let provider = provider(&upstream);
        let whole = complete(&provider).await.unwrap_err();
        assert_eq!((whole.kind, whole.status), (kind, Some(status)));
        let (text, end) = streamed(&provider).await;
        assert_eq!(
            (text.as_str(), end.unwrap_err().kind),
            ("", kind),
            "{status}"
        );
        assert_eq!(
            upstream.requests().len(),
            2,
            "nothing is repeated or redirected"
        );
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_and_a_spent_quota_is_not_a_rate_limit() {
    let limited = Reply::error_with_header(429, "rate_limit_exceeded", "Retry-After", "7");
    let error = failed_call(limited).await;
    assert_eq!(error.kind, Kind::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    let spent = Reply::error_with_header(429, "insufficient_quota", "Retry-After", "7");
    assert_eq!(failed_call(spent).await.kind, Kind::Quota);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = scripted::playing([Reply::answer("Taken.")]).await;
    let location = format!("{}/chat/completions", elsewhere.base_url());
    let redirect = Reply::error_with_header(307, "moved", "Location", &location);
    assert_eq!(failed_call(redirect).await.kind, Kind::Misconfigured);
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_200_without_an_answer_is_a_failure() {
    let empty = json!({"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]});
    for (reply, kind) in [
        (Reply::error(200, "overloaded"), Kind::Server),
        (
            Reply::body(200, "application/json", "{\"choices\": ["),
            Kind::Malformed,
        ),
        (
            Reply::body(200, "text/html", "<html>Welcome</html>"),
            Kind::Malformed,
        ),
        (Reply::body(204, "application/json", ""), Kind::Malformed),
        (Reply::json(200, &empty), Kind::Empty),
    ] {
        let shown = format!("{reply:?}");
        assert_eq!(failed_call(reply).await.kind, kind, "{shown}");
    }
}

#[tokio::test]
async fn every_answer_that_is_cut_short_is_a_failure() {
    let whole = Reply::answer("It maps addresses.");
    let upstream = scripted::start().await;
    let provider = provider(&upstream);
    for bytes in 0..whole.len() {
        upstream.queue(whole.clone().cut_after(bytes));
        let error = complete(&provider).await.unwrap_err();
        assert_eq!(
            error.kind,
            Kind::Interrupted,
            "cut after {bytes}: {error:?}"
        );
    }
}

#[tokio::test]
async fn every_stream_that_is_cut_before_its_terminal_marker_is_a_failure() {
    let upstream = scripted::start().await;
    let provider = provider(&upstream);
    let unmarked = Reply::tokens(&["It ", "maps"]).event(&scripted::stop_chunk());
    let whole = unmarked.clone().done();
    for bytes in 0..whole.len() {
        upstream.queue(whole.clone().cut_after(bytes));
        let (text, end) = streamed(&provider).await;
        assert!("It maps".starts_with(&text), "{text}");
        match end {
            Ok(_) => assert!(bytes > unmarked.len(), "complete after {bytes} bytes"),
            Err(error) => assert_eq!(error.kind, Kind::Interrupted, "{bytes}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn streams_that_go_wrong_fail_before_content_and_after_it() {
    let overloaded = json!({"error": {"message": "overloaded"}});
    let blank = scripted::delta(&json!({"content": " \n"}));
    let long_line = format!("data: {}", "x".repeat(1_100_000));
    for tokens in [&[][..], &["It ", "maps"]] {
        let begun = || Reply::tokens(tokens);
        for (reply, kind) in [
            (begun().event(&overloaded).done(), Kind::Server),
            (
                begun().raw("event: error\ndata: {}\n\n").done(),
                Kind::Server,
            ),
            (
                begun().raw("data: {\"choices\": [\n\n").done(),
                Kind::Malformed,
            ),
            (
                begun().raw("data: {\"tokens\": 3}\n\n").done(),
                Kind::Malformed,
            ),
            (begun().raw(&long_line).hang(), Kind::Malformed),
            (begun().end(), Kind::Interrupted),
            (begun().close(), Kind::Interrupted),
            (begun().event(&blank).end(), Kind::Interrupted),
        ] {
            let (text, seen) = failed_stream(reply, PATIENT).await;
            assert_eq!(seen, kind, "after {text:?}");
            assert_eq!(text.trim_end(), tokens.concat());
        }
    }
}

#[tokio::test]
async fn a_stream_without_an_answer_is_a_failure() {
    let blank = scripted::delta(&json!({"content": " \n"}));
    let thought = scripted::delta(&json!({"reasoning_content": "Hm."}));
    for (reply, kind) in [
        (Reply::stream(&[]), Kind::Empty),
        (Reply::tokens(&[]).event(&blank).done(), Kind::Empty),
        (Reply::tokens(&[]).event(&thought).done(), Kind::Empty),
        (Reply::error(200, "overloaded"), Kind::Server),
        (Reply::answer("Not streamed."), Kind::Malformed),
        (
            Reply::body(200, "text/html", "<html>Welcome</html>"),
            Kind::Interrupted,
        ),
    ] {
        let shown = format!("{reply:?}");
        let (text, seen) = failed_stream(reply, PATIENT).await;
        assert_eq!((text.as_str(), seen), ("", kind), "{shown}");
    }
}

#[tokio::test]
async fn a_reason_to_stop_is_the_end_of_a_body_that_is_closed_as_it_should() {
    let begun = || Reply::tokens(&["Yes"]).event(&scripted::stop_chunk());
    let hurried = Timeouts {
        idle: SHORT,
        ..PATIENT
    };
    for (reply, kind) in [
        (begun().close(), Kind::Interrupted),
        (begun().hang(), Kind::Timeout),
    ] {
        let upstream = scripted::playing([reply]).await;
        let (text, end) = streamed(&provider_at(&upstream.base_url(), hurried)).await;
        assert_eq!((text.as_str(), end.unwrap_err().kind), ("Yes", kind));
    }
    let upstream = scripted::start().await;
    let provider = provider(&upstream);
    // A provider that has sent the marker before has broken off; one that leaves it out again has not.
    for (reply, is_complete) in [
        (begun().done(), true),
        (begun().end(), false),
        (begun().end(), true),
        (begun().done(), true),
        (begun().end(), true),
    ] {
        upstream.queue(reply);
        let (text, end) = streamed(&provider).await;
        assert_eq!((text.as_str(), end.is_ok()), ("Yes", is_complete));
    }
    // Of one that is not known, nothing says that it is missing.
    let upstream = scripted::playing([begun().end()]).await;
    let (text, end) = streamed(&provider_at(&upstream.base_url(), PATIENT)).await;
    assert_eq!((text.as_str(), end.is_ok()), ("Yes", true));
    let upstream = scripted::playing([Reply::tokens(&["Yes"]).end()]).await;
    let (text, end) = streamed(&provider_at(&upstream.base_url(), PATIENT)).await;
    assert_eq!(
        (text.as_str(), end.unwrap_err().kind),
        ("Yes", Kind::Interrupted)
    );
}

#[tokio::test]
async fn silence_ends_a_call_and_closes_its_connection() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::silence());
    let hurried = Timeouts {
        first_content: SHORT,
        total: SHORT,
        ..PATIENT
    };
    let provider = provider_at(&upstream.base_url(), hurried);
    let error = complete(&provider).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
    upstream.clients_gone(1).await;
    assert_eq!(streamed(&provider).await.1.unwrap_err().kind, Kind::Timeout);
    upstream.clients_gone(2).await;
}

#[tokio::test]
async fn signs_of_life_are_not_content() {
    let hurried = Timeouts {
        first_content: SHORT,
        ..PATIENT
    };
    let pinging = (0..1_000).fold(Reply::tokens(&[]), |reply, _| {
        reply.raw(": ping\n\n").pause(SHORT / 4)
    });
    let (text, kind) = failed_stream(pinging, hurried).await;
    assert_eq!((text.as_str(), kind), ("", Kind::Timeout));
}

#[tokio::test]
async fn a_gap_inside_an_answer_ends_it() {
    let hurried = Timeouts {
        idle: SHORT,
        ..PATIENT
    };
    let (text, kind) = failed_stream(Reply::tokens(&["It "]).hang(), hurried).await;
    assert_eq!((text.as_str(), kind), ("It ", Kind::Timeout));
    let thought = scripted::delta(&json!({"reasoning": "Hm."}));
    let thinking = Reply::tokens(&[]).event(&thought).hang();
    assert_eq!(failed_stream(thinking, hurried).await.1, Kind::Timeout);
}

#[tokio::test]
async fn an_endless_answer_ends_at_the_total_time() {
    let hurried = Timeouts {
        total: SHORT,
        ..PATIENT
    };
    let dripping = (0..1_000).fold(Reply::tokens(&["It "]), |reply, _| {
        reply.pause(SHORT / 4).token("goes on ")
    });
    let (text, kind) = failed_stream(dripping, hurried).await;
    assert_eq!(kind, Kind::Timeout);
    assert!(text.starts_with("It "), "{text}");
}

#[tokio::test]
async fn dropping_a_stream_closes_its_connection() {
    let upstream = scripted::playing([Reply::tokens(&["It "]).hang()]).await;
    let mut stream = begin(&provider(&upstream)).await.unwrap();
    assert_eq!(next_text(&mut stream).await, "It ");
    drop(stream);
    upstream.clients_gone(1).await;
}

#[tokio::test]
async fn an_upstream_that_is_not_there_or_not_itself_is_a_connect_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let not_tls = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _client_may_be_gone = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let provider = provider_at(&format!("https://{address}/v1"), PATIENT);
    let error = complete(&provider).await.unwrap_err();
    assert_eq!(error.kind, Kind::Connect, "{error:?}");

    not_tls.abort();
    assert!(not_tls.await.unwrap_err().is_cancelled());
    let provider = provider_at(&format!("http://{address}/v1"), PATIENT);
    assert_eq!(streamed(&provider).await.1.unwrap_err().kind, Kind::Connect);
}

#[tokio::test]
async fn a_failure_shows_neither_the_key_nor_the_address() {
    let error = failed_call(Reply::error(500, "key sk-test-key\r\nhas failed")).await;
    let debug = format!("{error:?}");
    let shown = format!("{error} {debug}");
    assert!(
        shown.contains("openai: answered 500: key *** has failed"),
        "{shown}"
    );
    assert!(!shown.contains("sk-test-key"), "{shown}");

    let gone = scripted::start().await.base_url();
    let error = complete(&provider_at(&gone, PATIENT)).await.unwrap_err();
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
}
