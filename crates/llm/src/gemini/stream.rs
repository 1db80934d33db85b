//! One event of a streamed answer. Calls come whole, each in one event. This wire has no terminal
//! marker: a stream is complete when its body ends after a reason to stop, so that no event is
//! `Done`.

use super::shapes::Response;
use crate::openai::call::ToolCall;
use crate::openai::compose::{CallDelta, CallHead, ChunkWriter, Delta, settled};
use crate::sse::SseEvent;
use crate::wire::{Chunk, Frame, Refusal};

/// What one stream remembers from event to event.
#[derive(Debug, Default)]
pub struct StreamState {
    writer: ChunkWriter,
    /// How many calls have come. The reason to stop may follow them in an event of its own.
    calls: usize,
}

impl StreamState {
    /// Reads one event.
    ///
    /// # Errors
    /// The error that the event holds by its kind; `Filtered` for a blocked prompt; `Server` for
    /// an answer that ended with a failure; `Malformed` for another shape.
    pub fn parse_frame(&mut self, event: &SseEvent) -> Result<Frame, Refusal> {
        let response = Response::read(event.data.as_bytes(), "an event")?;
        let usage = response.usage();
        let model = response.model_version.clone();
        let pieces = response.into_pieces(self.calls)?;
        let first = self.calls;
        self.calls += pieces.calls.len();
        let has_calls = self.calls > 0;
        let chunk = self.writer.chunk(Delta {
            text: pieces.text,
            reasoning: pieces.reasoning,
            calls: (first..)
                .zip(pieces.calls)
                .map(|(index, call)| whole_call(index, call))
                .collect(),
            finish_reason: pieces
                .finish_reason
                .map(|reason| settled(reason, has_calls)),
        });
        Ok(Frame::Chunk(Chunk {
            usage,
            model: model.filter(|model| !model.is_empty()),
            ..chunk
        }))
    }
}

fn whole_call(index: usize, call: ToolCall) -> CallDelta {
    CallDelta {
        index,
        head: Some(CallHead {
            id: call.id,
            name: call.name,
            thought_signature: call.thought_signature,
        }),
        arguments: call.arguments,
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
