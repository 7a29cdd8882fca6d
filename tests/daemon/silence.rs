//! Promise P9 at every daemon that a test starts: nothing that it logs, at level trace, and no label of its metrics has
//! a number, a text, a password or a key in it that the test gave it. Nor does it panic.
//!
//! What is given is learnt before it is sent: passwords and keys; what clients tell in JSON, in a query or in a file of
//! recipients; what `nuncio send` is told; what handsets write through the carriers that the configuration names. Lines
//! are looked at as they come. What was found fails the test at the end of the process.
//!
//! Not learnt is what a line may have by chance, or what is not known here: numbers of fewer than 10 digits, and so
//! codes by themselves; texts of fewer than 6 octets, and without a blank those of fewer than 8, or of letters or
//! hexadecimal digits alone, which may be words of ours or ids; what stands behind the thousandth number or text of a
//! test; what simulated handsets and carriers of other programs make up; what a test writes into a connection of its
//! own, unless it says so. A number or a text is looked for as it was given, in JSON, and as digits of a dump without
//! blanks.

use crate::daemon::told::{cells, delivered};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// What is shorter may stand in a line by chance.
const SECRET_MIN: usize = 6;
/// The same of a text without a blank.
const WORD_MIN: usize = 8;
/// Digits that make a number.
const NUMBER_MIN: usize = 10;
/// Numbers and texts of one daemon that are looked for; a load of many thousands is of one kind.
const LEARNT_MAX: usize = 1_000;
/// Octets of a text that are looked for as digits of a dump.
const DUMPED: usize = 12;

/// Lines that are shown of a test that fails, and how much of each.
const BROKEN_MAX: usize = 5;
const SHOWN_MAX: usize = 500;

/// What stands under these names is a number or a text; a sender of letters is neither.
const TOLD: [&str; 5] = ["to", SENDER, "text", "number", "destination"];
const SENDER: &str = "from";
/// What stands under these in a configuration.
const CONFIGURED: [&str; 3] = ["password", "secret", "url"];
/// Under these it says where a carrier is.
const PLACES: [&str; 2] = ["address", "listen"];

/// Daemons by the ports that their configuration has of carriers: what is said there by one they are told.
static CARRIERS: LazyLock<Mutex<BTreeMap<u16, Vec<Weak<Silence>>>>> = LazyLock::new(Mutex::default);

/// What one daemon must not say.
#[derive(Default)]
pub(crate) struct Silence(Mutex<Secrets>);

/// What was found in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    Number,
    NumberDumped,
    Text,
    TextDumped,
    Panic,
}

#[derive(Default)]
struct Secrets {
    all: HashMap<Vec<u8>, Kind>,
    /// The lengths of those that begin with two octets, so that nearly every place of a line is passed over at once.
    by_start: BTreeMap<[u8; 2], BTreeSet<usize>>,
    starts: Vec<bool>,
    /// Numbers and texts among them.
    told: usize,
    /// Lines with one of them.
    broken: Vec<String>,
}

/// A carrier of a test has taken this port: whoever was configured with it means one that is gone.
pub(crate) fn taken(port: u16) {
    CARRIERS.lock().unwrap_or_else(PoisonError::into_inner).remove(&port);
}

/// What a carrier says at a port: messages of handsets are learnt by whom the port is configured for.
pub(crate) fn said(port: u16, octets: &[u8]) {
    let mut rest = octets;
    while let Some((message, behind)) = delivered(rest) {
        if let Some((from, text)) = message {
            wrote(port, from, &text);
        }
        rest = behind;
    }
}

/// The same of a line that orders a simulated carrier to have a handset write.
pub(crate) fn ordered(port: u16, line: &str) {
    if let ["message", _, from, _, text] = line.splitn(5, ' ').collect::<Vec<_>>()[..] {
        wrote(port, from, text);
    }
}

