//! `nuncio guard replay`: what the guards of a configuration would have stopped of what was sent.

use crate::clock::Clock;
use crate::config;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::verify::guarded::KNOWN;
use crate::dispatch::verify::history::{GuardedEvent, GuardedKind, wish};
use crate::gateway::failure::Failure;
use crate::guard::guards::{Asker, CodeSend, Guards, Outcome, letters};
use crate::guard::policy::{GuardKind, GuardMode, Policy};
use crate::guard::rate::PERIOD_MAX;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::number::line::LineType;
use crate::record::verification::Converted;
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
    let first = back(since + PERIOD_MAX);
    let mut seen = Vec::new();
    history.verifications(first, |it| seen.extend(GuardedEvent::of(&it)))?;
    seen.sort_by_key(|it| (it.at, it.of));
    let of_number = |to: E164| -> Result<(E164, OfNumber), Fault> {
        let was_known = history.was_verified(to, (Time(first.0.saturating_sub(KNOWN.as_millis() as u64)), first))?;
        Ok((to, OfNumber { line: LineType::of(to), was_known }))
    };
    let numbers: BTreeSet<E164> = seen.iter().map(|it| it.to).collect();
    let past = Past {
        numbers: numbers.into_iter().map(of_number).collect::<Result<_, _>>()?,
        converted: history.converted()?,
        seen,
    };
    Ok(told(plan, &past, back(since)))
}

/// What is known of a number before the first that is replayed.
struct OfNumber {
    line: LineType,
    was_known: bool,
}

/// What is replayed.
struct Past {
    seen: Vec<GuardedEvent>,
    numbers: BTreeMap<E164, OfNumber>,
    /// As it stands at the end.
    converted: Vec<Converted>,
}

impl Past {
    fn approved(&self) -> impl Iterator<Item = &GuardedEvent> {
        self.seen.iter().filter(|it| matches!(it.what, GuardedKind::Ended { approved: true, .. }))
    }

    /// Guards that know what had come back in countries before the first.
    fn guards(&self, plan: &Plan) -> Guards {
        let mut guards = Guards::default();
        for it in &self.converted {
            let here = self
                .approved()
                .filter(|seen| matches!(seen.what, GuardedKind::Ended { elsewhere: false, .. }))
                .filter(|seen| (seen.app, letters(plan.country(seen.to))) == (it.app, it.country));
            let before = (it.count as usize).saturating_sub(here.count());
            guards.recall_converted((it.app, it.country), before as u32);
        }
        guards
    }
}

fn told(plan: &Plan, past: &Past, from: Time) -> String {
    let verified: BTreeSet<u64> = past.approved().map(|it| it.of).collect();
    let of = |it: &&GuardedEvent| matches!(it.what, GuardedKind::Sent(_)) && from <= it.at;
    let (sent, begun) = (past.seen.iter().filter(of).count(), verifications(past.seen.iter().filter(of)));
    let back = begun.intersection(&verified).count();
    let mut text =
        format!("{sent} codes of {} verifications were sent, and {back} of these came back.\n\n", begun.len());
    text += "guard          codes stopped  verifications  that came back\n";
    let but = |off: &dyn Fn(GuardKind) -> bool| {
        let modes = GuardKind::ALL.into_iter().filter(|it| off(*it)).map(|it| (it, GuardMode::Off)).collect();
        Policy { modes, ..plan.guard.clone() }
    };
    let each = GuardKind::ALL.into_iter().map(|guard| (guard.word(), but(&|it| it != guard)));
    let each = each.chain([("all together", but(&|it| !plan.guard.asks(it)))]);
    for (name, policy) in each {
        let stopped: Vec<&GuardedEvent> = stopped(plan, &policy, past).into_iter().filter(|it| from <= it.at).collect();
        let of = verifications(stopped.iter().copied());
        let back = of.intersection(&verified).count();
        writeln!(text, "{name:<14} {:>13}  {:>13}  {back:>14}", stopped.len(), of.len()).expect("a string takes all");
    }
    text.truncate(text.trim_end().len());
    text
}

fn verifications<'a>(seen: impl Iterator<Item = &'a GuardedEvent>) -> BTreeSet<u64> {
    seen.map(|it| it.of).collect()
}

/// The sends that guards would have stopped; these, and what came of them, they would not have seen.
fn stopped<'a>(plan: &Plan, policy: &Policy, past: &'a Past) -> Vec<&'a GuardedEvent> {
    let mut guards = past.guards(plan);
    let mut known: BTreeSet<E164> = BTreeSet::new();
    let (mut stopped, mut sent) = (Vec::new(), BTreeMap::<u64, Vec<CodeSend>>::new());
    for it in &past.seen {
        let of_number = &past.numbers[&it.to];
        match &it.what {
            GuardedKind::Sent(send) => {
                let by = Asker { address: send.address, line: of_number.line };
                let wish = wish(plan, (it.app, send.channel, it.to, by), (it.at, None));
                let mut is_known = || Ok(of_number.was_known || known.contains(&it.to));
                let Ok(judgement) = guards.judge::<Infallible>(policy, &wish, &mut is_known);
                match judgement.refused {
                    Some(_) => stopped.push(it),
                    None => {
                        sent.entry(it.of).or_default().push(*send);
                        _ = guards.sent(policy, &wish);
                    }
                }
            }
            _ if !sent.contains_key(&it.of) => (),
            GuardedKind::Wrong => guards.guessed_wrong(policy, it.to, it.at),
            GuardedKind::Ended { approved, chosen, elsewhere, .. } => {
                if *approved && !elsewhere {
                    _ = guards.convert(it.app, plan.country(it.to));
                    if !chosen {
                        known.insert(it.to);
                    }
                }
                _ = it.outcome().map(|other| guards.ended(policy, Outcome { sends: &sent[&it.of], ..other }));
            }
        }
    }
    stopped
}
