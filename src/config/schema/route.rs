//! `[[route]]`, `[[rule]]` and `[[inbound]]`: how messages are carried, which route a request takes, and whose a
//! message from a handset is.

use crate::config::schema::account::Destinations;
use crate::config::units::{Span, Switch};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// One route.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Route {
    pub id: u32,
    pub name: Option<String>,
    pub class: Option<String>,
    pub carriers: Option<Carriers>,
    pub weights: Option<BTreeMap<String, f64>>,
    pub carriers_by_country: Option<BTreeMap<String, Vec<String>>>,
    pub order: Option<String>,
    pub strict_order: Option<bool>,
    pub senders: Option<Senders>,
    pub destinations: Option<Destinations>,
    pub receipt_window: Option<Switch>,
    pub receipt_timeout: Option<Span>,
    pub max_wait: Option<Switch>,
    pub max_cost: Option<String>,
    pub unknown: Option<String>,
    pub partial: Option<String>,
    pub retry: Option<Retry>,
    pub validity: Option<Span>,
    pub quiet_hours: Option<String>,
    pub dlt: Option<Registration>,
    pub price: Option<BTreeMap<String, String>>,
}

/// The registration of its texts in India.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Registration {
    pub required: bool,
    pub entity: Option<String>,
    pub template: Option<String>,
    pub telemarketer: Option<String>,
}

/// Who carries: in order, or by weight.
#[derive(Clone, Debug, PartialEq)]
pub enum Carriers {
    /// The names, in order.
    List(Vec<String>),
    /// The share of each name.
    Weights(BTreeMap<String, f64>),
}

impl<'de> Deserialize<'de> for Carriers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Carriers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of carriers, or a table of their weights such as { acme = 70, beta = 30 }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Carriers, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Carriers::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Carriers, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Carriers::Weights)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Which senders a route takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Senders {
    pub allow: Option<Vec<String>>,
    pub by_country: Option<BTreeMap<String, String>>,
}

/// How often and when a refused part is tried again.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Retry {
    pub base: Option<Span>,
    pub max: Option<Span>,
    pub attempts: Option<u8>,
}

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Rule {
    #[serde(default)]
    pub prefix: Vec<String>,
    pub class: Option<String>,
    pub account: Option<String>,
    pub sender: Option<String>,
    pub tag: Option<String>,
    pub text: Option<String>,
    pub hours: Option<String>,
    pub route: u32,
}

/// One rule for messages from handsets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Inbound {
    #[serde(default)]
    pub to: Vec<String>,
    pub carrier: Option<String>,
    pub keyword: Option<String>,
    pub account: String,
}
