//! Files and environment → typed options of the modules below → one immutable plan.
//!
//! ```text
//! source   files, conf.d, environment ─► merged values, and where each key stands
//! reader   merged values ─► schema: types, unknown and missing keys
//! compile  schema ─► options and plan: what the values mean together
//! ```
//!
//! Everything that is wrong is reported at once, each with its file, line and key. A key whose
//! function does not exist yet is refused, never ignored.

pub mod accounts;
pub mod compile;
pub mod error;
pub mod key_file;
pub mod reader;
pub mod schema;
mod shown;
pub mod source;
mod successor;
pub mod units;

use crate::api;
use crate::cdr;
use crate::clock::logical::Trust;
use crate::config::compile::Names;
use crate::config::compile::made_endpoint::EndpointTemplate;
use crate::config::error::{Error, Fault, Findings};
use crate::config::schema::Schema;
use crate::dispatch::door::plan::{EraseText, Plan};
use crate::link;
use crate::message::id::{AccountId, CarrierId};
use crate::record::contract::NameKind;
use crate::store::sqlite::Durability;
use crate::telemetry::log::LogFormat;
use crate::webhook;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The environment of the process, or of a test.
pub type Environment = BTreeMap<String, String>;

/// A configuration that was read and found right. It has its options; its accounts and carriers
/// get their numbers from the store, which is opened with those options.
pub struct Draft {
    schema: Schema,
    environment: Environment,
    /// Without its secrets.
    shown: serde_json::Value,
    warnings: Vec<Fault>,
    loaded: Loaded,
}

/// A configuration, compiled.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the deciding floor needs.
    pub plan: Arc<Plan>,
    /// The carrier that is simulated in this process, where an account tries things out.
    pub sandbox: Option<CarrierId>,
    /// One for each bind of each carrier.
    pub links: Vec<link::options::Options>,
    /// One for each link of each carrier over HTTP.
    pub http_links: Vec<link::http::options::Options>,
    /// Who is told events.
    pub webhooks: Vec<webhook::options::EndpointOptions>,
    /// How endpoints of each account are called that stand in no configuration.
    pub templates: BTreeMap<AccountId, EndpointTemplate>,
    /// Who is asked about numbers.
    pub lookup: Option<api::lookup::Options>,
    /// Where records of charge go, if they are written.
    pub cdr: Option<cdr::options::CdrOptions>,
    /// The listener for applications.
    pub http: api::server::options::Http,
    /// The listener for operators.
    pub admin: api::server::options::Http,
    /// The drop-in ports.
    pub ports: Vec<compile::port::Listening>,
    /// The store.
    pub store: StoreConfig,
    /// What is believed of the clock.
    pub clock: Trust,
    /// The drain at the end.
    pub shutdown: Shutdown,
    /// The log.
    pub log: Log,
}

/// The store: where, how safe, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// The folder.
    pub path: PathBuf,
    /// What a commit survives. Default: power loss.
    pub durability: Durability,
    /// What becomes of a record that the disk has changed. Default: it is set aside.
    pub on_damage: OnDamage,
    /// How long a commit may wait for company. Default 0.
    pub gather: Duration,
    /// Free octets on the disk below which new messages are refused. Default 1 GiB.
    pub min_free: u64,
    /// Queued parts above which new messages are refused. Default 20,000,000.
    pub max_queued: u64,
    /// How long messages that ended are kept. Default 30 days.
    pub retention: Duration,
    /// Whose text is erased at its end. Default: one-time codes.
    pub erase_text: EraseText,
}

/// What becomes of a record that the disk has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDamage {
    /// It is taken out of the store and kept in a file; all others are served.
    SetAside,
    /// The daemon ends.
    Stop,
}

/// The drain at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// How long answers are waited for. Default 30 s.
    pub drain_timeout: Duration,
}

/// The log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks. Default: text.
    pub format: LogFormat,
    /// From which level on: `error`, `warn`, `info`, `debug` or `trace`. Default `info`.
    pub level: &'static str,
}

