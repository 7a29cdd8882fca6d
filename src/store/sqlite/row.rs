//! Records as rows, and back.
//!
//! A record becomes a list of cells in the order of its table's columns, and its last cell is a
//! seal: a hash over all the others. A row whose seal does not fit is refused, so that a record
//! that the disk has changed is never served.
//!
//! ```text
//! record ──► Cells (columns … , seal) ──► bound to a statement
//! record ◄── Line  (columns … , seal?) ◄── a row
//! ```

use crate::message::attempt::{Answer, Attempt, CarrierMessageId, Cause};
use crate::message::body::Body;
use crate::message::class::Class;
use crate::message::id::{AccountId, CarrierId, LaneId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::reason::Reason;
use crate::message::receipt::Receipt;
use crate::message::source::Source;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::batch::{Idempotency, Marks, Order};
use crate::record::entry::PastAttempt;
use crate::record::parked::Parked;
use crate::store::sqlite::fault::Trouble;
use crate::text::Requested;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

/// The columns of `body`, in the order of its cells.
pub(super) const BODY: &str = "seq, token, order_id, account, route, class, source_kind, source, destination, \
    text, requested, parts, client_ref, created, expires, price, seal";
/// The columns of `part`, in the order of its cells.
pub(super) const PART: &str = "id, lane, phase, due, ends, spent, reason, done_at, number, carrier, bind, cause, \
    intended_at, answered_at, answer, command_status, carrier_message_id, rhash, cost, receipt_status, receipt_raw, \
    receipt_error, receipt_received_at, receipt_done_at, seal";
/// The columns of `attempt`, in the order of its cells.
pub(super) const ATTEMPT: &str = "id, number, carrier, bind, cause, intended_at, answered_at, answer, \
    command_status, carrier_message_id, rhash, cost, receipt_status, receipt_raw, receipt_error, \
    receipt_received_at, receipt_done_at, seal";
/// The columns of `orders`, in the order of its cells.
pub(super) const ORDER: &str = "id, account, first_seq, count, created, seal";
/// The columns of `idem` that are told, in the order of its cells.
pub(super) const IDEM: &str = "account, key, hash, order_id, at, seal";
/// The columns of `parked`, in the order of its cells.
pub(super) const PARKED: &str = "number, carrier, carrier_message_id, handset, sender, receipt_status, receipt_raw, \
    receipt_error, receipt_received_at, receipt_done_at, seal";
/// The columns of `meta` that are told, in the order of its cells.
pub(super) const META: &str = "next_seq, next_order, next_parked, time, awaiting, seal";

/// More columns than any table has.
const CELLS_MAX: usize = 26;

/// A record as the values of a row.
pub(super) struct Cells<'a> {
    values: [ValueRef<'a>; CELLS_MAX],
    len: usize,
    seal: u64,
}

impl<'a> Cells<'a> {
    const fn new() -> Self {
        Self { values: [ValueRef::Null; CELLS_MAX], len: 0, seal: SEAL_START }
    }

    fn push(&mut self, value: ValueRef<'a>) {
        self.seal = mix(self.seal, value);
        self.values[self.len] = value;
        self.len += 1;
    }

    fn int(&mut self, value: i64) {
        self.push(ValueRef::Integer(value));
    }

    /// Unsigned numbers keep their bits.
    fn bits(&mut self, value: u64) {
        self.int(value.cast_signed());
    }

    fn maybe(&mut self, value: Option<i64>) {
        self.push(value.map_or(ValueRef::Null, ValueRef::Integer));
    }

    fn text(&mut self, value: Option<&'a str>) {
        self.push(value.map_or(ValueRef::Null, |it| ValueRef::Text(it.as_bytes())));
    }

    fn sealed(mut self) -> Self {
        self.values[self.len] = ValueRef::Integer(fold(self.seal));
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
        Ok(())
    }

    /// The cells of a message.
    pub(super) fn body(body: &'a Body) -> Self {
        let mut cells = Self::new();
        cells.bits(body.id.seq.0);
        cells.bits(body.id.token);
        cells.bits(body.order.0);
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
        });
        cells.int(body.parts.into());
        cells.text(body.client_ref.as_deref());
        cells.bits(body.created.0);
        cells.bits(body.expires.0);
        cells.maybe(body.price.map(|it| it.0));
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
        cells.sealed()
    }

    /// The cells of a superseded attempt.
    pub(super) fn past(past: &'a PastAttempt) -> Self {
        let mut cells = Self::new();
        cells.bits(past.key.0);
        cells.attempt_from(&past.attempt, past.attempt.rhash());
        cells.sealed()
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

    /// The cells of an order.
    pub(super) fn order(order: &Order) -> Self {
        let mut cells = Self::new();
        cells.bits(order.id.0);
        cells.int(order.account.0.into());
        cells.bits(order.first.0);
        cells.int(order.count.into());
        cells.bits(order.created.0);
        cells.sealed()
    }

    /// The cells of an idempotency key.
    pub(super) fn idempotency(it: &'a Idempotency) -> Self {
        let mut cells = Self::new();
        cells.int(it.account.0.into());
        cells.text(Some(&it.key));
        cells.push(ValueRef::Blob(&it.hash));
        cells.bits(it.order.0);
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
        cells.sealed()
    }

    /// The cells of the marks; `awaiting` is [`awaiting_octets`].
    pub(super) fn marks(marks: &Marks, awaiting: &'a [u8]) -> Self {
        let mut cells = Self::new();
        cells.bits(marks.next_seq);
        cells.bits(marks.next_order);
        cells.bits(marks.next_parked);
        cells.bits(marks.time.0);
        cells.push(ValueRef::Blob(awaiting));
        cells.sealed()
    }
}

