//! The guards, by requests of all kinds.

use crate::guard::guards::{Asker, CONVERTED_MAX, CodeSend, Guards, Notice, Objection, Outcome, Wish};
use crate::guard::policy::{Budget, GuardKind, GuardMode, GuardReason, NewCountry, Policy};
use crate::guard::prefix::{PersonAddress, Prefix};
use crate::message::channel::Channel;
use crate::message::id::AppId;
use crate::message::money::Money;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::number::line::LineType;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

const NUMBER: u64 = 31_612_345_678;

fn wish(to: u64, at: u64) -> Wish<'static> {
    Wish {
        at: Time(1 + at * 1_000),
        app: AppId(1),
        channel: Channel::Sms,
        to: E164(to),
        by: Asker { address: None, line: LineType::Mobile },
        country: Some("NL"),
        cost: Some(Money(87_000)),
        max_price: None,
        ordered: None,
    }
}

/// Only these rules.
fn bare() -> Policy {
    Policy {
        per_phone: Vec::new(),
        per_ip: Vec::new(),
        per_network: Vec::new(),
        wrong_guesses: None,
        modes: [(GuardKind::Pumping, GuardMode::Off)].into(),
        sequence: None,
        new_country: None,
        lines: BTreeSet::new(),
        ..Policy::default()
    }
}

fn judge(guards: &Guards, policy: &Policy, wish: &Wish<'_>) -> Option<GuardKind> {
    let Ok(judgement) = guards.judge::<Infallible>(policy, wish, &mut || Ok(false));
    judgement.refused.map(|it| it.guard)
}

/// Asks, and sends where nothing refuses.
fn send(guards: &mut Guards, policy: &Policy, wish: &Wish<'_>) -> Option<GuardKind> {
    let refused = judge(guards, policy, wish);
    if refused.is_none() {
        guards.sent(policy, wish);
    }
    refused
}

fn approve(guards: &mut Guards, policy: &Policy, sent: &Wish<'_>, seconds: u64) {
    let sends = [CodeSend { at: sent.at, address: sent.by.address, channel: sent.channel }];
    let (at, to, created) = (sent.at + Duration::from_secs(seconds), sent.to, sent.at);
    let outcome =
        Outcome { at, to, created, sends: &sends, approved: true, chosen: false, elsewhere: false, left: true };
    guards.ended(policy, outcome);
}

#[test]
fn five_thousand_to_one_prefix_are_fifty_and_the_rest_wait_ever_longer() {
    let policy = Policy { modes: BTreeMap::new(), ..bare() };
    let mut guards = Guards::default();
    let sent = (0..5_000).filter(|it| send(&mut guards, &policy, &wish(31_612_340_000 + it, 0)).is_none()).count();
    assert_eq!(sent, 50);
    let block = guards.blocks(wish(0, 0).at).next().expect("a block");
    assert_eq!((block.prefix, block.guard), (Prefix::of_record(3_161_234), GuardKind::Pumping));
    assert_eq!(block.until, wish(0, 300).at);
    assert_eq!(judge(&guards, &policy, &wish(31_612_350_000, 1)), None, "others are sent to");
    // For a day, as fast as may be.
    let more = (0..86_400).filter(|it| send(&mut guards, &policy, &wish(31_612_340_000 + it % 10_000, *it)).is_none());
    assert!(more.count() <= 60, "five for each block that is over");
}

#[test]
fn numbers_one_behind_the_other_are_five() {
    let policy = Policy { sequence: Policy::default().sequence, ..bare() };
    let mut guards = Guards::default();
    let sent = (0..100).filter(|it| send(&mut guards, &policy, &wish(31_612_345_600 + it, *it)).is_none());
    assert_eq!(sent.count(), 5);
    // One of them comes back, and one number asked thrice is one number.
    let mut guards = Guards::default();
    for it in 0..12 {
        let sent = wish(31_612_345_600 + it / 3, it);
        assert_eq!(send(&mut guards, &policy, &sent), None);
    }
    approve(&mut guards, &policy, &wish(31_612_345_600, 12), 1);
    let more = (10..14).filter(|it| send(&mut guards, &policy, &wish(31_612_345_600 + it, 14)).is_none());
    assert_eq!(more.count(), 4, "they are counted anew");
}

