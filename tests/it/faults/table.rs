//! The table of faults: what an upstream does wrong, and what that is to be to its breaker and its
//! limiter. One row an event of the specification; nothing here plays or checks.

use ragd::provider::ProviderErrorKind as Kind;
use ragd::stub_llm::ErrorCause;
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the row that shows that the script speaks the wire.
    Nothing,
    /// There is no connection.
    NoWay(Way),
    /// Not a byte comes.
    Silence,
    /// The stream begins, and no content comes.
    NoContent,
    /// A stream falls silent.
    Gap,
    /// Something comes again and again, and never the end.
    Endless,
    /// An error with this status.
    Status(u16, ErrorCause),
    /// 429 with `Retry-After`, in seconds, or without.
    Limited(Option<u64>),
    /// 400 with words for a spent balance.
    SpentBalance,
    /// What is no JSON.
    Malformed,
    /// A line of more than 1 MB.
    LongLine,
    /// 200 with an error.
    ErrorEvent(ErrorCause),
    /// 200 with a whole JSON error where a stream was asked for.
    WholeError,
    /// It ends before its terminal marker, as if it were complete.
    NoMarker,
    /// The connection closes in the middle.
    BreaksOff,
    /// It is complete, and blank.
    Blank,
    /// The client goes away after so much silence by the clock.
    ClientGone(Duration),
    /// Our own limiter holds the request back.
    OwnLimit,
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// The name is nobody's.
    NoName,
    /// Nobody listens.
    Refused,
    /// Whoever listens speaks no TLS.
    NoTls,
    /// Whoever listens says nothing, so that the connection is not made in time.
    Slow,
}

/// What it is to the provider's breaker and limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A success.
    Success,
    /// A failure.
    Failure,
    /// Neutral, and the provider is left alone for so long.
    Rest(Duration),
    /// Neutral, and the provider is unusable for five minutes.
    Unusable,
    /// Neutral: the caller's own fault, with this status.
    Callers(u16),
    /// Neutral.
    Neutral,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub fault: Fault,
    pub fate: Fate,
    /// The word for it; `None`: the call has no ending of its own.
    pub kind: Option<Kind>,
}

const fn row(name: &'static str, fault: Fault, fate: Fate, kind: Kind) -> Row {
    let kind = Some(kind);
    Row {
        name,
        fault,
        fate,
        kind,
    }
}

const fn failing_status(name: &'static str, status: u16) -> Row {
    row(
        name,
        Fault::Status(status, ErrorCause::Status),
        Fate::Failure,
        Kind::Server,
    )
}

const fn callers_status(name: &'static str, status: u16) -> Row {
    let fault = Fault::Status(status, ErrorCause::Status);
    row(name, fault, Fate::Callers(status), Kind::BadRequest)
}

