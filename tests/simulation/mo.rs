//! What becomes of messages from handsets, on the deciding floor and its store alone: every order of parts, the same
//! again, time-outs, handsets that count anew, and power that fails.

use crate::simulation::dice::Dice;
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::mo::{Fingerprint, Mo, Options, PartRef, ReferenceKind};
use nuncio::carrier::report::{News, Report};
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::Happening;
use nuncio::dispatch::door::plan::{Carrier, Plan};
use nuncio::dispatch::{Dispatch, Effects};
use nuncio::message::id::{AccountId, CarrierId, LinkId};
use nuncio::message::time::Time;
use nuncio::record::contract::{Poisoned, Store};
use nuncio::route::inbound::Inbound;
use nuncio::store::memory::{Leaves, Memory};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

const ACME: CarrierId = CarrierId(1);
const BETA: CarrierId = CarrierId(2);

/// A gateway with two carriers over a simulated disk.
struct World {
    dispatch: Dispatch,
    store: Memory,
    plan: Arc<Plan>,
    now: Time,
    /// When the next beat is due even if nothing comes.
    next: Option<Time>,
    tag: u64,
}

fn plan(options: Options) -> Arc<Plan> {
    let dialect = Arc::new(Dialect { mo: options, ..Dialect::default() });
    let carrier = |id: CarrierId, name: &str| Carrier {
        links: 2,
        parked_for: Duration::from_secs(60),
        dialect: dialect.clone(),
        ..Carrier::new(id, name)
    };
    let carriers = BTreeMap::from([(ACME, carrier(ACME, "acme")), (BETA, carrier(BETA, "beta"))]);
    let rule = Inbound { to: vec!["12345".into()], carrier: None, keyword: None, account: AccountId(7) };
    Arc::new(Plan { carriers, inbound: vec![rule], ..Plan::default() })
}

impl World {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let (mut store, now) = (Memory::new(), Time(1_700_000_000_000));
        let plan = plan(options);
        let dispatch = Dispatch::new(plan.clone(), store.recover().unwrap(), now);
        Self { dispatch, store, plan, now, next: Some(now), tag: 0 }
    }

    /// Power is lost and comes back: what was not durable is gone.
    fn crash(&mut self) {
        self.store = self.store.crash();
        self.dispatch = Dispatch::new(self.plan.clone(), self.store.recover().unwrap(), self.now);
        self.next = Some(self.now);
    }

    fn beat(&mut self, happenings: Vec<Happening>) -> Result<Effects, Poisoned> {
        let mut token = 0;
        let mut dice = || {
            token += 1;
            token
        };
        let outcome = self.dispatch.beat(self.now, &mut dice, happenings, &mut self.store)?;
        self.next = outcome.next;
        Ok(outcome)
    }

    /// What comes in one beat, each on a link of its own carrier; whether all of it was confirmed.
    fn hear(&mut self, came: &[(LinkId, Mo)]) -> Result<bool, Poisoned> {
        let first = self.tag;
        let report = |(link, mo): &(LinkId, Mo)| {
            self.tag += 1;
            Happening::Link(*link, Report::Inbound { tag: self.tag, news: News::Mo(mo.clone()) })
        };
        let happenings = came.iter().map(report).collect();
        let outcome = self.beat(happenings)?;
        let confirmed: Vec<u64> = outcome
            .commands
            .iter()
            .filter_map(|it| match it {
                Command::Confirm(_, tag) => Some(*tag),
                _ => None,
            })
            .collect();
        Ok(confirmed == (first + 1..=self.tag).collect::<Vec<_>>())
    }

    fn take(&mut self, mo: Mo) {
        assert!(self.hear(&[(link(ACME, 0), mo)]).unwrap(), "it is confirmed");
    }

    /// So much time goes by, with the beats that are due in between.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.next.filter(|it| *it <= end) {
            self.now = self.now.max(next);
            self.beat(Vec::new()).unwrap();
        }
        self.now = end;
    }

    /// What is durable, as the account is told.
    fn told(&self) -> Vec<Value> {
        self.store.events().map(|it| serde_json::from_str(&it.data).unwrap()).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.told().iter().map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    }
}

fn link(carrier: CarrierId, bind: u8) -> LinkId {
    LinkId { carrier, bind }
}

fn whole(text: &str) -> Mo {
    let mut octets = [0; 16];
    octets.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    Mo {
        source: "+31612345678".into(),
        destination: "12345".into(),
        data_coding: 1,
        udhi: false,
        octets: text.as_bytes().into(),
        fingerprint: Fingerprint(octets),
        ..Mo::default()
    }
}

