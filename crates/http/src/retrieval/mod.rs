//! What retrieval finds for a question, with every score: for a room's owner and for operators.

pub(crate) mod preview;
pub(crate) mod room_query;
mod types;