/// How many cells an attempt has, from its number to its receipt.
const ATTEMPT_CELLS: usize = 16;

/// The waiting parts of the carriers: 2 octets of carrier and 8 of count each.
pub(super) fn awaiting_octets(awaiting: &[(CarrierId, u64)]) -> Vec<u8> {
    awaiting.iter().flat_map(|(carrier, count)| carrier.0.to_be_bytes().into_iter().chain(count.to_be_bytes())).collect()
}

const SEAL_START: u64 = 0x6E75_6E63_696F_0001;

/// Folds one cell into a seal. A change of one cell always changes the 64 bits after it,
/// because each step is a bijection of both. It is stored: changing it is a migration.
fn mix(seal: u64, value: ValueRef<'_>) -> u64 {
    const FACTOR: u64 = 0xD6E8_FEB8_6659_FD93;
    let step = |seal: u64, word: u64| (seal ^ word).wrapping_mul(FACTOR).rotate_left(29);
    match value {
        ValueRef::Null => step(seal, u64::MAX),
        ValueRef::Integer(value) => step(seal, value.cast_unsigned()),
        ValueRef::Real(value) => step(seal, value.to_bits()),
        ValueRef::Text(octets) | ValueRef::Blob(octets) => {
            let (words, rest) = octets.as_chunks::<8>();
            let seal = words.iter().fold(step(seal, octets.len() as u64), |seal, word| step(seal, u64::from_le_bytes(*word)));
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            step(seal, u64::from_le_bytes(last))
        }
    }
}

/// The 32 bits of a seal that are stored.
const fn fold(seal: u64) -> i64 {
    ((seal ^ (seal >> 32)) as u32).cast_signed() as i64
}

/// A row that is being read, cell after cell, under its seal.
struct Line<'r> {
    row: &'r Row<'r>,
    at: usize,
    seal: u64,
    sound: bool,
}

impl<'r> Line<'r> {
    const fn new(row: &'r Row<'r>) -> Self {
        Self { row, at: 0, seal: SEAL_START, sound: true }
    }

