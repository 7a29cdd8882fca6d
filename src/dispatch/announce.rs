//! What accounts are told of their messages: an event for each change of a status, in the batch of what changed it, and
//! one for each order of several that is over by it.

use crate::dispatch::Dispatch;
use crate::dispatch::beat::{Addressee, Beat, StatusChange};
use crate::dispatch::open_orders::COUNTED_AT_ONCE;
use crate::dispatch::{Dice, tried};
use crate::message::body::Body;
use crate::message::id::AccountId;
use crate::message::money::{Currency, Exact, Money};
use crate::message::receipt::{DoneDate, Receipt};
use crate::message::source::Source;
use crate::message::status::{Status, Totals};
use crate::message::time::Time;
use crate::message::veil::MessageName;
use crate::number::e164::E164;
use crate::record::contract::{Poisoned, Store};
use crate::record::delivery::{Disabled, Progress};
use crate::record::entry::Entry;
use crate::record::event::EventKind;
use crate::record::failure::Failure;
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// What is told of a change: nothing of one that goes back into its queue, or is sent again.
fn kind(change: StatusChange, entry: &Entry) -> Option<EventKind> {
    if change.before.is_final() {
        return Some(EventKind::MessageCorrected);
    }
    match change.after {
        Status::Queued => None,
        Status::Sent if tried::has_left_before(entry) => None,
        Status::Sent => Some(EventKind::MessageSent),
        Status::Delivered => Some(EventKind::MessageDelivered),
        Status::Failed => Some(EventKind::MessageFailed),
        Status::Expired => Some(EventKind::MessageExpired),
        Status::Unknown => Some(EventKind::MessageUnknown),
        Status::Cancelled => Some(EventKind::MessageCancelled),
    }
}

impl Dispatch {
    /// Writes the events of what changed in this beat, in the order in which it did.
    pub(super) fn announce<S: Store>(&mut self, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        for (account, balance) in std::mem::take(&mut self.beat.out.low) {
            let data = json(&Low::of(&self.beat, account, balance));
            let id = self.beat.event_id(dice);
            self.beat.write_event(id, EventKind::BalanceLow, Addressee::of(Some(account)), data);
        }
        let mut changes = std::mem::take(&mut self.beat.out.changes);
        for change in changes.iter().copied() {
            let Some(entry) = self.set.get(change.seq).map(|it| &it.entry) else { continue };
            let Some(kind) = kind(change, entry).filter(|it| wants(&self.beat, entry, *it)) else { continue };
            let data = json(&Data::of(&self.beat, entry, change));
            let to = Addressee { about: Some(change.seq), ..addressee(&entry.body) };
            let id = self.beat.event_id(dice);
            self.beat.write_event(id, kind, to, data);
        }
        for over in self.open_orders.count(&changes, |order, from| store.count_on(order, from, COUNTED_AT_ONCE))? {
            let Some(body) = self.set.get(over.last).map(|it| &it.entry.body) else { continue };
            let (to, data) = (addressee(body), json(&OrderData::of(&self.beat, body, &over.totals)));
            let id = self.beat.event_id(dice);
            self.beat.write_event(id, EventKind::OrderCompleted, to, data);
        }
        // The next beat finds the room of this one.
        changes.clear();
        self.beat.out.changes = changes;
        Ok(())
    }

    /// Has made durable what endpoints were told, and tells operators of those that are told no more.
    pub(super) fn take_told(&mut self, mut progress: Progress, dice: Dice<'_>) {
        for Disabled { account, url, failing_since, result, detail } in progress.disabled.drain(..) {
            let data = json(&DisabledData { account, url, failing_since: Shown(failing_since), result, detail });
            let id = self.beat.event_id(dice);
            self.beat.write_event(id, EventKind::WebhookDisabled, Addressee::of(None), data);
        }
        self.beat.out.batch.told.add(progress);
    }
}

/// The account of a message, and where its request asked for it to be told besides.
fn addressee(body: &Body) -> Addressee {
    let callback = body.extras.as_ref().and_then(|it| it.callback.clone());
    Addressee { account: Some(body.account), about: None, callback }
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("texts and numbers are always JSON")
}

/// That a message was sent is told to those alone who ask for it: it doubles what they are told.
fn wants(beat: &Beat, entry: &Entry, kind: EventKind) -> bool {
    let account = entry.body.account;
    let configured = || beat.plan.accounts.get(&account).is_some_and(|it| it.hears_of_sent);
    kind != EventKind::MessageSent || configured() || beat.hear_of_sent.contains(&account)
}

