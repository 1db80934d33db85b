//! What a page does not show: elements that an attribute, a style or a rule of the page's own style
//! sheets hides. Their text would be read by a model though no reader sees it, which is how instructions
//! are smuggled in. Rules of files are not known here, nor are those that depend on other elements.

use super::attribute::attribute;
use html5gum::StartTag;
use std::collections::HashMap;

/// More text of style sheets is not read.
const MOST_CSS_BYTES: usize = 1_000_000;

/// The selectors that the page's style sheets hide.
#[derive(Debug, Default)]
pub(super) struct HiddenRules {
    /// By one class or id of each (`.x`, `#trap`).
    selectors: HashMap<String, Vec<Selector>>,
    read_bytes: usize,
}

impl HiddenRules {
    /// Reads the text of a `<style>` element.
    pub(super) fn read(&mut self, css: &str) {
        self.read_bytes = self.read_bytes.saturating_add(css.len());
        if self.read_bytes <= MOST_CSS_BYTES {
            self.read_rules(&without_comments(css), Media::Screen);
        }
    }

    /// Later rules overrule earlier ones. What is hidden in some media only is shown in others.
    fn read_rules(&mut self, css: &str, media: Media) {
        let mut rest = css;
        while let Some((selectors, after)) = rest.split_once('{') {
            let selectors = selectors.trim_start();
            if let Some(rule) = selectors.strip_prefix('@') {
                let (block, after) = block(after);
                let is_media = rule.starts_with("media") && media == Media::Screen;
                if is_media && !rule.contains("print") {
                    self.read_rules(block, Media::Some);
                }
                rest = after;
                continue;
            }
            let (declarations, after) = after.split_once('}').unwrap_or((after, ""));
            let simple = selectors.split(',').filter_map(Selector::parse);
            if hides(declarations) {
                if media == Media::Screen {
                    for selector in simple {
                        self.selectors
                            .entry(selector.key())
                            .or_default()
                            .push(selector);
                    }
                }
            } else if shows(declarations) {
                for selector in simple {
                    if let Some(same) = self.selectors.get_mut(&selector.key()) {
                        same.retain(|other| *other != selector);
                    }
                }
            }
            rest = after;
        }
    }

    /// Whether an element is not shown.
    pub(super) fn hide(&self, tag: &StartTag<()>) -> bool {
        let hidden = attribute(tag, b"hidden");
        let is_true = |value: &str| value.trim().eq_ignore_ascii_case("true");
        let style = attribute(tag, b"style").unwrap_or_default();
        hidden.is_some_and(|how| !how.eq_ignore_ascii_case("until-found"))
            || attribute(tag, b"aria-hidden").is_some_and(|value| is_true(&value))
            || hides(&style)
            || (!self.selectors.is_empty() && !shows(&style) && self.name_one_of(tag))
    }

    fn name_one_of(&self, tag: &StartTag<()>) -> bool {
        let lower = |name: &[u8]| {
            attribute(tag, name)
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        let (classes, id) = (lower(b"class"), lower(b"id"));
        let classes: Vec<&str> = classes.split_ascii_whitespace().collect();
        let id = id.trim();
        let keys = classes
            .iter()
            .map(|class| format!(".{class}"))
            .chain((!id.is_empty()).then(|| format!("#{id}")));
        keys.filter_map(|key| self.selectors.get(&key))
            .flatten()
            .any(|selector| selector.is_of(&tag.name, &classes, id))
    }
}

/// For which media rules are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    /// For every screen.
    Screen,
    /// For screens of some kind.
    Some,
}

/// A selector of an element by its own name, classes and id: `p.x`, `.a.b`, `#trap`; in lower case.
#[derive(Debug, Default, PartialEq, Eq)]
struct Selector {
    element: Option<String>,
    classes: Vec<String>,
    id: Option<String>,
}

impl Selector {
    /// Reads a selector; `None` if it depends on anything else.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-_".contains(c))
        };
        let mut selector = Self::default();
        for part in text.split_inclusive(['.', '#']).scan(None, |mark, part| {
            let name = part.trim_end_matches(['.', '#']);
            let found = (*mark, name.to_owned());
            *mark = part.chars().last().filter(|last| ".#".contains(*last));
            Some(found)
        }) {
            match part {
                (None, name) if name.is_empty() => {}
                (_, name) if !is_name(&name) => return None,
                (None, name) => selector.element = Some(name),
                (Some('#'), name) => selector.id = Some(name),
                (Some(_), name) => selector.classes.push(name),
            }
        }
        // An element's name alone says nothing about a trap: pages hide `noscript` or `template`.
        (!selector.classes.is_empty() || selector.id.is_some()).then_some(selector)
    }

    fn key(&self) -> String {
        match (self.classes.first(), &self.id) {
            (Some(class), _) => format!(".{class}"),
            (None, id) => format!("#{}", id.as_deref().unwrap_or_default()),
        }
    }

    fn is_of(&self, name: &[u8], classes: &[&str], id: &str) -> bool {
        self.element
            .as_ref()
            .is_none_or(|element| element.as_bytes() == name)
            && self.id.as_ref().is_none_or(|own| own == id)
            && self
                .classes
                .iter()
                .all(|class| classes.contains(&class.as_str()))
    }
}

