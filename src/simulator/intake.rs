//! What the simulated carrier does with a submit.
//!
//! ```text
//!  submit ─► cut? ─► silent? ─► room, rate? ─► a wish? ─► the dice ─► taken ─► answer, receipts
//!             │        │            │            │           │
//!             ▼        ▼            ▼            ▼           ▼
//!           Eof     nothing     RTHROTTLED   as it says   refused, nothing
//!                               RMSGQFUL
//! ```

use crate::session::input::Input;
use crate::session::version::Version;
use crate::simulator::dice::Dice;
use crate::simulator::ledger::{Submit, Verdict};
use crate::simulator::line::LineId;
use crate::simulator::outcome::{MessageState, ScriptedAnswer};
use crate::simulator::receipt::{Original, TEXT_MAX};
use crate::simulator::register::Remembered;
use crate::simulator::smsc::{Due, Smsc};
use crate::smpp::address::Address;
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::multi::{SubmitMulti, SubmitMultiResp, Unsuccess};
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::sm::{SmResp, registered_delivery as registered};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::Bytes;
use std::time::Duration;

/// Between a receipt and another one of the same message that must come later.
const STEP: Duration = Duration::from_millis(1);

/// An answer to a submit, until it leaves.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) sequence: u32,
    pub(super) status: CommandStatus,
    /// The message, if it was taken.
    pub(super) id: CString,
    pub(super) to: Reply,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Reply {
    Submit,
    Data,
    /// With the destinations that were refused.
    Multi(Vec<Unsuccess>),
    Broadcast,
}

/// A submit, whichever operation it came in.
pub(super) struct Asked {
    source: Address,
    pub(super) destination: Address,
    text: Bytes,
    data_coding: u8,
    esm_class: u8,
    registered_delivery: u8,
    is_data: bool,
}

/// What is decided about a submit.
pub(super) enum Decision {
    Take { outcome: MessageState, answered: bool },
    Refuse(CommandStatus),
    Ignore,
    Cut,
}

impl Asked {
    fn of(body: &PduBody) -> Option<Self> {
        match body {
            PduBody::SubmitSm(sm) => Some(Self {
                text: sm.text(),
                source: sm.source.clone(),
                destination: sm.destination.clone(),
                data_coding: sm.data_coding,
                esm_class: sm.esm_class,
                registered_delivery: sm.registered_delivery,
                is_data: false,
            }),
            PduBody::DataSm(data) => Some(Self {
                text: data.text(),
                source: data.source.clone(),
                destination: data.destination.clone(),
                data_coding: data.data_coding,
                esm_class: data.esm_class,
                registered_delivery: data.registered_delivery,
                is_data: true,
            }),
            _ => None,
        }
    }

    /// One destination of many.
    pub(super) fn of_multi(multi: &SubmitMulti, destination: Address) -> Self {
        Self {
            text: multi.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_else(|| multi.short_message.clone()),
            source: multi.source.clone(),
            destination,
            data_coding: multi.data_coding,
            esm_class: multi.esm_class,
            registered_delivery: multi.registered_delivery,
            is_data: false,
        }
    }

    /// Whether a receipt that says this is wanted (3.4 section 5.2.17).
    fn wants(&self, outcome: MessageState) -> bool {
        let passing = self.registered_delivery & registered::INTERMEDIATE != 0 && outcome.is_passing();
        passing
            || match self.registered_delivery & registered::RECEIPT_MASK {
                registered::RECEIPT => true,
                registered::RECEIPT_ON_FAILURE => !outcome.is_success(),
                registered::RECEIPT_ON_SUCCESS => outcome.is_success(),
                _ => false,
            }
    }
}

