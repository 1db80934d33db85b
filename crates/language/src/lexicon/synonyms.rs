//! Synonyms: words that mean the same in almost any sentence. Terms of one field are left to vectors.

use super::list::lines;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Every word with the numbers of its groups.
static BY_WORD: LazyLock<HashMap<&'static str, Vec<usize>>> = LazyLock::new(|| {
    let mut by_word: HashMap<&'static str, Vec<usize>> = HashMap::new();
    for (number, group) in lines(include_str!("../../data/synonyms.txt")).enumerate() {
        for word in group.split_whitespace() {
            by_word.entry(word).or_default().push(number);
        }
    }
    by_word
});

/// The numbers of the groups that a lower-case word, or its plain form, belongs to; a number may
/// occur twice.
pub(crate) fn groups(lower: &str) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut add = |word: &str| {
        if let Some(numbers) = BY_WORD.get(word) {
            found.extend(numbers);
        }
    };
    add(lower);
    for ending in ["s", "es", "d", "ed", "ing"] {
        if let Some(plain) = lower.strip_suffix(ending) {
            add(plain);
        }
    }
    // "deleting" is a form of "delete".
    if let Some(plain) = lower.strip_suffix("ing")
        && plain.len() >= 3
    {
        add(&format!("{plain}e"));
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
