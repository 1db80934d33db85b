//! Visits the values of a JSON text while it is parsed.

use super::lines::Lines;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The next value.
pub(super) struct Walk<'w, 'a> {
    lines: &'w mut Lines<'a>,
    role: Role,
}

/// What the next value is a part of.
enum Role {
    /// It is the whole text; its members are sections if they are objects or arrays.
    Whole,
    /// It is a record of its own, as in JSON lines.
    Record,
    /// It is the member of the whole text with this name.
    Section(String),
    /// It is a member of an object further inside.
    Member,
    /// It is the element of an array at this index. A scalar shares its line with its neighbours;
    /// anything else has a paragraph and a path of its own.
    Element(usize),
}

impl<'w, 'a> Walk<'w, 'a> {
    /// The walk over a text; `is_whole` unless it is one of several records.
    pub(super) fn new(lines: &'w mut Lines<'a>, is_whole: bool) -> Self {
        let role = if is_whole { Role::Whole } else { Role::Record };
        Self { lines, role }
    }

    fn scalar<E: Error>(self, value: &str) -> Result<(), E> {
        let is_element = matches!(self.role, Role::Element(_));
        if self.lines.value(value, is_element) {
            Ok(())
        } else {
            Err(E::custom("the text is too long"))
        }
    }

    /// Begins an object or array; returns what [`Walk::end`] takes.
    fn begin<E: Error>(&mut self) -> Result<Option<usize>, E> {
        let before = match &self.role {
            Role::Element(index) => {
                let before = self.lines.step_at(*index);
                self.lines.begin_record();
                Some(before)
            }
            Role::Section(name) => {
                self.lines.section(name);
                None
            }
            Role::Whole | Role::Record | Role::Member => None,
        };
        if self.lines.enter() {
            Ok(before)
        } else {
            Err(E::custom("it is nested too deeply"))
        }
    }

    /// Ends an object or array.
    fn end(self, before: Option<usize>) {
        self.lines.leave();
        if let Some(before) = before {
            self.lines.step_back(before);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(&value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar("null")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let before = self.begin::<A::Error>()?;
        let mut index = 0;
        loop {
            let element = Walk {
                lines: &mut *self.lines,
                role: Role::Element(index),
            };
            if elements.next_element_seed(element)?.is_none() {
                break;
            }
            index += 1;
        }
        self.end(before);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let before = self.begin::<A::Error>()?;
        let is_whole = matches!(self.role, Role::Whole);
        while let Some(name) = members.next_key::<String>()? {
            let outside = self.lines.step(&name);
            let role = if is_whole {
                Role::Section(name)
            } else {
                Role::Member
            };
            members.next_value_seed(Walk {
                lines: &mut *self.lines,
                role,
            })?;
            self.lines.step_back(outside);
        }
        self.end(before);
        Ok(())
    }
}
