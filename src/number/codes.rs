//! Country codes: whose they are, how long numbers after them may be, and which of them need no reading.
//!
//! This is what libphonenumber says, as a table that takes nanoseconds to ask; a test holds it against the library. A
//! number is possible when its length is; which ranges are assigned changes every week, and the carrier knows better.

/// A country code.
#[derive(Debug)]
pub struct Code {
    /// Its one to three digits.
    pub code: u16,
    /// The ISO letters of its country, of the main one where several share it; empty for the whole world.
    pub country: &'static str,
    /// The possible counts of digits after it, as bits.
    lengths: u32,
    /// The first two digits after it, 00 to 99, with which numbers may hold a prefix that is not dialled from abroad,
    /// as bits.
    leads: u128,
}

impl Code {
    /// `leads` are the one or two digits with which such prefixes begin.
    const fn new(code: u16, country: &'static str, lengths: &[u8], leads: &[&str]) -> Self {
        let mut new = Self { code, country, lengths: 0, leads: 0 };
        let mut at = 0;
        while at < lengths.len() {
            new.lengths |= 1 << lengths[at];
            at += 1;
        }
        at = 0;
        while at < leads.len() {
            let digits = leads[at].as_bytes();
            let first = (digits[0] - b'0') as u32 * 10;
            new.leads |= if digits.len() == 1 { 0x3FF << first } else { 1 << (first + (digits[1] - b'0') as u32) };
            at += 1;
        }
        new
    }

    /// How many digits it has.
    pub const fn width(&self) -> u32 {
        match self.code {
            0..=9 => 1,
            10..=99 => 2,
            _ => 3,
        }
    }

    /// Whether so many digits after it make a number that libphonenumber calls possible.
    pub const fn may_have(&self, digits: u32) -> bool {
        self.lengths >> digits & 1 == 1
    }

    /// Whether libphonenumber takes every number with so many digits after the code, and the first two of these, as it
    /// stands.
    pub fn stands(&self, national: &str) -> bool {
        let [tens, ones, ..] = national.as_bytes() else { return false };
        let lead = (tens & 0xF) * 10 + (ones & 0xF);
        self.may_have(national.len() as u32) && self.leads >> lead & 1 == 0
    }
}

