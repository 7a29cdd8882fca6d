//! Messages of the simulated carrier that have more than one destination: `submit_multi`, and
//! `broadcast_sm`.

use crate::session::input::Input;
use crate::simulator::intake::{Answer, Asked, Decision, Reply};
use crate::simulator::ledger::Verdict;
use crate::simulator::line::LineId;
use crate::simulator::outcome::MessageState;
use crate::simulator::receipt::{Original, TEXT_MAX};
use crate::simulator::register::Remembered;
use crate::simulator::smsc::Smsc;
use crate::smpp::address::Address;
use crate::smpp::broadcast::BroadcastSm;
use crate::smpp::cstring::CString;
use crate::smpp::multi::{DestAddress, SubmitMulti, Unsuccess};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::Tag;
use bytes::Bytes;

/// What a broadcast must have (5.0 section 4.4.1).
const REQUIRED: [Tag; 4] = [
    Tag::BROADCAST_AREA_IDENTIFIER,
    Tag::BROADCAST_CONTENT_TYPE,
    Tag::BROADCAST_REP_NUM,
    Tag::BROADCAST_FREQUENCY_INTERVAL,
];

/// What became of the destinations of one `submit_multi`.
#[derive(Default)]
struct Tally {
    taken: Vec<(Asked, MessageState)>,
    refused: Vec<Unsuccess>,
    /// Whether the answer is lost.
    unanswered: bool,
}

impl Smsc {
    /// One id for all destinations; each has a fate and receipts of its own. Of all of them the last is
    /// remembered for those who ask.
    pub(super) fn hear_multi(&mut self, line: LineId, sequence: u32, multi: &SubmitMulti) {
        let Some(tally) = self.count(line, multi) else {
            self.stats.cut += 1;
            return self.give(line, Input::Eof);
        };
        let first = tally.refused.first().map(|it| it.status);
        let latency = self.dice.within(self.behaviour.latency);
        if tally.taken.is_empty() {
            let status = match first {
                Some(status) => status,
                None if multi.destinations.is_empty() => CommandStatus::InvalidNumberOfDestinations,
                None => return,
            };
            let answer = Answer { sequence, status, id: CString::default(), to: Reply::Multi(Vec::new()) };
            return self.answer_after(line, latency, false, answer);
        }
        let (number, id) = self.next_id(line);
        if tally.unanswered {
            self.stats.unanswered += 1;
        } else {
            let (status, to) = (CommandStatus::Ok, Reply::Multi(tally.refused));
            self.answer_after(line, latency, false, Answer { sequence, status, id: id.clone(), to });
        }
        for (asked, outcome) in tally.taken {
            self.stats.taken += 1;
            let verdict = Verdict::Taken { id: id.clone(), outcome, answered: !tally.unanswered };
            self.note(line, &asked, || verdict);
            self.promise(line, &asked, (number, id.clone(), outcome), Some(latency));
        }
    }

    /// Decides about each destination; `None` if the line is to be cut.
    fn count(&mut self, line: LineId, multi: &SubmitMulti) -> Option<Tally> {
        let mut tally = Tally::default();
        for destination in &multi.destinations {
            let address = match destination {
                DestAddress::Sme(address) => address.clone(),
                // Nobody here has lists.
                DestAddress::List(name) => {
                    let destination = Address { digits: name.clone(), ..Address::default() };
                    let status = CommandStatus::InvalidListName;
                    tally.refused.push(Unsuccess { destination, status });
                    continue;
                }
            };
            let asked = Asked::of_multi(multi, address);
            self.stats.submits += 1;
            match self.decide(line, &asked) {
                Decision::Take { outcome, answered } => {
                    tally.unanswered |= !answered;
                    tally.taken.push((asked, outcome));
                }
                Decision::Refuse(status) => {
                    self.note(line, &asked, || Verdict::Refused(status));
                    tally.refused.push(Unsuccess { destination: asked.destination, status });
                }
                Decision::Ignore => {
                    self.stats.unanswered += 1;
                    self.note(line, &asked, || Verdict::Ignored);
                }
                Decision::Cut => return None,
            }
        }
        Some(tally)
    }

    /// Takes a broadcast that has what it must have; it is over after the delay of receipts.
    pub(super) fn hear_broadcast(&mut self, line: LineId, sequence: u32, broadcast: &BroadcastSm) {
        let Some((account, _)) = self.lines.get(&line).and_then(|it| it.bound) else { return };
        self.stats.broadcasts += 1;
        let latency = self.dice.within(self.behaviour.latency);
        if !REQUIRED.iter().all(|tag| broadcast.tlvs.get(*tag).is_some()) {
            let status = CommandStatus::MissingTlv;
            let answer = Answer { sequence, status, id: CString::default(), to: Reply::Broadcast };
            return self.answer_after(line, latency, false, answer);
        }
        let (number, id) = self.next_id(line);
        let text = broadcast.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
        let text = &text[..text.len().min(TEXT_MAX)];
        let submitted = self.unix(self.now).as_secs().cast_signed();
        let original = Original::copy(number, &broadcast.source, &Address::default(), text, submitted);
        let end = self.now + latency + self.dice.within(self.behaviour.receipts.delay);
        let areas = broadcast.tlvs.iter().filter(|it| it.0 == Tag::BROADCAST_AREA_IDENTIFIER);
        let areas = areas.map(|(_, area)| Bytes::copy_from_slice(&area)).collect();
        let message = Remembered { areas, ..Remembered::new(account, original, (end, MessageState::Delivered)) };
        self.register.add(id.clone(), message);
        let answer = Answer { sequence, status: CommandStatus::Ok, id, to: Reply::Broadcast };
        self.answer_after(line, latency, false, answer);
    }
}
