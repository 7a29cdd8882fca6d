//! Endpoints that stand in no configuration, of the real binary: those that accounts make, and callbacks of requests.

use crate::daemon::web::{Act, Asked, Web};
use crate::daemon::{raw, until};
use crate::operation::csv;
use crate::operation::shop::{PATIENCE, Stage, is_signed, is_signed_by, taken};
use serde_json::{Value, json};

fn make(stage: &Stage, port: u16, more: &Value) -> Value {
    let mut body = json!({ "url": format!("http://127.0.0.1:{port}/told?key=hidden") });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = stage.daemon.client().post("/v1/webhooks", &body);
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

fn remove(stage: &Stage, path: &str) -> u16 {
    stage.daemon.client().call("DELETE", path, None).unwrap().status
}

fn listed(stage: &Stage) -> Vec<Value> {
    stage.daemon.client().get("/v1/webhooks").json()["data"].as_array().unwrap().clone()
}

fn types(calls: &[Asked]) -> Vec<Value> {
    calls.iter().map(|it| it.json()["type"].clone()).collect()
}

#[test]
fn an_endpoint_that_an_account_makes_is_told_until_it_is_removed_and_outlives_a_kill() {
    let web = Web::start(taken);
    let mut stage = Stage::silent("");
    stage.send("before");
    stage.receipt("before", "DELIVRD");
    let made = make(&stage, web.port(), &json!({ "types": ["message.sent", "message.delivered"] }));
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert_eq!((&made["types"], &made["payload"]), (&json!(["message.sent", "message.delivered"]), &json!("full")));
    let again = json!({ "url": format!("http://127.0.0.1:{}/told?key=hidden", web.port()) });
    let twice = stage.daemon.client().post("/v1/webhooks", &again);
    assert_eq!((twice.status, &twice.json()["type"]), (409, &json!("/problems/webhook-exists")));

    stage.send("one");
    stage.receipt("one", "DELIVRD");
    let calls = web.hears(2);
    assert_eq!(types(&calls), ["message.sent", "message.delivered"], "nothing of before it was made");
    assert!(calls.iter().all(|it| is_signed_by(it, &secret)), "{calls:?}");
    assert_eq!(calls[0].first, "POST /told?key=hidden HTTP/1.1");
    let shown = until("it is listed", PATIENCE, || listed(&stage).into_iter().next());
    assert_eq!((&shown["id"], &shown["made_by"]), (&made["id"], &json!("api")));
    assert!(!format!("{:?}", listed(&stage)).contains("hidden") && !format!("{shown}").contains(&secret));

    stage.again();
    stage.send("two");
    stage.receipt("two", "DELIVRD");
    let calls = web.hears(4);
    assert!(calls[2..].iter().all(|it| is_signed_by(it, &secret)), "{calls:?}");

    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(remove(&stage, "/v1/webhooks/ep_0000000000000000"), 404);
    assert_eq!(remove(&stage, "/v1/webhooks/1"), 404);
    assert_eq!(remove(&stage, &path), 204);
    assert_eq!(remove(&stage, &path), 404);
    for name in ["three", "four"] {
        stage.send(name);
        stage.receipt(name, "DELIVRD");
        stage.again();
    }
    assert_eq!(listed(&stage), Vec::<Value>::new());
    assert_eq!(web.asked().len(), 4, "it is told nothing more");
    let kinds: Vec<Value> = stage.log("")["data"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds.iter().filter(|it| **it == "message.sent").count(), 2, "only while somebody was told: {kinds:?}");
}

#[test]
fn what_may_not_be_an_endpoint_is_refused_at_its_field_and_there_are_no_more_than_sixteen() {
    let stage = Stage::silent("");
    let refused = |body: &Value| {
        let reply = stage.daemon.client().post("/v1/webhooks", body);
        let problem = reply.json();
        (
            reply.status,
            problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned(),
            problem["detail"].to_string(),
        )
    };
    let url = "https://shop.example/sms";
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "url": "shop.example" }), "/url"),
        (json!({ "url": "https://u:p@shop.example/" }), "/url"),
        (json!({ "url": "http://shop.example:25/" }), "/url"),
        (json!({ "url": "http://169.254.169.254/latest" }), "/url"),
        (json!({ "url": "http://[::ffff:10.0.0.1]:8080/" }), "/url"),
        (json!({ "url": "http://10.1.2.3/" }), "/url"),
        (json!({ "url": url, "types": [] }), "/types"),
        (json!({ "url": url, "types": ["balance.low", "message.deliverd"] }), "/types/1"),
        (json!({ "url": url, "types": ["receipt.unread"] }), "/types/0"),
        (json!({ "url": url, "payload": "slim" }), "/payload"),
        (json!({ "url": url, "batch": 0 }), "/batch"),
        (json!({ "url": url, "batch": 101 }), "/batch"),
        (json!({ "url": url, "in_flight": 65 }), "/in_flight"),
        (json!({ "url": url, "secret": "whsec_c2hvcnQ=" }), "/secret"),
        (json!({ "url": url, "secret": "hunter2" }), "/secret"),
        (json!({ "url": url, "allow_networks": ["10.0.0.0/8"] }), ""),
    ] {
        let (status, at, detail) = refused(&body);
        assert_eq!((status, &*at), (422, pointer), "{body}: {detail}");
        assert!(!detail.contains("hunter2"), "{detail}");
    }
    for it in 0..16 {
        make(&stage, 50_000 + it, &json!({}));
    }
    let (status, at, detail) = refused(&json!({ "url": url }));
    assert_eq!((status, &*at), (409, "/url"), "{detail}");
    assert_eq!(stage.daemon.client().get("/v1/webhooks").json()["data"].as_array().unwrap().len(), 16);
}

