//! English words that turn a statement round: each is a direction on an axis, so that "forbidden"
//! and "not allowed" are the same direction, and "before" and "after" are not.

use std::collections::HashMap;
use std::sync::LazyLock;

/// An axis with its two directions; every word in each of its forms.
struct Axis {
    name: &'static str,
    one_way: &'static [&'static str],
    other_way: &'static [&'static str],
}

const AXES: &[Axis] = &[
    Axis {
        name: "able",
        one_way: &["possible", "able"],
        other_way: &["impossible", "unable"],
    },
    Axis {
        name: "allow",
        one_way: &[
            "allow",
            "allows",
            "allowed",
            "allowing",
            "permit",
            "permits",
            "permitted",
            "permissible",
        ],
        other_way: &[
            "forbid",
            "forbids",
            "forbidden",
            "prohibit",
            "prohibits",
            "prohibited",
            "disallow",
            "disallows",
            "disallowed",
        ],
    },
    Axis {
        name: "enable",
        one_way: &["enable", "enables", "enabled", "enabling"],
        other_way: &["disable", "disables", "disabled", "disabling", "off"],
    },
    Axis {
        name: "increase",
        one_way: &[
            "increase",
            "increases",
            "increased",
            "increasing",
            "raise",
            "raises",
            "raised",
            "raising",
            "grow",
            "grows",
        ],
        other_way: &[
            "decrease",
            "decreases",
            "decreased",
            "decreasing",
            "reduce",
            "reduces",
            "reduced",
            "reducing",
            "lowered",
            "lowering",
            "shrink",
            "shrinks",
        ],
    },
    Axis {
        name: "before",
        one_way: &["before", "prior"],
        other_way: &["after", "afterwards"],
    },
    Axis {
        name: "maximum",
        one_way: &[
            "maximum", "max", "most", "largest", "highest", "longest", "greatest",
        ],
        other_way: &["minimum", "min", "least", "smallest", "lowest", "shortest"],
    },
    Axis {
        name: "require",
        one_way: &[
            "require",
            "requires",
            "required",
            "mandatory",
            "compulsory",
            "obligatory",
        ],
        other_way: &["optional", "optionally", "unnecessary", "needless"],
    },
    Axis {
        name: "fast",
        one_way: &[
            "fast", "faster", "fastest", "quick", "quicker", "quickest", "quickly",
        ],
        other_way: &["slow", "slower", "slowest", "slowly"],
    },
    Axis {
        name: "more",
        one_way: &["more"],
        other_way: &["less", "fewer"],
    },
    Axis {
        name: "large",
        one_way: &["large", "larger", "big", "bigger"],
        other_way: &["small", "smaller"],
    },
    Axis {
        name: "high",
        one_way: &["high", "higher"],
        other_way: &["low", "lower"],
    },
    Axis {
        name: "long",
        one_way: &["long", "longer"],
        other_way: &["short", "shorter"],
    },
    Axis {
        name: "cheap",
        one_way: &["cheap", "inexpensive"],
        other_way: &["expensive", "costly"],
    },
    Axis {
        name: "keep",
        one_way: &["keep", "keeps", "kept", "retain", "retains", "retained"],
        other_way: &["lose", "loses", "lost", "discard", "discards", "discarded"],
    },
    Axis {
        name: "include",
        one_way: &["include", "includes", "included", "including", "inclusive"],
        other_way: &["exclude", "excludes", "excluded", "excluding", "exclusive"],
    },
    Axis {
        name: "accept",
        one_way: &["accept", "accepts", "accepted"],
        other_way: &[
            "reject", "rejects", "rejected", "refuse", "refuses", "refused",
        ],
    },
    Axis {
        name: "succeed",
        one_way: &["succeed", "succeeds", "succeeded", "success", "successful"],
        other_way: &["fail", "fails", "failed", "failure", "unsuccessful"],
    },
    Axis {
        name: "first",
        one_way: &["first", "earliest"],
        other_way: &["last", "latest"],
    },
    Axis {
        name: "all",
        one_way: &["all", "every", "each"],
        other_way: &["none"],
    },
    Axis {
        name: "always",
        one_way: &["always"],
        other_way: &["never"],
    },
    Axis {
        name: "single",
        one_way: &["single"],
        other_way: &["multiple", "several", "many"],
    },
    Axis {
        name: "same",
        one_way: &["same", "equal", "identical"],
        other_way: &["different", "differ", "differs", "unequal"],
    },
    Axis {
        name: "synchronous",
        one_way: &["synchronous", "synchronously"],
        other_way: &["asynchronous", "asynchronously"],
    },
    Axis {
        name: "explicit",
        one_way: &["explicit", "explicitly"],
        other_way: &["implicit", "implicitly"],
    },
    Axis {
        name: "foreground",
        one_way: &["foreground"],
        other_way: &["background"],
    },
    Axis {
        name: "ascending",
        one_way: &["ascending"],
        other_way: &["descending"],
    },
    Axis {
        name: "internal",
        one_way: &["internal", "internally"],
        other_way: &["external", "externally"],
    },
    Axis {
        name: "public",
        one_way: &["public"],
        other_way: &["private"],
    },
    Axis {
        name: "temporary",
        one_way: &["temporary", "temporarily"],
        other_way: &["permanent", "permanently"],
    },
    Axis {
        name: "above",
        one_way: &["above"],
        other_way: &["below"],
    },
    Axis {
        name: "left",
        one_way: &["left", "leftmost"],
        other_way: &["right", "rightmost"],
    },
    Axis {
        name: "add",
        one_way: &["add", "adds", "added"],
        other_way: &["remove", "removes", "removed"],
    },
    Axis {
        name: "safe",
        one_way: &["safe", "safely", "secure"],
        other_way: &["unsafe", "insecure", "vulnerable", "dangerous"],
    },
    Axis {
        name: "better",
        one_way: &["better", "best"],
        other_way: &["worse", "worst"],
    },
    Axis {
        name: "visible",
        one_way: &["visible"],
        other_way: &["invisible", "hidden"],
    },
];

/// Prefixes that make the opposite of the word behind them.
const PREFIXES: [&str; 6] = ["un", "non", "dis", "in", "im", "ir"];

/// Every word with its axis and direction.
static BY_WORD: LazyLock<HashMap<&'static str, (&'static str, bool)>> = LazyLock::new(|| {
    let mut by_word = HashMap::new();
    for axis in AXES {
        for (words, one_way) in [(axis.one_way, true), (axis.other_way, false)] {
            by_word.extend(words.iter().map(|word| (*word, (axis.name, one_way))));
        }
    }
    by_word
});

/// The axis of a lower-case word and whether it points the one way.
pub(super) fn axis(lower: &str) -> Option<(&'static str, bool)> {
    BY_WORD.get(lower).copied()
}

/// Whether one word is the other with a prefix that negates (`limited`, `unlimited`).
pub(super) fn is_prefixed_opposite(longer: &str, shorter: &str) -> bool {
    shorter.len() >= 4
        && PREFIXES
            .iter()
            .any(|prefix| longer.strip_prefix(prefix) == Some(shorter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_word_points_two_ways() {
        let all: Vec<&str> = AXES
            .iter()
            .flat_map(|axis| axis.one_way.iter().chain(axis.other_way).copied())
            .collect();
        let once: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), once.len());
    }

    #[test]
    fn opposites_are_known() {
        assert_eq!(axis("forbidden"), Some(("allow", false)));
        assert!(is_prefixed_opposite("unlimited", "limited"));
        assert!(!is_prefixed_opposite("until", "til"));
    }
}
