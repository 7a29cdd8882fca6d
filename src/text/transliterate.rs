//! What the GSM alphabet lacks, written as well as it can be: letters without their accents,
//! quotes and dashes as ASCII has them, Greek in the capitals that the alphabet takes from Greek
//! and shares with Latin. What has no counterpart becomes `?`.
//!
//! Cyrillic is not written in letters that look alike: most of its words have none.

use crate::text::gsm7;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Writes a text in the GSM alphabet, as far as `keeps` allows.
pub(super) fn transliterate(text: &str, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    let stays = |it: char| gsm7::is_gsm7(it) && keeps(it);
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    for it in text.chars() {
        if stays(it) {
            written.push(it);
        } else {
            // A Greek letter goes by its capital, which a carrier may lack too.
            for it in counterpart(it).chars() {
                if stays(it) { written.push(it) } else { written.push_str(counterpart(it)) }
            }
        }
    }
    Cow::Owned(written)
}

/// What stands for a character: nothing for one that is not seen or only marks another.
fn counterpart(it: char) -> &'static str {
    match it {
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{feff}' => "",
        _ => COUNTERPARTS.get(&it).copied().unwrap_or("?"),
    }
}

static COUNTERPARTS: LazyLock<HashMap<char, &'static str>> = LazyLock::new(|| {
    let rows = SIGNS.iter().chain(GREEK).chain(LATIN);
    rows.flat_map(|(characters, written)| characters.chars().map(|it| (it, *written))).collect()
});

/// Characters, and what stands for each of them.
type Rows = &'static [(&'static str, &'static str)];

#[rustfmt::skip]
const SIGNS: Rows = &[
    ("‘’‚‛′‵ʹʻʼʽˈ`´", "'"), ("“”„‟″«»¨", "\""), ("‹", "<"), ("›", ">"), ("‐‑‒–—―−¯", "-"), ("…", "..."), ("·∙‧", "."),
    ("•‣⁃", "*"), ("\t\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}", " "),
    ("\u{200a}\u{202f}\u{205f}\u{3000}", " "), ("\u{85}\u{2028}\u{2029}", "\n"), ("¡", "!"), ("¿", "?"), ("¸", ","),
    ("¦", "|"), ("§", "par."), ("¤", "*"), ("™", "TM"), ("©", "(C)"), ("®", "(R)"), ("№", "No"), ("°º", "o"), ("ª", "a"),
    ("¹", "1"), ("²", "2"), ("³", "3"), ("¼", "1/4"), ("½", "1/2"), ("¾", "3/4"), ("×", "x"), ("÷", "/"), ("±", "+-"),
    ("≤", "<="), ("≥", ">="), ("≠", "!="), ("≈", "~"), ("←", "<-"), ("→", "->"), ("µ", "u"),
    ("€", "EUR"), ("£", "GBP"), ("¥", "JPY"), ("¢", "c"), ("₹", "INR"), ("₺", "TRY"), ("₽", "RUB"), ("₴", "UAH"),
    ("₪", "ILS"), ("₩", "KRW"), ("₫", "VND"), ("₦", "NGN"), ("₱", "PHP"), ("₵", "GHS"), ("฿", "THB"),
];

/// Capitals that look alike are Latin to the alphabet; it has the others itself.
#[rustfmt::skip]
const GREEK: Rows = &[
    ("ΑΆαά", "A"), ("Ββ", "B"), ("ΕΈεέ", "E"), ("Ζζ", "Z"), ("ΗΉηή", "H"), ("ΙΊΪιίϊΐ", "I"), ("Κκ", "K"), ("Μμ", "M"),
    ("Νν", "N"), ("ΟΌοό", "O"), ("Ρρ", "P"), ("Ττ", "T"), ("ΥΎΫυύϋΰ", "Y"), ("Χχ", "X"), ("γ", "Γ"), ("δ", "Δ"),
    ("θ", "Θ"), ("λ", "Λ"), ("ξ", "Ξ"), ("π", "Π"), ("σς", "Σ"), ("φ", "Φ"), ("ψ", "Ψ"), ("ωώΏ", "Ω"),
    ("Γ", "G"), ("Δ", "D"), ("Θ", "TH"), ("Λ", "L"), ("Ξ", "X"), ("Π", "P"), ("Σ", "S"), ("Φ", "F"), ("Ψ", "PS"), ("Ω", "O"),
];

