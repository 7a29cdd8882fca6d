//! In which order the carriers of a route would be tried, as far as the configuration alone tells it.

use crate::dispatch::door::plan::Plan;
use crate::message::id::CarrierId;
use crate::message::money::Money;
use crate::message::source::Source;
use crate::number::e164::E164;
use crate::route::choose::{Grade, Signals, ranking};
use crate::route::plan::Route;

/// Dice that draw the heaviest carrier and try no demoted one: what happens to most messages.
pub(crate) const USUAL: u64 = u64::MAX << 32;

/// The names of the carriers that can say a sender to a number, best first. How well each delivers now, and whether its
/// links are up, is known where messages are given out, and not here.
pub(crate) fn rank<'a>(plan: &'a Plan, route: &Route, number: E164, from: &Source) -> Vec<&'a str> {
    let to = plan.networks.destination(number);
    let ranking = ranking(route, &to, &Costs { plan, number }, USUAL);
    let able = ranking.iter().filter(|it| plan.says_at(it.carrier, from));
    let known = able.filter_map(|it| plan.carriers.get(&it.carrier));
    known.filter(|it| !it.retired).map(|it| &*it.name).collect()
}

/// What carriers charge.
struct Costs<'a> {
    plan: &'a Plan,
    number: E164,
}

impl Signals for Costs<'_> {
    fn grade(&self, _: CarrierId) -> Grade {
        Grade::default()
    }

    fn cost(&self, carrier: CarrierId) -> Option<Money> {
        self.plan.cost(carrier, self.number)
    }
}
