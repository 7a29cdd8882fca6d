//! Wireshark's dissector as a judge: what passed over the wire, and every operation, in its eyes and ours.

pub(super) mod capture;
mod ours;
pub(super) mod pdml;

use crate::daemon::{Daemon, account, carrier, route};
use crate::peers::need::trials;
use crate::peers::npm::come_to;
use crate::peers::sim::{Sim, text_of};
use crate::peers::tshark::capture::{Chunk, Conversation, Recorder};
use crate::peers::tshark::ours::{fields, hex};
use crate::peers::tshark::pdml::{Dissected, Field, dissect};
use bytes::{Bytes, BytesMut};
use nuncio::simulator::behaviour::{Behaviour, Receipts, Style};
use nuncio::smpp::command::CommandId;
use nuncio::smpp::explain::explain;
use nuncio::smpp::frame::{PDU_MAX_DEFAULT, next_frame};
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::Sm;
use nuncio::smpp::status::CommandStatus;
use nuncio::smpp::tlv::{Tag, Tlvs};
use serde_json::json;
use std::collections::BTreeMap;

/// What was compared.
#[derive(Debug, Default)]
pub(super) struct Count {
    pdus: usize,
    fields: usize,
    parameters: usize,
    texts: usize,
    /// How often each operation was among them.
    pub(super) operations: BTreeMap<&'static str, usize>,
}

/// Has conversations dissected and compares everything.
pub(super) fn judge(conversations: &[Conversation]) -> Count {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture.pcap");
    capture::write(&file, conversations);
    let theirs = dissect(&file);
    let frames: Vec<Bytes> = conversations.iter().flat_map(frames).collect();
    let known = |it: &&Bytes| ours::is_known(Pdu::decode((*it).clone()).unwrap().body.command_id());
    let frames: Vec<&Bytes> = frames.iter().filter(known).collect();
    assert_eq!(frames.len(), theirs.len(), "as many PDUs as were sent");
    let mut count = Count::default();
    for (frame, theirs) in frames.into_iter().zip(&theirs) {
        count.compare(frame, theirs);
    }
    count
}

/// The PDUs of a conversation, in the order in which each was complete.
fn frames(conversation: &Conversation) -> Vec<Bytes> {
    let mut buffers = [BytesMut::new(), BytesMut::new()];
    let mut frames = Vec::new();
    for chunk in conversation {
        let buffer = &mut buffers[usize::from(chunk.up)];
        buffer.extend_from_slice(&chunk.octets);
        while let Some(frame) = next_frame(buffer, PDU_MAX_DEFAULT).unwrap() {
            frames.push(frame);
        }
    }
    assert!(buffers.iter().all(BytesMut::is_empty), "the last PDU is whole");
    frames
}

/// Responses whose optional parameters, which 5.0 allows, tshark 4.0 leaves unread. It does so too with
/// whatever follows the header of a response that refuses, such as delivery_failure_reason (3.4 section 4.7.2).
const WITHOUT_PARAMETERS: [CommandId; 4] = [
    CommandId::QUERY_SM_RESP,
    CommandId::CANCEL_SM_RESP,
    CommandId::REPLACE_SM_RESP,
    CommandId::CANCEL_BROADCAST_SM_RESP,
];

impl Count {
    fn compare(&mut self, frame: &Bytes, theirs: &Dissected) {
        let pdu = Pdu::decode(frame.clone()).unwrap();
        let command = pdu.body.command_id();
        let ours = fields(frame.len(), &pdu).unwrap_or_else(|| panic!("tshark does not know {command}"));
        let plain = theirs.plain();
        assert_eq!(plain, ours.0, "{command}");
        let tlvs = pdu.body.tlvs().cloned().unwrap_or_default();
        let mut expected: Vec<Parameter> = tlvs.iter().map(|(Tag(tag), value)| Parameter::of(tag, &value)).collect();
        let is_refusal = command.is_response() && pdu.status != CommandStatus::Ok;
        let is_unread = is_refusal || WITHOUT_PARAMETERS.contains(&command);
        if is_unread {
            expected.clear();
        }
        let mut parameters = theirs.parameters();
        // tshark 4.0 takes one of the two octets of broadcast_rep_num (5.0 section 4.8.4.11) and is out of
        // step from there on: what is before it is compared, and it is named.
        let lost = expected.iter().position(|it| it.tag == u64::from(Tag::BROADCAST_REP_NUM.0));
        match lost {
            Some(at) => parameters.truncate(at),
            None => assert!(!theirs.malformed, "{command} is malformed: {theirs:#?}"),
        }
        assert_eq!(parameters, expected[..lost.unwrap_or(expected.len())], "{command}");
        if lost.is_none() && !is_unread {
            places(frame, theirs);
        }
        self.texts += usize::from(reads_text(&pdu.body, theirs));
        self.pdus += 1;
        self.fields += plain.len();
        self.parameters += parameters.len();
        *self.operations.entry(command.name()).or_default() += 1;
    }
}

