//! A true example of each kind of event, with which an endpoint is tried.

use crate::message::id::AccountId;
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::record::event::{Event, EventKind};
use crate::record::failure::Failure;
use crate::verify::progress::VerificationStatus;
use serde_json::{Value, json};

/// An event of nobody's message: `data.test` says so, and it stands in no log.
pub fn sample(kind: EventKind, account: AccountId, at: Time, token: u64) -> Event {
    let mut data = match kind {
        EventKind::MessageReceived => received(at),
        EventKind::BalanceLow => json!({ "balance": "4.210", "warned_at": "5.000", "currency": "EUR" }),
        EventKind::OrderCompleted => order(at),
        EventKind::ReceiptUnread => unread(),
        EventKind::WebhookDisabled => disabled(at),
        EventKind::VerificationApproved => verification(VerificationStatus::Approved, at),
        EventKind::VerificationFailed => verification(VerificationStatus::Failed, at),
        EventKind::VerificationExpired => verification(VerificationStatus::Expired, at),
        EventKind::VerificationCanceled => verification(VerificationStatus::Canceled, at),
        EventKind::VerificationMaxAttemptsReached => verification(VerificationStatus::MaxAttemptsReached, at),
        EventKind::VerificationChannelOffered => {
            let ended = verification(VerificationStatus::Pending, at);
            let named = ["id", "app", "to", "status", "channel", "client_ref", "created_at"];
            let mut data: Value = named.map(|it| (it.to_owned(), ended[it].clone())).into_iter().collect();
            (data["next_channel"], data["auto"]) = ("voice".into(), false.into());
            data
        }
        EventKind::MessageSent => message(Status::Sent, at),
        EventKind::MessageDelivered => message(Status::Delivered, at),
        EventKind::MessageFailed => message(Status::Failed, at),
        EventKind::MessageExpired => message(Status::Expired, at),
        EventKind::MessageUnknown => message(Status::Unknown, at),
        EventKind::MessageCancelled => message(Status::Cancelled, at),
        EventKind::MessageCorrected => {
            let mut data = message(Status::Delivered, at);
            data["previous_status"] = Status::Unknown.word().into();
            data
        }
    };
    data["test"] = true.into();
    Event { n: 0, token, account: Some(account), about: None, kind, at, data: data.to_string().into(), callback: None }
}

fn verification(status: VerificationStatus, at: Time) -> Value {
    let carrier = (status == VerificationStatus::Approved).then_some("acme");
    json!({
        "id": "ver_800000000000010000000000000002", "app": "login", "to": "+31612345678", "status": status.word(),
        "channel": "sms", "client_ref": "login-77", "sends": 1, "seconds": 12.5, "carrier": carrier,
        "created_at": at.to_string(), "ended_at": at.to_string(),
    })
}

fn message(status: Status, at: Time) -> Value {
    let now = at.to_string();
    let failure = |stage, reason: Reason| Failure {
        stage,
        code: reason.word(),
        detail: reason.detail(),
        permanent: reason.is_permanent(),
        carrier_code: None,
    };
    let error = match status {
        Status::Failed => Some(failure("delivery", Reason::Undeliverable)),
        Status::Expired => Some(failure("queue", Reason::Expired)),
        Status::Unknown => Some(failure("delivery", Reason::NoReceipt)),
        Status::Cancelled => Some(failure("queue", Reason::Cancelled)),
        Status::Queued | Status::Sent | Status::Delivered => None,
    };
    let left = !matches!(status, Status::Cancelled | Status::Expired);
    json!({
        "id": "895611ac-9894-8319-9bf2-4d1f0a7be210", "order_id": 5_621_750_823_529_557_u64, "to": "+31612345678",
        "from": "YOURAPP", "route_id": 1, "class": "transactional", "client_ref": "test", "status": status.word(),
        "error": error, "parts": 1, "cost": "0.087", "currency": "EUR", "created_at": now,
        "sent_at": left.then(|| now.clone()), "done_at": status.is_final().then(|| now.clone()),
        "carrier_done_at": (status == Status::Delivered).then(|| now.clone()), "carrier_done_date": null,
        "carrier_offset": null, "carrier": null,
    })
}

fn order(at: Time) -> Value {
    json!({
        "order_id": 5_621_750_823_529_557_u64, "route_id": 1, "class": "marketing", "status": "PARTIAL", "total": 3,
        "delivered": 2, "failed": 1, "expired": 0, "unknown": 0, "cancelled": 0, "created_at": at.to_string(),
    })
}

fn unread() -> Value {
    json!({ "carrier": "acme", "text": "id:1d305b4c stat:DELIVRD" })
}

fn disabled(at: Time) -> Value {
    json!({
        "account": "shop", "url": "https://shop.example/sms", "failing_since": at.to_string(), "result": "gone",
        "detail": "nobody is here any more",
    })
}

fn received(at: Time) -> Value {
    json!({
        "id": "1c9f0b5e", "to": "12345", "from": "+31612345678", "text": "Hello", "encoding": "gsm7", "parts": 1,
        "complete": true, "carrier": null, "received_at": at.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event_view::{EventForm, shown};

    #[test]
    fn an_example_says_that_it_is_one_and_of_which_kind() {
        for kind in EventKind::TOLD {
            let event = sample(kind, AccountId(1), Time(1_795_168_800_123), 7);
            let data: Value = serde_json::from_str(&event.data).expect("it is JSON");
            assert_eq!((event.kind, &data["test"]), (kind, &true.into()), "{data}");
            let has_status = !matches!(kind, EventKind::MessageReceived | EventKind::BalanceLow);
            let is_of_order = has_status && !kind.word().starts_with("verification.");
            assert_eq!((data["status"].is_string(), data["order_id"].is_u64()), (has_status, is_of_order), "{data}");
            let thin = EventForm { is_thin: true, ..EventForm::default() };
            let shown: Value = serde_json::from_str(shown(&event.data, thin).get()).expect("it is JSON");
            assert_eq!((&shown["test"], &shown["to"]), (&true.into(), &Value::Null), "who is told little is told that");
        }
    }
}
