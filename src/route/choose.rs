//! Which carrier takes a message: all that may, best first, each with the reason for its place.
//!
//! ```text
//! list    that of the destination, else by weights (a draw names the first), else that of the route
//! order   static: as it is · scored: the best score first, the demoted last · cheapest: the least cost first
//! ```
//!
//! Pure, without allocation, and the same for the same dice: what was decided can be told again.

use crate::message::id::CarrierId;
use crate::message::money::Money;
use crate::route::plan::{CarrierOrder, Route};
use crate::route::table::Destination;
use std::ops::Deref;

/// Carriers that one route may have: more than anybody has, and a ranking still fits a few cache lines.
pub const CARRIERS_MAX: usize = 64;

/// Of the messages of a scored route, how many try a carrier that is demoted or not known yet.
pub const PROBES: f64 = 0.02;

/// What is known of carriers, for one destination.
pub trait Signals {
    /// How good a carrier is here: its score, if it has one, and whether it is demoted.
    fn grade(&self, carrier: CarrierId) -> Grade;

    /// What a part costs there; `None` where no cost is stated.
    fn cost(&self, carrier: CarrierId) -> Option<Money>;
}

/// How good a carrier is for a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grade {
    /// 0 to 1; `None` while too little is known.
    pub score: Option<f64>,
    /// Whether it is so much worse than the best that it comes last.
    pub demoted: bool,
}

closed_set! {
    /// Why a carrier stands where it stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RankReason: all, word {
        /// Its place in the list of the route.
        Listed "listed",
        /// Its place in the list for the destination.
        Country "country",
        /// The draw by weights named it.
        Drawn "drawn",
        /// Its weight, after the one that was drawn.
        Weight "weight",
        /// Its score.
        Score "score",
        /// It has no score yet, and comes after those that have one.
        Unscored "unscored",
        /// Its score is too far below the best.
        Demoted "demoted",
        /// A try, to learn how it does now.
        Probe "probe",
        /// Its cost.
        Cost "cost",
        /// Its cost is not stated, and it comes after those whose cost is.
        CostUnknown "cost_unknown",
    }
}

/// A carrier in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Who.
    pub carrier: CarrierId,
    /// Why there.
    pub why: RankReason,
}

/// Carriers, best first.
#[derive(Clone, Copy, Debug)]
pub struct Ranking {
    ranked: [Ranked; CARRIERS_MAX],
    count: usize,
}

impl Ranking {
    /// Of no carrier.
    pub const NONE: Self =
        Self { ranked: [Ranked { carrier: CarrierId(0), why: RankReason::Listed }; CARRIERS_MAX], count: 0 };

    /// The carriers alone.
    pub fn carriers(&self) -> impl Iterator<Item = CarrierId> + Clone + '_ {
        self.iter().map(|it| it.carrier)
    }
}

impl Deref for Ranking {
    type Target = [Ranked];

    fn deref(&self) -> &[Ranked] {
        &self.ranked[..self.count]
    }
}

/// The carriers that a message may go to, in the order in which they are written, and why these.
pub fn carriers_for<'a>(route: &'a Route, to: &Destination<'_>) -> (&'a [CarrierId], RankReason) {
    match route.carriers_by_country.get(to) {
        Some(own) => (own, RankReason::Country),
        None => (&route.carriers, RankReason::Listed),
    }
}

/// The carriers of a route for a destination, best first. `dice` is 64 even bits; each message brings its own.
pub fn ranking(route: &Route, to: &Destination<'_>, signals: &impl Signals, dice: u64) -> Ranking {
    let (list, why) = carriers_for(route, to);
    let mut ranking = Ranking::NONE;
    for (place, carrier) in ranking.ranked.iter_mut().zip(list) {
        *place = Ranked { carrier: *carrier, why };
        ranking.count += 1;
    }
    let ranked = &mut ranking.ranked[..ranking.count];
    // Two draws that do not know of each other: one from each half of the dice.
    let (by_weight, by_probe) = (chance(dice as u32), chance((dice >> 32) as u32));
    if why == RankReason::Listed && !route.weights.is_empty() {
        draw(ranked, &route.weights, by_weight);
    }
    match route.order {
        CarrierOrder::Static => {}
        CarrierOrder::Scored => by_score(ranked, signals, by_probe),
        CarrierOrder::Cheapest => by_cost(ranked, signals),
    }
    ranking
}