/// Every country code, in order; where several countries share one, its main country.
pub const CODES: [Code; 215] = [
    Code::new(1, "US", &[10], &[]),
    Code::new(7, "RU", &[10, 14], &[]),
    Code::new(20, "EG", &[8, 9, 10], &["0"]),
    Code::new(27, "ZA", &[5, 6, 7, 8, 9, 10], &["0"]),
    Code::new(30, "GR", &[10, 11, 12], &[]),
    Code::new(31, "NL", &[5, 6, 7, 8, 9, 10, 11], &["0"]),
    Code::new(32, "BE", &[8, 9], &["0"]),
    Code::new(33, "FR", &[9], &[]),
    Code::new(34, "ES", &[9], &[]),
    Code::new(36, "HU", &[8, 9], &[]),
    Code::new(39, "IT", &[6, 7, 8, 9, 10, 11, 12], &[]),
    Code::new(40, "RO", &[6, 9], &[]),
    Code::new(41, "CH", &[9, 12], &[]),
    Code::new(43, "AT", &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13], &["0"]),
    Code::new(44, "GB", &[7, 9, 10], &["0"]),
    Code::new(45, "DK", &[8], &[]),
    Code::new(46, "SE", &[6, 7, 8, 9, 10, 12], &["0"]),
    Code::new(47, "NO", &[5, 8], &[]),
    Code::new(48, "PL", &[6, 7, 8, 9, 10], &[]),
    Code::new(49, "DE", &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13], &["0"]),
    Code::new(51, "PE", &[8, 9], &["0"]),
    Code::new(52, "MX", &[10], &[]),
    Code::new(53, "CU", &[6, 7, 8, 10], &["0"]),
    Code::new(54, "AR", &[10, 11], &["0", "11", "2", "3"]),
    Code::new(55, "BR", &[8, 9, 10, 11], &["0", "90"]),
    Code::new(56, "CL", &[9, 10, 11], &[]),
    Code::new(57, "CO", &[8, 10, 11], &["0"]),
    Code::new(58, "VE", &[10], &[]),
    Code::new(60, "MY", &[8, 9, 10], &["0"]),
    Code::new(61, "AU", &[5, 6, 7, 8, 9, 10, 12], &["0", "18"]),
    Code::new(62, "ID", &[7, 8, 9, 10, 11, 12, 13], &["0"]),
    Code::new(63, "PH", &[6, 8, 9, 10, 11, 12, 13], &["0"]),
    Code::new(64, "NZ", &[5, 6, 7, 8, 9, 10], &["0"]),
    Code::new(65, "SG", &[8, 10, 11], &[]),
    Code::new(66, "TH", &[8, 9, 10, 13], &["0"]),
    Code::new(81, "JP", &[8, 9, 10, 11, 12, 13], &["0"]),
    Code::new(82, "KR", &[5, 6, 8, 9, 10, 11, 12, 13], &["0"]),
    Code::new(84, "VN", &[7, 8, 9, 10], &["0"]),
    Code::new(86, "CN", &[7, 8, 9, 10, 11, 12], &["0", "11", "12", "17"]),
    Code::new(90, "TR", &[7, 10, 12, 13], &["0"]),
    Code::new(91, "IN", &[8, 9, 10, 11, 12, 13], &["0"]),
    Code::new(92, "PK", &[8, 9, 10, 11, 12], &["0"]),
    Code::new(93, "AF", &[9], &[]),
    Code::new(94, "LK", &[9], &[]),
    Code::new(95, "MM", &[6, 7, 8, 9, 10], &["0"]),
    Code::new(98, "IR", &[4, 5, 6, 7, 10], &["0"]),
    Code::new(211, "SS", &[9], &[]),
    Code::new(212, "MA", &[9], &[]),
    Code::new(213, "DZ", &[8, 9], &["0"]),
    Code::new(216, "TN", &[8], &[]),
    Code::new(218, "LY", &[9], &[]),
    Code::new(220, "GM", &[7, 9], &[]),
    Code::new(221, "SN", &[9], &[]),
    Code::new(222, "MR", &[8], &[]),
    Code::new(223, "ML", &[8], &[]),
    Code::new(224, "GN", &[8, 9], &[]),
    Code::new(225, "CI", &[10], &[]),
    Code::new(226, "BF", &[8], &[]),
    Code::new(227, "NE", &[8], &[]),
    Code::new(228, "TG", &[8], &[]),
    Code::new(229, "BJ", &[8, 10], &[]),
    Code::new(230, "MU", &[7, 8, 10], &[]),
    Code::new(231, "LR", &[7, 8, 9], &["0"]),
    Code::new(232, "SL", &[8], &[]),
    Code::new(233, "GH", &[8, 9], &["0"]),
    Code::new(234, "NG", &[10, 11, 12], &["0"]),
    Code::new(235, "TD", &[8], &[]),
    Code::new(236, "CF", &[8], &[]),
    Code::new(237, "CM", &[8, 9], &[]),
    Code::new(238, "CV", &[7], &[]),
    Code::new(239, "ST", &[7], &[]),
    Code::new(240, "GQ", &[9], &[]),
    Code::new(241, "GA", &[7, 8], &[]),
    Code::new(242, "CG", &[9], &[]),
    Code::new(243, "CD", &[7, 8, 9, 10], &["0"]),
    Code::new(244, "AO", &[9], &[]),
    Code::new(245, "GW", &[7, 9], &[]),
    Code::new(246, "IO", &[7], &[]),
    Code::new(247, "AC", &[5, 6], &[]),
    Code::new(248, "SC", &[7], &[]),
    Code::new(249, "SD", &[9], &[]),
    Code::new(250, "RW", &[8, 9], &["0"]),
    Code::new(251, "ET", &[9], &[]),
    Code::new(252, "SO", &[6, 7, 8, 9], &["0"]),
    Code::new(253, "DJ", &[8], &[]),
    Code::new(254, "KE", &[7, 8, 9, 10], &["0"]),
    Code::new(255, "TZ", &[9], &[]),
    Code::new(256, "UG", &[9], &[]),
    Code::new(257, "BI", &[8], &[]),
    Code::new(258, "MZ", &[8, 9], &[]),
    Code::new(260, "ZM", &[9], &[]),
    Code::new(261, "MG", &[9], &[]),
    Code::new(262, "RE", &[9], &[]),
    Code::new(263, "ZW", &[7, 9, 10], &["0"]),
    Code::new(264, "NA", &[8, 9], &["0"]),
    Code::new(265, "MW", &[7, 9], &[]),
    Code::new(266, "LS", &[8], &[]),
    Code::new(267, "BW", &[7, 8, 10], &[]),
    Code::new(268, "SZ", &[8, 9], &[]),
    Code::new(269, "KM", &[7], &[]),
    Code::new(290, "SH", &[4, 5], &[]),
    Code::new(291, "ER", &[7], &[]),
    Code::new(297, "AW", &[7], &[]),
    Code::new(298, "FO", &[6], &[]),
    Code::new(299, "GL", &[6], &[]),
    Code::new(350, "GI", &[8], &[]),
    Code::new(351, "PT", &[9], &[]),
    Code::new(352, "LU", &[4, 5, 6, 7, 8, 9, 10, 11], &["15"]),
    Code::new(353, "IE", &[7, 8, 9, 10], &["0"]),
    Code::new(354, "IS", &[7, 9], &[]),
    Code::new(355, "AL", &[6, 7, 8, 9], &["0"]),
    Code::new(356, "MT", &[8], &[]),
    Code::new(357, "CY", &[8], &[]),
    Code::new(358, "FI", &[5, 6, 7, 8, 9, 10, 11, 12], &["0"]),
    Code::new(359, "BG", &[6, 7, 8, 9, 12], &["0"]),
    Code::new(370, "LT", &[8], &[]),
    Code::new(371, "LV", &[8], &[]),
    Code::new(372, "EE", &[7, 8, 10], &[]),
    Code::new(373, "MD", &[8], &[]),
    Code::new(374, "AM", &[8], &[]),
    Code::new(375, "BY", &[6, 7, 8, 9, 10, 11], &["0", "8"]),
    Code::new(376, "AD", &[6, 8, 9], &[]),
    Code::new(377, "MC", &[8, 9], &["0"]),
    Code::new(378, "SM", &[8, 10], &[]),
    Code::new(380, "UA", &[9, 10], &["0"]),
    Code::new(381, "RS", &[6, 7, 8, 9, 10, 11, 12], &["0"]),
    Code::new(382, "ME", &[8, 9], &["0"]),
    Code::new(383, "XK", &[8, 9, 10, 11, 12], &["0"]),
    Code::new(385, "HR", &[7, 8, 9], &["0"]),
    Code::new(386, "SI", &[5, 6, 7, 8], &["0"]),
    Code::new(387, "BA", &[8, 9], &["0"]),
    Code::new(389, "MK", &[8], &[]),
    Code::new(420, "CZ", &[9, 10, 11, 12], &[]),
    Code::new(421, "SK", &[6, 7, 9], &["0"]),
    Code::new(423, "LI", &[7, 9], &[]),
    Code::new(500, "FK", &[5], &[]),
    Code::new(501, "BZ", &[7, 11], &[]),
    Code::new(502, "GT", &[8, 11], &[]),
    Code::new(503, "SV", &[7, 8, 11], &[]),
    Code::new(504, "HN", &[8, 11], &[]),
    Code::new(505, "NI", &[8], &[]),
    Code::new(506, "CR", &[8, 10], &[]),
    Code::new(507, "PA", &[7, 8, 10, 11], &[]),
    Code::new(508, "PM", &[6, 9], &[]),
    Code::new(509, "HT", &[8], &[]),
    Code::new(590, "GP", &[9], &[]),
    Code::new(591, "BO", &[8, 9], &["0"]),
    Code::new(592, "GY", &[7], &[]),
    Code::new(593, "EC", &[8, 9, 10, 11], &["0"]),
    Code::new(594, "GF", &[9], &[]),
    Code::new(595, "PY", &[6, 7, 8, 9, 10, 11], &["0"]),
    Code::new(596, "MQ", &[9], &[]),
    Code::new(597, "SR", &[6, 7], &[]),
    Code::new(598, "UY", &[4, 5, 6, 7, 8, 9, 10, 11, 12], &["0"]),
    Code::new(599, "CW", &[7, 8], &[]),
    Code::new(670, "TL", &[7, 8], &[]),
    Code::new(672, "NF", &[6], &[]),
    Code::new(673, "BN", &[7], &[]),
    Code::new(674, "NR", &[7], &[]),
    Code::new(675, "PG", &[7, 8], &[]),
    Code::new(676, "TO", &[5, 7], &[]),
    Code::new(677, "SB", &[5, 7], &[]),
    Code::new(678, "VU", &[5, 7], &[]),
    Code::new(679, "FJ", &[7, 11], &[]),
    Code::new(680, "PW", &[7], &[]),
    Code::new(681, "WF", &[6, 9], &[]),
    Code::new(682, "CK", &[5], &[]),
    Code::new(683, "NU", &[4, 7], &[]),
    Code::new(685, "WS", &[5, 6, 7, 10], &[]),
    Code::new(686, "KI", &[5, 8], &[]),
    Code::new(687, "NC", &[6], &[]),
    Code::new(688, "TV", &[5, 6, 7], &[]),
    Code::new(689, "PF", &[6, 8, 9], &[]),
    Code::new(690, "TK", &[4, 5, 6, 7], &[]),
    Code::new(691, "FM", &[7], &[]),
    Code::new(692, "MH", &[7], &[]),
    Code::new(800, "", &[8], &[]),
    Code::new(808, "", &[8], &[]),
    Code::new(850, "KP", &[8, 10], &[]),
    Code::new(852, "HK", &[5, 6, 7, 8, 9, 11], &[]),
    Code::new(853, "MO", &[7, 8], &[]),
    Code::new(855, "KH", &[8, 9, 10], &["0"]),
    Code::new(856, "LA", &[8, 9, 10], &["0"]),
    Code::new(870, "", &[9, 12], &[]),
    Code::new(878, "", &[12], &[]),
    Code::new(880, "BD", &[6, 7, 8, 9, 10], &["0"]),
    Code::new(881, "", &[9, 10], &[]),
    Code::new(882, "", &[7, 8, 9, 10, 11, 12], &[]),
    Code::new(883, "", &[8, 9, 10, 11, 12], &[]),
    Code::new(886, "TW", &[7, 8, 9, 10, 11], &["0"]),
    Code::new(888, "", &[11], &[]),
    Code::new(960, "MV", &[7, 10], &[]),
    Code::new(961, "LB", &[7, 8], &["0"]),
    Code::new(962, "JO", &[8, 9], &["0"]),
    Code::new(963, "SY", &[8, 9], &["0"]),
    Code::new(964, "IQ", &[8, 9, 10], &["0"]),
    Code::new(965, "KW", &[7, 8], &[]),
    Code::new(966, "SA", &[9, 10], &["0"]),
    Code::new(967, "YE", &[7, 8, 9], &["0"]),
    Code::new(968, "OM", &[7, 8, 9], &[]),
    Code::new(970, "PS", &[8, 9, 10], &["0"]),
    Code::new(971, "AE", &[5, 6, 7, 8, 9, 10, 11, 12], &["0"]),
    Code::new(972, "IL", &[7, 8, 9, 10, 11, 12], &["0"]),
    Code::new(973, "BH", &[8], &[]),
    Code::new(974, "QA", &[7, 8, 9, 11], &[]),
    Code::new(975, "BT", &[7, 8], &[]),
    Code::new(976, "MN", &[8, 9, 10], &["0"]),
    Code::new(977, "NP", &[8, 10, 11], &["0"]),
    Code::new(979, "", &[9], &[]),
    Code::new(992, "TJ", &[9], &[]),
    Code::new(993, "TM", &[8], &[]),
    Code::new(994, "AZ", &[9], &[]),
    Code::new(995, "GE", &[9], &[]),
    Code::new(996, "KG", &[9, 10], &["0"]),
    Code::new(998, "UZ", &[9], &[]),
];

