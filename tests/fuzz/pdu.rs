//! Octets as a stream of PDUs, and as one PDU behind a length that is right.

use bytes::{BufMut, Bytes, BytesMut};
use nuncio::smpp::explain::explain;
use nuncio::smpp::frame::{HEADER_LENGTH, PDU_MAX_DEFAULT, next_frame};
use nuncio::smpp::pdu::Pdu;

/// Reads the octets both ways.
pub(crate) fn run(octets: &[u8]) {
    let mut stream = BytesMut::from(octets);
    let mut read = 0;
    while let Ok(Some(frame)) = next_frame(&mut stream, PDU_MAX_DEFAULT) {
        assert!((HEADER_LENGTH..=PDU_MAX_DEFAULT).contains(&frame.len()));
        read += frame.len();
        one(&frame);
    }
    assert_eq!(read + stream.len(), octets.len(), "octets of the stream are lost");
    let mut frame = BytesMut::with_capacity(4 + octets.len());
    frame.put_u32(u32::try_from(4 + octets.len()).expect("no input is that long"));
    frame.put_slice(octets);
    one(&frame.freeze());
}

/// Reads one PDU, explains it, and writes it: what is written is read as it was written.
fn one(frame: &Bytes) {
    let mut at = 0;
    for line in explain(frame) {
        assert_eq!(line.octets.start, at, "{} leaves a gap or overlaps", line.name);
        at = line.octets.end;
    }
    assert_eq!(at, frame.len(), "octets are not explained");
    let pdu = match Pdu::decode(frame.clone()) {
        Ok(pdu) => pdu,
        Err(error) => {
            let written = error.answer().map(|it| it.encode(&mut BytesMut::new()));
            return assert!(written.is_none_or(|it| it.is_ok()), "{error}: its answer cannot be written");
        }
    };
    assert!(!format!("{pdu:?}").is_empty());
    let mut once = BytesMut::new();
    if pdu.encode(&mut once).is_err() {
        return assert!(once.is_empty(), "a PDU that cannot be written was written in part");
    }
    let again = Pdu::decode(once.clone().freeze()).expect("what is written can be read");
    let mut twice = BytesMut::new();
    again.encode(&mut twice).expect("what was written can be written");
    assert_eq!(once, twice, "{pdu:?}");
}
