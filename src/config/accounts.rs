//! `nuncio account`: accounts are read from a configuration and written into it. What stands there stays as it is, its
//! comments included.

use crate::config::error::Error;
use crate::config::successor::Successor;
use crate::config::{self, Environment};
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error as ThisError;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

/// An account that is to be written.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// Its name.
    pub id: String,
    /// SHA-256 of its key, in hexadecimal.
    pub key_sha256: String,
    /// Routes that it may use.
    pub routes: Vec<u32>,
    /// Senders that it may use.
    pub senders: Vec<String>,
    /// What its keys may do; the usual where none is named.
    pub scopes: Vec<String>,
    /// Whether it tries things out.
    pub sandbox: bool,
}

/// Why an account is not written, or not shown.
#[derive(Debug, ThisError)]
pub enum AccountError {
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// The file is no TOML, or `account` is something else in it.
    #[error("{0}: {1}")]
    Text(PathBuf, String),
    /// The configuration would be wrong with it; it is as it was.
    #[error("{0}\nNothing was written.")]
    Wrong(Error),
    /// There is no such account.
    #[error("there is no account {0:?}")]
    Unknown(String),
}

/// Writes an account behind those of a file, and looks first whether the whole configuration is right with it.
pub fn add(path: &Path, new: &NewAccount, environment: &Environment) -> Result<(), AccountError> {
    let file = |error| AccountError::File(path.to_owned(), error);
    let text = fs::read_to_string(path).map_err(file)?;
    let text = with_account(&text, new).map_err(|it| AccountError::Text(path.to_owned(), it))?;
    // Beside it, so that the same conf.d is read with it, and so that it takes its place in one step.
    let draft = Successor::of(path, &text).map_err(file)?;
    config::read_in(draft.path(), environment.clone())
        .map_err(|it| AccountError::Wrong(it.of_file(draft.path(), path)))?;
    draft.take_place(path).map_err(file)
}

/// The text of a file with an account more.
fn with_account(text: &str, new: &NewAccount) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|it: toml_edit::TomlError| it.to_string())?;
    let list = |all: &[String]| all.iter().map(String::as_str).collect::<Array>();
    let mut fields: Vec<(&str, toml_edit::Value)> = vec![
        ("id", new.id.as_str().into()),
        ("key_sha256", list(std::slice::from_ref(&new.key_sha256)).into()),
        ("routes", new.routes.iter().map(|it| i64::from(*it)).collect::<Array>().into()),
        ("senders", list(&new.senders).into()),
    ];
    if !new.scopes.is_empty() {
        fields.push(("scopes", list(&new.scopes).into()));
    }
    if new.sandbox {
        fields.push(("sandbox", true.into()));
    }
    let accounts = document.entry("account").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    match accounts {
        Item::ArrayOfTables(tables) => {
            let mut table = Table::new();
            fields.into_iter().for_each(|(key, it)| _ = table.insert(key, value(it)));
            table.decor_mut().set_prefix("\n");
            tables.push(table);
        }
        Item::Value(toml_edit::Value::Array(tables)) => tables.push(InlineTable::from_iter(fields)),
        _ => return Err("account is no list of tables".to_owned()),
    }
    Ok(document.to_string())
}

/// The accounts of a configuration, a line each: name, how it stands, keys, routes, senders.
pub fn list(path: &Path, environment: &Environment) -> Result<String, AccountError> {
    let draft = config::read_in(path, environment.clone()).map_err(AccountError::Wrong)?;
    let accounts = draft.loaded.plan.accounts.values();
    let lines = accounts.map(|it| {
        let stands = match (it.active, it.is_sandbox) {
            (false, _) => "inactive",
            (true, true) => "sandbox",
            (true, false) => "active",
        };
        let routes: Vec<String> = it.routes.iter().map(|it| it.shown().to_string()).collect();
        let keys = if it.keys.len() == 1 { "1 key".to_owned() } else { format!("{} keys", it.keys.len()) };
        format!("{:<32} {stands:<8} {keys}, routes {}, senders {}\n", it.name, routes.join(" "), it.senders.join(" "))
    });
    Ok(lines.collect())
}

/// One account as it was written, as JSON, without its secrets.
pub fn show(path: &Path, id: &str, environment: &Environment) -> Result<String, AccountError> {
    let draft = config::read_in(path, environment.clone()).map_err(AccountError::Wrong)?;
    let accounts = draft.shown()["account"].as_array();
    let found = accounts.into_iter().flatten().find(|it| it["id"] == *id);
    let mut found: Value = found.cloned().ok_or_else(|| AccountError::Unknown(id.to_owned()))?;
    let account = draft.loaded.plan.account_named(id).ok_or_else(|| AccountError::Unknown(id.to_owned()))?;
    // The first digits tell keys apart, and lead to none.
    found["key_sha256"] = account.keys.iter().map(|it| Value::from(key_name(it))).collect();
    Ok(serde_json::to_string_pretty(&found).expect("texts and numbers are always JSON") + "\n")
}

/// What a key is called where it may be seen: the beginning of its SHA-256.
pub fn key_name(digest: &[u8; 32]) -> String {
    hex::encode(&digest[..4])
}
