//! What may be asked of the simulated carrier about messages that it took, and done to them before
//! their end: `query_sm`, `cancel_sm`, `replace_sm`, and the same for broadcasts.

use crate::session::input::Input;
use crate::simulator::line::AccountId;
use crate::simulator::line::LineId;
use crate::simulator::outcome::MessageState;
use crate::simulator::receipt::{Letter, Original, TEXT_MAX};
use crate::simulator::register::Remembered;
use crate::simulator::smsc::Smsc;
use crate::smpp::broadcast::{CancelBroadcastSm, QueryBroadcastSm};
use crate::smpp::cancel::CancelSm;
use crate::smpp::cstring::CString;
use crate::smpp::pdu::PduBody;
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::replace::ReplaceSm;
use crate::smpp::sm::{SmResp, registered_delivery as registered};
use crate::smpp::status::CommandStatus;
use crate::smpp::time::Moment;
use crate::smpp::tlv::{Tag, Tlvs};
use std::time::Duration;
use time::OffsetDateTime;

/// `broadcast_area_success` of an area that was reached, in per cent (5.0 section 4.8.4.4).
const REACHED: u8 = 100;

impl Smsc {
    /// Answers a request that is no submit.
    pub(super) fn hear_inquiry(&mut self, line: LineId, sequence: u32, body: PduBody) {
        let Some((account, _)) = self.lines.get(&line).and_then(|it| it.bound) else { return };
        let (status, body) = match body {
            PduBody::QuerySm(query) => self.query(line, account, &query),
            PduBody::CancelSm(cancel) => (self.cancel(account, &cancel), PduBody::CancelSmResp(self.load(line))),
            PduBody::ReplaceSm(replace) => (self.replace(account, &replace), PduBody::ReplaceSmResp(self.load(line))),
            PduBody::QueryBroadcastSm(query) => self.query_broadcast(account, &query),
            PduBody::CancelBroadcastSm(cancel) => {
                (self.cancel_broadcast(account, &cancel), PduBody::CancelBroadcastSmResp(self.load(line)))
            }
            other => return self.refuse_operation(line, sequence, other.command_id()),
        };
        self.give(line, Input::Respond { sequence, status, body });
    }

    fn query(&mut self, line: LineId, account: AccountId, query: &QuerySm) -> (CommandStatus, PduBody) {
        let (now, tlvs) = (self.now, self.load(line));
        let found = self.register.find(account, &query.message_id, &query.source.digits);
        let message = found.filter(|it| it.areas.is_empty());
        let Some((outcome, ended)) = message.map(|it| (it.stands(now), it.ended_at(now))) else {
            return (CommandStatus::QueryFailed, PduBody::QuerySmResp(QuerySmResp::default()));
        };
        let resp = QuerySmResp {
            message_id: query.message_id.clone(),
            final_date: ended.map(|it| date(self.unix(it))).unwrap_or_default(),
            message_state: outcome.state(),
            error_code: u8::try_from(outcome.error()).unwrap_or(u8::MAX),
            tlvs,
        };
        (CommandStatus::Ok, PduBody::QuerySmResp(resp))
    }

    /// With an id that message; without one all between two addresses (3.4 section 4.9).
    fn cancel(&mut self, account: AccountId, cancel: &CancelSm) -> CommandStatus {
        let to = &cancel.destination.digits;
        let is_named = !cancel.message_id.is_empty();
        let fits = |it: &Remembered| it.areas.is_empty() && (is_named || it.original.destination.digits == *to);
        let done = self.delete(account, (&cancel.message_id, &cancel.source.digits), fits);
        if done { CommandStatus::Ok } else { CommandStatus::CancelFailed }
    }

    /// With an id that broadcast; without one all of this sender.
    fn cancel_broadcast(&mut self, account: AccountId, cancel: &CancelBroadcastSm) -> CommandStatus {
        let fits = |it: &Remembered| !it.areas.is_empty();
        let done = self.delete(account, (&cancel.message_id, &cancel.source.digits), fits);
        if done { CommandStatus::Ok } else { CommandStatus::BroadcastCancelFailed }
    }

