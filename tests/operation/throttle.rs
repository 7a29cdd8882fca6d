//! Carriers that throttle one number, that have a limit, or that are sick and say so politely: the real binary on both
//! sides, and a web service that says 429.

use crate::daemon::simulated::sim;
use crate::daemon::web::{Act, Web};
use crate::daemon::{Daemon, account, carrier, carrier_named, route, until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// The number that has enough.
const FULL: &str = "+31600000000";

fn send(daemon: &Daemon, to: &[String]) -> Value {
    let reply = daemon.client().post("/v1/messages", &json!({ "to": to, "from": "SHOP", "text": "hello" }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()
}

fn numbers(count: usize) -> Vec<String> {
    (1..=count).map(|it| format!("+3161{it:07}")).collect()
}

/// A message to the number that has enough, then two hundred others, which arrive; what its page and the queue say.
fn one_is_full(daemon: &Daemon) {
    let id = send(daemon, &[FULL.to_owned()])["messages"][0]["id"].as_str().unwrap().to_owned();
    let order = send(daemon, &numbers(200))["order_id"].as_u64().unwrap();
    until("two hundred others are sent", Duration::from_secs(20), || {
        let order = daemon.client().get(&format!("/v1/orders/{order}")).json();
        (order["sent"].as_u64()? + order["delivered"].as_u64()? == 200).then_some(())
    });
    let page = until("it is tried again", PATIENCE, || {
        let page = daemon.client().get(&format!("/v1/messages/{id}")).json();
        (2 <= page["throttled"].as_u64()?).then_some(page)
    });
    assert_eq!((&page["status"], &page["attempts"][0]["answer"]), (&json!("QUEUED"), &json!("later")), "{page}");
    let queue = until("it stands aside", PATIENCE, || {
        let queues = daemon.operator().get("/admin/v1/queues").json();
        Some(queues["data"][0].clone()).filter(|it| it["throttled"] == 1)
    });
    assert_eq!((&queue["parts"], &queue["delayed"]), (&json!(1), &json!(0)), "{queue}");
}

#[test]
fn a_number_that_a_carrier_has_enough_for_holds_nobody_up() {
    for (status, of_carrier, of_route) in [
        ("ESME_RMSGQFUL", "", ""),
        ("ESME_RTHROTTLED", "pace = \"200/s\"", ""),
        ("ESME_RMSGQFUL", "binds = 2", "strict_order = true"),
    ] {
        let (_sim, port) = sim(&["--refuse", &format!("{FULL}={status}")]);
        let daemon = Daemon::start(&(account("[1]") + &carrier(port, of_carrier) + &route(of_route)));
        one_is_full(&daemon);
    }
}

#[test]
fn a_number_for_which_a_carrier_over_http_says_429_holds_nobody_up() {
    let web = Web::start(|nth, asked| {
        if asked.json()["to"] == FULL {
            return Act::Reply(429, "", String::new());
        }
        Act::Reply(202, "", format!("{{\"id\":\"web-{nth}\"}}"))
    });
    let carrier = format!(
        "[[carrier]]\nid = \"acme\"\nkind = \"http\"\nurl = \"http://127.0.0.1:{}/send\"\n\
         reconnect = {{ base = \"50ms\", max = \"200ms\" }}\n[carrier.request]\nformat = \"json\"\n\
         body = '{{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}}'\n[carrier.answer]\nid = \"/id\"\n",
        web.port()
    );
    one_is_full(&Daemon::start(&(account("[1]") + &carrier + &route(""))));
}

/// When submits came, in milliseconds of the machine's clock, and how they were answered.
fn came(ledger: &Path) -> Vec<(u64, u64)> {
    let lines = std::fs::read_to_string(ledger).unwrap_or_default();
    let lines = lines.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
    lines.filter_map(|it| Some((it["at"].as_u64()?, it["status"].as_u64()?))).collect()
}

#[test]
fn the_limit_of_a_carrier_is_found_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let ledger: PathBuf = folder.path().join("ledger");
    let (_sim, port) =
        sim(&["--rate", "50", "--latency", "10ms", "--receipts", "1h", "--ledger", ledger.to_str().unwrap()]);
    let daemon = Daemon::start(&(account("[1]") + &carrier(port, "binds = 2") + &route("")));
    send(&daemon, &numbers(800));
    let start = until("the first has come", PATIENCE, || came(&ledger).first().map(|it| it.0));
    let span = 2_000..14_000;
    let all = until("fourteen seconds are over", PATIENCE, || {
        Some(came(&ledger)).filter(|it| it.last().is_some_and(|it| start + span.end < it.0))
    });
    let counted = |wanted: fn(u64) -> bool| {
        all.iter().filter(|it| span.contains(&it.0.saturating_sub(start)) && wanted(it.1)).count() as f64
    };
    let (taken, throttled) = (counted(|it| it == 0) / 600.0, counted(|it| it == 0x58));
    println!("{taken:.3} of fifty a second were taken, {throttled} throttled in twelve seconds");
    // Of a minute they are 3 % at most; these seconds are the first of it, and have the end of the search.
    assert!(0.85 < taken && throttled < 50.0, "{taken:.3}, {throttled}");
}

#[test]
fn a_carrier_that_is_sick_and_says_so_politely_loses_its_traffic_at_once() {
    for status in ["ESME_RSYSERR", "ESME_RX_T_APPN", "ESME_RX_P_APPN"] {
        let folder = tempfile::tempdir().unwrap();
        let ledger: PathBuf = folder.path().join("ledger");
        let (_sick, first) = sim(&["--reject", &format!("{status}=100%"), "--ledger", ledger.to_str().unwrap()]);
        let (_well, second) = sim(&[]);
        let other = carrier_named("beta", second, "");
        let both = "[[route]]\nid = 1\ncarriers = [\"acme\", \"beta\"]\n";
        let daemon = Daemon::start(&(account("[1]") + &carrier(first, "") + &other + both));
        until("both are up", PATIENCE, || (daemon.metrics().sum("link_up", &[]) == 2.0).then_some(()));
        let order = send(&daemon, &numbers(200))["order_id"].as_u64().unwrap();
        until("all are delivered", Duration::from_secs(20), || {
            (daemon.client().get(&format!("/v1/orders/{order}")).json()["delivered"] == 200).then_some(())
        });
        let refused = came(&ledger);
        // As many as its breaker wants to see, and what was on the link by then.
        assert!((20..=60).contains(&refused.len()), "{status}: {} were tried there", refused.len());
        let carriers = daemon.operator().get("/admin/v1/carriers").json();
        assert_eq!(carriers["data"][0]["breaker"]["state"], "open", "{carriers}");
    }
}
