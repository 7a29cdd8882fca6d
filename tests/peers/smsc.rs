//! A peer that plays the SMSC in a process of its own, and is told and asked in lines of JSON.

use crate::daemon::process::Process;
use crate::daemon::until;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// How long a peer may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);

/// An SMSC in another process.
pub(crate) struct Smsc {
    process: Process,
    port: u16,
    asked: usize,
}

impl Smsc {
    /// The one made of the package `smpp` of npm.
    pub(crate) fn npm(options: &Value) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");
        let mut command = Command::new("node");
        command.current_dir(folder).arg("smsc.js").arg(options.to_string());
        Self::started("smsc.js", command)
    }

    /// The one made of Debian's libnet-smpp-perl.
    pub(crate) fn perl(options: &Value) -> Self {
        let mut command = Command::new("perl");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/smsc.pl")).arg(options.to_string());
        Self::started("smsc.pl", command)
    }

    fn started(name: &'static str, command: Command) -> Self {
        let process = Process::start(name, command);
        let port = process.line(PATIENCE, |lines| event(lines, "listening", 1)?["port"].as_u64());
        Self { process, port: u16::try_from(port).expect("a port"), asked: 0 }
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Changes options.
    pub(crate) fn set(&mut self, options: &Value) -> Value {
        self.tell(&json!({ "set": options }))
    }

    /// How it stands.
    pub(crate) fn report(&mut self) -> Value {
        self.tell(&json!({}))
    }

    /// How often which text came.
    pub(crate) fn ledger(&mut self) -> Vec<(String, u64)> {
        let report = self.tell(&json!({ "ledger": true }));
        let ledger = report["ledger"].as_object().expect("it was asked for");
        ledger.iter().map(|(text, count)| (text.clone(), count.as_u64().expect("a count"))).collect()
    }

    /// Waits until a count of its report is at least so high.
    pub(crate) fn reaches(&mut self, name: &str, count: u64, within: Duration) {
        until(&format!("the SMSC has {name} {count}"), within, || {
            self.report()[name].as_u64().filter(|it| count <= *it)
        });
    }

    /// Waits for the nth event of a kind.
    pub(crate) fn event(&self, kind: &str, nth: usize) -> Value {
        self.process.line(PATIENCE, |lines| event(lines, kind, nth))
    }

    /// All events of a kind so far.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let lines = self.process.heard();
        (1..).map_while(|nth| event(&lines, kind, nth)).collect()
    }

    /// kill -9, and waits for the end.
    pub(crate) fn kill(self) {
        self.process.kill();
    }

    fn tell(&mut self, line: &Value) -> Value {
        self.asked += 1;
        self.process.say(&line.to_string());
        self.event("report", self.asked)
    }
}

pub(crate) fn event(lines: &[String], kind: &str, nth: usize) -> Option<Value> {
    let head = format!("{{\"event\":\"{kind}\"");
    let line = lines.iter().filter(|it| it.starts_with(&head)).nth(nth - 1)?;
    Some(serde_json::from_str(line).expect("a line of JSON"))
}
