//! Every form of content on the wire, octet by octet, from a request to an SMSC of bare octets.

use crate::daemon::raw::{Frame, Link, SUBMIT_SM, Smsc};
use crate::daemon::{Daemon, account, carrier, carrier_named, route};
use serde_json::{Value, json};

const DATA_SM: u32 = 0x103;

/// A `submit_sm` or `data_sm`, read without nuncio's own code.
#[derive(Debug)]
struct Submit {
    esm_class: u8,
    data_coding: u8,
    text: Vec<u8>,
    /// Tags and values, in their order.
    tlvs: Vec<(u16, Vec<u8>)>,
}

impl Submit {
    fn of(frame: &Frame) -> Self {
        let mut rest = &frame.body[..];
        let mut octets = |count: usize| rest.split_off(..count).expect("the field is there").to_vec();
        let word = |octets: &mut dyn FnMut(usize) -> Vec<u8>| while octets(1) != [0] {};
        word(&mut octets);
        for _ in ["source", "destination"] {
            octets(2);
            word(&mut octets);
        }
        let (esm_class, data_coding, text) = if frame.command == DATA_SM {
            let fields = octets(3);
            (fields[0], fields[2], Vec::new())
        } else {
            let esm_class = octets(3)[0];
            word(&mut octets);
            word(&mut octets);
            let fields = octets(5);
            let text = octets(usize::from(fields[4]));
            (esm_class, fields[2], text)
        };
        let mut tlvs = Vec::new();
        while let [t0, t1, l0, l1, behind @ ..] = rest {
            let (value, behind) = behind.split_at(usize::from(u16::from_be_bytes([*l0, *l1])));
            tlvs.push((u16::from_be_bytes([*t0, *t1]), value.to_vec()));
            rest = behind;
        }
        assert!(rest.is_empty(), "{frame:?}");
        Self { esm_class, data_coding, text, tlvs }
    }

    fn tlv(&self, tag: u16) -> Option<&[u8]> {
        self.tlvs.iter().find(|it| it.0 == tag).map(|it| &it.1[..])
    }
}

/// A carrier of this name at a port, and a route to it.
fn way(number: usize, name: &str, port: u16, more: &str) -> String {
    carrier_named(name, port, more) + &format!("[[route]]\nid = {number}\ncarriers = [\"{name}\"]\n")
}

/// Sends a message and reads its submits, whose number is the one that was promised unless the carrier cuts.
fn sent(daemon: &Daemon, link: &mut Link, command: u32, message: &Value) -> Vec<Submit> {
    let mut client = daemon.client();
    let mut body = json!({ "to": "+31612345678", "from": "YOURAPP" });
    for (name, value) in message.as_object().unwrap() {
        body[name] = value.clone();
    }
    let estimate = client.post("/v1/estimate", &body);
    assert_eq!(estimate.status, 200, "{}", estimate.text());
    let accepted = client.post("/v1/messages", &body);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let promised = &accepted.json()["messages"][0];
    let parts = promised["parts"].as_u64().unwrap();
    assert_eq!(estimate.json()["parts"], parts);
    assert_eq!(estimate.json()["encoding"], promised["encoding"]);
    let mut submits = Vec::new();
    while submits.last().is_none_or(|it: &Submit| it.tlv(0x0424).is_none()) && submits.len() < parts as usize {
        let frame = link.read_command(command);
        link.answer(&frame, 0, format!("{}-{}\0", body["route_id"], frame.sequence).as_bytes());
        submits.push(Submit::of(&frame));
    }
    submits
}