#[test]
fn a_callback_is_told_what_becomes_of_its_request_beside_the_endpoint_of_the_account() {
    let (usual, own, dead) = (Web::start(taken), Web::start(taken), Web::start(|_, _| Act::Silence));
    let mut stage = Stage::new(usual.port(), "");
    let at = |port: u16, target: &str| json!({ "callback_url": format!("http://127.0.0.1:{port}{target}") });
    stage.ask("dead", &at(dead.port(), "/dead"));
    stage.ask("one", &at(own.port(), "/told?order=77&x=%20y"));
    stage.ask("two", &at(own.port(), ""));
    stage.send("plain");
    for name in ["dead", "one", "two", "plain"] {
        stage.receipt(name, "DELIVRD");
    }
    let mut calls = own.hears(2);
    calls.sort_by_key(|it| it.first.len());
    assert_eq!(calls[0].first, "POST / HTTP/1.1");
    assert_eq!(calls[1].first, "POST /told?order=77&x=%20y HTTP/1.1");
    assert!(calls.iter().all(is_signed), "{calls:?}");
    let told = |it: &Asked| {
        (it.json()["type"].clone(), it.json()["data"]["client_ref"].clone(), it.header("webhook-id").to_owned())
    };
    let besides: Vec<_> = usual.hears(4).iter().map(told).collect();
    assert!(calls.iter().all(|it| besides.contains(&told(it))), "the same events under the same ids: {besides:?}");
    assert_eq!(dead.hears(1)[0].first, "POST /dead HTTP/1.1");
    let made = until("they are listed", PATIENCE, || Some(listed(&stage)).filter(|it| it.len() == 3));
    let of: Vec<_> = made.iter().map(|it| it["made_by"].as_str().unwrap()).collect();
    assert_eq!(of.iter().filter(|it| **it == "request").count(), 2, "a host is one, whatever its paths: {of:?}");
    assert!(!format!("{made:?}").contains("order=77"), "{made:?}");
}

#[test]
fn a_callback_is_told_after_a_kill_once_its_host_is_there_and_its_text_was_erased() {
    let refusing = Web::start(|_, _| Act::Reply(503, "", String::new()));
    let port = refusing.port();
    let mut stage = Stage::silent("class = \"otp\"");
    stage.ask("code", &json!({ "callback_url": format!("http://127.0.0.1:{port}/code?id=9") }));
    // A callback is no place that could be tried out.
    let tried = stage.daemon.operator().post("/admin/v1/webhooks/shop/test", &json!({ "type": "message.failed" }));
    assert_eq!(tried.status, 404, "{}", tried.text());
    stage.receipt("code", "UNDELIV");
    let first = refusing.hears(1).remove(0);
    assert_eq!((&first.json()["type"], &*first.first), (&json!("message.failed"), "POST /code?id=9 HTTP/1.1"));
    stage.again();
    let again = until("it is told again", PATIENCE, || refusing.asked().get(1).cloned());
    assert_eq!((again.first.clone(), again.header("webhook-id")), (first.first.clone(), first.header("webhook-id")));
}

