//! Another channel is offered where a code has not come by one: its message failed, or nobody is left to try it and no
//! receipt came, or every carrier of its route is closed.
//!
//! An offer is one for a person, who takes it by asking; only an app with `auto_channel` takes it by itself.

use crate::dispatch::beat::Addressee;
use crate::dispatch::door::command::Command;
use crate::dispatch::{Dice, Dispatch};
use crate::message::channel::Channel;
use crate::message::id::{RouteId, Seq};
use crate::message::status::Status;
use crate::record::contract::{Poisoned, Store};
use crate::record::event::EventKind;
use crate::record::verification::Verification;
use crate::verify::app::{App, AppChannel};
use serde::Serialize;
use std::sync::Arc;

impl Dispatch {
    /// Offers another channel for the codes of which the last message has come to nothing in this beat.
    pub(crate) fn offer_channels<S: Store>(&mut self, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        if self.beat.plan.apps.is_empty() {
            self.beat.stuck.clear();
            return Ok(());
        }
        let in_vain = |it: Status| it.is_final() && it != Status::Delivered;
        let ended = self.beat.out.changes.iter().filter(|it| in_vain(it.after)).map(|it| it.seq);
        let all: Vec<Seq> = ended.chain(std::mem::take(&mut self.beat.stuck)).collect();
        let plan = Arc::clone(&self.beat.plan);
        for seq in all {
            let of = self.set.get(seq).and_then(|it| it.entry.body.extras.as_ref()?.verification);
            let Some(n) = of else { continue };
            let Some(mut it) = self.verifications.numbered(n, store)? else { continue };
            let is_last = it.messages.last().is_some_and(|it| it.seq == seq);
            if let Some(app) = plan.apps.get(&it.app).filter(|_| is_last && it.progress.is_live(self.beat.now))
                && self.offer_next(app, &mut it, true, dice)
            {
                self.verifications.put(it);
            }
        }
        Ok(())
    }

    /// Offers it in the first answer where no carrier takes what goes by this one.
    pub(super) fn offer_where_all_is_closed(&mut self, app: &App, it: &mut Verification, dice: Dice<'_>) {
        let route = app.way(it.channel).map(|it| it.route).filter(|_| it.is_guarded());
        if let Some(route) = route.filter(|it| self.is_all_closed(*it)) {
            // Behind a start it may be bound in a moment: a person may want the call, and nobody is called unasked.
            let has_begun = self.beat.serves(route).iter().any(|it| self.carriers.contains_key(it));
            self.offer_next(app, it, has_begun, dice);
        }
    }

    /// Whether another channel is offered for a verification, or may be.
    pub(super) fn offers(&self, it: &Verification) -> bool {
        let next = self.beat.plan.apps.get(&it.app).and_then(|app| self.next_of(app, it));
        next.is_some() && it.progress.is_live(self.beat.now)
    }

    /// The next channel that the account may use.
    fn next_of(&self, app: &App, it: &Verification) -> Option<Channel> {
        let account = self.beat.plan.accounts.get(&it.account);
        // Of an account that is not configured nobody knows what it may.
        let may = |way: &&AppChannel| account.is_none_or(|has| has.routes.contains(&has.route(way.route.0)));
        app.behind(it.channel).find(may).map(|it| it.channel)
    }

    /// Those that were offered and are taken without anybody asking, once more: a kill may have come in between.
    pub(super) fn take_offered(&mut self, it: &Verification) {
        let takes = self.beat.plan.apps.get(&it.app).is_some_and(|it| it.auto_channel);
        if let Some(next) = it.offered.filter(|_| takes && it.progress.is_live(self.beat.now)) {
            self.beat.order(Command::TakeChannel(it.id, next));
        }
    }

    fn is_all_closed(&self, route: RouteId) -> bool {
        self.beat.serves(route).iter().all(|it| !self.is_open(*it, false))
    }

    /// Offers the next channel, if there is one that is not offered yet; whether it did.
    fn offer_next(&mut self, app: &App, it: &mut Verification, takes: bool, dice: Dice<'_>) -> bool {
        let Some(next) = self.next_of(app, it).filter(|next| it.offered != Some(*next)) else { return false };
        it.offered = Some(next);
        let data = Data {
            id: self.beat.veil.verification(it.id).to_string(),
            app: &app.name,
            to: it.to.to_string(),
            status: it.progress.status().word(),
            channel: it.channel.word(),
            next_channel: next.word(),
            auto: takes && app.auto_channel,
            client_ref: it.client_ref.as_deref(),
            created_at: self.beat.shown(it.created).to_string(),
        };
        let data = serde_json::to_string(&data).expect("texts are JSON");
        let id = self.beat.event_id(dice);
        let to = Addressee::of(Some(it.account));
        self.beat.write_event(id, EventKind::VerificationChannelOffered, to, data);
        if takes {
            self.take_offered(it);
        }
        true
    }
}

/// The particulars of an offer.
#[derive(Serialize)]
struct Data<'a> {
    id: String,
    app: &'a str,
    to: String,
    status: &'static str,
    channel: &'static str,
    next_channel: &'static str,
    /// Whether it is taken without anybody asking.
    auto: bool,
    client_ref: Option<&'a str>,
    created_at: String,
}
