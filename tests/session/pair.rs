//! Two sessions, ESME and SMSC, over a wire made of dice, in virtual time.
//!
//! ```text
//!  owner ─► Session (ESME) ─► wire: late, lost, out of order, garbage ─► Session (SMSC) ◄─ owner
//! ```
//!
//! What must hold in every run, whatever the dice say, is asserted in [`End`] and [`World`].

use nuncio::dice::SplitMix64;
use nuncio::session::input::Input;
use nuncio::session::options::Options;
use nuncio::session::output::{CloseReason, Output, SessionEvent};
use nuncio::session::state::{Role, SessionState};
use nuncio::session::{Session, Ticket};
use nuncio::smpp::alert::AlertNotification;
use nuncio::smpp::bind::{Bind, BindKind, BindResp, Outbind};
use nuncio::smpp::command::CommandId;
use nuncio::smpp::legacy::ParamRetrieve;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::query::QuerySm;
use nuncio::smpp::sm::{Sm, SmResp};
use nuncio::smpp::status::CommandStatus;
use nuncio::smpp::tlv::{Tag, Tlvs};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

/// A vendor's status from which on a status tells which ticket it answers.
const TICKET_BASE: u32 = 0x1000_0000;

/// A source of chance: the same seed or script, the same run.
enum Dice {
    /// What a seed decides.
    Seeded(SplitMix64),
    /// What a fuzzer wrote. At its end all is 0, and nothing happens by chance any more.
    Written(std::vec::IntoIter<u8>),
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self::Seeded(SplitMix64::new(seed))
    }

    fn below(&mut self, n: u64) -> u64 {
        match self {
            Self::Seeded(dice) => dice.roll() % n,
            Self::Written(octets) => {
                let high = if n <= 256 { 0 } else { octets.next().unwrap_or(0) };
                (u64::from(high) << 8 | u64::from(octets.next().unwrap_or(0))) % n
            }
        }
    }

    /// Whether there is no more chance.
    fn is_spent(&self) -> bool {
        matches!(self, Self::Written(octets) if octets.len() == 0)
    }

    fn one_in(&mut self, n: u64) -> bool {
        n != 0 && !self.is_spent() && self.below(n) == 0
    }
}

/// How bad the wire and the owners are.
#[derive(Clone, Copy)]
struct Weather {
    /// Delay of a PDU on the wire, in milliseconds, at most.
    delay: u64,
    /// Of how many PDUs one is lost; 0 is none.
    loss: u64,
    /// How long an owner takes for an answer, in milliseconds, at most.
    thinking: u64,
    /// Of how many steps one is garbage, an unbind, or a broken connection; 0 is none.
    malice: u64,
}

const FAIR: Weather = Weather { delay: 400, loss: 0, thinking: 1_000, malice: 0 };
const FOUL: Weather = Weather { delay: 900, loss: 25, thinking: 3_500, malice: 0 };
const HOSTILE: Weather = Weather { delay: 900, loss: 60, thinking: 2_500, malice: 12 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Answered,
    TimedOut,
    LateAnswered,
    NeverSent,
    Lost,
}

/// One side with its owner.
struct End {
    session: Session,
    window: usize,
    fates: Vec<Fate>,
    /// Written and without an end, by our own count.
    in_flight: usize,
    deadline: Option<Instant>,
    closed: Option<CloseReason>,
}

impl End {
    fn new(session: Session, window: usize) -> Self {
        Self { session, window, fates: Vec::new(), in_flight: 0, deadline: None, closed: None }
    }

    fn end(&mut self, ticket: Ticket, fate: Fate) {
        let was = std::mem::replace(&mut self.fates[ticket as usize], fate);
        match (was, fate) {
            (Fate::Open, Fate::NeverSent) => (),
            (Fate::Open, Fate::Answered | Fate::TimedOut | Fate::Lost) => self.in_flight -= 1,
            (Fate::TimedOut, Fate::LateAnswered) => (),
            (was, fate) => panic!("ticket {ticket} was {was:?} and became {fate:?}"),
        }
    }

