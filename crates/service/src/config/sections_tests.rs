//! The tables of settings against what operators read: `config/default.toml` and the manual.

use super::{Setting, settings};

const DEFAULTS: &str = include_str!("../../../../config/default.toml");
const MANUAL: &str = include_str!("../../../../docs/CONFIGURATION.md");

/// The lines of `config/default.toml` in `section`.
fn default_lines(section: &str) -> impl Iterator<Item = &'static str> {
    let heading = format!("[{section}]");
    DEFAULTS
        .lines()
        .skip_while(move |line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
}

fn sets(line: &str, setting: &Setting) -> bool {
    let line = line.trim_start_matches("# ");
    line.strip_prefix(setting.field)
        .is_some_and(|rest| rest.starts_with(" = "))
}

/// The rows of the manual's tables of settings, as the names that each cell quotes.
fn manual_rows() -> impl Iterator<Item = (Vec<&'static str>, Vec<&'static str>)> {
    let quoted =
        |cell: &'static str| -> Vec<&'static str> { cell.split('`').skip(1).step_by(2).collect() };
    let tables = MANUAL.split("\n## ").filter(|part| {
        part.starts_with("Variables\n") || part.starts_with("Settings without a variable\n")
    });
    tables
        .flat_map(str::lines)
        .filter(|line| line.starts_with("| `"))
        .map(move |line| {
            let mut cells = line.split('|').skip(1);
            let first = quoted(cells.next().unwrap_or_default());
            let second = quoted(cells.next().unwrap_or_default());
            if first.iter().any(|name| name.contains('.')) {
                (Vec::new(), first)
            } else {
                (first, second)
            }
        })
}

#[test]
fn the_file_of_defaults_lists_every_setting_with_its_variable() {
    for setting in settings() {
        let name = setting.name();
        let lines: Vec<&str> = default_lines(setting.section).collect();
        let at = lines.iter().position(|line| sets(line, setting));
        assert!(at.is_some(), "{name} is not in config/default.toml");
        let line = lines[at.unwrap()];
        for variable in setting.variables {
            assert!(line.contains(variable), "{variable} is not at {name}");
        }
    }
}

#[test]
fn the_manual_lists_every_setting_with_its_variables_and_nothing_else() {
    for setting in settings() {
        let name = setting.name();
        let row = manual_rows().find(|(_, names)| names.contains(&name.as_str()));
        assert!(row.is_some(), "{name} is not in docs/CONFIGURATION.md");
        let (variables, _) = row.unwrap();
        for variable in setting.variables {
            assert!(
                variables.contains(variable),
                "{variable} is not in the row of {name}"
            );
        }
    }
    for (variables, names) in manual_rows() {
        for name in names {
            assert!(
                settings().any(|setting| setting.name() == name),
                "{name} is not a setting"
            );
        }
        for variable in variables {
            assert!(
                settings().any(|setting| setting.variables.contains(&variable)),
                "{variable} sets nothing"
            );
        }
    }
}

#[test]
fn every_default_is_in_its_range() {
    let defaults: toml::Table = DEFAULTS.parse().unwrap();
    for setting in settings() {
        let Some(range) = setting.range else { continue };
        let value = &defaults[setting.section][setting.field];
        let value = value.as_float().or(value.as_integer().map(|n| n as f64));
        let value = value.unwrap();
        let name = setting.name();
        assert!(value >= range.low && value <= range.high, "{name}: {value}");
    }
}
