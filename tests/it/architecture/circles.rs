//! Circles of imports: files of one crate of which each uses, over others or directly, what the other
//! defines. A `mod.rs` that passes the names of its children on uses nothing of them by that.

use super::Files;
use super::tokens::tokens;
use std::collections::{BTreeMap, BTreeSet};

/// The path of a module from its crate's root, which is empty.
type Module = Vec<String>;

/// What a file has to do with others.
#[derive(Default)]
struct Imports {
    path: String,
    /// The names of its items.
    defines: BTreeSet<String>,
    /// What it passes on: the name, and the path as written.
    passes_on: BTreeMap<String, Vec<String>>,
    /// The paths that it uses, as written.
    uses: Vec<Vec<String>>,
}

/// The circles in the crate whose files are `files`, by their path from the crate's source folder.
pub fn circles(files: &Files) -> Vec<String> {
    let has_lib = files.contains_key("lib.rs");
    let sources = files
        .iter()
        .filter(|(path, _)| !path.ends_with("_tests.rs"));
    let modules: BTreeMap<Module, Imports> = sources
        .map(|(path, text)| (module(path, has_lib), imports(path, &tokens(text))))
        .collect();
    let edges: BTreeMap<&Module, BTreeSet<Module>> = modules
        .iter()
        .map(|(module, imports)| {
            let used = imports.uses.iter();
            let owners = used.filter_map(|path| owner(&modules, module, path));
            (module, owners.filter(|owner| owner != module).collect())
        })
        .collect();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = edges
        .keys()
        .map(|module| (*module, reached_from(module, &edges)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for (module, reached_by_it) in &reached {
        if !reached_by_it.contains(module) || seen.contains(module) {
            continue;
        }
        let circle = reached_by_it
            .iter()
            .filter(|other| reached[**other].contains(module));
        let circle: Vec<&&Module> = circle.collect();
        let paths: Vec<&str> = circle
            .iter()
            .map(|one| modules[**one].path.as_str())
            .collect();
        circles.push(format!("a circle of imports: {}", paths.join(", ")));
        seen.extend(circle.into_iter().copied());
    }
    circles
}

fn module(path: &str, has_lib: bool) -> Module {
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    let is_root = match parts.last() {
        Some(&"mod" | &"lib") => true,
        Some(&"main") => !has_lib,
        _ => false,
    };
    if is_root {
        parts.pop();
    }
    parts.into_iter().map(str::to_owned).collect()
}

fn imports(path: &str, tokens: &[String]) -> Imports {
    let mut imports = Imports {
        path: path.to_owned(),
        ..Imports::default()
    };
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.as_str() {
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" => {
                imports.defines.extend(tokens.get(at).cloned());
            }
            "macro_rules" => imports.defines.extend(tokens.get(at + 1).cloned()),
            "use" => {
                let end = tokens[at..].iter().position(|token| token == ";");
                let end = at + end.unwrap_or(tokens.len() - at);
                let is_public = at >= 2 && ["pub", ")"].contains(&tokens[at - 2].as_str());
                for (name, path) in named_paths(&tokens[at..end], &[]) {
                    if is_public {
                        imports.passes_on.insert(name, path);
                    } else {
                        imports.uses.push(path);
                    }
                }
                at = end;
            }
            _ if tokens.get(at).is_some_and(|next| next == "::") => {
                let mut path = vec![token.clone()];
                while tokens.get(at).is_some_and(|next| next == "::") {
                    path.extend(tokens.get(at + 1).cloned());
                    at += 2;
                }
                imports.uses.push(path);
            }
            _ => {}
        }
    }
    imports
}

/// The paths of a `use`, each with the name that it gets.
fn named_paths(tokens: &[String], before: &[String]) -> Vec<(String, Vec<String>)> {
    let mut path = before.to_vec();
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "::" => {}
            "as" => {
                return tokens
                    .get(at + 1)
                    .map(|name| (name.clone(), path))
                    .into_iter()
                    .collect();
            }
            "{" => {
                let inner = &tokens[at + 1..tokens.len() - 1];
                let parts = at_commas(inner).into_iter();
                return parts.flat_map(|part| named_paths(part, &path)).collect();
            }
            "self" if !path.is_empty() => {}
            _ => path.push(token.clone()),
        }
    }
    path.last()
        .cloned()
        .map(|name| (name, path))
        .into_iter()
        .collect()
}

/// The parts between the commas that no bracket holds.
pub fn at_commas(tokens: &[String]) -> Vec<&[String]> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" | "<" => depth += 1,
            "}" | ")" | "]" | ">" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&tokens[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[begin..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// The module that defines what `path`, written in `from`, names; `None` for what other crates define.
fn owner(modules: &BTreeMap<Module, Imports>, from: &Module, path: &[String]) -> Option<Module> {
    let (mut module, mut path) = (from.clone(), path.to_vec());
    // Each step passes a name on; a circle of names ends it.
    for _ in 0..10 {
        let mut rest = path.as_slice();
        match rest.first()?.as_str() {
            "crate" => (module, rest) = (Module::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                let mut inner = module.clone();
                inner.push(child.to_owned());
                if !modules.contains_key(&inner) && module == *from && path.len() > 1 {
                    return None;
                }
            }
        }
        while let Some(part) = rest.first() {
            module.push(part.clone());
            if !modules.contains_key(&module) {
                module.pop();
                break;
            }
            rest = &rest[1..];
        }
        let imports = modules.get(&module)?;
        let name = rest.first()?;
        if imports.defines.contains(name) {
            return Some(module);
        }
        let passed_on = imports.passes_on.get(name)?.iter();
        path = passed_on.chain(&rest[1..]).cloned().collect();
    }
    None
}

fn reached_from<'a>(
    module: &Module,
    edges: &'a BTreeMap<&Module, BTreeSet<Module>>,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = edges[module].iter().collect();
    while let Some(one) = next.pop() {
        if reached.insert(one) {
            next.extend(&edges[one]);
        }
    }
    reached
}
