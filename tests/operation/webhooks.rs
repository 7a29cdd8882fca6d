//! Applications are told: events of the real binary to endpoints that take them, refuse them, or never answer.

use crate::daemon::raw;
use crate::daemon::until;
use crate::daemon::web::{Act, Asked, Web};
use crate::operation::shop::{PATIENCE, Stage, is_signed, taken};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[test]
fn an_event_is_told_signed_once_and_is_what_the_log_has() {
    let web = Web::start(taken);
    let mut stage = Stage::new(web.port(), "");
    let id = stage.send("one");
    stage.receipt("one", "DELIVRD");
    let call = web.hears(1).remove(0);
    assert!(is_signed(&call), "{call:?}");
    assert_eq!(call.first, "POST /sms?key=hidden HTTP/1.1");
    let told = call.json();
    assert_eq!((&told["type"], &told["id"]), (&json!("message.delivered"), &json!(call.header("webhook-id"))));
    let data = &told["data"];
    assert_eq!((&data["id"], &data["client_ref"], &data["status"]), (&json!(id), &json!("one"), &json!("DELIVERED")));
    assert_eq!((&data["to"], &data["error"]), (&json!("+31612345678"), &Value::Null));
    assert_eq!(data["carrier_done_at"], "2026-11-27T09:01:00.000Z");
    assert_eq!((&data["carrier_done_date"], &data["carrier_offset"]), (&json!("2611270901"), &json!("+00:00")));
    let log = stage.log("");
    assert_eq!(log["data"], json!([told]), "message.sent is told to those alone who ask for it");
    let cursor = log["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(stage.log(&format!("?cursor={cursor}"))["data"], json!([]));
    let page = until("the call is counted", PATIENCE, || {
        let page = stage.daemon.metrics();
        (page.value("webhook_deliveries_total{account=\"shop\",result=\"ok\"}") == 1.0).then_some(page)
    });
    assert_eq!(page.value("webhook_deliveries_total{account=\"shop\",result=\"timeout\"}"), 0.0);
    let endpoint = stage.endpoint();
    assert_eq!((&endpoint["account"], &endpoint["state"]), (&json!("shop"), &json!("ok")));
    let shown = endpoint["url"].as_str().unwrap();
    assert!(shown.ends_with("/sms") && !endpoint.to_string().contains("hidden"), "a query may be a secret: {endpoint}");
    assert_eq!(endpoint["calls"][0]["event_id"], told["id"]);
}

#[test]
fn an_order_ends_once_whatever_is_corrected_after_that_and_after_a_kill() {
    let web = Web::start(taken);
    let mut stage = Stage::new(web.port(), ", types = [\"order.completed\", \"message.corrected\"]");
    let to: Vec<Value> =
        (1..4).map(|it| json!({ "to": format!("+3161234567{it}"), "text": format!("hello {it}") })).collect();
    let order = stage.daemon.client().post("/v1/messages", &json!({ "to": to, "from": "shop" })).json();
    let order = order["order_id"].clone();
    for _ in 0..3 {
        let submit = stage.link.read_command(raw::SUBMIT_SM);
        let text = String::from_utf8_lossy(&submit.body).into_owned();
        let name = text.rsplit("hello ").next().and_then(|it| it.chars().next()).expect("a number");
        stage.link.answer(&submit, 0, format!("{name}\0").as_bytes());
    }
    for (name, word) in [("1", "DELIVRD"), ("2", "UNKNOWN"), ("3", "UNKNOWN")] {
        stage.receipt(name, word);
    }
    let told = web.hears(1).remove(0).json();
    assert_eq!((&told["type"], &told["data"]["order_id"]), (&json!("order.completed"), &order));
    let data = &told["data"];
    assert_eq!((&data["status"], &data["delivered"], &data["unknown"]), (&json!("PARTIAL"), &json!(1), &json!(2)));
    stage.receipt("2", "DELIVRD");
    stage.daemon.kill();
    stage.daemon.restart();
    stage.link = stage.smsc.bound();
    stage.receipt("3", "DELIVRD");
    let types = until("both corrections are told", PATIENCE, || {
        let all = stage.log("")["data"].as_array().unwrap().clone();
        let count = |kind: &str| all.iter().filter(|it| it["type"] == kind).count();
        (count("message.corrected") == 2).then(|| count("order.completed"))
    });
    assert_eq!(types, 1);
    let page = stage.daemon.client().get(&format!("/v1/orders/{order}")).json();
    assert_eq!((&page["status"], &page["delivered"]), (&json!("COMPLETED"), &json!(3)), "the page goes on");
}

#[test]
fn each_end_of_a_message_has_its_event_and_a_correction_follows_it() {
    let web = Web::start(taken);
    let mut stage = Stage::new(
        web.port(),
        ", types = [\"message.sent\", \"message.failed\", \"message.corrected\", \"message.unknown\"]",
    );
    stage.send("one");
    stage.send("two");
    stage.receipt("one", "UNDELIV");
    stage.receipt("two", "UNKNOWN");
    stage.receipt("two", "DELIVRD");
    let calls = web.hears(5);
    let mut by_name: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for call in &calls {
        assert!(is_signed(call));
        let told = call.json();
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let entry = (text(&told["type"]), text(&told["data"]["status"]));
        by_name.entry(text(&told["data"]["client_ref"])).or_default().push(entry);
    }
    let of = |name: &str| by_name[name].iter().map(|it| (it.0.as_str(), it.1.as_str())).collect::<Vec<_>>();
    assert_eq!(of("one"), [("message.sent", "SENT"), ("message.failed", "FAILED")]);
    assert_eq!(
        of("two"),
        [("message.sent", "SENT"), ("message.unknown", "UNKNOWN"), ("message.corrected", "DELIVERED")]
    );
    let corrected = calls.iter().map(Asked::json).find(|it| it["type"] == "message.corrected").unwrap();
    assert_eq!(corrected["data"]["previous_status"], "UNKNOWN");
    let failed = calls.iter().map(Asked::json).find(|it| it["type"] == "message.failed").unwrap();
    assert_eq!(
        (&failed["data"]["error"]["stage"], &failed["data"]["error"]["permanent"]),
        (&json!("delivery"), &json!(true))
    );
    // Whoever polls may leave out what he does not want.
    let ends = stage.log("?types=message.failed,message.corrected");
    let kinds: Vec<_> = ends["data"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds, ["message.failed", "message.corrected"]);
    let refused = stage.daemon.client().get("/v1/events?types=message.fialed");
    assert_eq!((refused.status, refused.text().contains("message.failed")), (422, true), "{}", refused.text());
}

#[test]
fn what_is_not_taken_is_told_again_under_its_id_and_holds_back_its_message_alone() {
    // The first message is refused until the fourth call of it; others are taken.
    let web = Web::start(|_, asked| {
        let refused = asked.body.contains("\"stubborn\"");
        if refused {
            Act::Reply(503, "retry-after: 1\r\n", String::new())
        } else {
            Act::Reply(200, "", "{}".to_owned())
        }
    });
    let mut stage = Stage::new(web.port(), ", types = [\"message.sent\", \"message.delivered\"]");
    stage.send("stubborn");
    stage.send("other");
    stage.receipt("stubborn", "DELIVRD");
    stage.receipt("other", "DELIVRD");
    let calls = until("the refused one is told again, and the other whole", PATIENCE, || {
        let calls = web.asked();
        let of = |name: &str| calls.iter().filter(|it| it.body.contains(name)).count();
        (2 <= of("\"stubborn\"") && of("\"other\"") == 2).then_some(calls)
    });
    let stubborn: Vec<&Asked> = calls.iter().filter(|it| it.body.contains("\"stubborn\"")).collect();
    assert!(stubborn.iter().all(|it| it.json()["type"] == "message.sent"), "delivered waits for sent");
    assert_eq!(stubborn[0].header("webhook-id"), stubborn[1].header("webhook-id"));
    assert!(stubborn.iter().all(|it| is_signed(it)));
    let endpoint = until("its state says so", PATIENCE, || {
        let endpoint = stage.endpoint();
        (endpoint["calls"].as_array().unwrap().len() == web.asked().len()).then_some(endpoint)
    });
    let results: Vec<_> = endpoint["calls"].as_array().unwrap().iter().map(|it| it["result"].clone()).collect();
    assert!(results.contains(&json!("status_5xx")) && results.contains(&json!("ok")), "{endpoint}");
}

#[test]
fn what_was_told_is_told_no_more_after_a_kill_and_what_was_not_is() {
    let (down, up) = (Web::start(|_, _| Act::Hangup), Web::start(taken));
    let mut stage = Stage::new(down.port(), "");
    stage.send("one");
    stage.receipt("one", "DELIVRD");
    down.hears(1);
    stage.daemon.kill();
    let text = std::fs::read_to_string(stage.daemon.config()).unwrap();
    // The same endpoint at another port is another endpoint: it begins at the end of the log.
    stage.daemon.restart();
    stage.link = stage.smsc.bound();
    down.hears(2);
    stage.daemon.configure(&text.replace(&format!(":{}", down.port()), &format!(":{}", up.port())));
    stage.daemon.reload();
    stage.send("two");
    stage.receipt("two", "DELIVRD");
    let calls = up.hears(1);
    assert_eq!(calls[0].json()["data"]["client_ref"], "two");
    stage.daemon.kill();
    stage.daemon.restart();
    stage.link = stage.smsc.bound();
    stage.send("three");
    stage.receipt("three", "DELIVRD");
    let names = until("the third is told", PATIENCE, || {
        let names: Vec<_> = up.asked().iter().map(|it| it.json()["data"]["client_ref"].clone()).collect();
        names.contains(&json!("three")).then_some(names)
    });
    assert!(names.len() <= 3, "what was told just before the kill may be told again, and no more: {names:?}");
}

#[test]
fn a_poller_waits_for_news_and_gets_them_at_once() {
    let web = Web::start(taken);
    let mut stage = Stage::new(web.port(), "");
    stage.send("one");
    let mut poller = stage.daemon.client();
    let waiting = std::thread::spawn(move || {
        let began = std::time::Instant::now();
        let log = poller.get("/v1/events?wait=30s").json();
        (log, began.elapsed())
    });
    std::thread::sleep(Duration::from_millis(300));
    stage.receipt("one", "DELIVRD");
    let (log, took) = waiting.join().unwrap();
    assert_eq!(log["data"][0]["type"], "message.delivered");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let began = std::time::Instant::now();
    let cursor = log["next_cursor"].as_str().unwrap();
    assert_eq!(stage.log(&format!("?cursor={cursor}&wait=1s"))["data"], json!([]));
    assert!(Duration::from_secs(1) <= began.elapsed());
    for bad in ["wait=61s", "wait=x", "wait=-1s"] {
        assert_eq!(stage.daemon.client().get(&format!("/v1/events?{bad}")).status, 422, "{bad}");
    }
}

#[test]
fn an_endpoint_behind_us_is_never_called_unless_its_network_is_named() {
    let web = Web::start(taken);
    let mut stage = Stage::new(web.port(), "");
    let text = std::fs::read_to_string(stage.daemon.config()).unwrap();
    stage.daemon.configure(&text.replace("127.0.0.0/8", "10.0.0.0/8"));
    stage.daemon.reload();
    stage.send("one");
    stage.receipt("one", "DELIVRD");
    let call = until("the call is refused", PATIENCE, || stage.endpoint()["calls"].get(0).cloned());
    assert_eq!((&call["result"], &call["status"]), (&json!("blocked"), &Value::Null), "{call}");
    assert!(web.asked().is_empty());
    let page = until("what waits is shown", PATIENCE, || {
        let page = stage.daemon.metrics();
        (page.value("webhook_outbox_messages{account=\"shop\"}") == 1.0).then_some(page)
    });
    assert!(0.0 < page.value("webhook_oldest_age_seconds{account=\"shop\"}"));
    assert_eq!(page.value("webhook_state{account=\"shop\",state=\"ok\"}"), 1.0);
    assert!(1.0 <= page.value("webhook_seconds_count{account=\"shop\"}"));
    assert!(1.0 <= page.value("webhook_deliveries_total{account=\"shop\",result=\"blocked\"}"));
}

#[test]
fn a_batch_and_a_thin_event_tell_no_more_than_was_asked_for() {
    let web = Web::start(taken);
    let mut stage = Stage::new(web.port(), ", batch = 100, payload = \"thin\", in_flight = 1");
    for name in ["one", "two", "three"] {
        stage.send(name);
    }
    for name in ["one", "two", "three"] {
        stage.receipt(name, "DELIVRD");
    }
    let members = until("all are told", PATIENCE, || {
        let calls = web.asked();
        let members: Vec<Value> =
            calls.iter().flat_map(|it| it.json()["data"].as_array().cloned().unwrap_or_default()).collect();
        (members.len() == 3).then_some(members)
    });
    assert!(web.asked().iter().all(|it| it.json()["type"] == "batch" && it.header("webhook-id").starts_with("bat_")));
    for it in members {
        assert!(it["id"].as_str().unwrap().starts_with("evt_"), "{it}");
        let names: Vec<&String> = it["data"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "order_id", "client_ref", "status"]);
    }
}

