//! Every text of a receipt in `fixtures/receipts`, read by itself and out of a PDU.

use crate::daemon::raw::{DELIVER_SM, deliver, pdu};
use nuncio::carrier::date::moment;
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::inbound::news;
use nuncio::carrier::receipt::ReceiptText;
use nuncio::carrier::report::News;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::smpp::pdu::Pdu;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How many texts the fixture holds.
const SAMPLES: usize = 92;

/// The octets of a text with its escapes.
fn octets(text: &str) -> Vec<u8> {
    let mut pieces = text.split('\\');
    let mut octets = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        let (octet, rest) = match piece.split_at(1) {
            ("x", rest) => (u8::from_str_radix(&rest[..2], 16).unwrap(), &rest[2..]),
            ("t", rest) => (b'\t', rest),
            ("n", rest) => (b'\n', rest),
            other => panic!("an escape that is none: {other:?} in {text}"),
        };
        octets.push(octet);
        octets.extend_from_slice(rest.as_bytes());
    }
    octets
}

fn written(moment: Option<Time>) -> String {
    let format = |it: Time| {
        let seconds = i64::try_from(it.0 / 1_000).unwrap();
        OffsetDateTime::from_unix_timestamp(seconds).unwrap().format(&Rfc3339).unwrap()
    };
    moment.map(format).unwrap_or_default()
}

/// What the fixture says of a text, but for the text.
fn columns(octets: &[u8]) -> [String; 7] {
    let read = ReceiptText::read(octets);
    let date = |it: &Option<String>| written(it.as_deref().and_then(|it| moment(it, 0)));
    let some = |it: &Option<String>| it.clone().unwrap_or_default();
    [
        some(&read.id),
        some(&read.stat),
        read.status().map(|it| it.word().to_owned()).unwrap_or_default(),
        some(&read.err),
        date(&read.submit_date),
        date(&read.done_date),
        if read.is_receipt() { "yes".to_owned() } else { "no".to_owned() },
    ]
}

#[test]
fn every_sample_is_read_as_its_line_says() {
    let fixture = std::fs::read_to_string("fixtures/receipts/samples.tsv").unwrap();
    let lines: Vec<&str> = fixture.lines().filter(|it| !it.starts_with('#')).collect();
    assert_eq!(lines.len(), SAMPLES);
    for line in lines {
        let (text, expected) = line.split_once('\t').unwrap();
        let expected: Vec<&str> = expected.split('\t').collect();
        assert_eq!(columns(&octets(text))[..], expected, "{text}");
        out_of_a_pdu(&octets(text), &expected);
        // The whole of it in UTF-16 says the same, but for what is octets of something else.
        if !text.contains("\\x") {
            let wide: Vec<u8> = text_of(&octets(text)).encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(columns(&wide)[..], expected, "in UTF-16: {text}");
        }
    }
}

fn text_of(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// The same columns, of a deliver_sm that is marked as a receipt.
fn out_of_a_pdu(octets: &[u8], expected: &[&str]) {
    let frame = pdu(DELIVER_SM, 0, 1, &deliver(4, octets));
    let body = Pdu::decode(frame.into()).unwrap().body;
    let Some(News::Receipt(receipt)) = news(&body, &Dialect::default()) else { panic!("{body:?}") };
    let [id, stat, status, err, _, done, _] = expected[..] else { panic!("{expected:?}") };
    assert_eq!(receipt.ids.iter().map(|it| it.as_str()).collect::<String>(), id);
    let status = if status.is_empty() { Status::Unknown.word() } else { status };
    let read = receipt.receipt;
    assert_eq!((&*read.raw_status, read.status.word()), (stat, status));
    assert_eq!(read.error_code.as_deref().unwrap_or_default(), err);
    assert_eq!(written(read.done_at), done);
}