/// Compares the text of a message; whether tshark shows one.
fn reads_text(body: &PduBody, theirs: &Dissected) -> bool {
    let (PduBody::SubmitSm(sm) | PduBody::DeliverSm(sm)) = body else { return false };
    let Some(shown) = theirs.fields.iter().find(|it| it.name == "message_text") else { return false };
    let text = text_of(sm.data_coding, sm.esm_class, &sm.text());
    // tshark reads UCS-2 and not UTF-16: what takes two units is not a character to it.
    let is_plain = text.chars().all(|it| it <= '\u{FFFF}');
    if is_plain {
        assert_eq!(shown.show, text, "data_coding {:#04x}", sm.data_coding);
    }
    is_plain
}

/// Every field begins and ends where `explain` says.
fn places(frame: &Bytes, theirs: &Dissected) {
    for line in explain(frame) {
        let place = (line.octets.start, line.octets.len());
        // Reserved in requests; and counts and flags of lists.
        let silent = ["command_status", "number_of_dests", "no_unsuccess", "dest_flag"].contains(&&*line.name);
        // tshark does not show what is empty.
        let is_empty = frame[line.octets.clone()].iter().all(|it| *it == 0);
        if !silent && !is_empty {
            assert!(theirs.fields.iter().any(|it| (it.at, it.size) == place), "{line:?} in {theirs:#?}");
        }
    }
}

/// An optional parameter.
#[derive(Debug, PartialEq, Eq)]
struct Parameter {
    tag: u64,
    length: u64,
    /// In hexadecimal.
    value: String,
}

impl Parameter {
    fn of(tag: u16, value: &[u8]) -> Self {
        Self { tag: tag.into(), length: value.len() as u64, value: hex(value) }
    }
}

impl Dissected {
    /// Names and values of what every PDU of the operation has.
    fn plain(&self) -> Vec<(String, String)> {
        let before = self.fields.iter().take_while(|it| it.name != "opt_params");
        let listed = before.filter(|it| {
            // Containers, the text once more, the bits of data_coding once more, and what is empty.
            let again = ["dlist", "dlist_resp", "message_text"].contains(&&*it.name) || it.name.starts_with("dcs.");
            !again && !it.show.is_empty()
        });
        listed.map(|it| (it.name.clone(), it.value())).collect()
    }

    /// Optional parameters, with the octets that fields of their values cover.
    fn parameters(&self) -> Vec<Parameter> {
        let (mut parameters, mut start) = (Vec::<Parameter>::new(), 0);
        for field in self.fields.iter().skip_while(|it| it.name != "opt_params").skip(1) {
            match (&*field.name, parameters.last_mut()) {
                ("opt_param" | "message_text", _) => (),
                ("opt_param_tag", _) => {
                    parameters.push(Parameter { tag: number(&field.show), length: 0, value: String::new() });
                }
                ("opt_param_len", Some(it)) => {
                    it.length = number(&field.show);
                    start = field.at + field.size;
                }
                // A part of it, or all of it, or some bits of it.
                (_, Some(it)) => {
                    let from = 2 * (field.at - start);
                    if it.value.len() < from + field.hex.len() {
                        it.value.truncate(from);
                        it.value += &field.hex;
                    }
                }
                (name, None) => panic!("{name} is no parameter"),
            }
        }
        parameters
    }
}

impl Field {
    /// A number in decimal, octets in hexadecimal, a text as it is.
    fn value(&self) -> String {
        match &*self.name {
            "message" => self.hex.clone(),
            it if TEXTS.contains(&it) => self.show.clone(),
            _ => number(&self.show).to_string(),
        }
    }
}

/// The fields that are not numbers.
const TEXTS: [&str; 16] = [
    "address_range",
    "destination_addr",
    "dl_name",
    "esme_addr",
    "final_date",
    "final_date_r",
    "message_id",
    "password",
    "schedule_delivery_time",
    "schedule_delivery_time_r",
    "service_type",
    "source_addr",
    "system_id",
    "system_type",
    "validity_period",
    "validity_period_r",
];

fn number(show: &str) -> u64 {
    let read = match show.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => show.parse(),
    };
    read.unwrap_or_else(|_| panic!("{show} is no number"))
}

/// A conversation of PDUs that one side says.
fn monologue(pdus: &[Pdu]) -> Conversation {
    let say = |pdu: &Pdu| {
        let mut octets = BytesMut::new();
        pdu.encode(&mut octets).unwrap();
        Chunk { up: true, octets: octets.to_vec() }
    };
    pdus.iter().map(say).collect()
}

/// PDUs of `fixtures/pdu`, by the names of their files.
fn fixtures() -> BTreeMap<String, Pdu> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pdu");
    let files = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let digits: String = text.lines().filter(|it| !it.starts_with('#')).collect();
        let octet = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let octets: Vec<u8> = (0..digits.len()).step_by(2).map(octet).collect();
        (path.file_stem().unwrap().to_string_lossy().into_owned(), Pdu::decode(octets.into()).unwrap())
    };
    files.filter(|it| it.extension().is_some_and(|it| it == "hex")).map(read).collect()
}

