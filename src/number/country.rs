//! Countries by ISO letters.

/// Whether these are the letters of a country that has phone numbers.
pub fn is_known(letters: &str) -> bool {
    letters.parse::<phonenumber::country::Id>().is_ok()
}
