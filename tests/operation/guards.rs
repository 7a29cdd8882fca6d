//! Guards through the real binary: what attackers ask for, how little of it leaves, and what operators see of it.

use crate::daemon::client::Reply;
use crate::daemon::{digest, until};
use crate::operation::verify::{NUMBER, Stage, wrong};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Guards of which none is asked.
const OFF: [&str; 12] = [
    "listed",
    "line",
    "wrong_guesses",
    "per_phone",
    "per_ip",
    "per_network",
    "per_app",
    "sequence",
    "pumping",
    "new_country",
    "max_price",
    "spend",
];

/// `[guard]` with these lines, in which all guards but `on` are off.
fn only(on: &[&str], lines: &str) -> String {
    let off: Vec<String> = OFF.iter().filter(|it| !on.contains(it)).map(|it| format!("{it} = \"off\"")).collect();
    format!("[guard]\nmode = {{ {} }}\n{lines}\n", off.join(", "))
}

/// What is refused, with its reason and the seconds that it takes.
fn refused(reply: &Reply) -> (u16, String, Option<u64>) {
    let body = reply.json();
    let reason = body["reason"].as_str().unwrap_or_else(|| panic!("{}", reply.text())).to_owned();
    let problem = if reply.status == 403 { "/problems/challenge-required" } else { "/problems/verification-limited" };
    assert_eq!(body["type"], json!(problem));
    assert_eq!(body["until"].is_string(), reply.header("retry-after").is_some(), "{body}");
    (reply.status, reason, reply.header("retry-after").map(|it| it.parse().unwrap()))
}

fn to(number: u64) -> Value {
    json!({ "to": format!("+{number}") })
}

/// So many begin at once, from ten connections: how many of them send, and why the others do not.
fn storm(stage: &Stage, bodies: &[Value]) -> (usize, Vec<String>) {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut sent, mut reasons, mut client) = (0, Vec::new(), stage.daemon.client());
        while let Some(more) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut body = json!({ "app": "login" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let reply = client.post("/v1/verifications", &body);
            if reply.status == 202 { sent += 1 } else { reasons.push(refused(&reply).1) }
        }
        (sent, reasons)
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..10).map(|_| scope.spawn(work)).collect();
        let all = all.into_iter().map(|it| it.join().expect("it asks"));
        all.fold((0, Vec::new()), |sum, it| (sum.0 + it.0, [sum.1, it.1].concat()))
    })
}

#[test]
fn five_thousand_to_one_prefix_are_fifty_and_operators_see_and_lift_the_block() {
    let mut stage = Stage::new(1, &only(&["pumping"], ""));
    let bodies: Vec<Value> = (0..5_000).map(|it| to(31_612_340_000 + it)).collect();
    let (sent, reasons) = storm(&stage, &bodies);
    assert_eq!((sent, reasons.len()), (50, 4_950));
    assert!(reasons.iter().all(|it| it == "prefix_blocked"), "{:?}", reasons.first());
    stage.kill_and_start();
    let (status, reason, wait) = refused(&stage.start(to(31_612_349_999)));
    assert_eq!((status, &*reason), (403, "prefix_blocked"));
    assert!(wait.is_some_and(|it| (1..=300).contains(&it)), "{wait:?}");
    assert_eq!(stage.start(to(31_612_359_999)).status, 202, "its neighbours are no concern of it");
    until("a gauge says so", Duration::from_secs(20), || {
        (stage.daemon.metrics().value("guard_blocks") == 1.0).then_some(())
    });
    let page = stage.daemon.operator().get("/admin/v1/guards").json();
    let block = &page["blocks"][0];
    assert_eq!(
        (&block["prefix"], &block["guard"], &block["times"]),
        (&json!("+3161234"), &json!("pumping"), &json!(1))
    );
    let body = json!({ "state": "allow", "for": "1h", "reason": "a school signs up" });
    let order = stage.daemon.operator().post("/admin/v1/prefixes/+3161234/guard", &body);
    assert_eq!((order.status, &order.json()["target"]), (200, &json!({ "prefix": "+3161234" })), "{}", order.text());
    stage.kill_and_start();
    assert_eq!(stage.start(to(31_612_349_999)).status, 202, "it was let through");
    let page = stage.daemon.operator().get("/admin/v1/guards").json();
    assert_eq!(page["orders"][0]["reason"], json!("a school signs up"), "{page}");
    let body = json!({ "state": "block", "for": "1h", "reason": "it pumps" });
    assert_eq!(stage.daemon.operator().post("/admin/v1/prefixes/3161/guard", &body).status, 200);
    assert_eq!(refused(&stage.start(to(31_615_000_000))).1, "block_listed");
    assert_eq!(stage.start(to(31_612_349_998)).status, 202, "the longer prefix counts");
    let bad = stage.daemon.operator().post("/admin/v1/prefixes/31/guard", &body);
    assert_eq!(bad.status, 404, "{}", bad.text());
}

