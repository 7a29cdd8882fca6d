//! What each carrier has done since the start, counted from the facts of each beat.

use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::snapshot::Tally;
use crate::message::id::CarrierId;
use crate::message::status::Status;
use std::collections::BTreeMap;

/// What all of them have done.
#[derive(Debug, Default)]
pub(crate) struct Tallies(BTreeMap<CarrierId, Tally>);

impl Tallies {
    /// Counts the facts of a beat.
    pub(crate) fn count(&mut self, facts: &[Fact]) {
        for fact in facts {
            match fact {
                Fact::Submitted { link, .. } => self.at(link.carrier).submitted += 1,
                Fact::Answered { link, answer, throttled, .. } => {
                    let tally = self.at(link.carrier);
                    tally.answers[usize::from(answer.number())] += 1;
                    tally.throttled += u64::from(*throttled);
                }
                Fact::Receipt { carrier, status, .. } => {
                    let tally = self.at(*carrier);
                    tally.receipts += 1;
                    tally.delivered += u64::from(*status == Status::Delivered);
                }
                _ => (),
            }
        }
    }

    /// What a carrier has done.
    pub(crate) fn of(&self, carrier: CarrierId) -> Tally {
        self.0.get(&carrier).copied().unwrap_or_default()
    }

    fn at(&mut self, carrier: CarrierId) -> &mut Tally {
        self.0.entry(carrier).or_default()
    }
}