#[test]
fn a_callback_that_nothing_would_sign_or_that_may_not_be_called_is_refused() {
    let unsigned = Stage::bare();
    let body =
        json!({ "to": "+31612345678", "from": "shop", "text": "hello", "callback_url": "https://shop.example/" });
    let reply = unsigned.daemon.client().post("/v1/messages", &body);
    assert_eq!((reply.status, &reply.json()["type"]), (403, &json!("/problems/no-webhook-secret")), "{}", reply.text());
    assert_eq!(reply.json()["errors"][0]["pointer"], "/callback_url");
    assert_eq!(unsigned.daemon.client().post("/v1/webhooks", &json!({ "url": "https://shop.example/" })).status, 403);

    let mut stage = Stage::silent("");
    let body = json!({ "to": "+31612345678", "from": "shop", "text": "hello", "callback_url": "http://10.0.0.1/" });
    let reply = stage.daemon.client().post("/v1/messages", &body);
    assert_eq!(
        (reply.status, &reply.json()["errors"][0]["pointer"]),
        (422, &json!("/callback_url")),
        "{}",
        reply.text()
    );
    assert_eq!(stage.daemon.client().get("/v1/messages").json()["data"], json!([]), "nothing of either is stored");
    // What a name stands for is known when it is called. This one is 127.0.0.2, beside what is allowed.
    stage.ask("named", &json!({ "callback_url": "http://0x7f000002:9999/" }));
    stage.receipt("named", "DELIVRD");
    let call = until("it is tried", PATIENCE, || listed(&stage).first().and_then(|it| it["calls"].get(0).cloned()));
    assert_eq!(call["result"], "blocked", "{call}");
}

#[test]
fn operators_are_told_of_an_endpoint_that_is_told_no_more() {
    let (gone, ops) = (Web::start(|_, _| Act::Reply(410, "", "closed".to_owned())), Web::start(taken));
    let mut stage = Stage::watched(ops.port());
    make(&stage, gone.port(), &json!({}));
    stage.send("one");
    stage.receipt("one", "DELIVRD");
    let call = ops.hears(1).remove(0);
    assert!(is_signed(&call), "{call:?}");
    let told = call.json();
    assert_eq!((&told["type"], &told["data"]["account"]), (&json!("webhook.disabled"), &json!("shop")), "{told}");
    assert_eq!((&told["data"]["result"], &told["data"]["detail"]), (&json!("gone"), &json!("closed")));
    let url = told["data"]["url"].as_str().unwrap();
    assert!(url.ends_with("/told") && told["data"]["failing_since"].is_string(), "{told}");
    let mut operator = stage.daemon.operator();
    let log = operator.get("/admin/v1/events/unrouted").json();
    assert_eq!(log["data"], json!([told]), "the log of operators has it");
    assert_eq!(
        stage.log("?types=message.delivered")["data"].as_array().unwrap().len(),
        1,
        "and that of the account not"
    );
    let tried = operator.post("/admin/v1/webhooks/operator/test", &json!({ "type": "webhook.disabled" }));
    assert_eq!((tried.status, tried.json()), (202, json!({ "endpoints": 1 })));
    assert_eq!(ops.hears(2)[1].json()["data"]["test"], true);
    let shown = operator.get("/admin/v1/webhooks").json();
    let own = shown["data"].as_array().unwrap().iter().find(|it| it["account"] == "operator").expect("it is shown");
    assert_eq!(own["made_by"], "configuration");
    until("it is counted", PATIENCE, || {
        let page = stage.daemon.metrics();
        (page.value("webhook_deliveries_total{account=\"operator\",result=\"ok\"}") == 1.0).then_some(())
    });
    stage.again();
    assert_eq!(
        stage.daemon.operator().post("/admin/v1/webhooks/operator/test", &json!({ "type": "receipt.unread" })).status,
        202
    );
    let marker = ops.hears(3);
    assert_eq!(marker[2].json()["type"], "receipt.unread", "it was told once, whatever comes: {marker:?}");
}

