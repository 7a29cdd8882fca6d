//! Reads files and environment, merges them, and remembers where every key stands.
//!
//! ```text
//! nuncio.toml ─► conf.d/*.toml, by name ─► NUNCIO_… of the environment
//!    tables: the later key wins · arrays of tables: appended
//! ```

use crate::config::error::{Findings, Location};
use crate::config::schema::{ARRAYS, TABLES};
use figment::value::{Dict, Empty, Map, Num, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use toml_edit::{Document, Item, TableLike};

/// A text without the byte order mark (U+FEFF) that some editors put in front of it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Everything that was written, merged; what is wrong with the writing is in the findings.
pub fn merge(path: &Path, environment: &BTreeMap<String, String>, findings: &mut Findings) -> Dict {
    let mut files = Files { root: Dict::new(), findings };
    let beside = beside(path).unwrap_or_else(|(folder, error)| {
        files.findings.fault_at(Location::Line(folder, 0), format!("cannot be read: {error}"));
        Vec::new()
    });
    for file in [path.to_owned()].into_iter().chain(beside) {
        match fs::read_to_string(&file) {
            Ok(text) => files.add(&file, without_mark(&text)),
            Err(error) => files.findings.fault_at(Location::Line(file, 0), format!("cannot be read: {error}")),
        }
    }
    let root = files.root;
    let variables = variables(environment, findings);
    let merged: Result<Dict, Error> =
        Figment::from(Layer("files", root)).merge(Layer("environment", variables)).extract();
    merged.unwrap_or_else(|error| {
        findings.fault_at(Location::Nowhere, error.to_string());
        Dict::new()
    })
}

/// `conf.d/*.toml` next to the file, in the order of their names; a folder that is not there holds none.
fn beside(path: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let folder = path.parent().unwrap_or(Path::new("")).join("conf.d");
    let listed = fs::read_dir(&folder).and_then(|it| it.map(|it| it.map(|it| it.path())).collect());
    let mut files: Vec<PathBuf> = match listed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err((folder, error)),
        Ok(files) => files,
    };
    files.retain(|it| it.extension().is_some_and(|it| it == "toml"));
    files.sort();
    Ok(files)
}

/// The files, one after the other.
struct Files<'a> {
    root: Dict,
    findings: &'a mut Findings,
}

impl Files<'_> {
    fn add(&mut self, path: &Path, text: &str) {
        let lines = Lines::of(text);
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let line = error.span().map_or(0, |it| lines.at(it.start));
                let message = error.message().trim().replace('\n', ", ");
                let message =
                    how_to_quote(text.lines().nth(line.saturating_sub(1)).unwrap_or_default()).unwrap_or(message);
                return self.findings.fault_at(Location::Line(path.to_owned(), line), message);
            }
        };
        let mut file = File { path, lines, findings: self.findings };
        for (key, item) in document.as_table().iter() {
            let known = self.root.get(key);
            let Some(elements) = elements(item).filter(|_| ARRAYS.contains(&key)) else {
                file.stands(key, item_start(document.as_table(), key, item));
                let value = file.value(key, item);
                let value = match (known.cloned(), value) {
                    (Some(Value::Dict(tag, old)), Value::Dict(_, new)) => Value::Dict(tag, over(old, new)),
                    (_, value) => value,
                };
                self.root.insert(key.to_owned(), value);
                continue;
            };
            let mut array = known.and_then(Value::as_array).unwrap_or_default().to_vec();
            for element in elements {
                let at = format!("{key}.{}", array.len());
                file.stands(&at, element.1);
                let value = Value::from(file.dict(&at, element.0));
                if let Some(name) = value.find_ref("id").and_then(name) {
                    file.findings.note_name(&at, name);
                }
                array.push(value);
            }
            self.root.insert(key.to_owned(), Value::from(array));
        }
    }
}

/// How to mend a line whose value is a text without quotes; the value is not repeated, it may be a password.
fn how_to_quote(line: &str) -> Option<String> {
    let (key, value) = line.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let bare = !key.is_empty() && key.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.".contains(&it));
    let open = !value.is_empty() && !value.contains(['"', '\'', '[', ']', '{', '}', '\\']);
    let is_wrong = |text: &str| Document::parse(text.to_owned()).is_err();
    // In quotes it would be right: then they are what is missing.
    let mended = bare && open && is_wrong(&format!("{key} = {value}")) && !is_wrong(&format!("{key} = \"{value}\""));
    mended.then(|| format!("the value of {key} is a text and stands in quotes: {key} = \"…\""))
}

