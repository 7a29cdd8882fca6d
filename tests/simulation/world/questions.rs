//! Questions about what carriers took and said no end of: they answer what is so, or late, or otherwise, or never.

use crate::simulation::dice::Dice;
use crate::simulation::receipts::Called;
use crate::simulation::scenario::{Scenario, ms};
use crate::simulation::smsc::{Smsc, Taken};
use crate::simulation::world::{Coming, World};
use nuncio::carrier::report::{Queried, Report};
use nuncio::dispatch::door::happening::Happening;
use nuncio::message::id::{CarrierId, PartKey};
use nuncio::message::phase::Phase;
use nuncio::message::status::Status;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::pdu::PduBody;
use nuncio::smpp::query::{QuerySm, QuerySmResp};
use nuncio::smpp::status::CommandStatus;
use std::sync::Arc;

/// Longer than any link waits for an answer.
const TOO_LATE: u64 = 12_000;

/// How a carrier answers when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// At once, and what is so.
    Prompt,
    /// Mostly so.
    Odd,
    /// Never.
    Mute,
    /// It does not know the operation.
    Unserved,
}

/// What a carrier does when it is asked.
pub(crate) struct Inquiry {
    dice: Dice,
    manner: Manner,
}

impl Inquiry {
    /// One that is well says what is so.
    pub(crate) fn of(mut dice: Dice, well: bool) -> Self {
        let any = [Manner::Prompt, Manner::Odd, Manner::Odd, Manner::Mute, Manner::Unserved];
        let manner = if well { Manner::Prompt } else { dice.pick(&any) };
        Self { dice, manner }
    }

    /// Whether it leaves questions unanswered, which costs it its links in the end.
    pub(super) fn is_mute(&self) -> bool {
        matches!(self.manner, Manner::Mute | Manner::Odd)
    }
}

/// What stands in an answer for a word of receipts.
fn state(word: &str) -> u8 {
    let all = ["ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"];
    all.iter().zip(1..).find(|it| *it.0 == word).map_or(1, |it| it.1)
}

impl Scenario {
    /// Which carriers are asked, and after how long.
    pub(crate) fn questions(&mut self, dice: &mut Dice) {
        for id in self.weather.keys() {
            let after = dice.percent(50).then(|| ms(dice.pick(&[3_000, 15_000, 60_000])));
            for plan in &mut self.plans {
                Arc::make_mut(plan).carriers.get_mut(id).expect("all have the same").query_after = after;
            }
        }
    }
}

impl Smsc {
    /// It is asked about a part: what it answers, and after how long.
    fn inquired(&mut self, now: u64, query: &QuerySm) -> Option<(u64, CommandStatus, QuerySmResp)> {
        let taken = self.answered(&query.message_id.to_string_lossy());
        // Which of two that have one id is meant nobody can say.
        let taken = taken.filter(|it| !self.is_given_anew(&it.receipt_id));
        let said = taken.map(|it| it.stands(now));
        let source = taken.map(|it| &it.sender);
        assert!(source.is_none_or(|it| *it == query.source), "question: {query:?} is not from {source:?}");
        let answer = |word: &str| {
            let message_id = query.message_id.clone();
            QuerySmResp { message_id, message_state: state(word), final_date: CString::default(), ..Default::default() }
        };
        let Inquiry { dice, manner } = &mut self.inquiry;
        let odd = if *manner == Manner::Odd { dice.below(10) } else { 10 };
        let nothing = QuerySmResp::default();
        match (*manner, said, odd) {
            (Manner::Mute, ..) | (_, _, 0) => None,
            (Manner::Unserved, ..) => Some((0, CommandStatus::InvalidCommandId, nothing)),
            (_, _, 1) => Some((0, CommandStatus::Throttled, nothing)),
            (_, None, _) | (_, _, 2) => Some((0, CommandStatus::QueryFailed, nothing)),
            (_, Some(word), 3) => Some((TOO_LATE, CommandStatus::Ok, answer(word))),
            (_, _, 4) => {
                let word = dice.pick(&["DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "UNKNOWN", "REJECTD"]);
                Some((0, CommandStatus::Ok, answer(word)))
            }
            (_, Some(word), _) => Some((dice.below(500), CommandStatus::Ok, answer(word))),
        }
    }
}

impl Taken {
    /// Where it stands: as its receipts have it that were to have come, and where none comes, as it is by then.
    fn stands(&self, now: u64) -> &'static str {
        let over = |it: &&(u64, &'static str)| it.0 <= now && !matches!(it.1, "NOCRED" | "UNKNOWN" | "ACCEPTD");
        self.says.iter().filter(over).find(|it| it.1 != "ENROUTE").map_or("ENROUTE", |it| it.1)
    }
}

/// What a carrier answered: about what, the word, and whether its part was to be sent again.
pub(super) struct Told {
    called: Called,
    number: u8,
    key: PartKey,
    word: String,
    again: bool,
}

impl World {
    /// A carrier is asked about a part.
    pub(super) fn inquired(&mut self, (conn, sequence): (u64, u32), query: &QuerySm) {
        let carrier = self.conns[&conn].link.carrier;
        self.tally.note("questions");
        let answer = self.smscs.get_mut(&carrier).unwrap().inquired(self.now, query);
        if let Some((after, status, body)) = answer {
            let body = PduBody::QuerySmResp(body);
            self.post(self.now + after, Coming::Respond(conn, sequence, status, body));
        }
    }

    /// What answers in these happenings say of parts that are still at the carrier that was asked.
    pub(super) fn answers(&self, happenings: &[Happening]) -> Vec<Told> {
        let answer = |it: &Happening| {
            let Happening::Link(link, Report::Queried(key, Queried::State(receipt))) = it else { return None };
            let ends = receipt.status.is_final() && receipt.status != Status::Unknown;
            let (called, number) = self.is_at(*key, link.carrier).filter(|_| ends)?;
            let again = matches!(self.store.parts[key].phase(), Phase::Queued | Phase::Intended);
            Some(Told { called, number, key: *key, word: receipt.raw_status.to_string(), again })
        };
        happenings.iter().filter_map(answer).collect()
    }

    /// What a part is called at a carrier, and by which attempt, if that is its last.
    fn is_at(&self, key: PartKey, carrier: CarrierId) -> Option<(Called, u8)> {
        let attempt = self.store.parts.get(&key)?.attempt.as_ref().filter(|it| it.link.carrier == carrier)?;
        let taken = self.smscs[&carrier].answered(attempt.carrier_message_id.as_ref()?.as_str())?;
        (self.key_of(taken.name) == Some(key)).then(|| (taken.called(carrier), attempt.number))
    }

    /// The loop has taken up answers; unless `kept` its commit failed.
    pub(super) fn heard_answers(&mut self, told: Vec<Told>, kept: bool) {
        for Told { called, number, key, word, again } in told {
            let same = self.is_at(key, called.carrier).is_some_and(|it| it.1 == number);
            self.tally.note("answers to questions");
            self.heard_word(called, word, (again, !kept || !same));
        }
    }
}
