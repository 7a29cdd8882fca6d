//! `webhook` of `[[account]]`: where its events go.

use crate::config::schema::carrier::TlsChoice;
use crate::config::units::Span;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::path::PathBuf;

/// One endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Webhook {
    pub url: Option<String>,
    pub secret_file: Option<PathBuf>,
    pub grace: Option<Span>,
    pub types: Option<Vec<String>>,
    pub payload: Option<String>,
    pub batch: Option<u32>,
    pub in_flight: Option<u32>,
    pub allow_networks: Option<Vec<String>>,
    pub local_address: Option<String>,
    pub tls: Option<TlsChoice>,
}

/// `[operator]`: those who run nuncio.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Operator {
    pub webhook: Option<Webhooks>,
}

/// One endpoint, or a list of them.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    /// Each with the rest of its path: nothing for one alone, else its place in the list.
    pub all: Vec<(String, Webhook)>,
}

impl<'de> Deserialize<'de> for Webhooks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Webhooks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table, or a list of tables")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Webhooks, A::Error> {
                let one = Webhook::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Webhooks { all: vec![(String::new(), one)] })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Webhooks, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push((format!(".{}", all.len()), one));
                }
                Ok(Webhooks { all })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