fn part(text: &str, reference: u16, (index, total): (u8, u8)) -> Mo {
    Mo { concat: Some(PartRef { kind: ReferenceKind::Udh8, reference, total, index }), ..whole(text) }
}

#[test]
fn parts_in_every_order_over_all_binds_are_one_message() {
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        for at_once in [false, true] {
            let mut world = World::new();
            let came = order.map(|it| (link(ACME, it % 2), part(&format!("{it} "), 9, (it, 3))));
            if at_once {
                assert!(world.hear(&came).unwrap());
            } else {
                came.into_iter().for_each(|it| assert!(world.hear(&[it]).unwrap()));
            }
            assert_eq!(world.texts(), ["1 2 3 "], "{order:?}");
            assert!(world.store.recover().unwrap().mo_parts.is_empty());
            let event = world.store.events().next().unwrap();
            assert_eq!((event.account, event.at), (Some(AccountId(7)), world.now));
        }
    }
}

#[test]
fn parts_of_different_messages_are_not_mixed() {
    let mut world = World::new();
    let one = part("one", 9, (1, 2));
    world.take(one.clone());
    let place = one.concat.unwrap();
    let two = part("two", 9, (2, 2));
    let others = [
        (ACME, part("a", 8, (2, 2))),
        (ACME, part("b", 9, (2, 3))),
        (ACME, Mo { concat: Some(PartRef { kind: ReferenceKind::Udh16, index: 2, ..place }), ..whole("c") }),
        (ACME, Mo { concat: Some(PartRef { kind: ReferenceKind::Sar, index: 2, ..place }), ..whole("d") }),
        (ACME, Mo { source: "+31612345679".into(), ..part("e", 9, (2, 2)) }),
        (ACME, Mo { destination: "54321".into(), ..part("f", 9, (2, 2)) }),
        (BETA, part("g", 9, (2, 2))),
    ];
    for (carrier, mo) in others {
        assert!(world.hear(&[(link(carrier, 0), mo)]).unwrap());
    }
    assert_eq!(world.told(), Vec::<Value>::new());
    assert_eq!(world.dispatch.gauges().mo_incomplete, 8);
    world.take(two);
    assert_eq!(world.texts(), ["onetwo"]);
}

#[test]
fn what_comes_again_is_confirmed_again_and_told_once() {
    let mut world = World::new();
    for _ in 0..3 {
        world.take(whole("STOP"));
        world.take(part("one", 9, (1, 2)));
        world.pass(Duration::from_secs(60));
        world.crash();
    }
    world.take(part("two", 9, (2, 2)));
    world.take(part("one", 9, (1, 2)));
    assert_eq!(world.texts(), ["STOP", "onetwo"]);
    assert_eq!(world.dispatch.gauges().mo_incomplete, 0);
    // Another carrier's is another.
    assert!(world.hear(&[(link(BETA, 0), whole("STOP"))]).unwrap());
    // After ten minutes a person means it.
    world.pass(Duration::from_secs(601));
    world.take(whole("STOP"));
    assert_eq!(world.texts(), ["STOP", "onetwo", "STOP", "STOP"]);
    let kept = world.store.recover().unwrap().mo_seen;
    assert!(kept.iter().filter(|it| it.carrier == ACME).all(|it| it.at == world.now), "{kept:?}");
}

#[test]
fn without_a_window_everything_is_told_but_parts_that_wait() {
    let mut world = World::with(Options { redelivery_window: None, ..Options::default() });
    for _ in 0..2 {
        world.take(whole("STOP"));
        world.take(part("one", 9, (1, 2)));
    }
    assert_eq!(world.texts(), ["STOP", "STOP"]);
    world.take(part("two", 9, (2, 2)));
    assert_eq!(world.texts(), ["STOP", "STOP", "onetwo"]);
    assert!(world.store.recover().unwrap().mo_seen.is_empty());
}

#[test]
fn when_the_time_is_up_what_came_is_told() {
    let mut world = World::new();
    world.take(part("two", 9, (2, 3)));
    world.pass(Duration::from_secs(299));
    world.take(part("one", 9, (1, 3)));
    assert_eq!(world.told(), Vec::<Value>::new());
    world.pass(Duration::from_secs(1));
    let [told] = &world.told()[..] else { panic!("{:?}", world.told()) };
    assert_eq!(
        (&told["text"], &told["complete"], &told["missing"]),
        (&"onetwo".into(), &false.into(), &vec![3].into())
    );
    assert_eq!(told["received_at"], Time(1_700_000_000_000).to_string(), "that of its first part");
    assert!(world.store.recover().unwrap().mo_parts.is_empty());
    assert_eq!(world.next, None, "nothing is due any more");
    // What comes too late is told, too.
    world.take(part("three", 9, (3, 3)));
    world.pass(Duration::from_secs(300));
    assert_eq!(world.texts(), ["onetwo", "three"]);
}

