//! Rows as records again: cell after cell, under the seal that the row carries.

use crate::carrier::id::{Learned, Relation};
use crate::carrier::mo::{Fingerprint, Mo, PartRef, ReferenceKind};
use crate::message::attempt::{Answer, Attempt, CarrierMessageId, Cause};
use crate::message::body::Body;
use crate::message::class::Class;
use crate::message::era::{Ahead, Eras};
use crate::message::extras::Extras;
use crate::message::id::{AccountId, CarrierId, LaneId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use crate::message::money::Money;
use crate::message::part::{Moved, Part};
use crate::message::phase::Phase;
use crate::message::reason::Reason;
use crate::message::receipt::Receipt;
use crate::message::source::Source;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::action::{Action, Deed, Target};
use crate::record::batch::{Idempotency, Marks, Order};
use crate::record::entry::PastAttempt;
use crate::record::event::{Event, EventKind};
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::{LedgerLine, QuotaSlot, QuotaUse, Why};
use crate::record::parked::Parked;
use crate::smpp::tlv::Tlvs;
use crate::store::sqlite::cells::ATTEMPT_CELLS;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::{manner, more, seal};
use crate::text::content::Requested;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// A row that is being read, cell after cell, under its seal.
pub(super) struct Line<'r> {
    row: &'r Row<'r>,
    at: usize,
    seal: u64,
    sound: bool,
}

impl<'r> Line<'r> {
    pub(super) const fn new(row: &'r Row<'r>) -> Self {
        Self { row, at: 0, seal: seal::START, sound: true }
    }