    fn cell(&mut self) -> ValueRef<'r> {
        let value = self.row.get_ref(self.at).unwrap_or(ValueRef::Null);
        self.seal = mix(self.seal, value);
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
    fn get<T>(&mut self, stand_in: T, read: impl FnOnce(i64) -> Option<T>) -> T {
        let value = self.maybe(read);
        self.sound &= value.is_some();
        value.unwrap_or(stand_in)
    }

    fn bits(&mut self) -> u64 {
        self.get(0, |it| Some(it.cast_unsigned()))
    }

    fn time(&mut self) -> Time {
        Time(self.bits())
    }

    fn small<T: TryFrom<i64> + Default>(&mut self) -> T {
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

    fn words(&mut self) -> Box<str> {
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

    /// Hands the record out if every cell was sound and the seal fits.
    fn sealed<T>(self, table: &'static str, id: u64, record: T) -> Result<T, Trouble> {
        let fits = matches!(self.row.get_ref(self.at)?, ValueRef::Integer(seal) if seal == fold(self.seal));
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
        })
    }
}

/// The message in a row of [`BODY`].
pub(super) fn body(row: &Row<'_>) -> Result<Body, Trouble> {
    let mut line = Line::new(row);
    let seq = Seq(line.bits());
    let body = Body {
        id: MessageId { seq, token: line.bits() },
        order: OrderId(line.bits()),
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
            [Requested::Auto, Requested::Gsm7, Requested::Ucs2, Requested::Latin1].get(usize::try_from(it).ok()?).copied()
        }),
        parts: line.small(),
        client_ref: line.text().map(Into::into),
        created: line.time(),
        expires: line.time(),
        price: line.maybe(|it| Some(Money(it))),
    };
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
    let key = part.key;
    line.sealed("part", key.0, part.restored(phase))
}

/// The attempt in a row of [`ATTEMPT`].
pub(super) fn past(row: &Row<'_>) -> Result<PastAttempt, Trouble> {
    let mut line = Line::new(row);
    let key = PartKey(line.bits());
    let attempt = line.attempt().ok_or(Trouble::Damaged("attempt", key.0.cast_signed()))?;
    line.sealed("attempt", key.0, PastAttempt { key, attempt })
}

/// The order in a row of [`ORDER`].
pub(super) fn order(row: &Row<'_>) -> Result<Order, Trouble> {
    let mut line = Line::new(row);
    let id = OrderId(line.bits());
    let account = AccountId(line.small());
    let order = Order { id, account, first: Seq(line.bits()), count: line.small(), created: line.time() };
    line.sealed("orders", id.0, order)
}

/// The idempotency key in a row of [`IDEM`].
pub(super) fn idempotency(row: &Row<'_>) -> Result<Idempotency, Trouble> {
    let mut line = Line::new(row);
    let (account, key) = (AccountId(line.small()), line.words());
    let hash = <[u8; 32]>::try_from(line.blob());
    line.sound &= hash.is_ok();
    let order = OrderId(line.bits());
    let it = Idempotency { account, key, hash: hash.unwrap_or_default(), order, at: line.time() };
    line.sealed("idem", order.0, it)
}

/// The receipt in a row of [`PARKED`].
pub(super) fn parked(row: &Row<'_>) -> Result<Parked, Trouble> {
    let mut line = Line::new(row);
    let number = line.bits();
    let damaged = || Trouble::Damaged("parked", number.cast_signed());
    let parked = Parked {
        number,
        carrier: CarrierId(line.small()),
        carrier_message_id: line.text().and_then(CarrierMessageId::new).ok_or_else(damaged)?,
        handset: line.maybe(|it| Some(E164(it.cast_unsigned()))),
        sender: line.words(),
        receipt: line.receipt().ok_or_else(damaged)?,
    };
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
    line.sealed("meta", 1, Marks { next_seq, next_order, next_parked, time, awaiting })
}
