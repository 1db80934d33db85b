//! The values of a form's fields (ISO 32000-1, 12.7): each is put behind the label on its left, or below
//! the one above it, because the page itself does not draw it.

use super::layout::{Line, PageLayout};
use super::outline::decode;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};
use hayro_interpret::hayro_syntax::page::Page;
use std::collections::HashSet;

/// More fields of one page are not read.
const MOST_FIELDS: usize = 5_000;
/// A field has fewer names and groups around it.
const DEEPEST_FIELD: usize = 16;
const LONGEST_VALUE_CHARS: usize = 20_000;
/// Labels further away, in points, belong to something else.
const NEAR_LABEL: f64 = 200.0;

/// A field with what was filled in.
struct Field {
    name: String,
    value: String,
    /// Its left edge, and its bottom counted from the top of the page, in points.
    left: f64,
    bottom: f64,
    height: f64,
}

/// Puts the values of a page's fields into its lines.
pub(super) fn write_values(page: &Page<'_>, layout: &mut PageLayout) {
    for field in fields(page, layout.height) {
        layout.characters += field.value.chars().count();
        place(field, &mut layout.lines);
    }
}

fn fields(page: &Page<'_>, height: f64) -> Vec<Field> {
    let Some(annotations) = page.raw().get::<Array<'_>>("Annots") else {
        return Vec::new();
    };
    let widgets = annotations.iter::<Dict<'_>>().take(MOST_FIELDS);
    let crop = page.intersected_crop_box();
    widgets
        .filter(|widget| {
            widget
                .get::<Name<'_>>("Subtype")
                .is_some_and(|kind| &*kind == b"Widget")
        })
        .filter_map(|widget| {
            let value = value(&widget)?;
            let sides: Vec<f64> = widget.get::<Array<'_>>("Rect")?.iter::<f64>().collect();
            let [x0, y0, x1, y1] = sides.as_slice() else {
                return None;
            };
            Some(Field {
                name: name(&widget),
                value,
                left: x0.min(*x1) - crop.x0,
                bottom: height - (y0.min(*y1) - crop.y0),
                height: (y1 - y0).abs(),
            })
        })
        .collect()
}

/// The dictionary of a field and those of the groups around it, innermost first.
fn chain<'a>(widget: &Dict<'a>) -> Vec<Dict<'a>> {
    let mut chain = vec![widget.clone()];
    let mut seen = HashSet::new();
    while chain.len() < DEEPEST_FIELD
        && let Some(parent) = chain.last().and_then(|dict| dict.get::<Dict<'a>>("Parent"))
        && parent.obj_id().is_none_or(|id| seen.insert(id))
    {
        chain.push(parent);
    }
    chain
}

/// What a person reads as the field's name.
fn name(widget: &Dict<'_>) -> String {
    let chain = chain(widget);
    let text = |key: &str| {
        let found = chain.iter().find_map(|dict| dict.get::<PdfString<'_>>(key));
        found.map(|text| decode(text.as_bytes()))
    };
    text("TU").or_else(|| text("T")).unwrap_or_default()
}

/// What was filled in; `None` for an empty field, a button or a signature.
fn value(widget: &Dict<'_>) -> Option<String> {
    let chain = chain(widget);
    let kind = chain.iter().find_map(|dict| dict.get::<Name<'_>>("FT"))?;
    let value = || chain.iter().find_map(|dict| dict.get::<Object<'_>>("V"));
    let text = match &*kind {
        b"Btn" => return choice(widget, value()),
        b"Tx" | b"Ch" => texts(&value()?),
        _ => return None,
    };
    let text: String = text.chars().take(LONGEST_VALUE_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

fn texts(value: &Object<'_>) -> String {
    match value {
        Object::String(text) => decode(text.as_bytes()),
        Object::Name(name) => decode(name),
        Object::Array(several) => {
            let texts: Vec<String> = several
                .iter::<PdfString<'_>>()
                .map(|text| decode(text.as_bytes()))
                .collect();
            texts.join(", ")
        }
        _ => String::new(),
    }
}

/// What a box or one of several round buttons says: it is on, or the only one and off.
fn choice(widget: &Dict<'_>, value: Option<Object<'_>>) -> Option<String> {
    let state = widget.get::<Name<'_>>("AS").map(|name| decode(&name));
    let state = state.or_else(|| value.as_ref().map(texts))?;
    let is_on = !state.eq_ignore_ascii_case("off");
    let plain = ["yes", "on", "true", "1"];
    match (is_on, plain.contains(&state.to_ascii_lowercase().as_str())) {
        (false, _) => Some("no".to_owned()),
        (true, true) => Some("yes".to_owned()),
        (true, false) => Some(state),
    }
}

fn place(field: Field, lines: &mut Vec<Line>) {
    let is_beside = |line: &Line| {
        let middle = field.bottom - field.height / 2.0;
        let on_line = (line.y - middle).abs() < field.height.max(line.size) * 0.75;
        on_line && line.start < field.left && field.left - line.end < NEAR_LABEL
    };
    let beside = lines
        .iter_mut()
        .filter(|line| is_beside(line))
        .max_by(|a, b| a.end.total_cmp(&b.end));
    if let Some(label) = beside {
        label.text.push(' ');
        label.text.push_str(&field.value);
        label.end = label.end.max(field.left);
        return;
    }
    let text = if field.name.is_empty() {
        field.value
    } else {
        format!("{}: {}", field.name, field.value)
    };
    let size = lines.first().map_or(10.0, |line| line.size);
    let after = lines
        .iter()
        .rposition(|line| line.y <= field.bottom - field.height);
    let line = Line {
        start: field.left,
        end: field.left + size,
        y: field.bottom,
        size,
        cells: Vec::new(),
        text,
    };
    lines.insert(after.map_or(0, |at| at + 1), line);
}
