//! Every setting has a test that sees its effect: the table names it, and a setting that the table lacks
//! is a fault. A test that is named must be there.

mod file;
mod limits;
mod models;
mod observed;
mod retrieval;
mod server;
mod work;

use observed::OBSERVED;
use ragd::config::Setting;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_setting_has_a_test_that_sees_it() {
    let names: Vec<String> = ragd::config::settings().map(Setting::name).collect();
    let settings = names.iter().map(String::as_str).collect();
    let faults = faults(&settings, OBSERVED);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_setting_without_a_test_is_a_fault() {
    let (file, test, settings) = OBSERVED[0];
    let known: BTreeSet<&str> = settings.iter().copied().collect();
    assert!(faults(&known, &OBSERVED[..1]).is_empty());
    let mut more = known.clone();
    more.insert("server.colour");
    assert_eq!(
        faults(&more, &OBSERVED[..1]),
        ["server.colour: no test sees it"]
    );
    let wrong: [(_, _, &[&str]); 2] = [
        (file, "no_such_test", settings),
        (file, test, &[settings[0], "server.gone"]),
    ];
    // The test that is not there, the setting that is twice, the setting that is not there.
    assert_eq!(faults(&known, &wrong).len(), 3);
}

/// What is wrong with the table.
fn faults(settings: &BTreeSet<&str>, observed: &[(&str, &str, &[&str])]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut listed = BTreeSet::new();
    for (file, test, seen) in observed {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let source = std::fs::read_to_string(path).unwrap_or_default();
        if !source.contains(&format!("fn {test}(")) {
            faults.push(format!("{file} has no test {test}"));
        }
        for setting in *seen {
            if !listed.insert(*setting) {
                faults.push(format!("{setting}: twice in the table"));
            }
            if !settings.contains(setting) {
                faults.push(format!("{setting}: there is no such setting"));
            }
        }
    }
    let missing = settings.difference(&listed);
    faults.extend(missing.map(|setting| format!("{setting}: no test sees it")));
    faults
}
