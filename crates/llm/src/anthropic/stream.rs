//! One event of a streamed answer. A stream names its blocks by an index and tells their kind only
//! at their start, so what one stream has begun is remembered here. An event that holds an error,
//! or has another shape, is refused.

use super::error_body::refusal;
use super::shapes::{Block, WireUsage, finish_reason};
use crate::openai::compose::{CallDelta, CallHead, ChunkWriter, Delta, settled};
use crate::sse::SseEvent;
use crate::wire::{Chunk, Frame, Refusal};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// What one stream remembers from event to event.
#[derive(Debug, Default)]
pub struct StreamState {
    writer: ChunkWriter,
    usage: WireUsage,
    /// The calls whose arguments are coming, by the index of their block.
    open: BTreeMap<u64, OpenCall>,
    calls: usize,
}

#[derive(Debug)]
struct OpenCall {
    /// Its place among the answer's calls.
    index: usize,
    /// The arguments to give when none come in pieces.
    whole: String,
    has_pieces: bool,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct MessageStart {
    message: Start,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct BlockStart {
    index: u64,
    content_block: Block,
}

#[derive(Deserialize)]
struct BlockDelta {
    index: u64,
    delta: Piece,
}

#[derive(Deserialize)]
struct Piece {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    partial_json: String,
}

#[derive(Deserialize)]
struct BlockStop {
    index: u64,
}

#[derive(Deserialize)]
struct MessageDelta {
    delta: End,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct End {
    #[serde(default)]
    stop_reason: Option<String>,
}

impl StreamState {
    /// Reads one event.
    ///
    /// # Errors
    /// The error that the event holds by its kind; `Malformed` for another shape.
    pub fn parse_frame(&mut self, event: &SseEvent) -> Result<Frame, Refusal> {
        let data = event.data.as_str();
        let said: Kind = read(data)?;
        let kind = said.kind.as_deref().unwrap_or(&event.name);
        if kind == "error" || said.error.is_some() {
            let body: Value = read(data)?;
            let refusal = refusal(&body, "the stream reports an error");
            return Err(refusal.unwrap_or_else(|| Refusal::server("the stream reports an error")));
        }
        let chunk = match kind {
            "" => return Err(Refusal::malformed("an event has no type")),
            "message_stop" => return Ok(Frame::Done),
            "message_start" => self.start(read(data)?),
            "content_block_start" => self.block_start(read(data)?)?,
            "content_block_delta" => self.block_delta(read(data)?),
            "content_block_stop" => self.block_stop(&read(data)?),
            "message_delta" => self.end(&read(data)?),
            // `ping`, and events to come.
            _ => Chunk::default(),
        };
        Ok(Frame::Chunk(chunk))
    }

    fn start(&mut self, event: MessageStart) -> Chunk {
        self.usage.update(event.message.usage.unwrap_or_default());
        Chunk {
            model: event.message.model.filter(|model| !model.is_empty()),
            usage: event.message.usage.map(|_| self.usage.into()),
            ..Chunk::default()
        }
    }

    fn block_start(&mut self, event: BlockStart) -> Result<Chunk, Refusal> {
        let block = event.content_block;
        let mut delta = Delta::default();
        match block.kind.as_str() {
            "text" => delta.text = block.text.unwrap_or_default(),
            "thinking" => delta.reasoning = block.thinking.unwrap_or_default(),
            "tool_use" => delta.calls.push(self.open_call(event.index, block)?),
            // Hidden reasoning shows nothing, so it does not bind a caller to this provider.
            _ => {}
        }
        Ok(self.writer.chunk(delta))
    }

    fn open_call(&mut self, block_index: u64, block: Block) -> Result<CallDelta, Refusal> {
        let (Some(id), Some(name)) = (block.id, block.name) else {
            return Err(Refusal::malformed("a call has no id or no name"));
        };
        let index = self.calls;
        self.calls += 1;
        let whole = block
            .input
            .map_or_else(|| "{}".to_owned(), |input| input.get().to_owned());
        self.open.insert(
            block_index,
            OpenCall {
                index,
                whole,
                has_pieces: false,
            },
        );
        Ok(CallDelta {
            index,
            head: Some(CallHead {
                id,
                name,
                thought_signature: None,
            }),
            arguments: String::new(),
        })
    }

    fn block_delta(&mut self, event: BlockDelta) -> Chunk {
        let mut delta = Delta::default();
        match event.delta.kind.as_str() {
            "text_delta" => delta.text = event.delta.text,
            "thinking_delta" => delta.reasoning = event.delta.thinking,
            "input_json_delta" if !event.delta.partial_json.is_empty() => {
                // The arguments of the vendor's own tools are of no block that is open here.
                if let Some(call) = self.open.get_mut(&event.index) {
                    call.has_pieces = true;
                    delta.calls.push(more(call.index, event.delta.partial_json));
                }
            }
            // `signature_delta`, `citations_delta`, and kinds to come.
            _ => {}
        }
        self.writer.chunk(delta)
    }

    /// A call without arguments comes without pieces; OpenAI's clients parse what they got as JSON,
    /// so they need its `{}`.
    fn block_stop(&mut self, event: &BlockStop) -> Chunk {
        let mut delta = Delta::default();
        if let Some(call) = self.open.remove(&event.index)
            && !call.has_pieces
        {
            delta.calls.push(more(call.index, call.whole));
        }
        self.writer.chunk(delta)
    }

    fn end(&mut self, event: &MessageDelta) -> Chunk {
        self.usage.update(event.usage.unwrap_or_default());
        let reason = event.delta.stop_reason.as_deref().map(finish_reason);
        let chunk = self.writer.chunk(Delta {
            finish_reason: reason.map(|reason| settled(reason, self.calls > 0)),
            ..Delta::default()
        });
        Chunk {
            usage: event.usage.map(|_| self.usage.into()),
            ..chunk
        }
    }
}

fn more(index: usize, arguments: String) -> CallDelta {
    CallDelta {
        index,
        head: None,
        arguments,
    }
}

fn read<T: DeserializeOwned>(data: &str) -> Result<T, Refusal> {
    serde_json::from_str(data).map_err(|error| {
        let what = if error.is_data() {
            "an event has another shape"
        } else {
            "an event is not JSON"
        };
        Refusal::malformed(format!("{what}: {error}"))
    })
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
