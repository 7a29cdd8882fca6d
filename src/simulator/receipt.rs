//! What the simulated carrier sends: receipts in every style, and messages of its own.
//!
//! ```text
//!  id:0000436949 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:Hello
//! ```
//!
//! The layout is the one of SMPP 3.4, appendix B; the parameters are of its section 5.3.2.

use crate::session::version::Version;
use crate::simulator::behaviour::{Addresses, Receipts, Style};
use crate::simulator::identity::IdForm;
use crate::simulator::outcome::MessageState;
use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::pdu::PduBody;
use crate::smpp::sm::{Sm, esm_class};
use crate::smpp::tlv::{Tag, Tlvs, TlvsBuilder};
use bytes::Bytes;
use std::fmt::Write;
use time::OffsetDateTime;

/// How much of its text a message leaves in its receipt.
pub(super) const TEXT_MAX: usize = 20;

/// A message that was taken, as far as its receipts repeat it. All of it is one allocation.
#[derive(Clone, Debug)]
pub(super) struct Original {
    pub(super) number: u64,
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) text: Bytes,
    /// In seconds since 1970.
    pub(super) submitted: i64,
}

/// What is delivered to the peer.
#[derive(Clone, Debug)]
pub(super) enum Letter {
    /// News of a message.
    Receipt {
        original: Original,
        outcome: MessageState,
        /// In seconds since 1970.
        done: i64,
    },
    /// A message of somebody's own.
    Message { source: Address, destination: Address, text: Bytes },
    /// The same, as it stands on the wire.
    Whole(Box<PduBody>),
}

impl Letter {
    /// The request that carries it.
    pub(super) fn body(&self, version: Version, receipts: &Receipts, answer_id: IdForm) -> PduBody {
        match self {
            Self::Message { source, destination, text } => PduBody::DeliverSm(Sm {
                source: source.clone(),
                destination: destination.clone(),
                short_message: text.clone(),
                ..Sm::default()
            }),
            Self::Whole(body) => (**body).clone(),
            Self::Receipt { original, outcome, done } => {
                let text_id = receipts.id.unwrap_or(answer_id);
                let news = News { original, outcome: *outcome, done: *done, receipts, text_id, version };
                let style = if version == Version::V33 { Style::Text } else { receipts.style };
                news.body(style)
            }
        }
    }
}

struct News<'a> {
    original: &'a Original,
    outcome: MessageState,
    done: i64,
    receipts: &'a Receipts,
    text_id: IdForm,
    version: Version,
}

