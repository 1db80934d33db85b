//! The cases that the table makes: each row with each wire, form and moment, whether there can be
//! such a case, and what its caller is to see.

use super::table::{Fate, Fault, Row, Way};
use ragd::stub_llm::{ErrorCause, Wire};

/// When it goes wrong, seen from the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    BeforeContent,
    AfterContent,
}

/// The form of the answer that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Whole,
    Stream,
}

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub row: Row,
    pub wire: Wire,
    pub form: Form,
    pub moment: Moment,
}

/// What the caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The answer of the provider that was asked.
    Answer,
    /// The answer of the one that stands in, after so many calls in all.
    StandIn { calls: u32 },
    /// A part of the answer, and an error as its end.
    Part,
    /// An error that is the caller's own.
    Refusal(u16),
    /// Nothing any more: it has gone.
    Gone,
}

/// What a stage is opened with: cases that agree in it share a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Setting {
    pub wire: Wire,
    /// Whether the way to the provider is broken.
    pub way: Option<Way>,
    pub timers: Timers,
    pub part: Part,
}

/// What the stage is for, beside its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Replies that are played.
    Replies,
    /// Clients that leave: it is counted how many have.
    Leaving,
    /// A limit of ours.
    OwnLimit,
}

/// The timers, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timers {
    pub first_content: u64,
    pub idle: u64,
    pub total: u64,
}

const PATIENT: Timers = Timers {
    first_content: 30,
    idle: 20,
    total: 60,
};

/// Every case of these rows.
pub fn of_rows(rows: &[Row]) -> Vec<Case> {
    let mut cases = Vec::new();
    for row in rows.iter().copied() {
        for wire in Wire::ALL {
            for form in [Form::Whole, Form::Stream] {
                for moment in [Moment::BeforeContent, Moment::AfterContent] {
                    cases.push(Case {
                        row,
                        wire,
                        form,
                        moment,
                    });
                }
            }
        }
    }
    cases
}

impl Case {
    /// A line that names it.
    pub fn name(&self) -> String {
        let Self {
            row,
            wire,
            form,
            moment,
        } = self;
        format!("{}, {wire:?}, {form:?}, {moment:?}", row.name)
    }

    pub fn is_stream(&self) -> bool {
        self.form == Form::Stream
    }

    fn is_late(&self) -> bool {
        self.moment == Moment::AfterContent
    }

    /// Why there can be no such case.
    pub fn impossible(&self) -> Option<&'static str> {
        let (whole, late) = (!self.is_stream(), self.is_late());
        match self.row.fault {
            Fault::NoWay(_) if late => Some("content needs a connection"),
            Fault::Status(..) | Fault::Limited(_) | Fault::SpentBalance if late => {
                Some("a status comes before content")
            }
            Fault::OwnLimit if late => Some("what is not sent has no content"),
            Fault::OwnLimit if self.wire != Wire::OpenAi => Some("only Groq has a limit of ours"),
            Fault::Silence | Fault::NoContent if late => Some("content has come"),
            Fault::Silence | Fault::NoContent if whole => {
                Some("the first content of a whole answer is all of it: see the total deadline")
            }
            Fault::Gap if whole => Some("a whole answer has no gaps: see the total deadline"),
            Fault::Gap if !late => Some("before content a gap is content that does not come"),
            Fault::LongLine if whole => Some("a whole answer has no lines"),
            Fault::WholeError if late => Some("a whole error is no stream with content"),
            Fault::WholeError if whole => Some("the same as a 200 with an error"),
            Fault::BreaksOff if whole => Some("the same as a body without its end"),
            Fault::Blank if late => Some("what has content is not blank"),
            Fault::Nothing if late => Some("nothing goes wrong at no moment"),
            Fault::SpentBalance if self.wire == Wire::Gemini => {
                Some("Google says so with another status")
            }
            Fault::Status(400, ErrorCause::Key) if self.wire != Wire::Gemini => {
                Some("only Google says so with this status")
            }
            _ => None,
        }
    }

    /// What its caller is to see.
    pub fn view(&self) -> View {
        let part = self.is_stream() && self.is_late();
        match (self.row.fault, self.row.fate) {
            (Fault::ClientGone(_), _) => View::Gone,
            (Fault::OwnLimit, _) => View::StandIn { calls: 1 },
            (_, Fate::Success) => View::Answer,
            (_, Fate::Callers(status)) => View::Refusal(status),
            (_, Fate::Failure) if part => View::Part,
            _ => View::StandIn { calls: 2 },
        }
    }

    /// What its stage is opened with.
    pub fn setting(&self) -> Setting {
        let timers = match self.row.fault {
            Fault::Silence | Fault::NoContent => Timers {
                first_content: 1,
                ..PATIENT
            },
            Fault::Gap => Timers { idle: 1, ..PATIENT },
            // Half of it is the first provider's.
            Fault::Endless => Timers {
                total: 2,
                ..PATIENT
            },
            _ => PATIENT,
        };
        let way = match self.row.fault {
            Fault::NoWay(way) => Some(way),
            _ => None,
        };
        Setting {
            wire: self.wire,
            way,
            timers,
            part: match self.row.fault {
                Fault::OwnLimit => Part::OwnLimit,
                Fault::ClientGone(_) => Part::Leaving,
                _ => Part::Replies,
            },
        }
    }

    /// The reason that a fallback is counted under.
    pub fn reason(&self) -> &'static str {
        match (self.row.fault, self.row.fate) {
            (Fault::Silence | Fault::NoContent | Fault::Endless, _) => "timeout",
            (Fault::OwnLimit, _) | (_, Fate::Rest(_)) => "rate_limited",
            (Fault::Status(_, ErrorCause::Model), _) => "model_not_found",
            (_, Fate::Unusable) => "unusable",
            _ => "failure",
        }
    }
}
