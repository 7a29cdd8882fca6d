//! Country codes that several countries share: which prefixes are not the main country's.
//!
//! This is what libphonenumber says of valid numbers, as a table that takes nanoseconds to ask; a test holds it against
//! the library. Numbers of ranges that nobody has are the main country's.

/// Prefixes with their country code, as numbers in rising order: the shorter come first. No
/// prefix begins another.
pub const PREFIXES: [(u32, &str); 215] = [
    (77, "KZ"),
    (1204, "CA"),
    (1226, "CA"),
    (1236, "CA"),
    (1242, "BS"),
    (1246, "BB"),
    (1249, "CA"),
    (1250, "CA"),
    (1257, "CA"),
    (1263, "CA"),
    (1264, "AI"),
    (1268, "AG"),
    (1273, "CA"),
    (1284, "VG"),
    (1289, "CA"),
    (1306, "CA"),
    (1340, "VI"),
    (1343, "CA"),
    (1345, "KY"),
    (1354, "CA"),
    (1365, "CA"),
    (1367, "CA"),
    (1368, "CA"),
    (1382, "CA"),
    (1403, "CA"),
    (1416, "CA"),
    (1418, "CA"),
    (1428, "CA"),
    (1431, "CA"),
    (1437, "CA"),
    (1438, "CA"),
    (1441, "BM"),
    (1450, "CA"),
    (1468, "CA"),
    (1473, "GD"),
    (1474, "CA"),
    (1506, "CA"),
    (1514, "CA"),
    (1519, "CA"),
    (1548, "CA"),
    (1579, "CA"),
    (1581, "CA"),
    (1584, "CA"),
    (1587, "CA"),
    (1600, "CA"),
    (1604, "CA"),
    (1613, "CA"),
    (1622, "CA"),
    (1633, "CA"),
    (1639, "CA"),
    (1647, "CA"),
    (1649, "TC"),
    (1658, "JM"),
    (1664, "MS"),
    (1670, "MP"),
    (1671, "GU"),
    (1672, "CA"),
    (1683, "CA"),
    (1684, "AS"),
    (1705, "CA"),
    (1709, "CA"),
    (1721, "SX"),
    (1742, "CA"),
    (1753, "CA"),
    (1758, "LC"),
    (1767, "DM"),
    (1778, "CA"),
    (1780, "CA"),
    (1782, "CA"),
    (1784, "VC"),
    (1787, "PR"),
    (1807, "CA"),
    (1809, "DO"),
    (1819, "CA"),
    (1825, "CA"),
    (1829, "DO"),
    (1849, "DO"),
    (1867, "CA"),
    (1868, "TT"),
    (1869, "KN"),
    (1873, "CA"),
    (1876, "JM"),
    (1879, "CA"),
    (1902, "CA"),
    (1905, "CA"),
    (1939, "PR"),
    (1942, "CA"),
    (2908, "TA"),
    (4779, "SJ"),
    (5993, "BQ"),
    (5994, "BQ"),
    (5997, "BQ"),
    (18001, "DO"),
    (35818, "AX"),
    (44980, "GG"),
    (44981, "GG"),
    (441624, "IM"),
    (447509, "JE"),
    (447524, "IM"),
    (447624, "IM"),
    (447781, "GG"),
    (447797, "JE"),
    (447829, "JE"),
    (447839, "GG"),
    (447937, "JE"),
    (2622689, "YT"),
    (2622696, "YT"),
    (2626392, "YT"),
    (2626396, "YT"),
    (2626397, "YT"),
    (2629769, "YT"),
    (3906698, "VA"),
    (4414812, "GG"),
    (4414815, "GG"),
    (4414816, "GG"),
    (4414817, "GG"),
    (4414818, "GG"),
    (4414819, "GG"),
    (4415340, "JE"),
    (4415341, "JE"),
    (4415342, "JE"),
    (4415344, "JE"),
    (4415345, "JE"),
    (4415346, "JE"),
    (4415347, "JE"),
    (4415348, "JE"),
    (4474576, "IM"),
    (4477003, "JE"),
    (4477007, "JE"),
    (4477008, "JE"),
    (4479111, "GG"),
    (4479117, "GG"),
    (6189162, "CC"),
    (6189164, "CX"),
    (26226900, "YT"),
    (26226901, "YT"),
    (26226902, "YT"),
    (26226903, "YT"),
    (26226904, "YT"),
    (26226906, "YT"),
    (26226907, "YT"),
    (26226915, "YT"),
    (26226950, "YT"),
    (26226951, "YT"),
    (26226952, "YT"),
    (26226953, "YT"),
    (26226954, "YT"),
    (26226970, "YT"),
    (26226980, "YT"),
    (26263900, "YT"),
    (26263901, "YT"),
    (26263902, "YT"),
    (26263903, "YT"),
    (26263904, "YT"),
    (26263905, "YT"),
    (26263906, "YT"),
    (26263907, "YT"),
    (26263909, "YT"),
    (26263910, "YT"),
    (26263911, "YT"),
    (26263919, "YT"),
    (26263930, "YT"),
    (26263939, "YT"),
    (26263940, "YT"),
    (26263950, "YT"),
    (26263955, "YT"),
    (26263956, "YT"),
    (26263957, "YT"),
    (26263958, "YT"),
    (26263959, "YT"),
    (26263990, "YT"),
    (26263994, "YT"),
    (26263995, "YT"),
    (26263996, "YT"),
    (26263997, "YT"),
    (26263999, "YT"),
    (26270935, "YT"),
    (26270936, "YT"),
    (26270937, "YT"),
    (26293980, "YT"),
    (26293981, "YT"),
    (26294780, "YT"),
    (26294781, "YT"),
    (59059000, "MF"),
    (59059007, "MF"),
    (59059009, "MF"),
    (59059013, "MF"),
    (59059027, "BL"),
    (59059029, "BL"),
    (59059030, "MF"),
    (59059043, "MF"),
    (59059050, "MF"),
    (59059051, "BL"),
    (59059052, "BL"),
    (59059056, "MF"),
    (59059058, "MF"),
    (59059077, "MF"),
    (59059079, "MF"),
    (59059087, "BL"),
    (61851001, "CX"),
    (61851002, "CC"),
    (61851030, "CX"),
    (61851031, "CC"),
    (61851059, "CX"),
    (61851060, "CC"),
    (61851088, "CX"),
    (61851089, "CC"),
    (61851117, "CX"),
    (61851118, "CC"),
    (61851146, "CX"),
    (61851175, "CX"),
    (61851176, "CC"),
    (61851222, "CX"),
    (61851223, "CC"),
    (61851235, "CX"),
];