trials! {
    [Tshark]:
        tshark_reads_every_operation_as_we_do,
        tshark_reads_every_alphabet_as_we_do,
        tshark_reads_a_conversation_of_the_daemon_as_we_do;
}

fn tshark_reads_every_operation_as_we_do() {
    let mut pdus = fixtures();
    // Of a vendor: what tshark makes of it is another vendor's.
    pdus.remove("sm_result_notify").unwrap();
    // Once more with what tshark cannot read at the end, so that all the rest is compared.
    let mut broadcast = pdus["broadcast_sm"].clone();
    let PduBody::BroadcastSm(body) = &mut broadcast.body else { panic!("{broadcast:?}") };
    let (last, others): (Vec<_>, Vec<_>) = body.tlvs.iter().partition(|it| it.0 == Tag::BROADCAST_REP_NUM);
    body.tlvs = others.iter().chain(&last).fold(Tlvs::build(), |all, (tag, value)| all.push(*tag, value)).build();
    pdus.insert("broadcast_sm again".to_owned(), broadcast);
    // Each in a connection of its own: what tshark does not know ends what it reads.
    let all: Vec<Conversation> = pdus.values().map(|it| monologue(std::slice::from_ref(it))).collect();
    let count = judge(&all);
    let of_a_vendor = |it: &CommandId| it.0 & 0x0100_0000 != 0;
    let known = CommandId::ALL.iter().filter(|it| ours::is_known(**it) && !of_a_vendor(it));
    let missing: Vec<_> = known.map(|it| it.name()).filter(|it| !count.operations.contains_key(it)).collect();
    assert_eq!(missing, [""; 0]);
}

/// Octets of an alphabet, without what ends a line.
fn alphabet(octets: std::ops::RangeInclusive<u8>) -> Vec<u8> {
    octets.filter(|it| ![0x0A, 0x0D, 0x1B].contains(it)).collect()
}

fn tshark_reads_every_alphabet_as_we_do() {
    let gsm = [&alphabet(0..=0x7F)[..], b"\x1B\x14\x1B(\x1B)\x1B/\x1B<\x1B=\x1B>\x1B@\x1Be"].concat();
    let wide: Vec<u8> = "Привет, 漢字 и žluťoučký".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let latin = [alphabet(0x20..=0x7E), alphabet(0xA0..=0xFF)].concat();
    let texts = [
        (0x00, gsm.clone()),
        (0x01, alphabet(0x20..=0x7E)),
        (0x03, latin),
        // Without 0xAD, the soft hyphen of ISO 8859-5: tshark 4.0 shows U+040D.
        (0x06, [alphabet(0x20..=0x7E), alphabet(0xA1..=0xAC), alphabet(0xAE..=0xFF)].concat()),
        (0x07, [alphabet(0x20..=0x7E), alphabet(0xE0..=0xFA)].concat()),
        (0x08, wide),
        (0xF0, gsm.clone()),
        (0xF1, gsm),
    ];
    let count = texts.len();
    let say = |(data_coding, octets): (u8, Vec<u8>)| {
        let body = PduBody::SubmitSm(Sm { data_coding, short_message: octets.into(), ..Sm::default() });
        monologue(&[Pdu::request(1, body)])
    };
    let judged = judge(&texts.into_iter().map(say).collect::<Vec<_>>());
    assert_eq!(judged.texts, count);
}

fn tshark_reads_a_conversation_of_the_daemon_as_we_do() {
    let receipts = Receipts { style: Style::Both, ..Receipts::default() };
    let sim = Sim::start(Behaviour { receipts, ..Behaviour::default() });
    let recorder = Recorder::start(sim.port());
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(recorder.port(), "") + &route("")));
    let texts = ["Hello @£ [€]", "Привет 漢字", &"grüße, ".repeat(40), &"ещё раз. ".repeat(20), "Flash"];
    let to: Vec<_> = texts.iter().map(|it| json!({ "to": "+31612345678", "text": it })).collect();
    let reply = daemon.client().post("/v1/messages", &json!({ "to": to, "from": "YOURAPP" }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    come_to(&daemon, "DELIVERED", texts.len());
    assert_eq!(daemon.terminate().code(), Some(0));
    let count = judge(&recorder.conversations());
    let parts = sim.submits().len();
    for (operation, least) in [
        ("bind_transceiver", 1),
        ("submit_sm", parts),
        ("submit_sm_resp", parts),
        ("deliver_sm", parts),
        ("deliver_sm_resp", parts),
        ("unbind", 1),
        ("unbind_resp", 1),
    ] {
        assert_eq!(count.operations.get(operation), Some(&least), "{operation}");
    }
}
