//! Every operation of the specification, written and read back.

use crate::smpp::command::CommandId;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::sm::Sm;
use crate::smpp::tests::strategies::stuff;
use bytes::BytesMut;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Named so that a log can name them; their bodies stay unread.
const OF_A_VENDOR: [CommandId; 4] =
    [CommandId::AUTH_ACC, CommandId::AUTH_ACC_RESP, CommandId::SM_RESULT_NOTIFY, CommandId::SM_RESULT_NOTIFY_RESP];

proptest! {
    #[test]
    fn every_operation_that_is_written_is_read_back(sequence in any::<u32>(), stuff in stuff()) {
        let mut left: BTreeSet<u32> = CommandId::ALL.iter().filter(|it| !OF_A_VENDOR.contains(it)).map(|it| it.0).collect();
        for body in stuff.bodies() {
            left.remove(&body.command_id().0);
            let pdu = Pdu::request(sequence, body);
            let mut out = BytesMut::new();
            pdu.encode(&mut out).unwrap();
            let read = Pdu::decode(out.freeze());
            if !matches!(pdu.body, PduBody::Other(..)) {
                prop_assert!(!matches!(read, Ok(Pdu { body: PduBody::Other(..), .. })), "{:?} is kept unread", pdu);
            }
            prop_assert_eq!(read, Ok(pdu));
        }
        prop_assert!(left.is_empty(), "operations without a body: {:X?}", left);
    }
}

#[test]
fn no_body_is_larger_than_that_of_a_short_message() {
    let word = size_of::<usize>();
    assert!(size_of::<PduBody>() <= size_of::<Sm>() + word, "{} octets", size_of::<PduBody>());
}