/// The country of a number with these digits, if it is not the main country of its code.
pub fn of(number: u64, digits: u32, code: u16) -> Option<&'static str> {
    if !CODES.contains(&code) {
        return None;
    }
    WIDTHS.filter(|it| *it < digits).find_map(|width| {
        let prefix = u32::try_from(number / 10_u64.pow(digits - width)).ok()?;
        PREFIXES.binary_search_by_key(&prefix, |it| it.0).ok().map(|it| PREFIXES[it].1)
    })
}

/// The codes that are shared.
const CODES: [u16; 11] = [1, 7, 39, 44, 47, 61, 262, 290, 358, 590, 599];

/// How many digits the prefixes have.
const WIDTHS: std::ops::RangeInclusive<u32> = 2..=8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SplitMix64;
    use crate::number::codes;
    use crate::number::e164::E164;
    use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber};

    #[test]
    fn prefixes_rise_and_none_begins_another() {
        let written: Vec<String> = PREFIXES.iter().map(|it| it.0.to_string()).collect();
        assert!(PREFIXES.is_sorted_by(|one, next| one.0 < next.0));
        for prefix in &written {
            assert_eq!(written.iter().filter(|it| it.starts_with(prefix)).count(), 1, "{prefix}");
            assert!(E164(prefix.parse::<u64>().unwrap() * 100_000).country().is_some_and(|it| it.len() == 2));
        }
    }

    /// The number with its code, and whose it is for the library, if it is valid.
    fn judged(code: u16, national: &str) -> (E164, Option<String>) {
        let zeros = national.len() - national.trim_start_matches('0').len();
        let number = PhoneNumber {
            country_code: code.into(),
            national_number: national.parse().unwrap(),
            italian_leading_zero: (0 < zeros).then_some(true),
            number_of_leading_zeros: (0 < zeros).then_some(zeros as i32),
            ..Default::default()
        };
        let country = number.is_valid().then(|| number.get_region_code().expect("a valid number has a country"));
        (E164(format!("{code}{national}").parse().unwrap()), country.map(|it| it.to_string()))
    }

    #[test]
    fn the_table_is_that_of_the_library() {
        let (mut dice, mut valid) = (SplitMix64::new(1), 0);
        for code in &codes::CODES {
            let regions = PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(code.code.into());
            if regions.is_none_or(|it| it.count() == 1) {
                continue;
            }
            for length in (4..=12).filter(|it| code.may_have(*it)) {
                for at in 0..4_000_u64 {
                    let rest = 10_u64.pow(length - 3);
                    let national = format!("{:0length$}", at / 4 * rest + dice.roll() % rest, length = length as usize);
                    let (number, country) = judged(code.code, &national);
                    if let Some(country) = country {
                        assert_eq!(number.country(), Some(&*country), "{number}");
                        valid += 1;
                    }
                }
            }
        }
        assert!(10_000 < valid, "{valid}");
    }

    #[test]
    fn every_prefix_has_a_valid_number_of_its_country() {
        let mut dice = SplitMix64::new(1);
        for (prefix, country) in PREFIXES {
            let prefix = prefix.to_string();
            let code = codes::CODES.iter().find(|it| prefix.starts_with(&it.code.to_string())).expect("a code");
            let national = &prefix[code.width() as usize..];
            let found = (0..5_000_usize).any(|at| {
                let length = 4 + at % 9;
                let fits = national.len() <= length && code.may_have(length as u32);
                let rest = length.saturating_sub(national.len());
                let national = format!("{national}{:0rest$}", dice.roll() % 10_u64.pow(rest as u32));
                fits && judged(code.code, &national[..length]).1.as_deref() == Some(country)
            });
            assert!(found, "{prefix} {country}");
        }
    }
}