    fn count(&self, fate: Fate) -> usize {
        self.fates.iter().filter(|it| **it == fate).count()
    }
}

#[derive(Debug)]
enum Parcel {
    Pdu(Pdu),
    Undecodable(CommandId, u32),
    /// An owner has made up its mind.
    Respond(u32, CommandStatus, PduBody),
    Eof,
}

struct World {
    dice: Dice,
    weather: Weather,
    now: Instant,
    ends: [End; 2],
    parcels: BTreeMap<(Instant, u64), (usize, Parcel)>,
    stamp: u64,
}

impl World {
    fn new(seed: u64, weather: Weather) -> Self {
        Self::with(Dice::new(seed), weather)
    }

    fn with(mut dice: Dice, weather: Weather) -> Self {
        let now = Instant::now();
        let mut options = || Options {
            window: 1 + dice.below(12) as usize,
            response_timeout: MS * 3_000,
            enquire_link: Some(MS * 1_500),
            ..Options::default()
        };
        let (ours, theirs) = (options(), options());
        let windows = [ours.window, theirs.window];
        let esme = Session::esme(now, BindKind::Transceiver, Bind::default(), ours);
        let smsc = Session::smsc(now, theirs);
        let ends = [End::new(esme, windows[0]), End::new(smsc, windows[1])];
        let mut world = Self { dice, weather, now, ends, parcels: BTreeMap::new(), stamp: 0 };
        world.drain(0);
        world.drain(1);
        world
    }

    fn post(&mut self, to: usize, after: u64, parcel: Parcel) {
        self.stamp += 1;
        self.parcels.insert((self.now + MS * after as u32, self.stamp), (to, parcel));
    }

    /// Hands one input to one end and does all that it asks for.
    fn tell(&mut self, end: usize, input: Input) {
        let ticks = matches!(input, Input::Tick);
        self.ends[end].session.handle(self.now, input);
        self.drain(end);
        // Once it is left in peace a session ends with the next tick.
        let leaves = matches!(self.ends[end].session.state(), SessionState::Leaving(_));
        let soon = |it| self.now < it || (leaves && self.now == it);
        assert!(!ticks || self.ends[end].deadline.is_none_or(soon), "a deadline that is past spins");
    }

    fn drain(&mut self, end: usize) {
        loop {
            match self.ends[end].session.poll() {
                Output::Send(pdu) => self.carry(end, pdu),
                Output::Event(event) => self.hear(end, event),
                Output::Wait(deadline) => {
                    // One that has passed asks for a tick at once.
                    self.ends[end].deadline = deadline.map(|it| it.max(self.now));
                    break;
                }
                Output::Close(reason) => {
                    if self.ends[end].closed.replace(reason).is_none() {
                        let slowest = self.weather.delay + 1;
                        self.post(1 - end, slowest, Parcel::Eof);
                    }
                    self.ends[end].deadline = None;
                    break;
                }
            }
        }
        let it = &self.ends[end];
        assert!(it.in_flight <= it.window, "more in flight than the window is wide");
        assert_eq!(it.in_flight, it.session.in_flight(), "the session counts otherwise");
        assert!(it.session.tombs() <= it.window, "more tombs than the window is wide");
        if matches!(it.session.state(), SessionState::Bound(_)) {
            assert_eq!(it.session.credit(), it.window - it.in_flight);
        } else {
            assert_eq!(it.session.credit(), 0);
        }
    }

    fn carry(&mut self, from: usize, pdu: Pdu) {
        if matches!(pdu.body, PduBody::SubmitSm(_) | PduBody::DeliverSm(_)) {
            self.ends[from].in_flight += 1;
        }
        let is_bind = matches!(pdu.body, PduBody::Bind(..) | PduBody::BindResp(..));
        if !is_bind && self.dice.one_in(self.weather.loss) {
            return;
        }
        let delay = self.dice.below(self.weather.delay);
        self.post(1 - from, delay, Parcel::Pdu(pdu));
    }

