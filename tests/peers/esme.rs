//! ESMEs that nobody here wrote, against our simulated carrier: what each side saw is compared.

use crate::daemon::process::Process;
use crate::peers::need::trials;
use crate::peers::sim::{Sim, joined};
use crate::peers::smsc::event;
use crate::peers::tshark::capture::Recorder;
use crate::peers::tshark::judge;
use nuncio::simulator::behaviour::{Behaviour, Receipts};
use nuncio::simulator::dice::Span;
use nuncio::simulator::ledger::Verdict;
use nuncio::smpp::bind::Outbind;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::status::CommandStatus;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

/// How long a peer may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");
const TO: &str = "31612345678";
const FROM: &str = "YOURAPP";

/// An ESME in another process, told in lines of JSON.
struct Esme {
    process: Process,
    heard: BTreeMap<&'static str, usize>,
}

impl Esme {
    /// The one made of the package `smpp` of npm.
    fn npm(port: u16) -> Self {
        let mut command = Command::new("node");
        command.arg("esme.js");
        Self::started("esme.js", command, port)
    }

    /// The one made of the package `smpplib` of PyPI.
    fn smpplib(port: u16) -> Self {
        let mut command = Command::new("python3");
        command.arg("esme.py").env("PYTHONPATH", "python_modules");
        Self::started("esme.py", command, port)
    }

    fn started(name: &'static str, mut command: Command, port: u16) -> Self {
        command.current_dir(FOLDER).arg(port.to_string());
        let mut esme = Self { process: Process::start(name, command), heard: BTreeMap::new() };
        esme.hears("ready");
        esme
    }

    fn tell(&mut self, what: &Value) {
        self.process.say(&what.to_string());
    }

    /// Waits for the next event of a kind.
    fn hears(&mut self, kind: &'static str) -> Value {
        let nth = self.heard.entry(kind).or_default();
        *nth += 1;
        self.process.line(PATIENCE, |lines| event(lines, kind, *nth))
    }

    fn bind(&mut self, kind: &str, version: u8) -> Value {
        self.tell(&json!({ "do": "bind", "kind": kind, "system_id": "shop", "version": version }));
        self.hears("bound")
    }

    /// Submits a text that makes so many parts; the ids of the answers.
    fn submit(&mut self, text: &str, coding: u8, parts: usize) -> Vec<String> {
        let (to, from) = (TO, FROM);
        self.tell(&json!({ "do": "submit", "to": to, "from": from, "text": text, "coding": coding, "long": "udh" }));
        let answer = |_| {
            let answer = self.hears("answer");
            assert_eq!(answer["status"], 0, "{answer}");
            answer["id"].as_str().expect("an id").to_owned()
        };
        (0..parts).map(answer).collect()
    }

    fn unbind(&mut self) {
        self.tell(&json!({ "do": "unbind" }));
        assert_eq!(self.hears("unbound")["status"], 0);
    }
}

/// Texts, the data_coding that is asked for, and how many parts they make.
fn texts() -> [(String, u8, usize); 5] {
    [
        ("Hello @£$ [€]".to_owned(), 0, 1),
        ("grüße und ΔΦΓ, ".repeat(20), 0, 2),
        ("Привет, мир".to_owned(), 8, 1),
        ("漢字と仮名。".repeat(25), 8, 3),
        ("Où ça, señor Ærø?".to_owned(), 3, 1),
    ]
}

/// Everything that an ESME does in its life, judged from both sides.
fn converse(esme: &mut Esme, sim: &Sim) {
    for kind in ["transmitter", "receiver"] {
        let bound = esme.bind(kind, 0x34);
        assert_eq!((&bound["status"], &bound["version"]), (&json!(0), &json!(0x50)), "{bound}");
        esme.tell(&json!({ "do": "enquire" }));
        assert_eq!(esme.hears("enquired")["status"], 0);
        esme.unbind();
    }
    assert_eq!(esme.bind("transceiver", 0x34)["system_id"], "nuncio-sim");
    let mut before = 0;
    for (text, coding, parts) in texts() {
        let ids = esme.submit(&text, coding, parts);
        let submits = sim.submits().split_off(before);
        before += parts;
        assert_eq!(joined(&submits), text);
        assert_eq!(submits.iter().map(|it| it.data_coding).collect::<Vec<_>>(), vec![coding; parts]);
        assert_eq!(submits.iter().map(taken).collect::<Vec<_>>(), ids);
        for (submit, id) in submits.iter().zip(&ids) {
            assert_eq!((submit.source.to_string(), submit.destination.to_string()), (FROM.to_owned(), TO.to_owned()));
            let receipt = esme.hears("delivered");
            assert_eq!((&receipt["source"], &receipt["destination"]), (&json!(TO), &json!(FROM)));
            assert_eq!(receipt["esm_class"], 4);
            let said = receipt["text"].as_str().expect("a text");
            assert!(said.starts_with(&format!("id:{id} ")) && said.contains(" stat:DELIVRD err:000 "), "{said}");
        }
    }
    sim.reaches("every receipt is confirmed", |it| it.receipts_confirmed == before as u64);
    let sent = sim.carrier().with(|smsc, now| smsc.send_message(now, "shop", (TO, "12345"), b"Hi there"));
    assert!(sent);
    let message = esme.hears("delivered");
    for (name, value) in [("source", TO), ("destination", "12345"), ("text", "Hi there")] {
        assert_eq!(message[name], value);
    }
    sim.reaches("the message is confirmed", |it| it.messages_confirmed == 1);
    esme.unbind();
    let stats = sim.stats();
    assert_eq!((stats.binds, stats.binds_refused, stats.oddities), (3, 0, 0), "{stats}");
}

