//! Records as the cells of rows, in the order of their tables' columns, a seal at the end.

use crate::carrier::id::Learned;
use crate::message::attempt::{Attempt, CarrierMessageId};
use crate::message::body::Body;
use crate::message::era::Eras;
use crate::message::id::{AccountId, CarrierId, Seq};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::receipt::Receipt;
use crate::message::source::Source;
use crate::record::action::Action;
use crate::record::batch::{Idempotency, Marks, Order};
use crate::record::entry::PastAttempt;
use crate::record::event::Event;
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::{LedgerLine, QuotaUse};
use crate::record::parked::Parked;
use crate::store::sqlite::{manner, more, seal};
use crate::text::content::Requested;
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// The columns of `body`, in the order of its cells.
pub(super) const BODY: &str = "seq, token, order_id, account, route, class, source_kind, source, destination, \
    text, requested, parts, client_ref, created, expires, price, manner, charged, send_at, seal";
/// The columns of `part`, in the order of its cells.
pub(super) const PART: &str = "id, lane, phase, due, ends, spent, reason, done_at, number, carrier, bind, cause, \
    intended_at, answered_at, answer, command_status, carrier_message_id, rhash, cost, receipt_status, receipt_raw, \
    receipt_error, receipt_received_at, receipt_done_at, moved, taken_at, written_at, receipt_more, throttled, seal";
/// The columns of `attempt`, in the order of its cells.
pub(super) const ATTEMPT: &str = "id, number, carrier, bind, cause, intended_at, answered_at, answer, \
    command_status, carrier_message_id, rhash, cost, receipt_status, receipt_raw, receipt_error, \
    receipt_received_at, receipt_done_at, written_at, receipt_more, seal";
/// The columns of `orders`, in the order of its cells.
pub(super) const ORDER: &str = "id, account, first_seq, count, created, arriving, seal";
/// The columns of `idem` that are told, in the order of its cells.
pub(super) const IDEM: &str = "account, key, hash, order_id, at, seal";
/// The columns of `parked`, in the order of its cells.
pub(super) const PARKED: &str = "number, carrier, carrier_message_id, handset, sender, receipt_status, receipt_raw, \
    receipt_error, receipt_received_at, receipt_done_at, also, address, receipt_more, seal";
/// The columns of `meta` that are told, in the order of its cells.
pub(super) const META: &str =
    "next_seq, next_order, next_parked, time, awaiting, next_event, next_ledger, held_below, eras, seal";
/// The columns of `event`, in the order of its cells.
pub(super) const EVENT: &str = "n, token, account, kind, at, data, seal";
/// The columns of `mo`, in the order of its cells.
pub(super) const MO: &str = "number, carrier, source, destination, data_coding, udhi, octets, kind, reference, total, part, fingerprint, at, \
    source_ton, tlvs, seal";
/// The columns of `mo_seen`, in the order of its cells.
pub(super) const MO_SEEN: &str = "number, carrier, fingerprint, at, seal";

/// The columns of `learned`, in the order of its cells.
pub(super) const LEARNED: &str = "carrier, relation, matches, seal";
/// The columns of `ledger`, in the order of its cells.
pub(super) const LEDGER: &str = "n, account, amount, balance, why, order_id, seq, at, note, seal";
/// The columns of `balance`, in the order of its cells.
pub(super) const BALANCE: &str = "account, micros, seal";
/// The columns of `quota`, in the order of its cells.
pub(super) const QUOTA: &str = "account, used, seal";

/// The columns of `operate`, in the order of its cells.
pub(super) const OPERATE: &str = "n, at, actor, deed, detail, target, aspect, reason, until, by_name, seal";

/// How many cells an attempt has, from its number to its receipt.
pub(super) const ATTEMPT_CELLS: usize = 16;

/// More columns than any table has.
const CELLS_MAX: usize = 32;

/// A record as the values of a row.
pub(super) struct Cells<'a> {
    values: [ValueRef<'a>; CELLS_MAX],
    len: usize,
    seal: u64,
    /// The text of the cell of this place, which no record holds; no record has two of them.
    owned: Option<(usize, String)>,
}

impl<'a> Cells<'a> {
    pub(super) const fn new() -> Self {
        Self { values: [ValueRef::Null; CELLS_MAX], len: 0, seal: seal::START, owned: None }
    }

    fn push(&mut self, value: ValueRef<'a>) {
        self.seal = seal::mix(self.seal, value);
        self.values[self.len] = value;
        self.len += 1;
    }

    pub(super) fn int(&mut self, value: i64) {
        self.push(ValueRef::Integer(value));
    }

