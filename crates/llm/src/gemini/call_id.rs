//! Ids for calls that come without one: OpenAI's clients tell results apart by them. They follow
//! from the answer alone, so that the same answer always gets the same ids.

/// FNV-1a, 64 bits: offset and prime of its definition.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The id of the `index`th call of an answer, distinct from other calls, also of other answers in the
/// same conversation, by `marks`: the answer's id, the function and its arguments.
pub fn made_up(index: usize, marks: &[&str]) -> String {
    format!("call_{index}_{:016x}", hash(marks))
}

/// A short name for an answer that comes without an id.
pub fn hash(marks: &[&str]) -> u64 {
    marks
        .iter()
        // A byte that no text has ends each mark, so that "ab", "c" is not "a", "bc".
        .flat_map(|mark| mark.bytes().chain([0xff]))
        .fold(OFFSET, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(PRIME)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_its_marks() {
        let id = made_up(0, &["r", "look", "{}"]);
        assert_eq!(id, made_up(0, &["r", "look", "{}"]));
        assert!(id.starts_with("call_0_"));
        assert_ne!(id, made_up(0, &["s", "look", "{}"]));
        assert_ne!(id, made_up(1, &["r", "look", "{}"]));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
