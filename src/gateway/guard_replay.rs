//! `nuncio guard replay`: what the guards of a configuration would have stopped of what was sent.

use crate::clock::Clock;
use crate::config;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::verify::history::{GuardedEvent, GuardedKind, wish};
use crate::gateway::failure::Failure;
use crate::guard::guards::Guards;
use crate::guard::policy::{GuardKind, Policy};
use crate::guard::rate::PERIOD_MAX;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::number::line::LineType;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::history::History;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Numbers for names that the store does not know: nothing of them is in it.
const UNKNOWN: u16 = u16::MAX;

/// What the guards of `config` would have stopped of the codes that were sent in the last `since`, in words: each guard
/// as if it alone stood there, and all together. Each has seen the day before.
pub fn replay(config: &Path, since: Duration) -> Result<String, Failure> {
    let now = Clock::of_the_wall();
    let draft = config::read(config)?;
    let history = History::open(&draft.store().path)?;
    let mut unknown = UNKNOWN;
    let loaded = draft.compile(|kind, name| -> Result<u16, Fault> {
        Ok(history.number(kind, name)?.unwrap_or_else(|| {
            unknown -= 1;
            unknown
        }))
    })?;
    let plan = &loaded.plan;
    let back = |it: Duration| Time(now.0.saturating_sub(it.as_millis() as u64).max(1));
    let mut seen = Vec::new();
    history.verifications(back(since + PERIOD_MAX), |it| {
        let is_free = it.is_test || plan.accounts.get(&it.account).is_some_and(|it| it.is_sandbox);
        if !is_free && it.to.is_known() {
            seen.extend(GuardedEvent::of(&it));
        }
    })?;
    seen.sort_by_key(|it| it.at);
    let verified: BTreeSet<u64> =
        seen.iter().filter(|it| matches!(it.what, GuardedKind::Ended { approved: true, .. })).map(|it| it.of).collect();
    Ok(told(plan, &seen, (back(since), &verified)))
}

fn told(plan: &Plan, seen: &[GuardedEvent], (from, verified): (Time, &BTreeSet<u64>)) -> String {
    let of = |it: &GuardedEvent| matches!(it.what, GuardedKind::Sent(_)) && from <= it.at;
    let (sent, begun) = (seen.iter().filter(|it| of(it)).count(), verifications(seen.iter().filter(|it| of(it))));
    let back = begun.intersection(verified).count();
    let mut text =
        format!("{sent} codes of {} verifications were sent, and {back} of these came back.\n\n", begun.len());
    text += "guard          codes stopped  verifications  that came back\n";
    let all = Policy { shadows: BTreeSet::new(), ..plan.guard.clone() };
    let alone = |guard: GuardKind| {
        let others = GuardKind::ALL.into_iter().filter(|it| *it != guard);
        Policy { off: others.collect(), ..all.clone() }
    };
    let each = GuardKind::ALL.into_iter().map(|it| (it.word(), alone(it))).chain([("all together", all.clone())]);
    for (name, policy) in each {
        let stopped: Vec<&GuardedEvent> = stopped(plan, &policy, seen).into_iter().filter(|it| from <= it.at).collect();
        let of = verifications(stopped.iter().copied());
        let back = of.intersection(verified).count();
        writeln!(text, "{name:<14} {:>13}  {:>13}  {back:>14}", stopped.len(), of.len()).expect("a string takes all");
    }
    text.truncate(text.trim_end().len());
    text
}

fn verifications<'a>(seen: impl Iterator<Item = &'a GuardedEvent>) -> BTreeSet<u64> {
    seen.map(|it| it.of).collect()
}

/// The sends that guards would have stopped, which they would not have seen then.
fn stopped<'a>(plan: &Plan, policy: &Policy, seen: &'a [GuardedEvent]) -> Vec<&'a GuardedEvent> {
    let mut guards = Guards::default();
    let mut known: BTreeSet<E164> = BTreeSet::new();
    let mut stopped = Vec::new();
    let mut lines: BTreeMap<E164, LineType> = BTreeMap::new();
    for it in seen {
        match &it.what {
            GuardedKind::Sent(address) => {
                let line = *lines.entry(it.to).or_insert_with(|| LineType::of(it.to));
                let wish = wish(plan, ((it.app, it.to, *address), line), (it.at, None));
                let Ok(judgement) = guards.judge::<Infallible>(policy, &wish, &mut || Ok(known.contains(&it.to)));
                match judgement.refused {
                    Some(_) => stopped.push(it),
                    None => _ = guards.sent(policy, &wish),
                }
            }
            GuardedKind::Wrong => guards.guessed_wrong(policy, it.to, it.at),
            GuardedKind::Ended { approved, .. } => {
                if *approved {
                    known.insert(it.to);
                    _ = guards.convert(it.app, plan.country(it.to));
                }
                _ = it.outcome().map(|it| guards.ended(policy, it));
            }
        }
    }
    stopped
}
