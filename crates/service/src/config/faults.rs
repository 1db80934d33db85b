//! Collects everything that is wrong with a configuration, so that one start reports all of it.

use super::setting::Setting;
use ragd_core::error::{Error, Result};

/// Collects faults, each with the name of the setting.
#[derive(Debug)]
pub struct Faults {
    /// The settings of every section: a fault names the variable of its setting.
    sections: &'static [&'static [Setting]],
    found: Vec<String>,
}

impl Faults {
    /// No faults yet. A fault in one of the settings of `sections` names its variable as well.
    pub(super) const fn new(sections: &'static [&'static [Setting]]) -> Self {
        Self {
            sections,
            found: Vec::new(),
        }
    }

    /// Adds a fault of `setting`: `section.field`, or another name, which is reported as it is.
    pub fn add(&mut self, setting: &str, fault: impl std::fmt::Display) {
        let known = self
            .sections
            .iter()
            .flat_map(|section| section.iter())
            .find(|known| known.name() == setting);
        let name = known.map_or_else(|| setting.to_owned(), Setting::label);
        self.found.push(format!("{name}: {fault}"));
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
        if self.found.is_empty() {
            return Ok(());
        }
        let count = self.found.len();
        let plural = if count == 1 { "" } else { "s" };
        let lines: String = self
            .found
            .iter()
            .map(|fault| format!("\n  - {fault}"))
            .collect();
        Err(Error::invalid(format!(
            "the configuration has {count} fault{plural}:{lines}"
        ))
        .with_code("invalid_configuration"))
    }
}
