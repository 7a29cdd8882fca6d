//! Why a link is down, since when, and when it tries again: the real binary before carriers that refuse it in every
//! way.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use crate::identity::identity;
use crate::operation::tls::{config, secured};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const BIND_TRANSCEIVER: u32 = 9;
/// ESME_RINVPASWD and ESME_RALYBND.
const WRONG_PASSWORD: u32 = 0x0E;
const ALREADY_BOUND: u32 = 0x05;

/// The only link, as operators see it, once it is as it should be.
fn link(daemon: &Daemon, is: impl Fn(&Value) -> bool) -> Value {
    until("the link is as it should be", PATIENCE, || {
        Some(daemon.operator().get("/admin/v1/links").json()["data"][0].clone()).filter(&is)
    })
}

/// The same, on the page that needs no key.
fn status(daemon: &Daemon) -> Value {
    daemon.operator_with("no key").get("/statusz").json()
}

/// The link is down for this reason, in words, with this advice.
fn is_down(daemon: &Daemon, error: &str, hint: &str) {
    let shown = link(daemon, |it| it["last_error"].is_object() && it["next_try_at"].is_string());
    let last = &shown["last_error"];
    assert!(last["error"].as_str().is_some_and(|it| it.contains(error)), "{error}: {shown:#}");
    assert!(last["hint"].as_str().is_some_and(|it| it.contains(hint)), "{hint}: {shown:#}");
    assert_eq!((&shown["state"], &shown["failures"].as_u64().map(|it| 0 < it)), (&json!("down"), &Some(true)));
    let time = |it: &Value| it.as_str().unwrap_or_else(|| panic!("{shown:#}")).to_owned();
    assert!(
        time(&shown["since"]) <= time(&last["at"]) && time(&last["at"]) <= time(&shown["next_try_at"]),
        "{shown:#}"
    );
    let told = status(daemon)["links"][0].clone();
    for field in ["id", "state", "since", "last_error"] {
        assert_eq!(told[field], shown[field], "{field}: {told:#}");
    }
}

/// A carrier that does not try again so soon that the test looks in between.
fn patient(address: &str) -> String {
    let carrier = format!(
        "[[carrier]]\nid = \"acme\"\naddress = [\"{address}\"]\nsystem_id = \"nuncio\"\npassword = \"Zk7pQ2xw\"\n\
         reconnect = {{ base = \"30s\", max = \"60s\" }}\n"
    );
    account("[1]") + &carrier + &route("")
}

#[test]
fn a_link_says_that_nobody_listens_or_that_there_is_no_such_name() {
    let port = quiet_port();
    is_down(&Daemon::start(&patient(&format!("127.0.0.1:{port}"))), "refused", "nobody listens");
    is_down(&Daemon::start(&patient("smpp.carrier.invalid:2775")), "resolved", "name in address");
    let http = format!(
        "[[carrier]]\nid = \"acme\"\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\n\
         reconnect = {{ base = \"30s\", max = \"60s\" }}\n[carrier.request]\nbody = 'text={{text}}'\n"
    );
    is_down(&Daemon::start(&(account("[1]") + &http + &route(""))), "refused", "nobody listens");
}

#[test]
fn a_link_says_that_its_bind_is_refused_and_with_what() {
    for (status, error, hint) in
        [(WRONG_PASSWORD, "ESME_RINVPASWD", "password"), (ALREADY_BOUND, "ESME_RALYBND", "another session")]
    {
        let smsc = Smsc::new();
        let daemon = Daemon::start(&patient(&format!("127.0.0.1:{}", smsc.port())));
        let mut peer = smsc.accept();
        let bind = peer.read_command(BIND_TRANSCEIVER);
        peer.answer(&bind, status, b"raw\0");
        is_down(&daemon, error, hint);
        assert_eq!(daemon.said("session ended", 1)["hint"], link(&daemon, |_| true)["last_error"]["hint"]);
    }
}

#[test]
fn a_link_says_that_the_certificate_is_not_trusted() {
    let identity = identity();
    let (_sim, port) = secured(&identity, &[]);
    let daemon = Daemon::start(&config(port, "true"));
    let shown = link(&daemon, |it| it["last_error"].is_object());
    let last = &shown["last_error"];
    assert!(last["error"].as_str().is_some_and(|it| it.contains("certificate")), "{shown:#}");
    assert!(last["hint"].as_str().is_some_and(|it| it.contains("tls.ca_file")), "{shown:#}");
}

#[test]
fn a_link_that_was_lost_is_down_since_then_however_often_it_tries_and_says_why_once_it_is_back() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let mut peer = smsc.bound();
    let up = link(&daemon, |it| it["state"] == "bound");
    assert_eq!((&up["failures"], &up["last_error"], &up["next_try_at"]), (&json!(0), &Value::Null, &Value::Null));
    // Each further connection is closed before its bind is answered.
    peer.send_pdu(raw::ENQUIRE_LINK, 7, &[]);
    peer.read_command(raw::ENQUIRE_LINK | raw::RESPONSE);
    drop(peer);
    let first = link(&daemon, |it| it["state"] == "down");
    (0..3).for_each(|_| drop(smsc.accept()));
    let later = link(&daemon, |it| it["failures"].as_u64().is_some_and(|it| 3 <= it));
    assert_eq!(later["since"], first["since"]);
    assert_ne!(later["last_error"]["at"], first["last_error"]["at"]);
    let _peer = loop {
        let mut peer = smsc.accept();
        if let Ok(bind) = peer.read() {
            peer.answer(&bind, 0, b"raw\0");
            break peer;
        }
    };
    let back = link(&daemon, |it| it["state"] == "bound");
    assert_eq!((&back["failures"], &back["next_try_at"]), (&json!(0), &Value::Null));
    assert!(back["last_error"]["error"].is_string() && first["since"] != back["since"], "{back:#}");
}

#[test]
fn the_answers_of_the_last_minute_stand_at_carriers_links_and_on_the_open_page() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("retry = { attempts = 1 }")));
    let mut peer = smsc.bound();
    for nth in 0..4_u32 {
        let body = json!({ "to": "+31612345678", "from": "shop", "text": "hello" });
        assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
        let submit = peer.read_command(raw::SUBMIT_SM);
        std::thread::sleep(Duration::from_millis(200));
        // ESME_RINVDSTADR
        peer.answer(&submit, if nth == 3 { 0x0B } else { 0 }, format!("m{nth}\0").as_bytes());
    }
    let shown = link(&daemon, |it| it["carrier_last_minute"]["answers"] == 4);
    let minute = &shown["carrier_last_minute"];
    assert_eq!(minute["refused"], 1);
    for figure in ["p50_seconds", "p99_seconds"] {
        assert!(minute[figure].as_f64().is_some_and(|it| (0.17..1.0).contains(&it)), "{minute}");
    }
    let carriers = daemon.operator().get("/admin/v1/carriers").json();
    assert_eq!(&carriers["data"][0]["last_minute"], minute);
    let told = until("the page has it", PATIENCE, || {
        Some(status(&daemon)["carriers"][0].clone()).filter(|it| it["last_minute"]["answers"] == 4)
    });
    assert_eq!((&told["id"], &told["last_minute"]), (&json!("acme"), minute));
}
