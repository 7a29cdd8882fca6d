//! Promise P9 at every daemon that a test starts: nothing that it logs, at level trace, and no label of its metrics has
//! a number, a text, a password or a key in it that the test gave it. Nor does it panic.
//!
//! What is given is learnt before it is sent; lines are looked at as they come. What was found fails the test at the
//! end of the process.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// What is shorter may stand in a line by chance.
const SECRET_MIN: usize = 6;
/// Numbers and texts of one daemon that are looked for; a load of many thousands is of one kind.
const LEARNT_MAX: usize = 1_000;
/// Octets of a text that are looked for as digits of a dump.
const DUMPED: usize = 12;

/// Lines that are shown of a test that fails.
const BROKEN_MAX: usize = 5;

/// What stands under these names is a number or a text; a sender of letters is neither.
const TOLD: [&str; 5] = ["to", "from", "text", "number", "destination"];
/// What stands under these in a configuration.
const CONFIGURED: [&str; 3] = ["password", "secret", "url"];

/// Daemons by where they listen: who calls one teaches it.
static LISTENING: LazyLock<Mutex<BTreeMap<SocketAddr, Weak<Silence>>>> = LazyLock::new(Mutex::default);

/// What one daemon must not say.
#[derive(Default)]
pub(crate) struct Silence(Mutex<Secrets>);

#[derive(Default)]
struct Secrets {
    all: BTreeSet<Vec<u8>>,
    /// By their first two octets, so that nearly every place of a line is passed over at once.
    by_start: BTreeMap<[u8; 2], Vec<Vec<u8>>>,
    starts: Vec<bool>,
    /// Lines with one of them.
    broken: Vec<String>,
}

impl Silence {
    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on who calls there teaches this.
    pub(crate) fn listens(self: &Arc<Self>, at: SocketAddr) {
        let mut listening = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
        listening.retain(|_, it| it.strong_count() != 0);
        listening.insert(at, Arc::downgrade(self));
    }

    /// Of the daemon that listens there, if it is one.
    pub(crate) fn at(place: SocketAddr) -> Option<Arc<Self>> {
        LISTENING.lock().unwrap_or_else(PoisonError::into_inner).get(&place)?.upgrade()
    }

    /// A password or a key.
    pub(crate) fn learn(&self, secret: &str) {
        self.secrets().learn(secret.as_bytes());
    }

    /// What a configuration has of passwords, and the files that it names.
    pub(crate) fn learn_config(&self, config: &str) {
        let Ok(table) = config.parse::<toml_edit::DocumentMut>() else { return };
        let mut found = Vec::new();
        for (name, item) in table.iter() {
            configured(name, item, &mut found);
        }
        found.iter().for_each(|it| self.learn(it));
    }

    /// What a request tells.
    pub(crate) fn learn_body(&self, body: &Value) {
        match body {
            Value::Array(all) => all.iter().for_each(|it| self.learn_body(it)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if TOLD.contains(&&**name) => self.learn_told(text),
                        Value::Array(all) if TOLD.contains(&&**name) => {
                            all.iter().filter_map(Value::as_str).for_each(|it| self.learn_told(it));
                            self.learn_body(value);
                        }
                        _ => self.learn_body(value),
                    }
                }
            }
            _ => (),
        }
    }

    fn learn_told(&self, told: &str) {
        let digits: String = told.chars().filter(char::is_ascii_digit).collect();
        let is_number = told.chars().all(|it| it.is_ascii_digit() || "+ -()./".contains(it));
        let mut secrets = self.secrets();
        if LEARNT_MAX <= secrets.all.len() {
            return;
        }
        if is_number && 10 <= digits.len() {
            secrets.learn(digits.as_bytes());
        } else if !is_number && told.contains(' ') {
            secrets.learn(told.as_bytes());
            let quoted = Value::from(told).to_string();
            secrets.learn(quoted.trim_matches('"').as_bytes());
            if DUMPED <= told.len() {
                secrets.learn(hex::encode(&told.as_bytes()[..DUMPED]).as_bytes());
            }
        }
    }

    /// Looks at a line of the daemon.
    pub(crate) fn hear(&self, line: &str) {
        let mut secrets = self.secrets();
        let is_broken = secrets.has_one(line.as_bytes()) || line.contains("panicked at");
        if is_broken && secrets.broken.len() < BROKEN_MAX {
            secrets.broken.push(line.to_owned());
        }
    }

    /// Fails where something was said.
    pub(crate) fn check(&self) {
        let broken = std::mem::take(&mut self.secrets().broken);
        assert!(broken.is_empty(), "silence: secrets of this test, or a panic, were said:\n{}", broken.join("\n"));
    }
}

