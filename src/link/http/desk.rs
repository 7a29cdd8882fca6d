//! What a link over HTTP has been given: what waits for its turn, and what belongs together.
//!
//! A text goes whole. A message that another carrier would have got in several parts comes in several parts here
//! too, after a failover; the first of them takes the text, and the others share its answer.

use crate::carrier::http::request::{Constants, Letter, Shape};
use crate::carrier::report::{Answered, Ticket};
use crate::carrier::submit::Submit;
use crate::message::attempt::Answer;
use crate::message::id::Seq;
use crate::message::reason::Reason;
use std::collections::{HashMap, VecDeque};

/// Answers to messages of several parts that are remembered for parts that come later. The parts of a message move
/// together, so few are enough.
const RECENT_MAX: usize = 1_024;

/// How something that was given ended.
pub(super) type Ended = (Ticket, Answered);

/// What a link has been given, in the order in which it came. Bounded by what the link may hold.
#[derive(Default)]
pub(super) struct Desk {
    waiting: VecDeque<Letter>,
    /// The other parts of messages that wait or are asked for.
    joined: HashMap<Seq, Vec<Ticket>>,
    /// Messages of several parts that were taken.
    recent: VecDeque<Recent>,
}

struct Recent {
    seq: Seq,
    /// The parts that share the answer, a bit each.
    parts: u16,
    answered: Answered,
}

impl Desk {
    /// Takes what is to be submitted; what ends at once is told.
    pub(super) fn take(&mut self, submit: Submit) -> Option<Ended> {
        let ticket = submit.ticket;
        let key = ticket.key();
        if 1 < submit.body.submits() {
            if let Some(others) = self.joined.get_mut(&key.seq()) {
                others.push(ticket);
                return None;
            }
            if let Some(recent) = self.recent.iter_mut().find(|it| it.seq == key.seq()) {
                let bit = 1 << key.index();
                // A part that comes again is tried again.
                if recent.parts & bit == 0 {
                    recent.parts |= bit;
                    return Some((ticket, recent.answered.clone()));
                }
            }
            self.joined.insert(key.seq(), Vec::new());
        }
        match Letter::of(submit) {
            Ok(letter) => {
                self.waiting.push_back(letter);
                None
            }
            // Another carrier, of SMPP, can say what is no plain text.
            Err(_) => {
                self.joined.remove(&key.seq());
                let reason = Some(Reason::ContentRefused);
                Some((ticket, Answered { answer: Answer::Elsewhere, reason, ..Answered::NOT_SENT }))
            }
        }
    }

    /// The next to be asked for: the oldest, and as many behind it as may go in the same request.
    pub(super) fn next(&mut self, shape: &Shape, constants: &Constants<'_>) -> Option<Vec<Letter>> {
        let first = self.waiting.pop_front()?;
        if shape.batch == 1 {
            return Some(vec![first]);
        }
        let common = shape.common(&first, constants);
        let mut letters = vec![first];
        while letters.len() < shape.batch
            && let Some(letter) = self.waiting.pop_front_if(|it| shape.common(it, constants) == common)
        {
            letters.push(letter);
        }
        Some(letters)
    }

    /// One that was asked for has ended so; its other parts have, too.
    pub(super) fn ended(&mut self, ticket: Ticket, answered: &Answered) -> Vec<Ended> {
        let seq = ticket.key().seq();
        let mut all = vec![ticket];
        if let Some(others) = self.joined.remove(&seq) {
            all.extend(others);
            self.recent.retain(|it| it.seq != seq);
            if answered.answer == Answer::Taken {
                if self.recent.len() == RECENT_MAX {
                    self.recent.pop_front();
                }
                let parts = all.iter().fold(0, |parts, it| parts | 1 << it.key().index());
                self.recent.push_back(Recent { seq, parts, answered: answered.clone() });
            }
        }
        all.into_iter().map(|it| (it, answered.clone())).collect()
    }

