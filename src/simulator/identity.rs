//! Message ids: one number, written as carriers write it.

use crate::session::version::Version;
use crate::smpp::cstring::CString;

/// The octets of an id in 3.3, without its NUL.
const SHORT_MAX: usize = 8;

/// How a carrier writes the number of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdForm {
    /// `6aad5`.
    Hex,
    /// `6AAD5`.
    UpperHex,
    /// `436949`.
    #[default]
    Decimal,
    /// `0000436949`.
    PaddedDecimal,
    /// `00000000-0000-8000-8000-00000006aad5`, its other digits by the number too.
    Uuid,
}

impl IdForm {
    /// The number in this form.
    pub fn write(self, number: u64) -> CString {
        CString::from(match self {
            Self::Hex => format!("{number:x}"),
            Self::UpperHex => format!("{number:X}"),
            Self::Decimal => number.to_string(),
            Self::PaddedDecimal => format!("{number:010}"),
            Self::Uuid => uuid(number),
        })
    }

    /// The number for a peer of this version: in 3.3 an id has at most eight octets, and what is
    /// longer is written as the last eight hexadecimal digits of its number.
    pub fn write_to(self, version: Version, number: u64) -> CString {
        let id = self.write(number);
        if version == Version::V33 && SHORT_MAX < id.len() {
            return CString::from(format!("{:x}", number & 0xFFFF_FFFF));
        }
        id
    }
}

/// A UUID of version 8 whose last twelve digits are the number's low 48 bits.
fn uuid(number: u64) -> String {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        spread >> 32,
        (spread >> 16) & 0xFFFF,
        spread & 0xFFF,
        0x8000 | (number >> 48) & 0x3FFF,
        number & 0xFFFF_FFFF_FFFF
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_peer_gets_short_ids() {
        let written = |form: IdForm, version| form.write_to(version, 0x1_2345_6789).to_string();
        assert_eq!(written(IdForm::Hex, Version::V33), "23456789");
        assert_eq!(written(IdForm::PaddedDecimal, Version::V33), "23456789");
        assert_eq!(written(IdForm::Hex, Version::V34), "123456789");
        assert_eq!(IdForm::Decimal.write_to(Version::V33, 436_949).to_string(), "436949");
    }

    #[test]
    fn one_number_in_every_form() {
        let written = |form: IdForm| form.write(0x6AAD5).to_string();
        assert_eq!(written(IdForm::Hex), "6aad5");
        assert_eq!(written(IdForm::UpperHex), "6AAD5");
        assert_eq!(written(IdForm::Decimal), "436949");
        assert_eq!(written(IdForm::PaddedDecimal), "0000436949");
        let uuid = written(IdForm::Uuid);
        assert!(uuid.ends_with("-8000-00000006aad5") && uuid.len() == 36, "{uuid}");
    }
}
