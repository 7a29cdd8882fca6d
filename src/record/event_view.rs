//! An event as it is shown: by the API to those who poll, and to endpoints.

use crate::message::veil::Veil;
use crate::record::event::Event;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The fields of an event that names what it is about, and nobody; and whether it is an example.
const THIN: [&str; 5] = ["id", "order_id", "client_ref", "status", "test"];

/// How much of an event is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventForm {
    /// Not who carries the message, nor what that says in words of its own.
    pub hides_carriers: bool,
    /// What it is about alone: no number, no text.
    pub is_thin: bool,
}

/// An event as JSON.
#[derive(Debug, Serialize)]
pub struct EventView<'a> {
    /// What names it for ever.
    pub id: String,
    /// What happened.
    pub r#type: &'static str,
    /// When, by RFC 3339.
    pub timestamp: String,
    /// The particulars.
    pub data: Cow<'a, RawValue>,
}

impl<'a> EventView<'a> {
    /// Shows an event.
    pub fn of(event: &'a Event, veil: &Veil, form: EventForm) -> Self {
        Self {
            id: veil.event(event.id()).to_string(),
            r#type: event.kind.word(),
            timestamp: event.at.to_string(),
            data: shown(&event.data, form),
        }
    }
}

pub(super) fn shown(data: &str, form: EventForm) -> Cow<'_, RawValue> {
    const WRITTEN: &str = "the data of an event was written as JSON, under a seal";
    let whole = || Cow::Borrowed(serde_json::from_str(data).expect(WRITTEN));
    if form == EventForm::default() {
        return whole();
    }
    let mut fields: Map<String, Value> = serde_json::from_str(data).expect(WRITTEN);
    if form.is_thin {
        fields.retain(|name, _| THIN.contains(&name.as_str()));
    } else {
        let mut hidden = false;
        let mut hide = |it: Option<&mut Value>| {
            if let Some(it) = it.filter(|it| !it.is_null()) {
                (*it, hidden) = (Value::Null, true);
            }
        };
        for name in ["carrier", "carrier_done_date", "carrier_offset"] {
            hide(fields.get_mut(name));
        }
        hide(fields.get_mut("error").and_then(|it| it.get_mut("carrier_code")));
        if !hidden {
            return whole();
        }
    }
    Cow::Owned(serde_json::value::to_raw_value(&fields).expect("what was JSON is JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data: &str, hides_carriers: bool, is_thin: bool) -> String {
        shown(data, EventForm { hides_carriers, is_thin }).get().to_owned()
    }

    #[test]
    fn an_event_tells_as_much_as_its_reader_may_know() {
        let data = r#"{"id":"m","order_id":1,"to":"+31","client_ref":null,"status":"FAILED","error":{"code":"X","carrier_code":"5"},"carrier_done_date":"2601011200","carrier_offset":"+02:00","carrier":"acme"}"#;
        assert_eq!(of(data, false, false), data);
        let hidden = data.replace(r#""carrier_code":"5""#, r#""carrier_code":null"#).replace(r#""acme""#, "null");
        let hidden = hidden.replace(r#""2601011200""#, "null").replace(r#""+02:00""#, "null");
        assert_eq!(of(data, true, false), hidden);
        let thin = r#"{"id":"m","order_id":1,"client_ref":null,"status":"FAILED"}"#;
        assert_eq!([of(data, false, true), of(data, true, true)], [thin, thin]);
        assert_eq!(of(r#"{"id":"m","error":null}"#, true, false), r#"{"id":"m","error":null}"#);
    }
}
