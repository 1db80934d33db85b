//! A streamed answer through the chain: until the first content has come another provider may still
//! be called; from then on the stream is this provider's to its end, which counts for its breaker.

use super::attempt::Attempt;
use super::chain::Router;
use super::outcome::{CompletionStream, RouteError};
use super::route::Route;
use crate::guard::Operation;
use crate::{ChatRequest, ChatStream, ProviderError, ProviderErrorKind, StreamEvent};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};

/// The events of one provider, and the call that they belong to.
struct Guarded {
    events: ChatStream,
    first: Option<StreamEvent>,
    /// `None` once the call has ended.
    attempt: Option<Attempt>,
}

impl Router {
    /// Calls the providers of `route`, one after the other, for a streamed answer; returns when the
    /// first content of one has come. Dropping the future or the stream ends the call upstream.
    ///
    /// # Errors
    /// As [`Router::complete`]. What fails after the first content is the stream's last item.
    pub fn stream<'a>(
        &'a self,
        route: &'a Route,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<CompletionStream, RouteError>> {
        Box::pin(async move {
            let mut candidates = self.begin(route, Operation::Chat)?;
            loop {
                let mut attempt = self.next(&mut candidates).await?;
                let provider = attempt.member().provider();
                let (first_by, deadline) = (candidates.call_deadline(), candidates.deadline());
                let response = provider.stream(request, attempt.model(), first_by, deadline);
                let begun = match response.await {
                    Ok(events) => first_content(events, provider.name()).await,
                    Err(error) => Err(error),
                };
                match begun {
                    Ok((events, first)) => {
                        attempt.content_came();
                        let served = candidates.served(&attempt);
                        let guarded = Guarded {
                            events,
                            first: Some(first),
                            attempt: Some(attempt),
                        };
                        let events = stream::unfold(guarded, Guarded::next).boxed();
                        return Ok(CompletionStream { events, served });
                    }
                    Err(error) => self.failed(&mut candidates, attempt, error)?,
                }
            }
        })
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
                    attempt.received();
                }
            }
            Ok(StreamEvent::Done(ending)) => match self.attempt.take() {
                Some(attempt) if ending.is_withheld => attempt.withheld(ending.usage),
                Some(attempt) => attempt.succeed(ending.usage),
                None => {}
            },
            Err(error) => {
                if let Some(attempt) = self.attempt.take() {
                    attempt.fail(error);
                }
            }
        }
        Some((event, self))
    }
}
