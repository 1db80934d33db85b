//! Profiles: other defaults, named after the older system whose limits they are. The operator's file and
//! the environment override them.

use super::Faults;
use std::collections::HashMap;
use toml::Table;

/// Each profile by its name, in the form of a configuration file.
const PROFILES: &[(&str, &str)] = &[(
    "personal-rag",
    "[sessions]\nmax = 1000\nmax_per_ip = 5\nqueries_per_hour = 10\n",
)];

/// The defaults of the profile that the environment or the operator's `file` names; empty without
/// one, and for one that is not known, which is a fault.
pub(super) fn chosen(
    environment: &HashMap<String, String>,
    file: Option<&Table>,
    faults: &mut Faults,
) -> Table {
    let variable = environment.get("RAGD_PROFILE").map(String::as_str);
    let server = file.and_then(|file| file.get("server"));
    let setting = server.and_then(|server| server.get("profile")?.as_str());
    let Some(name) = variable.filter(|name| !name.is_empty()).or(setting) else {
        return Table::new();
    };
    let known = PROFILES.iter().find(|(known, _)| *known == name);
    let defaults = known.and_then(|(_, defaults)| defaults.parse().ok());
    defaults.unwrap_or_else(|| {
        let names: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
        let fault = format!(
            "'{name}' is not a profile; known profiles: {}",
            names.join(", ")
        );
        faults.add("server.profile (RAGD_PROFILE)", fault);
        Table::new()
    })
}
