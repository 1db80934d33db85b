//! Reads the variables of the environment over the settings of the files. A secret may also be given as
//! a file: the variable's name with `_FILE` names it. Which variables there are, the tables of the
//! sections say.

use super::setting::{Setting, SettingKind};
use super::{Faults, settings};
use std::collections::HashMap;
use toml::Value;

/// Variables of the contract whose part of ragd is not in this version; setting one is reported,
/// so that nobody believes that it has an effect.
const NOT_YET: &[&str] = &[
    "DEFAULT_RATE_LIMIT",
    "BLOCKED_IPS",
    "VAULT_ADDR",
    "SECRET_KEY_PREVIOUS",
    "DB_ENCRYPTION_KEY_PREVIOUS",
];

/// The variables of `environment` that this version does not act on yet.
pub(super) fn without_effect(environment: &HashMap<String, String>) -> Vec<&'static str> {
    let set = |name: &&&str| {
        environment
            .get(**name)
            .is_some_and(|value| !value.is_empty())
    };
    NOT_YET.iter().filter(set).copied().collect()
}

/// Writes what the environment sets into `table`; an empty value counts as not set.
pub(super) fn apply(
    environment: &HashMap<String, String>,
    table: &mut toml::Table,
    faults: &mut Faults,
) {
    for setting in settings() {
        // The preferred variable comes last and overwrites the others, after all have been checked.
        for variable in setting.variables.iter().rev() {
            match read(variable, setting.kind, environment) {
                Ok(Some(text)) => match parse(setting.kind, &text) {
                    Ok(value) => insert(table, setting, value),
                    Err(fault) => faults.add(variable, fault),
                },
                Ok(None) => {}
                Err(fault) => faults.add(variable, fault),
            }
        }
    }
}

fn read(
    variable: &str,
    kind: SettingKind,
    environment: &HashMap<String, String>,
) -> Result<Option<String>, String> {
    let set = |name: &str| {
        environment
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    if let Some(value) = set(variable) {
        // What a file or a form has put around a secret is not a part of it.
        let value = if kind.is_secret() {
            value.trim().to_owned()
        } else {
            value
        };
        return Ok(Some(value).filter(|value| !value.is_empty()));
    }
    if !kind.is_secret() {
        return Ok(None);
    }
    let Some(path) = set(&format!("{variable}_FILE")) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) => Err(format!("{variable}_FILE: cannot read '{path}': {error}")),
    }
}

fn parse(kind: SettingKind, text: &str) -> Result<Value, String> {
    match kind {
        SettingKind::Text | SettingKind::Secret => Ok(Value::String(text.to_owned())),
        SettingKind::Integer => text
            .trim()
            .parse()
            .map(Value::Integer)
            .map_err(|_| format!("'{text}' is not a whole number")),
        SettingKind::Float => text
            .trim()
            .parse()
            .map(Value::Float)
            .map_err(|_| format!("'{text}' is not a number")),
        SettingKind::Boolean => match text.trim().to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(Value::Boolean(true)),
            "0" | "false" | "no" | "off" => Ok(Value::Boolean(false)),
            _ => Err(format!("'{text}' is not true/false, yes/no, on/off or 1/0")),
        },
        SettingKind::List | SettingKind::SecretList => Ok(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        )),
    }
}

fn insert(table: &mut toml::Table, setting: &Setting, value: Value) {
    let section = table
        .entry(setting.section)
        .or_insert_with(|| Value::Table(toml::Table::new()));
    if let Value::Table(fields) = section {
        fields.insert(setting.field.to_owned(), value);
    }
}