#[test]
fn every_form_of_content_leaves_as_its_carrier_wants_it() {
    let smscs = [(); 4].map(|()| Smsc::new());
    let more = [
        "split = \"udh16\"\nnational = [\"tr\"]\ndlt = { nul = true }\ntlvs = { \"0x1500\" = \"hex:0A0B\", \"0x1401\" = \"all\" }",
        "split = \"sar\"\nclass_coding = \"f0\"",
        "split = \"payload\"",
        "operation = \"data_sm\"",
    ];
    let ways = (1..)
        .zip(&smscs)
        .zip(more)
        .map(|((number, smsc), more)| way(number, &format!("way{number}"), smsc.port(), more));
    let daemon = Daemon::start(&(account("[1, 2, 3, 4]") + &ways.collect::<String>()));
    let [mut wide, mut sar, mut payload, mut data] = smscs.map(|it| it.bound());
    let long = "a".repeat(200);

    let submits = sent(&daemon, &mut wide, SUBMIT_SM, &json!({ "route_id": 1, "text": long }));
    assert_eq!(submits.len(), 2);
    for (part, submit) in (1..).zip(&submits) {
        assert_eq!((submit.esm_class, submit.text.len()), (0x40, [7 + 152, 7 + 48][part as usize - 1]));
        assert_eq!((&submit.text[..3], &submit.text[5..7]), (&[6, 8, 4][..], &[2, part][..]));
        assert_eq!(submit.text[3..5], submits[0].text[3..5], "one reference");
        assert_eq!(submit.tlvs, [(0x1401, b"all".to_vec()), (0x1500, vec![10, 11])], "in every part");
    }

    let dlt = json!({ "entity_id": "1701158019811140068", "template_id": "1107", "telemarketer_id": "12,34" });
    let message = json!({ "route_id": 1, "text": "ok", "dlt": dlt, "tlvs": { "0x1500": "own" } });
    let submits = sent(&daemon, &mut wide, SUBMIT_SM, &message);
    let expected = [
        (0x1400, b"1701158019811140068\0".to_vec()),
        (0x1401, b"1107\0".to_vec()),
        (0x1402, b"12,34\0".to_vec()),
        (0x1500, b"own".to_vec()),
    ];
    assert_eq!(submits[0].tlvs, expected);

    let submits = sent(&daemon, &mut wide, SUBMIT_SM, &json!({ "route_id": 1, "text": "ş".repeat(100) }));
    assert_eq!((submits.len(), submits[0].data_coding, &submits[0].text[..5]), (1, 0, &[3, 0x25, 1, 1, 0x1D][..]));

    let submits = sent(&daemon, &mut sar, SUBMIT_SM, &json!({ "route_id": 2, "text": long, "flash": true }));
    for (part, submit) in (1..).zip(&submits) {
        let text = &long.as_bytes()[..[153, 47][part as usize - 1]];
        assert_eq!((submit.esm_class, submit.data_coding, &submit.text[..]), (0, 0xF0, text));
        assert_eq!((submit.tlv(0x020E), submit.tlv(0x020F)), (Some(&[2][..]), Some(&[part][..])));
        assert!(submit.tlv(0x020C).is_some_and(|it| it.len() == 2));
    }

    let submits = sent(&daemon, &mut payload, SUBMIT_SM, &json!({ "route_id": 3, "text": long }));
    assert_eq!((submits.len(), &submits[0].text[..], submits[0].esm_class), (1, &b""[..], 0));
    assert_eq!(submits[0].tlvs, [(0x0424, long.into_bytes())]);

    let message =
        json!({ "route_id": 3, "data": "BgUE", "destination_port": 2948, "source_port": 9200, "message_class": 1 });
    let submits = sent(&daemon, &mut payload, SUBMIT_SM, &message);
    assert_eq!((submits[0].esm_class, submits[0].data_coding), (0x40, 0x15));
    assert_eq!(submits[0].text, [6, 5, 4, 0x0B, 0x84, 0x23, 0xF0, 6, 5, 4]);

    let submits = sent(&daemon, &mut data, DATA_SM, &json!({ "route_id": 4, "text": "П" }));
    assert_eq!((submits[0].data_coding, submits[0].tlv(0x0424)), (8, Some(&[0x04, 0x1F][..])));
    assert!(submits[0].tlv(0x0017).is_some_and(|it| it.len() == 4), "its validity");
    let shown = daemon.client().get("/v1/messages").json();
    let ids: Vec<&str> = shown["data"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(ids.len(), 7);
}

#[test]
fn parts_for_a_carrier_of_3_3_are_joined_by_a_header_whatever_split_says() {
    let smsc = Smsc::new();
    let more = "split = \"sar\"\nassumed_version = \"3.3\"";
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), more) + &route("")));
    let mut link = smsc.bound();
    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "a".repeat(200) });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    for part in [1, 2] {
        let submit = link.read_command(SUBMIT_SM);
        let (head, rest) = submit.body.split_at(b"\0\x05\0YOURAPP\0\x01\x0131612345678\0".len());
        assert_eq!((head, rest[0]), (&b"\0\x05\0YOURAPP\0\x01\x0131612345678\0"[..], 0x40));
        let at = submit.body.windows(3).position(|it| it == [5, 0, 3]).expect("a header");
        assert_eq!(submit.body[at + 4..at + 6], [2, part]);
        link.answer(&submit, 0, format!("p{part}\0").as_bytes());
    }
}