/// A handset of a carrier at a port wrote.
fn wrote(port: u16, from: &str, text: &str) {
    let carriers = CARRIERS.lock().unwrap_or_else(PoisonError::into_inner);
    let told: Vec<Arc<Silence>> = carriers.get(&port).into_iter().flatten().filter_map(Weak::upgrade).collect();
    drop(carriers);
    for it in told {
        it.learn_sender(from);
        it.learn_told(text);
    }
}

impl Silence {
    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A password or a key.
    pub(crate) fn learn(&self, secret: &str) {
        self.secrets().learn(secret.as_bytes(), Kind::Key);
    }

    /// What a configuration has of passwords, the files that it names, and whose words are heard from now on.
    pub(crate) fn learn_config(self: &Arc<Self>, config: &str) {
        let Ok(table) = config.parse::<toml_edit::DocumentMut>() else { return };
        let (mut found, mut places) = (Vec::new(), Vec::new());
        for (name, item) in table.iter() {
            configured(name, item, &mut found, &mut places);
        }
        found.iter().for_each(|it| self.learn(it));
        let mut carriers = CARRIERS.lock().unwrap_or_else(PoisonError::into_inner);
        for port in places {
            let told = carriers.entry(port).or_default();
            told.retain(|it| it.strong_count() != 0 && !std::ptr::eq(it.as_ptr(), Arc::as_ptr(self)));
            told.push(Arc::downgrade(self));
        }
    }

    /// What a request tells.
    pub(crate) fn learn_body(&self, body: &Value) {
        match body {
            Value::Array(all) => all.iter().for_each(|it| self.learn_body(it)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) => self.learn_field(name, text),
                        Value::Array(all) => {
                            all.iter().filter_map(Value::as_str).for_each(|it| self.learn_field(name, it));
                            self.learn_body(value);
                        }
                        _ => self.learn_body(value),
                    }
                }
            }
            _ => (),
        }
    }

    /// What a path asks for behind its `?`.
    pub(crate) fn learn_query(&self, path: &str) {
        let query = path.split_once('?').map_or("", |it| it.1);
        form_urlencoded::parse(query.as_bytes()).for_each(|(name, value)| self.learn_field(&name, &value));
    }

    /// A file of recipients: its cells, whatever they are called, but not those that only the application reads.
    pub(crate) fn learn_sheet(&self, file: &[u8]) {
        let text = String::from_utf8_lossy(file);
        let mut lines = text.lines().map(cells);
        let Some(names) = lines.next() else { return };
        for line in lines {
            if LEARNT_MAX <= self.secrets().told {
                return;
            }
            let all = names.iter().zip(&line).filter(|it| it.0 != "client_ref");
            all.for_each(|(_, cell)| self.learn_told(cell));
        }
    }

    /// What a command is told: of `nuncio send` recipients, a text, and the file of both.
    pub(crate) fn learn_arguments(&self, arguments: &[&str]) {
        let ["send", rest @ ..] = arguments else { return };
        for (at, it) in rest.iter().enumerate() {
            match rest.get(at.wrapping_sub(1)) {
                Some(&"--file") => self.learn_sheet(&std::fs::read(it).unwrap_or_default()),
                Some(&"--text") => self.learn_told(it),
                _ if it.starts_with('+') => self.learn_told(it),
                _ => (),
            }
        }
    }

    fn learn_field(&self, name: &str, told: &str) {
        match name {
            SENDER => self.learn_sender(told),
            name if TOLD.contains(&name) => self.learn_told(told),
            _ => (),
        }
    }

    /// A sender is shown unless it is somebody's number.
    fn learn_sender(&self, told: &str) {
        if told.contains(' ') || is_number(told) {
            self.learn_told(told);
        }
    }

    /// A number or a text.
    pub(crate) fn learn_told(&self, told: &str) {
        let digits: String = told.chars().filter(char::is_ascii_digit).collect();
        // What is of letters alone may be a word of ours, and what is hexadecimal a part of an id.
        let is_word = told.bytes().all(|it| it.is_ascii_alphabetic() || b"_-.".contains(&it))
            || told.bytes().all(|it| it.is_ascii_hexdigit());
        let is_text = told.contains(' ') || WORD_MIN <= told.len() && !is_word;
        let mut secrets = self.secrets();
        if LEARNT_MAX <= secrets.told {
            return;
        }
        if is_number(told) && NUMBER_MIN <= digits.len() {
            secrets.told += usize::from(secrets.learn(digits.as_bytes(), Kind::Number));
            secrets.learn(hex::encode(&digits).as_bytes(), Kind::NumberDumped);
        } else if !is_number(told) && is_text {
            secrets.told += usize::from(secrets.learn(told.as_bytes(), Kind::Text));
            let quoted = Value::from(told).to_string();
            secrets.learn(quoted.trim_matches('"').as_bytes(), Kind::Text);
            if DUMPED <= told.len() {
                let dump = hex::encode(&told.as_bytes()[..DUMPED]);
                secrets.learn(dump.to_uppercase().as_bytes(), Kind::TextDumped);
                secrets.learn(dump.as_bytes(), Kind::TextDumped);
            }
        }
    }

    /// Looks at a line of the daemon.
    pub(crate) fn hear(&self, line: &str) {
        let mut secrets = self.secrets();
        let panicked = line.find("panicked at").map(|it| (it, Kind::Panic));
        let found = panicked.or_else(|| secrets.find(line.as_bytes()));
        if let Some((at, kind)) = found.filter(|_| secrets.broken.len() < BROKEN_MAX) {
            secrets.broken.push(shown(line, at, kind));
        }
    }

    /// Looks at a line of its metrics: at its name and labels, and not at its value, in which any digits may stand.
    pub(crate) fn hear_series(&self, line: &str) {
        if !line.starts_with('#') {
            self.hear(line.rsplit_once(' ').map_or(line, |it| it.0));
        }
    }

    /// Fails where something was said.
    pub(crate) fn check(&self) {
        let broken = std::mem::take(&mut self.secrets().broken);
        // What failed stands first: who prints this may cut it.
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Key => "a password or key",
            Self::Number => "a number",
            Self::NumberDumped => "the dump of a number",
            Self::Text => "a text",
            Self::TextDumped => "the dump of a text",
            Self::Panic => "a panic",
        }
    }
}