#[test]
fn an_endpoint_that_never_answers_holds_no_other_up() {
    let (silent, good) = (Web::start(|_, _| Act::Silence), Web::start(taken));
    let mut stage = Stage::telling(&[silent.port(), good.port()], "");
    let names: Vec<String> = (0..30).map(|it| format!("m{it}")).collect();
    let began = std::time::Instant::now();
    for name in &names {
        stage.send(name);
        stage.receipt(name, "DELIVRD");
    }
    let calls = good.hears(names.len());
    assert!(began.elapsed() < Duration::from_secs(12), "before the first call of the other was given up");
    assert_eq!(calls.len(), names.len());
    assert!((1..=8).contains(&silent.asked().len()), "no more than may be under way");
}

#[test]
fn whoever_says_gone_is_told_no_more_until_an_operator_recovers_him() {
    let web =
        Web::start(|nth, asked| if nth == 0 { Act::Reply(410, "", "gone".to_owned()) } else { taken(nth, asked) });
    let mut stage = Stage::new(web.port(), "");
    stage.send("one");
    stage.receipt("one", "DELIVRD");
    let line = stage.daemon.said("an endpoint is told no more", 1);
    assert_eq!((&line["level"], &line["account"], &line["why"]), (&json!("ERROR"), &json!("shop"), &json!("gone")));
    stage.send("two");
    stage.receipt("two", "DELIVRD");
    let endpoint = until("it is shown", PATIENCE, || Some(stage.endpoint()).filter(|it| it["state"] == "disabled"));
    assert!(endpoint["disabled_at"].is_string() && endpoint["calls"][0]["result"] == "gone", "{endpoint}");
    let page = stage.daemon.metrics();
    assert_eq!(page.value("webhook_state{account=\"shop\",state=\"disabled\"}"), 1.0);
    assert_eq!(web.asked().len(), 1);
    let mut operator = stage.daemon.operator();
    let since = json!({ "since": "2026-01-01T00:00:00Z" });
    assert_eq!(operator.post("/admin/v1/webhooks/nobody/recover", &since).status, 404);
    assert_eq!(operator.post("/admin/v1/webhooks/shop/recover", &json!({ "since": "today" })).status, 422);
    let reply = operator.post("/admin/v1/webhooks/shop/recover", &since);
    assert_eq!((reply.status, reply.json()), (202, json!({ "endpoints": 1 })));
    let names = until("both are told", PATIENCE, || {
        let calls = web.asked();
        let names: Vec<_> = calls[1..].iter().map(|it| it.json()["data"]["client_ref"].clone()).collect();
        (names.len() == 2).then_some(names)
    });
    assert!(names.contains(&json!("one")) && names.contains(&json!("two")), "{names:?}");
}

