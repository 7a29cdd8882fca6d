//! House rules about all sources together: circles inside modules, names that nothing uses, papers that are not here.
//!
//! As in `tidy`, each rule is a function from texts to faults, and is shown texts that break it.

use crate::rust::{blank, paths, tokens, without_tests};
use crate::tidy::{FLOORS, Source, sizes, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Files that name each other in a ring, each ring in the order of its names. The list only shrinks.
const CIRCLES: &[&[&str]] = &[
    &["number::e164", "number::library", "number::written"],
    &["simulator::intake", "simulator::outbox", "simulator::smsc"],
];

/// What a module may call as others do: `options::Options` reads well wherever it is imported.
const SHARED: [&str; 3] = ["Options", "Error", "Command"];

/// Where numbers are stirred: the generator, and a test whose bounds were measured over another sequence.
const GENERATORS: [&str; 2] = ["src/dice.rs", "src/dispatch/queue/pace.rs"];

/// Characters that a line of a comment may have: as many as `rustfmt` leaves a line of code.
const COMMENT_WIDTH: usize = 120;

/// What is written down elsewhere, and named by a letter and a number there.
const PAPERS: [char; 2] = ['D', 'R'];

#[test]
fn files_of_a_module_name_each_other_in_no_new_circle() {
    let files: Vec<Source> = sources(&["src"]).into_iter().filter(|it| !it.is_test()).collect();
    let files: Vec<(String, String)> =
        files.iter().map(|it| (it.module().join("::"), without_tests(&blank(&it.text)))).collect();
    let found = circles(&files);
    let known: Vec<Vec<String>> = CIRCLES.iter().map(|it| it.iter().map(|it| (*it).to_owned()).collect()).collect();
    assert_eq!(found, known, "take a circle apart, or out of the list");
}

#[test]
fn nothing_is_public_that_nothing_uses() {
    let files: Vec<(String, String)> = sources(&["src", "tests", "benches", "fuzz"])
        .into_iter()
        .map(|it| (it.path.display().to_string(), blank(&it.text)))
        .collect();
    let faults = unused(&files);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_public_type_that_leaves_its_module_has_a_name_of_its_own() {
    let files: Vec<Source> = sources(&["src"]).into_iter().filter(|it| !it.is_test()).collect();
    let files: Vec<(String, String)> =
        files.iter().map(|it| (it.module().join("::"), without_tests(&blank(&it.text)))).collect();
    let faults = homonyms(&files);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn tests_and_benches_are_as_small_as_what_they_test() {
    let mut faults = Vec::new();
    for file in sources(&["tests", "benches", "fuzz"]) {
        faults.extend(sizes(&file.text).into_iter().map(|it| format!("{}:{it}", file.path.display())));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn chance_that_a_seed_decides_comes_from_one_generator() {
    let mut faults = Vec::new();
    let may = |it: &Source| GENERATORS.iter().any(|file| it.path == Path::new(file));
    for file in sources(&["src", "tests", "benches", "fuzz"]).iter().filter(|it| !may(it)) {
        let lines = generators(&blank(&file.text)).into_iter();
        faults.extend(lines.map(|it| format!("{}:{it}: a generator besides src/dice.rs", file.path.display())));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn comments_are_as_wide_as_code() {
    let format = fs::read_to_string("rustfmt.toml").expect("the options of rustfmt");
    assert!(format.contains(&format!("max_width = {COMMENT_WIDTH}\n")), "code has another width: {format}");
    let mut faults = Vec::new();
    for file in sources(&["src", "tests", "benches", "fuzz"]) {
        faults.extend(wide(&file.text).into_iter().map(|it| format!("{}:{it}", file.path.display())));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_maps_of_the_house_name_every_module_once() {
    let library = fs::read_to_string("src/lib.rs").expect("the library");
    let modules: BTreeSet<&str> = library
        .lines()
        .filter_map(|it| it.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(modules, FLOORS.iter().flat_map(|it| *it).copied().collect(), "src/lib.rs, and the floors here");
    for (page, pick) in [("src/lib.rs", "//! "), ("ARCHITECTURE.md", "")] {
        let text = fs::read_to_string(page).expect("a page");
        let map = text.split("```").nth(1).expect("a map");
        let names = map.lines().filter_map(|it| it.strip_prefix(pick)?.get(3..)?.split("  ").next());
        let named: BTreeSet<&str> = names.flat_map(|it| it.split(" · ")).filter(|it| modules.contains(it)).collect();
        assert_eq!(named, modules, "{page}");
    }
}

#[test]
fn decisions_have_one_form() {
    let mut faults = Vec::new();
    for file in fs::read_dir("docs/decisions").expect("decisions") {
        let path = file.expect("an entry").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a decision is text");
        faults.extend(unlike_decisions(&name, &text).into_iter().map(|it| format!("{name}: {it}")));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_paper_is_named_that_is_not_here() {
    let mut faults = Vec::new();
    for file in sources(&["src", "tests", "benches", "fuzz"]) {
        faults.extend(papers(&file.text).into_iter().map(|it| format!("{}:{it}", file.path.display())));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Sets of files, each of which names the others over some way, by the paths in them. A `mod.rs` declares its files,
/// and is left out.
fn circles(files: &[(String, String)]) -> Vec<Vec<String>> {
    let names: BTreeSet<&str> = files.iter().map(|it| it.0.as_str()).collect();
    let is_parent = |name: &str| names.iter().any(|it| it.strip_prefix(name).is_some_and(|it| it.starts_with("::")));
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, code) in files.iter().filter(|it| !it.0.is_empty() && !is_parent(&it.0)) {
        let module: Vec<String> = name.split("::").map(str::to_owned).collect();
        let top = &module[0];
        for (_, path) in paths(&module, code).iter().filter(|it| it.1.first() == Some(top)) {
            let file = (1..=path.len()).rev().find_map(|to| names.get(path[..to].join("::").as_str()));
            if let Some(file) = file.filter(|it| **it != name && !is_parent(it)) {
                named.entry(name).or_default().insert(file);
            }
        }
    }
    let reached = |from| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            open.extend(named.get(at).into_iter().flatten().filter(|it| seen.insert(**it)));
        }
        seen
    };
    let all: BTreeMap<&str, BTreeSet<&str>> = named.keys().map(|it| (*it, reached(it))).collect();
    let ring = |from: &str| -> Vec<String> {
        let back = |it: &&&str| all.get(**it).is_some_and(|it| it.contains(from));
        all[from].iter().filter(back).map(|it| (*it).to_owned()).collect()
    };
    let found: BTreeSet<Vec<String>> = all.keys().map(|it| ring(it)).filter(|it| !it.is_empty()).collect();
    found.into_iter().collect()
}

/// Public names of `src` that stand in no other place.
fn unused(files: &[(String, String)]) -> Vec<String> {
    const KINDS: [&str; 7] = ["fn", "const", "static", "struct", "enum", "trait", "type"];
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let tokens: Vec<_> = files.iter().map(|it| (it.0.as_str(), tokens(&it.1))).collect();
    for token in tokens.iter().flat_map(|it| &it.1) {
        *counts.entry(token.text).or_default() += 1;
    }
    let mut faults = Vec::new();
    for (path, tokens) in tokens.iter().filter(|it| it.0.starts_with("src")) {
        for (at, token) in tokens.iter().enumerate().filter(|(_, it)| it.text == "pub") {
            let line = tokens[at..].iter().take_while(|it| it.line == token.line);
            let words: Vec<&str> = line.map(|it| it.text).collect();
            let kind = words.iter().position(|it| KINDS.contains(it) && *it != "const");
            let kind = kind.or_else(|| words.iter().position(|it| *it == "const"));
            // `pub(in some::path)` and fields have no such word before a colon.
            let name = kind.and_then(|it| words.get(it + 1)).filter(|_| !words.iter().take(2).any(|it| *it == ":"));
            if let Some(name) = name.filter(|it| counts[**it] == 1) {
                faults.push(format!("{path}:{}: {name} is used by nothing", token.line));
            }
        }
    }
    faults
}

/// Names of public types that more than one file has, where another top module imports at least two of these: through a
/// path to the type, or to its file and then the name behind it.
fn homonyms(files: &[(String, String)]) -> Vec<String> {
    const KINDS: [&str; 4] = ["struct", "enum", "trait", "type"];
    let mut defined: BTreeSet<(String, String)> = BTreeSet::new();
    for (module, code) in files {
        let tokens = tokens(code);
        for at in (0..tokens.len()).filter(|at| KINDS.contains(&tokens[*at].text)) {
            if let Some(name) = tokens.get(at + 1).filter(|_| 0 < at && tokens[at - 1].text == "pub") {
                defined.insert((module.clone(), name.text.to_owned()));
            }
        }
    }
    let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, code) in files {
        let module: Vec<String> = module.split("::").map(str::to_owned).collect();
        let mut named: Vec<Vec<String>> = paths(&module, code).into_iter().map(|it| it.1).collect();
        let tokens = tokens(code);
        for at in 2..tokens.len() {
            let (before, name) = (tokens[at - 2].text, tokens[at].text);
            let behind = tokens[at - 1].text == "::" && name.starts_with(char::is_uppercase);
            let of = named.iter().filter(|it| behind && it.last().is_some_and(|it| it == before));
            let whole: Vec<_> = of.map(|it| [it.as_slice(), &[name.to_owned()]].concat()).collect();
            named.extend(whole);
        }
        for path in named.iter().filter(|it| it.first() != module.first()) {
            let upper = path.iter().position(|it| it.starts_with(char::is_uppercase)).filter(|it| 0 < *it);
            let Some(at) = upper.filter(|at| !SHARED.contains(&path[*at].as_str())) else { continue };
            let (home, name) = (path[..at].join("::"), path[at].clone());
            if defined.contains(&(home.clone(), name.clone())) {
                homes.entry(name).or_default().insert(home);
            }
        }
    }
    let several = homes.into_iter().filter(|it| 1 < it.1.len());
    several.map(|(name, all)| format!("{name} is {}", all.into_iter().collect::<Vec<_>>().join(" and "))).collect()
}

/// Lines on which a number is stirred as generators of chance do it.
fn generators(code: &str) -> Vec<usize> {
    let stirs = |it: &str| it.contains("0xBF58_476D_1CE4_E5B9") || it.contains("^= ") && it.contains(" << 13;");
    code.lines().enumerate().filter(|it| stirs(it.1)).map(|it| it.0 + 1).collect()
}

/// What a decision lacks: the number of its file and what was decided as its title, then what, why, and at what price.
fn unlike_decisions(name: &str, text: &str) -> Vec<String> {
    let number = name.split('-').next().and_then(|it| it.parse::<u16>().ok()).unwrap_or_default();
    let mut paragraphs = text.split("\n\n");
    let title = paragraphs.next().unwrap_or_default();
    let mut faults = Vec::new();
    if !title.starts_with(&format!("# {number}. ")) || title.ends_with('.') || title.contains('\n') {
        faults.push(format!("its title is not \"# {number}. \" and a sentence"));
    }
    if !paragraphs.next().is_some_and(|it| it.starts_with("**Decided.** ")) {
        faults.push("it does not begin with what was decided".to_owned());
    }
    if !["**Because**", "**Costs.** "].iter().all(|with| paragraphs.any(|it| it.starts_with(with))) {
        faults.push("it does not say because of what, and then what it costs".to_owned());
    }
    faults
}

/// Lines of comments that are wider than code.
fn wide(text: &str) -> Vec<String> {
    let comments = text.lines().enumerate().filter(|it| it.1.trim_start().starts_with("//"));
    let widths = comments.map(|(n, it)| (n + 1, it.chars().count())).filter(|it| COMMENT_WIDTH < it.1);
    widths.map(|(n, it)| format!("{n}: {it} characters of a comment, {COMMENT_WIDTH} at most")).collect()
}

/// Names such as a letter and a number in brackets, of lists that are not in this repository.
fn papers(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, it)| it.trim_start().starts_with("//")) {
        let words = line.split(|it: char| !it.is_ascii_alphanumeric());
        let is_paper = |it: &&str| {
            it.strip_prefix(PAPERS)
                .is_some_and(|it| (1..=2).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit()))
        };
        faults.extend(words.filter(is_paper).map(|it| format!("{}: {it} is of a paper that is not here", n + 1)));
    }
    faults
}

#[test]
fn each_rule_about_all_sources_finds_what_breaks_it() {
    let files = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect()
    };
    let ring = files(&[
        ("api", "mod a; mod b; mod c;"),
        ("api::a", "use crate::api::b::B; use crate::smpp::a;"),
        ("api::b", "fn f() { super::c::f(); }"),
        ("api::c", "use crate::api::{a::A, d::D};"),
        ("api::d", "use crate::api::Context;"),
        ("smpp::a", "use crate::api::a;"),
    ]);
    assert_eq!(circles(&ring), [["api::a", "api::b", "api::c"].map(str::to_owned).to_vec()]);
    assert!(circles(&ring[..3]).is_empty());

    let code = "pub const fn lone(a: u8) {}\npub(crate) fn used() {}\npub struct Alone;\npub field: fn(),\npub const MAX: u8 = 1;";
    let used = files(&[("src/a.rs", code), ("tests/b.rs", "used(); MAX")]);
    let faults = unused(&used);
    assert_eq!(faults, ["src/a.rs:1: lone is used by nothing", "src/a.rs:3: Alone is used by nothing"]);

    let named = files(&[
        ("smpp::pdu", "pub enum Body { A }\npub struct Options;"),
        ("message::body", "pub struct Body;\npub struct Lone;\nstruct Own;"),
        ("message::other", "pub struct Lone;\nuse crate::message::body::Body;"),
        ("wire::a", "use crate::{smpp::pdu::{self, Body, Options}};"),
        ("wire::options", "pub struct Options;"),
        (
            "link::b",
            "use crate::message::{body::{self, Lone}}; use crate::wire::options::Options; fn f(_: body::Body) {}",
        ),
    ]);
    assert_eq!(homonyms(&named), ["Body is message::body and smpp::pdu"]);
    assert!(homonyms(&named[..5]).is_empty());

    let stirred = ["let a = b << 13;", "self.0 ^= self.0 << 13;", "let c = d.wrapping_mul(0xBF58_476D_1CE4_E5B9);"];
    assert_eq!(generators(&stirred.join("\n")), [2, 3]);

    let as_wide = format!("    // {}", "é".repeat(COMMENT_WIDTH - 7));
    assert!(wide(&as_wide).is_empty());
    assert_eq!(wide(&format!("let a = 1;\n{as_wide}e")), ["2: 121 characters of a comment, 120 at most"]);

    let decision =
        "# 7. A part waits\n\n**Decided.** It waits.\n\nMore.\n\n**Because** it may.\n\n**Costs.** A wait.\n";
    assert!(unlike_decisions("0007-a-part-waits.md", decision).is_empty());
    assert_eq!(unlike_decisions("0008-a-part-waits.md", decision).len(), 1);
    assert_eq!(unlike_decisions("0007-a-part-waits.md", &decision.replace("**Costs.**", "Costs:")).len(), 1);
    assert_eq!(unlike_decisions("0007-a-part-waits.md", "# A part waits\n\nIt waits.").len(), 3);

    let paper = ["D", "17"].concat();
    assert_eq!(papers(&format!("/// The first ({paper}).\nlet a = {paper};\n// RFC 9110, {paper}A and DR1")).len(), 1);
}
