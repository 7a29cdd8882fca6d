//! What the GSM alphabet lacks, written as well as it can be: letters without their accents,
//! quotes and dashes as ASCII has them, Greek in the capitals that the alphabet takes from Greek
//! and shares with Latin. What has none of these is written as what Unicode takes for the same
//! (compatibility decomposition, UAX 15): wide, small, circled and mathematical letters, ligatures,
//! fractions, units. What has no counterpart becomes one `?`; what is not seen, nothing.
//!
//! Cyrillic is not written in letters that look alike: most of its words have none.

use crate::text::gsm7;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Writes a text in the GSM alphabet, as far as `keeps` allows.
pub(super) fn transliterate(text: &str, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    let stays = |it: char| gsm7::is_gsm7(it) && keeps(it);
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    // Composed, for a letter may come apart from an accent with which the alphabet has it.
    for it in text.nfc() {
        if stays(it) {
            written.push(it);
        } else if !write(it, &stays, &mut written) {
            written.push('?');
        }
    }
    Cow::Owned(written)
}

/// Appends what stands for a character that does not stay; false where nothing does.
fn write(it: char, stays: &impl Fn(char) -> bool, to: &mut String) -> bool {
    if is_unseen(it) {
        return true;
    }
    if let Some(written) = COUNTERPARTS.get(&it) {
        // A Greek letter goes by its capital, which a carrier may lack too.
        return written.chars().all(|it| written_as_is(it, stays, to) || write(it, stays, to));
    }
    let before = to.len();
    let mut decomposed = std::iter::once(it).nfkd().peekable();
    // An accent that stands alone is written there as one on a blank.
    let known = decomposed.peek().is_some_and(|first| *first != it && *first != ' ');
    let whole = known
        && decomposed.all(|it| {
            // As a unit or a sign it is not the Greek letter.
            let it = if it == 'μ' { 'µ' } else { it };
            written_as_is(it, stays, to) || write(it, stays, to)
        });
    if !whole {
        to.truncate(before);
    }
    whole
}

/// Appends a character that stays; false of any other.
fn written_as_is(it: char, stays: &impl Fn(char) -> bool, to: &mut String) -> bool {
    let as_is = stays(it);
    if as_is {
        to.push(it);
    }
    as_is
}