    /// Unsigned numbers keep their bits.
    pub(super) fn bits(&mut self, value: u64) {
        self.int(value.cast_signed());
    }

    fn maybe(&mut self, value: Option<i64>) {
        self.push(value.map_or(ValueRef::Null, ValueRef::Integer));
    }

    pub(super) fn text(&mut self, value: Option<&'a str>) {
        self.push(value.map_or(ValueRef::Null, |it| ValueRef::Text(it.as_bytes())));
    }

    /// A text that rows of format 1 do not have: it counts in the seal only where it is there.
    fn later(&mut self, value: Option<&'a str>) {
        match value {
            Some(_) => self.text(value),
            None => self.len += 1,
        }
    }

    /// A number that rows of formats before do not have: it counts in the seal only where it is there.
    fn later_int(&mut self, value: Option<i64>) {
        match value {
            Some(_) => self.maybe(value),
            None => self.len += 1,
        }
    }

    /// Octets that rows of formats before do not have: they count in the seal only where there are some.
    fn later_blob(&mut self, octets: &'a [u8]) {
        match octets {
            [] => self.len += 1,
            octets => self.push(ValueRef::Blob(octets)),
        }
    }

    /// A text that is made for the row, and that rows of formats before do not have: it counts in the seal only where
    /// it is there.
    fn owned(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.seal = seal::mix(self.seal, ValueRef::Text(text.as_bytes()));
            self.owned = Some((self.len, text));
        }
        self.len += 1;
    }

    pub(super) fn sealed(mut self) -> Self {
        self.values[self.len] = ValueRef::Integer(seal::fold(self.seal));
        self.len += 1;
        self
    }

    /// How many cells the record has.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Binds the cells to the parameters `first + 1 …` of a statement.
    pub(super) fn bind(&self, statement: &mut Statement<'_>, first: usize) -> rusqlite::Result<()> {
        for (value, at) in self.values[..self.len].iter().zip(first + 1..) {
            statement.raw_bind_parameter(at, ToSqlOutput::Borrowed(*value))?;
        }
        if let Some((at, text)) = &self.owned {
            statement.raw_bind_parameter(first + 1 + at, text.as_str())?;
        }
        Ok(())
    }

    /// The cells of a message.
    pub(super) fn body(body: &'a Body) -> Self {
        let mut cells = Self::new();
        cells.bits(body.id.seq.0);
        cells.bits(body.id.token);
        cells.bits(body.order.number_in_records());
        cells.int(body.account.0.into());
        cells.int(body.route.0.into());
        cells.int(body.class.number().into());
        cells.int(match body.source {
            Source::Unset => 0,
            Source::International(_) => 1,
            Source::Short(_) => 2,
            Source::Alphanumeric(_) => 3,
        });
        cells.text(Some(body.source.octets()));
        cells.bits(body.destination.0);
        cells.text(Some(&body.text));
        cells.int(match body.requested {
            Requested::Auto => 0,
            Requested::Gsm7 => 1,
            Requested::Ucs2 => 2,
            Requested::Latin1 => 3,
            Requested::Transliterated => 4,
            Requested::Binary => 5,
        });
        cells.int(body.parts.into());
        cells.text(body.client_ref.as_deref());
        cells.bits(body.created.0);
        cells.bits(body.expires.0);
        cells.maybe(body.price.map(|it| it.0));
        cells.owned(body.extras.as_deref().map(manner::to_cell));
        cells.later_int(body.charged.then_some(1));
        cells.later_int(body.send_at.map(|it| it.0.cast_signed()));
        cells.sealed()
    }

    /// The cells of a part; `rhash` is that of its attempt, which the caller needs as well.
    pub(super) fn part(part: &'a Part, rhash: Option<u64>) -> Self {
        let mut cells = Self::new();
        cells.bits(part.key.0);
        cells.bits(part.lane.0);
        cells.int(part.phase().number().into());
        cells.bits(part.due.0);
        cells.bits(part.ends.0);
        cells.int(part.spent.into());
        cells.maybe(part.reason.map(|it| it.number().into()));
        cells.bits(part.done_at.0);
        match &part.attempt {
            Some(attempt) => cells.attempt_from(attempt, rhash),
            None => (0..ATTEMPT_CELLS).for_each(|_| cells.push(ValueRef::Null)),
        }
        cells.later_int(part.moved.map(|it| it.number().into()));
        cells.later_int(part.taken_at.known().map(|it| it.0.cast_signed()));
        cells.written(part.attempt.as_ref());
        cells.more(part.attempt.as_ref().and_then(|it| it.receipt.as_deref()));
        cells.later_int((part.throttled != 0).then(|| part.throttled.into()));
        cells.sealed()
    }

    /// The cells of a superseded attempt.
    pub(super) fn past(past: &'a PastAttempt) -> Self {
        let mut cells = Self::new();
        cells.bits(past.key.0);
        cells.attempt_from(&past.attempt, past.attempt.rhash());
        cells.written(Some(&past.attempt));
        cells.more(past.attempt.receipt.as_deref());
        cells.sealed()
    }

    /// When an attempt was written, which stands behind the columns of format 1.
    fn written(&mut self, attempt: Option<&Attempt>) {
        self.later_int(attempt.and_then(|it| it.written_at.known()).map(|it| it.0.cast_signed()));
    }

    fn attempt_from(&mut self, attempt: &'a Attempt, rhash: Option<u64>) {
        self.int(attempt.number.into());
        self.int(attempt.link.carrier.0.into());
        self.int(attempt.link.bind.into());
        self.int(attempt.cause.number().into());
        self.bits(attempt.intended_at.0);
        self.bits(attempt.answered_at.0);
        self.maybe(attempt.answer.map(|it| it.number().into()));
        self.maybe(attempt.command_status.map(i64::from));
        self.text(attempt.carrier_message_id.as_ref().map(CarrierMessageId::as_str));
        self.maybe(rhash.map(u64::cast_signed));
        self.maybe(attempt.cost.map(|it| it.0));
        self.receipt(attempt.receipt.as_deref());
    }

    fn receipt(&mut self, receipt: Option<&'a Receipt>) {
        self.maybe(receipt.map(|it| it.status.number().into()));
        self.text(receipt.map(|it| &*it.raw_status));
        self.text(receipt.and_then(|it| it.error_code.as_deref()));
        self.maybe(receipt.map(|it| it.received_at.0.cast_signed()));
        self.maybe(receipt.and_then(|it| it.done_at).map(|it| it.0.cast_signed()));
    }

    /// What a receipt says beyond its columns, which stands behind those of format 1.
    fn more(&mut self, receipt: Option<&Receipt>) {
        self.owned(receipt.and_then(more::to_cell));
    }

    /// The cells of an order.
    pub(super) fn order(order: &Order) -> Self {
        let mut cells = Self::new();
        cells.bits(order.id.number_in_records());
        cells.int(order.account.0.into());
        cells.bits(order.first.0);
        cells.int(order.count.into());
        cells.bits(order.created.0);
        cells.later_int(order.arriving.then_some(1));
        cells.sealed()
    }

    /// The cells of an idempotency key.
    pub(super) fn idempotency(it: &'a Idempotency) -> Self {
        let mut cells = Self::new();
        cells.int(it.account.0.into());
        cells.text(Some(&it.key));
        cells.push(ValueRef::Blob(&it.hash));
        cells.bits(it.order.number_in_records());
        cells.bits(it.at.0);
        cells.sealed()
    }

    /// The cells of a parked receipt.
    pub(super) fn parked(parked: &'a Parked) -> Self {
        let mut cells = Self::new();
        cells.bits(parked.number);
        cells.int(parked.carrier.0.into());
        cells.text(Some(parked.carrier_message_id.as_str()));
        cells.maybe(parked.handset.map(|it| it.0.cast_signed()));
        cells.text(Some(&parked.sender));
        cells.receipt(Some(&parked.receipt));
        cells.later(parked.also.as_ref().map(CarrierMessageId::as_str));
        cells.later(parked.address.as_deref());
        cells.more(Some(&parked.receipt));
        cells.sealed()
    }

    /// The cells of the marks; `awaiting` is [`awaiting_octets`], `eras` is [`eras_octets`].
    pub(super) fn marks(marks: &Marks, (awaiting, eras): (&'a [u8], &'a [u8])) -> Self {
        let mut cells = Self::new();
        cells.bits(marks.next_seq);
        cells.bits(marks.next_order);
        cells.bits(marks.next_parked);
        cells.bits(marks.time.0);
        cells.push(ValueRef::Blob(awaiting));
        cells.bits(marks.next_event);
        cells.bits(marks.next_ledger);
        cells.later_int((marks.held_below != Seq(0)).then_some(marks.held_below.0.cast_signed()));
        cells.later_blob(eras);
        cells.sealed()
    }

    /// The cells of an event.
    pub(super) fn event(event: &'a Event) -> Self {
        let mut cells = Self::new();
        cells.bits(event.n);
        cells.bits(event.token);
        cells.maybe(event.account.map(|it| it.0.into()));
        cells.int(event.kind.number().into());
        cells.bits(event.at.0);
        cells.text(Some(&event.data));
        cells.sealed()
    }

    /// The cells of a part of a message from a handset, which has a place.
    pub(super) fn mo(part: &'a MoPart) -> Self {
        let (mo, mut cells) = (&part.mo, Self::new());
        cells.bits(part.number);
        cells.int(part.carrier.0.into());
        cells.text(Some(&mo.source));
        cells.text(Some(&mo.destination));
        cells.int(mo.data_coding.into());
        cells.int(mo.udhi.into());
        cells.push(ValueRef::Blob(&mo.octets));
        cells.maybe(mo.concat.map(|it| it.kind.number().into()));
        cells.maybe(mo.concat.map(|it| it.reference.into()));
        cells.maybe(mo.concat.map(|it| it.total.into()));
        cells.maybe(mo.concat.map(|it| it.index.into()));
        cells.push(ValueRef::Blob(&mo.fingerprint.0));
        cells.bits(part.at.0);
        cells.later_int(Some(mo.source_ton.into()).filter(|it| *it != 0));
        cells.later_blob(mo.tlvs.wire());
        cells.sealed()
    }

    /// The cells of what is known when it comes again.
    pub(super) fn mo_seen(seen: &'a MoSeen) -> Self {
        let mut cells = Self::new();
        cells.bits(seen.number);
        cells.int(seen.carrier.0.into());
        cells.push(ValueRef::Blob(&seen.fingerprint.0));
        cells.bits(seen.at.0);
        cells.sealed()
    }
}

