//! What parses and has no function yet: keys and sections that are refused in a sentence,
//! never ignored. Their types stand here so that a slip in them is found today.

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
    /// `[port.*]`
    Port { listen: String, }
}