#[test]
fn what_an_endpoint_answers_is_read_no_further_than_it_is_worth() {
    let web = Web::start(|_, _| Act::Reply(200, "", "x".repeat(64 << 20)));
    let mut stage = Stage::new(web.port(), "");
    stage.send("one");
    let before = stage.daemon.peak();
    stage.receipt("one", "DELIVRD");
    let call = until("it is called", PATIENCE, || stage.endpoint()["calls"].get(0).cloned());
    assert_eq!((&call["result"], &call["detail"]), (&json!("ok"), &json!("")), "{call}");
    assert!(stage.daemon.peak() < before + (8 << 20), "{} octets more", stage.daemon.peak() - before);
}

#[test]
fn an_endpoint_is_tried_out_with_an_example_that_is_signed_marked_and_in_no_log() {
    let web = Web::start(taken);
    let mut stage = Stage::new(web.port(), "");
    let path = "/admin/v1/webhooks/shop/test";
    let tried = stage.daemon.operator().post(path, &json!({ "type": "message.delivered" }));
    assert_eq!((tried.status, tried.json()), (202, json!({ "endpoints": 1 })));
    let call = web.hears(1).remove(0);
    assert!(is_signed(&call) && call.header("nuncio-test") == "1", "{call:?}");
    let example = call.json();
    assert_eq!((&example["type"], &example["data"]["test"]), (&json!("message.delivered"), &json!(true)));
    until("the call is shown", PATIENCE, || {
        let shown = stage.endpoint();
        (shown["calls"][0]["event_id"] == example["id"] && shown["calls"][0]["result"] == "ok").then_some(())
    });
    assert_eq!(stage.log("")["data"], json!([]), "it is in no log");
    assert_eq!(stage.daemon.metrics().value("webhook_deliveries_total{account=\"shop\",result=\"ok\"}"), 0.0);

    // It has the fields of a true one.
    stage.send("one");
    stage.receipt("one", "DELIVRD");
    let fields =
        |it: &Value| it["data"].as_object().unwrap().keys().filter(|it| *it != "test").cloned().collect::<Vec<_>>();
    assert_eq!(fields(&example), fields(&web.hears(2)[1].json()));
    let unknown = stage.daemon.operator().post(path, &json!({ "type": "message.deliverd" }));
    assert!(unknown.status == 422 && unknown.text().contains("message.delivered"), "{}", unknown.text());
    let nobody = stage.daemon.operator().post("/admin/v1/webhooks/nobody/test", &json!({ "type": "balance.low" }));
    assert_eq!(nobody.status, 404);
}