    fn cell(&mut self) -> ValueRef<'r> {
        let value = self.row.get_ref(self.at).unwrap_or(ValueRef::Null);
        self.seal = seal::mix(self.seal, value);
        self.at += 1;
        value
    }

    fn maybe<T>(&mut self, read: impl FnOnce(i64) -> Option<T>) -> Option<T> {
        match self.cell() {
            ValueRef::Null => None,
            ValueRef::Integer(value) => {
                let value = read(value);
                self.sound &= value.is_some();
                value
            }
            _ => {
                self.sound = false;
                None
            }
        }
    }

    /// A number that must be there; what stands in for a bad one is never seen, for the seal fails.
    pub(super) fn get<T>(&mut self, stand_in: T, read: impl FnOnce(i64) -> Option<T>) -> T {
        let value = self.maybe(read);
        self.sound &= value.is_some();
        value.unwrap_or(stand_in)
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.get(0, |it| Some(it.cast_unsigned()))
    }

    pub(super) fn time(&mut self) -> Time {
        Time(self.bits())
    }

    pub(super) fn small<T: TryFrom<i64> + Default>(&mut self) -> T {
        self.get(T::default(), |it| T::try_from(it).ok())
    }

    fn text(&mut self) -> Option<&'r str> {
        match self.cell() {
            ValueRef::Null => None,
            ValueRef::Text(octets) => {
                let text = std::str::from_utf8(octets).ok();
                self.sound &= text.is_some();
                text
            }
            _ => {
                self.sound = false;
                None
            }
        }
    }

    /// Whether a cell that rows of format 1 do not have is NULL; it is then passed by, and does not count in the seal.
    fn is_of_before(&mut self) -> bool {
        let is_null = matches!(self.row.get_ref(self.at), Ok(ValueRef::Null));
        self.at += usize::from(is_null);
        is_null
    }

    fn manner(&mut self) -> Option<Extras> {
        if self.is_of_before() {
            return None;
        }
        let manner = self.text().and_then(manner::of_cell);
        self.sound &= manner.is_some();
        manner
    }

    pub(super) fn words(&mut self) -> Box<str> {
        let text = self.text();
        self.sound &= text.is_some();
        text.unwrap_or_default().into()
    }

    fn blob(&mut self) -> &'r [u8] {
        match self.cell() {
            ValueRef::Blob(octets) => octets,
            _ => {
                self.sound = false;
                &[]
            }
        }
    }

    /// Octets that rows of formats before do not have.
    fn later_blob(&mut self) -> &'r [u8] {
        if matches!(self.row.get_ref(self.at), Ok(ValueRef::Null)) {
            self.at += 1;
            return &[];
        }
        self.blob()
    }

    fn fingerprint(&mut self) -> Fingerprint {
        let octets = <[u8; 16]>::try_from(self.blob());
        self.sound &= octets.is_ok();
        Fingerprint(octets.unwrap_or_default())
    }

    /// A number of a column that was added to a table with rows: they have NULL there, which no seal covers.
    fn later(&mut self) -> Option<u64> {
        match self.row.get_ref(self.at) {
            Ok(ValueRef::Null) => {
                self.at += 1;
                None
            }
            _ => Some(self.bits()),
        }
    }

    /// Hands the record out if every cell was sound and the seal fits.
    pub(super) fn sealed<T>(self, table: &'static str, id: u64, record: T) -> Result<T, Trouble> {
        let fits = matches!(self.row.get_ref(self.at)?, ValueRef::Integer(seal) if seal == seal::fold(self.seal));
        if self.sound && fits { Ok(record) } else { Err(Trouble::Damaged(table, id.cast_signed())) }
    }

    fn attempt(&mut self) -> Option<Attempt> {
        let number = self.maybe(|it| u8::try_from(it).ok());
        if number.is_none() {
            (1..ATTEMPT_CELLS).for_each(|_| {
                self.cell();
            });
            return None;
        }
        let carrier = CarrierId(self.small());
        let bind = self.small();
        Some(Attempt {
            number: number?,
            link: LinkId { carrier, bind },
            cause: self.get(Cause::First, |it| Cause::from_number(u8::try_from(it).ok()?)),
            intended_at: self.time(),
            written_at: Time::NEVER,
            answered_at: self.time(),
            answer: self.maybe(|it| Answer::from_number(u8::try_from(it).ok()?)),
            command_status: self.maybe(|it| u32::try_from(it).ok()),
            carrier_message_id: {
                let id = self.text().and_then(CarrierMessageId::new);
                self.cell();
                id
            },
            cost: self.maybe(|it| Some(Money(it))),
            receipt: self.receipt().map(Box::new),
        })
    }

    fn receipt(&mut self) -> Option<Receipt> {
        let status = self.maybe(|it| Status::from_number(u8::try_from(it).ok()?));
        let raw = self.text();
        let error = self.text();
        let received_at = self.maybe(|it| Some(Time(it.cast_unsigned())));
        let done_at = self.maybe(|it| Some(Time(it.cast_unsigned())));
        Some(Receipt {
            status: status?,
            raw_status: raw?.into(),
            error_code: error.map(Into::into),
            received_at: received_at?,
            done_at,
            tlvs: Vec::new(),
            later: Vec::new(),
        })
    }

    /// What a receipt says beyond its columns.
    fn more(&mut self, receipt: Option<&mut Receipt>) {
        if !self.is_of_before() {
            let text = self.text();
            self.sound &= text.zip(receipt).is_some_and(|(text, receipt)| more::add(receipt, text).is_some());
        }
    }
}

