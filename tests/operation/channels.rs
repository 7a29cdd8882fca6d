//! Codes by other channels than SMS: offered where an SMS brings nothing, taken by whoever asks, or by itself.

use crate::daemon::until;
use crate::daemon::web::{Act, Asked, Web};
use crate::operation::verify::Stage;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "a-secret-of-the-hook";

/// Lines of an app that can call, and the route by which it does.
fn with_voice(port: u16, more: &str) -> String {
    format!(
        "channels = [\"sms\", \"voice\"]\nvoice = {{ route = 9, text = {{ en = \"Your {{brand}} code is {{code}}.\" }} }}\n{more}\n\
         [[route]]\nid = 9\nclass = \"otp\"\ncarriers = [\"caller\"]\nreceipt_window = \"1s\"\n\
         [[carrier]]\nid = \"caller\"\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}/call\"\nsystem_id = \"me\"\n\
         password = \"token\"\n[carrier.request]\nformat = \"json\"\n\
         body = '{{\"to\":\"{{to}}\",\"say\":\"{{text}}\",\"lang\":\"en\"}}'\n\
         [carrier.answer]\nid = \"/id\"\n[carrier.receipt]\nsecret = \"{SECRET}\"\nid = \"/id\"\nstatus = \"/status\"\n"
    )
}

fn calls(nth: usize, _: &Asked) -> Act {
    Act::Reply(202, "", format!("{{\"id\":\"call-{nth}\"}}"))
}

fn busy(_: usize, _: &Asked) -> Act {
    Act::Reply(400, "", "{}".to_owned())
}

/// The code that is read out.
fn spoken(asked: &Asked) -> String {
    let body = asked.json();
    let said = body["say"].as_str().expect("a text");
    let code =
        said.strip_prefix("Your Shop code is ").and_then(|it| it.strip_suffix('.')).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(code.split(", ").map(str::len).collect::<Vec<_>>(), [1; 6], "each digit by itself: {said}");
    code.replace(", ", "")
}

fn events(stage: &Stage) -> Vec<Value> {
    let page = stage.daemon.client().get("/v1/events?types=verification.channel_offered").json();
    page["data"].as_array().expect("events").clone()
}

fn offered(stage: &Stage, id: &str) -> Value {
    until("another channel is offered", PATIENCE, || Some(stage.get(id)).filter(|it| it["next_channel"] == "voice"))
}

fn by_voice(stage: &Stage, id: &str) -> crate::daemon::client::Reply {
    stage.daemon.client().post(&format!("/v1/verifications/{id}/resend"), &json!({ "channel": "voice" }))
}

#[test]
fn a_call_is_offered_where_no_receipt_comes_and_reads_the_same_code_to_who_asks_for_it() {
    let web = Web::start(calls);
    let mut stage = Stage::new(1, &with_voice(web.port(), ""));
    let id = stage.begun();
    let code = stage.takes(0, "1");
    assert_eq!(stage.get(&id)["next_channel"], json!(null), "it may yet come");
    let soon = by_voice(&stage, &id);
    assert!(soon.status == 429 || offered(&stage, &id)["next_channel"] == "voice", "{}", soon.text());
    offered(&stage, &id);
    let all = events(&stage);
    let data = &all[0]["data"];
    assert_eq!(
        (all.len(), &data["id"], &data["channel"], &data["auto"]),
        (1, &json!(id), &json!("sms"), &json!(false))
    );
    stage.kill_and_start();
    assert_eq!(stage.get(&id)["next_channel"], json!("voice"), "an offer stands");
    let reply = by_voice(&stage, &id);
    let page = reply.json();
    assert_eq!((reply.status, &page["result"], &page["channel"]), (202, &json!("resent"), &json!("voice")), "{page}");
    assert_eq!(page["next_channel"], json!(null), "there is no third");
    let asked = web.hears(1).remove(0);
    assert_eq!(spoken(&asked), code);
    let again = by_voice(&stage, &id);
    assert_eq!(again.status, 429, "a call a moment ago: {}", again.text());
    let receipt = json!({ "id": "call-0", "status": "delivered" });
    assert_eq!(stage.daemon.client().post(&format!("/hooks/caller/{SECRET}"), &receipt).status, 200);
    assert_eq!(stage.result(&id, &code), "ok");
    let page = stage.get(&id);
    let channels: Vec<&Value> = page["attempts"].as_array().unwrap().iter().map(|it| &it["channel"]).collect();
    assert_eq!((channels, &page["channel"]), (vec![&json!("sms"), &json!("voice")], &json!("voice")), "{page}");
    assert!(page["delivered_at"].is_string() && page["attempts"][1]["carrier"] == "caller", "{page}");
    let sum = stage.daemon.client().get("/v1/verifications/summary?app=login").json();
    let shown = ["verifications", "pending", "approved", "conversion", "failovers", "cost"].map(|it| &sum[it]);
    assert_eq!(json!(shown), json!([1, 0, 1, 1.0, 0, null]), "{sum}");
    assert!(sum["seconds_p50"].as_f64().is_some_and(|it| 1.0 <= it), "{sum}");
    let way = |it: &Value| {
        json!([it["country"], it["channel"], it["carrier"], it["codes"], it["approved"], it["conversion"]])
    };
    let ways: Vec<Value> = sum["ways"].as_array().unwrap().iter().map(way).collect();
    assert_eq!(json!(ways), json!([["NL", "sms", "acme", 1, 0, 0.0], ["NL", "voice", "caller", 1, 1, 1.0]]));
    // What was begun before and behind a time.
    let next = stage.start(json!({ "to": "+31612345680" })).json();
    let between = next["created_at"].as_str().expect("a time");
    let of = |asked: &str| stage.daemon.client().get(&format!("/v1/verifications/summary?{asked}"));
    let begun = |asked: &str| of(asked).json()["verifications"].as_u64();
    assert_eq!(begun(&format!("until={between}")), Some(1));
    assert_eq!(begun(&format!("since={between}")), Some(1));
    assert_eq!((begun(""), begun("until=2026-01-01T00:00:00.000Z")), (Some(2), Some(0)));
    assert_eq!(of(&format!("since={between}&until={between}")).status, 422);
    let end = stage.daemon.client().get("/v1/events?types=verification.approved").json();
    assert_eq!(
        (&end["data"][0]["data"]["channel"], &end["data"][0]["data"]["carrier"]),
        (&json!("voice"), &json!("caller"))
    );
}