/// The particulars of an event about a message, as its page has them.
#[derive(Serialize)]
struct Data<'a> {
    id: Shown<MessageName>,
    order_id: u64,
    to: Shown<E164>,
    from: Option<Shown<&'a Source>>,
    route_id: u32,
    class: &'static str,
    client_ref: Option<&'a str>,
    status: &'static str,
    /// What a correction corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_status: Option<&'static str>,
    error: Option<Failure<'a>>,
    parts: u8,
    cost: Option<Shown<Money>>,
    currency: Option<Shown<Currency>>,
    created_at: Shown<Time>,
    sent_at: Option<Shown<Time>>,
    done_at: Option<Shown<Time>>,
    /// What the carrier's own clock showed, as far as its receipt says it.
    carrier_done_at: Option<Shown<Time>>,
    /// The same as the carrier wrote it, and by which offset from UTC it was read.
    carrier_done_date: Option<&'a str>,
    carrier_offset: Option<String>,
    carrier: Option<&'a str>,
}

impl<'a> Data<'a> {
    fn of(beat: &'a Beat, entry: &'a Entry, change: StatusChange) -> Self {
        let (body, status) = (&entry.body, change.after);
        let moment = |it: Time| it.known().map(|it| Shown(beat.shown(it)));
        let account = beat.plan.accounts.get(&body.account).and_then(|it| it.currency);
        let latest = entry.parts.iter().rev().find_map(|it| it.attempt.as_ref());
        let final_word = |it: &&Receipt| status.is_final() && it.status == status;
        let receipts = entry.parts.iter().filter_map(|it| it.attempt.as_ref()?.receipt.as_deref()).filter(final_word);
        let last = receipts.max_by_key(|it| it.done_at);
        let date = last.and_then(|it| it.done_date.as_deref());
        Self {
            id: Shown(beat.veil.message(body.id)),
            order_id: beat.veil.order(body.order),
            to: Shown(body.destination),
            from: (body.source != Source::Unset).then_some(Shown(&body.source)),
            route_id: body.route.shown(),
            class: body.class.word(),
            client_ref: body.client_ref.as_deref(),
            status: status.word(),
            previous_status: change.before.is_final().then(|| change.before.word()),
            error: Failure::of(entry, status),
            parts: body.parts,
            cost: body.price.map(Shown),
            currency: beat.plan.currency(body.route, account).map(Shown),
            created_at: Shown(beat.shown(body.created)),
            sent_at: moment(entry.sent_at()),
            done_at: if status.is_final() { moment(entry.done_at()) } else { None },
            carrier_done_at: last.and_then(|it| it.done_at).map(Shown),
            carrier_done_date: date.map(|it| &*it.raw),
            carrier_offset: date.and_then(DoneDate::offset_text),
            carrier: latest.and_then(|it| beat.plan.carrier_name(it.link.carrier)),
        }
    }
}

/// The particulars of [`EventKind::OrderCompleted`], as the page of the order has them.
#[derive(Serialize)]
struct OrderData {
    order_id: u64,
    route_id: u32,
    class: &'static str,
    status: &'static str,
    total: u64,
    delivered: u64,
    failed: u64,
    expired: u64,
    unknown: u64,
    cancelled: u64,
    created_at: Shown<Time>,
}

impl OrderData {
    fn of(beat: &Beat, body: &Body, totals: &Totals) -> Self {
        Self {
            order_id: beat.veil.order(body.order),
            route_id: body.route.shown(),
            class: body.class.word(),
            status: totals.status().word(),
            total: totals.total(),
            delivered: totals.of(Status::Delivered),
            failed: totals.of(Status::Failed),
            expired: totals.of(Status::Expired),
            unknown: totals.of(Status::Unknown),
            cancelled: totals.of(Status::Cancelled),
            created_at: Shown(beat.shown(body.created)),
        }
    }
}

/// The particulars of [`EventKind::BalanceLow`].
#[derive(Serialize)]
struct Low {
    balance: Shown<Exact>,
    warned_at: Option<Shown<Exact>>,
    currency: Option<Shown<Currency>>,
}

impl Low {
    fn of(beat: &Beat, account: AccountId, balance: Money) -> Self {
        let account = beat.plan.accounts.get(&account);
        Self {
            balance: Shown(balance.exact()),
            warned_at: account.and_then(|it| it.terms.low).map(|it| Shown(it.exact())),
            currency: account.and_then(|it| it.currency).map(Shown),
        }
    }
}

/// The particulars of [`EventKind::WebhookDisabled`].
#[derive(Serialize)]
struct DisabledData {
    account: Box<str>,
    url: Box<str>,
    failing_since: Shown<Time>,
    result: &'static str,
    detail: Box<str>,
}

/// Anything that shows itself, as a JSON text.
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}
