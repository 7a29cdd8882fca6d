//! The known word that a misspelt one was meant to be.

/// The longest word that is compared: names are shorter, and the work grows with the square of it.
const WORD_MAX: usize = 64;

/// The nearest of the known words, where it is near enough to have been meant: an edit in each three letters, and never
/// as many as it has letters.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if WORD_MAX < word.len() {
        return None;
    }
    let (edits, found) = known.iter().map(|it| (strsim::damerau_levenshtein(word, it), *it)).min()?;
    let (long, short) = (word.len().max(found.len()), word.len().min(found.len()));
    (edits <= long.div_ceil(3).max(1) && edits * 2 <= short.max(2) && edits < short).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_meant_and_what_is_not_is_not() {
        let known = ["to", "from", "text", "client_ref", "route_id", "validity", "listen", "gsm7"];
        for (word, expected) in [
            ("form", Some("from")),
            ("tto", Some("to")),
            ("clientref", Some("client_ref")),
            ("lissen", Some("listen")),
            ("gsm", Some("gsm7")),
            ("txt", Some("text")),
            ("validty", Some("validity")),
            ("foo", None),
            ("t", None),
            ("x", None),
            ("", None),
            ("listening_on", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
        assert_eq!(nearest("a", &[]), None);
        assert_eq!(nearest(&"to".repeat(100_000), &known), None);
    }
}
