//! Operators see and act, through the real binary.

use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, account, carrier, carrier_named, quiet_port, route, until};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn send(daemon: &Daemon, to: &str, text: &str) {
    let body = json!({ "to": to, "from": "YOURAPP", "text": text });
    let accepted = daemon.client().post("/v1/messages", &body);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
}

fn order(daemon: &Daemon, path: &str, mut body: Value) -> Value {
    body["reason"] = "a test".into();
    let reply = daemon.operator().post(&format!("/admin/v1/{path}"), &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn see(daemon: &Daemon, path: &str) -> Value {
    let reply = daemon.operator().get(&format!("/admin/v1/{path}"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[test]
fn a_pause_survives_a_kill_and_ends_by_itself() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let link = smsc.bound();
    let paused = order(&daemon, "carriers/acme/pause", json!({ "for": "8s" }));
    send(&daemon, "+31612345678", "one");
    daemon.kill();
    drop(link);
    daemon.restart();
    let mut link = smsc.bound();
    until("it is bound again", PATIENCE, || (see(&daemon, "links")["data"][0]["state"] == "bound").then_some(()));
    let shown = see(&daemon, "carriers");
    let shown = &shown["data"][0];
    assert_eq!((&shown["closed"], &shown["queued"], &shown["held"]), (&json!("paused"), &json!(1), &paused));
    let queue = &see(&daemon, "queues")["data"][0];
    assert_eq!((&queue["route_id"], &queue["carrier"], &queue["parts"]), (&json!(1), &json!("acme"), &json!(1)));
    // The part goes once the pause is over, and not before.
    let submit = link.read_command(raw::SUBMIT_SM);
    let shown = see(&daemon, "carriers");
    assert_eq!((&shown["data"][0]["held"], &shown["data"][0]["closed"]), (&Value::Null, &Value::Null));
    link.answer(&submit, 0, b"7\0");
    daemon.said("what an operator ordered has had its time", 1);
    assert_eq!(see(&daemon, "actions")["data"], json!([paused]));
}

#[test]
fn a_link_is_bound_anew_and_its_trace_shows_neither_numbers_nor_texts_nor_passwords() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let mut link = smsc.bound();
    until("it is bound", PATIENCE, || (see(&daemon, "links")["data"][0]["state"] == "bound").then_some(()));
    order(&daemon, "links/acme-1/trace", json!({ "for": "5m", "pdus": 50 }));
    send(&daemon, "+31612345678", "quite secret");
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"77\0");
    link.send_pdu(raw::DELIVER_SM, 7, &raw::deliver(4, b"id:77 stat:DELIVRD err:000 text:quite secret"));
    link.read_command(raw::DELIVER_SM | raw::RESPONSE);
    order(&daemon, "links/acme-1/rebind", json!({}));
    let unbind = link.read_command(raw::UNBIND);
    link.answer(&unbind, 0, &[]);
    link.read_to_close();
    let _again = smsc.bound();
    let text = until("the new bind is in the trace", PATIENCE, || {
        let reply = daemon.operator().get("/admin/v1/links/acme-1/trace");
        let text = reply.text();
        text.contains("bind_transceiver_resp").then_some(text)
    });
    let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).expect("a line of JSON")).collect();
    let seen: Vec<(&str, &str)> =
        lines.iter().map(|it| (it["direction"].as_str().unwrap(), it["command"].as_str().unwrap())).collect();
    for expected in [
        ("out", "submit_sm"),
        ("in", "submit_sm_resp"),
        ("in", "deliver_sm"),
        ("out", "deliver_sm_resp"),
        ("out", "unbind"),
        ("out", "bind_transceiver"),
    ] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
    }
    for secret in ["31612345678", "quite secret", "YOURAPP", "Zk7pQ2xw", "shop"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("3161****678"), "{text}");
}