    fn hear(&mut self, end: usize, event: SessionEvent) {
        match event {
            SessionEvent::BindRequested { sequence, kind, .. } => {
                let body = PduBody::BindResp(kind, BindResp::default());
                self.post(end, 10, Parcel::Respond(sequence, CommandStatus::Ok, body));
            }
            SessionEvent::Requested { sequence, body } => self.think(end, sequence, body),
            SessionEvent::Answered { ticket, status, .. } => {
                self.check(ticket, status);
                self.ends[end].end(ticket, Fate::Answered);
            }
            SessionEvent::LateAnswer { ticket, status, .. } => {
                self.check(ticket, status);
                self.ends[end].end(ticket, Fate::LateAnswered);
            }
            SessionEvent::TimedOut(ticket) => self.ends[end].end(ticket, Fate::TimedOut),
            SessionEvent::NeverSent(ticket) => self.ends[end].end(ticket, Fate::NeverSent),
            SessionEvent::Lost(ticket) => self.ends[end].end(ticket, Fate::Lost),
            SessionEvent::Bound { .. }
            | SessionEvent::BindRefused(_)
            | SessionEvent::Unbinding
            | SessionEvent::Odd(_) => (),
            SessionEvent::Invited { .. } | SessionEvent::Alerted(_) | SessionEvent::Congestion(_) => (),
        }
    }

    /// The answer that comes back names the ticket that was asked, unless it is a refusal.
    fn check(&self, ticket: Ticket, status: CommandStatus) {
        match status {
            CommandStatus::Other(code) if TICKET_BASE <= code => {
                assert_eq!(u64::from(code - TICKET_BASE), ticket, "the answer to another ticket");
            }
            _ => assert!(status != CommandStatus::Ok || self.weather.malice != 0, "nobody says Ok here"),
        }
    }

    /// An owner decides: in the status it names the ticket that it was asked.
    fn think(&mut self, end: usize, sequence: u32, body: PduBody) {
        let (octets, resp) = match body {
            PduBody::SubmitSm(sm) => (sm.short_message, PduBody::SubmitSmResp(SmResp::default())),
            PduBody::DeliverSm(sm) => (sm.short_message, PduBody::DeliverSmResp(SmResp::default())),
            other => {
                let refusal = Pdu::refusal(other.command_id(), sequence, CommandStatus::InvalidCommandId);
                let body = refusal.expect("a request for the owner has an answer").body;
                return self.post(end, 0, Parcel::Respond(sequence, CommandStatus::InvalidCommandId, body));
            }
        };
        let Ok(octets) = <[u8; 8]>::try_from(&octets[..]) else {
            return;
        };
        let ticket = u64::from_be_bytes(octets) as u32;
        let after = self.dice.below(self.weather.thinking);
        self.post(end, after, Parcel::Respond(sequence, CommandStatus::Other(TICKET_BASE + ticket), resp));
    }

    fn request(&mut self, end: usize) {
        let ticket = self.ends[end].fates.len() as Ticket;
        self.ends[end].fates.push(Fate::Open);
        let sm = Sm { short_message: ticket.to_be_bytes().to_vec().into(), ..Sm::default() };
        let body = if end == 0 { PduBody::SubmitSm(sm) } else { PduBody::DeliverSm(sm) };
        let credit = self.ends[end].session.credit();
        self.tell(end, Input::Request(ticket, body));
        let fate = self.ends[end].fates[ticket as usize];
        assert!(0 < credit || fate == Fate::NeverSent, "sent without credit");
    }

