//! What people write and paste as a number, brought down to its digits.
//!
//! Which signs may stand between digits is libphonenumber's rule, and which characters are digits too; but what means
//! more than a number (letters, extensions, a second number) is refused, since a message goes to one handset. Two
//! spellings that differ in such signs are one text after this, so that they cannot be two numbers.

use crate::number::library;
use crate::number::refusal::{Character, NumberError};

/// More characters than anybody writes, with marks that cannot be seen.
const LEN_MAX: usize = 60;

/// The digits of a text, behind `+` if it has one.
pub fn digits(text: &str) -> Result<String, NumberError> {
    if text.chars().nth(LEN_MAX).is_some() {
        return Err(NumberError::Long(LEN_MAX));
    }
    let mut digits = String::with_capacity(text.len());
    for (at, character) in (1..).zip(text.trim_end().chars()) {
        // A new line or a tab within is two numbers; around one it came along from a table.
        let blank = character.is_whitespace() && (digits.is_empty() || !character.is_control());
        match character {
            '0'..='9' => digits.push(character),
            '+' | '\u{FF0B}' if digits.is_empty() => digits.push('+'),
            _ if separates(character) || is_unseen(character) || blank => {}
            _ => match library::digit(character) {
                Some(digit) => digits.push(digit),
                None => return Err(NumberError::Character { character: Character(character), at }),
            },
        }
    }
    if digits.len() == usize::from(digits.starts_with('+')) { Err(NumberError::NotANumber) } else { Ok(digits) }
}

/// What libphonenumber takes between digits, but for x and tildes, which begin extensions.
fn separates(character: char) -> bool {
    let wide = |it| matches!(it, '\u{FF0D}'..='\u{FF0F}' | '\u{FF08}' | '\u{FF09}' | '\u{FF3B}' | '\u{FF3D}');
    let dash = |it| matches!(it, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}');
    matches!(character, '-' | '.' | '/' | '(' | ')' | '[' | ']') || dash(character) || wide(character)
}

/// What is pasted with a number and never seen: soft hyphens, joiners, marks of direction, marks of byte order.
fn is_unseen(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{FEFF}')
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_with_a_number_does_not_change_it() {
        for text in [
            "+31612345678",
            " +31 6 1234 5678\t",
            "\u{202A}+31612345678\u{202C}",
            "\u{200E}+31612345678",
            "\u{FEFF}+31612345678",
            "+31\u{A0}6\u{A0}12345678",
            "+31\u{202F}6\u{2009}12345678",
            "+31\u{2011}6\u{2013}1234\u{200B}5678",
            "\u{FF0B}31612345678",
            "＋３１６１２３４５６７８",
            "+٣١٦١٢٣٤٥٦٧٨",
            "+۳۱۶۱۲۳۴۵۶۷۸",
            "+३१६१२३४५६७८",
            "(+31) 6 1234-5678",
            "+31.6/1234[5678]",
            "\t+31612345678\r\n",
            "\u{2066}+31\u{2069}612345678",
        ] {
            assert_eq!(digits(text).as_deref(), Ok("+31612345678"), "{text:?}");
        }
        assert_eq!(digits("06 1234\u{200B}5678").as_deref(), Ok("0612345678"));
    }

    #[test]
    fn a_refusal_names_the_character_and_its_position() {
        for (text, character, at) in [
            ("+31612345678x5", 'x', 13),
            ("+31612345678#5", '#', 13),
            ("+31612345678;ext=1", ';', 13),
            ("+31612345678~5", '~', 13),
            ("0800-FLOWERS", 'F', 6),
            ("+31612345678/+31612345679", '+', 14),
            ("++31612345678", '+', 2),
            ("31+612345678", '+', 3),
            ("tel:+31612345678", 't', 1),
            (" 0612\u{202A}34\u{BD}5678", '\u{BD}', 9),
            ("0612345678\n0612345679", '\n', 11),
            ("06\u{0}12345678", '\u{0}', 3),
            ("06\u{2460}2345678", '\u{2460}', 3),
            ("*31#0612345678", '*', 1),
        ] {
            let refused = NumberError::Character { character: Character(character), at };
            assert_eq!(digits(text), Err(refused), "{text:?}");
        }
        let said = |text| digits(text).unwrap_err().to_string();
        assert!(said("06\u{1F4DE}12345678").starts_with("U+1F4DE at position 3 is not of a phone number, "));
        assert!(said("+31612345678x5").starts_with("'x' (U+0078) at position 13 is not of a phone number, "));
        for text in ["", " ", "+", "-", "\u{202A}", "+\u{200B}"] {
            assert_eq!(digits(text), Err(NumberError::NotANumber), "{text:?}");
        }
        assert_eq!(digits(&"0".repeat(LEN_MAX)).map(|it| it.len()), Ok(LEN_MAX));
        assert_eq!(digits(&"0".repeat(LEN_MAX + 1)), Err(NumberError::Long(LEN_MAX)));
    }
}
