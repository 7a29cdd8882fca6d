//! What a link over HTTP has been given and has not been asked for: it waits for its turn.

use crate::carrier::http::request::{Constants, Letter, Shape};
use crate::carrier::report::{Answered, Ticket};
use crate::carrier::submit::Submit;
use crate::message::attempt::Answer;
use crate::message::reason::Reason;
use std::collections::VecDeque;

/// How something that was given ended.
pub(super) type Ended = (Ticket, Answered);

/// What waits, in the order in which it came. Bounded by what the link may hold.
#[derive(Default)]
pub(super) struct Waiting(VecDeque<Letter>);

impl Waiting {
    /// Takes what is to be submitted. What cannot be said here is told at once: a carrier of SMPP can say it.
    pub(super) fn take(&mut self, submit: Submit) -> Option<Ended> {
        let ticket = submit.ticket;
        match Letter::of(submit) {
            Ok(letter) => {
                self.0.push_back(letter);
                None
            }
            Err(_) => {
                let reason = Some(Reason::ContentRefused);
                Some((ticket, Answered { answer: Answer::Elsewhere, reason, ..Answered::NOT_SENT }))
            }
        }
    }

    /// The next to be asked for: the oldest, and as many behind it as may go in the same request.
    pub(super) fn next(&mut self, shape: &Shape, constants: &Constants<'_>) -> Option<Vec<Letter>> {
        let first = self.0.pop_front()?;
        if shape.batch == 1 {
            return Some(vec![first]);
        }
        let common = shape.common(&first, constants);
        let mut letters = vec![first];
        while letters.len() < shape.batch
            && self.0.front().is_some_and(|it| shape.common(it, constants) == common)
            && let Some(letter) = self.0.pop_front()
        {
            letters.push(letter);
        }
        Some(letters)
    }

    /// Gives back what waits.
    pub(super) fn give_back(&mut self) -> impl Iterator<Item = Ended> {
        self.0.drain(..).map(|it| (it.submit.ticket, Answered::NOT_SENT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::http::request::{BodyFormat, Method};
    use crate::carrier::http::template::Template;
    use crate::message::body::Body;
    use crate::message::body::tests::body;

    use crate::message::id::{MessageId, PartKey, Seq};
    use crate::message::veil::Veil;

    use crate::text::content::Requested;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    const CONSTANTS: Constants<'static> =
        Constants { system_id: "", password: "", receipt_url: "", veil: &Veil::known() };

    fn submit(seq: u64, text: &str) -> Submit {
        let body = Body {
            id: MessageId { seq: Seq(seq), token: 0 },
            requested: if text.is_empty() { Requested::Binary } else { Requested::Auto },
            parts: 1,
            ..body(text, None)
        };
        let ticket = Ticket::new(PartKey::new(Seq(seq), 0), 1);
        Submit {
            ticket,
            body: Arc::new(body),
            index: 0,
            parts: 1,
            reference: 1,
            since: 1,
            validity: Duration::from_secs(9),
        }
    }

    fn shape(batch: usize) -> Shape {
        let template = |text| Template::parse(text).unwrap();
        Shape {
            method: Method::Post,
            target: template("/"),
            headers: Vec::new(),
            format: BodyFormat::Form,
            body: Some(template("text={text}&to={elements}")),
            element: Some(template("{to}")),
            separator: "+".into(),
            batch,
            encodings: BTreeMap::new(),
        }
    }

    fn seqs(letters: &[Letter]) -> Vec<u64> {
        letters.iter().map(|it| it.submit.ticket.key().seq().0).collect()
    }

    #[test]
    fn a_request_takes_what_waits_and_says_the_same_up_to_its_batch() {
        let mut waiting = Waiting::default();
        for (seq, text) in [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "a")] {
            assert!(waiting.take(submit(seq, text)).is_none());
        }
        let mut next = |batch| waiting.next(&shape(batch), &CONSTANTS).map(|it| seqs(&it));
        assert_eq!(next(2), Some(vec![1, 2]));
        assert_eq!(next(500), Some(vec![3]), "one that says something else is not overtaken");
        assert_eq!(next(1), Some(vec![4]));
        assert_eq!(next(500), Some(vec![5]));
        assert_eq!(next(500), None);
    }

    #[test]
    fn what_waits_goes_back_as_not_sent_and_data_goes_elsewhere() {
        let mut waiting = Waiting::default();
        assert!(waiting.take(submit(1, "a")).is_none() && waiting.take(submit(2, "a")).is_none());
        let data = waiting.take(submit(3, "")).unwrap();
        assert_eq!((data.1.answer, data.1.reason), (Answer::Elsewhere, Some(Reason::ContentRefused)));
        let back: Vec<Ended> = waiting.give_back().collect();
        assert!(back.len() == 2 && back.iter().all(|it| it.1 == Answered::NOT_SENT), "{back:?}");
        assert!(waiting.next(&shape(1), &CONSTANTS).is_none());
    }
}
