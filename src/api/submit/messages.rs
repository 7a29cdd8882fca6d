//! `POST /v1/messages`: what is asked for is checked, priced and handed to the loop, and answered once it is durable.

use crate::api::handler::admitted::Sender;
use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::kinds::IdempotencyKey;
use crate::api::handler::memory::{Holder, Share};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{body, idempotency, query};
use crate::api::read::message_view::alphabet;
use crate::api::read::order::messages_of;
use crate::api::submit::answer::Accepted;
use crate::api::submit::csv::report::Report;
use crate::api::submit::quote::{JUDGED, Judge, Quote};
use crate::api::submit::recipients::Line;
use crate::api::submit::request::{Asked, targets};
use crate::api::submit::{answer, callback, csv, diagnose, fingerprint, screen};
use crate::dispatch::door::happening::{Keyed, Recipient, Submission};
use crate::dispatch::door::reply::{Denial, Means, Submitted};
use crate::message::id::OrderId;
use crate::message::veil::MessageName;
use crate::record::entry::Entry;
use crate::text::Alphabet;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a request may be refused with where it is to be kept.
pub(crate) const KEPT: [Kind; 7] = [
    Kind::KeyReused,
    Kind::StillRunning,
    Kind::DiskLow,
    Kind::InsufficientBalance,
    Kind::QuotaExceeded,
    Kind::OverQuota,
    Kind::RateExceeded,
];

/// `POST /v1/messages`
pub(crate) async fn messages(
    State(context): State<Arc<Context>>,
    by: Sender,
    request: Request,
) -> Result<Response, Problem> {
    let account = by.account();
    refuse_when_closed(&context)?;
    if csv::is_csv(request.headers()) {
        return csv::messages(&context, &by, request).await;
    }
    let (head, body) = request.into_parts();
    // What is asked for there is not passed over in silence.
    if let Some(name) = head.uri.query().and_then(|it| it.split(['=', '&']).find(|it| !it.is_empty())) {
        return Err(query::invalid(name, "stands in the query, which is of CSV alone; JSON has it in the body"));
    }
    let key = idempotency::key(&head.headers)?;
    let (body, _held) = body::read(&context, Holder::Account(account.id), body).await?;
    let asked = diagnose::read(&body)?;
    let judge = Judge { plan: by.plan(), opted_out: &context.wiring.opted_out, account };
    let key = key.map(|key| fingerprint::key(key, (head.uri.path(), &body), |it| it.message(&asked)));
    // The texts are held while numbers are asked about, and until the loop has answered, not only until it takes them.
    let mut texts = context.memory.share(Holder::Account(account.id));
    let (quote, mut submission) = match judge_all(&context, judge, &asked, &mut texts).await {
        Ok(judged) => judged,
        // What is not accepted today may have been when it came first.
        Err(problem) => return repeat_of(&context, judge, key.as_ref(), None).await?.ok_or(problem),
    };
    submission.idempotency = key;
    match ask(&context, submission).await? {
        Submitted::Accepted { order, messages, means, .. } => {
            count_rejected(&context, &quote);
            let veil = context.veil();
            let names: Vec<MessageName> = messages.iter().map(|it| veil.message(*it)).collect();
            Ok(answer::accepted(&quote, (veil.order(order), None), &names, &means))
        }
        Submitted::Repeated(order) => repeat(&context, judge, &quote, (order, None)).await,
    }
}

/// What of it would be accepted now.
async fn judge_all<'a>(
    context: &Context,
    judge: Judge<'a>,
    asked: &'a Asked<'a>,
    texts: &mut Share<'_>,
) -> Result<(Quote<'a>, Box<Submission>), Problem> {
    let (mut quote, mut submission) = Quote::of(judge, asked)?;
    quote.some()?;
    texts.grow_to(octets(&submission))?;
    let whom = (&targets(asked)?, judge.account.region.as_deref());
    screen::sift(context, whom, &mut quote, &mut submission).await?;
    quote.some()?;
    callback::attach(context, asked, &mut submission).await?;
    Ok((quote, submission))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    let example = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "Your parcel is on its way", "client_ref": "parcel-77" });
    csv::wishes::about(Endpoint::new("Messages", "sendMessages", "Send a message"))
        .says(include_str!("send.md").trim_end())
        .by::<Sender>()
        .header::<IdempotencyKey>("Idempotency-Key", "Makes the request safe to repeat: one key for one request.")
        .body::<Asked<'_>>("What is to be sent, and to whom. Only `to` and a text are needed everywhere.", example)
        .or_body_in("text/csv", "to,name\n+31612345678,Ann\n")
        .answers::<Accepted<'_>>(202, "It is durable and queued; of CSV, with the orders that were made of it.")
        .or_answers::<Report>(202)
        .tells(202, "Location", (false, "The message, or the order of several; of CSV where it made one order."))
        .tells(202, "Idempotent-Replayed", (false, "`true` where this is the answer to an earlier request again."))
        .tells(202, "RateLimit", (false, "What is left of rate and quota, where the account has them."))
        .tells(202, "RateLimit-Policy", (false, "What rate and quota are, where the account has them."))
        .leads(202, "getMessage", ("id", "$response.body#/messages/0/id", "The first of its messages."))
        .leads(202, "cancelMessage", ("id", "$response.body#/messages/0/id", "Takes the first of its messages back."))
        .leads(202, "tellOutcome", ("id", "$response.body#/messages/0/id", "Tells whether its code came back."))
        .leads(202, "getOrder", ("id", "$response.body#/order_id", "How far the order is."))
        .leads(202, "listMessagesOfOrder", ("id", "$response.body#/order_id", "The messages of the order."))
        .refuses(&JUDGED)
        .refuses(&KEPT)
        .refuses(&[Kind::ClassMismatch, Kind::MalformedCsv, Kind::NoSecret, Kind::TooManyEndpoints])
        .refuses(&READS)
        .refuses(&ASKS)
        .sends("Idempotency-Key: parcel-77")
}