#[test]
fn the_time_that_the_daemon_was_down_does_not_count() {
    let mut world = World::new();
    world.take(part("one", 9, (1, 2)));
    world.now = world.now + Duration::from_secs(100_000);
    world.crash();
    world.beat(Vec::new()).unwrap();
    world.take(part("two", 9, (2, 2)));
    assert_eq!(world.texts(), ["onetwo"]);
}

#[test]
fn a_handset_that_counts_anew_completes_nothing_old() {
    let mut world = World::new();
    world.take(part("old", 9, (1, 2)));
    world.take(part("new", 9, (1, 2)));
    world.take(part("er", 9, (2, 2)));
    assert_eq!(world.texts(), ["old", "newer"]);
    assert_eq!(world.told()[0]["missing"], Value::from(vec![2]));
}

#[test]
fn what_fits_no_account_is_kept_under_none() {
    let mut world = World::new();
    world.take(Mo { destination: "54321".into(), ..whole("hello") });
    assert_eq!(world.store.events().map(|it| it.account).collect::<Vec<_>>(), [None]);
}

#[test]
fn nothing_is_confirmed_that_is_not_durable() {
    for leaves in [Leaves::Nothing, Leaves::Everything] {
        let mut world = World::new();
        world.store.fail_at(1, leaves);
        assert!(world.hear(&[(link(ACME, 0), whole("hello"))]).is_err());
        world.crash();
        assert_eq!(world.told().len(), usize::from(leaves == Leaves::Everything));
        world.take(whole("hello"));
        assert_eq!(world.texts(), ["hello"]);
    }
}

/// Carriers that send each part until it is confirmed, and some again after that; power that fails. In the end
/// each part that was confirmed stands in exactly one event, and no event has what was not sent.
#[test]
fn every_confirmed_part_is_told_once_over_crashes_repeats_and_time_outs() {
    for seed in 1..=200_u64 {
        let mut dice = Dice::new(seed);
        let mut below = |end: usize| dice.below(end as u64) as usize;
        let mut world = World::new();
        let mut open: Vec<Mo> = Vec::new();
        for message in 0..12_u8 {
            let total = 1 + below(4) as u8;
            let text = |index: u8| format!("<{message}.{index}>");
            // A few references, so that some are used twice. A part or two never comes.
            let reference = below(4) as u16;
            let parts = (1..=total).map(|it| match total {
                1 => whole(&text(1)),
                _ => part(&text(it), reference, (it, total)),
            });
            open.extend(parts.filter(|_| below(9) != 0));
        }
        let sent: HashSet<String> = open.iter().map(|it| String::from_utf8_lossy(&it.octets).into()).collect();
        let mut confirmed: Vec<Mo> = Vec::new();
        while !open.is_empty() {
            let many = 1 + below(4);
            let mut came = Vec::new();
            for _ in 0..many {
                let again = !confirmed.is_empty() && below(4) == 0;
                let from = if again { &confirmed } else { &open };
                came.push((link(ACME, below(2) as u8), from[below(from.len())].clone()));
            }
            if below(5) == 0 {
                let leaves = if below(2) == 0 { Leaves::Nothing } else { Leaves::Everything };
                world.store.fail_at(1, leaves);
            }
            match world.hear(&came) {
                Ok(all) => {
                    assert!(all);
                    // The confirmation of some is lost.
                    let heard: Vec<Mo> = came.into_iter().map(|it| it.1).filter(|_| below(5) != 0).collect();
                    open.retain(|it| !heard.contains(it));
                    confirmed.extend(heard);
                }
                Err(_) => world.crash(),
            }
            if below(6) == 0 {
                world.crash();
            }
            world.pass(Duration::from_millis(below(9_000) as u64));
        }
        world.crash();
        world.beat(Vec::new()).unwrap();
        world.pass(Duration::from_secs(300));
        let told = world.texts().concat();
        let pieces: Vec<&str> = told.split_inclusive('>').collect();
        let once: HashSet<&str> = pieces.iter().copied().collect();
        assert_eq!(once.len(), pieces.len(), "seed {seed}: told twice: {told}");
        assert_eq!(once, sent.iter().map(String::as_str).collect(), "seed {seed}");
        assert!(world.store.recover().unwrap().mo_parts.is_empty());
    }
}
