//! A line: one part of a message that ended, with every attempt of it. Its fields have the names of the API's pages.

use crate::dispatch::door::plan::Plan;
use crate::message::attempt::{Answer, Attempt};
use crate::message::id::{AccountId, CarrierId};
use crate::message::money::{Currency, Exact, Money};
use crate::message::part::Part;
use crate::message::receipt::Receipt;
use crate::message::source::Source;
use crate::message::time::Time;
use crate::message::veil::{EventName, MessageName, Veil};
use crate::record::entry::Entry;
use crate::record::event::{Event, EventKind};
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// The end of a message, to be written.
pub(super) struct Ended<'a> {
    pub(super) event: &'a Event,
    pub(super) entry: &'a Entry,
    pub(super) plan: &'a Plan,
    pub(super) veil: Veil,
    pub(super) mask: bool,
}

impl Ended<'_> {
    /// Writes a line for each part but those that stand there already, by their ids; how many it wrote.
    pub(super) fn put(&self, to: &mut Vec<u8>, is_there: impl Fn(&str) -> bool) -> u64 {
        let event = self.veil.event(self.event.id());
        let mut count = 0;
        for part in &self.entry.parts {
            let id = format!("{event}-{}", part.key.index() + 1);
            if !is_there(&id) {
                serde_json::to_writer(&mut *to, &Line::of(self, &id, part)).expect("texts and numbers are always JSON");
                to.push(b'\n');
                count += 1;
            }
        }
        count
    }
}

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    /// The event and the part: it never changes. It comes first, and the file is known by it.
    id: &'a str,
    event_id: Shown<EventName>,
    message_id: Shown<MessageName>,
    order_id: u64,
    account: String,
    route_id: u32,
    class: &'static str,
    client_ref: Option<&'a str>,
    from: Option<Shown<&'a Source>>,
    to: String,
    country: Option<&'static str>,
    part: u8,
    /// In how many parts the message was submitted.
    parts: usize,
    /// How many SMS this part is: several where the carrier cuts it.
    sms: u8,
    status: &'static str,
    error_code: Option<&'static str>,
    message_status: &'static str,
    /// It takes the place of lines of this part that came before.
    corrected: bool,
    /// What the customer pays for it.
    cost: Option<Shown<Exact>>,
    currency: Option<Shown<Currency>>,
    created_at: Moment,
    sent_at: Moment,
    done_at: Moment,
    attempts: Vec<AttemptLine<'a>>,
}

impl<'a> Line<'a> {
    fn of(ended: &Ended<'a>, id: &'a str, part: &'a Part) -> Self {
        let Ended { event, entry, plan, veil, mask } = *ended;
        let body = &entry.body;
        let account = plan.accounts.get(&body.account).and_then(|it| it.currency);
        let past = entry.past.iter().filter(|it| it.key == part.key).map(|it| &it.attempt);
        let mut attempts: Vec<&Attempt> = past.chain(&part.attempt).collect();
        attempts.sort_by_key(|it| it.number);
        let to = body.destination;
        Self {
            id,
            event_id: Shown(veil.event(event.id())),
            message_id: Shown(veil.message(body.id)),
            order_id: veil.order(body.order),
            account: account_name(plan, body.account),
            route_id: body.route.shown(),
            class: body.class.word(),
            client_ref: body.client_ref.as_deref(),
            from: (body.source != Source::Unset).then_some(Shown(&body.source)),
            to: if mask { to.masked().to_string() } else { to.to_string() },
            country: plan.country(to),
            part: part.key.index() + 1,
            parts: entry.parts.len(),
            sms: body.parts / body.submits().max(1),
            status: part.status().word(),
            error_code: part.reason.map(|it| it.word()),
            message_status: entry.status().word(),
            corrected: event.kind == EventKind::MessageCorrected,
            cost: body.price.map(|it| Shown(share(it, part.key.index(), entry.parts.len()).exact())),
            currency: body.price.and_then(|_| plan.currency(body.route, account)).map(Shown),
            created_at: Moment(body.created),
            sent_at: Moment(part.taken_at),
            done_at: Moment(part.done_at),
            attempts: attempts.into_iter().map(|it| AttemptLine::of(it, plan)).collect(),
        }
    }
}

