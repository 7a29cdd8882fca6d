//! The house rules that the compiler cannot keep: floors, purity, sizes, and promises with tests.
//!
//! Every rule is a function from a text to its faults; the tests at the end show each of them a text
//! that breaks it.

use crate::rust::{REMOVED, blank, functions, paths, skip, tokens, tree, without_tests};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Bottom first. A file may name its own module and modules of lower floors; the modules of one floor
/// are strangers to each other.
pub(crate) const FLOORS: &[&[&str]] = &[
    &["dice", "closed_set"],
    &["number", "smpp", "text"],
    &["session", "message"],
    &["carrier", "route", "verify", "guard"],
    &["record"],
    &["dispatch"],
    &["clock", "store", "telemetry", "wire"],
    &["link", "api", "webhook", "cdr", "simulator", "decode"],
    &["config"],
    &["gateway"],
];

/// The floors below the line.
const PURE_FLOORS: usize = 6;

/// Names that a pure floor may not speak: it would read a clock, do I/O or roll dice.
const IMPURE: &[&str] = &[
    "tokio",
    "std::net",
    "std::fs",
    "std::thread",
    "std::env",
    "Instant::now",
    "SystemTime",
    "rand::",
    "getrandom",
    "now_utc",
    "Zoned::now",
    // Their hashers roll dice.
    "HashMap::new",
    "HashMap::with_capacity",
    "HashSet::new",
    "RandomState",
    "rustix",
    "socket2",
];

/// Modules of these names collect what nobody wanted to name.
const NAMELESS: &[&str] = &["utils", "util", "common", "core", "helpers", "misc"];

/// Begins the line of ARCHITECTURE.md that owns up to promises whose test is not written.
const UNPROVED: &str = "Not proved yet: ";

/// Modules that show ids to people: of a number over all accounts they show what the veil makes of it.
const SHOWING: &[&str] = &["api", "telemetry", "link", "gateway"];

/// Such numbers, as a module that shows ids may not speak of them.
const NUMBERS: &[&str] = &["number_in_records", "seq.0", "seq().0"];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const PARAMETERS_MAX: usize = 5;

/// The state that many files work on, and the rooms of its module, lowest first: a room uses those above it in this
/// list, and those of one line are strangers. What stands in no room is the way from one to the other.
const STATE: &str = "Dispatch";
const ROOMS: &[&[&str]] =
    &[&["door"], &["queue", "inbound"], &["failover"], &["give"], &["admit", "settle", "operate"], &["verify"]];
/// The rooms of the API in the same way. What stands in none of them says which request goes where.
const ROOMS_OF_API: &[&[&str]] =
    &[&["lookup"], &["handler"], &["server", "read", "reference"], &["submit"], &["operate", "verify"]];
/// Fields of it that one file reaches: more than that, and what it touches is not seen at a glance any more.
const FIELDS_MAX: usize = 8;

#[test]
fn modules_import_only_downwards() {
    every(&["src"], |file| imports(&file.module(), &file.text));
}

