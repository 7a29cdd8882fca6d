//! What becomes of messages from handsets.
//!
//! ```text
//!            may be one that we have? ──► confirmed, nothing else
//!  Mo ──►    part of several?         ──► waits, durable, until the others came or time is up ─┐
//!            whole                    ─────────────────────────────────────────────────────────┴─► event of an
//!                                                                              account, or of none
//! ```
//!
//! **Guarantee.** What is confirmed to the carrier is durable: it stands in exactly one event, or it waits, and
//! it ends up in one. One that comes again because our answer may not have arrived is confirmed again and told
//! once, over a crash, too: what is known again is made durable together with what it became.

use crate::carrier::address;
use crate::carrier::mo::{self, Mo, MoBody, MoContent};
use crate::dispatch::Dice;
use crate::dispatch::beat::{Addressee, Beat};
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::inbound::assembly::{Key, Put, WaitingSet};
use crate::dispatch::inbound::opt_out::{OptedOut, Order};
use crate::dispatch::inbound::seen::{SeenSet, Session};
use crate::message::extras::Parameter;
use crate::message::id::{AccountId, CarrierId, EventId, LinkId};
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::number::e164::E164;
use crate::record::event::EventKind;
use crate::record::mo::{MoPart, MoSeen};
use crate::route::inbound::{self, Received};
use crate::route::opt_out::{List, OptOutChange};
use crate::text::Alphabet;
use crate::text::base64;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Messages that one sweep tells because their time is up: each is a row or more.
const DUE_MAX: usize = 500;

/// What is forgotten for one that comes: more than one, so that a window that was made smaller is caught up with.
const FORGET_MAX: usize = 4;

/// What the parts of a message say together, to whom, and for whom.
struct Understood<'a> {
    content: MoContent,
    account: Option<AccountId>,
    from: address::Sender<'a>,
}

impl Understood<'_> {
    fn text(&self) -> Option<&str> {
        match &self.content.said {
            MoBody::Text(text) => Some(text),
            MoBody::Binary(_) => None,
        }
    }
}

/// What handsets send, and what they wish.
#[derive(Debug)]
pub(crate) struct Handsets {
    /// Parts of their messages that wait for the others.
    waiting: WaitingSet,
    /// What came from them lately, for when it comes again.
    seen: SeenSet,
    /// Who does not want to be written to.
    pub(crate) opted_out: Arc<OptedOut>,
    /// Links with a session that is there to be answered on.
    alive: BTreeSet<LinkId>,
}

impl Handsets {
    /// With the list of the last commit, and nothing that waits yet.
    pub(crate) fn new(list: List, veil: Veil) -> Self {
        Self {
            waiting: WaitingSet::default(),
            seen: SeenSet::default(),
            opted_out: Arc::new(OptedOut::new(list, veil)),
            alive: BTreeSet::new(),
        }
    }

    /// How many messages wait for parts.
    pub(crate) fn incomplete(&self) -> usize {
        self.waiting.len()
    }

    /// When a message has waited long enough, or something need not be remembered any more.
    pub(crate) fn next(&self, plan: &Plan) -> Option<Time> {
        let seen = self.seen.next(|it| options_of(plan, it));
        [self.waiting.next(), seen].into_iter().flatten().min()
    }

    /// Whether answers on a link arrive now, as far as is known.
    pub(crate) fn link_lives(&mut self, link: LinkId, lives: bool) {
        if lives {
            self.alive.insert(link);
        } else {
            self.alive.remove(&link);
        }
    }
}

impl Handsets {
    /// Takes in a message from a handset, or a part of one.
    pub(crate) fn take(&mut self, beat: &mut Beat, on: Session, mo: Mo, dice: Dice<'_>) {
        let carrier = on.link.carrier;
        let options = options_of(&beat.plan, carrier);
        let waiting = mo.concat.map(|place| (Key::of(carrier, &mo, &place), place));
        let before = waiting.as_ref().and_then(|(key, place)| self.waiting.at(key, place.index));
        // What the PDU says beside the text may differ when a carrier sends a part again.
        let says = |it: &Mo| (it.udhi, it.data_coding) == (mo.udhi, mo.data_coding) && it.octets == mo.octets;
        let (taken, same) = (before.is_some(), before.is_some_and(|it| says(&it.mo)));
        let part = MoPart { number: beat.next_event(), carrier, mo, at: beat.now };
        let seen = MoSeen { number: part.number, carrier, fingerprint: part.mo.fingerprint, at: part.at };
        if same || (self.seen.may_be_again(&seen, on, &options) && !self.changes_the_list(&beat.plan, &part)) {
            self.again(beat, seen, self.lives(on).filter(|_| waiting.is_none()));
            return;
        }
        beat.tell(Fact::Mo { carrier });
        if options.redelivery_window.is_some() {
            // The reference of a part names its message: what is equal with it is the same.
            let answered = self.lives(on).filter(|_| waiting.is_none());
            self.seen.put(seen, answered);
            beat.out.batch.mo_seen.push(seen);
            self.forget(beat, FORGET_MAX);
        }
        let Some((key, place)) = waiting else {
            self.tell(beat, &[part], dice);
            return;
        };
        // A handset counts anew: what it counted before is not completed any more.
        if taken && let Some(parts) = self.waiting.take(&key) {
            self.tell_waiting(beat, &parts, dice);
        }
        beat.out.batch.mo_parts.push(part.clone());
        if let Put::Whole(parts) = self.waiting.put(key, place, part, beat.now + options.reassembly_timeout) {
            self.tell_waiting(beat, &parts, dice);
        }
        self.tell_due(beat, dice);
    }