    /// Something that no well-behaved peer or owner does.
    fn malice(&mut self) {
        let end = self.dice.below(2) as usize;
        let sequence = self.dice.below(60) as u32;
        let parcel = match self.dice.below(15) {
            0 => return self.tell(end, Input::Unbind),
            1 if self.dice.one_in(3) => return self.tell(end, Input::Eof),
            2 => Parcel::Undecodable(CommandId(self.dice.below(0x20) as u32), sequence),
            3 => Parcel::Undecodable(CommandId::SUBMIT_SM.response(), sequence),
            4 => Parcel::Pdu(Pdu { status: CommandStatus::Ok, sequence, body: PduBody::GenericNack }),
            5 => Parcel::Pdu(Pdu {
                status: CommandStatus::Ok,
                sequence,
                body: PduBody::Bind(BindKind::Receiver, Bind::default()),
            }),
            6 => Parcel::Pdu(Pdu { status: CommandStatus::Ok, sequence, body: PduBody::SubmitSm(Sm::default()) }),
            7 => Parcel::Pdu(Pdu { status: CommandStatus::Ok, sequence, body: PduBody::DeliverSm(Sm::default()) }),
            8 => {
                Parcel::Pdu(Pdu { status: CommandStatus::Ok, sequence, body: PduBody::SubmitSmResp(SmResp::default()) })
            }
            9 => Parcel::Pdu(Pdu { status: CommandStatus::Ok, sequence, body: PduBody::UnbindResp }),
            10 => {
                let command = CommandId(self.dice.below(0x200) as u32 | (self.dice.below(2) as u32) << 31);
                Parcel::Pdu(Pdu {
                    status: CommandStatus::Ok,
                    sequence,
                    body: PduBody::Other(command, Default::default()),
                })
            }
            11 => Parcel::Respond(sequence, CommandStatus::Ok, PduBody::SubmitSmResp(SmResp::default())),
            12 => return self.tell(end, Input::Unsent { sequence: u32::MAX }),
            13 => {
                let body = match self.dice.below(5) {
                    0 => PduBody::QuerySm(QuerySm::default()),
                    1 => PduBody::AlertNotification(AlertNotification::default()),
                    2 => PduBody::Outbind(Outbind::default()),
                    3 => PduBody::ParamRetrieve(ParamRetrieve::default()),
                    _ => {
                        let load = self.dice.below(101) as u8;
                        PduBody::CancelSmResp(Tlvs::build().push(Tag::CONGESTION_STATE, &[load]).build())
                    }
                };
                Parcel::Pdu(Pdu { status: CommandStatus::Ok, sequence, body })
            }
            _ => return self.request(end),
        };
        self.post(end, 0, parcel);
    }

    /// One step; `false` when nothing can happen any more.
    fn step(&mut self) -> bool {
        if self.dice.one_in(self.weather.malice) {
            self.malice();
            return true;
        }
        let end = self.dice.below(2) as usize;
        if 0 < self.ends[end].session.credit() && !self.dice.one_in(3) {
            self.request(end);
            return true;
        }
        let parcel = self.parcels.keys().next().copied();
        let tick = [0, 1].into_iter().filter_map(|end| Some((self.ends[end].deadline?, end))).min();
        match (parcel, tick) {
            (Some(key), tick) if tick.is_none_or(|(at, _)| key.0 <= at) => {
                self.now = self.now.max(key.0);
                let (to, parcel) = self.parcels.remove(&key).expect("it was there");
                self.tell(
                    to,
                    match parcel {
                        Parcel::Pdu(pdu) => Input::Pdu(pdu),
                        Parcel::Undecodable(command, sequence) => {
                            Input::Undecodable { command, sequence, status: CommandStatus::InvalidCommandLength }
                        }
                        Parcel::Respond(sequence, status, body) => Input::Respond { sequence, status, body },
                        Parcel::Eof => Input::Eof,
                    },
                );
                true
            }
            (_, Some((at, end))) => {
                self.now = self.now.max(at);
                self.tell(end, Input::Tick);
                true
            }
            _ => false,
        }
    }

