//! English words that say nothing about a question's subject, and words that name only the kind of
//! thing asked for. Both lists are sorted, so that they can be searched.

/// Words without a subject of their own.
const STOP_WORDS: &[&str] = &[
    "a", "about", "above", "after", "again", "against", "all", "also", "am", "an", "and", "any",
    "are", "as", "at", "be", "because", "been", "before", "being", "below", "between", "both",
    "but", "by", "can", "could", "did", "do", "does", "doing", "done", "down", "during", "each",
    "either", "else", "etc", "ever", "every", "explain", "few", "for", "from", "further", "give",
    "given", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i",
    "if", "in", "into", "is", "it", "its", "itself", "just", "let", "like", "many", "may", "me",
    "might", "mine", "more", "most", "much", "must", "my", "myself", "need", "no", "nor", "not",
    "now", "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours", "out", "over",
    "own", "please", "shall", "she", "should", "so", "some", "such", "tell", "than", "that", "the",
    "their", "theirs", "them", "then", "there", "these", "they", "this", "those", "through", "to",
    "too", "under", "until", "up", "upon", "us", "very", "was", "we", "were", "what", "whats",
    "when", "where", "whether", "which", "while", "who", "whom", "whose", "why", "will", "with",
    "within", "without", "would", "you", "your", "yours",
];

/// Words for a kind of thing, and verbs that fit anything: they help to rank, and prove little.
const GENERIC_WORDS: &[&str] = &[
    "allow",
    "argument",
    "called",
    "cause",
    "command",
    "control",
    "define",
    "describe",
    "do",
    "effect",
    "environment",
    "example",
    "field",
    "function",
    "get",
    "happen",
    "happens",
    "kind",
    "make",
    "mean",
    "means",
    "method",
    "name",
    "option",
    "parameter",
    "possible",
    "purpose",
    "set",
    "setting",
    "thing",
    "type",
    "use",
    "used",
    "using",
    "value",
    "variable",
    "want",
    "way",
    "work",
    "works",
];

/// Whether a lower-case word is a stop word.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Whether a lower-case word, or its singular, is a generic one.
pub fn is_generic(word: &str) -> bool {
    let known = |word: &str| GENERIC_WORDS.binary_search(&word).is_ok();
    known(word) || word.strip_suffix('s').is_some_and(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_without_repeats() {
        for list in [STOP_WORDS, GENERIC_WORDS] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        }
    }
}