#[test]
fn a_trial_of_a_dead_endpoint_changes_nothing_of_it_and_is_made_one_at_a_time() {
    // It never answers, then says that nobody is to come again, then is there.
    let web = Web::start(|nth, _| match nth {
        0 => Act::Silence,
        1 => Act::Reply(410, "", String::new()),
        _ => Act::Reply(500, "", String::new()),
    });
    let mut stage = Stage::new(web.port(), "");
    let asked = json!({ "type": "message.delivered" });
    let path = "/admin/v1/webhooks/shop/test";
    assert_eq!(stage.daemon.operator().post(path, &asked).status, 202);
    web.hears(1);
    let busy = stage.daemon.operator().post(path, &asked);
    assert_eq!((busy.status, &busy.json()["type"]), (503, &json!("/problems/queue-full")));
    // What is true goes beside it.
    stage.send("one");
    stage.receipt("one", "DELIVRD");
    until("it is told no more", PATIENCE, || (stage.endpoint()["state"] == "disabled").then_some(()));
    until("the trial is over", PATIENCE, || (stage.daemon.operator().post(path, &asked).status == 202).then_some(()));
    web.hears(3);
    let endpoint = until("its answer is shown", PATIENCE, || {
        let endpoint = stage.endpoint();
        (endpoint["calls"][0]["status"] == 500).then_some(endpoint)
    });
    assert_eq!((&endpoint["state"], &endpoint["calls"][0]["test"]), (&json!("disabled"), &json!(true)), "{endpoint}");
    assert_eq!(endpoint["success_share"], json!(0.0), "of one call that counts");
}