    /// The session, if it is there to be answered on.
    fn lives(&self, on: Session) -> Option<Session> {
        Some(on).filter(|it| self.alive.contains(&it.link))
    }

    /// It has come again: it is confirmed again, and if this answer arrives, it does not come any more.
    fn again(&mut self, beat: &mut Beat, seen: MoSeen, answered: Option<Session>) {
        beat.tell(Fact::MoAgain { carrier: seen.carrier });
        if let Some(before) = self.seen.settle(seen, answered) {
            beat.out.batch.mo_forgotten.push(before);
            beat.out.batch.mo_seen.push(seen);
        }
    }

    /// Whether it is an order of a handset that is heeded now, and was not the last. What was ordered in between makes
    /// it another one; and if the carrier sends all of them again, they end as they did.
    fn changes_the_list(&self, plan: &Plan, part: &MoPart) -> bool {
        if part.mo.concat.is_some() {
            return false;
        }
        let parts = std::slice::from_ref(part);
        let understood = understood(plan, parts);
        let order = understood.text().and_then(|it| plan.opt_out.wish(it));
        let order = order.and_then(|(wish, word)| order_of(&understood, &part.mo.destination, wish, word));
        order.is_some_and(|it| self.opted_out.has(&it.key) != (it.wish == OptOutChange::Stop))
    }

    /// Takes up what waited when the daemon stopped. The time that it was down does not count: the carrier could
    /// not deliver what is missing.
    pub(crate) fn recall(&mut self, beat: &Beat, parts: Vec<MoPart>, seen: Vec<MoSeen>) {
        for part in parts {
            let Some(place) = part.mo.concat else { continue };
            let until = beat.now + options_of(&beat.plan, part.carrier).reassembly_timeout;
            self.waiting.put(Key::of(part.carrier, &part.mo, &place), place, part, until);
        }
        seen.into_iter().for_each(|it| self.seen.put(it, None));
    }

    /// Tells the messages that have waited long enough, or for which there is no room.
    pub(crate) fn tell_due(&mut self, beat: &mut Beat, dice: Dice<'_>) {
        for _ in 0..DUE_MAX {
            let Some(parts) = self.waiting.take_due(beat.now) else { return };
            self.tell_waiting(beat, &parts, dice);
        }
    }

    /// Tells a message, of which all parts came or will be waited for no longer.
    fn tell_waiting(&mut self, beat: &mut Beat, parts: &[MoPart], dice: Dice<'_>) {
        beat.out.batch.mo_done.extend(parts.iter().map(|it| it.number));
        self.tell(beat, parts, dice);
    }

    /// Gives the parts of a message to the account that they are for, as one event.
    fn tell(&mut self, beat: &mut Beat, parts: &[MoPart], dice: Dice<'_>) {
        let Some(first) = parts.first() else { return };
        let total = first.mo.concat.map_or(1, |it| it.total);
        let plan = beat.plan.clone();
        let understood = understood(&plan, parts);
        let (carrier, account) = (plan.carriers.get(&first.carrier), understood.account);
        let id = beat.event_id(dice);
        let wish = self.apply_keyword(beat, &understood, first, id);
        let content = &understood.content;
        let came = |index: &u8| parts.iter().any(|held| held.mo.concat.is_none_or(|concat| concat.index == *index));
        let missing: Vec<u8> = (1..=total).filter(|it| !came(it)).collect();
        let octets = match &content.said {
            MoBody::Text(_) => content.doubtful.as_deref(),
            MoBody::Binary(octets) => Some(&**octets),
        };
        let came_at = parts.iter().map(|it| it.at).min().unwrap_or(beat.now);
        let data = Data {
            id: &beat.veil.event(id).to_string().replacen("evt", "mo", 1),
            to: &first.mo.destination,
            from: &understood.from.text,
            text: understood.text(),
            data: octets.map(base64::encode),
            data_coding: octets.map(|_| first.mo.data_coding),
            encoding: content.encoding,
            parts: total,
            complete: missing.is_empty(),
            opt_out: wish.map(|it| it == OptOutChange::Stop),
            missing: &missing,
            udh: Some(content.header.as_slice()).filter(|it| !it.is_empty()).map(base64::encode),
            ports: content.ports.map(|it| Ports { to: it.destination, from: it.source }),
            tlvs: tlvs(parts),
            carrier: carrier.map(|it| &*it.name),
            received_at: beat.shown(came_at).to_string(),
        };
        let data = serde_json::to_string(&data).expect("texts and numbers are always JSON");
        beat.tell(Fact::Received { carrier: first.carrier, event: id, account, parts: total, missing: missing.len() });
        beat.write_event(id, EventKind::MessageReceived, Addressee::of(account), data);
    }

