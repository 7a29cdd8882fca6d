//! How a message goes that is more than a plain text; most have none of this.

use crate::message::callback::Callback;
use crate::message::hidden::Hidden;
use crate::smpp::tlv::Tag;
use crate::text::content::Form;

/// What is asked for beyond a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Octets in the place of a text, ports, class or waiting.
    pub form: Form,
    /// Parameters that go with every submit of it, in the order of their tags, each tag once.
    pub tlvs: Vec<Parameter>,
    /// What the registry of India wants to know of it.
    pub dlt: Option<Box<Dlt>>,
    /// Whether it goes in one submit that the carrier cuts.
    pub payload: bool,
    /// Where what becomes of it is told besides.
    pub callback: Option<Callback>,
    /// The one-time code that its text has.
    pub code: Option<Box<Hidden>>,
    /// The verification that it is of, by its number in records.
    pub verification: Option<u64>,
}

impl Extras {
    /// Whether it says nothing, so that it need not be kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An optional parameter of SMPP that the specification does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its tag.
    pub tag: u16,
    /// Its octets.
    pub value: Box<[u8]>,
}

/// The registration of a text in India (TRAI's DLT): whose it is, of which template, through which hands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dlt {
    /// The number of the principal entity.
    pub entity_id: Option<Box<str>>,
    /// The number of the template.
    pub template_id: Option<Box<str>>,
    /// The chain of telemarketers, or its hash, as the carrier wants it.
    pub telemarketer_id: Option<Box<str>>,
}

/// The longest value of a registration: more than a hash in hexadecimal, and than any chain seen.
pub const DLT_MAX: usize = 255;

/// Parameters that one message may bring, and their octets in all: what a PDU carries besides its
/// text without growing out of proportion to it.
pub const PARAMETERS_MAX: usize = 16;
/// Octets of the values of all of them.
pub const PARAMETER_OCTETS_MAX: usize = 1_024;

/// What nuncio says itself.
const RESERVED: [Tag; 4] =
    [Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM, Tag::MESSAGE_PAYLOAD];

/// Why a parameter is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The tag is not one.
    #[error("a tag is written as \"0x1400\", from 0x0001 to 0xFFFF")]
    Tag,
    /// The tag is nuncio's own.
    #[error("nuncio says this parameter itself")]
    Reserved,
    /// Two tags are the same number.
    #[error("this tag stands there twice")]
    Twice,
    /// The value is neither.
    #[error("a value is ASCII, or octets as \"hex:0A0B\"")]
    Value,
    /// There are too many.
    #[error("at most {PARAMETERS_MAX} parameters of {PARAMETER_OCTETS_MAX} octets in all")]
    TooMany,
}

impl Parameter {
    /// Reads parameters as they are written, tag and value: `("0x1400", "1101")` or
    /// `("0x1500", "hex:0A0B")`. They come in the order of their tags; the error names the tag.
    pub fn read<'t>(written: impl Iterator<Item = (&'t str, &'t str)>) -> Result<Vec<Self>, (&'t str, ParameterError)> {
        let (mut all, mut octets): (Vec<Self>, usize) = (Vec::new(), 0);
        for (tag, value) in written {
            let read = Self {
                tag: read_tag(tag).map_err(|it| (tag, it))?,
                value: read_value(value).ok_or((tag, ParameterError::Value))?,
            };
            octets += read.value.len();
            match all.binary_search_by_key(&read.tag, |it| it.tag) {
                Ok(_) => return Err((tag, ParameterError::Twice)),
                Err(_) if all.len() == PARAMETERS_MAX || PARAMETER_OCTETS_MAX < octets => {
                    return Err((tag, ParameterError::TooMany));
                }
                Err(at) => all.insert(at, read),
            }
        }
        Ok(all)
    }
}

impl Parameter {
    /// A parameter that came, tag and value, as one that is to go is written.
    pub fn to_text(tag: u16, value: &[u8]) -> (String, String) {
        let octets: String = value.iter().map(|it| format!("{it:02X}")).collect();
        (format!("0x{tag:04X}"), format!("hex:{octets}"))
    }
}

/// Reads a tag that may be ours to send.
pub fn read_tag(text: &str) -> Result<u16, ParameterError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or(ParameterError::Tag)?;
    let plain = digits.len() <= 4 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    let tag = u16::from_str_radix(digits, 16).ok().filter(|it| plain && *it != 0).ok_or(ParameterError::Tag)?;
    if RESERVED.contains(&Tag(tag)) { Err(ParameterError::Reserved) } else { Ok(tag) }
}

fn read_value(text: &str) -> Option<Box<[u8]>> {
    match text.strip_prefix("hex:") {
        Some(digits) => hex::decode(digits).ok().map(Vec::into_boxed_slice),
        None => text.is_ascii().then(|| text.as_bytes().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = Result<Vec<(u16, Vec<u8>)>, (&'static str, ParameterError)>;

    fn read(written: &[(&'static str, &'static str)]) -> Read {
        let read = Parameter::read(written.iter().copied())?;
        Ok(read.into_iter().map(|it| (it.tag, it.value.into())).collect())
    }

    #[test]
    fn quirk_75_a_value_is_ascii_or_octets_as_it_is_written() {
        let written = [("0x1500", "hex:0a0B00"), ("0x1400", "1701158019811140068"), ("0x1", "")];
        let expected = vec![(1, vec![]), (0x1400, b"1701158019811140068".to_vec()), (0x1500, vec![10, 11, 0])];
        assert_eq!(read(&written), Ok(expected));
    }

    #[test]
    fn what_came_is_written_so_that_it_can_be_read() {
        assert_eq!(Parameter::to_text(0x501, &[1, 0xAB]), ("0x0501".to_owned(), "hex:01AB".to_owned()));
        let (tag, value) = Parameter::to_text(0x1402, b"acme\0");
        assert_eq!(Parameter::read([(&*tag, &*value)].into_iter()).unwrap()[0].value[..], *b"acme\0");
    }

    #[test]
    fn what_is_not_a_parameter_is_named() {
        use ParameterError::{Reserved, Tag, TooMany, Twice, Value};
        for bad in ["1400", "0x", "0x0", "0x10000", "0x+1", "0x00001", "tag"] {
            assert_eq!(read(&[(bad, "1")]), Err((bad, Tag)), "{bad}");
        }
        for ours in ["0x0424", "0x020C", "0x020E", "0x020F"] {
            assert_eq!(read(&[(ours, "1")]), Err((ours, Reserved)), "{ours}");
        }
        for bad in ["é", "hex:0", "hex:0g", "hex:0 1 "] {
            assert_eq!(read(&[("0x1400", bad)]), Err(("0x1400", Value)), "{bad}");
        }
        assert_eq!(read(&[("0x14FF", "1"), ("0x14ff", "2")]), Err(("0x14ff", Twice)));
        let tags: Vec<String> = (1..=17).map(|it| format!("{it:#x}")).collect();
        assert_eq!(Parameter::read(tags[..16].iter().map(|it| (&**it, ""))).map(|it| it.len()), Ok(16));
        assert_eq!(Parameter::read(tags.iter().map(|it| (&**it, ""))), Err(("0x11", TooMany)));
        let long = "x".repeat(1_025);
        assert_eq!(Parameter::read([("0x1400", &*long)].into_iter()), Err(("0x1400", TooMany)));
    }
}