#[test]
fn every_module_stands_on_a_floor() {
    let mut faults = Vec::new();
    for file in sources(&["src"]) {
        if let Some(top) = file.module().first()
            && floor_of(top).is_none()
        {
            faults.push(format!("{}: {top} stands on no floor", file.path.display()));
        }
        faults.extend(
            file.module()
                .iter()
                .filter(|it| NAMELESS.contains(&it.as_str()))
                .map(|it| format!("{}: {it} names nothing", file.path.display())),
        );
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn pure_floors_read_no_clock_and_roll_no_dice() {
    every(&["src"], |file| {
        let floor = file.module().first().and_then(|it| floor_of(it));
        if floor.is_some_and(|it| it < PURE_FLOORS) && !file.is_test() { impurities(&file.text) } else { Vec::new() }
    });
}

#[test]
fn what_is_shown_of_a_number_over_all_accounts_is_veiled() {
    every(&["src"], |file| {
        let shows = file.module().first().is_some_and(|it| SHOWING.contains(&it.as_str()));
        if shows && !file.is_test() { unveiled(&file.text) } else { Vec::new() }
    });
}

#[test]
fn files_functions_and_parameter_lists_are_small() {
    every(&["src"], |file| sizes(&file.text));
}

#[test]
fn nothing_is_exported_twice() {
    every(&["src"], |file| reexports(&file.text));
}

#[test]
fn what_a_carrier_can_repeat_is_logged_by_the_rule_for_it() {
    every(&["src/link"], |file| if file.is_test() { Vec::new() } else { raw_lines(&file.text) });
}

#[test]
fn files_of_dispatch_call_each_other_one_way_and_touch_little() {
    let folder = Path::new("src/dispatch");
    let named = |it: Source| (it.path.strip_prefix(folder).expect("below it").to_string_lossy().into_owned(), it.text);
    let files: Vec<(String, String)> = sources(&["src/dispatch"]).into_iter().map(named).collect();
    let faults = walls(STATE, ROOMS, &files);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn rooms_of_the_api_use_what_is_below_them() {
    let folder = Path::new("src/api");
    let mut faults = Vec::new();
    for file in sources(&["src/api"]).iter().filter(|it| !it.is_test()) {
        let path = file.path.strip_prefix(folder).expect("below it").to_string_lossy();
        faults.extend(lookups(("api", &path), ROOMS_OF_API, &without_tests(&blank(&file.text))));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn metrics_are_made_in_telemetry_only() {
    every(&["src"], |file| {
        if file.module().first().is_some_and(|it| it == "telemetry") { Vec::new() } else { raw_metrics(&file.text) }
    });
}

#[test]
fn nothing_is_left_for_later() {
    every(&["src", "tests", "benches", "fuzz"], |file| stubs(&file.text));
}

#[test]
fn every_file_says_what_it_is() {
    every(&["src", "tests", "benches", "fuzz"], |file| {
        if file.text.starts_with("//!") { Vec::new() } else { vec!["1: does not begin with //!".to_owned()] }
    });
}

#[test]
fn tests_beside_other_programs_stand_in_their_lists() {
    // Their target has another harness: what bears the usual attribute would be left out without a word.
    every(&["tests/peers"], |file| strays(&file.text));
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let architecture = fs::read_to_string("ARCHITECTURE.md").expect("the promises are written down");
    let tests: BTreeSet<String> = sources(&["src", "tests"]).iter().flat_map(|it| test_names(&it.text)).collect();
    let faults = promises(&architecture, &tests);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Runs a rule over all files below some folders and fails with everything that it found.
fn every(folders: &[&str], rule: impl Fn(&Source) -> Vec<String>) {
    let files = sources(folders);
    assert!(!files.is_empty(), "no sources below {folders:?}");
    let faults: Vec<String> = files
        .iter()
        .flat_map(|file| rule(file).into_iter().map(|it| format!("{}:{it}", file.path.display())))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// One file of Rust.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    /// Its module path below the crate: `src/store/sqlite/mod.rs` is `store::sqlite`; empty for the roots.
    pub(crate) fn module(&self) -> Vec<String> {
        let inner = self.path.strip_prefix("src").unwrap_or(&self.path).with_extension("");
        let mut names: Vec<String> = inner.iter().map(|it| it.to_string_lossy().into_owned()).collect();
        names.pop_if(|it| it == "mod" || (inner.iter().count() == 1 && (it == "lib" || it == "main")));
        names
    }

    /// Whether all of it is test code: `tests.rs`, or a file below a folder `tests`, which their parents
    /// declare under `#[cfg(test)]`.
    pub(crate) fn is_test(&self) -> bool {
        self.module().iter().any(|it| it == "tests")
    }
}

pub(crate) fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(PathBuf::from).filter(|it| it.is_dir()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that was just seen") {
            let path = entry.expect("an entry that was just seen").path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).expect("sources are text");
                found.push(Source { path, text });
            }
        }
    }
    found
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|names| names.contains(&module))
}

/// Faults of imports and paths of a file of `module`, wherever they are written: `crate::`, any number of
/// `super::`, alone or in groups.
fn imports(module: &[String], text: &str) -> Vec<String> {
    let Some(own) = module.first() else { return Vec::new() };
    let Some(floor) = floor_of(own) else { return Vec::new() };
    let mut faults = BTreeSet::new();
    for (line, path) in paths(module, &blank(text)) {
        let Some(name) = path.first().filter(|it| *it != own) else { continue };
        if !FLOORS[..floor].iter().any(|names| names.contains(&name.as_str())) {
            faults.insert(format!("{line}: {own} may not import {name}"));
        }
    }
    faults.into_iter().collect()
}

/// Impure words in a file, outside its test modules.
fn impurities(text: &str) -> Vec<String> {
    let code = without_tests(&blank(text));
    let tokens = tokens(&code);
    let grouped = (0..tokens.len())
        .filter(|at| tokens[*at].text == "use")
        .flat_map(|at| tree(&tokens, at + 1, &[]).0.into_iter().map(move |path| (at, path.join("::"))));
    let mut faults: BTreeSet<(usize, &str)> = BTreeSet::new();
    for (at, path) in grouped {
        faults.extend(IMPURE.iter().filter(|it| speaks(&path, it)).map(|it| (tokens[at].line, *it)));
    }
    for (n, line) in code.lines().enumerate() {
        faults.extend(IMPURE.iter().filter(|it| speaks(line, it)).map(|it| (n + 1, *it)));
    }
    faults.into_iter().map(|(line, word)| format!("{line}: {word} on a pure floor")).collect()
}

/// Numbers that are not veiled, outside the test modules of a file.
fn unveiled(text: &str) -> Vec<String> {
    let code = without_tests(&blank(text));
    let lines = code.lines().enumerate();
    lines
        .flat_map(|(n, line)| NUMBERS.iter().filter(|it| speaks(line, it)).map(move |it| format!("{}: {it}", n + 1)))
        .collect()
}

/// Whether a line of code has a word that begins as `word` does.
fn speaks(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_'))
}

/// What is too large in a file: itself, a function, a list of parameters. Test modules do not count.
pub(crate) fn sizes(text: &str) -> Vec<String> {
    let code = without_tests(&blank(text));
    let tests: usize = blank(text).lines().count() - code.lines().filter(|it| *it != REMOVED).count();
    let lines = text.lines().count() - tests;
    let mut faults = Vec::new();
    if FILE_LINES_MAX < lines {
        faults.push(format!("1: {lines} lines"));
    }
    for function in functions(&tokens(&code)) {
        if FUNCTION_LINES_MAX < function.lines {
            faults.push(format!("{}: {} has {} lines", function.line, function.name, function.lines));
        }
        if PARAMETERS_MAX < function.parameters {
            faults.push(format!("{}: {} has {} parameters", function.line, function.name, function.parameters));
        }
    }
    faults
}

fn reexports(text: &str) -> Vec<String> {
    let code = blank(text);
    let tokens = tokens(&code);
    let mut faults = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, it)| it.text == "pub") {
        let scope = if tokens.get(at + 1).is_some_and(|it| it.text == "(") { skip(&tokens, at + 1) } else { at + 1 };
        if tokens.get(scope).is_some_and(|it| it.text == "use") {
            faults.push(format!("{}: exports again what has a name already", token.line));
        }
    }
    faults
}

