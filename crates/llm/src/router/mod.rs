//! Which provider answers a request, and which is called when one fails.

mod attempt;
mod candidates;
mod chain;
mod member;
mod missing_models;
mod outcome;
mod overrides;
mod route;
mod routing;
mod series;
mod shared;
mod streaming;

pub use chain::Router;
pub use member::{LastCall, Member, MemberSettings, MemberSnapshot};
pub use outcome::{Completion, CompletionStream, RouteError, RouteErrorKind, Served};
pub use overrides::Overrides;
pub use route::{Route, RouteRequest};
pub use shared::RouterSettings;
