//! What is not as it should be in one case: all of it, because one fault shows in several places.

use std::fmt::Debug;

#[derive(Debug, Default)]
pub struct Findings(Vec<String>);

impl Findings {
    /// Notes that `got` is not `wanted`.
    pub fn same<T: PartialEq<U> + Debug, U: Debug>(&mut self, what: &str, got: T, wanted: U) {
        if got != wanted {
            self.0.push(format!("{what} is {got:?}, not {wanted:?}"));
        }
    }

    /// Notes that something does not hold.
    pub fn holds(&mut self, what: &str, holds: bool) {
        if !holds {
            self.0.push(format!("not so: {what}"));
        }
    }

    /// All of it in one line; `None`: there is nothing.
    pub fn of(self, case: &str) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("{case}: {}", self.0.join("; ")))
    }
}
