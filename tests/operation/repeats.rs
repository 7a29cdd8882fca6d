//! The same request again, under its key: however it is written, over restarts and an upgrade.

use super::requests::{BODY, funded, messages, problem, sent};
use crate::daemon::client::Reply;
use nuncio::message::id::AccountId;
use nuncio::message::time::Time;
use nuncio::record::batch::{Batch, Idempotency};
use nuncio::record::contract::Store;
use nuncio::store::sqlite::{Durability, Sqlite};
use serde_json::json;
use sha2::{Digest, Sha256};

#[test]
fn an_idempotency_key_is_one_item() {
    let daemon = funded();
    for lines in [
        &["idempotency-key: d1", "idempotency-key: d2"][..],
        &["idempotency-key: \"p-1\";x=1"],
        &["idempotency-key: \"p-2\", \"p-3\""],
        &["idempotency-key: p-2, p-3"],
        &["idempotency-key: p;x=1"],
        &["idempotency-key: \"p"],
    ] {
        let refused = sent(&daemon, lines, BODY.as_bytes());
        problem(&refused, 400, "invalid-header");
        assert!(refused.text().contains("Idempotency-Key"), "{}", refused.text());
    }
    assert_eq!(messages(&daemon), 0);
    let answers =
        ["k", "\"k\"", " \"k\" "].map(|it| sent(&daemon, &[&format!("idempotency-key: {it}")], BODY.as_bytes()));
    assert!(answers.iter().all(|it| it.status == 202 && it.body == answers[0].body));
    assert_eq!(messages(&daemon), 1);
    let credit = json!({ "amount": "1", "note": "a" });
    let refused = daemon.operator().keyed("POST", "/admin/v1/accounts/shop/credit", &credit, "\"a\", \"b\"").unwrap();
    problem(&refused, 400, "invalid-header");
}

#[test]
fn the_same_values_written_otherwise_are_a_repeat_and_it_says_so() {
    let mut daemon = funded();
    let replayed = |it: &Reply| it.header("idempotent-replayed").map(str::to_owned);
    let one = r#"{"to":[{"to":"+31612345678","text":"é"},"+31612345679"],"from":"YOURAPP","text":"hi","flash":true}"#;
    let otherwise = r#"{ "flash": true, "text": "\u0068i", "from":"YOURAPP", "class": null,
        "to": [ {"client_ref":null,"text":"\u00e9","to":"+31612345678"}, {"to":"+31612345679"} ] }"#;
    let key = ["idempotency-key: \"k\""];
    let first = sent(&daemon, &key, one.as_bytes());
    assert_eq!((first.status, replayed(&first)), (202, None), "{}", first.text());
    for round in 0..2 {
        for body in [one, otherwise] {
            let again = sent(&daemon, &key, body.as_bytes());
            assert_eq!((again.status, replayed(&again).as_deref()), (202, Some("true")), "{round} {}", again.text());
            assert_eq!((again.text(), again.header("location")), (first.text(), first.header("location")));
        }
        let other = sent(&daemon, &key, one.replace("hi", "ho").as_bytes());
        problem(&other, 422, "idempotency-key-reused");
        assert_eq!(replayed(&other), None);
        daemon.restart();
    }
    assert_eq!(messages(&daemon), 2);
    let credits = [json!({ "amount": "5", "note": "a" }), json!({ "note": "a", "amount": "5.0" })];
    let given = credits
        .each_ref()
        .map(|it| daemon.operator().keyed("POST", "/admin/v1/accounts/shop/credit", it, "\"c\"").unwrap());
    assert_eq!(given.each_ref().map(|it| (it.status, replayed(it))), [(201, None), (201, Some("true".into()))]);
    assert_eq!(given[0].body, given[1].body);
}

#[test]
fn a_key_of_a_version_that_took_the_octets_for_the_request_holds_after_the_upgrade() {
    let mut daemon = funded();
    let first = sent(&daemon, &["idempotency-key: k"], BODY.as_bytes());
    let order = first.json()["order_id"].as_u64().unwrap();
    daemon.terminate();
    let hash = Sha256::digest([b"/v1/messages\0", BODY.as_bytes()].concat()).into();
    let at = Time(u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap());
    let mut store = Sqlite::open(&daemon.config().with_file_name("store"), Durability::Os).unwrap();
    let marks = store.recover().unwrap().marks;
    let account = AccountId(1);
    assert!(store.idempotency(account, "k").unwrap().is_some_and(|it| it.hash != hash), "it is kept by its values");
    let order = store.veil().read_order(order).unwrap();
    let idempotency = vec![Idempotency { account, key: "k".into(), hash, order, at }];
    store.commit(&Batch { idempotency, marks, ..Batch::default() }).unwrap();
    drop(store);
    daemon.restart();
    let again = sent(&daemon, &["idempotency-key: k"], BODY.as_bytes());
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, Some("true")), "{}", again.text());
    assert_eq!(again.body, first.body);
    let other = sent(&daemon, &["idempotency-key: k"], BODY.replace("hi", "ho").as_bytes());
    problem(&other, 422, "idempotency-key-reused");
    assert_eq!(messages(&daemon), 1);
}