#[test]
fn success_frees_the_number_and_the_address_and_no_guess() {
    let policy = Policy {
        per_phone: Policy::default().per_phone,
        per_ip: Policy::default().per_ip,
        wrong_guesses: Policy::default().wrong_guesses,
        ..bare()
    };
    let mut guards = Guards::default();
    let asked = |to: u64, at: u64| Wish {
        by: Asker { address: Some(PersonAddress(7)), line: LineType::Mobile },
        ..wish(to, at)
    };
    for at in 0..3 {
        assert_eq!(send(&mut guards, &policy, &asked(NUMBER, at)), None);
    }
    for at in 3..10 {
        assert_eq!(send(&mut guards, &policy, &asked(NUMBER + at, at)), None);
    }
    assert_eq!(judge(&guards, &policy, &asked(NUMBER, 10)), Some(GuardKind::PerPhone));
    assert_eq!(judge(&guards, &policy, &asked(NUMBER + 99, 10)), Some(GuardKind::PerIp));
    for _ in 0..20 {
        guards.guessed_wrong(&policy, E164(NUMBER), wish(0, 11).at);
    }
    approve(&mut guards, &policy, &asked(NUMBER, 2), 10);
    assert_eq!(judge(&guards, &policy, &asked(NUMBER + 99, 13)), None);
    assert_eq!(judge(&guards, &policy, &asked(NUMBER, 13)), Some(GuardKind::WrongGuesses));
    assert_eq!(guards.may_guess(&policy, E164(NUMBER), wish(0, 13).at), Some(wish(0, 11 + 86_400).at));
}

#[test]
fn a_country_begins_with_ten_until_three_have_come_back() {
    let new_country = Some(NewCountry { converted: 3, ..Policy::default().new_country.expect("a rule") });
    let policy = Policy { new_country, ..bare() };
    let mut guards = Guards::default();
    let tries = |guards: &mut Guards, from: u64| {
        let each = (0..100).map(|it| wish(NUMBER + 101 * it, from));
        each.filter(|it| send(guards, &policy, it).is_none()).count()
    };
    assert_eq!((tries(&mut guards, 0), tries(&mut guards, 3_599), tries(&mut guards, 3_600)), (10, 0, 10));
    assert_eq!([1, 2, 3].map(|_| guards.convert(AppId(1), Some("NL"))), [Some(1), Some(2), Some(3)]);
    assert_eq!(tries(&mut guards, 3_601), 100);
    guards.recall_converted((AppId(1), *b"NL"), CONVERTED_MAX);
    assert_eq!(guards.convert(AppId(1), Some("NL")), None, "nobody asks any more");
}

#[test]
fn safe_known_and_ordered_numbers_pass_what_is_about_their_prefix_alone() {
    let prefix = |it| BTreeSet::from([Prefix::parse(it).expect("a prefix")]);
    let policy = Policy { per_phone: Policy::default().per_phone, blocked: prefix("+316"), ..bare() };
    let guards = Guards::default();
    let asked = wish(NUMBER, 0);
    assert_eq!(judge(&guards, &policy, &asked), Some(GuardKind::Listed));
    assert_eq!(judge(&guards, &policy, &Wish { ordered: Some((true, Time(9))), ..asked }), None);
    let safe = Policy { safe: prefix("+31612"), ..policy.clone() };
    assert_eq!(judge(&guards, &safe, &asked), None);
    assert_eq!(judge(&guards, &bare(), &Wish { ordered: Some((false, Time(9))), ..asked }), Some(GuardKind::Listed));
    let mut guards = Guards::default();
    let safe = Policy { blocked: BTreeSet::new(), ..safe };
    let sent = (0..9).filter(|it| send(&mut guards, &safe, &wish(NUMBER, *it)).is_none()).count();
    assert_eq!(sent, 3, "the limit of the number holds for all");
    // A block holds for whom nobody knows.
    let policy = Policy { sequence: Policy::default().sequence, ..bare() };
    (0..5).for_each(|it| _ = guards.sent(&policy, &wish(NUMBER + it, 20)));
    let Ok(stranger) = guards.judge::<Infallible>(&policy, &wish(NUMBER, 21), &mut || Ok(false));
    let Ok(known) = guards.judge::<Infallible>(&policy, &wish(NUMBER, 21), &mut || Ok(true));
    assert_eq!((stranger.refused.map(|it| it.guard), known.refused), (Some(GuardKind::Sequence), None));
}

#[test]
fn shadows_count_what_they_would_refuse_and_money_is_not_overrun() {
    let budget = Budget { amount: Money(870_000), currency: None, period: Duration::from_secs(3_600) };
    let mut policy = Policy { spend: Some(budget), per_phone: Policy::default().per_phone, ..bare() };
    policy.modes.insert(GuardKind::PerPhone, GuardMode::Shadow);
    let mut guards = Guards::default();
    let mut notices = Vec::new();
    let mut shadowed = 0;
    for _ in 0..100 {
        let asked = wish(NUMBER, 0);
        let Ok(judgement) = guards.judge::<Infallible>(&policy, &asked, &mut || Ok(false));
        shadowed += judgement.shadowed.iter().filter(|it| it.guard == GuardKind::PerPhone).count();
        match judgement.refused {
            None => notices.extend(guards.sent(&policy, &asked)),
            Some(it) => assert_eq!(it, Objection { guard: GuardKind::Spend, until: wish(0, 3_600).at }),
        }
    }
    assert_eq!((notices, shadowed), (vec![Notice::Spent(50), Notice::Spent(80)], 97));
    assert_eq!(guards.spend(&policy, wish(0, 1).at), Some(Money(870_000)));
    let dear = Wish { max_price: Some(Money(86_999)), ..wish(NUMBER, 0) };
    assert_eq!(judge(&guards, &bare(), &dear), Some(GuardKind::MaxPrice));
    assert_eq!(judge(&guards, &bare(), &Wish { cost: None, ..dear }), Some(GuardKind::MaxPrice), "nobody knows it");
}

