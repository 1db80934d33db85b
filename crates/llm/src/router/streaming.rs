//! A streamed answer through the chain: until the first content has come another provider may still
//! be asked; from then on the stream is this provider's to its end, which its breaker is told.

use super::attempt::Attempt;
use super::{Answering, Operation, Route, RouteError, Router};
use crate::{ChatRequest, ChatStream, ProviderError, ProviderErrorKind, StreamEvent};
use futures_util::{StreamExt, stream};

/// The events of one provider, and the call that they belong to.
struct Guarded {
    events: ChatStream,
    first: Option<StreamEvent>,
    /// `None` once the call has ended.
    attempt: Option<Attempt>,
}

impl Router {
    /// Asks the providers of `route`, one after the other, for a streamed answer; returns when the
    /// first content of one has come. Dropping the future or the stream ends the call upstream.
    ///
    /// # Errors
    /// As [`Router::complete`]. What fails after the first content is the stream's last item.
    pub async fn stream(
        &self,
        route: &Route,
        request: &ChatRequest,
    ) -> Result<Answering, RouteError> {
        let mut walk = self.begin(route, Operation::Chat)?;
        loop {
            let mut attempt = self.next(&mut walk).await?;
            let provider = attempt.member().provider();
            let asked = (request, attempt.model());
            let (first_by, deadline) = (walk.call_deadline(), walk.deadline());
            let begun = match provider.stream(asked, first_by, deadline).await {
                Ok(events) => first_content(events, provider.name()).await,
                Err(error) => Err(error),
            };
            match begun {
                Ok((events, first)) => {
                    attempt.content_came();
                    let served = walk.served(&attempt);
                    let guarded = Guarded {
                        events,
                        first: Some(first),
                        attempt: Some(attempt),
                    };
                    let events = stream::unfold(guarded, Guarded::next).boxed();
                    return Ok(Answering { events, served });
                }
                Err(error) => self.failed(&mut walk, attempt, error)?,
            }
        }
    }
}

/// A provider's stream holds everything back until content has come.
async fn first_content(
    mut events: ChatStream,
    name: &str,
) -> Result<(ChatStream, StreamEvent), ProviderError> {
    match events.next().await {
        Some(first) => Ok((events, first?)),
        None => {
            let kind = ProviderErrorKind::Interrupted;
            Err(ProviderError::new(name, kind, "the stream had no event"))
        }
    }
}

impl Guarded {
    async fn next(mut self) -> Option<(Result<StreamEvent, ProviderError>, Self)> {
        let event = match self.first.take() {
            Some(first) => Ok(first),
            None => self.events.next().await?,
        };
        match &event {
            Ok(StreamEvent::Piece(_)) => {
                if let Some(attempt) = &mut self.attempt {
                    attempt.heard();
                }
            }
            Ok(StreamEvent::Done(ending)) => {
                if let Some(attempt) = self.attempt.take() {
                    attempt.succeed(ending.usage);
                }
            }
            Err(error) => {
                if let Some(attempt) = self.attempt.take() {
                    attempt.fail(error);
                }
            }
        }
        Some((event, self))
    }
}
