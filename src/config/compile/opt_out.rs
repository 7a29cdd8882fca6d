//! `[opt_out]`: the words of handsets, what they stop, and the operator's own list of numbers.

use crate::config::error::{Findings, Location};
use crate::config::schema::opt_out as written;
use crate::config::source::without_mark;
use crate::number::e164::E164;
use crate::route::inbound::recipient;
use crate::route::keyword::parse;
use crate::route::opt_out::{Key, LIST_MAX, List, OptOut, WORDS_MAX};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// Lines of the list of which it is said what is wrong.
const FAULTS_MAX: usize = 10;

/// What is written, or the defaults.
pub fn opt_out(written: &written::OptOut, findings: &mut Findings) -> OptOut {
    let default = OptOut::default();
    let mut of = |key: &str, written: Option<&Vec<String>>, words_max, default: Vec<Box<str>>| {
        written.map_or(default, |it| words(&format!("opt_out.{key}"), it, words_max, findings))
    };
    let stop = of("keywords", written.keywords.as_ref(), 1, default.stop);
    // Who has chosen words is not given others beside them.
    let lone = if written.keywords.is_some() { Vec::new() } else { default.lone };
    let lone = of("lone_keywords", written.lone_keywords.as_ref(), WORDS_MAX, lone);
    let start = of("start_keywords", written.start_keywords.as_ref(), 1, default.start);
    for (key, others) in [("keywords", &stop), ("lone_keywords", &lone)] {
        if let Some(word) = start.iter().find(|it| others.contains(it)) {
            findings.fault("opt_out.start_keywords", format!("{word:?} is one of {key}, too"));
        }
    }
    let scopes = [("marketing", false), ("all", true)];
    let all = findings.choose("opt_out.scope", written.scope.as_deref(), &scopes, default.all);
    let listed = written.suppressions_file.as_deref().map(|it| Arc::new(read_list(it, findings)));
    OptOut { stop, lone, start, all, listed: listed.unwrap_or_default() }
}

/// Keywords as they are compared, each of so many words at most.
fn words(path: &str, written: &[String], words_max: usize, findings: &mut Findings) -> Vec<Box<str>> {
    let mut keywords: Vec<Box<str>> = Vec::new();
    for text in written {
        match parse(text).filter(|it| it.len() <= words_max).map(|it| it.join(" ").into()) {
            Some(keyword) if keywords.contains(&keyword) => {
                findings.fault(path, format!("{text:?} stands there twice"));
            }
            Some(keyword) => keywords.push(keyword),
            None if words_max == 1 => {
                findings.fault(path, format!("{text:?} is not one word without blanks and stops"));
            }
            None => findings.fault(path, format!("{text:?} is not one to {words_max} words without stops")),
        }
    }
    keywords
}

/// The numbers of a file: a number a line, and after a comma the sender, if only one is meant.
fn read_list(file: &Path, findings: &mut Findings) -> List {
    let (mut list, mut faults) = (List::default(), 0);
    let lines = match File::open(file) {
        Ok(file) => BufReader::new(file).lines(),
        Err(error) => {
            findings.fault("opt_out.suppressions_file", format!("{} cannot be read: {error}", file.display()));
            return list;
        }
    };
    for (line, text) in (1..).zip(lines) {
        let text = text.map_err(|error| error.to_string());
        // A table has a head.
        if line == 1 && text.as_ref().is_ok_and(|it| !it.bytes().any(|it| it.is_ascii_digit())) {
            continue;
        }
        let said = match text.and_then(|it| entry(without_mark(&it))) {
            Ok(None) => continue,
            Ok(Some(key)) if list.put(&key) => continue,
            Ok(Some(_)) => format!("a list has at most {LIST_MAX} numbers"),
            Err(said) => said,
        };
        findings.fault_at(Location::Line(file.to_owned(), line), said);
        faults += 1;
        if faults == FAULTS_MAX {
            break;
        }
    }
    list
}

/// The key of a line; none in an empty one and a comment.
fn entry(line: &str) -> Result<Option<Key>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut cells = line.split(',').map(|it| it.trim().trim_matches('"'));
    let number = cells.next().unwrap_or_default();
    let sender = cells.next().map(recipient).filter(|it| !it.is_empty());
    let number = E164::parse_listed(number).map_err(|why| why.to_string())?;
    Ok(Some(Key { account: None, sender, number }))
}