    /// Runs on until both sides are closed; afterwards every ticket has its end.
    fn finish(&mut self) {
        for _ in 0..20_000 {
            if self.ends.iter().all(|it| it.closed.is_some()) {
                for end in &self.ends {
                    assert_eq!(end.count(Fate::Open), 0, "a ticket without an end");
                    assert_eq!(end.in_flight, 0);
                }
                return;
            }
            assert!(self.step(), "nothing can ever happen again, and they are not closed");
        }
        panic!("the sessions do not end");
    }

    fn tally(&self) -> [usize; 5] {
        [Fate::Answered, Fate::TimedOut, Fate::LateAnswered, Fate::NeverSent, Fate::Lost]
            .map(|fate| self.ends.iter().map(|end| end.count(fate)).sum())
    }
}

/// Runs a hostile conversation whose every chance is one of these octets, to its end.
pub(crate) fn run(octets: &[u8]) {
    let dice = Dice::Written(Vec::from(octets).into_iter());
    let mut world = World::with(dice, Weather { malice: 4, loss: 20, ..HOSTILE });
    while !world.dice.is_spent() && world.step() {}
    for end in [0, 1] {
        world.tell(end, Input::Unbind);
    }
    world.finish();
}

fn add(total: &mut [usize; 5], more: [usize; 5]) {
    for (sum, more) in total.iter_mut().zip(more) {
        *sum += more;
    }
}

/// Runs a test for many seeds and names the one that fails.
fn for_seeds(count: u64, run: impl Fn(u64)) {
    for seed in 1..=count {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed)));
        if let Err(panic) = outcome {
            eprintln!("seed {seed} fails");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn in_fair_weather_everything_is_answered_and_nobody_closes() {
    for_seeds(300, |seed| {
        let mut world = World::new(seed, FAIR);
        for _ in 0..1_500 {
            assert!(world.step());
            assert_eq!(world.ends[0].closed.or(world.ends[1].closed), None, "a healthy session closed");
        }
        let [answered, timed_out, late, never, lost] = world.tally();
        assert!(50 < answered, "hardly anything happened: {answered}");
        assert_eq!([timed_out, late, never, lost], [0; 4]);
        world.tell(0, Input::Unbind);
        world.finish();
        assert_eq!(world.ends[0].closed, Some(CloseReason::Unbound));
        assert_eq!(world.ends[1].closed, Some(CloseReason::PeerUnbound));
    });
}

#[test]
fn in_foul_weather_every_ticket_ends_once() {
    let total = std::cell::Cell::new([0; 5]);
    for_seeds(400, |seed| {
        let mut world = World::new(seed, FOUL);
        for _ in 0..1_500 {
            world.step();
        }
        world.tell(1, Input::Unbind);
        world.finish();
        let mut sum = total.get();
        add(&mut sum, world.tally());
        total.set(sum);
    });
    let [answered, timed_out, late, _, lost] = total.get();
    assert!(0 < answered && 0 < timed_out && 0 < late && 0 < lost, "weather too fair: {:?}", total.get());
}

#[test]
fn whatever_is_said_and_done_every_ticket_ends_once() {
    for_seeds(600, |seed| {
        let mut world = World::new(seed, HOSTILE);
        for _ in 0..600 {
            world.step();
        }
        world.weather.malice = 0;
        for end in [0, 1] {
            world.tell(end, Input::Unbind);
        }
        world.finish();
    });
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = || {
        let mut world = World::new(42, FOUL);
        for _ in 0..1_000 {
            world.step();
        }
        (world.tally(), world.ends.map(|end| end.closed))
    };
    assert_eq!(run(), run());
}

#[test]
fn both_roles_have_a_peer() {
    assert_eq!((Role::Esme.peer(), Role::Smsc.peer()), (Role::Smsc, Role::Esme));
}