impl Secrets {
    /// False of what is too short or known.
    fn learn(&mut self, secret: &[u8], kind: Kind) -> bool {
        if secret.len() < SECRET_MIN || self.all.contains_key(secret) {
            return false;
        }
        let start = [secret[0], secret[1]];
        self.starts.resize(1 << 16, false);
        self.starts[usize::from(u16::from_be_bytes(start))] = true;
        self.by_start.entry(start).or_default().insert(secret.len());
        self.all.insert(secret.to_vec(), kind);
        true
    }

    /// The first of them in a line, and where it begins.
    fn find(&self, line: &[u8]) -> Option<(usize, Kind)> {
        if self.starts.is_empty() {
            return None;
        }
        let found = |at: usize| {
            let start = [line[at], line[at + 1]];
            if !self.starts[usize::from(u16::from_be_bytes(start))] {
                return None;
            }
            let of_length = |len: &usize| {
                let end = at + len;
                let kind = *self.all.get(line.get(at..end)?)?;
                (kind != Kind::Number || stands_alone(line, at, end)).then_some((at, kind))
            };
            self.by_start[&start].iter().find_map(of_length)
        };
        (0..line.len().saturating_sub(1)).find_map(found)
    }
}

/// Whether digits are a number by themselves: in a longer one, decimal or hexadecimal, or behind a decimal point,
/// they are there by chance. The two zeros with which a number may be dialled are none of it.
fn stands_alone(line: &[u8], at: usize, end: usize) -> bool {
    let before = |is: fn(&u8) -> bool| line[..at].iter().rev().take_while(|it| is(it)).count();
    let behind = |is: fn(&u8) -> bool| line[end..].iter().take_while(|it| is(it)).count();
    let digits = &line[at - before(u8::is_ascii_digit)..at];
    if !(digits.is_empty() || digits == b"00") || line.get(end).is_some_and(u8::is_ascii_digit) {
        return false;
    }
    if let [.., whole, b'.'] = &line[..at - digits.len()]
        && whole.is_ascii_digit()
    {
        return false;
    }
    // In hexadecimal are whole words of such digits, and not what stands in a word.
    let word = &line[at - before(u8::is_ascii_alphanumeric)..end + behind(u8::is_ascii_alphanumeric)];
    let word = word.strip_prefix(b"0x").unwrap_or(word);
    word.len() == digits.len() + (end - at) || !word.iter().all(u8::is_ascii_hexdigit)
}

