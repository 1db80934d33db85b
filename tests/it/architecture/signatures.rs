//! Parameters that are tuples: they bundle what does not belong together, and name nothing.

use super::Files;
use super::circles::at_commas;
use super::tokens::tokens;

/// Functions that take a tuple. Not those that a trait of the standard library
/// demands: `From<(A, B)>`.
pub fn tuple_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files {
        let tokens = tokens(text);
        let functions = tokens.iter().enumerate();
        for (at, _) in functions.filter(|(_, token)| *token == "fn") {
            let Some(name) = tokens.get(at + 1) else {
                continue;
            };
            let takes_tuple = at_commas(parameters(&tokens[at + 2..]))
                .into_iter()
                .any(is_tuple);
            if takes_tuple && !["from", "try_from"].contains(&name.as_str()) {
                faults.push(format!("{path}: fn {name} takes a tuple"));
            }
        }
    }
    faults
}

/// The tokens of the parameters of the function whose name was just before `tokens`.
fn parameters(tokens: &[String]) -> &[String] {
    let mut depth = 0_i32;
    let mut begin = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            // Type parameters come first.
            "<" if begin.is_none() => depth += 1,
            ">" if begin.is_none() => depth -= 1,
            "(" | "[" | "{" => {
                if depth == 0 && begin.is_none() {
                    if token != "(" {
                        return &[];
                    }
                    begin = Some(at + 1);
                }
                depth += 1;
            }
            ")" | "]" | "}" => {
                depth -= 1;
                if let (0, Some(begin)) = (depth, begin) {
                    return &tokens[begin..at];
                }
            }
            _ => {}
        }
    }
    &[]
}

/// Whether the type of a parameter is a tuple of at least two, or a reference to one.
fn is_tuple(parameter: &[String]) -> bool {
    let mut depth = 0_i32;
    let colon = parameter.iter().position(|token| {
        match token.as_str() {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" | "]" | "}" | ">" => depth -= 1,
            _ => {}
        }
        depth == 0 && token == ":"
    });
    let Some(colon) = colon else { return false };
    let is_prefix = |token: &&String| ["&", "mut"].contains(&token.as_str());
    let kind = parameter[colon + 1..].iter();
    let kind: Vec<String> = kind.skip_while(is_prefix).cloned().collect();
    match kind.split_first() {
        Some((first, rest)) if first == "(" => at_commas(&rest[..rest.len() - 1]).len() > 1,
        _ => false,
    }
}