#[test]
fn a_number_has_its_limits_over_apps_and_restarts_until_its_code_comes_back() {
    let second = "[[app]]\nid = \"pay\"\nroute = 8\ncountries = [\"NL\"]\nresend_after = \"1s\"\nbrand = \"Shop\"\ndomain = \"shop.example\"\n\
                  text = { en = \"{code} is your {brand} code.\" }\n";
    let mut stage = Stage::new(1, &(second.to_owned() + "[guard]\n"));
    let id = stage.begun();
    let code = stage.takes(0, "1");
    assert_eq!(stage.start(json!({ "app": "pay" })).status, 202);
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(stage.post(&id, "resend").status, 202);
    std::thread::sleep(Duration::from_millis(1_100));
    stage.kill_and_start();
    for reply in [stage.post(&id, "resend"), stage.start(json!({})), stage.start(json!({ "app": "pay" }))] {
        let (status, reason, wait) = refused(&reply);
        // What rests is not asked for at all.
        assert_eq!((status, &*reason), (429, "repeated"), "{}", reply.text());
        assert!(wait.is_some_and(|it| (580..=600).contains(&it)), "{wait:?}");
    }
    assert_eq!(stage.start(to(31_687_654_321)).status, 202);
    assert_eq!(stage.result(&id, &code), "ok");
    assert_eq!(stage.start(json!({})).json()["result"], json!("created"), "it is free again");
    let refusals = stage.daemon.metrics().sum("guard_rejections_total", &["guard=\"per_phone\"", "mode=\"enforce\""]);
    assert_eq!(refusals, 3.0);
}

#[test]
fn addresses_of_one_network_are_one_and_what_is_in_shadow_only_counts() {
    let stage = Stage::new(1, &only(&["per_network", "per_ip"], "per_network = [\"7/1h\"]\nper_ip = [\"3/1h\"]"));
    let of = |it: u64, ip: String| json!({ "to": format!("+{}", 31_612_000_000 + 10_007 * it), "ip": ip });
    let one = storm(&stage, &(0..20).map(|it| of(it, "192.0.2.7".into())).collect::<Vec<_>>());
    assert_eq!((one.0, &*one.1[0]), (3, "network_limit"));
    let rotating: Vec<Value> = (0..200).map(|it| of(20 + it, format!("2001:db8:1:2::{it:x}"))).collect();
    assert_eq!(storm(&stage, &rotating).0, 7);
    let mapped = stage.start(of(300, "::ffff:192.0.2.7".into()));
    assert_eq!(refused(&mapped).1, "network_limit", "however it is written");
    let lines = only(&["per_network", "per_ip"], "per_network = [\"7/1h\"]\nper_ip = [\"3/1h\"]");
    let shadow = lines.replace("mode = {", "mode = { per_network = \"shadow\", per_ip = \"shadow\",");
    stage.daemon.configure(&stage.configuration(&shadow));
    stage.daemon.reload();
    assert_eq!(storm(&stage, &(0..20).map(|it| of(400 + it, "192.0.2.7".into())).collect::<Vec<_>>()).0, 20);
    let counted = stage.daemon.metrics().sum("guard_rejections_total", &["guard=\"per_ip\"", "mode=\"shadow\""]);
    assert_eq!(counted, 20.0);
}