/// The message in a row of [`BODY`].
pub(super) fn body(row: &Row<'_>) -> Result<Body, Trouble> {
    let mut line = Line::new(row);
    let seq = Seq(line.bits());
    let mut body = Body {
        id: MessageId { seq, token: line.bits() },
        order: OrderId::from_record(line.bits()),
        account: AccountId(line.small()),
        route: RouteId(line.small()),
        class: line.get(Class::Otp, |it| Class::from_number(u8::try_from(it).ok()?)),
        source: match line.small::<u8>() {
            1 => Source::International(line.words()),
            2 => Source::Short(line.words()),
            3 => Source::Alphanumeric(line.words()),
            _ => {
                line.cell();
                Source::Unset
            }
        },
        destination: E164(line.bits()),
        text: line.words(),
        requested: line.get(Requested::Auto, |it| {
            use Requested::{Auto, Binary, Gsm7, Latin1, Transliterated, Ucs2};
            [Auto, Gsm7, Ucs2, Latin1, Transliterated, Binary].get(usize::try_from(it).ok()?).copied()
        }),
        parts: line.small(),
        client_ref: line.text().map(Into::into),
        created: line.time(),
        send_at: None,
        expires: line.time(),
        price: line.maybe(|it| Some(Money(it))),
        extras: line.manner().map(Arc::new),
        charged: line.later().is_some(),
    };
    body.send_at = line.later().map(Time);
    line.sealed("body", seq.0, body)
}

/// The part in a row of [`PART`].
pub(super) fn part(row: &Row<'_>) -> Result<Part, Trouble> {
    let mut line = Line::new(row);
    let mut part = Part::new(PartKey(line.bits()), LaneId(line.bits()), Time::NEVER);
    let phase = line.get(Phase::Queued, |it| Phase::from_number(u8::try_from(it).ok()?));
    part.due = line.time();
    part.ends = line.time();
    part.spent = line.small();
    part.reason = line.maybe(|it| Reason::from_number(u8::try_from(it).ok()?));
    part.done_at = line.time();
    part.attempt = line.attempt();
    part.moved = match line.later() {
        None => None,
        Some(number) => {
            let moved = u32::try_from(number).ok().and_then(Moved::from_number);
            line.sound &= moved.is_some();
            moved
        }
    };
    part.taken_at = line.later().map_or(Time::NEVER, Time);
    let written_at = line.later().map(Time);
    line.sound &= written_at.is_none() || part.attempt.is_some();
    if let (Some(attempt), Some(at)) = (&mut part.attempt, written_at) {
        attempt.written_at = at;
    }
    line.more(part.attempt.as_mut().and_then(|it| it.receipt.as_deref_mut()));
    part.throttled = line.later().map_or(0, |it| u32::try_from(it).unwrap_or(u32::MAX));
    let key = part.key;
    line.sealed("part", key.0, part.with_phase(phase))
}

/// The attempt in a row of [`ATTEMPT`].
pub(super) fn past(row: &Row<'_>) -> Result<PastAttempt, Trouble> {
    let mut line = Line::new(row);
    let key = PartKey(line.bits());
    let mut attempt = line.attempt().ok_or(Trouble::Damaged("attempt", key.0.cast_signed()))?;
    attempt.written_at = line.later().map_or(Time::NEVER, Time);
    line.more(attempt.receipt.as_deref_mut());
    line.sealed("attempt", key.0, PastAttempt { key, attempt })
}

/// The order in a row of [`ORDER`].
pub(super) fn order(row: &Row<'_>) -> Result<Order, Trouble> {
    let mut line = Line::new(row);
    let id = OrderId::from_record(line.bits());
    let account = AccountId(line.small());
    let (first, count, created) = (Seq(line.bits()), line.small(), line.time());
    let order = Order { id, account, first, count, created, arriving: line.later().is_some() };
    line.sealed("orders", id.number_in_records(), order)
}

/// The idempotency key in a row of [`IDEM`].
pub(super) fn idempotency(row: &Row<'_>) -> Result<Idempotency, Trouble> {
    let mut line = Line::new(row);
    let (account, key) = (AccountId(line.small()), line.words());
    let hash = <[u8; 32]>::try_from(line.blob());
    line.sound &= hash.is_ok();
    let order = OrderId::from_record(line.bits());
    let it = Idempotency { account, key, hash: hash.unwrap_or_default(), order, at: line.time() };
    line.sealed("idem", order.number_in_records(), it)
}