impl Smsc {
    /// What becomes of a message with these digits and this text, once it is taken. It depends
    /// on the seed, the mix and these, and on nothing else.
    pub fn fate(&self, source: &[u8], destination: &[u8], text: &[u8]) -> MessageState {
        match self.wish(destination, text) {
            Some(ScriptedAnswer::End(outcome)) => outcome,
            Some(ScriptedAnswer::LoseAnswer) => MessageState::Delivered,
            Some(ScriptedAnswer::Refuse(_) | ScriptedAnswer::Silence) => MessageState::None,
            None => {
                let mut dice = Dice::of(self.seed, &[source, destination, text]);
                self.behaviour.receipts.mix.throw(&mut dice)
            }
        }
    }

    fn wish(&self, destination: &[u8], text: &[u8]) -> Option<ScriptedAnswer> {
        let by_destination = || self.behaviour.steer.then(|| ScriptedAnswer::of_destination(destination)).flatten();
        ScriptedAnswer::of_text(text).or_else(by_destination)
    }

    /// A request came, whichever.
    pub(super) fn hear_request(&mut self, line: LineId, sequence: u32, body: PduBody) {
        match body {
            PduBody::SubmitMulti(multi) => self.hear_multi(line, sequence, &multi),
            PduBody::BroadcastSm(broadcast) => self.hear_broadcast(line, sequence, &broadcast),
            body => match Asked::of(&body) {
                Some(asked) => self.hear_submit(line, sequence, &asked),
                None => self.hear_inquiry(line, sequence, body),
            },
        }
    }

    /// The operations of 3.3 that nobody has kept are not served.
    pub(super) fn refuse_operation(&mut self, line: LineId, sequence: u32, command: CommandId) {
        let status = CommandStatus::InvalidCommandId;
        if let Some(Pdu { body, .. }) = Pdu::refusal(command, sequence, status) {
            self.give(line, Input::Respond { sequence, status, body });
        }
    }

    /// The number of a message that was taken just now, and how it is written on this line.
    pub(super) fn next_id(&mut self, line: LineId) -> (u64, CString) {
        let number = self.next_number;
        self.next_number += 1;
        (number, self.id(line, number))
    }

    /// A number as it is written on this line.
    pub(super) fn id(&self, line: LineId, number: u64) -> CString {
        let version = self.lines.get(&line).map_or(Version::V34, |it| it.session.version());
        self.behaviour.id.write_to(version, number)
    }

    fn hear_submit(&mut self, line: LineId, sequence: u32, asked: &Asked) {
        self.stats.submits += 1;
        let to = if asked.is_data { Reply::Data } else { Reply::Submit };
        match self.decide(line, asked) {
            Decision::Take { outcome, answered } => {
                let (number, id) = self.next_id(line);
                self.stats.taken += 1;
                self.note(line, asked, || Verdict::Taken { id: id.clone(), outcome, answered });
                let latency = self.dice.within(self.behaviour.latency);
                let early = self.dice.hits(self.behaviour.receipts.before_response);
                if answered {
                    let answer = Answer { sequence, status: CommandStatus::Ok, id: id.clone(), to };
                    self.answer_after(line, latency, early, answer);
                } else {
                    self.stats.unanswered += 1;
                }
                let wait = if early { None } else { Some(latency) };
                self.promise(line, asked, (number, id, outcome), wait);
            }
            Decision::Refuse(status) => {
                self.note(line, asked, || Verdict::Refused(status));
                let latency = self.dice.within(self.behaviour.latency);
                let answer = Answer { sequence, status, id: CString::default(), to };
                self.answer_after(line, latency, false, answer);
            }
            Decision::Ignore => {
                self.stats.unanswered += 1;
                self.note(line, asked, || Verdict::Ignored);
            }
            Decision::Cut => {
                self.stats.cut += 1;
                self.note(line, asked, || Verdict::Ignored);
                self.give(line, Input::Eof);
            }
        }
    }

