//! The body of `POST /v1/messages`, read without copying what needs no copy.
//!
//! This is the fast path: it takes a right body, or says no and nothing more.
//! [`crate::api::submit::diagnose`] then finds out what was wrong.

use crate::api::handler::json::object;
use crate::api::handler::kinds::{
    AnyNumber, Base64, CallbackUrl, DuplicatesWord, EncodingWord, RegistrationKey, RouteKey, SendTime, SenderName,
    TrafficClass, Validity, WaitingWord,
};
use crate::api::handler::problem::{Kind, Problem};
use crate::message::extras::PARAMETERS_MAX;
use crate::number::e164::E164;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use utoipa::ToSchema;

/// Recipients of one request; with short texts these are what the default body limit holds.
pub(crate) const RECIPIENTS_MAX: usize = 10_000;

/// Every field that the body may have.
pub(crate) const FIELDS: [&str; 21] = [
    "to",
    "from",
    "text",
    "route_id",
    "class",
    "tag",
    "client_ref",
    "validity",
    "encoding",
    "send_at",
    "tlvs",
    "callback_url",
    "udh",
    "data",
    "source_port",
    "destination_port",
    "message_class",
    "flash",
    "message_waiting",
    "dlt",
    "duplicates",
];

/// Every field of `message_waiting`.
pub(crate) const WAITING_FIELDS: [&str; 3] = ["kind", "active", "store"];

/// Every field of `dlt`.
pub(crate) const DLT_FIELDS: [&str; 3] = ["entity_id", "template_id", "telemarketer_id"];

/// Every field that an element of `to` may have.
pub(crate) const TARGET_FIELDS: [&str; 3] = ["to", "client_ref", "text"];

/// What a customer asks for.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SendRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked<'a> {
    /// To whom: a number, or a list of up to 10,000 numbers and objects, each with a number and, if it is to differ, a
    /// text and a reference of its own.
    #[serde(borrow, default)]
    #[schema(required, nullable = false)]
    pub(crate) to: Option<To<'a>>,
    /// The sender that handsets show: a number, a short code of 3 to 8 digits, or 1 to 11 letters and digits. Not
    /// needed where the account or the destination has one.
    #[serde(borrow, default)]
    #[schema(value_type = Option<SenderName>)]
    pub(crate) from: Option<Text<'a>>,
    /// What it says, in 10 parts at most. Not needed where each recipient has a text of its own, nor with `data`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    pub(crate) text: Option<Text<'a>>,
    /// By which route. Without it the first rule of the configuration that fits decides, else the account's first
    /// route.
    #[serde(default)]
    #[schema(value_type = Option<RouteKey>)]
    pub(crate) route_id: Option<u32>,
    /// What it is for. Of a route that is for another class it is refused.
    #[serde(borrow, default)]
    #[schema(value_type = Option<TrafficClass>)]
    pub(crate) class: Option<Text<'a>>,
    /// A word by which rules of the configuration tell requests apart; it is not sent.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub(crate) tag: Option<Text<'a>>,
    /// A reference of your own; it is shown and searched for, not sent. Those of recipients count before it.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(crate) client_ref: Option<Text<'a>>,
    /// How long it is worth sending, from `1s` to `7d`; then it is `EXPIRED`. Without it the route decides.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Validity>)]
    pub(crate) validity: Option<Text<'a>>,
    /// In which alphabet it goes; `auto` without it.
    #[serde(borrow, default)]
    #[schema(value_type = Option<EncodingWord>)]
    pub(crate) encoding: Option<Text<'a>>,
    /// Not before this time, which is within 30 days; one that has passed means at once.
    #[serde(borrow, default)]
    #[schema(value_type = Option<SendTime>)]
    pub(crate) send_at: Option<Text<'a>>,
    /// Optional parameters of SMPP by their tags in hexadecimal; a value is a text, or octets as `hex:0A0B`.
    #[serde(borrow, default)]
    pub(crate) tlvs: Option<Pairs<'a>>,
    /// Where what becomes of its messages is told, besides the endpoints of the account, and signed as its first is.
    /// Each message of the request is told there.
    #[serde(borrow, default)]
    #[schema(value_type = Option<CallbackUrl>)]
    pub(crate) callback_url: Option<Text<'a>>,
    /// A user data header before `data`, its length first.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Base64>)]
    pub(crate) udh: Option<Text<'a>>,
    /// Octets in place of a text.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Base64>)]
    pub(crate) data: Option<Text<'a>>,
    /// The port that an application on the handset answers to; it goes with `destination_port`.
    #[serde(default)]
    pub(crate) source_port: Option<u16>,
    /// The port of an application on the handset.
    #[serde(default)]
    pub(crate) destination_port: Option<u16>,
    /// Where the handset keeps it: 0 shows it at once, 1 is the handset, 2 the SIM, 3 a terminal beside it.
    #[serde(default)]
    #[schema(maximum = 3)]
    pub(crate) message_class: Option<u8>,
    /// Whether it is shown at once and not kept, which is `message_class` 0.
    #[serde(default)]
    pub(crate) flash: Option<bool>,
    /// Tells the handset that messages wait elsewhere, as a mailbox does.
    #[serde(borrow, default, deserialize_with = "object")]
    pub(crate) message_waiting: Option<MessageWaiting<'a>>,
    /// The registration of the text (TRAI's DLT); a route may have one of its own.
    #[serde(borrow, default, deserialize_with = "object")]
    pub(crate) dlt: Option<Registration<'a>>,
    /// Whether who stands twice among the recipients, with the same text and reference, gets it twice; `drop` without
    /// it.
    #[serde(borrow, default)]
    #[schema(value_type = Option<DuplicatesWord>)]
    pub(crate) duplicates: Option<Text<'a>>,
}