#[test]
fn a_dry_run_says_what_would_happen_and_why_and_what_it_costs() {
    let (acme, beta) = (Smsc::new(), Smsc::new());
    let other = |name: &str, port: u16, cost: &str| {
        carrier_named(name, port, &format!("cost = {{ default = \"{cost}\", currency = \"EUR\" }}"))
    };
    let routes = "[[route]]\nid = 1\nclass = \"otp\"\ncarriers = [\"acme\", \"beta\"]\nprice = { default = \"0.087\", currency = \"EUR\" }\n\
                  [[route]]\nid = 2\nclass = \"otp\"\ncarriers = [\"beta\"]\nprice = { NL = \"0.09\", currency = \"EUR\" }\n\
                  [[rule]]\nprefix = [\"+32\"]\nroute = 1\n[[rule]]\nprefix = [\"+31\"]\nroute = 1\n";
    let daemon = Daemon::start(
        &(account("[2, 1]") + &other("acme", acme.port(), "0.031") + &other("beta", beta.port(), "0.04") + routes),
    );
    let (_acme, _beta) = (acme.bound(), beta.bound());
    until("both are bound", PATIENCE, || {
        let links = see(&daemon, "links");
        links["data"].as_array()?.iter().all(|it| it["state"] == "bound").then_some(())
    });
    let ask = |more: &str| see(&daemon, &format!("routes/dry-run?to=%2B31612345678&account=shop&from=YOURAPP{more}"));
    let page = ask("");
    assert_eq!((&page["accepted"], &page["goes_to"], &page["waits"]), (&json!(true), &json!("acme"), &json!(false)));
    assert_eq!(page["rules"][0]["why_not"], "the number has none of its prefixes");
    assert_eq!((&page["rules"][1]["fits"], &page["route"]["chosen_by"]), (&json!(true), &json!("rule 2")));
    assert_eq!((&page["cost"], &page["parts"], &page["country"]), (&json!("0.087"), &json!(1), &json!("NL")));
    let carriers = &page["carriers"];
    assert_eq!((&carriers[0]["cost"], &carriers[0]["margin"]), (&json!("0.031"), &json!("0.056")));
    assert_eq!((&carriers[1]["id"], &carriers[1]["why"]), (&json!("beta"), &json!("listed")));

    order(&daemon, "carriers/acme/breaker", json!({ "state": "open", "for": "10m" }));
    let page = ask(&format!("&text={}", "a".repeat(200)));
    assert_eq!((&page["goes_to"], &page["parts"], &page["cost"]), (&json!("beta"), &json!(2), &json!("0.174")));
    assert_eq!(page["carriers"][0]["closed"], "breaker_open");
    assert_eq!(page["carriers"][1]["cost"], "0.080");

    let page = ask("&class=marketing");
    assert_eq!((&page["accepted"], &page["refusal"]["stage"]), (&json!(false), &json!("authorization")));
    assert_eq!(ask("&route_id=2")["route"]["chosen_by"], "the request");
    let unpriced = see(&daemon, "routes/dry-run?to=%2B4915112345678&account=shop&from=YOURAPP&route_id=2");
    assert_eq!(unpriced["refusal"]["code"], "no-price");
    let mut operator = daemon.operator();
    assert_eq!(operator.get("/admin/v1/routes/dry-run?to=%2B31612345678&account=nobody").status, 404);
    assert_eq!(operator.get("/admin/v1/routes/dry-run?account=shop").status, 422);
    let stored = daemon.client().get("/v1/messages").json();
    assert_eq!(stored["data"], json!([]), "nothing is stored");
}

#[test]
fn what_a_carrier_that_is_paused_has_waiting_goes_to_the_next_and_is_counted() {
    let (acme, beta) = (Smsc::new(), Smsc::new());
    let route = "[[route]]\nid = 1\ncarriers = [\"acme\", \"beta\"]\n";
    let second = carrier_named("beta", beta.port(), "");
    let daemon = Daemon::start(&(account("[1]") + &carrier(acme.port(), "") + &second + route));
    let (_acme, mut link) = (acme.bound(), beta.bound());
    let series = "failovers_total{from=\"acme\",to=\"beta\",cause=\"moved\"}";
    assert_eq!(daemon.metrics().sum("failovers_total", &[]), 0.0);
    order(&daemon, "carriers/acme/breaker", json!({ "state": "open", "for": "10m" }));
    until("the metric says so", PATIENCE, || {
        (daemon.metrics().value("breaker_state{carrier=\"acme\"}") == 2.0).then_some(())
    });
    order(&daemon, "carriers/acme/breaker", json!({ "state": "auto" }));
    order(&daemon, "routes/1/pause", json!({ "for": "10m" }));
    send(&daemon, "+31612345678", "one");
    assert_eq!(see(&daemon, "carriers")["data"][0]["queued"], 1);
    order(&daemon, "carriers/acme/move", json!({ "to": "beta" }));
    assert_eq!(see(&daemon, "queues")["data"][0]["carrier"], "beta");
    assert_eq!(daemon.metrics().value(series), 1.0);
    order(&daemon, "routes/1/resume", json!({}));
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"7\0");
    let list = until("it is sent", PATIENCE, || {
        let list = daemon.client().get("/v1/messages").json();
        (list["data"][0]["status"] == "SENT").then_some(list)
    });
    let attempt = &list["data"][0]["attempts"][0];
    assert_eq!((&attempt["carrier"], &attempt["cause"]), (&json!("beta"), &json!("moved")));
}