    /// Ends messages of a sender before their time: the one with this id, or all if it is empty.
    /// Whether there was one. Its receipt comes when it would have come, and says so.
    fn delete(
        &mut self,
        account: AccountId,
        (id, source): (&CString, &CString),
        fits: impl Fn(&Remembered) -> bool,
    ) -> bool {
        let now = self.now;
        let can = |it: &Remembered| it.original.source.digits == *source && it.ended_at(now).is_none() && fits(it);
        let ids = if id.is_empty() { self.register.ids(account, can) } else { vec![id.clone()] };
        let mut done = false;
        for id in ids {
            let Some(message) = self.register.find(account, &id, source).filter(|it| can(it)) else { continue };
            message.cancelled = Some(now);
            let letters = std::mem::take(&mut message.letters);
            self.tell_deletion(letters);
            done = true;
        }
        done
    }

    /// Of the receipts of a message that were never sent one is left, and says that it was deleted.
    fn tell_deletion(&mut self, letters: Vec<u64>) {
        let mut waiting = letters.into_iter().filter(|it| self.letters.get(it).is_some_and(|it| it.tries == 0));
        let first = waiting.next();
        let others: Vec<u64> = waiting.collect();
        self.drop_letters(&others);
        let Some(posted) = first.and_then(|it| self.letters.get_mut(&it)) else { return };
        if let Letter::Receipt { outcome, .. } = &mut posted.letter {
            *outcome = MessageState::Deleted;
        }
        if let Some(receipt) = self.ledger.receipt(posted.entry) {
            receipt.outcome = MessageState::Deleted;
        }
    }

    fn replace(&mut self, account: AccountId, replace: &ReplaceSm) -> CommandStatus {
        let now = self.now;
        let fits = |it: &&mut Remembered| it.areas.is_empty() && it.ended_at(now).is_none();
        let found = self.register.find(account, &replace.message_id, &replace.source.digits).filter(fits);
        let Some(message) = found else { return CommandStatus::ReplaceFailed };
        let text = replace.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_else(|| replace.short_message.clone());
        let Original { number, source, destination, submitted, .. } = &message.original;
        let text = &text[..text.len().min(TEXT_MAX)];
        message.original = Original::copy(*number, source, destination, text, *submitted);
        let original = message.original.clone();
        let letters = message.letters.clone();
        if replace.registered_delivery & registered::RECEIPT_MASK == 0 {
            self.drop_letters(&letters);
        }
        for letter in letters {
            let waiting = self.letters.get_mut(&letter).filter(|it| it.tries == 0);
            if let Some(Letter::Receipt { original: that, .. }) = waiting.map(|it| &mut it.letter) {
                *that = original.clone();
            }
        }
        CommandStatus::Ok
    }

    fn query_broadcast(&mut self, account: AccountId, query: &QueryBroadcastSm) -> (CommandStatus, PduBody) {
        let now = self.now;
        let found = self.register.find(account, &query.message_id, &query.source.digits);
        let Some(message) = found.filter(|it| !it.areas.is_empty()) else {
            return (CommandStatus::BroadcastQueryFailed, PduBody::QueryBroadcastSmResp(SmResp::default()));
        };
        let (outcome, ended) = (message.stands(now), message.ended_at(now));
        let reached = if outcome == MessageState::Delivered { REACHED } else { 0 };
        let mut tlvs = Tlvs::build().push(Tag::MESSAGE_STATE, &[outcome.state()]);
        for area in &message.areas {
            tlvs = tlvs.push(Tag::BROADCAST_AREA_IDENTIFIER, area).push(Tag::BROADCAST_AREA_SUCCESS, &[reached]);
        }
        if let Some(at) = ended {
            let mut text = date(self.unix(at)).as_bytes().to_vec();
            text.push(0);
            tlvs = tlvs.push(Tag::BROADCAST_END_TIME, &text);
        }
        let resp = SmResp { message_id: query.message_id.clone(), tlvs: tlvs.build() };
        (CommandStatus::Ok, PduBody::QueryBroadcastSmResp(resp))
    }

    /// Takes back receipts that were never sent.
    fn drop_letters(&mut self, letters: &[u64]) {
        for letter in letters {
            if self.letters.get(letter).is_some_and(|it| it.tries == 0) {
                self.letters.remove(letter);
                self.stats.receipts -= 1;
            }
        }
    }
}

/// A moment, since 1970, as the 16 characters of the specification.
fn date(unix: Duration) -> CString {
    let at = OffsetDateTime::from_unix_timestamp(unix.as_secs().cast_signed()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let moment = Moment {
        year: u16::try_from(at.year()).unwrap_or_default(),
        month: at.month().into(),
        day: at.day(),
        hour: at.hour(),
        minute: at.minute(),
        second: at.second(),
        quarters: 0,
    };
    moment.to_cstring()
}