#[test]
fn wrong_guesses_count_over_verifications_and_kills_and_stop_guesses_and_codes() {
    let lines = only(&["wrong_guesses"], "wrong_guesses_per_phone = \"4/1d\"");
    let mut stage = Stage::new(1, &format!("checks = 3\n{lines}"));
    let first = stage.begun();
    let code = stage.takes(0, "1");
    for _ in 0..3 {
        assert_eq!(stage.result(&first, &wrong(&code)), "incorrect");
    }
    std::thread::sleep(Duration::from_millis(1_100));
    let second = stage.begun();
    let code = stage.takes(0, "2");
    assert_eq!(stage.result(&second, &wrong(&code)), "incorrect");
    for _ in 0..2 {
        let guess = stage.daemon.client().post(&format!("/v1/verifications/{second}/check"), &json!({ "code": code }));
        assert_eq!((guess.status, &*refused(&guess).1), (429, "wrong_guesses"), "{}", guess.text());
        stage.kill_and_start();
    }
    assert_eq!(stage.get(&second)["checks_left"], json!(2), "what is not looked at costs no guess");
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(refused(&stage.post(&second, "resend")).1, "wrong_guesses");
}

#[test]
fn money_is_not_overrun_by_those_who_come_at_once_and_dear_numbers_are_sent_nothing() {
    let lines = only(&["spend", "max_price"], "spend = \"1.00/1h\"");
    let app = format!("max_price = {{ currency = \"EUR\", default = \"0.10\", \"+3169\" = \"0.05\" }}\n{lines}");
    let stage = Stage::with_cost(1, &app, "{ currency = \"EUR\", default = \"0.09\" }");
    let bodies: Vec<Value> = (0..300).map(|it| to(31_612_000_000 + 1_000_003 * it)).collect();
    let (sent, reasons) = storm(&stage, &bodies);
    assert_eq!((sent, reasons.len()), (11, 289), "0.99 of 1.00");
    assert!(reasons.iter().all(|it| it == "spend"));
    let page = stage.daemon.operator().get("/admin/v1/guards").json();
    assert_eq!((&page["spend"]["spent"], &page["spend"]["limit"]), (&json!("0.990"), &json!("1.000")), "{page}");
    until("a gauge says so", Duration::from_secs(20), || {
        (stage.daemon.metrics().value("guard_spent_ratio") == 0.99).then_some(())
    });
    let dear = stage.start(to(31_690_000_000));
    assert_eq!(refused(&dear), (403, "spend".into(), None));
    assert_eq!(stage.daemon.count("much of what codes may cost is spent"), 2, "at a half and at four fifths");
}

