//! A file on its way to being orders: all of it judged, then one order after the other.

use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::json::Shown;
use crate::api::handler::memory::{Holder, Share};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::read::balance;
use crate::api::submit::callback;
use crate::api::submit::csv::filling::Filling;
use crate::api::submit::csv::keys::Keys;
use crate::api::submit::csv::lines::SheetLine;
use crate::api::submit::csv::report::{Made, Report};
use crate::api::submit::csv::seen::{SEEN_OCTETS, Seen};
use crate::api::submit::csv::sheet::Sheet;
use crate::api::submit::csv::wishes::Wishes;
use crate::api::submit::messages::{count_rejected, octets, refuse_when_closed};
use crate::api::submit::quote::{Judge, Quote};
use crate::api::submit::request::{RECIPIENTS_MAX, Target, targets};
use crate::api::submit::screen;
use crate::dispatch::door::happening::Keyed;
use crate::dispatch::door::reply::{Denial, Means, Submitted};
use crate::message::id::OrderId;
use crate::message::money::{Currency, Money};
use axum::response::Response;
use std::borrow::Cow;
use std::time::Duration;

/// How long the orders of one file wait in all for the rate of their account, which counts each of them.
const RATE_WAIT_MAX: Duration = Duration::from_secs(30);

/// A file, and what is asked for of all its recipients.
pub(super) struct Run<'a> {
    pub(super) context: &'a Context,
    pub(super) judge: Judge<'a>,
    pub(super) wishes: &'a Wishes,
    pub(super) sheet: &'a Sheet<'a>,
    pub(super) filling: Option<Filling<'a>>,
    /// The text, where all get the same.
    pub(super) shared: Option<Cow<'a, str>>,
}

/// What has become of it so far.
struct Progress {
    keys: Option<Keys>,
    seen: Seen,
    report: Report,
    /// How long it still waits for the rate.
    patience: Duration,
}

