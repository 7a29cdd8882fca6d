//! One beat: what is given to it, and what comes of it. It is apart from the state, so that whoever owns a part of the
//! state can be handed the beat and nothing else.

use crate::dispatch::Dice;
use crate::dispatch::door::command::Command;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::happening::{Keyed, RequestId};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::{Denial, Grant};
use crate::message::body::Body;
use crate::message::callback::Callback;
use crate::message::era::Wall;
use crate::message::id::{AccountId, CarrierId, EventId, OrderId, PartKey, RouteId, Seq};
use crate::message::money::Money;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::number::e164::E164;
use crate::record::batch::{Batch, Idempotency, Marks};
use crate::record::contract::{Poisoned, Store};
use crate::record::event::{Audience, Event, EventKind};
use crate::record::shown::Shown;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a carrier is told of an end is the wall's from this on; less is the ordinary work of a time daemon.
const TOLD_FROM: u64 = 1_000;

/// A beat.
#[derive(Debug)]
pub(super) struct Beat {
    /// Logical time, by which everything is due and over that lasts for a while.
    pub(super) now: Time,
    /// What the wall shows then, by which everything goes that people state in times of day.
    pub(super) wall: Wall,
    /// The configuration.
    pub(super) plan: Arc<Plan>,
    /// Under what numbers are told to those outside.
    pub(super) veil: Veil,
    /// Every carrier of each route, for whatever destination.
    served: BTreeMap<RouteId, Vec<CarrierId>>,
    /// Which beat this is, from 1.
    pub(super) number: u64,
    /// Nothing more is accepted or submitted.
    pub(super) draining: bool,
    /// Messages of which no receipt came in time, and that no other carrier may take now.
    pub(super) stuck: BTreeSet<Seq>,
    /// Accounts whose own endpoints are told that messages were sent.
    pub(super) hear_of_sent: BTreeSet<AccountId>,
    /// What it has to make durable, to do and to tell.
    pub(super) out: Out,
}

/// What goes out of a beat.
#[derive(Debug)]
pub(super) struct Out {
    /// What is made durable.
    pub(super) batch: Batch,
    /// Counters and marks, as they will stand.
    pub(super) marks: Marks,
    /// What to do, once that is durable.
    pub(super) commands: Vec<Command>,
    /// What to tell telemetry.
    pub(super) facts: Vec<Fact>,
    /// Messages whose accounts are told something else of them than before, in the order in which that came to be.
    pub(super) changes: Vec<StatusChange>,
    /// Accounts whose balance has fallen below what they are warned at, and to how much.
    pub(super) low: Vec<(AccountId, Money)>,
}

/// A message that has another status than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusChange {
    /// Which message.
    pub(super) seq: Seq,
    /// Of which order.
    pub(super) order: OrderId,
    /// What its account was told before.
    pub(super) before: Status,
    /// What it is told now.
    pub(super) after: Status,
}

/// For whom an event is.
#[derive(Clone, Debug, Default)]
pub(super) struct Addressee {
    /// The account; nobody's is for operators.
    pub(super) account: Option<AccountId>,
    /// The message that it is about.
    pub(super) about: Option<Seq>,
    /// Where it is told besides.
    pub(super) callback: Option<Callback>,
}

impl Addressee {
    /// An account, or operators.
    pub(super) fn of(account: Option<AccountId>) -> Self {
        Self { account, ..Self::default() }
    }
}

impl Beat {
    /// The beat before the first.
    pub(super) fn new(plan: Arc<Plan>, now: Time, marks: Marks, veil: Veil) -> Self {
        Self {
            now,
            wall: Wall::before(&marks.eras),
            plan,
            veil,
            served: BTreeMap::new(),
            number: 0,
            draining: false,
            stuck: BTreeSet::new(),
            hear_of_sent: BTreeSet::new(),
            out: Out {
                batch: Batch { marks: marks.clone(), ..Batch::default() },
                marks,
                commands: Vec::new(),
                facts: Vec::new(),
                changes: Vec::new(),
                low: Vec::new(),
            },
        }
    }

    /// The configuration is this from now on.
    pub(super) fn reconfigure(&mut self, plan: Arc<Plan>) {
        self.plan = plan;
        let served = self.plan.routes.values().map(|it| (it.id, it.every_carrier().into_iter().collect()));
        self.served = served.collect();
    }

    /// Tells telemetry something.
    pub(super) fn tell(&mut self, fact: Fact) {
        self.out.facts.push(fact);
    }

    /// Has something done.
    pub(super) fn order(&mut self, command: Command) {
        self.out.commands.push(command);
    }

    /// Answers a waiting request.
    pub(super) fn reply<A: Into<Grant>>(&mut self, request: RequestId, reply: Result<A, Denial>) {
        self.order(Command::Reply(request, reply.map(Into::into)));
    }

    /// Answers with what was asked for.
    pub(super) fn grant(&mut self, request: RequestId, answer: impl Into<Grant>) {
        self.order(Command::Reply(request, Ok(answer.into())));
    }

    /// Answers why that is not to be.
    pub(super) fn deny(&mut self, request: RequestId, why: Denial) {
        self.order(Command::Reply(request, Err(why)));
    }

    /// The number of the next event.
    pub(super) const fn next_event(&mut self) -> u64 {
        let number = self.out.marks.next_event;
        self.out.marks.next_event += 1;
        number
    }

