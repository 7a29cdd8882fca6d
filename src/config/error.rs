//! What is wrong with a configuration: everything at once, one line each.

use crate::text::near::nearest;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// In a file, at a line from 1.
    Line(PathBuf, usize),
    /// In an environment variable.
    Variable(String),
    /// In no place: it is missing altogether.
    Nowhere,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, 0) => write!(f, "{}: ", file.display()),
            Self::Line(file, line) => write!(f, "{}:{line}: ", file.display()),
            Self::Variable(name) => write!(f, "{name} in the environment: "),
            Self::Nowhere => Ok(()),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where.
    pub place: Location,
    /// Of what: `carrier "acme", window`; empty for a whole file.
    pub key: String,
    /// What.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is wrong; everything that was found, in the order of the files.
    #[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Fault>),
    /// The names of its accounts and carriers could not be interned.
    #[error("the names of accounts and carriers could not be kept")]
    Names(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The same of another file, in whose place this one was looked at.
    #[must_use]
    pub fn of_file(self, looked_at: &Path, of: &Path) -> Self {
        let Self::Faults(mut faults) = self else { return self };
        let (from, to) = (looked_at.display().to_string(), of.display().to_string());
        for fault in &mut faults {
            fault.message = fault.message.replace(&from, &to);
            if let Location::Line(file, _) = &mut fault.place
                && file == looked_at
            {
                of.clone_into(file);
            }
        }
        Self::Faults(faults)
    }
}

/// Where every key stands, and what was found wrong so far.
#[derive(Debug, Default)]
pub struct Findings {
    /// By path: `carrier.0.window`.
    places: BTreeMap<String, Location>,
    /// What the tables of arrays are called: `carrier.0` is `acme`.
    names: BTreeMap<String, String>,
    faults: Vec<Fault>,
    /// What is not wrong, and may not be meant.
    warnings: Vec<Fault>,
}

impl Findings {
    /// Notes where a key stands; a later file or the environment takes its place.
    pub fn stands(&mut self, path: &str, place: Location) {
        self.places.insert(path.to_owned(), place);
    }

    /// Notes what a table of an array is called.
    pub fn note_name(&mut self, path: &str, name: String) {
        self.names.insert(path.to_owned(), name);
    }

    /// Whether an array has a table of this name, right or wrong: to call it missing would be a second fault for one
    /// slip.
    pub fn is_written(&self, section: &str, name: &str) -> bool {
        let tables =
            self.names.iter().filter(|(path, _)| path.strip_prefix(section).is_some_and(|it| it.starts_with('.')));
        tables.into_iter().any(|(_, it)| it.trim_matches('"') == name)
    }

    /// Where a key stands, or the nearest table around it that is written down.
    pub fn location(&self, path: &str) -> Location {
        let mut path = path;
        loop {
            match (self.places.get(path), path.rsplit_once('.')) {
                (Some(place), _) => return place.clone(),
                (None, Some((parent, _))) => path = parent,
                (None, None) => return Location::Nowhere,
            }
        }
    }

    /// Notes something wrong with the key at a path.
    pub fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(Fault { place: self.location(path), key: self.key(path), message: message.into() });
    }

    /// Notes something that is permitted and may not be meant.
    pub fn warning(&mut self, path: &str, message: impl Into<String>) {
        self.warnings.push(Fault { place: self.location(path), key: self.key(path), message: message.into() });
    }

    /// What may not be meant, in the order of the files.
    pub fn take_warnings(&mut self) -> Vec<Fault> {
        let mut warnings = std::mem::take(&mut self.warnings);
        warnings.sort();
        warnings
    }

    /// Notes something wrong with a file as a whole, or with a place of it.
    pub fn fault_at(&mut self, place: Location, message: impl Into<String>) {
        self.faults.push(Fault { place, key: String::new(), message: message.into() });
    }

    /// Refuses a key that parses and has no function yet: `written` is its value, `instead` what may stand there.
    pub fn unbuilt(&mut self, path: &str, written: &str, instead: &str) {
        let key = path.rsplit('.').next().unwrap_or(path);
        let instead = if instead.is_empty() { String::new() } else { format!(" or use {instead}") };
        self.fault(path, format!("{key} = {written} has no function yet; remove it{instead}"));
    }

    /// The meaning of a word from a closed list; a word that is not in it is a fault.
    pub fn choose<T: Copy>(&mut self, path: &str, text: Option<&str>, words: &[(&str, T)], default: T) -> T {
        let Some(text) = text else { return default };
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(path, unknown(&format!("value {text:?}"), text, &known));
        }
        found.map_or(default, |(_, meaning)| *meaning)
    }

    /// A number within its bounds; another is a fault.
    pub fn within(&mut self, path: &str, number: u64, bounds: std::ops::RangeInclusive<u64>) -> u64 {
        if !bounds.contains(&number) {
            self.fault(path, format!("{number} is not within {} and {}", bounds.start(), bounds.end()));
        }
        number.clamp(*bounds.start(), *bounds.end())
    }

    /// Whether a key, or something in it, is known to be wrong.
    pub fn is_faulty(&self, path: &str) -> bool {
        let key = self.key(path);
        self.faults.iter().any(|it| it.key.strip_prefix(&key).is_some_and(|it| it.is_empty() || it.starts_with('.')))
    }

    /// What was found wrong since the last call, in the order of the files.
    pub fn take(&mut self) -> Vec<Fault> {
        let mut faults = std::mem::take(&mut self.faults);
        faults.sort();
        faults.dedup();
        faults
    }

    /// A path as people read it: `carrier "acme", reconnect.base`.
    fn key(&self, path: &str) -> String {
        let mut fields = path.splitn(3, '.');
        let (section, index, rest) = (fields.next().unwrap_or_default(), fields.next(), fields.next());
        let Some(place) = index.and_then(|it| it.parse::<usize>().ok()) else { return path.to_owned() };
        let head = match self.names.get(&format!("{section}.{place}")) {
            Some(name) => format!("{section} {name}"),
            None => format!("{section} number {}", place + 1),
        };
        rest.map_or(head.clone(), |it| format!("{head}, {it}"))
    }
}

/// So many of what is known are named.
const KNOWN_MAX: usize = 40;

/// A key that is not known, and the known one that is nearest.
pub fn unknown(what: &str, key: &str, known: &[&str]) -> String {
    match nearest(key, known) {
        Some(it) => format!("unknown {what}; did you mean {it}?"),
        None if known.is_empty() => format!("unknown {what}; none is known"),
        None if known.len() <= KNOWN_MAX => format!("unknown {what}; known are {}", known.join(", ")),
        None => {
            let (some, more) = known.split_at(KNOWN_MAX);
            format!("unknown {what}; known are {} and {} more", some.join(", "), more.len())
        }
    }
}