const fn wordless(name: &'static str, fault: Fault, fate: Fate) -> Row {
    Row {
        name,
        fault,
        fate,
        kind: None,
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Just too short a silence to be the provider's failure.
const PATIENT: Duration = Duration::from_millis(9_999);

/// Every row.
pub const ROWS: &[Row] = &[
    wordless("nothing is wrong", Fault::Nothing, Fate::Success),
    row(
        "DNS error",
        Fault::NoWay(Way::NoName),
        Fate::Failure,
        Kind::Connect,
    ),
    row(
        "connection refused",
        Fault::NoWay(Way::Refused),
        Fate::Failure,
        Kind::Connect,
    ),
    row(
        "TLS error",
        Fault::NoWay(Way::NoTls),
        Fate::Failure,
        Kind::Connect,
    ),
    row(
        "connect > 5 s",
        Fault::NoWay(Way::Slow),
        Fate::Failure,
        Kind::Connect,
    ),
    row(
        "no byte in time",
        Fault::Silence,
        Fate::Failure,
        Kind::Timeout,
    ),
    row(
        "no first content in time",
        Fault::NoContent,
        Fate::Failure,
        Kind::Timeout,
    ),
    row("idle gap", Fault::Gap, Fate::Failure, Kind::Timeout),
    row(
        "total deadline",
        Fault::Endless,
        Fate::Failure,
        Kind::Timeout,
    ),
    failing_status("408", 408),
    failing_status("500", 500),
    failing_status("502", 502),
    failing_status("503", 503),
    failing_status("504", 504),
    failing_status("529", 529),
    row(
        "malformed",
        Fault::Malformed,
        Fate::Failure,
        Kind::Malformed,
    ),
    row(
        "a line over 1 MB",
        Fault::LongLine,
        Fate::Failure,
        Kind::Malformed,
    ),
    row(
        "200 with an error",
        Fault::ErrorEvent(ErrorCause::Status),
        Fate::Failure,
        Kind::Server,
    ),
    row(
        "200 with a limit",
        Fault::ErrorEvent(ErrorCause::RateLimit(Some(7))),
        Fate::Failure,
        Kind::Server,
    ),
    row(
        "200 with an error for a stream",
        Fault::WholeError,
        Fate::Failure,
        Kind::Server,
    ),
    row(
        "no terminal marker",
        Fault::NoMarker,
        Fate::Failure,
        Kind::Interrupted,
    ),
    row(
        "connection breaks off",
        Fault::BreaksOff,
        Fate::Failure,
        Kind::Interrupted,
    ),
    row("empty completion", Fault::Blank, Fate::Failure, Kind::Empty),
    row(
        "429 with Retry-After",
        Fault::Limited(Some(7)),
        Fate::Rest(seconds(7)),
        Kind::RateLimited,
    ),
    row(
        "429 without",
        Fault::Limited(None),
        Fate::Rest(seconds(10)),
        Kind::RateLimited,
    ),
    row(
        "429 for an hour",
        Fault::Limited(Some(3_600)),
        Fate::Rest(seconds(60)),
        Kind::RateLimited,
    ),
    row(
        "429 of a quota",
        Fault::Status(429, ErrorCause::Quota),
        Fate::Unusable,
        Kind::Quota,
    ),
    row(
        "402",
        Fault::Status(402, ErrorCause::Status),
        Fate::Unusable,
        Kind::Quota,
    ),
    row(
        "401",
        Fault::Status(401, ErrorCause::Key),
        Fate::Unusable,
        Kind::Unauthorized,
    ),
    row(
        "403",
        Fault::Status(403, ErrorCause::Key),
        Fate::Unusable,
        Kind::Unauthorized,
    ),
    row(
        "400 of a spent balance",
        Fault::SpentBalance,
        Fate::Unusable,
        Kind::Quota,
    ),
    row(
        "400 of a wrong key",
        Fault::Status(400, ErrorCause::Key),
        Fate::Unusable,
        Kind::Unauthorized,
    ),
    row(
        "a model that is gone",
        Fault::Status(404, ErrorCause::Model),
        Fate::Unusable,
        Kind::ModelNotFound,
    ),
    callers_status("400", 400),
    callers_status("404", 404),
    callers_status("413", 413),
    callers_status("422", 422),
    wordless(
        "client gone after 9.999 s",
        Fault::ClientGone(PATIENT),
        Fate::Neutral,
    ),
    wordless(
        "client gone after 10 s",
        Fault::ClientGone(seconds(10)),
        Fate::Failure,
    ),
    wordless("our own limiter", Fault::OwnLimit, Fate::Neutral),
];

/// Rows that are not so: whoever checks must find each of them out.
pub const FALSE_ROWS: &[Row] = &[
    wordless("a failure of nothing", Fault::Nothing, Fate::Failure),
    row("a neutral 500", failing(500), Fate::Neutral, Kind::Server),
    row(
        "a 500 that rests",
        failing(500),
        Fate::Rest(seconds(7)),
        Kind::Server,
    ),
    row(
        "a 500 of the caller",
        failing(500),
        Fate::Callers(500),
        Kind::Server,
    ),
    row(
        "a failing 400",
        failing(400),
        Fate::Failure,
        Kind::BadRequest,
    ),
    row(
        "a failing 429",
        Fault::Limited(Some(7)),
        Fate::Failure,
        Kind::RateLimited,
    ),
    row(
        "a second too long",
        Fault::Limited(Some(7)),
        Fate::Rest(seconds(8)),
        Kind::RateLimited,
    ),
    row(
        "an unusable 503",
        failing(503),
        Fate::Unusable,
        Kind::Server,
    ),
    row("a failing 402", failing(402), Fate::Failure, Kind::Quota),
    row(
        "the wrong word",
        Fault::Malformed,
        Fate::Failure,
        Kind::Server,
    ),
    wordless("a cut success", Fault::NoMarker, Fate::Success),
    wordless("an empty success", Fault::Blank, Fate::Success),
    wordless(
        "a successful error",
        Fault::ErrorEvent(ErrorCause::Status),
        Fate::Success,
    ),
];

const fn failing(status: u16) -> Fault {
    Fault::Status(status, ErrorCause::Status)
}
