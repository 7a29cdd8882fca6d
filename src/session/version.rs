//! Which SMPP is spoken.

use crate::smpp::bind::BindResp;
use crate::smpp::tlv::Tag;

/// A version of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 3.3: no optional parameters, no transceiver.
    V33,
    /// 3.4: what nearly everybody speaks.
    V34,
    /// 5.0.
    V50,
}

/// `sc_interface_version`, and the same tag as some peers write it, octets swapped.
const SC_INTERFACE_VERSION: [Tag; 2] = [Tag::SC_INTERFACE_VERSION, Tag(0x1002)];

impl Version {
    /// All of them, the oldest first.
    pub const ALL: [Self; 3] = [Self::V33, Self::V34, Self::V50];

    /// What the SMSC says of itself in its response to a bind; `None` if it does not.
    pub fn of_resp(resp: &BindResp) -> Option<Self> {
        SC_INTERFACE_VERSION.into_iter().find_map(|tag| resp.tlvs.get_u8(tag)).map(Self::of)
    }

    /// Reads an `interface_version`. Some peers write it in decimal, 34 for 0x34.
    pub const fn of(octet: u8) -> Self {
        match octet {
            // 34 and 50 in decimal are 0x22 and 0x32, which mean nothing otherwise.
            34 => Self::V34,
            50 => Self::V50,
            0x00..=0x33 => Self::V33,
            0x34..=0x4F => Self::V34,
            0x50.. => Self::V50,
        }
    }

    /// As it stands in a bind.
    pub const fn octet(self) -> u8 {
        match self {
            Self::V33 => 0x33,
            Self::V34 => 0x34,
            Self::V50 => 0x50,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_bcd_in_decimal_and_in_between() {
        let cases = [
            (0x00, Version::V33),
            (0x33, Version::V33),
            (33, Version::V33),
            (0x34, Version::V34),
            (34, Version::V34),
            (0x40, Version::V34),
            (0x50, Version::V50),
            (50, Version::V50),
            (0xFF, Version::V50),
        ];
        for (octet, version) in cases {
            assert_eq!(Version::of(octet), version, "{octet:#x}");
        }
        for version in Version::ALL {
            assert_eq!(Version::of(version.octet()), version);
        }
    }
}