#[test]
fn a_callback_that_cannot_be_called_any_more_is_refused_until_it_can_be_again() {
    let web = Web::start(taken);
    let mut stage = Stage::silent("");
    let callback = json!({ "callback_url": format!("http://127.0.0.1:{}/told", web.port()) });
    stage.ask("one", &callback);
    stage.receipt("one", "DELIVRD");
    web.hears(1);
    let config = std::fs::read_to_string(stage.daemon.config()).unwrap();
    let elsewhere = config.replace("127.0.0.1/32", "10.0.0.0/8");
    assert_ne!(config, elsewhere);
    stage.daemon.configure(&elsewhere);
    stage.daemon.reload();
    let mut body = json!({ "to": "+31612345678", "from": "shop", "text": "hello" });
    body.as_object_mut().unwrap().extend(callback.as_object().unwrap().clone());
    let refused = stage.daemon.client().post("/v1/messages", &body);
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["pointer"]),
        (422, &json!("/callback_url")),
        "{}",
        refused.text()
    );
    stage.daemon.configure(&config);
    stage.daemon.reload();
    stage.ask("two", &callback);
    stage.receipt("two", "DELIVRD");
    assert_eq!(web.hears(2)[1].json()["data"]["client_ref"], "two");
}

#[test]
fn one_place_is_one_endpoint_however_it_is_written_and_who_stands_in_the_configuration_counts() {
    let web = Web::start(taken);
    let stage = Stage::new(web.port(), "");
    let url = |text: &str| json!({ "url": text });
    let post = |body: &Value| stage.daemon.client().post("/v1/webhooks", body).status;
    let configured = format!("http://127.0.0.1:{}/sms?key=hidden", web.port());
    assert_eq!(post(&url(&configured)), 409);
    assert_eq!(post(&url("http://127.0.0.1:8000")), 201);
    assert_eq!(post(&url("http://127.0.0.1:8000/")), 409);
    for _ in 0..3 {
        let made = make(&stage, 8_001, &json!({}));
        assert_eq!(remove(&stage, &format!("/v1/webhooks/{}", made["id"].as_str().unwrap())), 204);
        assert!(!listed(&stage).iter().any(|it| it["id"] == made["id"]), "it is shown no more");
    }
}

#[test]
fn an_account_makes_sixteen_endpoints_and_is_told_that_it_may_have_no_more() {
    let stage = Stage::silent("");
    let post = |nth: u16| {
        let url = format!("http://127.0.0.1:8000/{nth}");
        stage.daemon.client().post("/v1/webhooks", &json!({ "url": url }))
    };
    for nth in 0..16 {
        assert_eq!(post(nth).status, 201, "{nth}");
    }
    let refused = post(16);
    assert_eq!((refused.status, &refused.json()["type"]), (409, &json!("/problems/too-many-webhooks")));
    assert_eq!(listed(&stage).len(), 16);
}

#[test]
fn a_callback_of_a_file_is_told_the_end_of_its_order_and_what_is_sent_again_keeps_it() {
    let web = Web::start(taken);
    let mut stage = Stage::silent("");
    let query = format!("from=shop&text=hello&callback_url=http%3A%2F%2F127.0.0.1%3A{}%2Ffile%3Fof%3D7", web.port());
    let sent = csv::send(&stage.daemon, &query, None, b"to\n+31612345678\n+31612345679\n");
    assert_eq!(sent.status, 202, "{}", sent.text());
    for name in ["one", "two"] {
        let submit = stage.link.read_command(raw::SUBMIT_SM);
        stage.link.answer(&submit, 0, format!("{name}\0").as_bytes());
    }
    stage.receipt("one", "DELIVRD");
    stage.receipt("two", "UNDELIV");
    let calls = web.hears(3);
    assert!(calls.iter().all(|it| it.first == "POST /file?of=7 HTTP/1.1" && is_signed(it)), "{calls:?}");
    let mut told = types(&calls).iter().map(|it| it.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    told.sort_unstable();
    assert_eq!(told, ["message.delivered", "message.failed", "order.completed"]);

    let order = sent.json()["orders"][0]["order_id"].clone();
    let again = stage.daemon.client().post(&format!("/v1/orders/{order}/retry"), &json!({}));
    assert_eq!(again.status, 202, "{}", again.text());
    let submit = stage.link.read_command(raw::SUBMIT_SM);
    stage.link.answer(&submit, 0, b"three\0");
    stage.receipt("three", "DELIVRD");
    let call = web.hears(4).remove(3);
    assert_eq!((&*call.first, &call.json()["type"]), ("POST /file?of=7 HTTP/1.1", &json!("message.delivered")));
    assert_eq!(call.json()["data"]["id"], again.json()["messages"][0]["id"]);
}