/// What `nuncio check` says of a configuration that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many accounts.
    pub accounts: usize,
    /// How many carriers.
    pub carriers: usize,
    /// How many binds at them.
    pub links: usize,
    /// How many routes.
    pub routes: usize,
    /// How many rules.
    pub rules: usize,
}

/// Reads the file, what stands in `conf.d` beside it, and the environment of the process.
pub fn read(path: &Path) -> Result<Draft, Error> {
    read_in(path, environment())
}

/// The environment of the process, as far as it is text.
pub fn environment() -> Environment {
    let text = |it: std::ffi::OsString| it.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// [`read`], in an environment of choice.
pub fn read_in(path: &Path, environment: Environment) -> Result<Draft, Error> {
    let mut findings = Findings::default();
    let root = source::merge(path, &environment, &mut findings);
    let shown = shown::shown(&root);
    let mut schema = reader::read(root, &mut findings);
    let hidden = compile::sandbox::carrier(&schema, &mut findings);
    schema.carriers.extend(hidden);
    let loaded = compile::compile(&schema, &Names::in_order(&schema), &environment, &mut findings);
    let faults = findings.take();
    let warnings = findings.take_warnings();
    if faults.is_empty() {
        Ok(Draft { schema, environment, shown, warnings, loaded })
    } else {
        Err(Error::Faults(faults))
    }
}

/// What a reload does not change: sockets, the store and its keeping are opened once.
pub const AT_START: [&str; 10] = [
    "http",
    "admin",
    "port",
    "clock",
    "store.path",
    "store.durability",
    "store.on_damage",
    "store.gather",
    "store.min_free",
    "store.retention",
];

/// What `nuncio check` does: reads everything, secrets included, and opens nothing. Beside the summary stands what is
/// permitted and may not be meant.
pub fn check(path: &Path) -> Result<(Summary, Vec<Fault>), Error> {
    read(path).map(|it| (it.summary(), it.warnings))
}

/// Without the environment, which holds more than is ours to print.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("loaded", &self.loaded).finish_non_exhaustive()
    }
}

impl Draft {
    /// Where and how the store is.
    pub const fn store(&self) -> &StoreConfig {
        &self.loaded.store
    }

    /// The listener for applications.
    pub const fn http(&self) -> &api::server::options::Http {
        &self.loaded.http
    }

    /// The listener for operators.
    pub const fn admin(&self) -> &api::server::options::Http {
        &self.loaded.admin
    }

    /// All that was written, files and environment merged, without its secrets.
    pub const fn shown(&self) -> &serde_json::Value {
        &self.shown
    }

    /// What is permitted and may not be meant.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// How the log looks.
    pub const fn log(&self) -> Log {
        self.loaded.log
    }

    /// What is in it.
    pub fn summary(&self) -> Summary {
        let plan = &self.loaded.plan;
        let links = self.loaded.links.iter().filter(|it| Some(it.id.carrier) != self.loaded.sandbox);
        Summary {
            accounts: plan.accounts.len(),
            carriers: plan.carriers.len() - usize::from(self.loaded.sandbox.is_some()),
            links: links.count() + self.loaded.http_links.len(),
            routes: plan.routes.keys().filter(|it| !it.is_in_sandbox()).count(),
            rules: plan.rules.len(),
        }
    }

    /// The names of accounts and carriers, for which the store keeps numbers.
    pub fn names(&self) -> impl Iterator<Item = (NameKind, Cow<'_, str>)> {
        Names::of(&self.schema)
    }

    /// Compiles it with the numbers that the store keeps for the names of accounts and carriers.
    pub fn compile<E>(&self, intern: impl FnMut(NameKind, &str) -> Result<u16, E>) -> Result<Loaded, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let names = Names::intern(&self.schema, intern).map_err(|it| Error::Names(it.into()))?;
        let mut findings = Findings::default();
        let loaded = compile::compile(&self.schema, &names, &self.environment, &mut findings);
        let faults = findings.take();
        if faults.is_empty() { Ok(loaded) } else { Err(Error::Faults(faults)) }
    }
}

#[cfg(test)]
mod tests;
