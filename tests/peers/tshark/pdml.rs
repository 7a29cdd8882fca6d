//! What tshark says of a capture, read from its PDML.

use crate::peers::need::trials;
use crate::peers::tshark::capture::PORT;
use std::path::Path;
use std::process::Command;

/// A PDU as tshark sees it.
#[derive(Debug)]
pub(super) struct Dissected {
    pub(super) fields: Vec<Field>,
    /// Whether it could not read it to its end, or found something wrong.
    pub(super) malformed: bool,
}

/// A field of a PDU.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name, without `smpp.`.
    pub(super) name: String,
    /// Where it stands in the PDU, and how many octets it has.
    pub(super) at: usize,
    pub(super) size: usize,
    /// What it says, as people are shown it.
    pub(super) show: String,
    /// Its octets in hexadecimal; all of an octet of which it is a few bits.
    pub(super) hex: String,
}

/// Has a capture dissected; every PDU of SMPP in it.
pub(super) fn dissect(file: &Path) -> Vec<Dissected> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-d", &format!("tcp.port=={PORT},smpp"), "-T", "pdml"]);
    // data_coding 0 is the GSM alphabet here, one septet an octet.
    command.args(["-o", "smpp.decode_sms_over_smpp:GSM 7-bit", "-o", "smpp.gsm7_unpacked:TRUE"]).env("TZ", "UTC");
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read(&String::from_utf8_lossy(&output.stdout))
}

/// Reads the elements one by one: `proto` begins a PDU or something else, `field` is in it.
fn read(text: &str) -> Vec<Dissected> {
    let mut pdus: Vec<Dissected> = Vec::new();
    let (mut inside, mut start) = (false, 0);
    for element in text.split('<').skip(1) {
        let (tag, rest) = element.split_once(' ').unwrap_or((element, ""));
        let number = |name| attribute(rest, name).and_then(|it| it.parse().ok()).unwrap_or(0);
        let name = attribute(rest, "name").unwrap_or_default();
        match tag {
            "proto" => {
                inside = name == "smpp";
                start = number("pos");
                if inside {
                    pdus.push(Dissected { fields: Vec::new(), malformed: false });
                }
            }
            "field" if inside => {
                let pdu = pdus.last_mut().expect("it has begun");
                pdu.malformed |= name.starts_with("_ws.expert");
                if let Some(name) = name.strip_prefix("smpp.") {
                    let hex = attribute(rest, "unmaskedvalue").or_else(|| attribute(rest, "value"));
                    pdu.fields.push(Field {
                        name: name.to_owned(),
                        at: number("pos") - start,
                        size: number("size"),
                        show: attribute(rest, "show").unwrap_or_default(),
                        hex: hex.unwrap_or_default(),
                    });
                }
            }
            _ => (),
        }
        // It stands behind the PDU that could not be read to its end.
        if name.starts_with("_ws.malformed") {
            pdus.last_mut().expect("something was malformed").malformed = true;
        }
    }
    pdus
}

/// The value of an attribute of an element.
fn attribute(element: &str, name: &str) -> Option<String> {
    let head = format!("{name}=\"");
    let at = if element.starts_with(&head) { head.len() } else { element.find(&format!(" {head}"))? + head.len() + 1 };
    let value = &element[at..at + element[at..].find('"')?];
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').expect("an entity ends");
        all.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let digits = number.strip_prefix("#x").expect("a number of a character");
                u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).expect("a character")
            }
        });
        all.push_str(rest);
    }
    all
}

trials! {
    []:
        elements_are_read_with_their_attributes;
}

fn elements_are_read_with_their_attributes() {
    let text = r#"<proto name="smpp" size="16" pos="54"><field name="smpp.command_id" show="0x15" showname="a &lt;b&gt;"
        size="4" pos="58" value="00000015"/><field name="smpp.x" show="&#x27;" pos="59" size="1" value="1"
        unmaskedvalue="40"/></proto><proto name="_ws.malformed" pos="1" size="0"/>"#;
    let read = read(text);
    let [pdu] = &read[..] else { panic!("{read:?}") };
    let seen: Vec<_> = pdu.fields.iter().map(|it| (&*it.name, it.at, it.size, &*it.show, &*it.hex)).collect();
    assert_eq!(seen, [("command_id", 4, 4, "0x15", "00000015"), ("x", 5, 1, "'", "40")]);
    assert!(pdu.malformed);
}
