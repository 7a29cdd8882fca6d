//! A true example of each kind of event, with which an endpoint is tried.

use crate::message::id::AccountId;
use crate::message::time::Time;
use crate::record::event::{Event, EventKind};
use serde_json::{Value, json};

/// An event of nobody's message: `data.test` says so, and it stands in no log.
pub fn sample(kind: EventKind, account: AccountId, at: Time, token: u64) -> Event {
    let mut data = match kind {
        EventKind::MessageReceived => received(),
        EventKind::BalanceLow => json!({ "balance": "4.210", "warned_at": "5.000", "currency": "EUR" }),
        EventKind::OrderCompleted => order(at),
        EventKind::ReceiptUnread => json!({}),
        EventKind::MessageSent => message("SENT", at),
        EventKind::MessageDelivered => message("DELIVERED", at),
        EventKind::MessageFailed => message("FAILED", at),
        EventKind::MessageExpired => message("EXPIRED", at),
        EventKind::MessageUnknown => message("UNKNOWN", at),
        EventKind::MessageCancelled => message("CANCELLED", at),
        EventKind::MessageCorrected => {
            let mut data = message("DELIVERED", at);
            data["previous_status"] = "UNKNOWN".into();
            data
        }
    };
    data["test"] = true.into();
    Event { n: 0, token, account: Some(account), about: None, kind, at, data: data.to_string().into() }
}

fn message(status: &str, at: Time) -> Value {
    let (now, is_final) = (at.to_string(), status != "SENT");
    let left = status != "CANCELLED";
    let error = |code: &str, detail: &str| json!({ "stage": "delivery", "code": code, "detail": detail, "permanent": true, "carrier_code": null });
    let error = match status {
        "FAILED" => error("UNDELIVERABLE", "The carrier's receipt says that the message cannot be delivered."),
        "EXPIRED" => error("EXPIRED", "The carrier's receipt says that the message expired."),
        "UNKNOWN" => error("NO_RECEIPT", "No receipt came in time."),
        "CANCELLED" => error("CANCELLED", "The message was taken back before it left."),
        _ => Value::Null,
    };
    json!({
        "id": "895611ac-9894-8319-9bf2-4d1f0a7be210", "order_id": 5_621_750_823_529_557_u64, "to": "+31612345678",
        "from": "YOURAPP", "route_id": 1, "class": "transactional", "client_ref": "test", "status": status,
        "error": error, "parts": 1, "cost": "0.087", "currency": "EUR", "created_at": now,
        "sent_at": left.then(|| now.clone()), "done_at": is_final.then(|| now.clone()),
        "carrier_done_at": (status == "DELIVERED").then(|| now.clone()), "carrier": null,
    })
}

fn order(at: Time) -> Value {
    json!({
        "order_id": 5_621_750_823_529_557_u64, "route_id": 1, "class": "marketing", "status": "PARTIAL", "total": 3,
        "delivered": 2, "failed": 1, "expired": 0, "unknown": 0, "cancelled": 0, "created_at": at.to_string(),
    })
}

fn received() -> Value {
    json!({
        "id": "1c9f0b5e", "to": "12345", "from": "+31612345678", "text": "Hello", "encoding": "gsm7", "parts": 1,
        "complete": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_says_that_it_is_one_and_of_which_kind() {
        for kind in EventKind::TOLD {
            let event = sample(kind, AccountId(1), Time(1_795_168_800_123), 7);
            let data: Value = serde_json::from_str(&event.data).expect("it is JSON");
            assert_eq!((event.kind, &data["test"]), (kind, &true.into()), "{data}");
            let has_status = !matches!(kind, EventKind::MessageReceived | EventKind::BalanceLow);
            assert_eq!(data["status"].is_string() && data["order_id"].is_u64(), has_status, "{data}");
        }
    }
}
