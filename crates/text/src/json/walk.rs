//! The walk over a JSON text as its parser meets it.

use super::lines::Lines;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The value that comes next.
pub(super) struct Walk<'w, 'a> {
    lines: &'w mut Lines<'a>,
    /// Whether it is an element of an array.
    of_array: bool,
    /// Whether it is the whole text, whose members are sections where they have values of their own.
    is_whole: bool,
    /// The name of the member of the whole text that it is, if it is one.
    member: Option<String>,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(lines: &'w mut Lines<'a>, is_whole: bool) -> Self {
        Self {
            lines,
            of_array: false,
            is_whole,
            member: None,
        }
    }

    fn scalar<E: Error>(self, value: &str) -> Result<(), E> {
        if self.lines.value(value, self.of_array) {
            Ok(())
        } else {
            Err(E::custom("the text is too long"))
        }
    }

    /// Begins what has values of its own.
    fn container<E: Error>(&mut self) -> Result<(), E> {
        if let Some(name) = self.member.take() {
            self.lines.section(&name);
        }
        if self.lines.enter() {
            Ok(())
        } else {
            Err(E::custom("it is nested too deeply"))
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
        self.container()?;
        let mut index = 0;
        loop {
            let element = Element {
                lines: &mut *self.lines,
                index,
            };
            if elements.next_element_seed(element)?.is_none() {
                break;
            }
            index += 1;
        }
        self.lines.leave();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.container()?;
        while let Some(name) = members.next_key::<String>()? {
            let before = self.lines.step(&name);
            members.next_value_seed(Walk {
                lines: &mut *self.lines,
                of_array: false,
                is_whole: false,
                member: self.is_whole.then_some(name),
            })?;
            self.lines.step_back(before);
        }
        self.lines.leave();
        Ok(())
    }
}

/// An element of an array: a value shares its line with its neighbours under the array's path, and
/// anything else has a paragraph and a path of its own.
struct Element<'w, 'a> {
    lines: &'w mut Lines<'a>,
    index: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl Element<'_, '_> {
    fn value<E: Error>(self, value: &str) -> Result<(), E> {
        let walk = Walk {
            lines: self.lines,
            of_array: true,
            is_whole: false,
            member: None,
        };
        walk.scalar(value)
    }
}

impl<'de> Visitor<'de> for Element<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.value(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.value(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.value(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.value(&value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.value(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.value("null")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        self.begin(|walk| walk.visit_seq(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.begin(|walk| walk.visit_map(members))
    }
}

impl Element<'_, '_> {
    fn begin<E>(self, read: impl FnOnce(Walk<'_, '_>) -> Result<(), E>) -> Result<(), E> {
        let before = self.lines.step_at(self.index);
        self.lines.begin_record();
        read(Walk {
            lines: &mut *self.lines,
            of_array: true,
            is_whole: false,
            member: None,
        })?;
        self.lines.step_back(before);
        Ok(())
    }
}
