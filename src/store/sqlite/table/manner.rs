//! The cell `manner` of `body`: how a message goes that is more than a plain text, as JSON that says its
//! version, with octets in hexadecimal, so that an operator can read it.
//!
//! ```text
//! {"v":1,"ports":[2948,9200],"class":1,"data":"0605","tlvs":[["1400","31313031"]]}
//! ```

use crate::message::callback::Callback;
use crate::message::extras::{Dlt, Extras, Parameter};
use crate::message::id::EndpointId;
use crate::store::sqlite::table::seed::HiddenCell;
use crate::text::content::{Binary, Form, Indication, MessageClass, Waiting, WaitingKind};
use crate::text::udh::Ports;
use serde::{Deserialize, Serialize};

/// The version that is written, and the only one so far. A cell with another is not read.
const VERSION: u8 = 1;

/// What stands in the cell; what is absent was not asked for.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// Destination and source.
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<[u16; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<u8>,
    /// Kind, active, store.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<(String, bool, bool)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tlvs: Vec<[String; 2]>,
    /// Entity, template, telemarketer.
    #[serde(skip_serializing_if = "Option::is_none")]
    dlt: Option<[Option<Box<str>>; 3]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    payload: bool,
    /// Endpoint, path and query.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<(u16, Box<str>)>,
    /// The one-time code that the text has, by what it is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<HiddenCell>,
    /// The verification that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<u64>,
}

/// The text of the cell.
pub(super) fn to_cell(manner: &Extras) -> String {
    let Extras { form, tlvs, dlt, payload, callback, code, verification } = manner;
    let written = Written {
        v: VERSION,
        data: form.binary.as_ref().map(|it| hex::encode(&it.data)),
        header: form.binary.as_ref().filter(|it| !it.elements.is_empty()).map(|it| hex::encode(&it.elements)),
        ports: form.ports.map(|it| [it.destination, it.source]),
        class: match form.indication {
            Some(Indication::Class(class)) => Some(class.number()),
            _ => None,
        },
        waiting: match form.indication {
            Some(Indication::Waiting(it)) => Some((it.kind.word().to_owned(), it.active, it.store)),
            _ => None,
        },
        tlvs: tlvs.iter().map(|it| [format!("{:04x}", it.tag), hex::encode(&it.value)]).collect(),
        dlt: dlt.as_ref().map(|it| [it.entity_id.clone(), it.template_id.clone(), it.telemarketer_id.clone()]),
        payload: *payload,
        callback: callback.as_ref().map(|it| (it.endpoint.0, it.target.clone())),
        code: code.as_deref().map(HiddenCell::of),
        verification: *verification,
    };
    serde_json::to_string(&written).expect("texts, numbers and lists are JSON")
}

/// What the cell says; `None` if it is not one that [`to_cell`] writes.
pub(super) fn of_cell(text: &str) -> Option<Extras> {
    let written: Written = serde_json::from_str(text).ok().filter(|it: &Written| it.v == VERSION)?;
    let octets = |digits: &str| hex::decode(digits).ok().map(Vec::into_boxed_slice);
    let header = octets(written.header.as_deref().unwrap_or_default())?;
    let binary = match &written.data {
        Some(data) => Some(Binary { data: octets(data)?, elements: header }),
        None => None,
    };
    let waiting = |(kind, active, store): (String, bool, bool)| {
        let kind = WaitingKind::from_word(&kind)?;
        Some(Indication::Waiting(Waiting { kind, active, store }))
    };
    let indication = match (written.class, written.waiting) {
        (None, None) => None,
        (Some(class), None) => Some(Indication::Class(MessageClass::new(class)?)),
        (None, Some(it)) => Some(waiting(it)?),
        (Some(_), Some(_)) => return None,
    };
    let code = match written.code {
        Some(cell) => Some(Box::new(cell.read()?)),
        None => None,
    };
    let parameter =
        |[tag, value]: &[String; 2]| Some(Parameter { tag: u16::from_str_radix(tag, 16).ok()?, value: octets(value)? });
    Some(Extras {
        form: Form {
            binary,
            ports: written.ports.map(|[destination, source]| Ports { destination, source }),
            indication,
        },
        tlvs: written.tlvs.iter().map(parameter).collect::<Option<_>>()?,
        dlt: written
            .dlt
            .map(|[entity_id, template_id, telemarketer_id]| Box::new(Dlt { entity_id, template_id, telemarketer_id })),
        payload: written.payload,
        callback: written.callback.map(|(endpoint, target)| Callback { endpoint: EndpointId(endpoint), target }),
        code,
        verification: written.verification,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::hidden::Hidden;
    use crate::message::hidden::tests::seed;

    fn full() -> Extras {
        Extras {
            form: Form {
                binary: Some(Binary::new(b"\x06\x05", b"\x03\x70\x01\x07").unwrap()),
                ports: Some(Ports { destination: 2948, source: 9200 }),
                indication: MessageClass::new(1).map(Indication::Class),
            },
            tlvs: vec![Parameter { tag: 0x1400, value: b"1101"[..].into() }],
            dlt: Some(Box::new(Dlt {
                entity_id: Some("17".into()),
                template_id: None,
                telemarketer_id: Some("a,b".into()),
            })),
            payload: true,
            callback: Some(Callback { endpoint: EndpointId(9), target: "/told?a=b".into() }),
            code: Some(Box::new(Hidden { places: [3].into(), seed: seed() })),
            verification: Some(1),
        }
    }

    #[test]
    fn the_cell_of_a_manner_does_not_change() {
        let cell = r#"{"v":1,"data":"0605","header":"700107","ports":[2948,9200],"class":1,"tlvs":[["1400","31313031"]],"dlt":["17",null,"a,b"],"payload":true,"callback":[9,"/told?a=b"],"code":{"at":[3],"seed":{"of":[1,"0000000000000002"],"generation":0,"key":1,"nonce":"07070707070707070707070707070707","form":[6,"digits"]}},"verification":1}"#;
        assert_eq!(to_cell(&full()), cell);
        assert_eq!(of_cell(cell), Some(full()));
        let waiting = Waiting { kind: WaitingKind::Email, active: true, store: false };
        let form = Form { indication: Some(Indication::Waiting(waiting)), ..Form::default() };
        let manner = Extras { form, ..Extras::default() };
        assert_eq!(to_cell(&manner), r#"{"v":1,"waiting":["email",true,false]}"#);
        assert_eq!(of_cell(&to_cell(&manner)), Some(manner));
    }

    #[test]
    fn a_cell_of_another_making_is_not_read() {
        for bad in [
            "",
            "{}",
            r#"{"v":2}"#,
            r#"{"v":1,"more":1}"#,
            r#"{"v":1,"data":"0"}"#,
            r#"{"v":1,"data":"é"}"#,
            r#"{"v":1,"class":4}"#,
            r#"{"v":1,"class":1,"waiting":["fax",true,true]}"#,
            r#"{"v":1,"waiting":["pigeon",true,true]}"#,
            r#"{"v":1,"tlvs":[["14000","00"]]}"#,
        ] {
            assert_eq!(of_cell(bad), None, "{bad}");
        }
    }
}