impl Secrets {
    fn learn(&mut self, secret: &[u8]) {
        if secret.len() < SECRET_MIN || !self.all.insert(secret.to_vec()) {
            return;
        }
        let start = [secret[0], secret[1]];
        self.starts.resize(1 << 16, false);
        self.starts[usize::from(u16::from_be_bytes(start))] = true;
        self.by_start.entry(start).or_default().push(secret.to_vec());
    }

    fn has_one(&self, line: &[u8]) -> bool {
        if self.starts.is_empty() {
            return false;
        }
        (1..line.len()).any(|at| {
            let start = [line[at - 1], line[at]];
            self.starts[usize::from(u16::from_be_bytes(start))]
                && self.by_start[&start].iter().any(|it| line[at - 1..].starts_with(it))
        })
    }
}

/// Passwords of a configuration, wherever they stand in it.
fn configured(name: &str, item: &toml_edit::Item, found: &mut Vec<String>) {
    let text = item.as_str();
    if let Some(text) = text.filter(|_| CONFIGURED.contains(&name)) {
        // Of a URL what stands behind its path.
        let secret = if name == "url" { text.split_once('?').map(|it| it.1) } else { Some(text) };
        found.extend(secret.map(str::to_owned));
    }
    if let Some(file) = text.filter(|_| name.ends_with("_file") && !name.starts_with("cert")) {
        found.extend(std::fs::read_to_string(file).ok().map(|it| it.trim().to_owned()).filter(|it| !it.contains('\n')));
    }
    if let Some(table) = item.as_table_like() {
        table.iter().for_each(|(name, item)| configured(name, item, found));
    }
    if let Some(tables) = item.as_array_of_tables() {
        tables.iter().flat_map(toml_edit::Table::iter).for_each(|(name, item)| configured(name, item, found));
    }
    for value in item.as_array().into_iter().flatten() {
        configured(name, &toml_edit::Item::Value(value.clone()), found);
    }
}

#[test]
fn whatever_a_test_gives_a_daemon_is_found_in_a_line() {
    let silence = Silence::default();
    silence.learn_config(
        "[[carrier]]\npassword = \"Zk7pQ2xw\"\n[[account]]\nwebhook = { url = \"http://a/b?key=hidden\" }\n",
    );
    silence.learn_body(&serde_json::json!([
        { "to": ["+31 6 1234 5678", { "to": "4915123456789", "text": "your \"code\" is 4711" }], "from": "YOURAPP" },
        { "text": "see you at eight" }
    ]));
    let found = |line: &str| {
        silence.hear(line);
        !std::mem::take(&mut silence.secrets().broken).is_empty()
    };
    for line in [
        "bind of Zk7pQ2xw refused",
        "POST to http://a/b?key=hidden",
        "nobody is at 31612345678",
        "x=+4915123456789",
        r#"{"text":"your \"code\" is 4711"}"#,
        "he said see you at eight",
        "73656520796f7520617420656967687400",
    ] {
        assert!(found(line), "{line}");
    }
    for line in ["", "Z", "YOURAPP", "+3161****678", "http://a/b", "see you at nine"] {
        assert!(!found(line), "{line}");
    }
}