/// Whether it is written as numbers are.
fn is_number(told: &str) -> bool {
    told.chars().all(|it| it.is_ascii_digit() || "+ -()./".contains(it))
}

/// What stands in the first lines of a panic: the line, or as much of it as is around what was found.
fn shown(line: &str, at: usize, kind: Kind) -> String {
    let from = if line.len() <= SHOWN_MAX { 0 } else { at.saturating_sub(SHOWN_MAX / 2).min(line.len() - SHOWN_MAX) };
    let octets = &line.as_bytes()[from..line.len().min(from + SHOWN_MAX)];
    format!("{}\n  silence: {} of this test is in it\n", String::from_utf8_lossy(octets), kind.word())
}

/// Passwords of a configuration, wherever they stand in it, and the ports of its carriers.
fn configured(name: &str, item: &toml_edit::Item, found: &mut Vec<String>, places: &mut Vec<u16>) {
    let text = item.as_str();
    if let Some(text) = text.filter(|_| CONFIGURED.contains(&name)) {
        // Of a URL what stands behind its path.
        let secret = if name == "url" { text.split_once('?').map(|it| it.1) } else { Some(text) };
        found.extend(secret.map(str::to_owned));
    }
    if let Some(file) = text.filter(|_| name.ends_with("_file") && !name.starts_with("cert")) {
        found.extend(std::fs::read_to_string(file).ok().map(|it| it.trim().to_owned()).filter(|it| !it.contains('\n')));
    }
    let place = text.filter(|_| PLACES.contains(&name)).and_then(|it| it.parse::<SocketAddr>().ok());
    places.extend(place.map(|it| it.port()).filter(|it| *it != 0));
    if let Some(table) = item.as_table_like() {
        table.iter().for_each(|(name, item)| configured(name, item, found, places));
    }
    if let Some(tables) = item.as_array_of_tables() {
        tables.iter().flat_map(toml_edit::Table::iter).for_each(|(name, item)| configured(name, item, found, places));
    }
    for value in item.as_array().into_iter().flatten() {
        configured(name, &toml_edit::Item::Value(value.clone()), found, places);
    }
}