    pub(super) fn decide(&mut self, line: LineId, asked: &Asked) -> Decision {
        let Some(it) = self.lines.get_mut(&line) else { return Decision::Ignore };
        let Some((account, _)) = it.bound else { return Decision::Ignore };
        it.submits += 1;
        let behaviour = &self.behaviour;
        let is_last = behaviour.disconnect_after.is_some_and(|after| after <= it.submits);
        let is_full = behaviour.disconnect_at_window.is_some_and(|window| window <= it.session.unanswered());
        if is_last || is_full {
            return Decision::Cut;
        }
        if behaviour.silent {
            return Decision::Ignore;
        }
        if behaviour.window_max <= it.open {
            return Decision::Refuse(CommandStatus::Throttled);
        }
        if behaviour.pending_max <= self.letters.len() || self.ledger.is_full() {
            return Decision::Refuse(CommandStatus::MessageQueueFull);
        }
        let digits = asked.destination.digits.as_bytes();
        if let Some((_, status)) = behaviour.refuse.iter().find(|(number, _)| number.as_bytes() == digits) {
            return Decision::Refuse(*status);
        }
        let burst = behaviour.burst;
        if behaviour.rate.is_some_and(|rate| !self.accounts[account].keeps_pace(self.now, rate, burst)) {
            return Decision::Refuse(CommandStatus::Throttled);
        }
        match self.wish(asked.destination.digits.as_bytes(), &asked.text) {
            Some(ScriptedAnswer::End(outcome)) => Decision::Take { outcome, answered: true },
            Some(ScriptedAnswer::LoseAnswer) => Decision::Take { outcome: MessageState::Delivered, answered: false },
            Some(ScriptedAnswer::Refuse(status)) => Decision::Refuse(status),
            Some(ScriptedAnswer::Silence) => Decision::Ignore,
            None => self.throw(asked),
        }
    }

    fn throw(&mut self, asked: &Asked) -> Decision {
        let (dice, behaviour) = (&mut self.dice, &self.behaviour);
        if dice.hits(behaviour.throttle) {
            return Decision::Refuse(CommandStatus::Throttled);
        }
        if dice.hits(behaviour.silence) {
            return Decision::Ignore;
        }
        if let Some((status, _)) = behaviour.reject.iter().find(|(_, share)| dice.hits(*share)) {
            return Decision::Refuse(*status);
        }
        let answered = !dice.hits(behaviour.lose_answer);
        let digits = |address: &Address| address.digits.clone();
        let (source, destination) = (digits(&asked.source), digits(&asked.destination));
        Decision::Take { outcome: self.fate(source.as_bytes(), destination.as_bytes(), &asked.text), answered }
    }

    pub(super) fn answer_after(&mut self, line: LineId, latency: Duration, early: bool, answer: Answer) {
        if let Some(it) = self.lines.get_mut(&line) {
            it.open += 1;
        }
        if latency.is_zero() && !early {
            self.answer(line, answer);
        } else {
            // By the agenda it is behind the receipt even without a latency.
            self.agenda.add(self.now + latency, Due::Answer(line, answer));
        }
    }

    pub(super) fn answer(&mut self, line: LineId, answer: Answer) {
        let tlvs = self.load(line);
        let Some(it) = self.lines.get_mut(&line).filter(|it| it.closed.is_none()) else { return };
        it.open -= 1;
        let Answer { sequence, status, id: message_id, to } = answer;
        let body = match to {
            Reply::Submit => PduBody::SubmitSmResp(SmResp { message_id, tlvs }),
            Reply::Data => PduBody::DataSmResp(SmResp { message_id, tlvs }),
            Reply::Broadcast => PduBody::BroadcastSmResp(SmResp { message_id, tlvs }),
            Reply::Multi(unsuccess) => PduBody::SubmitMultiResp(SubmitMultiResp { message_id, unsuccess, tlvs }),
        };
        self.stats.count_answer(status);
        self.give(line, Input::Respond { sequence, status, body });
    }

