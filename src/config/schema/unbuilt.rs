//! What parses and has no function yet: keys and sections that are refused in a sentence,
//! never ignored. Their types stand here so that a slip in them is found today.

use crate::config::units::{Span, Switch};
use serde::Deserialize;

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
    /// `[port.*]`
    Port { listen: String, }
}