/// What accounts have, pay and use.
impl<'a> Cells<'a> {
    /// The cells of a line of the ledger.
    pub(super) fn ledger(line: &'a LedgerLine) -> Self {
        let mut cells = Self::new();
        cells.bits(line.n);
        cells.int(line.account.0.into());
        cells.int(line.amount.0);
        cells.int(line.balance.0);
        cells.int(line.why.number().into());
        cells.maybe(line.order.map(|it| it.number_in_records().cast_signed()));
        cells.maybe(line.seq.map(|it| it.0.cast_signed()));
        cells.bits(line.at.0);
        cells.text(line.note.as_deref());
        cells.sealed()
    }

    /// The cells of what an account has.
    pub(super) fn balance((account, micros): &(AccountId, Money)) -> Self {
        let mut cells = Self::new();
        cells.int(account.0.into());
        cells.int(micros.0);
        cells.sealed()
    }

    /// The cells of what a quota has counted; `octets` is [`quota_octets`].
    pub(super) fn quota(account: AccountId, octets: &'a [u8]) -> Self {
        let mut cells = Self::new();
        cells.int(account.0.into());
        cells.push(ValueRef::Blob(octets));
        cells.sealed()
    }
}

/// The slots of a quota: 8 octets each of the first time, the last time and the count.
pub(super) fn quota_octets(used: &QuotaUse) -> Vec<u8> {
    used.slots.iter().flat_map(|it| [it.first.0, it.last.0, it.count]).flat_map(u64::to_be_bytes).collect()
}

