//! The shape of the files: every key that may be written, and the type of its value.
//!
//! Nothing here knows a default; what is absent is `None`, and the options of the modules
//! below say what that means.

pub mod account;
pub mod app;
pub mod carrier;
pub mod guard;
pub mod opt_out;
pub mod http;
pub mod lookup;
pub mod route;
pub mod service;
pub mod unbuilt;
pub mod webhook;

use crate::api::port::kind::PortKind;

/// The sections that are arrays of tables.
pub const ARRAYS: [&str; 6] = ["account", "carrier", "route", "rule", "inbound", "app"];

/// The sections that are one table.
pub const TABLES: [&str; 14] = [
    "http", "admin", "operator", "store", "clock", "numbers", "lookup", "cdr", "opt_out", "guard", "keys", "port",
    "shutdown", "log",
];

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Schema {
    /// `[http]`
    pub http: service::Http,
    /// `[admin]`
    pub admin: service::Admin,
    /// `[operator]`
    pub operator: webhook::Operator,
    /// `[store]`
    pub store: service::Store,
    /// `[clock]`
    pub clock: service::Clock,
    /// `[numbers]`
    pub numbers: service::Numbers,
    /// `[lookup]`, if it is there
    pub lookup: Option<lookup::Lookup>,
    /// `[cdr]`, if it is there
    pub cdr: Option<service::Cdr>,
    /// `[shutdown]`
    pub shutdown: service::Shutdown,
    /// `[log]`
    pub log: service::Log,
    /// `[opt_out]`
    pub opt_out: opt_out::OptOut,
    /// `[guard]`
    pub guard: guard::Guard,
    /// `[keys]`
    pub keys: app::Keys,
    /// `[[account]]`, each with its place in the array
    pub accounts: Vec<(usize, account::Account)>,
    /// `[[carrier]]`
    pub carriers: Vec<(usize, carrier::Carrier)>,
    /// `[[route]]`
    pub routes: Vec<(usize, route::Route)>,
    /// `[[rule]]`
    pub rules: Vec<(usize, route::Rule)>,
    /// `[[inbound]]`
    pub inbound: Vec<(usize, route::Inbound)>,
    /// `[port.*]`, each with its name
    pub ports: Vec<(PortKind, service::Port)>,
    /// `[[app]]`
    pub apps: Vec<(usize, app::App)>,
}
