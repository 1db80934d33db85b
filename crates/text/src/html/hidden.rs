//! What a page does not show: elements that an attribute, a style or a rule of the page's own style
//! sheets hides. Their text would be read by a model though no reader sees it, which is how instructions
//! are smuggled in. Rules for media, and of files, are not known here.

use super::attribute::attribute;
use html5gum::StartTag;
use std::collections::HashSet;

/// More text of style sheets is not read.
const MOST_CSS_BYTES: usize = 1_000_000;

/// The classes and ids that the page's style sheets hide.
#[derive(Debug, Default)]
pub(super) struct HiddenRules {
    /// `.class` and `#id`, in lower case.
    selectors: HashSet<String>,
    read_bytes: usize,
}

impl HiddenRules {
    /// Reads the text of a `<style>` element.
    pub(super) fn read(&mut self, css: &str) {
        self.read_bytes = self.read_bytes.saturating_add(css.len());
        if self.read_bytes > MOST_CSS_BYTES {
            return;
        }
        let css = without_comments(css);
        let mut rest = css.as_str();
        while let Some((selectors, after)) = rest.split_once('{') {
            if selectors.trim_start().starts_with('@') {
                rest = after_block(after);
                continue;
            }
            let (declarations, after) = after.split_once('}').unwrap_or((after, ""));
            if hides(declarations) {
                let simple = selectors
                    .split(',')
                    .map(str::trim)
                    .filter(|one| is_simple(one));
                self.selectors.extend(simple.map(str::to_ascii_lowercase));
            }
            rest = after;
        }
    }

    /// Whether an element is not shown.
    pub(super) fn hide(&self, tag: &StartTag<()>) -> bool {
        let hidden = attribute(tag, b"hidden");
        let is_true = |value: &str| value.trim().eq_ignore_ascii_case("true");
        hidden.is_some_and(|how| !how.eq_ignore_ascii_case("until-found"))
            || attribute(tag, b"aria-hidden").is_some_and(|value| is_true(&value))
            || attribute(tag, b"style").is_some_and(|style| hides(&style))
            || (!self.selectors.is_empty() && self.name_one_of(tag))
    }

    fn name_one_of(&self, tag: &StartTag<()>) -> bool {
        let classes = attribute(tag, b"class").unwrap_or_default();
        let is_hidden = |mark: char, name: &str| {
            let selector = format!("{mark}{}", name.to_ascii_lowercase());
            self.selectors.contains(&selector)
        };
        classes
            .split_ascii_whitespace()
            .any(|class| is_hidden('.', class))
            || attribute(tag, b"id").is_some_and(|id| is_hidden('#', id.trim()))
    }
}

/// One class or id, without anything around it.
fn is_simple(selector: &str) -> bool {
    selector.strip_prefix(['.', '#']).is_some_and(|name| {
        let is_name = |c: char| c.is_alphanumeric() || "-_".contains(c);
        !name.is_empty() && name.chars().all(is_name)
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

/// What follows the block whose `{` was read.
fn after_block(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::{HiddenRules, hides};

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
            "/* .a{display:none} */ p.x, .preheader, #Trap { display:none } .shown{color:red}
             @media print { .b { display: none } } .c{visibility:hidden}",
        );
        let mut selectors: Vec<&str> = rules.selectors.iter().map(String::as_str).collect();
        selectors.sort_unstable();
        assert_eq!(selectors, ["#trap", ".c", ".preheader"]);
    }
}
