//! `POST /v1/messages` with `content-type: text/csv`: a file of up to 100,000 recipients becomes orders.
//!
//! ```text
//!   body, within max_csv ─► form of all of it ─► all of it judged ─► 10,000 lines ─► judged ─► the loop ─► an order
//!        400, 408, 413           400, 422          402, 403, 422          ▲                        │
//!                                                                         └───── the next ◄────────┘
//! ```
//!
//! Nothing is stored before the whole file has been read: what is wrong in its last line is known before its first is
//! sent. So the file is in memory, but only as it came; what is made of it is there for one order at a time. Each order
//! enters as any other does. What keeps a later one from entering, such as a quota, stops there, and is answered with
//! the line; under an idempotency key the same file goes on from there when it comes again, also after a kill.

mod filling;
mod form;
mod records;
pub(super) mod report;
mod sheet;

use crate::api::handler::admitted::Sender;
use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::json::Shown;
use crate::api::handler::memory::{Holder, Share};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{body, idempotency};
use crate::api::read::balance;
use crate::api::submit::csv::filling::Filling;
use crate::api::submit::csv::form::Form;
use crate::api::submit::csv::records::Record;
use crate::api::submit::csv::report::{LINE_OCTETS, Made, Report};
use crate::api::submit::csv::sheet::Sheet;
use crate::api::submit::messages::octets;
use crate::api::submit::quote::{Judge, Quote};
use crate::api::submit::recipients::Duplicate;
use crate::api::submit::request::{RECIPIENTS_MAX, Target, Targets, targets};
use crate::api::submit::{fingerprint, screen};
use crate::dispatch::door::happening::{Ask, Keyed, Submission};
use crate::dispatch::door::reply::{Limit, Means, Reply};
use crate::message::money::Money;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

/// How long the orders of one file wait in all for the rate of their account, which counts each of them.
const RATE_WAIT_MAX: Duration = Duration::from_secs(30);

/// Whether a body says that it is CSV.
pub(super) fn is_csv(head: &HeaderMap) -> bool {
    let kind = head.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case("text/csv"))
}

/// `POST /v1/messages` with a file.
pub(super) async fn messages(context: &Context, by: &Sender, request: Request) -> Result<Response, Problem> {
    let account = by.account();
    let (head, body) = request.into_parts();
    check_parameters(&head.headers)?;
    let key = idempotency::key(&head.headers)?;
    let form = Form::read(head.uri.query())?;
    let holder = Holder::Account(account.id);
    let (octets, _held) = body::read_up_to(context, holder, body, context.wiring.max_csv).await?;
    let sheet = Sheet::read(&octets)?;
    let filling = form.text.as_deref().map(|it| Filling::read(it, &sheet.names())).transpose()?;
    let print = key.is_some().then(|| {
        fingerprint::digest(|it| {
            form.print(it);
            it.member("csv", Some(&Sha256::digest(&octets)));
        })
    });
    let run = Run {
        context,
        judge: Judge { plan: by.plan(), opted_out: &context.wiring.opted_out, account },
        form: &form,
        sheet: &sheet,
        shared: filling.as_ref().and_then(Filling::alone),
        filling,
        key: key.zip(print),
        path: head.uri.path(),
    };
    run.preview().await?;
    run.all().await
}

/// What a content type may say besides (RFC 7111 has its words).
fn check_parameters(head: &HeaderMap) -> Result<(), Problem> {
    let kind = head.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    for parameter in kind.split(';').skip(1) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        let refused = |detail: &'static str| Err(Problem::new(Kind::InvalidHeader, detail));
        match (&*name.trim().to_ascii_lowercase(), &*value) {
            ("charset", "utf-8" | "utf8" | "us-ascii") | ("header", "present") => {}
            ("charset", _) => return refused("A CSV is taken in UTF-8."),
            ("header", _) => return refused("The first line of a CSV names its fields."),
            _ => {}
        }
    }
    Ok(())
}

/// A file on its way to being orders.
struct Run<'a> {
    context: &'a Context,
    judge: Judge<'a>,
    form: &'a Form,
    sheet: &'a Sheet<'a>,
    filling: Option<Filling<'a>>,
    /// The text, where all get the same.
    shared: Option<Cow<'a, str>>,
    /// The idempotency key, and the digest of all that is asked for.
    key: Option<(Box<str>, [u8; 32])>,
    path: &'a str,
}