/// What of the price of a message is that of one of its parts: those of all of them add up to it.
fn share(price: Money, index: u8, parts: usize) -> Money {
    let up_to = |count: u64| price.times(count).0 / (parts.max(1) as i64);
    Money(up_to(u64::from(index) + 1) - up_to(u64::from(index)))
}

/// One try of a part: carriers charge for each that they took.
#[derive(Serialize)]
struct AttemptLine<'a> {
    number: u8,
    carrier: String,
    bind: String,
    cause: &'static str,
    submitted_at: Moment,
    answered_at: Moment,
    answer: Option<&'static str>,
    command_status: Option<u32>,
    carrier_message_id: Option<&'a str>,
    /// What the carrier charges.
    cost: Option<Shown<Exact>>,
    currency: Option<Shown<Currency>>,
    receipt: Option<ReceiptLine<'a>>,
}

impl<'a> AttemptLine<'a> {
    fn of(attempt: &'a Attempt, plan: &Plan) -> Self {
        let at = attempt.link.carrier;
        let carrier = carrier_name(plan, at);
        let prices = plan.carriers.get(&at).and_then(|it| it.dialect.cost.as_ref());
        Self {
            number: attempt.number,
            bind: format!("{carrier}-{}", u16::from(attempt.link.bind) + 1),
            carrier,
            cause: attempt.cause.word(),
            submitted_at: Moment(attempt.written_at),
            answered_at: Moment(attempt.heard_at()),
            answer: attempt.answer.map(Answer::word),
            command_status: attempt.command_status,
            carrier_message_id: attempt.carrier_message_id.as_ref().map(|it| it.as_str()),
            cost: attempt.cost.map(|it| Shown(it.exact())),
            currency: attempt.cost.and(prices).map(|it| Shown(it.currency)),
            receipt: attempt.receipt.as_deref().map(ReceiptLine::of),
        }
    }
}

/// What the carrier said of it.
#[derive(Serialize)]
struct ReceiptLine<'a> {
    status: &'static str,
    raw_status: &'a str,
    error_code: Option<&'a str>,
    received_at: Moment,
    done_at: Moment,
    done_date: Option<&'a str>,
    offset: Option<String>,
}

impl<'a> ReceiptLine<'a> {
    fn of(receipt: &'a Receipt) -> Self {
        Self {
            status: receipt.status.word(),
            raw_status: &receipt.raw_status,
            error_code: receipt.error_code.as_deref(),
            received_at: Moment(receipt.received_at),
            done_at: Moment(receipt.done_at.unwrap_or(Time::NEVER)),
            done_date: receipt.done_date.as_ref().map(|it| &*it.raw),
            offset: receipt.done_date.as_ref().and_then(|it| it.offset_text()),
        }
    }
}

/// The configured name of an account, or its number where the configuration has it no more.
fn account_name(plan: &Plan, id: AccountId) -> String {
    plan.account_name(id).map_or_else(|| format!("#{}", id.0), str::to_owned)
}

fn carrier_name(plan: &Plan, id: CarrierId) -> String {
    plan.carrier_name(id).map_or_else(|| format!("#{}", id.0), str::to_owned)
}

/// A time, or null where there was none.
struct Moment(Time);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.known() {
            Some(it) => to.collect_str(&it),
            None => to.serialize_none(),
        }
    }
}

/// Anything that shows itself, as a JSON text.
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_the_parts_add_up_to_the_price() {
        for (price, parts) in [(261_000, 3), (100, 3), (1, 10), (7, 1), (0, 2)] {
            let shares: Vec<i64> = (0..parts).map(|it| share(Money(price), it, usize::from(parts)).0).collect();
            assert_eq!(shares.iter().sum::<i64>(), price);
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1, "{shares:?}");
        }
    }
}
