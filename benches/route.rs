//! What it costs to decide which carrier takes a message.
//!
//! ```text
//! cargo bench --bench route
//! ```
//!
//! Fifty carriers with costs and with an hour of outcomes behind them; ten thousand prefixes that each lead to
//! all fifty in an order of their own; another number each time. A decision is all of it: whose number it is, the list
//! for it, what its carriers are worth there, and their ranking. What carriers are worth is worked out once a second
//! for each country, as the daemon does it, and measured apart.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use nuncio::dice::SplitMix64;
use nuncio::message::class::Class;
use nuncio::message::id::{CarrierId, RouteId};
use nuncio::message::money::Money;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::route::choose::{Grade, Signals, ranking};
use nuncio::route::network::{Networks, Owner};
use nuncio::route::plan::{CarrierOrder, Route};
use nuncio::route::score::{DeliveryOutcome, Judged, Score};
use nuncio::route::table::{ByDestination, PrefixTable};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

const CARRIERS: u16 = 50;
const PREFIXES: u64 = 10_000;
const START: Time = Time(1_800_000_000_000);
const COUNTRIES: [&str; 5] = ["NL", "BE", "DE", "FR", "GB"];

/// Numbers of five countries, the prefixes of which are `31000` … `31999`, and so on with two lengths.
struct Numbers(SplitMix64);

impl Numbers {
    fn next(&mut self) -> E164 {
        let code = [31, 32, 49, 33, 44][(self.0.roll() % 5) as usize];
        E164(code * 1_000_000_000 + self.0.roll() % 1_000_000_000)
    }
}

/// Each prefix once: some are the beginnings of others.
fn prefixes() -> Vec<String> {
    let codes = [31, 32, 49, 33, 44];
    let all = (0..PREFIXES).map(|at| {
        let (code, place) = (codes[(at % 5) as usize], at / 5);
        if place < 1_000 { format!("{code}{place:03}") } else { format!("{code}{:04}", place * 7 % 10_000) }
    });
    all.collect()
}

fn route(order: CarrierOrder) -> Route {
    let mut dice = SplitMix64::new(1);
    let carriers: Vec<CarrierId> = (1..=CARRIERS).map(CarrierId).collect();
    let lists = prefixes().into_iter().map(|it| {
        let mut list = carriers.clone();
        list.rotate_left((dice.roll() % u64::from(CARRIERS)) as usize);
        (it, list.into_boxed_slice())
    });
    let lists: Vec<(String, Box<[CarrierId]>)> = lists.collect();
    let prefixes = PrefixTable::new(lists.iter().map(|(digits, list)| (digits.as_str(), list.clone())));
    let carriers_by_country =
        ByDestination { prefixes: prefixes.expect("each prefix is there once"), ..ByDestination::default() };
    Route { order, carriers_by_country, ..Route::new(RouteId(1), Class::Otp, carriers) }
}

fn networks() -> Networks {
    let prefixes = prefixes();
    let owner = Owner { country: None, network: Some("a network".into()) };
    Networks::new(prefixes.iter().map(|it| (it.as_str(), owner.clone()))).expect("each prefix is there once")
}

/// An hour of outcomes, in which some carriers are good and some are not.
fn score() -> Score {
    let (mut score, mut dice) = (Score::default(), Numbers(SplitMix64::new(2)));
    for minute in 0..60 {
        let now = START + Duration::from_secs(60 * minute);
        for (carrier, country) in (1..=CARRIERS).flat_map(|it| COUNTRIES.map(|country| (it, country))) {
            for _ in 0..2 {
                let good = dice.0.roll() % 100 < 50 + u64::from(carrier);
                let after = Duration::from_millis(1_000 + dice.0.roll() % 5_000);
                let outcome = if good { DeliveryOutcome::Delivered { after } } else { DeliveryOutcome::NotDelivered };
                score.note(now, CarrierId(carrier), Some(country), outcome);
            }
        }
    }
    score
}

/// What a decision sees: the judgement of its country, by the numbers of the carriers, and costs.
struct Seen<'a>(&'a [Judged]);

impl Signals for Seen<'_> {
    fn grade(&self, carrier: CarrierId) -> Grade {
        let found = self.0.binary_search_by_key(&carrier, |it| it.carrier).ok().map(|it| &self.0[it]);
        found.map_or_else(Grade::default, |it| Grade { score: it.score, demoted: it.demoted })
    }

    fn cost(&self, carrier: CarrierId) -> Option<Money> {
        Some(Money(i64::from(carrier.0 * 7 % CARRIERS)))
    }
}

fn decisions(criterion: &mut Criterion) {
    let (networks, now) = (networks(), START + Duration::from_secs(3_599));
    let (score, mut dice) = (score(), Numbers(SplitMix64::new(3)));
    let carriers: Vec<CarrierId> = (1..=CARRIERS).map(CarrierId).collect();
    let judged = COUNTRIES.map(|it| (Some(it), score.judge(now, &carriers, Some(it))));
    let judged: BTreeMap<Option<&str>, Vec<Judged>> = judged.into();
    let mut group = criterion.benchmark_group("route");
    for order in [CarrierOrder::Static, CarrierOrder::Scored, CarrierOrder::Cheapest] {
        let route = route(order);
        group.bench_function(format!("a decision, {}", order.word()), |it| {
            it.iter_batched(
                || (dice.next(), dice.0.roll()),
                |(number, dice)| {
                    let to = networks.destination(black_box(number));
                    let judged = judged.get(&to.country).map_or(&[][..], Vec::as_slice);
                    ranking(&route, &to, &Seen(judged), dice)[0]
                },
                BatchSize::SmallInput,
            );
        });
    }
    let table = route(CarrierOrder::Static).carriers_by_country;
    group.bench_function("the longest of 10,000 prefixes", |it| {
        it.iter_batched(|| dice.next(), |number| table.prefixes.get(black_box(number)), BatchSize::SmallInput);
    });
    // Once a second what is known of each carrier is reckoned anew.
    let fresh = score.clone();
    group.bench_function("fifty carriers judged anew", |it| {
        it.iter_batched_ref(
            || fresh.clone(),
            |score| score.judge(black_box(now + Duration::from_secs(60)), &carriers, Some("NL")).len(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