/// The receipt in a row of [`PARKED`].
pub(super) fn parked(row: &Row<'_>) -> Result<Parked, Trouble> {
    let mut line = Line::new(row);
    let number = line.bits();
    let damaged = || Trouble::Damaged("parked", number.cast_signed());
    let mut parked = Parked {
        number,
        carrier: CarrierId(line.small()),
        carrier_message_id: line.text().and_then(CarrierMessageId::new).ok_or_else(damaged)?,
        handset: line.maybe(|it| Some(E164(it.cast_unsigned()))),
        sender: line.words(),
        receipt: line.receipt().ok_or_else(damaged)?,
        also: if line.is_of_before() { None } else { line.text().and_then(CarrierMessageId::new) },
        address: if line.is_of_before() { None } else { line.text().map(Into::into) },
    };
    line.more(Some(&mut parked.receipt));
    line.sealed("parked", number, parked)
}

/// The marks in a row of [`META`].
pub(super) fn marks(row: &Row<'_>) -> Result<Marks, Trouble> {
    let mut line = Line::new(row);
    let (next_seq, next_order, next_parked) = (line.bits(), line.bits(), line.bits());
    let time = line.time();
    let (pairs, rest) = line.blob().as_chunks::<10>();
    line.sound &= rest.is_empty();
    let awaiting = pairs
        .iter()
        .map(|[high, low, count @ ..]| (CarrierId(u16::from_be_bytes([*high, *low])), u64::from_be_bytes(*count)))
        .collect();
    let next_event = line.later().unwrap_or(1);
    let next_ledger = line.later().unwrap_or(1);
    let held_below = Seq(line.later().unwrap_or(0));
    let (pairs, rest) = line.later_blob().as_chunks::<16>();
    line.sound &= rest.is_empty();
    let word = |octets: &[u8]| octets.iter().fold(0, |sum: u64, it| (sum << 8) | u64::from(*it));
    let eras = pairs.iter().map(|it| (Time(word(&it[..8])), Ahead(word(&it[8..]).cast_signed()))).collect();
    let eras = Eras::of(eras);
    let marks = Marks { next_seq, next_order, next_parked, next_event, next_ledger, time, awaiting, held_below, eras };
    line.sealed("meta", 1, marks)
}

/// The event in a row of [`EVENT`].
pub(super) fn event(row: &Row<'_>) -> Result<Event, Trouble> {
    let mut line = Line::new(row);
    let event = Event {
        n: line.bits(),
        token: line.bits(),
        account: line.maybe(|it| u16::try_from(it).ok().map(AccountId)),
        kind: line.get(EventKind::MessageReceived, |it| EventKind::from_number(u8::try_from(it).ok()?)),
        at: line.time(),
        data: line.words(),
    };
    line.sealed("event", event.n, event)
}

/// The part of a message from a handset in a row of [`MO`].
pub(super) fn mo(row: &Row<'_>) -> Result<MoPart, Trouble> {
    let mut line = Line::new(row);
    let (number, carrier) = (line.bits(), CarrierId(line.small()));
    let mut mo = Mo {
        source: line.words(),
        destination: line.words(),
        data_coding: line.small(),
        udhi: line.small::<u8>() != 0,
        octets: line.blob().into(),
        concat: Some(PartRef {
            kind: line.get(ReferenceKind::Udh8, |it| ReferenceKind::from_number(u8::try_from(it).ok()?)),
            reference: line.small(),
            total: line.small(),
            index: line.small(),
        }),
        fingerprint: line.fingerprint(),
        ..Mo::default()
    };
    let at = line.time();
    mo.source_ton = line.later().and_then(|it| u8::try_from(it).ok()).unwrap_or_default();
    mo.tlvs = if line.is_of_before() { Tlvs::default() } else { Tlvs::of_wire(line.blob()) };
    let part = MoPart { number, carrier, mo, at };
    line.sealed("mo", number, part)
}