/// For the first three digits of a number, one more than the place of its code; 0 for none.
const PLACES: [u8; 1_000] = places();

const fn places() -> [u8; 1_000] {
    let (mut places, mut at) = ([0; 1_000], 0);
    while at < CODES.len() {
        let code = CODES[at].code as usize;
        // Codes have one to three digits, and none begins another.
        let width = 10_usize.pow(3 - CODES[at].width());
        let mut lead = code * width;
        while lead < (code + 1) * width {
            places[lead] = at as u8 + 1;
            lead += 1;
        }
        at += 1;
    }
    places
}

/// The code that a number begins with, by its first three digits.
pub fn of(lead: u64) -> Option<&'static Code> {
    let place = usize::try_from(lead).ok().and_then(|it| PLACES.get(it))?;
    CODES.get(usize::from(*place).checked_sub(1)?)
}

/// The code with these digits.
pub fn with(code: u16) -> Option<&'static Code> {
    let width = 10_u64.pow(match code {
        0..=9 => 2,
        10..=99 => 1,
        _ => 0,
    });
    of(u64::from(code) * width).filter(|it| it.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SplitMix64;
    use crate::number::e164::E164;
    use crate::number::library;
    use crate::number::refusal::NumberError;
    use rlibphonenumber::PHONE_NUMBER_UTIL;

    /// Digits after a code that begin with `lead` and go on as the dice fall.
    fn national(lead: u64, digits: u32, dice: &mut SplitMix64) -> String {
        let rest = 10_u64.pow(digits - 2);
        format!("{:0width$}", lead * rest + dice.roll() % rest, width = digits as usize)
    }

    #[test]
    fn the_table_is_that_of_the_library() {
        let mut known: Vec<i32> = PHONE_NUMBER_UTIL.get_supported_calling_codes().collect();
        known.sort_unstable();
        assert_eq!(CODES.iter().map(|it| i32::from(it.code)).collect::<Vec<_>>(), known);
        for code in &CODES {
            let main = PHONE_NUMBER_UTIL.get_region_for_country_code(code.code.into()).expect("the code is known");
            let main = if *main.as_region_str() == *"001" { String::new() } else { main.to_string() };
            assert_eq!(code.country, main, "{}", code.code);
            let possible = |it: &u32| {
                let number = rlibphonenumber::PhoneNumber {
                    country_code: code.code.into(),
                    national_number: 10_u64.pow(it - 1),
                    ..Default::default()
                };
                let said = PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number);
                said == Ok(rlibphonenumber::NumberLengthType::IsPossible)
            };
            let lengths = |fits: &dyn Fn(&u32) -> bool| {
                (1..=E164::DIGITS_MAX as u32 - code.width()).filter(fits).collect::<Vec<_>>()
            };
            assert_eq!(lengths(&|it| code.may_have(*it)), lengths(&possible), "{}", code.code);
        }
    }

    #[test]
    fn what_stands_is_read_by_the_library_as_it_stands() {
        let (mut dice, mut asked) = (SplitMix64::new(1), 0);
        for code in &CODES {
            for digits in (1..=13).filter(|it| code.may_have(*it)) {
                for lead in 0..100 {
                    let national = national(lead, digits, &mut dice);
                    if !code.stands(&national) {
                        continue;
                    }
                    let number = format!("+{}{national}", code.code);
                    assert_eq!(library::read(&number, None).map(|it| it.to_string()), Ok(number));
                    asked += 1;
                }
            }
        }
        assert!(30_000 < asked, "{asked}");
    }

    #[test]
    fn what_does_not_stand_is_changed_or_refused_by_the_library_at_times() {
        let mut dice = SplitMix64::new(1);
        for code in CODES.iter().filter(|it| it.leads != 0) {
            let changes = (1..=13).filter(|it| code.may_have(*it)).any(|digits| {
                (0..100).filter(|lead| code.leads >> lead & 1 == 1).any(|lead| {
                    (0..20).any(|_| {
                        let number = format!("+{}{}", code.code, national(lead, digits, &mut dice));
                        library::read(&number, None).map(|it| it.to_string()) != Ok(number)
                    })
                })
            });
            assert!(changes, "{}: its leads make it slow for nothing", code.code);
        }
    }

    #[test]
    fn a_code_is_found_by_what_begins_with_it() {
        assert_eq!(of(316).map(|it| (it.code, it.width())), Some((31, 2)));
        assert_eq!(
            (with(1).map(|it| it.code), with(31).map(|it| it.code), with(998).map(|it| it.code)),
            (Some(1), Some(31), Some(998))
        );
        assert_eq!(
            (with(0).is_none(), with(12).is_none(), with(999).is_none(), with(1_000).is_none()),
            (true, true, true, true)
        );
        assert_eq!(E164::parse("+999123456", None), Err(NumberError::Country));
    }
}