    /// What names the next event.
    pub(super) fn event_id(&mut self, dice: Dice<'_>) -> EventId {
        EventId { n: self.next_event(), token: dice() }
    }

    /// Writes an event into the log, and for whom it is.
    pub(super) fn write_event(&mut self, id: EventId, kind: EventKind, to: Addressee, data: impl Into<Box<str>>) {
        let (EventId { n, token }, at, data) = (id, self.now, data.into());
        let Addressee { account, about, callback } = to;
        self.out.batch.events.push(Event { n, token, account, about, kind, at, data, callback });
    }

    /// As people are shown it: in times of the wall.
    pub(super) fn shown<T: Shown>(&self, it: T) -> T {
        it.shown(&self.out.marks.eras)
    }

    /// Makes durable what it changed; how many records that was. So many parts wait for a receipt now, by carrier.
    pub(super) fn commit<S: Store>(
        &mut self,
        awaiting: Vec<(CarrierId, u64)>,
        store: &mut S,
    ) -> Result<usize, Poisoned> {
        let Out { batch, marks, commands, .. } = &mut self.out;
        let records = batch.len();
        if records != 0 || batch.marks.eras != marks.eras {
            (marks.time, marks.awaiting) = (self.now, awaiting);
            batch.marks = marks.clone();
            store.commit(batch)?;
            let callback = |it: &Event| it.callback.as_ref().map(|it| Audience::Callback(it.endpoint));
            let told: BTreeSet<Audience> =
                batch.events.iter().flat_map(|it| [Some(Audience::of(it.account)), callback(it)]).flatten().collect();
            commands.extend(told.into_iter().map(Command::Emit));
            // A beat under load is followed by another: it finds the room of this one.
            batch.clear();
        }
        Ok(records)
    }

    /// What is to be done and told, now that it is durable.
    pub(super) fn take(&mut self) -> (Vec<Command>, Vec<Fact>) {
        (std::mem::take(&mut self.out.commands), std::mem::take(&mut self.out.facts))
    }

    /// Every carrier of a route, for whatever destination.
    pub(super) fn serves(&self, route: RouteId) -> &[CarrierId] {
        self.served.get(&route).map_or(&[], Vec::as_slice)
    }

    /// Whether a route has but one carrier, whatever the destination.
    pub(super) fn is_alone(&self, route: RouteId) -> bool {
        self.serves(route).len() < 2
    }

    /// What the wall shows now.
    pub(super) fn wall_now(&self) -> Time {
        self.wall.exact.wall(self.now)
    }

    /// When the quiet hours are over in which a recipient is at `time`, if he is.
    pub(super) fn quiet_until(&self, route: RouteId, recipient: E164, time: Time) -> Option<Time> {
        self.plan.routes.get(&route)?.quiet_hours?.over_at(time, recipient)
    }

    /// Until when a message may not go that could go at `begins`; `None` where that is now.
    /// All in times of the wall.
    pub(super) fn first_due(&self, route: RouteId, recipient: E164, begins: Time) -> Option<Time> {
        self.quiet_until(route, recipient, begins).or((self.wall_now() < begins).then_some(begins))
    }

    /// From when on a message could go, in logical time.
    pub(super) fn begins(&self, body: &Body) -> Time {
        body.send_at.map_or(body.created, |it| self.wall.exact.logical(it))
    }

    /// A message as its carrier is told of it: with an end that is the wall's.
    pub(super) fn with_wall_expiry(&self, body: Arc<Body>) -> Arc<Body> {
        if self.wall.exact.0.unsigned_abs() < TOLD_FROM {
            return body;
        }
        let expires = self.wall.exact.wall(body.expires);
        Arc::new(Body { expires, ..Body::clone(&body) })
    }

    /// A message with its code in the text, if it has one; `None` where nobody can say that code.
    pub(super) fn with_code(&self, body: Arc<Body>) -> Option<Arc<Body>> {
        let Some(hidden) = body.extras.as_ref().and_then(|it| it.code.as_deref()) else { return Some(body) };
        let code = hidden.seed.code(self.plan.keys.as_deref()?).ok()?;
        let text = hidden.reveal(&body.text, code.expose())?;
        Some(Arc::new(Body { text: text.into(), ..Body::clone(&body) }))
    }

    /// Whether nothing of a message may be given to a link, for the store was restored from a backup.
    pub(super) fn holds(&self, seq: Seq) -> bool {
        seq < self.out.marks.held_below
    }

    /// The last key that is held; zero, which no part has, where nothing is.
    pub(super) fn held_to(&self) -> PartKey {
        PartKey(PartKey::new(self.out.marks.held_below, 0).0.saturating_sub(1))
    }

    /// What was done under a key before: the same, and what it made, or something else.
    pub(super) fn before<S: Store>(
        &self,
        account: AccountId,
        key: Option<&Keyed>,
        store: &mut S,
    ) -> Result<Option<Result<u64, Denial>>, Poisoned> {
        let Some(asked) = key else { return Ok(None) };
        let mine = |it: &&Idempotency| it.account == account && it.key == asked.key;
        let before = match self.out.batch.idempotency.iter().find(mine) {
            Some(running) => Some(running.clone()),
            None => store.idempotency(account, &asked.key)?,
        };
        Ok(before.map(|it| if asked.is(&it.hash) { Ok(it.order.number_in_records()) } else { Err(Denial::KeyReused) }))
    }
}
