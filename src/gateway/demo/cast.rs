//! The messages of the demo: what they are, and what is to become of each.

use crate::message::status::Status;
use crate::simulator::outcome::{MessageState, ScriptedAnswer};
use serde_json::{Value, json};

/// Messages at least: so many that those which are meant to fail are a twentieth.
pub(super) const MESSAGES_MIN: usize = 100;
/// Messages of one order, of those that are not sent one by one.
const BULK_SHARE: usize = 3;

/// What the last two digits of a number make the carriers do, and what that is. One message has each; all others end
/// with 01.
const MEANT_TO_FAIL: [(&str, &str); 5] = [
    ("02", "the handset could not be reached: receipt UNDELIV"),
    ("03", "the network rejected it: receipt REJECTD"),
    ("04", "it was still undelivered when its time was over: receipt EXPIRED"),
    ("07", "the carrier does not know what became of it: receipt UNKNOWN"),
    ("12", "there is no such number: both carriers refuse it"),
];

/// What is said before anything is sent.
pub(super) fn legend(count: usize) -> String {
    let meant = MEANT_TO_FAIL.iter().map(|(digits, what)| format!("    …{digits}   {what}\n")).collect::<String>();
    format!(
        "Two simulated carriers, north and south, stand behind one route; north comes first.\n\
         {count} messages are sent: one-time codes, notices of a parcel in French, codes in Cyrillic,\n\
         texts too long for one SMS, and an order of {} recipients.\n\n\
         Half way north falls sick: it refuses every message. Watch its traffic move to south.\n\n\
         All are meant to be delivered but five, whose numbers end so:\n{meant}",
        bulk(count)
    )
}

const fn bulk(count: usize) -> usize {
    count / BULK_SHARE
}

/// The requests, in the order in which they are sent: the order of many recipients first.
pub(super) fn requests(count: usize) -> Vec<Value> {
    let to = |at: usize| {
        // The five stand in the second half, where they are seen to be refused by both.
        let digits = count.checked_sub(at + 1).and_then(|it| MEANT_TO_FAIL.get(it / 2).filter(|_| it % 2 == 0));
        format!("+3161{at:05}{}", digits.map_or("01", |it| it.0))
    };
    let single = |at: usize| {
        let (text, class) = match at % 4 {
            0 => ("Your verification code is 4839".to_owned(), "otp"),
            1 => ("Votre colis est arrivé, à bientôt".to_owned(), "transactional"),
            2 => ("Ваш код 4839".to_owned(), "otp"),
            _ => ("A text that does not fit into one SMS is cut into parts. ".repeat(4), "transactional"),
        };
        let route = if class == "otp" { 1 } else { 2 };
        json!({ "to": to(at), "from": "NUNCIO", "text": text, "route_id": route, "client_ref": format!("demo-{at}") })
    };
    let many: Vec<String> = (0..bulk(count)).map(to).collect();
    let order = json!({ "to": many, "from": "12345", "text": "Ten per cent off, today only", "route_id": 3 });
    std::iter::once(order).chain((bulk(count)..count).map(single)).collect()
}

/// The status that follows from what a carrier does with a number.
pub(super) fn status_for(to: &str) -> Status {
    match ScriptedAnswer::of_destination(to.as_bytes()) {
        Some(ScriptedAnswer::End(MessageState::Undeliverable | MessageState::Rejected) | ScriptedAnswer::Refuse(_)) => {
            Status::Failed
        }
        Some(ScriptedAnswer::End(MessageState::Expired)) => Status::Expired,
        Some(ScriptedAnswer::End(MessageState::Unknown)) => Status::Unknown,
        _ => Status::Delivered,
    }
}

/// What was meant to become of a number that was not meant to be reached.
pub(super) fn meant(to: &str) -> Option<&'static str> {
    MEANT_TO_FAIL.iter().find(|(digits, _)| to.ends_with(digits)).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_nineteen_of_twenty_are_meant_to_be_delivered_and_one_of_each_kind_is_not() {
        for count in [MESSAGES_MIN, 101, 300] {
            let all: Vec<String> = requests(count)
                .iter()
                .flat_map(|it| match &it["to"] {
                    Value::Array(many) => many.iter().map(|it| it.as_str().unwrap().to_owned()).collect(),
                    one => vec![one.as_str().unwrap().to_owned()],
                })
                .collect();
            assert_eq!(all.len(), count);
            let failing: Vec<&String> = all.iter().filter(|it| status_for(it) != Status::Delivered).collect();
            assert_eq!(failing.len(), MEANT_TO_FAIL.len());
            assert!(failing.len() * 20 <= count);
            assert!(failing.iter().all(|it| meant(it).is_some()));
        }
    }
}