impl News<'_> {
    fn body(&self, style: Style) -> PduBody {
        let (source, destination) = self.addresses();
        let esm_class = match self.outcome {
            MessageState::Enroute => esm_class::TYPE_INTERMEDIATE,
            _ => esm_class::TYPE_RECEIPT,
        };
        if style == Style::DataSm {
            let tlvs = self.parameters().push(Tag::MESSAGE_PAYLOAD, &self.text()).build();
            return PduBody::DataSm(DataSm { source, destination, esm_class, tlvs, ..DataSm::default() });
        }
        let (short_message, tlvs) = match style {
            Style::Text => (self.text().into(), self.others(Tlvs::build()).build()),
            Style::Tlv => (Bytes::new(), self.parameters().build()),
            Style::Payload => {
                (Bytes::new(), self.others(Tlvs::build().push(Tag::MESSAGE_PAYLOAD, &self.text())).build())
            }
            Style::Both | Style::DataSm => (self.text().into(), self.parameters().build()),
        };
        PduBody::DeliverSm(Sm { source, destination, esm_class, short_message, tlvs, ..Sm::default() })
    }

    fn parameters(&self) -> TlvsBuilder {
        const GSM: u8 = 3;
        let form = self.receipts.tlv_id.unwrap_or(self.text_id);
        let mut id = form.write(self.original.number).as_bytes().to_vec();
        id.push(0);
        let [high, low] = self.outcome.error().to_be_bytes();
        let tlvs = Tlvs::build()
            .push(Tag::RECEIPTED_MESSAGE_ID, &id)
            .push(Tag::MESSAGE_STATE, &[self.receipts.state.unwrap_or_else(|| self.outcome.state())])
            .push(Tag::NETWORK_ERROR_CODE, &[GSM, high, low]);
        self.others(tlvs)
    }

    /// With the parameters that all receipts have besides; 3.3 has none.
    fn others(&self, tlvs: TlvsBuilder) -> TlvsBuilder {
        let others = self.receipts.tlvs.iter().filter(|_| self.version != Version::V33);
        others.fold(tlvs, |tlvs, it| tlvs.push(Tag(it.tag), &it.value))
    }

    /// Source and destination: a receipt goes the other way round, unless the carrier has other habits.
    fn addresses(&self) -> (Address, Address) {
        let (recipient, sender) = (self.original.destination.clone(), self.original.source.clone());
        match self.receipts.addresses {
            Addresses::Swapped => return (recipient, sender),
            Addresses::Unswapped => return (sender, recipient),
            Addresses::National | Addresses::Masked | Addresses::Empty => {}
        }
        let digits = recipient.digits.to_string_lossy().into_owned();
        let written = match self.receipts.addresses {
            Addresses::Masked => format!("{}***{}", digits.get(..5).unwrap_or(""), digits.get(8..).unwrap_or("")),
            Addresses::National => format!("0{}", digits.get(2..).unwrap_or(&digits)),
            _ => String::new(),
        };
        (Address { digits: CString::from(written.as_str()), ..recipient }, sender)
    }

    fn text(&self) -> Vec<u8> {
        let mut text = String::with_capacity(128 + TEXT_MAX);
        let seconds = self.receipts.seconds;
        let delivered = u8::from(self.outcome == MessageState::Delivered);
        let mut write = || {
            write!(text, "id:{}", self.text_id.write_to(self.version, self.original.number))?;
            if self.receipts.counts {
                write!(text, " sub:001 dlvrd:{delivered:03}")?;
            }
            write!(text, " submit date:")?;
            write_date(&mut text, self.original.submitted, seconds)?;
            write!(text, " done date:")?;
            write_date(&mut text, self.done, seconds)?;
            let word = self.receipts.word.as_deref().unwrap_or_else(|| self.outcome.word());
            write!(text, " stat:{word} err:{:03} text:", self.outcome.error())
        };
        write().expect("writing to a string cannot fail");
        let mut octets = text.into_bytes();
        octets.extend_from_slice(&self.original.text);
        octets
    }
}

impl Original {
    /// Copies what is to be kept out of the buffer it was read into, so that the buffer can go.
    pub(super) fn copy(number: u64, source: &Address, destination: &Address, text: &[u8], submitted: i64) -> Self {
        let (from, to) = (source.digits.as_bytes(), destination.digits.as_bytes());
        let octets = Bytes::from([from, to, text].concat());
        let digits = |range| CString::from(octets.slice(range));
        Self {
            number,
            source: Address { ton: source.ton, npi: source.npi, digits: digits(0..from.len()) },
            destination: Address {
                ton: destination.ton,
                npi: destination.npi,
                digits: digits(from.len()..from.len() + to.len()),
            },
            text: octets.slice(from.len() + to.len()..),
            submitted,
        }
    }
}

