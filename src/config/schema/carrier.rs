//! `[[carrier]]`: who carries, and its habits.

use crate::config::schema::http::{Answer, Receipt, Request};
use crate::config::units::{Offset, Pace, Size, Span, Switch};
use crate::wire::secret::Secret;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// One carrier.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Carrier {
    pub id: String,
    pub kind: Option<String>,
    pub url: Option<String>,
    #[serde(default)]
    pub address: Vec<String>,
    pub outbind: Option<Outbind>,
    pub local_address: Option<String>,
    pub tls: Option<TlsChoice>,
    pub system_id: Option<String>,
    pub password: Option<Secret<String>>,
    pub password_file: Option<PathBuf>,
    pub password_env: Option<String>,
    pub password_credential: Option<String>,
    pub system_type: Option<String>,
    pub interface_version: Option<String>,
    pub assumed_version: Option<String>,
    pub address_range: Option<AddressRange>,
    pub source: Option<Numbering>,
    pub destination: Option<Numbering>,
    pub sender_alphabet: Option<String>,
    pub validity_period: Option<String>,
    pub service_type: Option<String>,
    pub esm_class: Option<u8>,
    pub bind: Option<String>,
    pub binds: Option<u8>,
    pub window: Option<u32>,
    pub ahead: Option<u32>,
    pub pace: Option<Pace>,
    pub pace_per_bind: Option<Pace>,
    pub connect_timeout: Option<Span>,
    pub bind_timeout: Option<Span>,
    pub response_timeout: Option<Span>,
    pub write_timeout: Option<Span>,
    pub unbind_timeout: Option<Span>,
    pub enquire_link: Option<Switch>,
    pub inactivity: Option<Switch>,
    pub reconnect: Option<Reconnect>,
    pub max_pdu: Option<Size>,
    pub inbound_buffer: Option<Size>,
    pub put_off_after: Option<Span>,
    pub put_off_status: Option<String>,
    pub alphabet: Option<String>,
    #[serde(default)]
    pub inbound_alphabet: BTreeMap<String, String>,
    pub region: Option<String>,
    pub message_id: Option<String>,
    pub split: Option<String>,
    #[serde(default)]
    pub national: Vec<String>,
    pub class_coding: Option<String>,
    pub operation: Option<String>,
    #[serde(default)]
    pub tlvs: BTreeMap<String, String>,
    pub dlt: Option<Dlt>,
    pub receipts: Option<String>,
    pub receipts_by_content: Option<bool>,
    pub receipt_offset: Option<Offset>,
    pub parked_for: Option<Span>,
    pub query: Option<bool>,
    pub query_after: Option<Span>,
    pub reassembly_timeout: Option<Span>,
    pub redelivery_window: Option<Switch>,
    #[serde(default)]
    pub statuses: BTreeMap<String, String>,
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    #[serde(default)]
    pub reasons: BTreeMap<String, String>,
    pub cost: Option<BTreeMap<String, String>>,
    pub breaker: Option<BreakerChoice>,
    pub retired: Option<bool>,
    pub request: Option<Request>,
    pub answer: Option<Answer>,
    pub receipt: Option<Receipt>,
}

impl Carrier {
    /// Keys that are written and mean something to a carrier of SMPP alone.
    pub fn of_smpp(&self) -> Vec<&'static str> {
        macro_rules! written { ($($key:ident)+) => { [$((stringify!($key), self.$key.is_some()),)+] } }
        let single = written! {
            outbind local_address system_type interface_version assumed_version address_range source destination
            service_type esm_class bind bind_timeout write_timeout unbind_timeout enquire_link inactivity max_pdu
            inbound_buffer put_off_after put_off_status alphabet message_id split class_coding operation dlt receipts
            receipts_by_content receipt_offset query query_after sender_alphabet validity_period reassembly_timeout
            redelivery_window region
        };
        let lists = [
            ("address", !self.address.is_empty()),
            ("national", !self.national.is_empty()),
            ("inbound_alphabet", !self.inbound_alphabet.is_empty()),
            ("tlvs", !self.tlvs.is_empty()),
            ("statuses", !self.statuses.is_empty()),
            ("answers", !self.answers.is_empty()),
        ];
        single.into_iter().chain(lists).filter(|it| it.1).map(|it| it.0).collect()
    }

    /// Keys that are written and mean something to a carrier over HTTP alone.
    pub fn of_http(&self) -> Vec<&'static str> {
        let all = [
            ("url", self.url.is_some()),
            ("request", self.request.is_some()),
            ("answer", self.answer.is_some()),
            ("receipt", self.receipt.is_some()),
        ];
        all.into_iter().filter(|it| it.1).map(|it| it.0).collect()
    }
}

/// `tls = true`, `tls = false`, or a table.
#[derive(Clone, Debug)]
pub enum TlsChoice {
    /// Neither file nor name.
    Plain(bool),
    /// What to trust.
    Table(Tls),
}

/// `breaker = "off"`, or a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakerChoice {
    /// It fails as it likes.
    Off,
    /// When it is left alone, and for how long.
    Table(Breaker),
}

/// When a carrier is left alone, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Breaker {
    pub ratio: Option<f64>,
    pub window: Option<Span>,
    pub sample: Option<u32>,
    pub open: Option<Span>,
}

/// What to trust, and who we are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Tls {
    pub ca_file: Option<PathBuf>,
    pub server_name: Option<String>,
    pub client_certificate: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub pin_sha256: Option<Pins>,
    pub min_version: Option<String>,
}

/// One pin, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins(pub Vec<String>);

/// Where the carrier connects to, and what its `outbind` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Outbind {
    pub listen: String,
    pub system_id: String,
    pub password: Secret<String>,
}

/// Which numbers are received here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct AddressRange {
    pub ton: u8,
    pub npi: u8,
    pub range: String,
}

/// Type of number and numbering plan.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Numbering {
    pub ton: Option<NumberOrAuto>,
    pub npi: Option<NumberOrAuto>,
}

/// A number, or `auto`: by the shape of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberOrAuto(pub Option<u8>);

/// In which parameters the registration of a text in India goes.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Dlt {
    pub entity: Option<u16>,
    pub template: Option<u16>,
    pub telemarketer: Option<u16>,
    pub nul: Option<bool>,
}

/// How long to wait before the next try.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Reconnect {
    pub base: Option<Span>,
    pub max: Option<Span>,
    pub already_bound: Option<Span>,
    pub refused: Option<Span>,
}

impl<'de> Deserialize<'de> for TlsChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = TlsChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a table")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<TlsChoice, E> {
                Ok(TlsChoice::Plain(on))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TlsChoice, A::Error> {
                Tls::deserialize(MapAccessDeserializer::new(map)).map(TlsChoice::Table)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for BreakerChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = BreakerChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table or \"off\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<BreakerChoice, E> {
                match text {
                    "off" => Ok(BreakerChoice::Off),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BreakerChoice, A::Error> {
                Breaker::deserialize(MapAccessDeserializer::new(map)).map(BreakerChoice::Table)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Pins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pins;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Pins, E> {
                Ok(Pins(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Pins, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Pins)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for NumberOrAuto {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = NumberOrAuto;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 to 255 or \"auto\"")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<NumberOrAuto, E> {
                let octet = u8::try_from(number)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))?;
                Ok(NumberOrAuto(Some(octet)))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<NumberOrAuto, E> {
                let number = u64::try_from(number)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))?;
                self.visit_u64(number)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<NumberOrAuto, E> {
                if text == "auto" {
                    Ok(NumberOrAuto(None))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
