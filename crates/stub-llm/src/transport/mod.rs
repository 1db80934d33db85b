//! The HTTP/1.1 side of the scripted server: reads requests, asks a [`Handler`] for the reply to each,
//! and plays the reply step by step, byte for byte. It speaks just enough HTTP for that, because a
//! real server would repair what a script wants broken. It knows no wire format.

mod connection;
mod incoming;
mod listener;
mod reply;
mod request;

pub(crate) use connection::{Handler, Outcome};
pub(crate) use incoming::MAX_BODY_BYTES;
pub(crate) use listener::listen;
pub(crate) use reply::chunk;
pub use reply::{Reply, Step};
pub use request::Request;
