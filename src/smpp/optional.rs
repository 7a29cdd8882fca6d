//! The optional parameters of any body: looking at them, and leaving them out for a peer of 3.3,
//! which knows none.

use crate::smpp::pdu::PduBody;
use crate::smpp::sm::SHORT_MESSAGE_MAX;
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::Bytes;

impl PduBody {
    /// The optional parameters; `None` where there can be none.
    pub const fn tlvs(&self) -> Option<&Tlvs> {
        Some(match self {
            Self::SubmitSm(it) | Self::DeliverSm(it) => &it.tlvs,
            Self::SubmitSmResp(it) | Self::DeliverSmResp(it) | Self::DataSmResp(it) => &it.tlvs,
            Self::BroadcastSmResp(it) | Self::QueryBroadcastSmResp(it) => &it.tlvs,
            Self::DataSm(it) => &it.tlvs,
            Self::BindResp(_, it) => &it.tlvs,
            Self::SubmitMulti(it) => &it.tlvs,
            Self::SubmitMultiResp(it) => &it.tlvs,
            Self::QuerySmResp(it) => &it.tlvs,
            Self::CancelSmResp(it) | Self::ReplaceSmResp(it) | Self::CancelBroadcastSmResp(it) => it,
            Self::ReplaceSm(it) => &it.tlvs,
            Self::AlertNotification(it) => &it.tlvs,
            Self::BroadcastSm(it) => &it.tlvs,
            Self::QueryBroadcastSm(it) => &it.tlvs,
            Self::CancelBroadcastSm(it) => &it.tlvs,
            Self::Bind(..) | Self::Unbind | Self::UnbindResp | Self::EnquireLink | Self::EnquireLinkResp => {
                return None;
            }
            Self::GenericNack | Self::Outbind(_) | Self::QuerySm(_) | Self::CancelSm(_) => return None,
            Self::ParamRetrieve(_) | Self::ParamRetrieveResp(_) | Self::QueryLastMsgs(_) => return None,
            Self::QueryLastMsgsResp(_) | Self::QueryMsgDetails(_) | Self::QueryMsgDetailsResp(_) => return None,
            Self::Other(..) => return None,
        })
    }

    /// How loaded an SMSC of 5.0 says that it is, in per cent: any response may say so.
    pub fn congestion(&self) -> Option<u8> {
        if !self.is_response() {
            return None;
        }
        self.tlvs()?.get_u8(Tag::CONGESTION_STATE)
    }

    /// Whether the body would lose what it says without its optional parameters.
    pub fn needs_tlvs(&self) -> bool {
        // Without its sar_* a part would stand alone.
        let lost = |short: &Bytes, tlvs: &Tlvs| {
            tlvs.get(Tag::SAR_MSG_REF_NUM).is_some() || (short.is_empty() && SHORT_MESSAGE_MAX < payload(tlvs).len())
        };
        match self {
            Self::SubmitSm(it) | Self::DeliverSm(it) => lost(&it.short_message, &it.tlvs),
            Self::SubmitMulti(it) => lost(&it.short_message, &it.tlvs),
            Self::ReplaceSm(it) => lost(&it.short_message, &it.tlvs),
            Self::DataSm(_) | Self::BroadcastSm(_) => true,
            _ => false,
        }
    }

    /// Leaves the optional parameters out. A text that stood there becomes the short message,
    /// if it fits.
    pub fn strip_tlvs(&mut self) {
        match self {
            Self::SubmitSm(it) | Self::DeliverSm(it) => strip_text(&mut it.short_message, &mut it.tlvs),
            Self::SubmitMulti(it) => strip_text(&mut it.short_message, &mut it.tlvs),
            Self::ReplaceSm(it) => strip_text(&mut it.short_message, &mut it.tlvs),
            Self::SubmitSmResp(it) | Self::DeliverSmResp(it) | Self::DataSmResp(it) => it.tlvs = Tlvs::default(),
            Self::BroadcastSmResp(it) | Self::QueryBroadcastSmResp(it) => it.tlvs = Tlvs::default(),
            Self::DataSm(it) => it.tlvs = Tlvs::default(),
            Self::BindResp(_, it) => it.tlvs = Tlvs::default(),
            Self::SubmitMultiResp(it) => it.tlvs = Tlvs::default(),
            Self::QuerySmResp(it) => it.tlvs = Tlvs::default(),
            Self::CancelSmResp(it) | Self::ReplaceSmResp(it) | Self::CancelBroadcastSmResp(it) => *it = Tlvs::default(),
            Self::AlertNotification(it) => it.tlvs = Tlvs::default(),
            Self::BroadcastSm(it) => it.tlvs = Tlvs::default(),
            Self::QueryBroadcastSm(it) => it.tlvs = Tlvs::default(),
            Self::CancelBroadcastSm(it) => it.tlvs = Tlvs::default(),
            _ => (),
        }
    }
}

fn payload(tlvs: &Tlvs) -> Bytes {
    tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default()
}

fn strip_text(short_message: &mut Bytes, tlvs: &mut Tlvs) {
    let payload = payload(tlvs);
    if short_message.is_empty() && payload.len() <= SHORT_MESSAGE_MAX {
        *short_message = payload;
    }
    *tlvs = Tlvs::default();
}

#[cfg(test)]
mod tests {
    use crate::smpp::pdu::PduBody;
    use crate::smpp::sm::Sm;
    use crate::smpp::tests::strategies::stuff;
    use crate::smpp::tlv::{Tag, Tlvs};
    use bytes::Bytes;
    use proptest::prelude::*;

    fn with_payload(length: usize) -> PduBody {
        let tlvs = Tlvs::build().push(Tag::MESSAGE_PAYLOAD, &vec![b'x'; length]).push(Tag(0x1400), b"1").build();
        PduBody::SubmitSm(Sm { tlvs, ..Sm::default() })
    }

    #[test]
    fn a_text_is_not_lost_with_its_parameter() {
        assert!(with_payload(255).needs_tlvs());
        let mut body = with_payload(254);
        assert!(!body.needs_tlvs());
        body.strip_tlvs();
        assert_eq!(body, PduBody::SubmitSm(Sm { short_message: Bytes::from(vec![b'x'; 254]), ..Sm::default() }));
    }

    #[test]
    fn responses_tell_of_congestion_and_requests_do_not() {
        let tlvs = || Tlvs::build().push(Tag::CONGESTION_STATE, &[90]).build();
        assert_eq!(PduBody::CancelSmResp(tlvs()).congestion(), Some(90));
        assert_eq!(PduBody::SubmitSm(Sm { tlvs: tlvs(), ..Sm::default() }).congestion(), None);
        assert_eq!(PduBody::CancelSmResp(Tlvs::default()).congestion(), None);
    }

    proptest! {
        #[test]
        fn nothing_optional_is_left_of_any_operation(stuff in stuff()) {
            for mut body in stuff.bodies() {
                body.strip_tlvs();
                prop_assert!(body.tlvs().is_none_or(Tlvs::is_empty), "{:?}", body);
            }
        }
    }
}
