//! What parses and has no function yet: keys and sections that are refused in a sentence,
//! never ignored. Their types stand here so that a slip in them is found today.

use crate::config::units::{Span, Switch};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($key:ident: $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
        pub struct $name { $(pub $key: Option<$kind>,)+ }
    };
}

table! {
    /// A login of an account at a drop-in port.
    Login { port: String, username: String, password_sha256: String, }
}
table! {
    /// `[[app]]`
    App {
        id: String,
        route: u32,
        code: Code,
        lifetime: Span,
        checks: u32,
        resend_after: Span,
        resend: String,
        channels: Vec<String>,
        auto_channel: bool,
        countries: Vec<String>,
        text: BTreeMap<String, String>,
        brand: String,
        domain: String,
        test_numbers: BTreeMap<String, String>,
    }
}
table! {
    /// The code of an app.
    Code { length: u32, alphabet: String, }
}
table! {
    /// `[guard]`
    Guard {
        per_phone: Vec<String>,
        per_ip: Vec<String>,
        per_network: Vec<String>,
        wrong_guesses_per_phone: String,
        spend: String,
        pumping: Pumping,
    }
}
table! {
    /// When sends that nobody verifies are stopped.
    Pumping { sends: u32, window: Span, conversion: f64, block: Switch, block_max: Span, }
}
table! {
    /// `[keys]`
    Keys { ring_file: PathBuf, ring_credential: String, }
}
table! {
    /// `[port.*]`
    Port { listen: String, }
}
