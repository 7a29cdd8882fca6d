//! One-time codes through the real binary: sent, checked, sent again, tried by the next carrier, and found nowhere.

use crate::daemon::client::Reply;
use crate::daemon::raw::{self, Frame, Link, Smsc};
use crate::daemon::{Daemon, KEY, carrier_named, digest, until};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
pub(super) const NUMBER: &str = "+31612345678";
/// Places of a code at which there is none.
const NONE: &str = "no code";

/// An account that verifies, a route over these carriers, and the app `login`.
fn configuration(folder: &Path, carriers: &[(&str, u16, &str)], app: &str) -> String {
    let digest = digest(KEY);
    // Few tests are about guards, and most send to one number.
    let guard = if app.contains("[guard]") { "" } else { "[guard]\nper_phone = [\"100/1d\"]\n" };
    let routes = if app.contains("id = 9\n") { "[8, 9]" } else { "[8]" };
    let names: Vec<&str> = carriers.iter().map(|it| it.0).collect();
    let carriers: String = carriers.iter().map(|(name, port, more)| carrier_named(name, *port, more)).collect();
    format!(
        "[[account]]\nid = \"shop\"\nkey_sha256 = [\"{digest}\"]\nscopes = [\"send\", \"read\", \"verify\", \"admin\"]\nroutes = {routes}\n\
         senders = [\"YOURAPP\"]\nregion = \"NL\"\n{carriers}[[route]]\nid = 8\nclass = \"otp\"\ncarriers = {names:?}\n\
         receipt_window = \"1s\"\n[[app]]\nid = \"login\"\nroute = 8\ncountries = [\"NL\"]\nresend_after = \"1s\"\nbrand = \"Shop\"\n\
         domain = \"shop.example\"\ntext = {{ en = \"{{code}} is your {{brand}} code.\" }}\n{app}\n{guard}[keys]\nring_file = {:?}\n",
        folder.join("keys")
    )
}

pub(super) struct Stage {
    folder: tempfile::TempDir,
    smscs: Vec<Smsc>,
    links: Vec<Link>,
    /// More of each carrier.
    more: String,
    pub(super) daemon: Daemon,
}

impl Stage {
    /// With so many carriers, and more of the app.
    pub(super) fn new(carriers: usize, app: &str) -> Self {
        Self::of(carriers, String::new(), app)
    }

    /// With so many carriers that charge this.
    pub(super) fn with_cost(carriers: usize, app: &str, cost: &str) -> Self {
        Self::of(carriers, format!("cost = {cost}\n"), app)
    }

    fn of(carriers: usize, more: String, app: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let smscs: Vec<Smsc> = (0..carriers).map(|_| Smsc::new()).collect();
        let mut stage = Self { daemon: Daemon::prepare("", &[]), folder, links: Vec::new(), more, smscs };
        stage.keys(&["new"]);
        stage.daemon.configure(&stage.configuration(app));
        stage.daemon.restart();
        stage.links = stage.smscs.iter().map(Smsc::bound).collect();
        stage
    }

    pub(super) fn configuration(&self, app: &str) -> String {
        let ports = self.smscs.iter().map(Smsc::port);
        let named: Vec<(&str, u16, &str)> =
            ["acme", "beta"].into_iter().zip(ports).map(|(name, port)| (name, port, &*self.more)).collect();
        configuration(self.folder.path(), &named, app)
    }