#[test]
fn whatever_a_test_gives_a_daemon_is_found_in_a_line() {
    let silence: Arc<Silence> = Arc::default();
    silence.learn_config(
        "[[carrier]]\npassword = \"Zk7pQ2xw\"\n[[account]]\nwebhook = { url = \"http://a/b?key=hidden\" }\n",
    );
    silence.learn_body(&serde_json::json!([
        { "to": ["+31 6 1234 5678", { "to": "4915123456789", "text": "your \"code\" is 4711" }], "from": "YOURAPP" },
        { "text": "see you at eight" },
        { "text": "Code:4711", "from": "Shop24.example" },
        { "text": "delivered" }
    ]));
    silence.learn_query("/v1/messages?to=%2B31699999999&limit=100");
    silence.learn_sheet(b"to,name,client_ref\r\n+31687654321,\"Smith, John\",reference 17\r\n");
    silence.learn_arguments(&["send", "+31655555555", "--text", "good night", "--config", "a file"]);
    let found = |line: &str| {
        silence.hear(line);
        std::mem::take(&mut silence.secrets().broken).pop()
    };
    for (line, kind) in [
        ("bind of Zk7pQ2xw refused", Kind::Key),
        ("POST to http://a/b?key=hidden", Kind::Key),
        ("nobody is at 31612345678", Kind::Number),
        ("x=+4915123456789", Kind::Number),
        ("dialled 0031612345678.", Kind::Number),
        ("a:31612345678,id31612345678z", Kind::Number),
        ("to=31699999999", Kind::Number),
        ("the line of 31687654321", Kind::Number),
        ("to 31655555555", Kind::Number),
        ("00053331363132333435363738000501", Kind::NumberDumped),
        (r#"{"text":"your \"code\" is 4711"}"#, Kind::Text),
        ("he said see you at eight", Kind::Text),
        ("he said Code:4711", Kind::Text),
        ("Dear Smith, John", Kind::Text),
        ("a good night", Kind::Text),
        ("73656520796f7520617420656967687400", Kind::TextDumped),
        ("73656520796F7520617420656967687400", Kind::TextDumped),
        ("thread panicked at src", Kind::Panic),
    ] {
        let said = found(line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(said, format!("{line}\n  silence: {} of this test is in it\n", kind.word()));
    }
    for line in ["", "Z", "YOURAPP", "Shop24.example", "delivered", "+3161****678", "http://a/b", "see you at nine"] {
        assert_eq!(found(line), None);
    }
    for chance in
        ["131612345678", "316123456780", "12.31612345678", "0x31612345678f", "895611ac31612345678", "reference 17"]
    {
        assert_eq!(found(chance), None, "digits of something else");
    }
    silence.hear_series("sum{carrier=\"acme\"} 31612345678");
    silence.check();
    silence.hear_series("sum{to=\"31612345678\"} 1");
    assert_eq!(silence.secrets().broken.len(), 1);
}

#[test]
fn what_handsets_write_is_learnt_by_the_daemons_of_their_carrier() {
    let (silence, stranger): (Arc<Silence>, Arc<Silence>) = Default::default();
    // No socket has this port.
    let port = 1;
    let config = |port: u16| format!("[[carrier]]\naddress = [\"127.0.0.1:{port}\"]\n");
    stranger.learn_config(&config(port));
    taken(port);
    silence.learn_config(&config(port));
    let deliver = |class: u8, coding: u8, octets: &[u8]| {
        let mut body = b"\0\x01\x0131612345678\0\0\x00shop\0".to_vec();
        body.extend([class, 0, 0, 0, 0, 0, 0, coding, 0, u8::try_from(octets.len()).expect("short")]);
        let length = 16 + u32::try_from(body.len() + octets.len()).expect("short");
        let head: Vec<u8> =
            [length, crate::daemon::raw::DELIVER_SM, 0, 1].iter().flat_map(|it| it.to_be_bytes()).collect();
        [&head[..], &body, octets].concat()
    };
    let wide: Vec<u8> = "come at zwölf".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let said_first = deliver(0x40, 0, b"\x05\0\x03\x07\x02\x01meet me there");
    said(port, &[said_first, deliver(0, 8, &wide), deliver(4, 0, b"id:77 stat:DELIVRD err:000"), vec![0; 7]].concat());
    ordered(port, "message nuncio 4917000000001 12345 from a line");
    for line in ["31612345678", "meet me there", "come at zwölf", "4917000000001", "from a line"] {
        silence.hear(line);
        assert_eq!(std::mem::take(&mut silence.secrets().broken).len(), 1, "{line}");
        stranger.hear(line);
    }
    silence.hear("id:77 stat:DELIVRD err:000");
    silence.check();
    stranger.check();
}

#[test]
fn a_line_that_fails_stands_first_and_is_cut_to_what_was_found() {
    let silence = Silence::default();
    silence.learn_told("+31612345678");
    silence.hear(&format!("{}to 31612345678{}", "ä".repeat(1_000), " x".repeat(1_000)));
    let failed = std::panic::catch_unwind(|| silence.check()).expect_err("it was said");
    let said = failed.downcast_ref::<String>().expect("words");
    let (line, rest) = said.split_once('\n').expect("two lines");
    assert!(line.len() <= SHOWN_MAX + 4 && line.contains("to 31612345678"), "{line}");
    assert_eq!(rest, "  silence: a number of this test is in it\n");
}