/// What is known when it comes again, in a row of [`MO_SEEN`].
pub(super) fn mo_seen(row: &Row<'_>) -> Result<MoSeen, Trouble> {
    let mut line = Line::new(row);
    let (number, carrier) = (line.bits(), CarrierId(line.small()));
    let seen = MoSeen { number, carrier, fingerprint: line.fingerprint(), at: line.time() };
    line.sealed("mo_seen", number, seen)
}

/// The action of an operator in a row of [`OPERATE`](crate::store::sqlite::cells::OPERATE).
pub(super) fn action(row: &Row<'_>) -> Result<Action, Trouble> {
    let mut line = Line::new(row);
    let (n, at, actor) = (line.bits(), line.time(), AccountId(line.small()));
    let deed = Deed::from_numbers(line.small(), line.bits());
    let target = line.get(Target::Route(RouteId(0)), |it| Target::from_number(it.cast_unsigned()));
    let aspect = line.small::<u8>();
    line.sound &= deed.is_some_and(|it| it.aspect().number() == aspect);
    let deed = deed.unwrap_or(Deed::Resume);
    let mut action = Action { n, at, actor, by: "".into(), deed, target, reason: line.words(), until: line.time() };
    if !line.is_of_before() {
        action.by = line.words();
    }
    line.sealed("operate", n, action)
}

/// What receipts have shown of a carrier's ids, in a row of [`LEARNED`](crate::store::sqlite::cells::LEARNED).
pub(super) fn learned(row: &Row<'_>) -> Result<(CarrierId, Learned), Trouble> {
    let mut line = Line::new(row);
    let carrier = CarrierId(line.small());
    let relation = line.get(Relation::Same, |it| Relation::from_number(u8::try_from(it).ok()?));
    let learned = Learned { relation, matches: line.small() };
    line.sealed("learned", carrier.0.into(), (carrier, learned))
}

/// The line of the ledger in a row of [`LEDGER`](crate::store::sqlite::cells::LEDGER).
pub(super) fn ledger(row: &Row<'_>) -> Result<LedgerLine, Trouble> {
    let mut line = Line::new(row);
    let it = LedgerLine {
        n: line.bits(),
        account: AccountId(line.small()),
        amount: Money(line.get(0, Some)),
        balance: Money(line.get(0, Some)),
        why: line.get(Why::Credit, |it| Why::from_number(u8::try_from(it).ok()?)),
        order: line.maybe(|it| Some(OrderId::from_record(it.cast_unsigned()))),
        seq: line.maybe(|it| Some(Seq(it.cast_unsigned()))),
        at: line.time(),
        note: line.text().map(Into::into),
    };
    line.sealed("ledger", it.n, it)
}

/// What an account has, in a row of [`BALANCE`](crate::store::sqlite::cells::BALANCE).
pub(super) fn balance(row: &Row<'_>) -> Result<(AccountId, Money), Trouble> {
    let mut line = Line::new(row);
    let account = AccountId(line.small());
    let micros = Money(line.get(0, Some));
    line.sealed("balance", account.0.into(), (account, micros))
}

/// What a quota has counted, in a row of [`QUOTA`](crate::store::sqlite::cells::QUOTA).
pub(super) fn quota(row: &Row<'_>) -> Result<QuotaUse, Trouble> {
    let mut line = Line::new(row);
    let account = AccountId(line.small());
    let (slots, rest) = line.blob().as_chunks::<24>();
    line.sound &= rest.is_empty();
    let word = |slot: &[u8; 24], at: usize| slot[at..at + 8].iter().fold(0, |sum, it| sum << 8 | u64::from(*it));
    let slot = |it| QuotaSlot { first: Time(word(it, 0)), last: Time(word(it, 8)), count: word(it, 16) };
    let used = QuotaUse { account, slots: slots.iter().map(slot).collect() };
    line.sealed("quota", account.0.into(), used)
}