    /// Gives back what waits.
    pub(super) fn give_back(&mut self) -> Vec<Ended> {
        let tickets: Vec<Ticket> = self.waiting.drain(..).map(|it| it.submit.ticket).collect();
        tickets.into_iter().flat_map(|it| self.ended(it, &Answered::NOT_SENT)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::http::request::{Format, Method};
    use crate::carrier::http::template::Template;
    use crate::message::attempt::CarrierMessageId;
    use crate::message::body::Body;
    use crate::message::class::Class;
    use crate::message::id::{AccountId, MessageId, OrderId, PartKey, RouteId};
    use crate::message::source::Source;
    use crate::message::time::Time;
    use crate::number::e164::E164;
    use crate::text::content::Requested;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    const CONSTANTS: Constants<'static> = Constants { system_id: "", password: "", receipt_url: "" };

    fn submit(seq: u64, index: u8, attempt: u8, of: (u8, &str)) -> Submit {
        let (parts, text) = of;
        let body = Body {
            id: MessageId { seq: Seq(seq), token: 0 },
            order: OrderId(1),
            account: AccountId(1),
            route: RouteId(1),
            class: Class::Otp,
            source: Source::Unset,
            destination: E164(31_612_345_678),
            text: text.into(),
            requested: if text.is_empty() { Requested::Binary } else { Requested::Auto },
            manner: None,
            parts,
            client_ref: None,
            send_at: None,
            charged: false,
            created: Time(1),
            expires: Time(2),
            price: None,
        };
        let ticket = Ticket::new(PartKey::new(Seq(seq), index), attempt);
        Submit { ticket, body: Arc::new(body), index, parts: 1, validity: Duration::from_secs(9) }
    }

    fn shape(batch: usize) -> Shape {
        let template = |text| Template::parse(text).unwrap();
        Shape {
            method: Method::Post,
            target: template("/"),
            headers: Vec::new(),
            format: Format::Form,
            body: Some(template("text={text}&to={elements}")),
            element: Some(template("{to}")),
            separator: "+".into(),
            batch,
            encodings: BTreeMap::new(),
        }
    }

    fn taken(id: &str) -> Answered {
        let carrier_message_id = CarrierMessageId::new(id);
        Answered { answer: Answer::Taken, carrier_message_id, ..Answered::NOT_SENT }
    }

    fn seqs(letters: &[Letter]) -> Vec<u64> {
        letters.iter().map(|it| it.submit.ticket.key().seq().0).collect()
    }

    #[test]
    fn a_request_takes_what_waits_and_says_the_same_up_to_its_batch() {
        let mut desk = Desk::default();
        for (seq, text) in [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "a")] {
            assert!(desk.take(submit(seq, 0, 1, (1, text))).is_none());
        }
        let mut next = |batch| desk.next(&shape(batch), &CONSTANTS).map(|it| seqs(&it));
        assert_eq!(next(2), Some(vec![1, 2]));
        assert_eq!(next(500), Some(vec![3]), "one that says something else is not overtaken");
        assert_eq!(next(1), Some(vec![4]));
        assert_eq!(next(500), Some(vec![5]));
        assert_eq!(next(500), None);
    }

    #[test]
    fn the_parts_of_a_message_are_one_request_and_share_its_answer() {
        let mut desk = Desk::default();
        let part = |index, attempt| submit(7, index, attempt, (3, "long"));
        assert!(desk.take(part(0, 1)).is_none() && desk.take(part(1, 1)).is_none());
        let asked = desk.next(&shape(1), &CONSTANTS).unwrap();
        assert!(desk.next(&shape(1), &CONSTANTS).is_none(), "the others wait for its answer");
        let ended = desk.ended(asked[0].submit.ticket, &taken("x"));
        assert_eq!(ended.iter().map(|it| it.0.key().index()).collect::<Vec<_>>(), [0, 1]);
        let late = desk.take(part(2, 1)).unwrap();
        assert_eq!((late.0.key().index(), late.1), (2, taken("x")));
        assert!(desk.take(part(2, 2)).is_none(), "a part that comes again is tried again");
        assert_eq!(desk.next(&shape(1), &CONSTANTS).map(|it| it.len()), Some(1));
    }

    #[test]
    fn a_refused_message_is_not_remembered() {
        let mut desk = Desk::default();
        assert!(desk.take(submit(7, 0, 1, (2, "long"))).is_none());
        let asked = desk.next(&shape(1), &CONSTANTS).unwrap();
        assert_eq!(desk.ended(asked[0].submit.ticket, &Answered::UNKNOWN).len(), 1);
        assert!(desk.take(submit(7, 1, 1, (2, "long"))).is_none());
    }

    #[test]
    fn what_waits_goes_back_as_not_sent_and_data_goes_elsewhere() {
        let mut desk = Desk::default();
        for (seq, index) in [(1, 0), (2, 0), (2, 1)] {
            assert!(desk.take(submit(seq, index, 1, (seq as u8, "a"))).is_none());
        }
        let back = desk.give_back();
        assert!(back.len() == 3 && back.iter().all(|it| it.1 == Answered::NOT_SENT), "{back:?}");
        let data = desk.take(submit(3, 0, 1, (1, ""))).unwrap();
        assert_eq!((data.1.answer, data.1.reason), (Answer::Elsewhere, Some(Reason::ContentRefused)));
        assert!(desk.give_back().is_empty());
    }
}