#[test]
fn every_reason_is_some_guard_s() {
    for reason in GuardReason::ALL {
        assert!(GuardKind::ALL.iter().any(|it| it.reason() == reason), "{reason:?}");
    }
}

#[test]
fn a_prefix_that_comes_back_late_is_told_of_and_one_that_comes_back_well_is_not() {
    let policy = Policy { modes: BTreeMap::new(), ..bare() };
    for (one_in, few) in [(4, true), (2, false)] {
        let (mut guards, mut notices) = (Guards::default(), Vec::new());
        let mut under_way = std::collections::VecDeque::new();
        for it in 0..1_000 {
            // Each half minute one, which comes back a minute later, if it does.
            let sent = wish(31_612_340_000 + it, 30 * it);
            assert_eq!(judge(&guards, &policy, &sent), None, "{it}");
            notices.extend(guards.sent(&policy, &sent));
            under_way.push_back((it, sent));
            if 2 < under_way.len()
                && let Some((it, sent)) = under_way.pop_front()
                && it % one_in == 0
            {
                approve(&mut guards, &policy, &sent, 60);
            }
        }
        let told = notices.iter().filter(|it| matches!(it, Notice::Few { sent, back, .. } if back < sent)).count();
        assert_eq!(notices.len(), told, "{notices:?}");
        // Eight hours, once an hour at most.
        assert!(if few { (7..=9).contains(&told) } else { told == 0 }, "{told}");
    }
}

/// Ends one that nobody gave back.
fn expire(guards: &mut Guards, policy: &Policy, (to, at): (u64, u64), left: bool) -> Vec<Notice> {
    let created = wish(to, at.saturating_sub(300)).at;
    let sends = [CodeSend { at: created, address: None, channel: Channel::Sms }];
    let (to, at) = (E164(to), wish(to, at).at);
    guards.ended(
        policy,
        Outcome { at, to, created, sends: &sends, approved: false, chosen: false, elsewhere: false, left },
    )
}

#[test]
fn a_part_of_an_operator_is_blocked_by_what_has_ended_and_not_by_what_is_under_way() {
    let policy = Policy { modes: BTreeMap::new(), ..bare() };
    let mut guards = Guards::default();
    let number = |it: u64| 31_612_000_000 + 10_001 * it;
    for it in 0..200 {
        assert_eq!(send(&mut guards, &policy, &wish(number(it % 90), it)), None, "all are under way");
    }
    let mut notices = Vec::new();
    // Of what never left nothing can come back.
    (0..100).for_each(|it| notices.extend(expire(&mut guards, &policy, (number(it % 90), 300), false)));
    assert_eq!(notices, []);
    (0..49).for_each(|it| notices.extend(expire(&mut guards, &policy, (number(it), 300), true)));
    assert_eq!(notices, []);
    notices.extend(expire(&mut guards, &policy, (number(50), 300), true));
    let [Notice::Blocked(block)] = notices[..] else { panic!("{notices:?}") };
    assert_eq!((block.prefix, block.until), (Prefix::of_record(31_612), wish(0, 600).at));
    assert_eq!(judge(&guards, &policy, &wish(number(7), 301)), Some(GuardKind::Pumping));
    assert_eq!(judge(&guards, &policy, &wish(31_613_000_000, 301)), None);
}

#[test]
fn what_never_left_is_no_evidence_and_no_money() {
    let budget = Budget { amount: Money(870_000), currency: None, period: Duration::from_secs(3_600) };
    let policy = Policy { modes: BTreeMap::new(), spend: Some(budget), ..bare() };
    let mut guards = Guards::default();
    for it in 0..500 {
        let asked = wish(31_612_340_000 + it, 0);
        assert_eq!(send(&mut guards, &policy, &asked), None, "{it}");
        expire(&mut guards, &policy, (31_612_340_000 + it, 300), false);
        guards.give_back(Money(87_000), asked.at);
    }
    assert_eq!((guards.blocks(wish(0, 300).at).count(), guards.spend(&policy, wish(0, 1).at)), (0, Some(Money(0))));
}

