//! English words that say the same in almost any sentence. It knows no subject's own vocabulary:
//! what two terms of a field have in common is a matter for vectors.

use std::collections::HashMap;
use std::sync::LazyLock;

const GROUPS: &[&[&str]] = &[
    &[
        "usual",
        "usually",
        "normal",
        "normally",
        "typical",
        "typically",
        "general",
        "generally",
        "commonly",
        "ordinarily",
    ],
    &["whole", "entire", "complete", "full"],
    &["start", "begin", "launch"],
    &["end", "finish", "terminate", "quit", "exit", "stop"],
    &["show", "display", "print", "output"],
    &["need", "require", "must"],
    &["allow", "permit", "let"],
    &["delete", "remove", "drop", "erase"],
    &["create", "make", "build", "generate"],
    &["run", "execute", "perform"],
    &["keep", "retain", "preserve", "save", "store"],
    &["choose", "select", "pick"],
    &["quick", "fast", "rapid", "speed"],
    &["large", "big", "huge"],
    &["small", "little", "tiny"],
    &["change", "modify", "alter", "adjust"],
    &["set", "specify", "define", "configure", "assign", "give"],
    &["get", "obtain", "retrieve", "fetch", "acquire", "receive"],
    &["use", "utilize", "employ"],
    &["cancel", "abort", "undo", "roll"],
    &["avoid", "prevent"],
    &["contain", "hold", "include", "have"],
    &["return", "report", "give", "lead", "result", "yield"],
    &["exceed", "above", "over", "beyond", "past"],
    &["most", "maximum", "max", "highest", "largest"],
    &["least", "minimum", "min", "lowest", "smallest"],
    &["disable", "off"],
    &["enable", "on"],
    &["lower", "decrease", "reduce", "lessen"],
    &["raise", "increase", "grow"],
    &["automatic", "automatically", "itself"],
    &[
        "concurrent",
        "simultaneous",
        "parallel",
        "concurrently",
        "simultaneously",
    ],
    &["each", "every", "apiece", "all"],
    &["nearly", "almost"],
    &["ignore", "skip", "disregard"],
    &["fail", "error"],
    &["send", "ship", "transmit", "transfer"],
    &["wait", "pause", "delay"],
    &["about", "approximately", "roughly"],
    &["implement", "provide", "offer", "support"],
    &["access", "reach", "connect"],
    &["document", "describe", "explain"],
    &["part", "portion", "subset", "fraction"],
    &["prescribe", "mandate"],
    &["amount", "quantity", "number", "size"],
    &["possible", "can", "able"],
    &["match", "correspond"],
    &["own", "belong"],
    &["newly", "new", "fresh"],
    &[
        "later",
        "after",
        "subsequent",
        "subsequently",
        "afterwards",
        "then",
    ],
    &["earlier", "before", "previous", "previously", "prior"],
];

/// Every word with the numbers of its groups.
static BY_WORD: LazyLock<HashMap<&'static str, Vec<usize>>> = LazyLock::new(|| {
    let mut by_word: HashMap<&'static str, Vec<usize>> = HashMap::new();
    for (number, group) in GROUPS.iter().enumerate() {
        for word in *group {
            by_word.entry(word).or_default().push(number);
        }
    }
    by_word
});

/// The numbers of the groups that a lower-case word, or its plain form, belongs to.
pub(super) fn groups(lower: &str) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut add = |word: &str| {
        if let Some(numbers) = BY_WORD.get(word) {
            found.extend(numbers);
        }
    };
    add(lower);
    for ending in ["s", "es", "d", "ed", "ing"] {
        let Some(plain) = lower.strip_suffix(ending) else {
            continue;
        };
        add(plain);
        // "deleting" is a form of "delete".
        if matches!(ending, "es" | "ed" | "ing") && plain.len() >= 3 {
            add(&format!("{plain}e"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_its_group() {
        let shared =
            |one: &str, two: &str| groups(one).iter().any(|group| groups(two).contains(group));
        assert!(shared("removed", "deletes"));
        assert!(shared("generating", "create"));
        assert!(shared("usually", "normally"));
        assert!(!shared("create", "delete"));
        assert!(!shared("settle", "specify"));
    }
}
