//! What is left of an event once somebody whom it names is forgotten.
//!
//! The event stays, for the application is owed the fact and the records of charge are written from it. The number goes
//! out of all of its texts; of a message that came from it what it said goes as well.

use crate::carrier::whom::is_number_of;
use crate::message::forget::{callback_without, without};
use crate::number::e164::E164;
use crate::record::event::{Event, EventKind};
use serde_json::Value;
use std::borrow::Cow;

/// What a message or a receipt from a handset says, and what came with it.
const SAID: [&str; 5] = ["data", "length", "udh", "tlvs", "ports"];

impl Event {
    /// The same without a number; `None` where it does not name it.
    pub fn without(&self, number: E164) -> Option<Self> {
        let Ok(Value::Object(mut data)) = serde_json::from_str(&self.data) else { return None };
        let is_his = |name| data.get(name).and_then(Value::as_str).is_some_and(|it| is_number_of(it, number));
        let (is_from, is_to) = (is_his("from"), is_his("to"));
        let said = match self.kind {
            EventKind::MessageReceived => is_from,
            // Its octets say whom it is about in their own ways.
            EventKind::ReceiptUnread => is_from || is_to || self.data.contains(&hex_digits(number)),
            // What others wrote of messages to others is theirs.
            _ if !is_to => return None,
            _ => false,
        };
        if said {
            data.retain(|name, _| !SAID.contains(&name.as_str()));
            let his = [("from", is_from), ("to", is_to), ("text", self.kind == EventKind::MessageReceived)];
            for (name, _) in his.into_iter().filter(|it| it.1) {
                data.entry(name).and_modify(|it| *it = "".into());
            }
        }
        if let Some(Value::String(reference)) = data.get_mut("client_ref")
            && matches!(without(reference, number), Cow::Owned(_))
        {
            // As on the page of its message.
            data.insert("client_ref".to_owned(), Value::Null);
        }
        let named = data.values_mut().filter_map(|it| clear(it, number)).count() != 0;
        let callback = self.callback.as_ref().map(|it| callback_without(it, number));
        (said || named || callback != self.callback).then(|| Self {
            data: Value::Object(data).to_string().into(),
            callback,
            ..self.clone()
        })
    }
}

/// The digits of a number as octets that are shown in hexadecimal have them.
pub fn hex_digits(number: E164) -> String {
    hex::encode(number.digits().as_bytes())
}

/// Takes a number out of every text; nothing where it was in none.
fn clear(value: &mut Value, number: E164) -> Option<()> {
    let all: Vec<&mut Value> = match value {
        Value::String(text) => {
            let Cow::Owned(left) = without(text, number) else { return None };
            *text = left;
            return Some(());
        }
        Value::Array(all) => all.iter_mut().collect(),
        Value::Object(all) => all.values_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    let named = all.into_iter().filter_map(|it| clear(it, number)).count();
    (named != 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::callback::Callback;
    use crate::message::id::{AccountId, EndpointId};
    use crate::message::time::Time;
    use crate::record::event_sample::sample;
    use serde_json::json;

    const NUMBER: E164 = E164(31_612_345_678);

    fn event(kind: EventKind, data: &Value) -> Event {
        let target = "/told?to=%2B31612345678".into();
        let callback = Some(Callback { endpoint: EndpointId(3), target });
        Event { data: data.to_string().into(), callback, ..sample(kind, AccountId(1), Time(1), 5) }
    }

    fn left(kind: EventKind, data: &Value) -> Value {
        let left = event(kind, data).without(NUMBER).expect("it names the number");
        assert_eq!(left.callback.expect("a callback").target.as_ref(), "/told?to=%2B");
        serde_json::from_str(&left.data).expect("JSON")
    }

    #[test]
    fn a_message_keeps_what_became_of_it_and_not_of_whom() {
        let data = json!({ "id": "m1", "to": "+31612345678", "client_ref": "login-31612345678", "status": "DELIVERED",
            "error": { "detail": "31612345678 is barred" }, "parts": 1, "order_id": 31_612_345_678_u64 });
        let bare = json!({ "id": "m1", "to": "", "client_ref": null, "status": "DELIVERED",
            "error": { "detail": " is barred" }, "parts": 1, "order_id": 31_612_345_678_u64 });
        assert_eq!(left(EventKind::MessageDelivered, &data), bare);
    }

    #[test]
    fn what_came_from_a_number_says_nothing_any_more_and_what_came_from_another_all_else() {
        let data = |from: &str, text: &str| {
            json!({ "id": "mo_1", "to": "12345", "from": from, "text": text,
            "data": "AAA=", "udh": "AA==", "complete": true })
        };
        let bare = json!({ "id": "mo_1", "to": "12345", "from": "", "text": "", "complete": true });
        assert_eq!(left(EventKind::MessageReceived, &data("+31612345678", "my address is")), bare);
        assert_eq!(left(EventKind::MessageReceived, &data("31612345678", "my address is")), bare);
        assert_eq!(left(EventKind::MessageReceived, &data("0612345678", "my address is")), bare);
        let kept = left(EventKind::MessageReceived, &data("+31687654321", "call +31612345678"));
        assert_eq!(kept, data("+31687654321", "call "));
    }

    #[test]
    fn a_receipt_that_nobody_understood_says_nothing_of_whom_it_is_about() {
        let data = |from: &str, to: &str, tlv: &str| {
            json!({ "from": from, "to": to, "data": "AAA=", "length": 2,
            "tlvs": { "0x1400": tlv }, "carrier": "acme" })
        };
        let bare = |from: &str, to: &str| json!({ "from": from, "to": to, "carrier": "acme" });
        for (given, expected) in [
            (data("+31612345678", "SHOP", "hex:00"), bare("", "SHOP")),
            (data("SHOP", "0612345678", "hex:00"), bare("SHOP", "")),
            (data("31612***678", "SHOP", "hex:3331363132333435363738"), bare("31612***678", "SHOP")),
        ] {
            assert_eq!(left(EventKind::ReceiptUnread, &given), expected);
        }
        let other = data("+31687654321", "SHOP", "hex:00");
        assert_eq!(left(EventKind::ReceiptUnread, &other), other, "only where it is told besides");
    }

    #[test]
    fn what_does_not_name_a_number_is_left_alone() {
        let of = |to: &str| Event { callback: None, ..event(EventKind::MessageDelivered, &json!({ "to": to })) };
        assert_eq!(of("+316123456789").without(NUMBER), None);
        let other = json!({ "to": "+31687654321", "client_ref": "for-31612345678" });
        assert_eq!(event(EventKind::MessageDelivered, &other).without(NUMBER), None);
        assert_eq!(of("").without(E164::FORGOTTEN), None);
    }
}