/// 0 to 1, without 1.
fn chance(bits: u32) -> f64 {
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

/// Puts the carrier that the draw names first. The list is in the order of its weights already.
fn draw(ranked: &mut [Ranked], weights: &[f64], chance: f64) {
    ranked.iter_mut().for_each(|it| it.why = RankReason::Weight);
    let mut left = chance * weights.iter().sum::<f64>();
    let drawn = weights.iter().position(|weight| {
        left -= weight;
        left < 0.0
    });
    to_front(ranked, drawn.unwrap_or(0), RankReason::Drawn);
}

/// Makes the one at a place the first; the others stay in their order.
fn to_front(ranked: &mut [Ranked], place: usize, why: RankReason) {
    if let Some(first) = ranked.get_mut(..=place) {
        first.rotate_right(1);
        first[0].why = why;
    }
}

fn by_score(ranked: &mut [Ranked], signals: &impl Signals, chance: f64) {
    // Those that are good, then those that nothing is known of, then those that are not.
    const KINDS: [RankReason; 3] = [RankReason::Score, RankReason::Unscored, RankReason::Demoted];
    /// Above the octets of every score that is below 2.
    const KIND: u32 = 62;
    let mut is_known = false;
    let key = |carrier| {
        let Grade { score, demoted } = signals.grade(carrier);
        is_known |= score.is_some();
        let kind = if demoted { 2 } else { u64::from(score.is_none()) };
        // The octets of numbers that are not negative are in the order of the numbers; the best comes first.
        (kind << KIND) | ((1 << KIND) - 1 - score.unwrap_or(0.0).clamp(0.0, 1.0).to_bits())
    };
    let keys = keys(ranked, key);
    if !is_known {
        return;
    }
    sort(ranked, &keys, |key| KINDS[(key >> KIND) as usize]);
    let good = ranked.iter().filter(|it| it.why == RankReason::Score).count();
    let others = ranked.len() - good;
    if chance < PROBES && 0 < others {
        // What is left of the chance is even again, and names one of them.
        let one = (chance / PROBES * others as f64) as usize;
        to_front(ranked, good + one.min(others - 1), RankReason::Probe);
    }
}

fn by_cost(ranked: &mut [Ranked], signals: &impl Signals) {
    const UNKNOWN: u64 = u64::MAX;
    let keys = keys(ranked, |it| signals.cost(it).map_or(UNKNOWN, |it| it.0.max(0).unsigned_abs()));
    sort(ranked, &keys, |key| if key == UNKNOWN { RankReason::CostUnknown } else { RankReason::Cost });
}

/// A number for each carrier, by which it is sorted.
fn keys(ranked: &[Ranked], mut key: impl FnMut(CarrierId) -> u64) -> [u64; CARRIERS_MAX] {
    let mut keys = [0; CARRIERS_MAX];
    keys.iter_mut().zip(ranked).for_each(|(it, ranked)| *it = key(ranked.carrier));
    keys
}

/// Sorts by the keys, the least first; those with the same stay in their order.
fn sort(ranked: &mut [Ranked], keys: &[u64; CARRIERS_MAX], why: impl Fn(u64) -> RankReason) {
    let mut sorted = [(0, 0, CarrierId(0)); CARRIERS_MAX];
    let sorted = &mut sorted[..ranked.len()];
    for (place, (it, (listed, key))) in sorted.iter_mut().zip(ranked.iter().zip(keys)).enumerate() {
        *it = (*key, place as u8, listed.carrier);
    }
    sorted.sort_unstable();
    for (it, (key, _, carrier)) in ranked.iter_mut().zip(sorted) {
        *it = Ranked { carrier: *carrier, why: why(*key) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SplitMix64;
    use crate::message::class::Class;
    use crate::message::id::RouteId;
    use crate::number::e164::E164;
    use crate::route::table::{ByDestination, PrefixTable};
    use proptest::prelude::*;

    const ACME: CarrierId = CarrierId(1);
    const BETA: CarrierId = CarrierId(2);
    const CORP: CarrierId = CarrierId(3);
    const TO: E164 = E164(31_612_345_678);

    /// By the numbers of the carriers, from 0.
    struct Known(Vec<(Option<f64>, bool, Option<i64>)>);

    impl Signals for Known {
        fn grade(&self, carrier: CarrierId) -> Grade {
            let (score, demoted, _) = self.0[usize::from(carrier.0)];
            Grade { score, demoted }
        }

        fn cost(&self, carrier: CarrierId) -> Option<Money> {
            self.0[usize::from(carrier.0)].2.map(Money)
        }
    }

    fn nothing() -> Known {
        Known(vec![(None, false, None); 4])
    }

    fn route(order: CarrierOrder) -> Route {
        Route { order, ..Route::new(RouteId(1), Class::Otp, vec![ACME, BETA, CORP]) }
    }

    fn rank(route: &Route, signals: &Known, dice: u64) -> Vec<(CarrierId, RankReason)> {
        ranking(route, &Destination::of(TO), signals, dice).iter().map(|it| (it.carrier, it.why)).collect()
    }

    /// Dice that never probe.
    const CALM: u64 = u64::MAX;

    #[test]
    fn a_static_route_is_as_it_is_written() {
        let all = [ACME, BETA, CORP].map(|it| (it, RankReason::Listed));
        assert_eq!(rank(&route(CarrierOrder::Static), &nothing(), 0), all);
    }

    #[test]
    fn a_destination_has_its_own_list_where_one_is_written() {
        let prefixes = PrefixTable::new([("3161", vec![CORP].into()), ("31", vec![BETA].into())]).unwrap();
        let by_country = ByDestination { prefixes, ..ByDestination::default() };
        let mut route = Route { carriers_by_country: by_country, weights: vec![1.0; 3], ..route(CarrierOrder::Static) };
        assert_eq!(rank(&route, &nothing(), 0), [(CORP, RankReason::Country)]);
        route.carriers_by_country.prefixes = PrefixTable::new([("32", vec![CORP].into())]).unwrap();
        assert_eq!(rank(&route, &nothing(), 0)[0], (ACME, RankReason::Drawn));
    }

    /// Chi-square of a draw with one degree of freedom: 10.83 is passed once in a thousand.
    #[test]
    fn draws_follow_the_weights_over_ten_thousand() {
        let route = Route { carriers: vec![ACME, BETA], weights: vec![70.0, 30.0], ..route(CarrierOrder::Static) };
        for seed in 0..5 {
            let mut dice = SplitMix64::new(seed);
            let drawn = (0..10_000).filter(|_| rank(&route, &nothing(), dice.roll())[0] == (ACME, RankReason::Drawn));
            let acme = drawn.count() as f64;
            let square = (acme - 7_000.0).powi(2) / 7_000.0 + (acme - 7_000.0).powi(2) / 3_000.0;
            assert!(square < 10.83, "seed {seed}: {acme} of 10,000, chi-square {square}");
        }
    }

    #[test]
    fn after_the_draw_the_others_follow_by_weight() {
        let route = Route { weights: vec![60.0, 30.0, 10.0], ..route(CarrierOrder::Static) };
        let all = |dice| rank(&route, &nothing(), dice);
        assert_eq!(all(0), [(ACME, RankReason::Drawn), (BETA, RankReason::Weight), (CORP, RankReason::Weight)]);
        assert_eq!(
            all(u64::from(u32::MAX)),
            [(CORP, RankReason::Drawn), (ACME, RankReason::Weight), (BETA, RankReason::Weight)]
        );
    }

    #[test]
    fn scores_put_the_best_first_and_the_demoted_last() {
        let mut known = nothing();
        assert_eq!(
            rank(&route(CarrierOrder::Scored), &known, CALM)[0],
            (ACME, RankReason::Listed),
            "nothing is known yet"
        );
        known.0[1] = (Some(0.4), true, None);
        known.0[3] = (Some(0.9), false, None);
        let all = [(CORP, RankReason::Score), (BETA, RankReason::Unscored), (ACME, RankReason::Demoted)];
        assert_eq!(rank(&route(CarrierOrder::Scored), &known, CALM), all);
    }

    #[test]
    fn two_in_a_hundred_try_one_that_is_demoted_or_unknown() {
        let mut known = nothing();
        known.0[1] = (Some(0.4), true, None);
        known.0[2] = (Some(0.9), false, None);
        let (route, mut dice, mut tried) = (route(CarrierOrder::Scored), SplitMix64::new(1), [0; 4]);
        for _ in 0..100_000 {
            match rank(&route, &known, dice.roll())[..] {
                [(one, RankReason::Probe), (BETA, RankReason::Score), _] => tried[usize::from(one.0)] += 1,
                [(BETA, RankReason::Score), (CORP, RankReason::Unscored), (ACME, RankReason::Demoted)] => {}
                ref other => panic!("{other:?}"),
            }
        }
        assert!((900..1_100).contains(&tried[1]) && (900..1_100).contains(&tried[3]), "{tried:?}");
    }

    #[test]
    fn the_cheapest_comes_first_and_an_unknown_cost_last() {
        let known =
            Known(vec![(None, false, None), (None, false, None), (None, false, Some(30)), (None, false, Some(29))]);
        let all = [(CORP, RankReason::Cost), (BETA, RankReason::Cost), (ACME, RankReason::CostUnknown)];
        assert_eq!(rank(&route(CarrierOrder::Cheapest), &known, CALM), all);
    }

    proptest! {
        #[test]
        fn a_ranking_is_the_list_in_another_order(
            known in proptest::collection::vec((proptest::option::of(0.0..1.0), any::<bool>(), proptest::option::of(0_i64..9)), 65),
            count in 1..=CARRIERS_MAX, order in 0..3, weighted in any::<bool>(), dice in any::<u64>(),
        ) {
            let carriers: Vec<CarrierId> = (0..count as u16).map(CarrierId).collect();
            let weights = if weighted { vec![1.0; count] } else { Vec::new() };
            let order = [CarrierOrder::Static, CarrierOrder::Scored, CarrierOrder::Cheapest][order as usize];
            let route = Route { order, weights, ..Route::new(RouteId(1), Class::Otp, carriers.clone()) };
            let mut found: Vec<CarrierId> = rank(&route, &Known(known), dice).iter().map(|it| it.0).collect();
            found.sort_unstable();
            prop_assert_eq!(found, carriers);
        }
    }
}