/// Letters with accents, and the letter that carries them.
#[rustfmt::skip]
const LATIN: Rows = &[
    ("ÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶ", "A"), ("ḂḄḆ", "B"), ("ÇĆĈĊČḈ", "C"), ("ÐĎĐƉḊḌḎḐḒ", "D"),
    ("ÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆ", "E"), ("Ḟ", "F"), ("ĜĞĠĢǤǦǴḠ", "G"), ("ĤĦȞḢḤḦḨḪ", "H"), ("ÌÍÎÏĨĪĬĮİƗǏȈȊḬḮỈỊ", "I"),
    ("Ĵ", "J"), ("ĶǨḰḲḴ", "K"), ("ĹĻĽŁḶḸḺḼ", "L"), ("ḾṀṂ", "M"), ("ÑŃŅŇǸṄṆṈṊ", "N"),
    ("ÒÓÔÕÖØŌŎŐƠǑǪǬȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢ", "O"), ("ṔṖ", "P"), ("ŔŖŘȐȒṘṚṜṞ", "R"), ("ŚŜŞŠȘṠṢṤṦṨ", "S"),
    ("ŢŤŦȚṪṬṮṰ", "T"), ("ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ", "U"), ("ṼṾ", "V"), ("ŴẀẂẄẆẈ", "W"), ("ẊẌ", "X"),
    ("ÝŶŸȲẎỲỴỶỸ", "Y"), ("ŹŻŽƵẐẒẔ", "Z"), ("àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ", "a"), ("ƀḃḅḇ", "b"), ("çćĉċčḉ", "c"),
    ("ðďđḋḍḏḑḓ", "d"), ("èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ", "e"), ("ḟ", "f"), ("ĝğġģǥǧǵḡ", "g"), ("ĥħȟḣḥḧḩḫẖ", "h"),
    ("ìíîïĩīĭįıǐȉȋḭḯỉị", "i"), ("ĵǰ", "j"), ("ķĸǩḱḳḵ", "k"), ("ĺļľłḷḹḻḽ", "l"), ("ḿṁṃ", "m"), ("ñńņňǹṅṇṉṋ", "n"),
    ("òóôõöøōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ", "o"), ("ṕṗ", "p"), ("ŕŗřȑȓṙṛṝṟ", "r"), ("śŝşšſșṡṣṥṧṩẛ", "s"),
    ("ţťŧțṫṭṯṱẗ", "t"), ("ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự", "u"), ("ṽṿ", "v"), ("ŵẁẃẅẇẉẘ", "w"), ("ẋẍ", "x"),
    ("ýÿŷȳẏẙỳỵỷỹ", "y"), ("źżžƶẑẓẕ", "z"), ("Æ", "AE"), ("ǄǱ", "DZ"), ("ǅǲ", "Dz"), ("Ĳ", "IJ"), ("Ǉ", "LJ"),
    ("ǈ", "Lj"), ("Ŋ", "NG"), ("Ǌ", "NJ"), ("ǋ", "Nj"), ("Œ", "OE"), ("ẞ", "SS"), ("Þ", "TH"), ("ẚ", "a'"),
    ("æ", "ae"), ("ǆǳ", "dz"), ("ĳ", "ij"), ("ǉ", "lj"), ("ŋ", "ng"), ("ǌ", "nj"), ("œ", "oe"), ("ß", "ss"),
    ("þ", "th"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn gsm(text: &str) -> Cow<'_, str> {
        transliterate(text, |_| true)
    }

    #[test]
    fn what_the_alphabet_has_stays_and_is_not_copied() {
        assert!(matches!(gsm("Größe: 5 € [à]"), Cow::Borrowed("Größe: 5 € [à]")));
    }

    #[test]
    fn what_it_lacks_is_written_as_well_as_it_can_be() {
        assert_eq!(gsm("“Don’t” – wait…"), "\"Don't\" - wait...");
        assert_eq!(gsm("Zażółć gęślą jaźń"), "Zazolc gesla jazn");
        assert_eq!(gsm("Příliš žluťoučký kůň"), "Prilis zlutoucky kun");
        assert_eq!(gsm("Đặng Nguyễn Ngọc"), "Dang Nguyen Ngoc");
        assert_eq!(gsm("garçon, İstanbul ışık, œuvre"), "garcon, Istanbul isik, oeuvre");
        assert_eq!(gsm("cafe\u{301}\u{a0}!\tok"), "cafe ! ok");
        assert_eq!(gsm("Καλημέρα σας"), "KAΛHMEPA ΣAΣ");
    }

    #[test]
    fn what_has_no_counterpart_is_a_question_mark() {
        assert_eq!(gsm("Москва 日本 \u{1f600}!"), "?????? ?? ?!");
    }

    #[test]
    fn a_narrower_alphabet_keeps_less() {
        assert_eq!(transliterate("Größe 5 € à σ", |it| it.is_ascii()), "Grosse 5 EUR a S");
        assert_eq!(transliterate("Größe 5 € Ω", |it| (it as u32) < 256), "Größe 5 EUR O");
    }

    #[test]
    fn every_counterpart_is_of_ascii_or_leads_there() {
        for (characters, written) in SIGNS.iter().chain(GREEK).chain(LATIN) {
            for it in characters.chars() {
                let ascii = transliterate(&it.to_string(), |it| it.is_ascii()).into_owned();
                assert!(ascii.is_ascii() && ascii.chars().all(gsm7::is_gsm7), "{it:?} {ascii:?}");
                assert!(!ascii.contains('?') || it == '¿', "{it:?} {written:?}");
            }
        }
        let characters = SIGNS.iter().chain(GREEK).chain(LATIN).map(|it| it.0.chars().count());
        assert_eq!(COUNTERPARTS.len(), characters.sum::<usize>(), "no character stands twice");
    }
}