fn raw_metrics(text: &str) -> Vec<String> {
    let code = without_tests(&blank(text));
    let made = ["counter!", "gauge!", "histogram!", "describe_counter!", "describe_gauge!", "describe_histogram!"];
    let mut faults = Vec::new();
    for (n, line) in code.lines().enumerate() {
        faults.extend(made.iter().filter(|it| speaks(line, it)).map(|it| format!("{}: {it} outside telemetry", n + 1)));
    }
    faults
}

/// What breaks the walls inside of a module around one state: files whose methods of it call each other in a ring,
/// files that reach too many of its fields, rooms that call or import what is not below them. Files by their paths in
/// the module.
fn walls(state: &str, rooms: &[&[&str]], files: &[(String, String)]) -> Vec<String> {
    let codes: Vec<String> = files.iter().map(|(_, text)| without_tests(&blank(text))).collect();
    let parts: Vec<Methods<'_>> = codes.iter().map(|code| methods(state, code)).collect();
    let fields: BTreeSet<&str> = codes.iter().flat_map(|code| fields_of(state, code)).collect();
    let home = |name: &str| parts.iter().position(|it| it.own.contains(name));
    let calls: Vec<BTreeSet<usize>> =
        parts.iter().map(|it| it.called.iter().filter_map(|name| home(name)).collect()).collect();
    let floor = |at: usize| floor_in(rooms, room_of(&files[at].0));
    let mut faults = Vec::new();
    for (at, (path, _)) in files.iter().enumerate() {
        let (mut reached, mut open) = (BTreeSet::new(), Vec::from_iter(&calls[at]));
        while let Some(next) = open.pop() {
            if *next != at && reached.insert(*next) {
                open.extend(&calls[*next]);
            }
        }
        let ring = reached.iter().filter(|it| calls[**it].contains(&at)).map(|it| &*files[*it].0);
        faults.extend(ring.map(|it| format!("{path}: calls what calls it, by {it}")));
        let touched = parts[at].named.iter().filter(|it| fields.contains(**it)).count();
        if FIELDS_MAX < touched {
            faults.push(format!("{path}: reaches {touched} fields of {state}"));
        }
        let top = state.to_lowercase();
        let mut above: BTreeSet<String> = lookups((&top, path), rooms, &codes[at]).into_iter().collect();
        if let Some((own, room)) = floor(at) {
            let called = calls[at].iter().filter_map(|it| floor(*it)).filter(|it| it.1 != room && own <= it.0);
            above.extend(called.map(|it| format!("{path}: {room} may not use {}", it.1)));
        }
        faults.extend(above);
    }
    faults
}