    /// `nuncio keys`
    pub(super) fn keys(&self, words: &[&str]) {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nuncio"));
        let file = self.folder.path().join("keys");
        let output = command.arg("keys").args(words).arg("--file").arg(file).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(super) fn kill_and_start(&mut self) {
        self.daemon.kill();
        self.daemon.restart();
        self.links = self.smscs.iter().map(Smsc::bound).collect();
    }

    pub(super) fn start(&self, more: Value) -> Reply {
        let mut body = json!({ "to": NUMBER, "app": "login" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.daemon.client().post("/v1/verifications", &body)
    }

    /// One that begins now, by its id.
    pub(super) fn begun(&self) -> String {
        let reply = self.start(json!({}));
        assert_eq!((reply.status, &reply.json()["result"]), (202, &json!("created")), "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    pub(super) fn check(&self, id: &str, code: &str) -> Value {
        let reply = self.daemon.client().post(&format!("/v1/verifications/{id}/check"), &json!({ "code": code }));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    pub(super) fn result(&self, id: &str, code: &str) -> String {
        self.check(id, code)["result"].as_str().unwrap().to_owned()
    }

    pub(super) fn get(&self, id: &str) -> Value {
        self.daemon.client().get(&format!("/v1/verifications/{id}")).json()
    }

    pub(super) fn post(&self, id: &str, what: &str) -> Reply {
        self.daemon.client().post(&format!("/v1/verifications/{id}/{what}"), &json!({}))
    }

    /// The next code that a carrier is given; it takes it under this name.
    pub(super) fn takes(&mut self, carrier: usize, name: &str) -> String {
        let submit = self.links[carrier].read_command(raw::SUBMIT_SM);
        self.links[carrier].answer(&submit, 0, format!("{name}\0").as_bytes());
        code_in(&submit)
    }

    /// The next code that a carrier is given; it refuses it for good.
    pub(super) fn refuses(&mut self, carrier: usize) {
        let submit = self.links[carrier].read_command(raw::SUBMIT_SM);
        self.links[carrier].answer(&submit, 0x0B, b"");
    }

    /// Its carriers are gone.
    pub(super) fn hang_up(&mut self) {
        self.links.clear();
        self.smscs.clear();
    }

    fn delivers(&mut self, carrier: usize, name: &str) {
        let text = format!(
            "id:{name} sub:001 dlvrd:001 submit date:2611270900 done date:2611270901 stat:DELIVRD err:000 text:"
        );
        self.links[carrier].send_pdu(raw::DELIVER_SM, 7, &raw::deliver(4, text.as_bytes()));
        assert_eq!(self.links[carrier].read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    }
}

/// The code of a text, which stands in it twice: for people, and for machines.
fn code_in(submit: &Frame) -> String {
    let text = String::from_utf8_lossy(&submit.body).into_owned();
    let at = text.find(" is your Shop code.").unwrap_or_else(|| panic!("{NONE}: {text:?}"));
    let code = text[at - 6..at].to_owned();
    // `@` is 0 in the alphabet of GSM.
    assert!(text.contains(&format!("\n\0shop.example #{code}")), "{text:?}");
    code
}

/// Another code than this.
pub(super) fn wrong(code: &str) -> String {
    let digit = if code.starts_with('9') { '0' } else { '9' };
    format!("{digit}{}", &code[1..])
}

#[test]
fn a_code_that_was_sent_comes_back_once() {
    let mut stage = Stage::new(1, "");
    let reply = stage.start(json!({ "client_ref": "login-77", "locale": "nl", "ip": "192.0.2.7" }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    let begun = reply.json();
    let id = begun["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("location"), Some(&*format!("/v1/verifications/{id}")));
    let shown = ["status", "channel", "next_channel", "checks_left", "app", "to", "client_ref", "test", "verified_at"];
    let expected = json!(["pending", "sms", null, 5, "login", NUMBER, "login-77", false, null]);
    assert_eq!(json!(shown.map(|it| &begun[it])), expected, "{begun}");
    let code = stage.takes(0, "1");
    assert_eq!(
        stage.check(&id, &wrong(&code)),
        json!({ "result": "incorrect", "status": "pending", "checks_left": 4 })
    );
    stage.delivers(0, "1");
    let spaced = format!(" {}-{} ", &code[..3], &code[3..]);
    assert_eq!(stage.check(&id, &spaced), json!({ "result": "ok", "status": "approved", "checks_left": 0 }));
    assert_eq!([&code, &wrong(&code)].map(|it| stage.result(&id, it)), ["already_verified", "already_verified"]);
    let page = stage.get(&id);
    assert_eq!((&page["status"], &page["resend_after"]), (&json!("approved"), &json!(null)), "{page}");
    for time in ["created_at", "submitted_at", "delivered_at", "verified_at", "ended_at", "expires_at"] {
        assert!(page[time].is_string(), "{time}: {page}");
    }
    let attempt = &page["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["number"]), (&json!("delivered"), &json!(1)), "{page}");
    assert_eq!(attempt["idempotency_key"], json!(format!("{id}-attempt-1")));
    let listed = stage.daemon.client().get(&format!("/v1/verifications?to={NUMBER}").replace('+', "%2B")).json();
    assert_eq!(listed["data"][0]["id"], json!(id), "{listed}");
    let events = stage.daemon.client().get("/v1/events?types=verification.approved").json();
    let told = &events["data"][0]["data"];
    assert_eq!(
        (&told["id"], &told["status"], &told["client_ref"]),
        (&json!(id), &json!("approved"), &json!("login-77"))
    );
    let count = stage
        .daemon
        .metrics()
        .sum("verifications_total", &["app=\"login\"", "carrier=\"acme\"", "result=\"approved\""]);
    assert_eq!(count, 1.0);
    assert_eq!(stage.daemon.metrics().sum("verification_seconds_count", &["carrier=\"acme\""]), 1.0);
    let over = stage.post(&id, "resend");
    assert_eq!((over.status, &over.json()["type"]), (409, &json!("/problems/verification-over")));
    assert_eq!(stage.post(&id, "cancel").json()["status"], json!("approved"), "an end is an end");
}

#[test]
fn two_taps_are_one_message_and_later_the_same_code_goes_again() {
    let mut stage = Stage::new(1, "");
    let id = stage.begun();
    let again = stage.start(json!({})).json();
    assert_eq!((&again["result"], &again["id"]), (&json!("running"), &json!(id)));
    let soon = stage.post(&id, "resend");
    assert_eq!((soon.status, soon.header("retry-after")), (429, Some("1")), "{}", soon.text());
    assert_eq!(soon.json()["type"], json!("/problems/resend-too-soon"));
    let code = stage.takes(0, "1");
    std::thread::sleep(Duration::from_millis(1_100));
    let resent = stage.start(json!({})).json();
    assert_eq!((&resent["result"], &resent["id"]), (&json!("resent"), &json!(id)));
    assert_eq!(stage.takes(0, "2"), code, "the first may yet arrive");
    assert_eq!(stage.result(&id, &code), "ok");
    let other = stage.begun();
    assert_ne!(other, id);
    assert_eq!(stage.post(&other, "cancel").json()["status"], json!("canceled"));
    assert_eq!(stage.result(&other, &code), "expired");
}

#[test]
fn a_new_code_kills_the_one_before_where_the_app_says_so() {
    let mut stage = Stage::new(1, "resend = \"new\"");
    let id = stage.begun();
    let first = stage.takes(0, "1");
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(stage.post(&id, "resend").status, 202);
    let second = stage.takes(0, "2");
    if first != second {
        assert_eq!(stage.result(&id, &first), "incorrect");
    }
    assert_eq!(stage.result(&id, &second), "ok");
}

#[test]
fn a_code_that_looks_otherwise_or_is_chosen_anew_takes_the_place_of_the_one_before() {
    let mut stage = Stage::new(1, "");
    let id = stage.begun();
    let first = stage.takes(0, "1");
    let longer = stage.configuration("code = { length = 8 }");
    stage.daemon.configure(&longer);
    stage.daemon.reload();
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(stage.post(&id, "resend").status, 202);
    let submit = stage.links[0].read_command(raw::SUBMIT_SM);
    stage.links[0].answer(&submit, 0, b"2\0");
    let text = String::from_utf8_lossy(&submit.body).into_owned();
    let at = text.find(" is your Shop code.").unwrap_or_else(|| panic!("{NONE}: {text:?}"));
    let second = text[at - 8..at].to_owned();
    assert!(text.contains(&format!("#{second}")) && second.bytes().all(|it| it.is_ascii_digit()), "{text:?}");
    assert_eq!(stage.result(&id, &first), "incorrect");
    std::thread::sleep(Duration::from_millis(1_100));
    let chosen = stage.start(json!({ "custom_code": "90714355" })).json();
    assert_eq!((&chosen["result"], &chosen["id"], &chosen["checks_left"]), (&json!("resent"), &json!(id), &json!(4)));
    assert_eq!(stage.result(&id, &second), "incorrect");
    assert_eq!(stage.result(&id, "90714355"), "ok");
}

#[test]
fn a_repeat_under_a_key_sends_nothing_and_giving_up_brings_no_code_sooner() {
    let mut stage = Stage::new(1, "");
    let id = stage.begun();
    stage.takes(0, "1");
    std::thread::sleep(Duration::from_millis(1_100));
    let body = json!({ "to": NUMBER, "app": "login" });
    let keyed = || stage.daemon.client().keyed("POST", "/v1/verifications", &body, "tap-7").expect("an answer");
    assert_eq!(keyed().json()["result"], json!("resent"));
    std::thread::sleep(Duration::from_millis(1_100));
    let again = keyed();
    assert_eq!((&again.json()["result"], &again.json()["id"]), (&json!("repeated"), &json!(id)));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let id = stage.get(&id)["id"].as_str().unwrap().to_owned();
    assert_eq!(stage.post(&id, "resend").status, 202);
    assert_eq!(stage.post(&id, "cancel").json()["status"], json!("canceled"));
    let soon = stage.start(json!({}));
    assert_eq!((soon.status, &soon.json()["type"]), (429, &json!("/problems/resend-too-soon")), "{}", soon.text());
    std::thread::sleep(Duration::from_millis(1_100));
    assert_ne!(stage.begun(), id);
}

#[test]
fn a_thousand_guesses_at_once_are_five_and_no_kill_gives_one_back() {
    let mut stage = Stage::new(1, "");
    let id = stage.begun();
    let code = stage.takes(0, "1");
    assert_eq!([(); 2].map(|()| stage.result(&id, &wrong(&code))), ["incorrect", "incorrect"]);
    stage.kill_and_start();
    assert_eq!(stage.get(&id)["checks_left"], json!(3));
    let results: Vec<String> = std::thread::scope(|scope| {
        let guess = || (0..100).map(|_| stage.result(&id, &wrong(&code))).collect::<Vec<_>>();
        let all: Vec<_> = (0..10).map(|_| scope.spawn(guess)).collect();
        all.into_iter().flat_map(|it| it.join().expect("it guesses")).collect()
    });
    let count = |word: &str| results.iter().filter(|it| *it == word).count();
    assert_eq!((results.len(), count("incorrect"), count("exhausted")), (1_000, 3, 997));
    assert_eq!(
        stage.check(&id, &code),
        json!({ "result": "exhausted", "status": "max_attempts_reached", "checks_left": 0 })
    );
    stage.kill_and_start();
    assert_eq!(stage.result(&id, &code), "exhausted");
}

#[test]
fn a_code_goes_to_the_next_carrier_and_after_a_kill_as_it_was() {
    let mut stage = Stage::new(2, "");
    let id = stage.begun();
    let code = stage.takes(0, "1");
    // It takes the code and says no more; the daemon dies before the next is given it.
    until("it is taken", PATIENCE, || stage.get(&id)["submitted_at"].is_string().then_some(()));
    stage.kill_and_start();
    assert_eq!(stage.takes(1, "2"), code);
    stage.delivers(1, "2");
    until("it is delivered", PATIENCE, || stage.get(&id)["delivered_at"].is_string().then_some(()));
    let page = stage.get(&id);
    let tries: Vec<(&Value, &Value)> =
        page["attempts"].as_array().unwrap().iter().map(|it| (&it["carrier"], &it["status"])).collect();
    let expected = [(json!("acme"), json!("no_receipt")), (json!("beta"), json!("delivered"))];
    assert_eq!(tries, expected.iter().map(|it| (&it.0, &it.1)).collect::<Vec<_>>(), "{page}");
    assert_eq!(stage.result(&id, &code), "ok");
    let count = stage.daemon.metrics().sum("verifications_total", &["carrier=\"beta\"", "result=\"approved\""]);
    assert_eq!(count, 1.0, "to the credit of who delivered it");
}

#[test]
fn once_it_came_back_no_other_carrier_is_tried() {
    let mut stage = Stage::new(2, "");
    let id = stage.begun();
    let code = stage.takes(0, "1");
    assert_eq!(stage.result(&id, &code), "ok");
    // Longer than its receipt is waited for.
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(stage.get(&id)["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(stage.daemon.metrics().sum("pdus_total", &["carrier=\"beta\"", "command=\"submit_sm\""]), 0.0);
}

#[test]
fn where_nobody_takes_a_code_the_verification_has_failed() {
    let mut stage = Stage::new(1, "");
    let id = stage.begun();
    let submit = stage.links[0].read_command(raw::SUBMIT_SM);
    // ESME_RINVDSTADR: with one carrier that is the end.
    stage.links[0].answer(&submit, 0x0B, b"");
    until("it has failed", PATIENCE, || (stage.get(&id)["status"] == json!("failed")).then_some(()));
    assert_eq!(stage.result(&id, &code_in(&submit)), "expired");
    let events = stage.daemon.client().get("/v1/events?types=verification.failed").json();
    assert_eq!(events["data"][0]["data"]["id"], json!(id), "{events}");
}

#[test]
fn what_may_not_be_asked_for_is_pointed_at() {
    let stage = Stage::new(1, "test_numbers = { \"+31600000001\" = \"042042\" }");
    let refused = |more: Value| {
        let reply = stage.start(more);
        let problem = reply.json();
        (reply.status, problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refused(json!({ "app": "none" })), (422, "/app".to_owned()));
    assert_eq!(refused(json!({ "to": "+4915123456789" })), (403, "/to".to_owned()));
    assert_eq!(refused(json!({ "to": "12" })), (422, "/to".to_owned()));
    assert_eq!(refused(json!({ "custom_code": "12" })), (422, "/custom_code".to_owned()));
    assert_eq!(refused(json!({ "custom_code": 123456 })), (422, "/custom_code".to_owned()));
    assert_eq!(refused(json!({ "ip": "here" })), (422, "/ip".to_owned()));
    assert_eq!(refused(json!({ "channel": "voice" })), (422, "/channel".to_owned()));
    assert_eq!(refused(json!({ "variables": { "name": "http://evil" } })), (422, "/variables/name".to_owned()));
    let profile = "profile = \"nist-800-63b\"\nnotice = { en = \"Tell it nobody.\" }\nalternative = \"totp\"\nrisk = { accepted = \"there is no money\" }\n";
    let chosen = Stage::new(1, profile).start(json!({ "custom_code": "482911" }));
    assert_eq!((chosen.status, &chosen.json()["errors"][0]["pointer"]), (422, &json!("/custom_code")));
    let tested = stage.start(json!({ "to": "+31600000001" })).json();
    let id = tested["id"].as_str().unwrap();
    assert_eq!((&tested["test"], &tested["attempts"]), (&json!(true), &json!([])));
    // A number of JSON has no 0 at its front.
    let number = stage.daemon.client().post(&format!("/v1/verifications/{id}/check"), &json!({ "code": 42042 }));
    assert_eq!((number.status, &number.json()["errors"][0]["pointer"]), (422, &json!("/code")));
    assert_eq!(stage.result(id, "42042"), "incorrect");
    assert_eq!(stage.result(id, "042042"), "ok");
    let missing = stage.daemon.client().get("/v1/verifications/ver_800000000000000000000000000000");
    assert_eq!(missing.status, 404);
}

#[test]
fn keys_are_turned_while_codes_live_and_without_its_key_no_code_is_good() {
    let mut stage = Stage::new(1, "");
    let id = stage.begun();
    let code = stage.takes(0, "1");
    stage.keys(&["rotate"]);
    stage.daemon.reload();
    assert_eq!(stage.result(&id, &code), "ok");
    let id = stage.begun();
    let code = stage.takes(0, "2");
    std::fs::remove_file(stage.folder.path().join("keys")).expect("it is there");
    stage.keys(&["new"]);
    stage.daemon.reload();
    let reply = stage.daemon.client().post(&format!("/v1/verifications/{id}/check"), &json!({ "code": code }));
    assert_eq!((reply.status, &reply.json()["type"]), (503, &json!("/problems/code-key-missing")));
}

#[test]
fn a_code_stands_in_no_file_and_in_nothing_that_is_said() {
    let mut stage = Stage::new(2, "");
    let chosen = stage.start(json!({ "custom_code": "907143" })).json();
    assert_eq!(stage.takes(0, "1"), "907143");
    let other = stage.start(json!({ "to": "+31612345679" })).json();
    let made = stage.takes(0, "2");
    assert_eq!(stage.takes(1, "3"), "907143", "also by the next carrier");
    assert_eq!(stage.takes(1, "4"), made);
    let mut said = stage.daemon.operator().get("/metrics").text();
    for path in ["/v1/messages", "/v1/events", "/openapi.json"] {
        said += &stage.daemon.client().get(path).text();
    }
    said += &stage.daemon.lines().iter().map(Value::to_string).collect::<String>();
    let store = stage.daemon.config().with_file_name("store");
    let files: Vec<Vec<u8>> = std::fs::read_dir(&store)
        .expect("a folder")
        .map(|it| std::fs::read(it.expect("an entry").path()).expect("a file"))
        .collect();
    assert!(3 <= files.len() && files.iter().any(|it| 4_096 < it.len()));
    let ring = std::fs::read_to_string(stage.folder.path().join("keys")).expect("a file");
    let key = ring.split_whitespace().last().expect("a key").to_owned();
    let octets = hex::decode(&key).expect("octets");
    for code in ["907143", &made] {
        let found = |it: &[u8]| it.windows(code.len()).any(|it| it == code.as_bytes());
        assert!(!files.iter().any(|it| found(it)), "a file has {code}");
        assert!(!found(said.as_bytes()), "it was said");
    }
    for secret in [key.as_bytes(), &octets] {
        assert!(!files.iter().any(|it| it.windows(secret.len()).any(|it| it == secret)), "a file has the key");
    }
    for id in [&chosen["id"], &other["id"]] {
        assert_eq!(stage.post(id.as_str().unwrap(), "cancel").status, 200);
    }
}
