//! What one seed plays: the configuration, the weather at each carrier, the requests, the faults.

use crate::simulation::dice::Dice;
use crate::simulation::figures::costs;
use crate::simulation::wishes::Wish;
use crate::simulation::world::EPOCH;
use nuncio::carrier::dialect::{Dialect, IdForm, ReceiptsAsked};
use nuncio::carrier::esme::EsmeSettings;
use nuncio::carrier::intake;
use nuncio::dispatch::door::happening::{Keyed, Recipient, Submission};
use nuncio::dispatch::door::plan::{Carrier, EraseText, Limits, Plan};
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, CarrierId, LinkId, RouteId};
use nuncio::message::money::Money;
use nuncio::message::source::Source;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::route::plan::{Retry, Route, UnknownPolicy};
use nuncio::session::options::Options;
use nuncio::smpp::bind::{Bind, BindKind};
use nuncio::store::memory::Leaves;
use nuncio::text::content::Requested;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How a carrier writes its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdStyle {
    /// Hexadecimal in the answer, padded decimal in the receipt.
    HexThenDecimal,
    /// Decimal in the answer, hexadecimal in the receipt.
    DecimalThenHex,
    /// Letters and digits, the same in both.
    Opaque,
    /// A small counter, padded in the receipt.
    Counter,
}

/// How a carrier behaves, in percent and milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) latency: u64,
    pub(crate) thinking: u64,
    pub(crate) lost_answers: u64,
    pub(crate) refusals: u64,
    pub(crate) bind_errors: u64,
    /// Answers that are said again, or otherwise, or to nobody.
    pub(crate) odd_answers: u64,
    pub(crate) odd_receipts: u64,
    pub(crate) early_receipts: u64,
    pub(crate) receipt_delay: u64,
    /// How much later its next word about a part comes at most.
    pub(crate) word_delay: u64,
    pub(crate) ids: IdStyle,
    /// Receipts name their id in a TLV.
    pub(crate) tlv: bool,
    /// So often it sends what is not confirmed once more; what is not confirmed by then is gone. One that sends nothing
    /// again sends all at once.
    pub(crate) repeats: u64,
    /// What it takes is delivered, and what it refuses another carrier may take; but for times in which it lies.
    pub(crate) faithful: bool,
}

/// Something that goes wrong at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The connection of a link breaks.
    Cut(LinkId),
    /// Nothing gets through on a link any more, and nobody is told.
    Dark(LinkId),
    /// enquire_link is answered, submit_sm is not.
    HalfDead(CarrierId, u64),
    /// Everything is throttled.
    Throttle(CarrierId, u64),
    /// Binds are refused.
    Refuse(CarrierId, u64),
    /// Every connection breaks and none can be made.
    Dead(CarrierId, u64),
    /// Everything is refused, and another carrier might take it.
    Sick(CarrierId, u64),
    /// Everything is taken, nothing is delivered, and no receipt is ever sent.
    Lie(CarrierId, u64),
    /// The daemon is killed.
    Crash,
    /// The commit after the next few fails.
    FailCommit(u64, Leaves),
    /// Another configuration.
    Reconfigure,
    /// The daemon drains and starts again.
    Restart,
    /// An operator pauses a carrier.
    Pause(CarrierId, u64),
    /// The clock on the wall is put so far behind logical time, in milliseconds.
    Wall(i64),
}

/// All of a run that is decided beforehand.
pub(crate) struct Scenario {
    pub(crate) plans: Vec<Arc<Plan>>,
    pub(crate) links: BTreeMap<LinkId, EsmeSettings>,
    pub(crate) weather: BTreeMap<CarrierId, Weather>,
    pub(crate) requests: Vec<(u64, Submission)>,
    /// What an account is given.
    pub(crate) credit: Option<(AccountId, Money)>,
    /// When customers try to take something back.
    pub(crate) cancels: Vec<u64>,
    pub(crate) faults: Vec<(u64, Fault)>,
    /// What recipients wish.
    pub(crate) wishes: Vec<(u64, Wish)>,
    /// How long what is over is kept, where anything is forgotten.
    pub(crate) retention: Option<Duration>,
    /// When faults end.
    pub(crate) calm: u64,
    /// Nothing goes wrong at all: order is promised.
    pub(crate) fair: bool,
    /// The longest time that a part may take from the calm on.
    pub(crate) patience: u64,
    /// The carrier that is always well, if one is by intention.
    pub(crate) healthy: Option<CarrierId>,
}