/// Whether declarations show an element that a rule before them hides.
fn shows(declarations: &str) -> bool {
    declarations.split(';').any(|declaration| {
        declaration.split_once(':').is_some_and(|(name, value)| {
            let value = value.to_ascii_lowercase().replace("!important", "");
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => value.trim() != "none",
                "visibility" => value.trim() == "visible",
                _ => false,
            }
        })
    })
}

/// Whether declarations (`name: value; …`) make an element invisible.
fn hides(declarations: &str) -> bool {
    let mut clips = false;
    let mut is_flat = false;
    for declaration in declarations.split(';') {
        let Some((name, value)) = declaration.split_once(':') else {
            continue;
        };
        let name = name.trim().to_ascii_lowercase();
        let value = value.to_ascii_lowercase().replace("!important", "");
        let value = value.trim();
        match name.as_str() {
            "display" if value == "none" => return true,
            "visibility" if ["hidden", "collapse"].contains(&value) => return true,
            "mso-hide" if value == "all" => return true,
            "opacity" | "font-size" if is_zero(value) => return true,
            // Far outside of the page.
            "text-indent" | "left" | "top" | "margin-left" if is_far(value) => return true,
            "overflow" if value == "hidden" => clips = true,
            "height" | "max-height" | "width" | "max-width" if is_zero(value) => is_flat = true,
            _ => {}
        }
    }
    clips && is_flat
}

/// Whether a length or number is zero.
fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number
        .trim()
        .parse::<f64>()
        .is_ok_and(|number| number == 0.0)
}

/// Whether a length is more than 900 pixels to the left, or above.
fn is_far(value: &str) -> bool {
    let (number, factor) = match (value.strip_suffix("px"), value.strip_suffix("em")) {
        (Some(pixels), _) => (pixels, 1.0),
        (_, Some(ems)) => (ems.trim_end_matches('r'), 16.0),
        (None, None) => return false,
    };
    number
        .trim()
        .parse::<f64>()
        .is_ok_and(|number| number * factor < -900.0)
}

fn without_comments(css: &str) -> String {
    let mut kept = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

/// The block whose `{` was read, and what follows it.
fn block(text: &str) -> (&str, &str) {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let inside = text.get(..at).unwrap_or_default();
            return (inside, text.get(at + 1..).unwrap_or_default());
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::{HiddenRules, Selector, hides};

    #[test]
    fn styles_that_show_nothing_are_known() {
        for style in [
            "display:none",
            "color: red; DISPLAY : None !important",
            "visibility: hidden",
            "font-size:0px;line-height:0",
            "opacity:0",
            "max-height:0;overflow:hidden",
            "mso-hide:all",
            "position:absolute; left:-9999px",
            "text-indent: -100em",
        ] {
            assert!(hides(style), "{style}");
        }
        for style in [
            "display:block",
            "overflow:hidden",
            "height:0",
            "opacity:0.5",
            "font-size:10px",
            "left:-10px",
            "visibility:visible",
        ] {
            assert!(!hides(style), "{style}");
        }
    }

    #[test]
    fn rules_of_the_page_hide_classes_and_ids() {
        let mut rules = HiddenRules::default();
        rules.read(
            "/* .a{display:none} */ p.x, .preheader, #Trap, noscript { display: none }
             .shown{color:red} @media print { .b { display: none } } .c{visibility:hidden}
             div .d, .e > p, .f:hover { display: none } .g { display: none } .g { display: block }
             .h { display: none } @media (min-width: 600px) { .h { display: table-cell } }",
        );
        let mut selectors: Vec<String> = rules
            .selectors
            .values()
            .flatten()
            .map(|selector| {
                format!(
                    "{}{}{}",
                    selector.element.as_deref().unwrap_or_default(),
                    selector
                        .id
                        .as_ref()
                        .map(|id| format!("#{id}"))
                        .unwrap_or_default(),
                    selector
                        .classes
                        .iter()
                        .map(|class| format!(".{class}"))
                        .collect::<String>(),
                )
            })
            .collect();
        selectors.sort_unstable();
        assert_eq!(selectors, ["#trap", ".c", ".preheader", "p.x"]);
    }

    #[test]
    fn a_selector_names_an_element_by_all_its_parts() {
        let selector = Selector::parse("P.x.Y#z").unwrap();
        assert!(selector.is_of(b"p", &["y", "w", "x"], "z"));
        assert!(!selector.is_of(b"div", &["x", "y"], "z"));
        assert!(!selector.is_of(b"p", &["x"], "z"));
        assert!(!selector.is_of(b"p", &["x", "y"], ""));
        for other in [
            "", "p", "a .b", ".a > .b", ".a:hover", "[hidden]", "*", "..a",
        ] {
            assert_eq!(Selector::parse(other), None, "{other}");
        }
    }
}