/// Which messages wait; they do, and the text is kept, unless it says otherwise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageWaiting<'a> {
    /// Of what kind they are.
    #[serde(borrow)]
    #[schema(value_type = WaitingWord)]
    pub(crate) kind: Text<'a>,
    /// Whether there are some; true without it.
    #[serde(default)]
    pub(crate) active: Option<bool>,
    /// Whether the handset keeps the text; true without it.
    #[serde(default)]
    pub(crate) store: Option<bool>,
}

/// The registration of a text in India.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration<'a> {
    /// The principal entity.
    #[serde(borrow, default)]
    #[schema(value_type = Option<RegistrationKey>)]
    pub(crate) entity_id: Option<Text<'a>>,
    /// The template of the text.
    #[serde(borrow, default)]
    #[schema(value_type = Option<RegistrationKey>)]
    pub(crate) template_id: Option<Text<'a>>,
    /// The telemarketer.
    #[serde(borrow, default)]
    #[schema(value_type = Option<RegistrationKey>)]
    pub(crate) telemarketer_id: Option<Text<'a>>,
}

/// An object of texts, as it is written.
pub(crate) struct Pairs<'a>(pub(crate) Vec<(Text<'a>, Text<'a>)>);

/// To whom.
pub(crate) enum To<'a> {
    /// One number.
    One(Text<'a>),
    /// Several, perhaps each with a text of its own.
    Many(Vec<Target<'a>>),
}

/// One recipient of several.
#[derive(ToSchema)]
#[schema(as = Recipient)]
pub(crate) struct Target<'a> {
    /// Whether it was written as an object.
    #[schema(ignore)]
    pub(crate) object: bool,
    /// The number.
    #[schema(value_type = AnyNumber)]
    pub(crate) to: Text<'a>,
    /// A reference of its own, in place of that of the request.
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(crate) client_ref: Option<Text<'a>>,
    /// A text of its own, in place of that of the request.
    #[schema(value_type = Option<String>)]
    pub(crate) text: Option<Text<'a>>,
}

/// A text that stays in the body unless it has escapes. (serde borrows a `Cow` inside an
/// `Option` only where it is told by a type like this.)
#[derive(Clone, Debug)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Words)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    // One more than may be is enough to be refused for.
                    if pairs.len() <= PARAMETERS_MAX {
                        pairs.push(pair);
                    }
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Texts)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for To<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = To<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a list of recipients")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<To<'de>, E> {
                Ok(To::One(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<To<'de>, E> {
                Ok(To::One(Text(Cow::Owned(text.to_owned()))))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<To<'de>, A::Error> {
                let mut targets = Vec::new();
                while let Some(target) = list.next_element()? {
                    if targets.len() == RECIPIENTS_MAX {
                        return Err(A::Error::custom("too many recipients"));
                    }
                    targets.push(target);
                }
                Ok(To::Many(targets))
            }
        }
        from.deserialize_any(Numbers)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Target<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Recipient;
        impl<'de> Visitor<'de> for Recipient {
            type Value = Target<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or an object with to, client_ref and text")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Target<'de>, E> {
                Ok(Target { object: false, to: Text(Cow::Borrowed(text)), client_ref: None, text: None })
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Target<'de>, E> {
                Ok(Target { object: false, to: Text(Cow::Owned(text.to_owned())), client_ref: None, text: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Target<'de>, A::Error> {
                let (mut to, mut client_ref, mut text) = (None, None, None);
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    match name.as_str() {
                        "to" if to.is_none() => to = Some(map.next_value()?),
                        "client_ref" if client_ref.is_none() => client_ref = map.next_value()?,
                        "text" if text.is_none() => text = map.next_value()?,
                        // Which of two would count is for no reader to guess.
                        "to" | "client_ref" | "text" => {
                            return Err(A::Error::custom("a field of a recipient stands twice"));
                        }
                        _ => return Err(A::Error::custom("unknown field of a recipient")),
                    }
                }
                let to = to.ok_or_else(|| A::Error::missing_field("to"))?;
                Ok(Target { object: true, to, client_ref, text })
            }
        }
        from.deserialize_any(Recipient)
    }
}