#[test]
fn the_configuration_is_shown_without_its_secrets_and_follows_a_reload() {
    let smsc = Smsc::new();
    let config = account("[1]") + &carrier(smsc.port(), "") + &route("");
    let daemon = Daemon::start(&config);
    let shown = see(&daemon, "config");
    assert_eq!(
        (&shown["carrier"][0]["system_id"], &shown["carrier"][0]["password"]),
        (&json!("nuncio"), &json!("****"))
    );
    assert_eq!(shown["account"][0]["key_sha256"], json!(["****"]));
    assert_eq!(shown["store"]["min_free"], "1MiB", "the environment is in it");
    let other = config.replace("id = 1", "id = 1\nname = \"other\"") + "[store]\nretention = \"2d\"\n";
    daemon.configure(&other);
    daemon.reload();
    let shown = see(&daemon, "config");
    assert_eq!(shown["route"][0]["name"], "other");
    assert_eq!(shown["store"]["retention"], Value::Null, "that takes effect at the next start");
}

#[test]
fn queues_come_oldest_first() {
    let second = "[[route]]\nid = 2\ncarriers = [\"acme\"]\n";
    let config = account("[1, 2]") + &carrier(quiet_port(), "") + &route("") + second;
    let daemon = Daemon::start(&config);
    for route in [2, 1] {
        let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "hi", "route_id": route });
        assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
        until("the queue has aged", PATIENCE, || {
            let queues = see(&daemon, "queues")["data"].clone();
            let aged =
                |it: &Value| it["route_id"] == route && it["oldest_age_seconds"].as_f64().is_some_and(|it| 0.02 < it);
            queues.as_array()?.iter().any(aged).then_some(())
        });
    }
    let routes: Vec<Value> =
        see(&daemon, "queues")["data"].as_array().unwrap().iter().map(|it| it["route_id"].clone()).collect();
    assert_eq!(routes, [2, 1]);
}

#[test]
fn suppressions_come_oldest_first_say_their_scope_and_their_last_page_is_the_last() {
    let daemon = Daemon::start(&(account("[1]") + &carrier(quiet_port(), "") + &route("")));
    let put = |body: Value| {
        let reply = daemon.operator().post("/admin/v1/suppressions", &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let all = [
        put(json!({ "to": "+31612345679", "account": "shop", "sender": "12345", "reason": "a" })),
        put(json!({ "to": "+31612345678", "reason": "b" })),
        put(json!({ "to": "+31612345678", "account": "shop", "reason": "c" })),
        put(json!({ "to": "+31612345678", "sender": "12345", "reason": "d" })),
    ];
    assert!(all.iter().all(|it| it["scope"] == "marketing"), "as the configuration says where it says nothing");
    let page = |query: &str| see(&daemon, &format!("suppressions?{query}"));
    let first = page("limit=2");
    assert_eq!(first["data"], json!(all[..2]));
    let last = page(&format!("limit=2&cursor={}", first["next_cursor"].as_str().expect("there is more")));
    assert_eq!((&last["data"], &last["next_cursor"]), (&json!(all[2..]), &Value::Null));
    // What holds for everybody holds for the account.
    let of_number = page("to=%2B31612345678&account=shop");
    assert_eq!((of_number["data"].as_array().unwrap().len(), &of_number["next_cursor"]), (3, &Value::Null));
    assert_eq!(page("account=shop")["data"], json!([all[0], all[2]]), "the account's own");
}

#[test]
fn an_accepted_request_is_in_the_log_with_its_order_its_messages_and_the_name_of_its_account() {
    let config = account("[1]") + &carrier(quiet_port(), "") + &route("");
    let daemon = Daemon::start_with(&config, &[("NUNCIO_LOG_LEVEL", "debug")]);
    let numbers: Vec<String> = (0..20).map(|it| format!("+316123456{it:02}")).collect();
    let body = json!({ "to": numbers, "from": "YOURAPP", "text": "hi" });
    let accepted = daemon.client().post("/v1/messages", &body).json();
    let line = daemon.said("accepted", 1);
    assert_eq!(
        (&line["order_id"], &line["account"], &line["count"]),
        (&accepted["order_id"], &json!("shop"), &json!(20))
    );
    let ids: Vec<&str> = accepted["messages"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(
        line["message_ids"].as_str().expect("they are named"),
        ids[..8].join(" "),
        "as many as a line has room for"
    );
}