    /// Does what a handset wishes by the words of its text; says what that is.
    fn apply_keyword(
        &mut self,
        beat: &mut Beat,
        understood: &Understood<'_>,
        first: &MoPart,
        event: EventId,
    ) -> Option<OptOutChange> {
        let plan = beat.plan.clone();
        let (wish, word) = plan.opt_out.wish(understood.text()?)?;
        let order = order_of(understood, &first.mo.destination, wish, word);
        match order {
            Some(order) => self.opted_out.apply(beat, order),
            None => {
                beat.tell(Fact::Unheeded { carrier: first.carrier, event });
                return None;
            }
        }
        Some(wish)
    }

    /// Forgets what waits of messages that a number began then or before; how many parts that is.
    pub(in crate::dispatch) fn forget_person(&mut self, beat: &mut Beat, (number, until): (E164, Time)) -> usize {
        let plan = beat.plan.clone();
        let is_from = |it: &MoPart| understood(&plan, std::slice::from_ref(it)).from.number == Some(number);
        let is_his = |it: &MoPart| it.at <= until && is_from(it);
        let gone = self.waiting.take_where(is_his);
        beat.out.batch.mo_done.extend(gone.iter().map(|it| it.number));
        gone.len()
    }

    /// A session has ended: what was answered on it lately may not have arrived.
    pub(crate) fn end_session(&mut self, beat: &Beat, link: LinkId) {
        let options = |it| options_of(&beat.plan, it);
        self.seen.end_session(link, beat.now, options);
    }

    /// We stood still for so long: what came meanwhile was answered late.
    pub(crate) fn stood_still(&mut self, beat: &Beat, stood: Duration) {
        self.seen.stood_still(stood, beat.now);
    }

    /// Forgets what cannot come again any more.
    pub(crate) fn forget(&mut self, beat: &mut Beat, most: usize) {
        let options = |it| options_of(&beat.plan, it);
        beat.out.batch.mo_forgotten.extend(self.seen.forget(beat.now, options, most));
    }
}

/// What the parts of a message say; there is one at least.
fn understood<'a>(plan: &Plan, parts: &'a [MoPart]) -> Understood<'a> {
    let first = &parts[0];
    let carrier = plan.carriers.get(&first.carrier);
    let readings = carrier.map_or_else(|| Alphabet::Gsm7.into(), |it| it.dialect.readings());
    let content = mo::content(&parts.iter().map(|it| &it.mo).collect::<Vec<_>>(), readings);
    let text = match &content.said {
        MoBody::Text(text) => Some(&**text),
        MoBody::Binary(_) => None,
    };
    let received = Received { to: &first.mo.destination, carrier: first.carrier, text };
    let account = inbound::choose(&plan.inbound, &received);
    let of_account = || plan.accounts.get(&account?)?.region.as_deref();
    let region = carrier.and_then(|it| it.dialect.mo.region).or_else(of_account);
    Understood { content, account, from: address::sender(&first.mo.source, first.mo.source_ton, region) }
}

/// What a handset orders by a word, if it is known who it is.
fn order_of(of: &Understood<'_>, to: &str, wish: OptOutChange, word: &str) -> Option<Order> {
    // What no [[inbound]] gives to an account is meant for whoever sends by this sender.
    let sender = Some(inbound::recipient(to));
    let key = crate::route::opt_out::Key { account: of.account, sender, number: of.from.number? };
    Some(Order { key, wish, word: word.into() })
}

fn options_of(plan: &Plan, carrier: CarrierId) -> mo::Options {
    plan.carriers.get(&carrier).map(|it| it.dialect.mo).unwrap_or_default()
}

/// The parameters that came with a message, as requests have them: of each tag that of the first part that has it.
fn tlvs(parts: &[MoPart]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for part in parts {
        let mut own = BTreeMap::new();
        own.extend(part.mo.tlvs.iter().map(|(tag, value)| Parameter::to_text(tag.0, &value)));
        own.into_iter().for_each(|(tag, value)| _ = all.entry(tag).or_insert(value));
    }
    all
}

/// The particulars of [`EventKind::MessageReceived`].
#[derive(Serialize)]
struct Data<'a> {
    /// What names the message.
    id: &'a str,
    to: &'a str,
    from: &'a str,
    /// What it says; not if it is for a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// Its octets in base64, if they are for a program, or if they cannot be had from the text again; and how the
    /// carrier says that they are to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_coding: Option<u8>,
    encoding: &'static str,
    /// Whether it asked for no more messages, and they are stopped; false where it asked for them again.
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_out: Option<bool>,
    /// How many it was sent in, and which of them never came, from 1.
    parts: u8,
    complete: bool,
    #[serde(skip_serializing_if = "<[u8]>::is_empty")]
    missing: &'a [u8],
    /// The user data header of its first part, its length included, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    udh: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<Ports>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tlvs: BTreeMap<String, String>,
    carrier: Option<&'a str>,
    received_at: String,
}

/// The ports of a message for a program.
#[derive(Serialize)]
struct Ports {
    to: u16,
    from: u16,
}