#[test]
fn a_call_is_offered_in_the_first_answer_where_no_carrier_takes_sms_and_the_sms_is_taken_back() {
    let web = Web::start(calls);
    let mut stage = Stage::new(1, &with_voice(web.port(), ""));
    stage.hang_up();
    until("no link is up", PATIENCE, || {
        (stage.daemon.metrics().value("link_up{carrier=\"acme\",bind=\"acme-1\"}") == 0.0).then_some(())
    });
    let reply = stage.start(json!({}));
    let page = reply.json();
    assert_eq!(
        (reply.status, &page["channel"], &page["next_channel"]),
        (202, &json!("sms"), &json!("voice")),
        "{page}"
    );
    let id = page["id"].as_str().unwrap().to_owned();
    assert_eq!(by_voice(&stage, &id).status, 202);
    let code = spoken(&web.hears(1).remove(0));
    let of_number = stage.daemon.client().get("/v1/messages?status=CANCELLED").json();
    assert_eq!(of_number["data"].as_array().map(Vec::len), Some(1), "the SMS does not go out behind it: {of_number}");
    assert_eq!(stage.result(&id, &code), "ok");
    // And who wants a call at once is called at once.
    let reply = stage.start(json!({ "to": "+31612345679", "channel": "voice" }));
    assert_eq!((reply.status, &reply.json()["channel"]), (202, &json!("voice")), "{}", reply.text());
    web.hears(2);
    let wrong = stage.start(json!({ "to": "+31612345680", "channel": "email" }));
    assert_eq!((wrong.status, &wrong.json()["errors"][0]["detail"]), (422, &json!("must be sms or voice")));
}

#[test]
fn an_app_that_says_so_calls_by_itself_over_a_kill_too_and_fails_where_that_brings_nothing_either() {
    let web = Web::start(calls);
    let mut stage = Stage::new(1, &with_voice(web.port(), "auto_channel = true"));
    let id = stage.begun();
    let code = stage.takes(0, "1");
    assert_eq!(spoken(&web.hears(1).remove(0)), code);
    let page = stage.get(&id);
    assert_eq!((&page["channel"], &page["status"]), (&json!("voice"), &json!("pending")), "{page}");
    assert_eq!(events(&stage)[0]["data"]["auto"], json!(true));
    stage.kill_and_start();
    assert_eq!(stage.result(&id, &code), "ok");
    assert_eq!(web.asked().len(), 1, "a call is one call");

    let web = Web::start(busy);
    let mut stage = Stage::new(1, &with_voice(web.port(), "auto_channel = true"));
    let id = stage.begun();
    stage.refuses(0);
    until("nobody could be given a code", PATIENCE, || (stage.get(&id)["status"] == "failed").then_some(()));
    assert_eq!(web.asked().len(), 1);
}

#[test]
fn a_block_that_withholds_sms_and_calls_names_the_channels_that_it_lets_through() {
    let web = Web::start(calls);
    let lines = with_voice(web.port(), "")
        .replace("\"voice\"]", "\"voice\", \"whatsapp\"]")
        .replace("[[route]]", "whatsapp = { route = 9 }\n[[route]]");
    let stage = Stage::new(1, &(lines + "[guard]\nblock = [\"+3161\"]\n"));
    let predicted = |channel: &str| {
        let body = json!({ "to": "+31612345678", "app": "login", "channel": channel });
        stage.daemon.client().post("/v1/verifications/predict", &body).json()
    };
    for channel in ["sms", "voice"] {
        let refused = stage.start(json!({ "channel": channel }));
        let page = refused.json();
        assert_eq!((refused.status, &page["reason"]), (403, &json!("block_listed")), "{page}");
        assert_eq!(page["allowed_channels"], json!(["whatsapp"]), "{page}");
        let page = predicted(channel);
        assert_eq!((&page["decision"], &page["channels"]), (&json!("refuse"), &json!(["whatsapp"])), "{page}");
    }
    assert_eq!(predicted("whatsapp")["decision"], json!("allow"));
    assert_eq!(stage.start(json!({ "channel": "whatsapp" })).status, 202);
    let said = web.hears(1).remove(0).json()["say"].as_str().unwrap().to_owned();
    assert!(said.contains(" is your Shop code."), "it says what SMS says where it has no text of its own: {said}");
}
