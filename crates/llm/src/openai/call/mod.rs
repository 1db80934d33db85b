//! A chat call in a typed form: OpenAI's chat-completions fields, read so that another vendor's wire
//! can be written from them. Fields that change nothing for those vendors are passed over; what
//! would change the answer and cannot be carried over is refused by its name.

mod fields;
mod messages;
mod types;

pub use types::{
    Call, Format, Function, Image, Message, Part, ToolCall, ToolChoice, Unsendable, says_nothing,
};

#[cfg(test)]
mod tests;