/// The room that a file of a module stands in, or is itself.
fn room_of(path: &str) -> &str {
    path.split_once('/').map_or(path.strip_suffix(".rs").unwrap_or(path), |it| it.0)
}

/// On which floor of the rooms one stands, and its name there.
fn floor_in<'r>(rooms: &[&[&'r str]], room: &str) -> Option<(usize, &'r str)> {
    let (floor, names) = rooms.iter().enumerate().find(|it| it.1.contains(&room))?;
    names.iter().find(|it| **it == room).map(|it| (floor, *it))
}

/// The rooms that a file of a module imports and that are not below its own; the file by its path in the module.
fn lookups((top, path): (&str, &str), rooms: &[&[&str]], code: &str) -> Vec<String> {
    let Some((own, room)) = floor_in(rooms, room_of(path)) else { return Vec::new() };
    let module = Path::new(top).join(path).with_extension("");
    let module: Vec<String> = module.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    let named = paths(&module, code).into_iter().filter(|it| it.1.first() == module.first());
    let named: Vec<String> = named.filter_map(|it| it.1.into_iter().nth(1)).collect();
    let above = named.iter().filter_map(|it| floor_in(rooms, it)).filter(|it| it.1 != room && own <= it.0);
    let above: BTreeSet<&str> = above.map(|it| it.1).collect();
    above.into_iter().map(|it| format!("{path}: {room} may not use {it}")).collect()
}

/// The methods of a type that a file has, what they call of the type, and the fields that they name.
struct Methods<'a> {
    own: BTreeSet<&'a str>,
    called: BTreeSet<&'a str>,
    named: BTreeSet<&'a str>,
}

fn methods<'a>(of: &str, code: &'a str) -> Methods<'a> {
    let tokens = tokens(code);
    let mut found = Methods { own: BTreeSet::new(), called: BTreeSet::new(), named: BTreeSet::new() };
    let text = |at: usize| tokens.get(at).map_or("", |it| it.text);
    let begins = |at: &usize| text(*at) == "impl" && text(at + 1) == of && text(at + 2) == "{";
    for open in (0..tokens.len()).filter(begins) {
        for at in open..skip(&tokens, open + 2) {
            // A state that a function makes bears the name of its module.
            let itself = matches!(text(at), "self" | "Self") || text(at) == of.to_lowercase();
            let set = match (text(at), text(at + 1)) {
                ("fn", _) => &mut found.own,
                (_, "." | "::") if itself && matches!(text(at + 3), "(" | "::") => &mut found.called,
                (_, ".") if itself => &mut found.named,
                _ => continue,
            };
            let name = if text(at) == "fn" { at + 1 } else { at + 2 };
            set.extend(tokens.get(name).map(|it| it.text));
        }
    }
    found
}

/// The names of the fields of a type, where a file declares it.
fn fields_of<'a>(name: &str, code: &'a str) -> Vec<&'a str> {
    let tokens = tokens(code);
    let begins = |at: &usize| tokens[*at].text == "struct" && tokens.get(at + 1).is_some_and(|it| it.text == name);
    let Some(open) = (0..tokens.len()).find(begins).map(|it| it + 2) else { return Vec::new() };
    let (mut fields, mut depth) = (Vec::new(), 0_usize);
    for at in open..skip(&tokens, open) {
        match tokens[at].text {
            "{" | "(" | "<" | "[" => depth += 1,
            "}" | ")" | ">" | "]" => depth -= 1,
            ":" if depth == 1 => fields.push(tokens[at - 1].text),
            _ => (),
        }
    }
    fields
}