#[test]
fn one_success_frees_one_of_those_who_asked_in_the_same_moment() {
    let policy = Policy { per_ip: Policy::default().per_ip, ..bare() };
    let mut guards = Guards::default();
    let asked = |to: u64| Wish { by: Asker { address: Some(PersonAddress(7)), line: LineType::Mobile }, ..wish(to, 0) };
    let sent = (0..20).filter(|it| send(&mut guards, &policy, &asked(NUMBER + it)).is_none()).count();
    approve(&mut guards, &policy, &asked(NUMBER), 9);
    let more = (0..20).filter(|it| send(&mut guards, &policy, &asked(NUMBER + 50 + it)).is_none()).count();
    assert_eq!((sent, more), (10, 1));
}

#[test]
fn the_longest_prefix_of_the_lists_counts_and_the_longest_block() {
    let prefix = |it| BTreeSet::from([Prefix::parse(it).expect("a prefix")]);
    let policy = Policy { safe: prefix("+316"), blocked: prefix("+31612"), ..bare() };
    assert_eq!(
        [31_612_345_678, 31_622_345_678, 31_201_234_567].map(|it| policy.lists(E164(it))),
        [Some(false), Some(true), None]
    );
    // The wide block of an hour holds longer than the narrow one of five minutes.
    let policy = Policy { modes: BTreeMap::new(), ..bare() };
    let mut guards = Guards::default();
    for round in 0..4 {
        let at = 10_000 * round;
        (0..60).for_each(|it| _ = expire(&mut guards, &policy, (31_612_000_000 + it, at), true));
    }
    let wide = guards.blocks(wish(0, 30_000).at).next().expect("a block");
    (0..60).for_each(|it| _ = guards.sent(&policy, &wish(31_612_340_000 + it, 30_001)));
    let Ok(judgement) = guards.judge::<Infallible>(&policy, &wish(31_612_340_000, 30_002), &mut || Ok(false));
    let narrow = guards.blocks(wish(0, 30_002).at).find(|it| it.prefix != wide.prefix).expect("another");
    assert_eq!(judgement.refused.map(|it| it.until), Some(wide.until.max(narrow.until)));
    assert_ne!(wide.until, narrow.until);
}

#[test]
fn what_withholds_an_sms_lets_other_channels_through() {
    let policy = Policy { sequence: Policy::default().sequence, lines: Policy::default().lines, ..bare() };
    let mut guards = Guards::default();
    let by = |channel, it: u64| Wish { channel, ..wish(NUMBER + it, 0) };
    let sent: Vec<_> = (0..6).map(|it| send(&mut guards, &policy, &by(Channel::Voice, it))).collect();
    assert_eq!(sent, [None, None, None, None, None, Some(GuardKind::Sequence)], "calls count as SMS do");
    let said = Channel::ALL.map(|it| judge(&guards, &policy, &by(it, 7)));
    assert_eq!(said, [Some(GuardKind::Sequence), Some(GuardKind::Sequence), None, None]);
    let of_line = |line| {
        let by = Asker { address: None, line };
        Channel::ALL.map(|channel| judge(&guards, &policy, &Wish { channel, by, ..wish(49_301_234_567, 0) }))
    };
    let line = Some(GuardKind::Line);
    assert_eq!(of_line(LineType::FixedLine), [line, None, None, None], "it can be called");
    assert_eq!(of_line(LineType::Premium), [line, line, None, None], "a call there makes somebody rich");
    let blocked = |channel| Wish { channel, ordered: Some((false, Time(9))), ..wish(NUMBER, 0) };
    let said = Channel::ALL.map(|it| judge(&guards, &policy, &blocked(it)).is_some());
    assert_eq!(said, [true, true, false, false]);
    let mails: Vec<_> = (20..40).map(|it| send(&mut guards, &policy, &by(Channel::Email, it * 100))).collect();
    assert!(mails.iter().all(Option::is_none), "nobody earns by mails");
}

#[test]
fn a_code_that_went_elsewhere_too_frees_nothing_and_shows_nothing() {
    let policy = Policy {
        modes: BTreeMap::new(),
        per_phone: Policy::default().per_phone,
        sequence: None,
        new_country: None,
        ..Policy::default()
    };
    let mut guards = Guards::default();
    // Who pumps has each SMS sent, and then a mail to himself, by which he shows that he has the number.
    let sent = (0..100).take_while(|it| {
        let asked = wish(31_612_340_000 + it, *it);
        let refused = send(&mut guards, &policy, &asked).is_some();
        let by = |channel| CodeSend { at: asked.at, address: None, channel };
        let sends = [by(Channel::Sms), by(Channel::Email)];
        let (at, to, created) = (asked.at + Duration::from_secs(9), asked.to, asked.at);
        let outcome =
            Outcome { at, to, created, sends: &sends, approved: true, chosen: false, elsewhere: true, left: true };
        guards.ended(&policy, outcome);
        !refused
    });
    assert_eq!(sent.count(), 50);
}