/// The recipients as one list, whatever way they were written.
pub(crate) fn targets<'a>(asked: &'a Asked<'a>) -> Result<Targets<'a>, Problem> {
    match &asked.to {
        None => Err(Problem::at(Kind::Invalid, "/to", "is required")),
        Some(To::Many(list)) if list.is_empty() => {
            Err(Problem::at(Kind::Invalid, "/to", "must have at least one recipient"))
        }
        Some(To::Many(list)) => Ok(Targets::Many(list)),
        Some(To::One(text)) => Ok(Targets::One(text)),
    }
}

/// The recipients as they were written.
pub(crate) enum Targets<'a> {
    One(&'a Text<'a>),
    Many(&'a [Target<'a>]),
}

impl<'a> Targets<'a> {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(list) => list.len(),
        }
    }

    /// One of them as it was written.
    pub(crate) fn written(&self, at: usize) -> &'a str {
        match self {
            Self::One(text) => text.as_str(),
            Self::Many(list) => list.get(at).map_or("", |it| it.to.as_str()),
        }
    }

    /// Each as it was written, with a pointer to it.
    pub(crate) fn with_pointers(&self) -> impl Iterator<Item = (&'a str, Cow<'static, str>)> {
        let pointer = |at: usize, object| if object { format!("/to/{at}/to") } else { format!("/to/{at}") };
        let (one, many): (_, &[Target<'a>]) = match self {
            Self::One(text) => (Some((text.as_str(), "/to".into())), &[]),
            Self::Many(list) => (None, list),
        };
        let many = many.iter().enumerate();
        one.into_iter().chain(many.map(move |(at, it)| (it.to.as_str(), pointer(at, it.object).into())))
    }

    /// Every number that is one, with the text of its own if it has one.
    pub(crate) fn numbers(&self, region: Option<&str>) -> Vec<(E164, Option<&str>)> {
        let of = |text: &Text<'_>| E164::parse(text.as_str(), region).ok();
        match self {
            Self::One(text) => of(text).map(|it| (it, None)).into_iter().collect(),
            Self::Many(list) => {
                list.iter().filter_map(|it| Some((of(&it.to)?, it.text.as_ref().map(Text::as_str)))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_in_the_body() {
        let body = r#"{"to":[{"to":"+1","text":"a"},"+2"],"text":"b\n","client_ref":"c","callback_url":null}"#;
        let asked: Asked<'_> = serde_json::from_str(body).unwrap();
        let Some(To::Many(targets)) = asked.to else { panic!("a list") };
        assert!(targets.iter().all(|it| matches!(it.to.0, Cow::Borrowed(_))));
        assert!(matches!(targets[0].text, Some(Text(Cow::Borrowed("a")))));
        assert!(targets[0].object && !targets[1].object);
        assert!(matches!(asked.client_ref, Some(Text(Cow::Borrowed("c")))));
        assert_eq!(asked.text.unwrap().as_str(), "b\n", "an escape needs a copy");
        assert!(asked.callback_url.is_none(), "null asks for nothing");
    }

    #[test]
    fn wrong_bodies_are_refused_by_the_fast_path() {
        for bad in
            ["", "{", r#"{"to":1}"#, r#"{"tto":""}"#, r#"{"to":[{"x":1}]}"#, r#"{"to":[{}]}"#, r#"{"route_id":-1}"#]
        {
            assert!(serde_json::from_str::<Asked<'_>>(bad).is_err(), "{bad}");
        }
    }
}