/// Lines that nothing bounds: `often!` is for what a peer can repeat.
fn raw_lines(text: &str) -> Vec<String> {
    let code = without_tests(&blank(text));
    let made = ["trace!", "info!", "warn!", "error!", "event!"];
    let lines = code.lines().enumerate();
    lines
        .flat_map(|(n, line)| made.iter().filter(|it| speaks(line, it)).map(move |it| format!("{}: {it}", n + 1)))
        .collect()
}

/// Marks of work that is not done, in comments too. They are put together here so that this file has none.
fn stubs(text: &str) -> Vec<String> {
    let marks = ["TO-DO", "FIX-ME", "XX-X", "unimple-mented!", "to-do!", "#[ig-nore"].map(|it| it.replace('-', ""));
    let mut faults = Vec::new();
    for (n, line) in text.lines().enumerate() {
        faults.extend(marks.iter().filter(|it| speaks(line, it)).map(|it| format!("{}: {it}", n + 1)));
    }
    faults
}

/// What is wrong with the table of promises: a row `| P1 … | … | `test`, `test` |` for each, and every test real.
/// A promise without its test yet stands in the line that begins with [`UNPROVED`], and nowhere else.
fn promises(architecture: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let unproved = architecture.lines().find_map(|it| it.strip_prefix(UNPROVED)).unwrap_or_default();
    let unproved: Vec<&str> = unproved.split(|it: char| !it.is_alphanumeric()).collect();
    let mut faults = Vec::new();
    for promise in (1..=9).map(|it| format!("P{it}")) {
        let row = architecture.lines().find(|it| it.starts_with(&format!("| {promise} ")));
        let cells: Vec<&str> = row.unwrap_or_default().trim().trim_matches('|').split('|').collect();
        let named: Vec<&str> = cells.last().map_or(Vec::new(), |it| it.split('`').skip(1).step_by(2).collect());
        if row.is_none() || named.is_empty() != unproved.contains(&promise.as_str()) {
            faults.push(format!("ARCHITECTURE.md: {promise} names no test, or is proved and unproved"));
        }
        let unreal = named.iter().filter(|it| !tests.contains(it.rsplit("::").next().unwrap_or_default()));
        faults.extend(unreal.map(|it| format!("ARCHITECTURE.md: {promise} names {it}, which is no test")));
    }
    faults
}

/// Attributes of tests where `trials!` should list them.
fn strays(text: &str) -> Vec<String> {
    let code = blank(text);
    let marked = code.lines().enumerate().filter(|(_, it)| it.trim_start().starts_with("#[test]"));
    marked.map(|(at, _)| format!("{}: a test that trials! does not list never runs", at + 1)).collect()
}

/// Names of functions under an attribute that makes them tests, within `proptest!`, or listed by `trials!`.
pub(crate) fn test_names(text: &str) -> Vec<String> {
    let code = blank(text);
    let is_name = |it: &&str| it.contains('_') && it.chars().all(|it| it.is_alphanumeric() || it == '_');
    let listed = code.split("trials! {").skip(1).filter_map(|it| it.split_once('}'));
    let mut names: Vec<String> = listed
        .flat_map(|(list, _)| list.split(|it: char| !it.is_alphanumeric() && it != '_').filter(is_name))
        .map(str::to_owned)
        .collect();
    let mut marked = false;
    for line in code.lines().map(str::trim) {
        marked |= line.starts_with("#[test") || line.starts_with("#[tokio::test");
        let Some(rest) = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn ")) else { continue };
        if std::mem::take(&mut marked) {
            names.push(rest.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect());
        }
    }
    names
}

