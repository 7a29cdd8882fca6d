//! ESMEs that nobody here wrote, against our simulated carrier: what each side saw is compared.

use crate::daemon::process::Process;
use crate::peers::sim::{Sim, joined};
use crate::peers::smsc::{event, runs, skipped};
use nuncio::simulator::behaviour::Behaviour;
use nuncio::simulator::ledger::Verdict;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
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
    fn npm(port: u16) -> Option<Self> {
        if !Path::new(FOLDER).join("node_modules/smpp").exists() || !runs("node", &["--version"]) {
            return skipped("the npm package smpp: npm ci --prefix tests/peers");
        }
        let mut command = Command::new("node");
        command.arg("esme.js");
        Some(Self::started("esme.js", command, port))
    }

    /// The one made of the package `smpplib` of PyPI.
    fn smpplib(port: u16) -> Option<Self> {
        if !Path::new(FOLDER).join("python_modules/smpplib").exists() || !runs("python3", &["--version"]) {
            return skipped("the PyPI package smpplib, see .ci/run");
        }
        let mut command = Command::new("python3");
        command.arg("esme.py").env("PYTHONPATH", "python_modules");
        Some(Self::started("esme.py", command, port))
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
        assert_eq!((&bound["status"], &bound["version"]), (&json!(0), &json!(0x34)), "{bound}");
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

#[test]
fn the_package_of_npm_converses_with_our_smsc() {
    let sim = Sim::start(Behaviour::default());
    let Some(mut esme) = Esme::npm(sim.port()) else { return };
    converse(&mut esme, &sim);
}

#[test]
fn the_package_of_pypi_converses_with_our_smsc() {
    let sim = Sim::start(Behaviour::default());
    let Some(mut esme) = Esme::smpplib(sim.port()) else { return };
    converse(&mut esme, &sim);
}