    /// `congestion_state` for a peer of 5.0 (section 4.8.4.18): how much of the line's window, or of what
    /// may wait to be delivered, is in use, in per cent.
    pub(super) fn load(&self, line: LineId) -> Tlvs {
        let Some(it) = self.lines.get(&line).filter(|it| it.session.version() == Version::V50) else {
            return Tlvs::default();
        };
        let share = |used: usize, of: usize| used.saturating_mul(100).div_ceil(of.max(1));
        let window = share(it.open, self.behaviour.window_max);
        let load = window.max(share(self.letters.len(), self.behaviour.pending_max)).min(100);
        Tlvs::build().push(Tag::CONGESTION_STATE, &[u8::try_from(load).unwrap_or(100)]).build()
    }

    /// Makes the receipts of a message, and remembers it; without a wait the first is ready at once.
    pub(super) fn promise(
        &mut self,
        line: LineId,
        asked: &Asked,
        (number, id, outcome): (u64, CString, MessageState),
        wait: Option<Duration>,
    ) {
        let Some((account, _)) = self.lines.get(&line).and_then(|it| it.bound) else { return };
        let text = &asked.text[..asked.text.len().min(TEXT_MAX)];
        let submitted = self.unix(self.now).as_secs().cast_signed();
        let original = Original::copy(number, &asked.source, &asked.destination, text, submitted);
        let receipts = &self.behaviour.receipts;
        if outcome == MessageState::None || !(receipts.unasked || asked.wants(outcome) || outcome.is_passing()) {
            let end = self.now + wait.unwrap_or_default() + receipts.delay.min;
            return self.register.add(id, Remembered::new(account, original, (end, outcome)));
        }
        let (span, settle, unasked) = (receipts.delay, receipts.settle, receipts.unasked);
        let (twice, backwards, sibling) = (receipts.twice, receipts.backwards, receipts.sibling);
        let taken_back = receipts.taken_back;
        let sibling = self.dice.hits(sibling);
        let mut letters = Vec::new();
        let mut post = |smsc: &mut Self, outcome, after| {
            if unasked || asked.wants(outcome) {
                letters.extend(smsc.post_receipt(line, (original.clone(), outcome), after, sibling));
            }
        };
        let mut after = wait.map(|latency| latency + self.dice.within(span));
        post(self, outcome, after);
        let end = (self.now + after.unwrap_or_default(), outcome);
        let mut settled = None;
        let mut next = |smsc: &mut Self, outcome| {
            let time = after.unwrap_or_default() + smsc.dice.within(span) + STEP;
            after = Some(time);
            post(smsc, outcome, after);
            smsc.now + time
        };
        if outcome.is_passing() && settle {
            settled = Some(next(self, MessageState::Delivered));
        }
        if self.dice.hits(twice) {
            next(self, outcome);
        }
        if self.dice.hits(backwards) {
            next(self, MessageState::Enroute);
        }
        if self.dice.hits(taken_back) {
            let delivered = outcome == MessageState::Delivered;
            next(self, if delivered { MessageState::Undeliverable } else { MessageState::Delivered });
        }
        self.register.add(id, Remembered { settled, letters, ..Remembered::new(account, original, end) });
    }

    pub(super) fn note(&mut self, line: LineId, asked: &Asked, verdict: impl FnOnce() -> Verdict) {
        if !self.ledger.keeps_submits() {
            return;
        }
        let account = self.lines.get(&line).and_then(|it| it.bound).map(|(account, _)| account);
        let system_id = account.map(|account| self.accounts[account].system_id.clone()).unwrap_or_default();
        let copy = Original::copy(0, &asked.source, &asked.destination, &asked.text, 0);
        self.ledger.add(Submit {
            at: self.now,
            unix: self.unix(self.now),
            system_id,
            source: copy.source.digits,
            destination: copy.destination.digits,
            text: copy.text,
            data_coding: asked.data_coding,
            esm_class: asked.esm_class,
            verdict: verdict(),
        });
    }
}