/// The longest that a message is asked for beforehand.
const LATER_MAX: u64 = 60_000;
/// The farthest that logical time and the wall are from each other.
pub(super) const WALL_MAX: u64 = 60_000;

pub(super) const fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

impl Scenario {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let fair = dice.percent(12);
        let carriers = dice.range(1, 3) as u16;
        let response_timeout = dice.range(2_000, 10_000);
        let (mut links, mut weather, mut plan) = (BTreeMap::new(), BTreeMap::new(), Plan::default());
        for id in (1..=carriers).map(CarrierId) {
            let conditions = Self::weather(dice, fair);
            plan.carriers.insert(id, Self::carrier(dice, id, &conditions, (fair, response_timeout), &mut links));
            weather.insert(id, conditions);
        }
        for id in (1..=dice.range(1, 4) as u32).map(RouteId) {
            let carrier = CarrierId(dice.range(1, u64::from(carriers)) as u16);
            plan.routes.insert(id, Self::route(dice, id, carrier));
        }
        // The texts carry the labels by which messages are known on the wire.
        plan.erase_text = EraseText::None;
        plan.limits = Limits {
            ready_per_lane: dice.pick(&[1, 64, 2_000]),
            awaited: dice.pick(&[0, 1, 8, 50_000]),
            queued_max: dice.pick(&[40, 1_000_000, 1_000_000]),
            parked_max: 100_000,
        };
        let calm = dice.range(20_000, 300_000);
        let longest = plan.routes.values().map(|it| it.receipt_timeout).max().unwrap_or_default().as_millis() as u64;
        let credit = Self::accounts(dice, &mut plan);
        let mut requests = Self::requests(dice, &plan, calm);
        Self::price(dice, &mut requests);
        let validity = requests.iter().map(|(_, it)| it.validity.as_millis() as u64).max().unwrap_or(0);
        let cancels = (0..dice.range(0, 10)).map(|_| dice.below(calm)).collect();
        let ids: Vec<LinkId> = links.keys().copied().collect();
        let mut faults = if fair { Vec::new() } else { Self::faults(dice, &ids, calm) };
        let plans = Self::variants(dice, plan);
        // What came to the scenario later asks dice of its own: the rest stays as it was.
        let mut apart = Dice::new(dice.clone().next());
        if !fair {
            faults.extend(Self::drains(&mut apart, &requests, calm));
        }
        weather.values_mut().for_each(|it: &mut Weather| it.word_delay = apart.pick(&[3_000, 3_000, 60_000]));
        // A part that ended may be on a link until its answer comes: no retention is shorter than that.
        let retention = apart.percent(50).then(|| ms(apart.pick(&[20_000, 60_000, 200_000])));
        let patience = validity + longest + 2 * response_timeout + 300_000 + LATER_MAX + WALL_MAX;
        let (healthy, wishes, asked) = (None, Vec::new(), requests.clone());
        let mut scenario = Self {
            plans,
            links,
            weather,
            requests,
            credit,
            cancels,
            faults,
            wishes,
            retention,
            calm,
            fair,
            patience,
            healthy,
        };
        scenario.wishes(&mut apart, &asked);
        scenario
    }

    /// A carrier and its binds.
    pub(super) fn carrier(
        dice: &mut Dice,
        id: CarrierId,
        weather: &Weather,
        settings: (bool, u64),
        links: &mut BTreeMap<LinkId, EsmeSettings>,
    ) -> Carrier {
        let submitting = Self::binds(dice, id, weather, settings, links);
        let rate = |dice: &mut Dice| dice.percent(40).then(|| dice.range(1, 40) as f64);
        Carrier {
            links: submitting,
            pace: rate(dice),
            pace_per_link: if dice.percent(20) { rate(dice) } else { None },
            parked_for: ms(dice.pick(&[60_000, 3_600_000])),
            dialect: links[&LinkId { carrier: id, bind: 0 }].dialect.clone(),
            ..Carrier::new(id, &format!("c{}", id.0))
        }
    }

    pub(super) fn weather(dice: &mut Dice, fair: bool) -> Weather {
        let foul = |dice: &mut Dice, any: &[u64]| if fair { 0 } else { dice.pick(any) };
        let latency = dice.range(1, 80);
        Weather {
            latency,
            repeats: dice.pick(&[0, 0, 1, 3, u64::MAX]),
            thinking: dice.pick(&[0, 20, 300, 1_500]),
            lost_answers: foul(dice, &[0, 0, 2, 10]),
            refusals: foul(dice, &[0, 0, 5, 30]),
            bind_errors: foul(dice, &[0, 0, 0, 2]),
            odd_answers: foul(dice, &[0, 0, 5]),
            odd_receipts: foul(dice, &[0, 10, 50]),
            early_receipts: foul(dice, &[0, 10, 60]),
            receipt_delay: dice.pick(&[500, 5_000, 60_000]),
            word_delay: 3_000,
            ids: dice.pick(&[IdStyle::HexThenDecimal, IdStyle::DecimalThenHex, IdStyle::Opaque, IdStyle::Counter]),
            tlv: dice.percent(50),
            faithful: false,
        }
    }

    /// The binds of a carrier; returns how many of them submit.
    fn binds(
        dice: &mut Dice,
        carrier: CarrierId,
        weather: &Weather,
        (fair, response_timeout): (bool, u64),
        links: &mut BTreeMap<LinkId, EsmeSettings>,
    ) -> u8 {
        let message_id = match weather.ids {
            IdStyle::HexThenDecimal => dice.pick(&[IdForm::Auto, IdForm::RespHex]),
            IdStyle::DecimalThenHex => dice.pick(&[IdForm::Auto, IdForm::ReceiptHex]),
            IdStyle::Opaque => dice.pick(&[IdForm::Auto, IdForm::Text]),
            IdStyle::Counter => dice.pick(&[IdForm::Text, IdForm::Decimal]),
        };
        let receipts = dice.pick(&[ReceiptsAsked::All, ReceiptsAsked::All, ReceiptsAsked::All, ReceiptsAsked::Last]);
        let dialect = Arc::new(Dialect { message_id, receipts, cost: Some(costs()), ..Dialect::default() });
        let kinds: &[BindKind] = match if fair { dice.below(2) } else { dice.below(5) } {
            0 => &[BindKind::Transceiver],
            1 => &[BindKind::Transmitter, BindKind::Receiver],
            2 => &[BindKind::Transceiver, BindKind::Transceiver],
            3 => &[BindKind::Transceiver, BindKind::Transceiver, BindKind::Transceiver],
            _ => &[BindKind::Transmitter, BindKind::Transmitter, BindKind::Receiver],
        };
        for (bind, kind) in (0..).zip(kinds) {
            let window = dice.range(1, 20) as usize;
            // Room for a few messages, so that the link often does not read.
            let buffer = 400 * dice.range(1, 20) as usize;
            let session = Options {
                window,
                response_timeout: ms(response_timeout),
                enquire_link: Some(ms(dice.range(3_000, 15_000))),
                tomb_for: ms(dice.pick(&[20_000, 3_600_000])),
                ..Options::default()
            };
            let ahead = dice.below(window as u64 + 1) as usize;
            let (says, dialect) = (Bind { interface_version: 0x34, ..Bind::default() }, dialect.clone());
            let intake = intake::Options { buffer, ..intake::Options::default() };
            let settings = EsmeSettings { kind: *kind, bind: says, inviter: None, session, ahead, intake, dialect };
            links.insert(LinkId { carrier, bind }, settings);
        }
        kinds.iter().filter(|it| it.submits()).count() as u8
    }

    fn route(dice: &mut Dice, id: RouteId, carrier: CarrierId) -> Route {
        let class = dice.pick(&[Class::Otp, Class::Transactional, Class::Marketing]);
        Route {
            unknown: dice.pick(&[UnknownPolicy::Resend, UnknownPolicy::Hold, UnknownPolicy::Fail]),
            retry: Retry {
                base: ms(dice.range(100, 2_000)),
                max: ms(dice.range(2_000, 20_000)),
                attempts: dice.pick(&[1, 2, 6, 100]),
            },
            validity: ms(dice.range(20_000, 600_000)),
            receipt_timeout: ms(dice.range(30_000, 600_000)),
            ..Route::new(id, class, vec![carrier])
        }
    }

    fn requests(dice: &mut Dice, plan: &Plan, calm: u64) -> Vec<(u64, Submission)> {
        let bulky = dice.percent(15);
        let count = dice.range(3, 60);
        let routes: Vec<&Route> = plan.routes.values().collect();
        let handsets = dice.pick(&[3, 20, 10_000]);
        let (mut label, mut found) = (0, Vec::new());
        for number in 0..count {
            let route = routes[dice.below(routes.len() as u64) as usize];
            // Bulk comes in one lane, so that it outgrows what a lane holds in memory.
            let recipients = match (bulky, dice.percent(if bulky { 60 } else { 80 })) {
                (_, true) => 1,
                (true, false) => dice.range(2, 200),
                (false, false) => dice.range(2, 15),
            };
            let recipients = (0..recipients).map(|_| {
                label += 1;
                let parts = if dice.percent(75) { 1 } else { dice.range(2, 4) as u8 };
                Recipient {
                    destination: E164(31_600_000_000 + dice.below(handsets)),
                    source: None,
                    text: text(label, parts).into(),
                    requested: Requested::Auto,
                    extras: None,
                    parts,
                    client_ref: None,
                    price: None,
                }
            });
            let recipients = recipients.collect();
            let (short, later, at) = (dice.percent(15), dice.percent(10), dice.below(calm * 3 / 4));
            let source = dice.pick(&["YOURAPP", "12345", "+31612345678"]);
            let submission = Submission {
                account: AccountId(if bulky { 1 } else { dice.range(1, 3) as u16 }),
                route: route.id,
                class: route.class,
                source: Source::parse(source).unwrap(),
                send_at: later.then(|| Time(EPOCH + at + dice.range(1, LATER_MAX))),
                validity: if short { ms(dice.range(500, 5_000)) } else { route.validity },
                idempotency: dice.percent(50).then(|| Keyed::new(format!("key-{number}"), [number as u8; 32])),
                recipients,
            };
            if submission.idempotency.is_some() && dice.percent(30) {
                // The customer was not sure and asks again.
                found.push((at + dice.below(2_000), submission.clone()));
            }
            found.push((at, submission));
        }
        found
    }

    fn faults(dice: &mut Dice, links: &[LinkId], calm: u64) -> Vec<(u64, Fault)> {
        let count = dice.range(0, 14);
        let crashy = dice.percent(40);
        let mut found = Vec::new();
        for _ in 0..count {
            let link = dice.pick(links);
            let (at, span) = (dice.below(calm), dice.range(500, calm / 3));
            let fault = match dice.below(if crashy { 16 } else { 11 }) {
                0 | 1 => Fault::Cut(link),
                2 => Fault::Dark(link),
                3 | 4 => Fault::HalfDead(link.carrier, span.min(40_000)),
                5 | 6 => Fault::Throttle(link.carrier, span),
                7 => Fault::Refuse(link.carrier, span),
                8 => Fault::Reconfigure,
                // Over by the calm: from then on everything that may go goes.
                9 => Fault::Pause(link.carrier, span.min(calm - at)),
                10 => Fault::Wall(dice.range(0, 2 * WALL_MAX) as i64 - WALL_MAX as i64),
                11..=13 => Fault::Crash,
                14 => Fault::FailCommit(dice.range(1, 20), dice.pick(&[Leaves::Nothing, Leaves::Everything])),
                _ => Fault::Restart,
            };
            found.push((at, fault));
        }
        found
    }

    /// The configurations that a run reloads in turns: the same carriers, other habits of ours.
    fn variants(dice: &mut Dice, plan: Plan) -> Vec<Arc<Plan>> {
        let mut other = plan.clone();
        for carrier in other.carriers.values_mut() {
            if dice.percent(50) {
                carrier.pace = Some(dice.range(2, 60) as f64);
            }
        }
        for route in other.routes.values_mut() {
            if dice.percent(50) {
                route.unknown = dice.pick(&[UnknownPolicy::Resend, UnknownPolicy::Hold, UnknownPolicy::Fail]);
            }
        }
        vec![Arc::new(plan), Arc::new(other)]
    }
}

/// A text of so many parts, each of which names the message.
pub(super) fn text(label: u64, parts: u8) -> String {
    let token = format!("m{label:06} ");
    let length = if parts == 1 { 20 } else { 153 * (usize::from(parts) - 1) + 40 };
    token.repeat(length / token.len() + 1)[..length].to_owned()
}

/// The message that a text, or a part of it, names.
pub(crate) fn label(octets: &[u8]) -> Option<u64> {
    let start =
        octets.windows(8).position(|it| it[0] == b'm' && it[7] == b' ' && it[1..7].iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(&octets[start + 1..start + 7]).ok()?.parse().ok()
}