/// An id as messages show it: a text in quotes, a number as it is.
fn name(id: &Value) -> Option<String> {
    match id {
        Value::String(_, text) => Some(format!("{text:?}")),
        Value::Num(_, Num::I64(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// The tables of an array of tables, in either way of writing, and where they begin.
fn elements(item: &Item) -> Option<Vec<(&dyn TableLike, Option<usize>)>> {
    if let Some(tables) = item.as_array_of_tables() {
        return Some(tables.iter().map(|it| (it as &dyn TableLike, it.span().map(|it| it.start))).collect());
    }
    let tables =
        item.as_array()?.iter().map(|it| Some((it.as_inline_table()? as &dyn TableLike, it.span()?.start.into())));
    tables.collect()
}

/// One file, while it is read.
struct File<'a> {
    path: &'a Path,
    lines: Lines,
    findings: &'a mut Findings,
}

impl File<'_> {
    fn stands(&mut self, path: &str, start: Option<usize>) {
        if let Some(start) = start {
            self.findings.stands(path, Location::Line(self.path.to_owned(), self.lines.at(start)));
        }
    }

    fn dict(&mut self, path: &str, table: &dyn TableLike) -> Dict {
        let mut dict = Dict::new();
        for (key, item) in table.iter() {
            let at = format!("{path}.{key}");
            self.stands(&at, item_start(table, key, item));
            dict.insert(key.to_owned(), self.value(&at, item));
        }
        dict
    }

    fn value(&mut self, path: &str, item: &Item) -> Value {
        if let Some(table) = item.as_table_like() {
            return Value::from(self.dict(path, table));
        }
        if let Some(tables) = item.as_array_of_tables() {
            let values: Vec<Value> = tables.iter().map(|it| Value::from(self.dict(path, it))).collect();
            return Value::from(values);
        }
        item.as_value().map_or(Value::Empty(Tag::Default, Empty::Unit), |it| self.scalar(path, it))
    }

    fn scalar(&mut self, path: &str, value: &toml_edit::Value) -> Value {
        match value {
            toml_edit::Value::String(it) => Value::from(it.value().as_str()),
            toml_edit::Value::Integer(it) => Value::Num(Tag::Default, Num::I64(*it.value())),
            toml_edit::Value::Float(it) => Value::Num(Tag::Default, Num::F64(*it.value())),
            toml_edit::Value::Boolean(it) => Value::from(*it.value()),
            toml_edit::Value::Datetime(it) => Value::from(it.value().to_string()),
            toml_edit::Value::Array(it) => Value::from(it.iter().map(|it| self.scalar(path, it)).collect::<Vec<_>>()),
            toml_edit::Value::InlineTable(it) => Value::from(self.dict(path, it)),
        }
    }
}

/// Where a key begins, or what it stands for where the writing has no key of its own.
fn item_start(table: &dyn TableLike, key: &str, item: &Item) -> Option<usize> {
    let header = item.as_table().and_then(|it| it.span()).map(|it| it.start);
    header
        .or_else(|| table.key(key).and_then(|it| it.span()).map(|it| it.start))
        .or_else(|| item.span().map(|it| it.start))
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|it| it.0).collect())
    }

    /// The line, from 1, of an octet of the text.
    fn at(&self, start: usize) -> usize {
        1 + self.0.partition_point(|it| *it < start)
    }
}

/// The keys of `new` in place of those of `old`, table by table.
fn over(mut old: Dict, new: Dict) -> Dict {
    for (key, value) in new {
        let value = match (old.remove(&key), value) {
            (Some(Value::Dict(tag, old)), Value::Dict(_, new)) => Value::Dict(tag, over(old, new)),
            (_, value) => value,
        };
        old.insert(key, value);
    }
    old
}

/// `NUNCIO_HTTP_MAX_BODY` is `max_body` of `[http]`; `__` separates deeper levels. Variables whose first word is no
/// section are not ours: they may hold a password that `password_env` names.
fn variables(environment: &BTreeMap<String, String>, findings: &mut Findings) -> Dict {
    let mut root = Dict::new();
    for (variable, text) in environment {
        let Some(path) = variable.strip_prefix("NUNCIO_").and_then(path_of) else { continue };
        let value: Value = text.parse().unwrap_or_else(|_| Value::from(text.as_str()));
        findings.stands(&path, Location::Variable(variable.clone()));
        let nested = path.rsplit('.').fold(value, |value, key| Value::from(Dict::from([(key.to_owned(), value)])));
        root = over(root, nested.into_dict().unwrap_or_default());
    }
    root
}

fn path_of(variable: &str) -> Option<String> {
    let lower = variable.to_ascii_lowercase();
    let section = TABLES.iter().find(|it| lower.strip_prefix(**it).is_some_and(|it| it.starts_with('_')))?;
    let key = lower[section.len()..].trim_start_matches('_').replace("__", ".");
    (!key.is_empty()).then(|| format!("{section}.{key}"))
}

/// A dictionary as one of figment's layers.
struct Layer(&'static str, Dict);

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.1.clone())]))
    }
}
