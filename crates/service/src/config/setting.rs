//! One setting as operators meet it: its section and name, the variables that set it, how its value is
//! written, its range, and what it means.

/// How a value is written in a variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Any text.
    Text,
    /// Text that is never shown. A file may hold it: the variable's name with `_FILE` names the file.
    Secret,
    /// A whole number.
    Integer,
    /// A decimal number.
    Float,
    /// `true`, `1`, `yes`, `on` or their opposites, in any case.
    Boolean,
    /// Texts separated by commas.
    List,
    /// Texts separated by commas, never shown; a file may hold them, as with [`Self::Secret`].
    SecretList,
}

impl SettingKind {
    /// Whether the value is never shown, and may be read from a file.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretList)
    }
}

/// The smallest and the largest value of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SettingRange {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

/// One setting, as its section's table describes it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The section of the configuration file.
    pub section: &'static str,
    /// The name within the section.
    pub field: &'static str,
    /// The variables of the environment that set it. The first that is set counts; most settings
    /// have one, some have none.
    pub variables: &'static [&'static str],
    /// How its value is written.
    pub kind: SettingKind,
    /// The allowed values of a number; `None`: every number of the type.
    pub range: Option<SettingRange>,
    /// The lines of the documentation, as the table has them.
    pub(super) doc: &'static [&'static str],
}

impl Setting {
    /// What it means, in one line.
    pub fn doc(&self) -> String {
        let lines: Vec<&str> = self.doc.iter().map(|line| line.trim()).collect();
        lines.join(" ")
    }

    /// `section.field`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.section, self.field)
    }

    /// The name for messages: `section.field (VARIABLE)`.
    pub(super) fn label(&self) -> String {
        match self.variables.first() {
            Some(variable) => format!("{} ({variable})", self.name()),
            None => self.name(),
        }
    }
}
