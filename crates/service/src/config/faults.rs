//! A list of everything that is wrong with a configuration, so that one start tells it all.

use ragd_core::error::{Error, Result};

/// Collects faults, each with the name of the setting.
#[derive(Debug, Default)]
pub struct Faults(Vec<String>);

impl Faults {
    /// Adds a fault of `setting`.
    pub fn add(&mut self, setting: &str, fault: impl std::fmt::Display) {
        self.0.push(format!("{setting}: {fault}"));
    }

    /// Adds a fault unless `holds`.
    pub fn require(&mut self, holds: bool, setting: &str, fault: impl std::fmt::Display) {
        if !holds {
            self.add(setting, fault);
        }
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// `Invalid` that lists every fault, a line each.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = self.0.iter().map(|fault| format!("  - {fault}")).collect();
        Err(Error::invalid(format!(
            "the configuration has {} fault{}:\n{}",
            self.0.len(),
            if self.0.len() == 1 { "" } else { "s" },
            lines.join("\n")
        ))
        .with_code("invalid_configuration"))
    }
}