/// Counts who of a request is not accepted; to be done where others were, once.
pub(super) fn count_rejected(context: &Context, quote: &Quote<'_>) {
    for it in &quote.rejected {
        (context.wiring.on_refusal)(it.kind.stage(), it.kind.status());
    }
}

/// What was answered under a key before, if it was used; refused where it was for something else. Of what would be
/// refused now nothing is said.
pub(super) async fn repeat_of(
    context: &Context,
    judge: Judge<'_>,
    key: Option<&Keyed>,
    of: Option<u64>,
) -> Result<Option<Response>, Problem> {
    let Some(asked) = key else { return Ok(None) };
    let (account, name) = (judge.account.id, asked.key.clone());
    let Some(before) = blocking(context, move |readers| readers.idempotency(account, &name)).await? else {
        return Ok(None);
    };
    if !asked.is(&before.hash) {
        return Err(refusal(&Denial::KeyReused));
    }
    let first = blocking(context, move |readers| readers.order_messages(before.order, &[], None, 1)).await?;
    let Some(route) = first.first().and_then(|it| judge.plan.routes.get(&it.body.route)) else { return Ok(None) };
    let quote = Quote { route, lines: Vec::new(), rejected: Vec::new(), duplicates: Vec::new(), currency: None };
    repeat(context, judge, &quote, (before.order, of)).await.map(Some)
}

/// The first answer again, from what the store has of the order, which may be what was left of another.
pub(super) async fn repeat(
    context: &Context,
    Judge { plan, account, .. }: Judge<'_>,
    quote: &Quote<'_>,
    (order, of): (OrderId, Option<u64>),
) -> Result<Response, Problem> {
    let mut held = context.memory.share(Holder::Account(account.id));
    let range = blocking(context, move |readers| readers.order_range(order)).await?;
    let entries = match range {
        Some(range) => messages_of(context, range, &[], &mut held).await?,
        None => Vec::new(),
    };
    let veil = context.veil();
    let names: Vec<MessageName> = entries.iter().map(|it| veil.message(it.body.id)).collect();
    let lines = entries.iter().enumerate().map(|(at, Entry { body, .. })| Line {
        at,
        to: body.destination,
        client_ref: body.client_ref.as_deref(),
        // A text that was erased cannot be counted again; the same request stands beside it.
        alphabet: alphabet(body, plan).or(quote.lines.get(at).map(|it| it.alphabet)).unwrap_or(Alphabet::Gsm7),
        parts: body.parts,
        price: body.price,
    });
    // By which it goes, and not by which it would go today.
    let route = entries.first().and_then(|it| plan.routes.get(&it.body.route)).unwrap_or(quote.route);
    let first = Quote {
        route,
        lines: lines.collect(),
        rejected: quote.rejected.clone(),
        // An order of before duplicates were left out has them among its messages.
        duplicates: if entries.len() <= quote.lines.len() { quote.duplicates.clone() } else { Vec::new() },
        currency: plan.currency(route.id, account.currency),
    };
    let charge = blocking(context, move |readers| readers.ledger_line(order, None)).await?;
    let means = Means { balance: charge.map(|it| it.balance), ..Means::default() };
    Ok(idempotency::mark_replay(answer::accepted(&first, (veil.order(order), of), &names, &means)))
}

/// Nothing new comes in while the daemon stops, its store has failed or its disk is nearly full.
pub(crate) fn refuse_when_closed(context: &Context) -> Result<(), Problem> {
    let health = &context.wiring.health;
    let set = |flag: &std::sync::atomic::AtomicBool| flag.load(Ordering::Relaxed);
    if set(&health.poisoned) {
        Err(Problem::new(
            Kind::StoreFailed,
            "The store failed; nothing is accepted until the daemon has started again.",
        ))
    } else if set(&health.draining) {
        Err(Problem::new(Kind::Draining, "The daemon is stopping; nothing new is accepted."))
    } else if set(&health.disk_low) {
        Err(Problem::new(Kind::DiskLow, "The disk is nearly full; nothing new is accepted.")
            .after(Duration::from_secs(10)))
    } else {
        Ok(())
    }
}

/// About what a submission takes in memory.
pub(super) fn octets(submission: &Submission) -> usize {
    let data = submission.recipients.first().and_then(|it| it.extras.as_ref()?.form.binary.as_ref());
    let own = |it: &Recipient| it.text.len() + it.client_ref.as_ref().map_or(0, |it| it.len());
    let texts = submission.recipients.iter().map(|it| size_of::<Recipient>() + size_of::<Line<'_>>() + own(it));
    texts.sum::<usize>() + data.map_or(0, |it| it.data.len())
}
