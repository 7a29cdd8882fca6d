//! Numbers that are looked up before a message to them is accepted.

use crate::daemon::web::{Act, Web};
use crate::daemon::{Daemon, account, carrier, quiet_port, route};
use serde_json::json;
use std::time::{Duration, Instant};

fn config(port: u16, more: &str) -> String {
    let lookup = format!(
        "[lookup]\nurl = \"http://127.0.0.1:{port}/v1/{{to_digits}}\"\nheaders = {{ X-Key = \"{{password}}\" }}\n\
         password = \"token\"\nline_type = \"/line/type\"\n{more}\n"
    );
    lookup + &account("[1]") + &carrier(quiet_port(), "") + &route("class = \"otp\"")
}

fn send(daemon: &Daemon, to: &serde_json::Value) -> crate::daemon::client::Reply {
    daemon.client().post("/v1/messages", &json!({ "to": to, "from": "SHOP", "text": "1234" }))
}

#[test]
fn landlines_are_refused_and_each_number_is_asked_about_once() {
    let web = Web::start(|_, asked| {
        let kind = if asked.first.contains("/v1/3120") { "Landline" } else { "mobile" };
        Act::Reply(200, "", json!({ "line": { "type": kind } }).to_string())
    });
    let daemon = Daemon::start(&config(web.port(), ""));
    let reply = send(&daemon, &json!(["+31612345678", { "to": "+31201234567" }]));
    assert_eq!(reply.status, 202, "{}", reply.text());
    let rejected = &reply.json()["rejected"];
    assert_eq!((&rejected[0]["code"], &rejected[0]["pointer"]), (&json!("number_invalid"), &json!("/to/1/to")));
    assert_eq!((reply.json()["count"].as_u64(), rejected.as_array().unwrap().len()), (Some(1), 1));
    let refused = send(&daemon, &json!("+31201234567"));
    assert_eq!((refused.status, &refused.json()["stage"]), (422, &json!("validation")), "{}", refused.text());
    let asked = web.asked();
    assert_eq!((asked.len(), asked[0].header("x-key")), (2, "token"), "{asked:?}");
    let count = |result: &str| daemon.metrics().value(&format!("lookups_total{{result=\"{result}\"}}"));
    assert_eq!((count("answered"), count("cached"), count("unanswered")), (2.0, 1.0, 0.0));
}

#[test]
fn an_account_over_its_rate_has_nothing_looked_up() {
    let web = Web::start(|_, _| Act::Reply(200, "", json!({ "line": { "type": "mobile" } }).to_string()));
    let config = config(web.port(), "").replace("[[account]]\n", "[[account]]\nrate = \"0.01/s\"\n");
    let daemon = Daemon::start(&config);
    assert_eq!(send(&daemon, &json!("+31612345678")).status, 202);
    let refused = send(&daemon, &json!("+31612345679"));
    assert_eq!((refused.status, &refused.json()["stage"]), (429, &json!("quota")), "{}", refused.text());
    assert_eq!(web.asked().len(), 1);
}

#[test]
fn what_is_not_answered_in_time_is_as_the_operator_says() {
    let web = Web::start(|_, _| Act::Silence);
    for (default, status) in [("pass", 202), ("refuse", 422)] {
        let daemon = Daemon::start(&config(web.port(), &format!("timeout = \"200ms\"\ndefault = \"{default}\"")));
        let numbers: Vec<String> = (0..200).map(|it| format!("+3161234{it:04}")).collect();
        let began = Instant::now();
        let reply = send(&daemon, &json!(numbers));
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(began.elapsed() < Duration::from_secs(10), "all numbers share one time-out");
        assert_eq!(daemon.metrics().value("lookups_total{result=\"unanswered\"}"), 200.0);
    }
}
