//! Country codes: whose they are, and how long numbers after them may be.
//!
//! Made from the metadata of libphonenumber as the crate `phonenumber` carries it, whose own
//! look-up takes microseconds and whose loading takes a tenth of a second; a test holds this
//! table against it. A number is possible when its length is; which ranges are assigned
//! changes every week, and the carrier knows better.

/// A country code: the code, the ISO letters of the country (empty for the whole world), and
/// the possible counts of digits after it, as bits.
pub type Code = (u16, &'static str, u32);

const fn bits(lengths: &[u8]) -> u32 {
    let (mut bits, mut at) = (0, 0);
    while at < lengths.len() {
        bits |= 1 << lengths[at];
        at += 1;
    }
    bits
}

/// Every country code, in order; where several countries share one, its main country.
pub const CODES: [Code; 215] = [
    (1, "US", bits(&[10])),
    (7, "RU", bits(&[10, 14])),
    (20, "EG", bits(&[8, 9, 10])),
    (27, "ZA", bits(&[5, 6, 7, 8, 9, 10])),
    (30, "GR", bits(&[10, 11, 12])),
    (31, "NL", bits(&[5, 6, 7, 8, 9, 10, 11])),
    (32, "BE", bits(&[8, 9])),
    (33, "FR", bits(&[9])),
    (34, "ES", bits(&[9])),
    (36, "HU", bits(&[8, 9])),
    (39, "IT", bits(&[6, 7, 8, 9, 10, 11, 12])),
    (40, "RO", bits(&[6, 9])),
    (41, "CH", bits(&[9, 12])),
    (43, "AT", bits(&[4, 5, 6, 7, 8, 9, 10, 11, 12, 13])),
    (44, "GB", bits(&[7, 9, 10])),
    (45, "DK", bits(&[8])),
    (46, "SE", bits(&[6, 7, 8, 9, 10, 12])),
    (47, "NO", bits(&[5, 8])),
    (48, "PL", bits(&[6, 7, 8, 9, 10])),
    (49, "DE", bits(&[4, 5, 6, 7, 8, 9, 10, 11, 12, 13])),
    (51, "PE", bits(&[8, 9])),
    (52, "MX", bits(&[10])),
    (53, "CU", bits(&[6, 7, 8, 10])),
    (54, "AR", bits(&[10, 11])),
    (55, "BR", bits(&[8, 9, 10, 11])),
    (56, "CL", bits(&[9, 10, 11])),
    (57, "CO", bits(&[8, 10, 11])),
    (58, "VE", bits(&[10])),
    (60, "MY", bits(&[8, 9, 10])),
    (61, "AU", bits(&[5, 6, 7, 8, 9, 10, 12])),
    (62, "ID", bits(&[7, 8, 9, 10, 11, 12, 13])),
    (63, "PH", bits(&[6, 8, 9, 10, 11, 12, 13])),
    (64, "NZ", bits(&[5, 6, 7, 8, 9, 10])),
    (65, "SG", bits(&[8, 10, 11])),
    (66, "TH", bits(&[8, 9, 10, 13])),
    (81, "JP", bits(&[8, 9, 10, 11, 12, 13])),
    (82, "KR", bits(&[5, 6, 8, 9, 10, 11, 12, 13])),
    (84, "VN", bits(&[7, 8, 9, 10])),
    (86, "CN", bits(&[7, 8, 9, 10, 11, 12])),
    (90, "TR", bits(&[7, 10, 12, 13])),
    (91, "IN", bits(&[8, 9, 10, 11, 12, 13])),
    (92, "PK", bits(&[8, 9, 10, 11, 12])),
    (93, "AF", bits(&[9])),
    (94, "LK", bits(&[9])),
    (95, "MM", bits(&[6, 7, 8, 9, 10])),
    (98, "IR", bits(&[4, 5, 6, 7, 10])),
    (211, "SS", bits(&[9])),
    (212, "MA", bits(&[9])),
    (213, "DZ", bits(&[8, 9])),
    (216, "TN", bits(&[8])),
    (218, "LY", bits(&[9])),
    (220, "GM", bits(&[7])),
    (221, "SN", bits(&[9])),
    (222, "MR", bits(&[8])),
    (223, "ML", bits(&[8])),
    (224, "GN", bits(&[8, 9])),
    (225, "CI", bits(&[10])),
    (226, "BF", bits(&[8])),
    (227, "NE", bits(&[8])),
    (228, "TG", bits(&[8])),
    (229, "BJ", bits(&[8, 10])),
    (230, "MU", bits(&[7, 8, 10])),
    (231, "LR", bits(&[7, 8, 9])),
    (232, "SL", bits(&[8])),
    (233, "GH", bits(&[8, 9])),
    (234, "NG", bits(&[10, 11, 12])),
    (235, "TD", bits(&[8])),
    (236, "CF", bits(&[8])),
    (237, "CM", bits(&[8, 9])),
    (238, "CV", bits(&[7])),
    (239, "ST", bits(&[7])),
    (240, "GQ", bits(&[9])),
    (241, "GA", bits(&[7, 8])),
    (242, "CG", bits(&[9])),
    (243, "CD", bits(&[7, 8, 9, 10])),
    (244, "AO", bits(&[9])),
    (245, "GW", bits(&[7, 9])),
    (246, "IO", bits(&[7])),
    (247, "AC", bits(&[5, 6])),
    (248, "SC", bits(&[7])),
    (249, "SD", bits(&[9])),
    (250, "RW", bits(&[8, 9])),
    (251, "ET", bits(&[9])),
    (252, "SO", bits(&[6, 7, 8, 9])),
    (253, "DJ", bits(&[8])),
    (254, "KE", bits(&[7, 8, 9, 10])),
    (255, "TZ", bits(&[9])),
    (256, "UG", bits(&[9])),
    (257, "BI", bits(&[8])),
    (258, "MZ", bits(&[8, 9])),
    (260, "ZM", bits(&[9])),
    (261, "MG", bits(&[9])),
    (262, "RE", bits(&[9])),
    (263, "ZW", bits(&[5, 6, 7, 8, 9, 10])),
    (264, "NA", bits(&[8, 9])),
    (265, "MW", bits(&[7, 9])),
    (266, "LS", bits(&[8])),
    (267, "BW", bits(&[7, 8, 10])),
    (268, "SZ", bits(&[8, 9])),
    (269, "KM", bits(&[7])),
    (290, "SH", bits(&[4, 5])),
    (291, "ER", bits(&[7])),
    (297, "AW", bits(&[7])),
    (298, "FO", bits(&[6])),
    (299, "GL", bits(&[6])),
    (350, "GI", bits(&[8])),
    (351, "PT", bits(&[9])),
    (352, "LU", bits(&[4, 5, 6, 7, 8, 9, 10, 11])),
    (353, "IE", bits(&[7, 8, 9, 10])),
    (354, "IS", bits(&[7, 9])),
    (355, "AL", bits(&[6, 7, 8, 9])),
    (356, "MT", bits(&[8])),
    (357, "CY", bits(&[8])),
    (358, "FI", bits(&[5, 6, 7, 8, 9, 10, 11, 12])),
    (359, "BG", bits(&[6, 7, 8, 9, 12])),
    (370, "LT", bits(&[8])),
    (371, "LV", bits(&[8])),
    (372, "EE", bits(&[7, 8, 10])),
    (373, "MD", bits(&[8])),
    (374, "AM", bits(&[8])),
    (375, "BY", bits(&[6, 7, 8, 9, 10, 11])),
    (376, "AD", bits(&[6, 8, 9])),
    (377, "MC", bits(&[8, 9])),
    (378, "SM", bits(&[8, 10])),
    (380, "UA", bits(&[9, 10])),
    (381, "RS", bits(&[6, 7, 8, 9, 10, 11, 12])),
    (382, "ME", bits(&[8, 9])),
    (383, "XK", bits(&[8, 9, 10, 11, 12])),
    (385, "HR", bits(&[7, 8, 9])),
    (386, "SI", bits(&[5, 6, 7, 8])),
    (387, "BA", bits(&[8, 9])),
    (389, "MK", bits(&[8])),
    (420, "CZ", bits(&[9, 10, 11, 12])),
    (421, "SK", bits(&[6, 7, 9])),
    (423, "LI", bits(&[7, 9])),
    (500, "FK", bits(&[5])),
    (501, "BZ", bits(&[7, 11])),
    (502, "GT", bits(&[8, 11])),
    (503, "SV", bits(&[7, 8, 11])),
    (504, "HN", bits(&[8, 11])),
    (505, "NI", bits(&[8])),
    (506, "CR", bits(&[8, 10])),
    (507, "PA", bits(&[7, 8, 10, 11])),
    (508, "PM", bits(&[6, 9])),
    (509, "HT", bits(&[8])),
    (590, "GP", bits(&[9])),
    (591, "BO", bits(&[8, 9])),
    (592, "GY", bits(&[7])),
    (593, "EC", bits(&[8, 9, 10, 11])),
    (594, "GF", bits(&[9])),
    (595, "PY", bits(&[6, 7, 8, 9, 10, 11])),
    (596, "MQ", bits(&[9])),
    (597, "SR", bits(&[6, 7])),
    (598, "UY", bits(&[4, 5, 6, 7, 8, 9, 10, 11, 12])),
    (599, "CW", bits(&[7, 8])),
    (670, "TL", bits(&[7, 8])),
    (672, "NF", bits(&[6])),
    (673, "BN", bits(&[7])),
    (674, "NR", bits(&[7])),
    (675, "PG", bits(&[7, 8])),
    (676, "TO", bits(&[5, 7])),
    (677, "SB", bits(&[5, 7])),
    (678, "VU", bits(&[5, 7])),
    (679, "FJ", bits(&[7, 11])),
    (680, "PW", bits(&[7])),
    (681, "WF", bits(&[6, 9])),
    (682, "CK", bits(&[5])),
    (683, "NU", bits(&[4, 7])),
    (685, "WS", bits(&[5, 6, 7, 10])),
    (686, "KI", bits(&[5, 8])),
    (687, "NC", bits(&[6])),
    (688, "TV", bits(&[5, 6, 7])),
    (689, "PF", bits(&[6, 8, 9])),
    (690, "TK", bits(&[4, 5, 6, 7])),
    (691, "FM", bits(&[7])),
    (692, "MH", bits(&[7])),
    (800, "", bits(&[8])),
    (808, "", bits(&[8])),
    (850, "KP", bits(&[8, 10])),
    (852, "HK", bits(&[5, 6, 7, 8, 9, 11])),
    (853, "MO", bits(&[7, 8])),
    (855, "KH", bits(&[8, 9, 10])),
    (856, "LA", bits(&[8, 9, 10])),
    (870, "", bits(&[9, 12])),
    (878, "", bits(&[12])),
    (880, "BD", bits(&[6, 7, 8, 9, 10])),
    (881, "", bits(&[9, 10])),
    (882, "", bits(&[7, 8, 9, 10, 11, 12])),
    (883, "", bits(&[8, 9, 10, 11, 12])),
    (886, "TW", bits(&[7, 8, 9, 10, 11])),
    (888, "", bits(&[11])),
    (960, "MV", bits(&[7, 10])),
    (961, "LB", bits(&[7, 8])),
    (962, "JO", bits(&[8, 9])),
    (963, "SY", bits(&[8, 9])),
    (964, "IQ", bits(&[8, 9, 10])),
    (965, "KW", bits(&[7, 8])),
    (966, "SA", bits(&[9, 10])),
    (967, "YE", bits(&[7, 8, 9])),
    (968, "OM", bits(&[7, 8, 9])),
    (970, "PS", bits(&[8, 9, 10])),
    (971, "AE", bits(&[5, 6, 7, 8, 9, 10, 11, 12])),
    (972, "IL", bits(&[7, 8, 9, 10, 11, 12])),
    (973, "BH", bits(&[8])),
    (974, "QA", bits(&[7, 8, 9, 11])),
    (975, "BT", bits(&[7, 8])),
    (976, "MN", bits(&[8, 9, 10])),
    (977, "NP", bits(&[8, 10, 11])),
    (979, "", bits(&[9])),
    (992, "TJ", bits(&[9])),
    (993, "TM", bits(&[8])),
    (994, "AZ", bits(&[9])),
    (995, "GE", bits(&[9])),
    (996, "KG", bits(&[9, 10])),
    (998, "UZ", bits(&[9])),
];

/// For the first three digits of a number, one more than the place of its code; 0 for none.
const PLACES: [u8; 1_000] = places();

const fn places() -> [u8; 1_000] {
    let (mut places, mut at) = ([0; 1_000], 0);
    while at < CODES.len() {
        let code = CODES[at].0 as usize;
        // Codes have one to three digits, and none begins another.
        let width = if code < 10 {
            100
        } else if code < 100 {
            10
        } else {
            1
        };
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