/// `YYMMDDhhmm`, with seconds if they are wanted.
fn write_date(text: &mut String, unix: i64, seconds: bool) -> std::fmt::Result {
    let at = OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month) = (at.year().rem_euclid(100), u8::from(at.month()));
    write!(text, "{year:02}{month:02}{:02}{:02}{:02}", at.day(), at.hour(), at.minute())?;
    if seconds {
        write!(text, "{:02}", at.second())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::extras::Parameter;

    /// 2026-01-01 12:00:00.
    const NOON: i64 = 1_767_268_800;

    fn letter(outcome: MessageState) -> Letter {
        let (source, destination) = (Address::new(5, 0, "Shop"), Address::new(1, 1, "491511234567"));
        let original = Original::copy(0x6AAD5, &source, &destination, b"Hello", NOON);
        Letter::Receipt { original, outcome, done: NOON + 61 }
    }

    fn deliver(receipts: &Receipts) -> Sm {
        match letter(MessageState::Delivered).body(Version::V34, receipts, IdForm::Hex) {
            PduBody::DeliverSm(sm) => sm,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn as_text_it_is_the_one_of_the_specification() {
        let sm = deliver(&Receipts { id: Some(IdForm::PaddedDecimal), ..Receipts::default() });
        let expected = b"id:0000436949 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:Hello";
        assert_eq!(sm.short_message, expected[..]);
        assert_eq!((sm.esm_class, sm.source.digits.to_string().as_str()), (4, "491511234567"));
        assert_eq!(sm.destination, Address::new(5, 0, "Shop"));
        assert!(sm.tlvs.is_empty());
    }

    #[test]
    fn counts_may_be_missing_and_dates_may_have_seconds() {
        let sm = deliver(&Receipts { counts: false, seconds: true, ..Receipts::default() });
        let expected = b"id:6aad5 submit date:260101120000 done date:260101120101 stat:DELIVRD err:000 text:Hello";
        assert_eq!(sm.short_message, expected[..]);
    }

    #[test]
    fn parameters_alone_or_beside_the_text_or_the_text_as_payload() {
        let sm = deliver(&Receipts { style: Style::Tlv, ..Receipts::default() });
        assert!(sm.short_message.is_empty());
        assert_eq!(sm.tlvs.get_text(Tag::RECEIPTED_MESSAGE_ID).as_deref(), Some("6aad5"));
        assert_eq!(sm.tlvs.get_u8(Tag::MESSAGE_STATE), Some(2));

        let tlv_id = Some(IdForm::Decimal);
        let sm = deliver(&Receipts { style: Style::Both, tlv_id, ..Receipts::default() });
        assert!(sm.short_message.starts_with(b"id:6aad5 "));
        assert_eq!(sm.tlvs.get_text(Tag::RECEIPTED_MESSAGE_ID).as_deref(), Some("436949"));

        let sm = deliver(&Receipts { style: Style::Payload, ..Receipts::default() });
        assert!(sm.short_message.is_empty());
        assert!(sm.text().starts_with(b"id:6aad5 "));
        assert_eq!(sm.tlvs.get(Tag::RECEIPTED_MESSAGE_ID), None);
    }

    #[test]
    fn habits_of_carriers_are_written_into_it() {
        for (addresses, source, destination) in [
            (Addresses::Swapped, "491511234567", "Shop"),
            (Addresses::Unswapped, "Shop", "491511234567"),
            (Addresses::National, "01511234567", "Shop"),
            (Addresses::Masked, "49151***4567", "Shop"),
            (Addresses::Empty, "", "Shop"),
        ] {
            let sm = deliver(&Receipts { addresses, ..Receipts::default() });
            assert_eq!(
                (&*sm.source.digits.to_string_lossy(), &*sm.destination.digits.to_string_lossy()),
                (source, destination)
            );
        }
        let tlvs = vec![Parameter { tag: 0x1402, value: b"acme".as_slice().into() }];
        let receipts = Receipts {
            word: Some("NOCRED".to_owned()),
            state: Some(0),
            style: Style::Both,
            tlvs,
            ..Receipts::default()
        };
        let sm = deliver(&receipts);
        assert!(String::from_utf8_lossy(&sm.short_message).contains(" stat:NOCRED err:"));
        assert_eq!(sm.tlvs.get_u8(Tag::MESSAGE_STATE), Some(0));
        assert_eq!(sm.tlvs.get_text(Tag(0x1402)).as_deref(), Some("acme"));
    }

    #[test]
    fn a_data_sm_carries_both_and_an_old_peer_gets_text() {
        let receipts = Receipts { style: Style::DataSm, ..Receipts::default() };
        let PduBody::DataSm(data) = letter(MessageState::Undeliverable).body(Version::V34, &receipts, IdForm::Hex)
        else {
            panic!("it is no data_sm");
        };
        assert!(data.text().starts_with(b"id:6aad5 "));
        assert_eq!(data.tlvs.get_u8(Tag::MESSAGE_STATE), Some(5));
        let old = letter(MessageState::Undeliverable).body(Version::V33, &receipts, IdForm::Hex);
        assert!(matches!(old, PduBody::DeliverSm(sm) if sm.tlvs.is_empty()));
    }
}