/// Who was accepted, with what: 16 octets of the digest of each.
type Seen = HashSet<[u8; 16]>;

impl Run<'_> {
    /// Judges all of a file before anything of it is stored, where it becomes several orders.
    async fn preview(&self) -> Result<(), Problem> {
        if self.sheet.count <= RECIPIENTS_MAX || self.is_repeat().await? {
            return Ok(());
        }
        let (mut lines, mut seen, mut cost) = (self.sheet.lines(), Seen::new(), Some(Money(0)));
        while let Some(chunk) = next(&mut lines) {
            let mut texts = self.context.memory.share(Holder::Account(self.judge.account.id));
            let filled = self.fill(&chunk, &mut texts)?;
            let asked = self.form.asked(self.shared.as_deref(), self.targets(&chunk, &filled));
            let (mut quote, mut submission) = Quote::of(self.judge, &asked)?;
            self.leave_out(&targets(&asked)?, (&mut quote, &mut submission), &mut seen);
            cost = cost.zip(quote.cost()).map(|(sum, it)| sum + it);
            tokio::task::yield_now().await;
        }
        let balance = balance::of_account(self.context, self.judge.account).await?;
        match balance.filter(|balance| cost.is_some_and(|it| *balance < it)) {
            Some(balance) => Err(refusal(&Reply::Insufficient { balance })),
            None => Ok(()),
        }
    }

    /// Whether the first order of the file was made under its key before.
    async fn is_repeat(&self) -> Result<bool, Problem> {
        let Some((key, _)) = &self.key else { return Ok(false) };
        let (account, key) = (self.judge.account.id, key.clone());
        Ok(blocking(self.context, move |readers| readers.idempotency(account, &key)).await?.is_some())
    }

    /// Makes the orders, one after the other.
    async fn all(&self) -> Result<Response, Problem> {
        let (mut lines, mut seen, mut patience) = (self.sheet.lines(), Seen::new(), RATE_WAIT_MAX);
        let mut report = Report::new(self.sheet.count);
        let mut held = self.context.memory.share(Holder::Account(self.judge.account.id));
        for at in 0_u32.. {
            let Some(chunk) = next(&mut lines) else { break };
            let first = chunk.first().map_or(0, |it| it.line);
            let done = match self.keep_rate(at, &mut patience).await {
                Ok(()) => self.order(at, &chunk, &mut seen, &mut report).await,
                refused => refused,
            };
            held.grow_to(report.rejected.len() * LINE_OCTETS)?;
            match done {
                Ok(()) => {}
                Err(problem) if report.orders.is_empty() => return Err(problem),
                Err(problem) => {
                    report.stop(first, problem);
                    break;
                }
            }
        }
        report.answer()
    }

    /// Waits until the rate of the account lets another order in.
    async fn keep_rate(&self, at: u32, patience: &mut Duration) -> Result<(), Problem> {
        // The loop counts the first itself, and refuses it.
        if at == 0 {
            return Ok(());
        }
        loop {
            match ask(self.context, Ask::MayAsk(self.judge.account.id)).await? {
                Reply::Noted => return Ok(()),
                Reply::TooMany { limit: Limit::Rate, wait: Some(wait), .. } if wait <= *patience => {
                    *patience -= wait;
                    tokio::time::sleep(wait).await;
                }
                other => return Err(refusal(&other)),
            }
        }
    }

    /// Makes an order of some lines, unless none of them is accepted.
    async fn order(&self, at: u32, chunk: &[Record<'_>], seen: &mut Seen, report: &mut Report) -> Result<(), Problem> {
        let mut texts = self.context.memory.share(Holder::Account(self.judge.account.id));
        let filled = self.fill(chunk, &mut texts)?;
        let asked = self.form.asked(self.shared.as_deref(), self.targets(chunk, &filled));
        let (mut quote, mut submission) = Quote::of(self.judge, &asked)?;
        let targets = targets(&asked)?;
        self.leave_out(&targets, (&mut quote, &mut submission), seen);
        texts.grow_to(filled.iter().flatten().map(String::len).sum::<usize>() + octets(&submission))?;
        let whom = (&targets, self.judge.account.region.as_deref());
        screen::sift(self.context, whom, &mut quote, &mut submission).await?;
        let numbers: Vec<u64> = chunk.iter().map(|it| it.line).collect();
        report.note(&quote, &numbers);
        for it in &quote.rejected {
            (self.context.wiring.on_refusal)(it.kind.stage(), it.kind.status());
        }
        let (Some(first), Some(last)) = (quote.lines.first(), quote.lines.last()) else { return Ok(()) };
        let (first_line, last_line) = (numbers[first.at], numbers[last.at]);
        submission.idempotency = self.keyed(at);
        let (order, means, count, replayed) = match ask(self.context, Ask::Submit(submission)).await? {
            Reply::Accepted { order, messages, means, .. } => (order, *means, messages.len() as u64, false),
            Reply::Repeated(order) => (order, Means::default(), 0, true),
            other => return Err(refusal(&other)),
        };
        let (order_id, route_id) = (self.context.veil().order(order), quote.route.id.0);
        let mut made = Made { order_id, route_id, count, first_line, last_line, cost: quote.cost().map(Shown) };
        if replayed && let Some(view) = blocking(self.context, move |readers| readers.order(order)).await? {
            (made.count, made.cost) = (view.totals.total(), view.price.map(Shown));
        }
        report.made(made, replayed, means);
        Ok(())
    }

    /// The texts of some lines, where each has another, within what their account may hold of the memory.
    fn fill(&self, chunk: &[Record<'_>], held: &mut Share<'_>) -> Result<Vec<Option<String>>, Problem> {
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

    fn targets<'r>(&self, chunk: &'r [Record<'_>], filled: &'r [Option<String>]) -> Vec<Target<'r>> {
        chunk.iter().zip(filled).map(|(line, text)| self.sheet.target(line, text.as_deref())).collect()
    }

    /// Leaves out who has got the same by an earlier line of the file.
    fn leave_out<'q>(
        &self,
        targets: &Targets<'q>,
        (quote, submission): (&mut Quote<'q>, &mut Submission),
        seen: &mut Seen,
    ) {
        if self.form.repeats() {
            return;
        }
        let mut again = Vec::new();
        for (line, recipient) in quote.lines.iter().zip(&submission.recipients) {
            let print = fingerprint::digest(|it| {
                it.member("to", Some(&recipient.destination.0.to_le_bytes()));
                it.member("text", Some(recipient.text.as_bytes()));
                it.member("client_ref", recipient.client_ref.as_deref().map(str::as_bytes));
            });
            let print = *print.first_chunk().expect("a digest has more octets");
            if !seen.insert(print) {
                again.push(line.at);
            }
        }
        if again.is_empty() {
            return;
        }
        let mut kept =
            quote.lines.iter().map(|it| again.binary_search(&it.at).is_err()).collect::<Vec<_>>().into_iter();
        submission.recipients.retain(|_| kept.next().unwrap_or(true));
        for it in quote.lines.extract_if(.., |it| again.binary_search(&it.at).is_ok()) {
            let to = targets.written(it.at);
            quote.duplicates.push(Duplicate { at: it.at, to, pointer: "".into() });
        }
        quote.duplicates.sort_unstable_by_key(|it| it.at);
    }

    /// The key of one of the orders. That of the first is the file's own; those of the others are none that a header
    /// can have.
    fn keyed(&self, at: u32) -> Option<Keyed> {
        let (key, print) = self.key.as_ref()?;
        let key = if at == 0 { key.clone() } else { format!("{key}\u{1f}{at}").into() };
        Some(fingerprint::key(key, (self.path, print), |it| {
            it.member("csv", Some(print));
            it.member("order", Some(&at.to_le_bytes()));
        }))
    }
}

/// The lines of the next order.
fn next<'a>(lines: &mut impl Iterator<Item = Record<'a>>) -> Option<Vec<Record<'a>>> {
    let chunk: Vec<Record<'a>> = lines.by_ref().take(RECIPIENTS_MAX).collect();
    (!chunk.is_empty()).then_some(chunk)
}
