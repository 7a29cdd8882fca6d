//! Stores that the versions of formats 1 and 2 wrote themselves, killed with a backlog: `fixtures/stores`.
//!
//! Beside each store stands what its own version answered to `GET /v1/messages/{id}` before it was killed.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, PATIENCE, account, carrier, carrier_named, quiet_port, until};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a page had in those versions, and has still to have as it was.
const KEPT: [&str; 12] = [
    "id",
    "order_id",
    "to",
    "from",
    "route_id",
    "class",
    "client_ref",
    "status",
    "encoding",
    "parts",
    "created_at",
    "done_at",
];
/// The same of each attempt. What they told as `submitted_at` was when it was decided: when it was written, which is
/// what that means now, is not known of them.
const KEPT_OF_ATTEMPT: [&str; 8] =
    ["part", "number", "carrier", "bind", "cause", "answer", "command_status", "carrier_message_id"];

fn fixture(format: u32) -> PathBuf {
    Path::new("fixtures/stores").join(format!("format{format}"))
}

/// The configuration under which the stores were written, at these ports.
fn configuration(acme: u16, beta: u16) -> String {
    let route = |id: u32, class: &str, carrier: &str, more: &str| {
        format!("[[route]]\nid = {id}\nclass = \"{class}\"\ncarriers = [\"{carrier}\"]\nvalidity = \"30d\"\n{more}\n")
    };
    [
        account("[1, 2]"),
        carrier(acme, ""),
        carrier_named("beta", beta, ""),
        route(1, "transactional", "acme", "unknown = \"hold\""),
        route(2, "marketing", "beta", ""),
    ]
    .concat()
}

/// Puts the store of a format into the folder of a daemon.
fn unpack(format: u32, daemon: &Daemon) {
    let store = daemon.config().with_file_name("store");
    std::fs::create_dir_all(&store).unwrap();
    for name in ["nuncio.db", "nuncio.db-wal"] {
        let packed = File::open(fixture(format).join(format!("{name}.gz"))).unwrap();
        let mut file = File::create(store.join(name)).unwrap();
        std::io::copy(&mut GzDecoder::new(packed), &mut file).unwrap();
    }
}

fn pages(format: u32) -> Vec<Value> {
    serde_json::from_reader(File::open(fixture(format).join("pages.json")).unwrap()).unwrap()
}

/// What both versions have to say alike.
fn kept(page: &Value) -> BTreeMap<String, Value> {
    let mut kept: BTreeMap<String, Value> = KEPT.iter().map(|it| ((*it).to_owned(), page[it].clone())).collect();
    for attempt in page["attempts"].as_array().into_iter().flatten() {
        let of = format!("attempt {} of part {}", attempt["number"], attempt["part"]);
        kept.extend(KEPT_OF_ATTEMPT.iter().map(|it| (format!("{of}: {it}"), attempt[it].clone())));
        // What was never answered had the end of the wait for its time.
        let answered = attempt["answered_at"].as_str().filter(|_| !attempt["command_status"].is_null());
        kept.insert(format!("{of}: answered"), answered.into());
        let receipt = |it: &str| attempt["receipt"][it].clone();
        kept.extend(
            ["status", "raw_status", "error_code", "received_at"].map(|it| (format!("{of}: {it}"), receipt(it))),
        );
    }
    kept
}

fn page(daemon: &Daemon, id: &Value) -> Value {
    let reply = daemon.client().get(&format!("/v1/messages/{}", id.as_str().unwrap()));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn taken_over(format: u32) {
    let smsc = Smsc::new();
    let mut daemon = Daemon::prepare(&configuration(smsc.port(), quiet_port()), &[]);
    unpack(format, &daemon);
    daemon.restart();
    let mut link = smsc.bound();
    let pages = pages(format);
    assert_eq!(pages.len(), 30);
    for told in &pages {
        assert_eq!(kept(&page(&daemon, &told["id"])), kept(told), "format {format}");
    }

    // What was asked for under a key is not sent twice. Those versions knew a request by other marks, so that a repeat
    // is taken for another request, and refused.
    let body = json!({ "to": "+31612345678", "from": "SHOP", "text": "Your parcel is on its way", "route_id": 1,
        "client_ref": "parcel-1" });
    let again = daemon.client().keyed("POST", "/v1/messages", &body, "key-1").unwrap();
    assert_eq!((again.status, &again.json()["type"]), (422, &json!("/problems/idempotency-key-reused")));

    // A receipt finds what an older version sent: the carrier gave the id in hexadecimal, and writes it in decimal.
    let sent = pages.iter().find(|it| it["status"] == "SENT").unwrap();
    let given = sent["attempts"][0]["carrier_message_id"].as_str().unwrap();
    let decimal = u64::from_str_radix(given, 16).unwrap();
    let receipt = raw::deliver(4, format!("id:{decimal} stat:DELIVRD err:000").as_bytes());
    let to = sent["to"].as_str().unwrap().trim_start_matches('+');
    let receipt = [&receipt[..3], to.as_bytes(), &receipt[3 + to.len()..]].concat();
    link.send_pdu(raw::DELIVER_SM, 7, &receipt);
    until("the receipt is recorded", PATIENCE, || (page(&daemon, &sent["id"])["status"] == "DELIVERED").then_some(()));

    // The backlog leaves once its carrier is there.
    let (_sim, beta) = sim(&[]);
    daemon.configure(&configuration(smsc.port(), beta));
    daemon.reload();
    let queued: Vec<&Value> = pages.iter().filter(|it| it["status"] == "QUEUED").collect();
    assert_eq!(queued.len(), 10);
    for told in queued {
        until("what waited arrives", PATIENCE, || (page(&daemon, &told["id"])["status"] == "DELIVERED").then_some(()));
    }
}

#[test]
fn a_store_that_the_version_of_format_1_wrote_is_taken_over_with_its_backlog() {
    taken_over(1);
}

#[test]
fn a_store_that_the_version_of_format_2_wrote_is_taken_over_with_its_backlog() {
    taken_over(2);
}