/// The id under which a submit was taken.
fn taken(submit: &nuncio::simulator::ledger::Submit) -> String {
    match &submit.verdict {
        Verdict::Taken { id, .. } => id.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A carrier that keeps messages for longer than a test lasts.
fn slow() -> Behaviour {
    let receipts = Receipts { delay: Span::of(Duration::from_secs(600)), ..Receipts::default() };
    Behaviour { receipts, steer: true, ..Behaviour::default() }
}

trials! {
    [Npm, Tshark]:
        the_package_of_npm_asks_for_every_operation_of_5_0;
    [Smpplib]:
        the_package_of_pypi_asks_for_the_state_of_a_message_and_hears_alerts,
        the_package_of_pypi_converses_with_our_smsc;
    [Npm]:
        the_package_of_npm_converses_with_our_smsc,
        nuncio_sim_does_what_it_is_told_while_an_esme_is_bound;
}

fn the_package_of_npm_asks_for_every_operation_of_5_0() {
    let sim = Sim::start(slow());
    let recorder = Recorder::start(sim.port());
    let mut esme = Esme::npm(recorder.port());
    assert_eq!(esme.bind("transceiver", 0x50)["version"], 0x50);
    let mut ask = |operation: &str, content: Value| {
        esme.tell(&json!({ "do": "ask", "operation": operation, "content": content }));
        let answered = esme.hears("answered");
        assert_eq!(answered["command"], format!("{operation}_resp"));
        answered
    };
    let from = json!({ "source_addr_ton": 5, "source_addr": FROM });
    let with = |more: Value| {
        let all = from.as_object().unwrap().clone().into_iter().chain(more.as_object().unwrap().clone());
        Value::Object(all.collect())
    };
    let submit = with(json!({ "destination_addr": TO, "short_message": "Hello", "registered_delivery": 1 }));
    let taken = ask("submit_sm", submit.clone());
    assert_eq!((&taken["status"], &taken["congestion"]), (&json!(0), &json!(1)));
    let id = taken["id"].clone();
    let state = |answered: Value| (answered["status"].clone(), answered["id"].clone(), answered["state"].clone());
    assert_eq!(state(ask("query_sm", with(json!({ "message_id": id })))), (json!(0), id.clone(), json!(1)));
    let replace = with(json!({ "message_id": id, "short_message": "Goodbye", "registered_delivery": 1 }));
    assert_eq!(ask("replace_sm", replace.clone())["status"], 0);
    let cancel = with(json!({ "message_id": id, "destination_addr": TO }));
    assert_eq!(ask("cancel_sm", cancel.clone())["status"], 0);
    let queried = ask("query_sm", with(json!({ "message_id": id })));
    assert!(queried["final"].is_string(), "{queried}");
    assert_eq!(state(queried), (json!(0), id, json!(4)));
    for (operation, content, status) in [
        ("query_sm", with(json!({ "message_id": "77" })), CommandStatus::QueryFailed),
        ("cancel_sm", cancel, CommandStatus::CancelFailed),
        ("replace_sm", replace, CommandStatus::ReplaceFailed),
    ] {
        assert_eq!(ask(operation, content)["status"], status.as_u32());
    }
    let refused = format!("{TO}12");
    let dest_address = json!([{ "destination_addr": TO }, { "destination_addr": refused }, { "dl_name": "staff" }]);
    let many = ask("submit_multi", with(json!({ "dest_address": dest_address, "short_message": "Hello" })));
    let why =
        |at: usize| (many["refused"][at]["destination_addr"].clone(), many["refused"][at]["error_status_code"].clone());
    assert_eq!((&many["status"], many["id"].is_string()), (&json!(0), true));
    assert_eq!(why(0), (json!(refused), json!(CommandStatus::InvalidDestinationAddress.as_u32())));
    assert_eq!(why(1), (json!("staff"), json!(CommandStatus::InvalidListName.as_u32())));
    let data = ask("data_sm", with(json!({ "destination_addr": TO, "message_payload": { "hex": "48656c6c6f" } })));
    assert_eq!(data["status"], 0);
    assert_eq!(joined(&sim.submits()), "Hello".repeat(4));
    broadcasts(ask, &with);
    let told = sim.carrier().with(|smsc, now| smsc.alert(now, "shop", TO, "12345"));
    assert!(told);
    let alerted = esme.hears("alerted");
    assert_eq!((&alerted["source"], &alerted["esme"], &alerted["status"]), (&json!(TO), &json!("12345"), &json!(0)));
    esme.unbind();
    assert_eq!(sim.stats().oddities, 0);
    // And what both said, as a third sees it.
    let count = judge(&recorder.conversations());
    for operation in ["submit_multi", "query_sm", "replace_sm", "cancel_sm", "data_sm", "broadcast_sm"] {
        let response = format!("{operation}_resp");
        assert_eq!(count.operations.get(operation), count.operations.get(&*response), "{operation}");
    }
    assert_eq!(count.operations.get("alert_notification"), Some(&1));
}

/// Sends one, asks for it, cancels it and asks again.
fn broadcasts(mut ask: impl FnMut(&str, Value) -> Value, with: &impl Fn(Value) -> Value) {
    let (format, unit) = (0, 9);
    let broadcast = with(json!({
        "broadcast_area_identifier": [{ "format": format, "data": { "hex": "4e4c" } }],
        "broadcast_content_type": { "network": 1, "content_type": 16 },
        "broadcast_rep_num": 3,
        "broadcast_frequency_interval": { "unit": unit, "interval": 5 },
    }));
    let id = ask("broadcast_sm", broadcast)["id"].clone();
    assert!(id.is_string());
    let stands = |queried: Value| (queried["status"].clone(), queried["state"].clone(), queried["success"].clone());
    let query = || with(json!({ "message_id": id }));
    let queried = ask("query_broadcast_sm", query());
    assert_eq!(queried["areas"].as_array().map(Vec::len), Some(1), "{queried}");
    assert_eq!(stands(queried), (json!(0), json!(1), json!(0)));
    assert_eq!(ask("cancel_broadcast_sm", query())["status"], 0);
    assert_eq!(stands(ask("query_broadcast_sm", query())).1, json!(4));
    assert_eq!(ask("cancel_broadcast_sm", query())["status"], CommandStatus::BroadcastCancelFailed.as_u32());
}

fn the_package_of_pypi_asks_for_the_state_of_a_message_and_hears_alerts() {
    let sim = Sim::start(slow());
    let mut esme = Esme::smpplib(sim.port());
    esme.bind("transceiver", 0x34);
    let ids = esme.submit("Hello", 0, 1);
    esme.tell(&json!({ "do": "query", "id": ids[0], "from": FROM }));
    let queried = esme.hears("queried");
    for (name, value) in [("status", json!(0)), ("id", json!(ids[0])), ("state", json!(1)), ("final", json!(""))] {
        assert_eq!(queried[name], value, "{queried}");
    }
    let told = sim.carrier().with(|smsc, now| smsc.alert(now, "shop", TO, "12345"));
    assert!(told);
    assert_eq!(esme.hears("alerted")["source"], TO);
    esme.unbind();
}

fn the_package_of_npm_converses_with_our_smsc() {
    let sim = Sim::start(Behaviour::default());
    let mut esme = Esme::npm(sim.port());
    converse(&mut esme, &sim);
}

fn the_package_of_pypi_converses_with_our_smsc() {
    let sim = Sim::start(Behaviour::default());
    let mut esme = Esme::smpplib(sim.port());
    converse(&mut esme, &sim);
}

fn nuncio_sim_does_what_it_is_told_while_an_esme_is_bound() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    command.args(["sim", "--listen", "127.0.0.1:0", "--account", "shop:secret", "--smpp", "3.4"]);
    let mut sim = Process::start("nuncio sim", command);
    let port = sim.line(PATIENCE, |lines| lines.iter().find_map(|it| it.rsplit_once(':')?.1.parse().ok()));
    let mut esme = Esme::npm(port);
    assert_eq!(esme.bind("transceiver", 0x50)["version"], 0x34);
    sim.say("message shop 31612345678 12345 Hi there");
    assert_eq!(esme.hears("delivered")["text"], "Hi there");
    sim.say("alert shop 31612345678 12345");
    assert_eq!(esme.hears("alerted")["source"], TO);
    sim.say("message bank 31612345678 12345 Hi there");
    sim.line(PATIENCE, |lines| lines.iter().any(|it| it == "nobody is bound as bank who can be told").then_some(()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sim.say(&format!("outbind {} SMSC theirs", listener.local_addr().unwrap()));
    let (mut octets, (mut stream, _)) = (vec![0; 28], listener.accept().unwrap());
    stream.read_exact(&mut octets).unwrap();
    let outbind = Outbind { system_id: CString::from("SMSC"), password: CString::from("theirs") };
    assert_eq!(Pdu::decode(octets.into()), Ok(Pdu::request(1, PduBody::Outbind(outbind))));
    esme.unbind();
    sim.signal(rustix::process::Signal::TERM);
    assert_eq!(sim.end(PATIENCE).code(), Some(0));
}
