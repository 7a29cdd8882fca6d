//! What a request may ask for beyond a text, and what the answer promises of it.

use super::world::{World, plan};
use nuncio::carrier::dialect::Dialect;
use nuncio::message::id::CarrierId;
use nuncio::text::Alphabet;
use nuncio::text::content::{Indication, MessageClass, Requested, WaitingKind};
use nuncio::text::national::Language;
use nuncio::text::profile::{Profile, Split};
use nuncio::text::udh::Ports;
use serde_json::{Value, json};
use std::sync::Arc;

/// A request to the one handset of these tests.
fn asked(content: &Value) -> Value {
    let mut body = json!({ "to": "+31612345678", "from": "YOURAPP", "route_id": 8 });
    for (name, value) in content.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A world whose only carrier wants texts so.
fn world(text: Profile) -> World {
    let mut plan = plan();
    plan.carriers.get_mut(&CarrierId(1)).unwrap().dialect = Arc::new(Dialect { text, ..Dialect::default() });
    World::of(plan)
}

#[tokio::test]
async fn data_ports_class_and_parameters_come_in() {
    let world = World::new();
    let dlt = json!({ "entity_id": "17", "template_id": "11", "telemarketer_id": "a,b" });
    let content = json!({
        "data": "BgUE", "udh": "A3ABBw==", "destination_port": 2948, "source_port": 9200, "message_class": 1,
        "tlvs": { "0x1500": "hex:0A0B", "0x1400": "1101" }, "dlt": dlt
    });
    let answer = world.send(asked(&content)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let promised = &answer.json()["messages"][0];
    assert_eq!((&promised["encoding"], &promised["parts"]), (&json!("binary"), &json!(1)));
    let submission = world.last();
    let recipient = &submission.recipients[0];
    assert_eq!((recipient.requested, &*recipient.text), (Requested::Binary, ""));
    let extras = recipient.extras.as_deref().unwrap();
    let binary = extras.form.binary.as_ref().unwrap();
    assert_eq!((&*binary.data, &*binary.elements), (&[6, 5, 4][..], &[0x70, 1, 7][..]));
    assert_eq!(extras.form.ports, Some(Ports { destination: 2948, source: 9200 }));
    assert_eq!(extras.form.indication, MessageClass::new(1).map(Indication::Class));
    let tlvs: Vec<(u16, &[u8])> = extras.tlvs.iter().map(|it| (it.tag, &*it.value)).collect();
    assert_eq!(tlvs, [(0x1400, &b"1101"[..]), (0x1500, &[10, 11])]);
    assert_eq!(extras.dlt.as_ref().unwrap().telemarketer_id.as_deref(), Some("a,b"));
    let shown = world.get(&format!("/v1/messages/{}", promised["id"].as_str().unwrap())).await.json();
    assert_eq!((&shown["encoding"], &shown["parts"]), (&json!("binary"), &json!(1)), "kept, and read again");
}

#[tokio::test]
async fn flash_and_waiting_are_indications() {
    let world = World::new();
    let indication = async |content: Value| {
        let answer = world.send(asked(&content)).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        world.last().recipients[0].extras.as_ref().and_then(|it| it.form.indication)
    };
    let flash = Some(Indication::Class(MessageClass::FLASH));
    assert_eq!(indication(json!({ "text": "a", "flash": true })).await, flash);
    assert_eq!(indication(json!({ "text": "a", "flash": true, "message_class": 0 })).await, flash);
    assert_eq!(indication(json!({ "text": "a", "flash": false })).await, None);
    let waiting = indication(json!({ "text": "a", "message_waiting": { "kind": "fax", "active": false } })).await;
    let Some(Indication::Waiting(waiting)) = waiting else { panic!("{waiting:?}") };
    assert_eq!((waiting.kind, waiting.active, waiting.store), (WaitingKind::Fax, false, true));
}

#[tokio::test]
async fn wishes_that_contradict_each_other_are_refused_at_their_field() {
    let world = World::new();
    let many: Value = (1..=17).map(|it| (format!("{it:#06x}"), json!("1"))).collect::<serde_json::Map<_, _>>().into();
    let fixed = [
        (json!({ "text": "a", "data": "AAAA" }), "/text"),
        (json!({ "to": [{ "to": "+31612345678", "text": "a" }], "data": "AAAA" }), "/to/0/text"),
        (json!({ "data": "AAA-" }), "/data"),
        (json!({ "data": "" }), "/data"),
        (json!({ "data": 7 }), "/data"),
        (json!({ "encoding": "binary" }), "/data"),
        (json!({ "data": "AAAA", "encoding": "ucs2" }), "/encoding"),
        (json!({ "data": "A".repeat(1_800) }), "/data"),
        (json!({ "text": "a", "udh": "A3ABBw==" }), "/udh"),
        (json!({ "data": "AAAA", "udh": "BHABBw==" }), "/udh"),
        (json!({ "data": "AAAA", "udh": "BgUECwAAAA==", "destination_port": 1 }), "/udh"),
        (json!({ "text": "a", "source_port": 1 }), "/destination_port"),
        (json!({ "text": "a", "destination_port": 65536 }), "/destination_port"),
        (json!({ "text": "a", "message_class": 4 }), "/message_class"),
        (json!({ "text": "a", "message_class": "0" }), "/message_class"),
        (json!({ "text": "a", "message_class": 2, "flash": true }), "/flash"),
        (json!({ "text": "a", "flash": 1 }), "/flash"),
        (json!({ "text": "a", "flash": true, "message_waiting": { "kind": "fax" } }), "/message_waiting"),
        (json!({ "text": "a", "message_waiting": {} }), "/message_waiting/kind"),
        (json!({ "text": "a", "message_waiting": { "kind": "pigeon" } }), "/message_waiting/kind"),
        (json!({ "text": "a", "message_waiting": { "kind": "fax", "stored": true } }), "/message_waiting/stored"),
        (
            json!({ "text": "a", "encoding": "ucs2", "message_waiting": { "kind": "fax", "store": false } }),
            "/message_waiting/store",
        ),
        (json!({ "text": "П", "message_waiting": { "kind": "fax", "store": false } }), "/text"),
        (json!({ "data": "AAAA", "message_waiting": { "kind": "fax" } }), "/message_waiting"),
        (json!({ "text": "a", "encoding": "latin1", "flash": true }), "/encoding"),
        (json!({ "text": "a", "tlvs": { "1400": "1" } }), "/tlvs/1400"),
        (json!({ "text": "a", "tlvs": { "0x0424": "1" } }), "/tlvs/0x0424"),
        (json!({ "text": "a", "tlvs": { "0x1400": "é" } }), "/tlvs/0x1400"),
        (json!({ "text": "a", "tlvs": { "0x1400": 1 } }), "/tlvs/0x1400"),
        (json!({ "text": "a", "tlvs": { "0x1400": "x".repeat(1_025) } }), "/tlvs/0x1400"),
        (json!({ "text": "a", "tlvs": many }), "/tlvs/0x0011"),
        (json!({ "text": "a", "dlt": {} }), "/dlt"),
        (json!({ "text": "a", "dlt": { "entity_id": "" } }), "/dlt/entity_id"),
        (json!({ "text": "a", "dlt": { "entity": "1" } }), "/dlt/entity"),
    ];
    for (content, pointer) in fixed {
        let answer = world.send(asked(&content)).await;
        let (status, slug, _, pointers) = answer.problem();
        assert_eq!((status, slug.as_str(), pointers), (422, "invalid-request", vec![pointer.to_owned()]), "{content}");
    }
    assert_eq!(world.stored(), 0);
}

#[tokio::test]
async fn the_estimate_is_what_leaves_for_the_first_carrier() {
    let turkish = Language::from_word("tr").into_iter().collect();
    let at = |alphabet, split| Profile { alphabet, split, ..Profile::default() };
    let gsm = |split| at(Alphabet::Gsm7, split);
    let a = |count: usize| "a".repeat(count);
    let cases = [
        (gsm(Split::Udh8), json!({ "text": a(306) }), "gsm7", 2),
        (gsm(Split::Udh16), json!({ "text": a(306) }), "gsm7", 3),
        (gsm(Split::Sar), json!({ "text": a(306) }), "gsm7", 2),
        (gsm(Split::Payload), json!({ "text": a(306) }), "gsm7", 2),
        (gsm(Split::Udh8), json!({ "text": a(160), "destination_port": 5 }), "gsm7", 2),
        (gsm(Split::Udh8), json!({ "text": "ş".repeat(100) }), "ucs2", 2),
        (Profile { national: turkish, ..Profile::default() }, json!({ "text": "ş".repeat(100) }), "gsm7", 1),
        (at(Alphabet::Latin1, Split::Udh8), json!({ "text": "é".repeat(160) }), "latin1", 1),
        (at(Alphabet::Latin1, Split::Udh8), json!({ "text": "€".repeat(71) }), "ucs2", 2),
        (at(Alphabet::Ascii, Split::Udh8), json!({ "text": "é".repeat(71) }), "ucs2", 2),
        (
            at(Alphabet::Ascii, Split::Udh8),
            json!({ "text": "é".repeat(160), "encoding": "gsm7-transliterate" }),
            "ascii",
            1,
        ),
        (gsm(Split::Udh8), json!({ "text": "日本", "encoding": "gsm7-transliterate" }), "gsm7", 1),
        (gsm(Split::Udh8), json!({ "data": "A".repeat(188) }), "binary", 2),
    ];
    for (profile, content, encoding, parts) in cases {
        let world = world(profile);
        let estimate = world.post("/v1/estimate", asked(&content).to_string()).await.json();
        assert_eq!(
            (&estimate["encoding"], &estimate["parts"]),
            (&json!(encoding), &json!(parts)),
            "{profile:?} {content}"
        );
        let accepted = world.send(asked(&content)).await.json();
        let promised = &accepted["messages"][0];
        assert_eq!((&promised["encoding"], &promised["parts"]), (&json!(encoding), &json!(parts)));
        assert_eq!(promised["cost"], json!(format!("{:.3}", 0.087 * f64::from(parts))), "charged by the SMS");
        let recipient = &world.last().recipients[0];
        let payload = recipient.extras.as_ref().is_some_and(|it| it.payload);
        assert_eq!((i32::from(recipient.parts), payload), (parts, profile.split == Split::Payload));
        let id = promised["id"].as_str().unwrap();
        let shown = world.get(&format!("/v1/messages/{id}")).await.json();
        assert_eq!((&shown["encoding"], &shown["parts"]), (&json!(encoding), &json!(parts)));
    }
}