impl Cells<'_> {
    /// The cells of what receipts have shown of a carrier's ids.
    pub(super) fn learned((carrier, learned): &(CarrierId, Learned)) -> Self {
        let mut cells = Self::new();
        cells.int(carrier.0.into());
        cells.int(learned.relation.number().into());
        cells.int(learned.matches.into());
        cells.sealed()
    }
}

impl<'a> Cells<'a> {
    /// The cells of an action of an operator.
    pub(super) fn action(action: &'a Action) -> Self {
        let mut cells = Self::new();
        cells.bits(action.n);
        cells.bits(action.at.0);
        cells.int(action.actor.0.into());
        cells.int(action.deed.number().into());
        cells.bits(action.deed.detail());
        cells.bits(action.target.number());
        cells.int(action.deed.aspect().number().into());
        cells.text(Some(&action.reason));
        cells.bits(action.until.0);
        cells.later(Some(&*action.by).filter(|it| !it.is_empty()));
        cells.sealed()
    }
}

/// Eras as they are stored: each as the time when it began and how far ahead it is, in eight octets, the highest first.
pub(super) fn eras_octets(eras: &Eras) -> Vec<u8> {
    eras.all().iter().flat_map(|(from, ahead)| from.0.to_be_bytes().into_iter().chain(ahead.0.to_be_bytes())).collect()
}

/// The waiting parts of the carriers: 2 octets of carrier and 8 of count each.
pub(super) fn awaiting_octets(awaiting: &[(CarrierId, u64)]) -> Vec<u8> {
    awaiting
        .iter()
        .flat_map(|(carrier, count)| carrier.0.to_be_bytes().into_iter().chain(count.to_be_bytes()))
        .collect()
}
