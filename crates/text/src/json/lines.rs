//! Writes the lines that a JSON text becomes.

use super::super::builder::TextBuilder;
use super::super::{ExtractFailure, ExtractLimits, Extracted, Section};

/// Longer names are cut to this many bytes.
const LONGEST_NAME_BYTES: usize = 200;

/// The lines so far, and the path of the next value.
pub(super) struct Lines<'a> {
    out: TextBuilder<'a>,
    path: String,
    depth: usize,
    most_depth: usize,
    sections: Vec<Section>,
    /// The name of the section that begins with the next line.
    due: Option<String>,
    /// Whether the last line is a list that may be continued.
    in_list: bool,
    /// Whether a blank line is due before the next line.
    paragraph: bool,
    /// The failure that ended the walk.
    failure: Option<ExtractFailure>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(limits: &'a ExtractLimits) -> Self {
        Self {
            out: TextBuilder::new(limits),
            path: String::new(),
            depth: 0,
            most_depth: limits.json_depth,
            sections: Vec::new(),
            due: None,
            in_list: false,
            paragraph: false,
            failure: None,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Begins a paragraph.
    pub(super) fn begin_record(&mut self) {
        self.end_list();
        self.paragraph = true;
    }

    /// Enters an object or array; false if it is too deep.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth > self.most_depth {
            self.failure = Some(ExtractFailure::too_deep(format!(
                "more than {} objects and arrays are nested in each other",
                self.most_depth
            )));
        }
        !self.has_failed()
    }

    pub(super) fn leave(&mut self) {
        self.end_list();
        self.depth = self.depth.saturating_sub(1);
    }

    /// Appends a step to the path and returns what [`Lines::step_back`] takes.
    pub(super) fn step(&mut self, name: &str) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(shortened(name));
        before
    }

    /// Appends the index in an array to the path; elements of the outermost array have no index.
    pub(super) fn step_at(&mut self, index: usize) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push_str(&format!("[{index}]"));
        }
        before
    }

    pub(super) fn step_back(&mut self, before: usize) {
        self.path.truncate(before);
    }

    /// Begins a section of that name with the next line.
    pub(super) fn section(&mut self, name: &str) {
        self.end_list();
        self.paragraph = true;
        self.due = Some(shortened(name).to_owned());
    }

    /// Writes a value; the values of a list share a line. False ends the walk.
    pub(super) fn value(&mut self, value: &str, of_list: bool) -> bool {
        if let Err(failure) = self.write(value, of_list) {
            self.failure = Some(failure);
        }
        !self.has_failed()
    }

    fn write(&mut self, value: &str, of_list: bool) -> Result<(), ExtractFailure> {
        if of_list && self.in_list {
            self.out.push(", ")?;
            return self.out.push(value);
        }
        self.end_list();
        if !self.out.as_str().is_empty() {
            self.out.push(if self.paragraph { "\n\n" } else { "\n" })?;
        }
        self.paragraph = false;
        if let Some(title) = self.due.take() {
            self.sections.push(Section {
                char_start: self.out.chars(),
                level: 1,
                title,
            });
        }
        if !self.path.is_empty() {
            self.out.push(&self.path)?;
            self.out.push(": ")?;
        }
        self.in_list = of_list;
        self.out.push(value)
    }

    pub(super) fn end_list(&mut self) {
        self.in_list = false;
    }

    pub(super) fn finish(self) -> Result<Extracted, ExtractFailure> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(Extracted {
                text: self.out.finish(),
                sections: self.sections,
                ..Extracted::default()
            }),
        }
    }
}

fn shortened(name: &str) -> &str {
    let mut end = LONGEST_NAME_BYTES.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}