/// Whether a character is not seen (`Default_Ignorable_Code_Point`, UAX 44), or only marks another that is seen
/// without it: accents, and what makes a keycap of a digit.
fn is_unseen(it: char) -> bool {
    match it as u32 {
        0xAD | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x3164 | 0xFEFF | 0xFFA0 => true,
        0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F => true,
        0xFFF0..=0xFFF8 | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF => true,
        0x300..=0x36F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F => is_combining_mark(it),
        _ => false,
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
    ("‘’‛′‵ʹʻʼʽˈ`´❛❜", "'"), ("“”„‟″«»¨˝❝❞「」『』《》", "\""), ("‹〈", "<"), ("›〉", ">"), ("‐‑‒–—―−¯‾￣", "-"),
    ("…", "..."), ("·∙‧・˙。", "."), ("‚、", ","), ("⁄∕", "/"), ("ˆ", "^"), ("˜〜", "~"), ("【", "["), ("】", "]"), ("〔", "("), ("〕", ")"), ("‗", "_"),
    ("•‣⁃", "*"), ("\t\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}", " "),
    ("\u{200a}\u{202f}\u{205f}\u{3000}", " "), ("\u{85}\u{2028}\u{2029}", "\n"), ("¡", "!"), ("¿", "?"), ("¸", ","),
    ("¦", "|"), ("§", "par."), ("¤", "*"), ("™", "TM"), ("©", "(C)"), ("®", "(R)"), ("№", "No"), ("°º˚", "o"), ("ª", "a"),
    ("¹❶➀➊", "1"), ("²❷➁➋", "2"), ("³❸➂➌", "3"), ("❹➃➍", "4"), ("❺➄➎", "5"), ("❻➅➏", "6"),
    ("❼➆➐", "7"), ("❽➇➑", "8"), ("❾➈➒", "9"), ("❿➉➓", "10"), ("¼", "1/4"), ("½", "1/2"), ("¾", "3/4"), ("×", "x"), ("÷", "/"), ("±", "+-"),
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
        assert_eq!(gsm("cafe\u{301}\u{a0}!\tok"), "café ! ok");
        assert_eq!(gsm("Καλημέρα σας"), "KAΛHMEPA ΣAΣ");
    }

    #[test]
    fn what_has_no_counterpart_is_a_question_mark() {
        assert_eq!(gsm("Москва 日本 \u{1f600}!"), "?????? ?? ?!");
        // One mark for each, whatever it is made of.
        assert_eq!(gsm("ｶﾅ ㍿ ﷺ и\u{306} ﹰ ˘"), "?? ? ? ? ? ?");
    }

    #[test]
    fn what_is_written_wide_small_or_in_one_sign_is_written_plainly() {
        assert_eq!(gsm("Ｃｏｄｅ：１２３４５６"), "Code:123456");
        assert_eq!(gsm("﹫﹐﹑﹒﹔﹕﹖﹗﹘﹙﹚﹛﹜﹝﹞﹟﹠﹡﹢﹣﹤﹥﹦﹨﹩﹪"), "@,,.;:?!-(){}()#&*+-<>=\\$%");
        assert_eq!(gsm("1⁄2 ∕ ‼ ⁉ ˆ ˜ ❝a❞ a‚b"), "1/2 / !! !? ^ ~ \"a\" a,b");
        assert_eq!(gsm("eﬃcient ①②⓪ x⁴ H₂O ⅓ ⅷ ㎏ ㎍ ℡ ™ K"), "efficient 120 x4 H2O 1/3 viii kg ug TEL TM K");
        assert_eq!(gsm("𝐂𝑜𝓭𝕖 𝟏𝟚𝟯 Ⓒⓞⓓⓔ ￠￡￥"), "Code 123 Code c£¥");
        assert_eq!(gsm("１\u{fe0f}\u{20e3} ❶➋"), "1 12");
        assert_eq!(transliterate("£５ｅ\u{301}", |it| it.is_ascii()), "GBP5e");
    }

    #[test]
    fn a_letter_that_comes_apart_is_put_together() {
        assert_eq!(gsm("e\u{301} A\u{30a} n\u{303} u\u{308} c\u{327} z\u{307}"), "é Å ñ ü c z");
        assert_eq!(gsm("\u{212b} \u{2126} e\u{323}\u{302}"), "Å Ω e");
    }

    #[test]
    fn what_is_not_seen_is_nothing() {
        for it in
            "\u{2060}\u{feff}\u{200b}\u{200d}\u{ad}\u{34f}\u{61c}\u{202e}\u{2066}\u{180e}\u{3164}\u{fe0f}\u{e0067}"
                .chars()
        {
            assert_eq!(gsm(&format!("12{it}34")), "1234", "{it:?}");
        }
        assert_eq!(gsm("👩\u{200d}👧 ❤\u{fe0f}"), "?? ?");
    }

    #[test]
    fn what_unicode_takes_for_the_same_is_never_a_question_mark() {
        let mut folded = 0;
        for it in '\0'..=char::MAX {
            let same: String = std::iter::once(it).nfkc().collect();
            let (all, written) = (same.chars().all(gsm7::is_gsm7), gsm(it.encode_utf8(&mut [0; 4])).into_owned());
            assert!(written.chars().all(gsm7::is_gsm7), "{it:?} {written:?}");
            if gsm7::is_gsm7(it) {
                assert_eq!(written, it.to_string());
            } else if all && !same.starts_with(' ') {
                folded += 1;
                assert_eq!(written.matches('?').count(), same.matches('?').count(), "{it:?} {written:?}");
            }
        }
        assert!(1_000 < folded, "{folded}");
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
