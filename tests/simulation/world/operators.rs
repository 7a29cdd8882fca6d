//! Operators in the simulation: they give credit and pause carriers; and somebody sets the clock.

use crate::simulation::world::{EPOCH, World};
use nuncio::carrier::report::Ticket;
use nuncio::dispatch::door::happening::{Ask, Credit, Demand, Ending, Happening, Keyed, RequestId};
use nuncio::message::era::{Ahead, Wall};
use nuncio::message::id::{AccountId, CarrierId, LinkId};
use nuncio::message::money::Money;
use nuncio::record::action::{Action, Deed, Target};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whose keys operators use.
const OPERATOR: AccountId = AccountId(9);

/// What operators have ordered, and what the wall shows.
#[derive(Default)]
pub(crate) struct Operators {
    /// Credit that is to be given and was not confirmed.
    pub(crate) credit: Option<(AccountId, Money)>,
    /// Until when nothing is given to a carrier.
    paused: BTreeMap<CarrierId, u64>,
    /// How far logical time is ahead of the wall, in milliseconds.
    ahead: i64,
    /// The latest that the wall has shown.
    latest: u64,
    /// What it showed when the last beat began.
    at_beat: u64,
}

impl Operators {
    pub(super) fn who_give(credit: Option<(AccountId, Money)>) -> Self {
        Self { credit, ..Self::default() }
    }
}

impl World {
    /// A process has started: who waits for an answer asks again, and the clock is read.
    pub(super) fn operators_begin(&mut self) {
        self.give_credit();
        self.set_wall(self.operators.ahead);
    }

    fn give_credit(&mut self) {
        let Some((account, amount)) = self.operators.credit else { return };
        let idempotency = Some(Keyed::new("credit", [7; 32]));
        let credit = Credit { by: OPERATOR, account, amount, note: None, idempotency };
        _ = self.ask(Ask::Credit(Box::new(credit)));
    }

    /// The wall shows another time from now on.
    pub(super) fn set_wall(&mut self, ahead: i64) {
        self.operators.ahead = ahead;
        if self.dispatch.is_some() {
            let wall = Wall { ahead: Ahead(ahead), exact: Ahead(ahead), doubted: false };
            self.calls.push(Happening::Wall(wall));
            self.wake();
        }
    }

    /// A beat begins: the wall shows what it shows.
    pub(super) fn look_at_wall(&mut self) {
        let wall = self.wall();
        self.operators.latest = self.operators.latest.max(wall);
        self.operators.at_beat = wall;
    }

    /// What the wall shows.
    pub(crate) const fn wall(&self) -> u64 {
        (EPOCH + self.now).saturating_add_signed(-self.operators.ahead)
    }

    pub(crate) const fn wall_at_beat(&self) -> u64 {
        self.operators.at_beat
    }

    pub(super) fn pause(&mut self, carrier: CarrierId, span: u64) {
        let end = Ending::After(Duration::from_millis(span));
        let (deed, target) = (Deed::Pause, Target::Carrier(carrier));
        _ = self.ask(Ask::Operate(Box::new(Demand { actor: OPERATOR, deed, target, reason: "it sulks".into(), end })));
    }

    /// Asks, where somebody listens.
    pub(crate) fn ask(&mut self, ask: Ask) -> Option<RequestId> {
        if self.dispatch.is_none() || self.draining {
            return None;
        }
        self.requests += 1;
        self.calls.push(Happening::Ask(RequestId(self.requests), ask));
        self.wake();
        Some(RequestId(self.requests))
    }

    pub(super) fn ordered(&mut self, action: &Action) {
        let Target::Carrier(carrier) = action.target else { return };
        // The operator is shown when it ends by the wall; it ends when it has lasted so long.
        let kept = self.store.memory.actions().find(|it| it.n == action.n).expect("ordered-is-durable");
        self.operators.paused.insert(carrier, kept.until.0 - EPOCH);
        self.tally.note("pauses");
    }

    /// A part is given to a link: nobody has forbidden it, and it is time.
    pub(super) fn check_permitted(&self, link: LinkId, ticket: Ticket) {
        let until = self.operators.paused.get(&link.carrier).copied().unwrap_or(0);
        assert!(until <= self.now, "paused: {link:?} is given a part at {} and is paused until {until}", self.now);
        let body = &self.store.bodies[&ticket.key().seq()];
        let begins = body.send_at.map_or(0, |it| it.0);
        assert!(begins <= self.operators.latest, "send-at: {:?} goes before {begins} on the wall", ticket.key());
    }
}