#[test]
fn lines_lists_sequences_and_new_countries_are_refused_and_foretold() {
    let lines = only(&["line", "listed", "sequence", "new_country"], "block = [\"+3197\"]\nsafe = [\"+316123\"]");
    let mut stage = Stage::new(1, &lines);
    let foretold = |stage: &Stage, number: u64| {
        let mut body = to(number);
        body["app"] = json!("login");
        let reply = stage.daemon.client().post("/v1/verifications/predict", &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let it = reply.json();
        (it["decision"].as_str().unwrap().to_owned(), it["reason"].clone())
    };
    for (number, reason) in [(31_201_234_567, "line_unsuitable"), (31_970_123_456, "block_listed")] {
        assert_eq!(foretold(&stage, number), ("refuse".into(), json!(reason)));
        assert_eq!(refused(&stage.start(to(number))), (403, reason.into(), None));
    }
    for it in 0..20 {
        assert_eq!(foretold(&stage, 31_655_555_500 + it).0, "allow", "to ask counts nothing");
    }
    let sent = (0..10).filter(|it| stage.start(to(31_655_555_500 + it)).status == 202).count();
    assert_eq!((sent, foretold(&stage, 31_655_555_599).1), (5, json!("sequence")));
    let sent = (0..10).filter(|it| stage.start(to(31_640_000_000 + 1_003 * it)).status == 202).count();
    assert_eq!((sent, foretold(&stage, 31_645_555_599).1), (5, json!("country_limit")), "ten of a new country");
    assert_eq!(foretold(&stage, 31_612_345_678).0, "allow", "a safe prefix");
    // Three come back, and the country is open; also after a kill.
    (0..10).for_each(|it| _ = stage.takes(0, &format!("lost-{it}")));
    for it in 0..3 {
        let id = stage.start(to(31_612_345_600 + it)).json()["id"].as_str().unwrap().to_owned();
        let code = stage.takes(0, &format!("back-{it}"));
        assert_eq!(stage.result(&id, &code), "ok");
    }
    stage.kill_and_start();
    assert_eq!(foretold(&stage, 31_645_555_599).0, "allow");
}

#[test]
fn a_replay_says_what_each_guard_would_have_stopped() {
    let mut stage = Stage::new(1, &only(&["sequence"], "").replace("mode = {", "mode = { sequence = \"shadow\","));
    for it in 0..8 {
        assert_eq!(stage.start(to(31_655_555_500 + it)).status, 202);
    }
    let id = stage.begun();
    let code = (0..9).map(|it| stage.takes(0, &format!("m{it}"))).last().unwrap();
    assert_eq!(stage.result(&id, &code), "ok");
    let replay = stage.daemon.command(&["guard", "replay", "--since", "1h"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&replay.stdout).into_owned();
    assert!(replay.status.success(), "{said}{}", String::from_utf8_lossy(&replay.stderr));
    assert!(said.starts_with("9 codes of 9 verifications were sent, and 1 of these came back."), "{said}");
    let row = |name: &str| -> Vec<u64> {
        let line = said.lines().find(|it| it.starts_with(name)).unwrap_or_else(|| panic!("{said}"));
        line[14..].split_whitespace().map(|it| it.parse().unwrap()).collect()
    };
    assert_eq!((row("sequence"), row("per_phone"), row("all together")), (vec![3, 3, 0], vec![0, 0, 0], vec![3, 3, 0]));
    assert!(!said.contains(&NUMBER[1..]) && !said.contains("316555555"), "{said}");
    let bad = stage.daemon.command(&["guard", "replay", "--since", "week"]).output().expect("it runs");
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn what_costs_nothing_meets_no_guard_and_counts_for_none() {
    let tries_out = "[[account]]\nid = \"trial\"\nkey_sha256 = [\"{digest}\"]\nscopes = [\"verify\"]\nroutes = [8]\n\
                     senders = [\"YOURAPP\"]\nsandbox = true\n";
    let key = "trial-key-0123456789abcdef";
    let account = tries_out.replace("{digest}", &digest(key));
    let app = "test_numbers = { \"+31600000001\" = \"123456\" }\n";
    let guard = "[guard]\nper_phone = [\"1/1d\"]\nper_app = [\"3/1d\"]\n";
    let stage = Stage::new(1, &format!("{app}{account}{guard}"));
    let mut trial = stage.daemon.client_with(key);
    for it in 0..20 {
        let body = json!({ "to": format!("+3161234567{}", it % 3), "app": "login" });
        let reply = trial.post("/v1/verifications", &body);
        assert!(reply.status == 202, "{it}: {}", reply.text());
        let test = stage.start(json!({ "to": "+31600000001" }));
        assert_eq!(test.status, 202, "{}", test.text());
    }
    let sent = (0..5).filter(|it| stage.start(to(31_612_345_670 + it)).status == 202).count();
    assert_eq!(sent, 3, "of the app, all of them live");
    let foretold = trial.post("/v1/verifications/predict", &json!({ "to": NUMBER, "app": "login" })).json();
    assert_eq!((&foretold["decision"], &foretold["price"]), (&json!("allow"), &json!(null)), "{foretold}");
}

#[test]
fn another_carrier_is_spent_as_well_and_who_came_back_passes_a_block_of_his_neighbours() {
    let lines = only(&["spend", "sequence"], "spend = \"9.00/1h\"");
    let mut stage = Stage::with_cost(2, &lines, "{ currency = \"EUR\", default = \"0.09\" }");
    let spent = |stage: &Stage| stage.daemon.operator().get("/admin/v1/guards").json()["spend"]["spent"].clone();
    let id = stage.begun();
    let code = stage.takes(0, "1");
    assert_eq!(spent(&stage), json!("0.090"));
    // The first says nothing of it, and the second is given it a second later.
    assert_eq!(stage.takes(1, "2"), code);
    assert_eq!((spent(&stage), stage.result(&id, &code)), (json!("0.180"), "ok".to_owned()));
    let neighbours: Vec<u16> = (10..18).map(|it| stage.start(to(31_612_345_600 + it)).status).collect();
    assert_eq!(neighbours, [202, 202, 202, 202, 202, 403, 403, 403]);
    stage.kill_and_start();
    assert_eq!(refused(&stage.start(to(31_612_345_699))).1, "sequence");
    assert_eq!(stage.start(json!({})).json()["result"], json!("created"), "he came back here before");
}