/// Each rule is shown a text that breaks it, and the nearest text that keeps it.
#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str) -> Vec<String> {
        Source { path: Path::new(path).to_owned(), text: String::new() }.module()
    }

    #[test]
    fn imports_upwards_and_sideways_are_found_however_they_are_written() {
        let store = module("src/store/sqlite/reader.rs");
        assert_eq!(store, ["store", "sqlite", "reader"]);
        for (text, fault) in [
            ("use crate::gateway::x;", "1: store may not import gateway"),
            ("use crate::{message::id, wire::tls};", "1: store may not import wire"),
            ("use crate::{message::{id, time}, api::{a, b}};", "1: store may not import api"),
            ("\nuse super::super::super::telemetry::x;", "2: store may not import telemetry"),
            ("fn f() { let x = crate::clock::now(); }", "1: store may not import clock"),
            ("mod tests { use super::super::super::super::wire::x; }", "1: store may not import wire"),
            ("use crate::nowhere;", "1: store may not import nowhere"),
        ] {
            assert_eq!(imports(&store, text), [fault], "{text}");
        }
        for text in [
            "use crate::record::contract::Store; use super::super::sqlite; use std::{fs, net};",
            "pub(crate) fn f(it: crate::message::id::Seq) -> super::X { self::y() } // crate::gateway",
            "mod tests { use super::*; use super::super::super::store::x; } const A: &str = \"crate::api\";",
        ] {
            assert!(imports(&store, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn rings_long_reaches_and_rooms_that_look_up_are_found() {
        const ROOMS: &[&[&str]] = &[&["low", "beside"], &["high"]];
        let fields: String = ('a'..='j').map(|it| format!("pub(crate) {it}: Vec<u8>, ")).collect();
        let state =
            ("mod.rs", format!("struct World {{ {fields} }} impl World {{ fn begin(&self) {{ self.high(); }} }}"));
        let high = |body: &str| ("high/one.rs", format!("impl World {{ fn high(&self) {{ {body} }} }}"));
        let low = |body: &str| ("low/two.rs", format!("impl World {{ fn low(&self) {{ {body} }} }}"));
        let beside = ("beside/three.rs", "impl World { fn near(&self) { self.a.low(); Self::near(self) } }".to_owned());
        let faults = |high: (&str, String), low: (&str, String)| {
            let files = [state.clone(), high, low, beside.clone()].map(|(path, text)| (path.to_owned(), text));
            walls("World", ROOMS, &files)
        };
        let all: String = ('a'..='h').map(|it| format!("self.{it}.clear(); self.{it} = x();")).collect();
        assert!(
            faults(high(&format!("{all} self\n.low()")), low("self.a = self.b; other.high() // self.high()"))
                .is_empty()
        );
        assert!(faults(high(&format!("{all} self.i()")), low("self.i; world.j")).is_empty(), "a method is no field");
        assert_eq!(
            faults(high(&format!("{all} world.i")), low("self.near()")),
            ["high/one.rs: reaches 9 fields of World", "low/two.rs: low may not use beside"]
        );
        assert_eq!(
            faults(high("self.low()"), low("self.begin()")),
            [
                "mod.rs: calls what calls it, by low/two.rs",
                "high/one.rs: calls what calls it, by mod.rs",
                "low/two.rs: calls what calls it, by high/one.rs"
            ]
        );
        let import = ("low/two.rs", "use crate::world::high::one::It;".to_owned());
        assert_eq!(faults(high("self.low()"), import), ["low/two.rs: low may not use high"]);
    }

    #[test]
    fn rooms_that_import_what_is_not_below_them_are_found() {
        const ROOMS: &[&[&str]] = &[&["ground"], &["left", "right"], &["roof"]];
        let faults = |path: &str, text: &str| lookups(("house", path), ROOMS, text);
        assert_eq!(faults("left/a.rs", "use crate::house::roof::b;"), ["left/a.rs: left may not use roof"]);
        assert_eq!(
            faults("left/mod.rs", "use crate::house::{right::b, ground};"),
            ["left/mod.rs: left may not use right"]
        );
        assert_eq!(faults("ground.rs", "fn f() { super::left::a::x() }"), ["ground.rs: ground may not use left"]);
        assert!(
            faults("roof/a.rs", "use crate::house::{left::a, right::b, roof::c, door}; use crate::roof::d;").is_empty()
        );
        assert!(faults("door.rs", "use crate::house::roof::a;").is_empty(), "what stands in no room may use all");
    }

    #[test]
    fn lines_that_nothing_bounds_are_found() {
        assert_eq!(raw_lines("fn f() { tracing::warn!(a, \"b\"); }\n// info!()"), ["1: warn!"]);
        assert!(raw_lines("fn f() { often!(warn, often, who, said, a); }").is_empty());
    }

    #[test]
    fn numbers_that_are_not_veiled_are_found() {
        assert_eq!(unveiled("fn f() { body.order.number_in_records() }"), ["1: number_in_records"]);
        assert_eq!(unveiled("\nlet a = (id.seq.0, body.seq().0);"), ["2: seq.0", "2: seq().0"]);
        assert!(unveiled("fn f() { veil.order(it.order); refunds.get(&it.seq()); }").is_empty());
    }

    #[test]
    fn impure_words_are_found_outside_tests_only() {
        let faults = impurities("use std::{time::Duration,\n fs};\nfn f() { Instant::now(); }\nuse tokio_util::x;");
        assert_eq!(
            faults,
            ["1: std::fs on a pure floor", "3: Instant::now on a pure floor", "4: tokio on a pure floor"]
        );
        for text in [
            "// tokio\nconst A: &str = \"SystemTime\";",
            "#[cfg(test)]\nmod tests {\n use std::fs;\n}\nfn f(now: std::time::Instant) { operand::x() }",
        ] {
            assert!(impurities(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_found() {
        let long = format!("fn f() {{\n{}}}\n", "x();\n".repeat(FUNCTION_LINES_MAX - 1));
        assert_eq!(sizes(&long), ["1: f has 71 lines"]);
        assert!(sizes(&long.replacen("x();\n", "", 1)).is_empty());
        assert!(sizes(&format!("#[cfg(test)]\nmod tests {{\n{long}}}\n")).is_empty());
        let file = "x!();\n".repeat(FILE_LINES_MAX);
        assert!(sizes(&format!("{file}#[cfg(test)]\nmod tests {{\n{file}}}\n")).is_empty());
        assert_eq!(sizes(&format!("{file}// one more\n")), ["1: 501 lines"]);
        assert_eq!(
            sizes("fn f<T>(a: A<B, C>, b: (u8, u8), c: C, d: D, e: E, g: fn(A, B) -> C) {}"),
            ["1: f has 6 parameters"]
        );
        assert!(sizes("fn f(&mut self, a: impl Fn(A) -> B, b: B, c: C, d: D, e: E,\n);").is_empty());
    }

    #[test]
    fn second_names_raw_metrics_and_stubs_are_found() {
        assert_eq!(
            reexports("pub use crate::a;\npub(crate) use b::c;\npub fn used() {}"),
            ["1: exports again what has a name already", "2: exports again what has a name already"]
        );
        assert_eq!(raw_metrics("metrics::counter!(\"a\");"), ["1: counter! outside telemetry"]);
        assert!(raw_metrics("// counter!\nencounter!();").is_empty());
        assert_eq!(
            stubs(&format!("fn f() {{ {}() }}\n// {}: x", "todo".to_owned() + "!", "FIX".to_owned() + "ME")).len(),
            2
        );
        assert!(stubs("the total of what is done").is_empty());
    }

    #[test]
    fn a_promise_without_a_test_is_found() {
        let rows: String = (1..=9).map(|it| format!("| P{it} Accept | because | `kept` |\n")).collect();
        let tests = BTreeSet::from(["kept".to_owned()]);
        assert!(promises(&rows, &tests).is_empty());
        assert_eq!(promises(&rows.replacen("`kept`", "`gone`, `kept`", 1), &tests).len(), 1);
        assert_eq!(promises(&rows.replacen("| P4", "| P10", 1), &tests).len(), 1);
        let bare = rows.replacen("because | `kept` |\n| P2", "because | |\n| P2", 1);
        assert_eq!(promises(&bare, &tests).len(), 1);
        assert!(promises(&format!("{bare}{UNPROVED}P1.\n"), &tests).is_empty());
        assert_eq!(promises(&format!("{rows}{UNPROVED}P1.\n"), &tests).len(), 1);
        assert_eq!(
            test_names("#[test]\nfn kept() {}\nfn other() {}\n#[tokio::test(x)]\nasync fn b() {}"),
            ["kept", "b"]
        );
        assert_eq!(test_names("trials! {\n    [Npm, Perl]:\n        it_runs;\n}\nfn it_runs() {}"), ["it_runs"]);
        assert_eq!(strays("fn kept() {}\n    #[test]\nfn lost() {}").len(), 1);
    }
}