impl Run<'_> {
    /// Makes the orders, after all of it was judged where it makes several.
    pub(super) async fn all(&self, keys: Option<Keys>) -> Result<Response, Problem> {
        let mut held = self.context.memory.share(Holder::Account(self.judge.account.id));
        held.grow_to(self.room())?;
        if RECIPIENTS_MAX < self.sheet.count && keys.as_ref().is_none_or(|it| !it.is_used()) {
            self.preview().await?;
        }
        let mut done =
            Progress { keys, seen: self.seen(), report: Report::new(self.sheet.count), patience: RATE_WAIT_MAX };
        let mut lines = self.sheet.lines();
        for at in 0_u32.. {
            let Some(chunk) = next(&mut lines) else { break };
            // The room is there before an order is made of which it would be told.
            let entered = match held.grow_to(self.room() + done.report.octets(chunk.len())) {
                Ok(()) => self.enter(at, &chunk, &mut done).await,
                refused => refused,
            };
            match entered {
                Ok(()) => {}
                Err(problem) if done.report.is_empty() => return Err(problem),
                Err(problem) => {
                    done.report.stop(chunk.first().map_or(0, |it| it.line), problem);
                    break;
                }
            }
        }
        done.report.answer()
    }

    /// Judges all of a file before anything of it is stored.
    async fn preview(&self) -> Result<(), Problem> {
        let (mut lines, mut seen, mut cost) = (self.sheet.lines(), self.seen(), Some(Money(0)));
        while let Some(chunk) = next(&mut lines) {
            let mut texts = self.context.memory.share(Holder::Account(self.judge.account.id));
            let filled = self.fill(&chunk, &mut texts)?;
            let asked = self.wishes.asked(self.shared.as_deref(), self.targets(&chunk, &filled));
            let (mut quote, mut submission) = Quote::of(self.judge, &asked)?;
            texts.grow_to(sum(&filled) + octets(&submission))?;
            let prints = seen.leave_out(&targets(&asked)?, (&mut quote, &mut submission));
            seen.accept(prints, &quote);
            cost = cost.zip(quote.cost()).map(|(sum, it)| sum + it);
            tokio::task::yield_now().await;
        }
        let balance = balance::of_account(self.context, self.judge.account).await?;
        match balance.filter(|balance| cost.is_some_and(|it| *balance < it)) {
            Some(balance) => Err(refusal(&Denial::Insufficient { balance })),
            None => Ok(()),
        }
    }

    /// Makes one of the orders, when the rate of the account lets it in. The first is a request as any other.
    async fn enter(&self, at: u32, chunk: &[SheetLine<'_>], done: &mut Progress) -> Result<(), Problem> {
        loop {
            let refused = match self.order(at, chunk, done).await {
                Err(problem) if problem.kind == Kind::RateExceeded && !done.report.is_empty() => problem,
                entered => return entered,
            };
            let Some(wait) = refused.retry_after.filter(|it| *it <= done.patience) else { return Err(refused) };
            done.patience -= wait;
            tokio::time::sleep(wait).await;
        }
    }

    /// Makes an order of some lines, unless none of them is accepted. Where it is refused nothing is changed.
    async fn order(&self, at: u32, chunk: &[SheetLine<'_>], done: &mut Progress) -> Result<(), Problem> {
        // A file takes its time: the disk may have become full since it began.
        refuse_when_closed(self.context)?;
        let mut texts = self.context.memory.share(Holder::Account(self.judge.account.id));
        let filled = self.fill(chunk, &mut texts)?;
        let asked = self.wishes.asked(self.shared.as_deref(), self.targets(chunk, &filled));
        let (mut quote, mut submission) = match Quote::of(self.judge, &asked) {
            Ok(judged) => judged,
            Err(problem) => return if self.was_made(at, chunk, done).await? { Ok(()) } else { Err(problem) },
        };
        let targets = targets(&asked)?;
        let prints = done.seen.leave_out(&targets, (&mut quote, &mut submission));
        texts.grow_to(sum(&filled) + octets(&submission))?;
        let whom = (&targets, self.judge.account.region.as_deref());
        screen::sift(self.context, whom, &mut quote, &mut submission).await?;
        let numbers: Vec<u64> = chunk.iter().map(|it| it.line).collect();
        let (Some(first), Some(last)) = (quote.lines.first(), quote.lines.last()) else {
            if self.was_made(at, chunk, done).await? {
                return Ok(());
            }
            count_rejected(self.context, &quote);
            done.report.note(&quote, &numbers);
            return Ok(());
        };
        let span = (numbers[first.at], numbers[last.at]);
        callback::attach(self.context, &asked, &mut submission).await?;
        submission.idempotency = done.keys.as_ref().map(|it| it.of(at));
        match ask(self.context, submission).await? {
            Submitted::Accepted { order, messages, means, .. } => {
                count_rejected(self.context, &quote);
                done.report.note(&quote, &numbers);
                done.report.made(self.made(order, &quote, messages.len() as u64, span), *means);
            }
            Submitted::Repeated(order) => {
                let (made, means, currency) = self.before(self.made(order, &quote, 0, span), order).await?;
                done.report.note(&quote, &numbers);
                done.report.repeated(made, means, currency);
            }
        }
        done.seen.accept(prints, &quote);
        if let Some(keys) = &mut done.keys {
            keys.made(at);
        }
        Ok(())
    }

    /// Whether an order of some lines was made before of which none is accepted today; it is in the report then.
    async fn was_made(&self, at: u32, chunk: &[SheetLine<'_>], done: &mut Progress) -> Result<bool, Problem> {
        let Some(Keyed { key, .. }) = done.keys.as_ref().filter(|it| it.is_used()).map(|it| it.of(at)) else {
            return Ok(false);
        };
        let account = self.judge.account.id;
        let Some(before) = blocking(self.context, move |it| it.idempotency(account, &key)).await? else {
            return Ok(false);
        };
        let order_id = self.context.veil().order(before.order);
        let line = |it: Option<&SheetLine<'_>>| it.map_or(0, |it| it.line);
        let (first_line, last_line) = (line(chunk.first()), line(chunk.last()));
        let made = Made { order_id, route_id: 0, count: 0, first_line, last_line, cost: None };
        let (made, means, currency) = self.before(made, before.order).await?;
        done.report.repeated(made, means, currency);
        Ok(true)
    }

    fn made(&self, order: OrderId, quote: &Quote<'_>, count: u64, (first_line, last_line): (u64, u64)) -> Made {
        let (order_id, route_id) = (self.context.veil().order(order), quote.route.id.shown());
        Made { order_id, route_id, count, first_line, last_line, cost: quote.cost().map(Shown) }
    }

    /// An order that was made before, as the store has it: what its account had left then, and what was paid in.
    async fn before(&self, mut made: Made, order: OrderId) -> Result<(Made, Means, Option<Currency>), Problem> {
        let read = blocking(self.context, move |it| Ok((it.order(order)?, it.ledger_line(order, None)?)));
        let (view, charge) = read.await?;
        let means = Means { balance: charge.map(|it| it.balance), ..Means::default() };
        let Judge { plan, account, .. } = self.judge;
        let Some(view) = view else { return Ok((made, means, account.currency)) };
        (made.route_id, made.count, made.cost) = (view.route.shown(), view.totals.total(), view.price.map(Shown));
        Ok((made, means, plan.currency(view.route, account.currency)))
    }

    /// Nobody is compared where who stands twice is left out within the one order that there is, or gets it twice.
    fn seen(&self) -> Seen {
        Seen::new(RECIPIENTS_MAX < self.sheet.count && !self.wishes.repeats())
    }

    /// What the lines of an order take in memory as they are read, and what is remembered of all.
    fn room(&self) -> usize {
        let line = size_of::<SheetLine<'_>>() + self.sheet.names().len() * size_of::<Cow<'_, str>>();
        self.sheet.count.min(RECIPIENTS_MAX) * line + self.sheet.count * SEEN_OCTETS
    }

    /// The texts of some lines, where each has another, within what their account may hold of the memory.
    fn fill(&self, chunk: &[SheetLine<'_>], held: &mut Share<'_>) -> Result<Vec<Option<String>>, Problem> {
        let Some(filling) = self.filling.as_ref().filter(|_| self.shared.is_none()) else {
            return Ok(vec![None; chunk.len()]);
        };
        let (mut filled, mut size) = (Vec::with_capacity(chunk.len()), 0);
        for line in chunk {
            let text = filling.fill(&line.fields);
            size += text.len();
            held.grow_to(size)?;
            filled.push(Some(text));
        }
        Ok(filled)
    }

    fn targets<'r>(&self, chunk: &'r [SheetLine<'_>], filled: &'r [Option<String>]) -> Vec<Target<'r>> {
        chunk.iter().zip(filled).map(|(line, text)| self.sheet.target(line, text.as_deref())).collect()
    }
}

fn sum(filled: &[Option<String>]) -> usize {
    filled.iter().flatten().map(String::len).sum()
}

/// The lines of the next order.
fn next<'a>(lines: &mut impl Iterator<Item = SheetLine<'a>>) -> Option<Vec<SheetLine<'a>>> {
    let chunk: Vec<SheetLine<'a>> = lines.by_ref().take(RECIPIENTS_MAX).collect();
    (!chunk.is_empty()).then_some(chunk)
}
