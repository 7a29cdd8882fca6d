//! `POST /v1/messages`, `POST /v1/estimate` and `DELETE /v1/messages/{id}`.

use crate::api::handler::auth::{Peer, Scope};
use crate::api::handler::body;
use crate::api::handler::context::{Call, Context};
use crate::api::handler::idempotency;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::lookup;
use crate::api::read::balance;
use crate::api::read::order;
use crate::api::submit::answer::{self, Shown};
use crate::api::submit::diagnose;
use crate::api::submit::fingerprint;
use crate::api::submit::quote::{Quote, targets};
use crate::api::submit::ranking;
use crate::api::submit::recipients::Line;
use crate::api::submit::request::RECIPIENTS_MAX;
use crate::dispatch::door::happening::{Ask, Recipient, Submission};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::{Limit, Means, Reply};
use crate::message::id::OrderId;
use crate::message::status::Status;
use crate::message::veil::MessageName;
use crate::record::entry::Entry;
use crate::text::Alphabet;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a request waits for the loop. A beat takes milliseconds; whoever waits longer
/// than this sits behind a disk that hangs.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// `POST /v1/messages`
pub(crate) async fn messages(State(context): State<Arc<Context>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    match submit(&context, request).await {
        Ok(response) => response,
        Err(problem) => {
            (context.wiring.on_refusal)(problem.kind.stage(), problem.kind.status());
            problem.into_response(&path)
        }
    }
}

/// `POST /v1/estimate`
pub(crate) async fn estimate(State(context): State<Arc<Context>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    estimated(&context, request).await.unwrap_or_else(|problem| problem.into_response(&path))
}

/// `DELETE /v1/messages/{id}`
pub(crate) async fn cancel(State(context): State<Arc<Context>>, Path(id): Path<String>, request: Request) -> Response {
    let head = request.into_parts().0;
    cancelled(&context, &id, &head).await.unwrap_or_else(|problem| problem.into_response(head.uri.path()))
}

/// Whence a request comes; the server notes it on each.
pub(crate) fn peer(extensions: &Extensions) -> Peer {
    extensions.get::<Peer>().copied().unwrap_or(Peer::LOCAL)
}

async fn submit(context: &Context, request: Request) -> Result<Response, Problem> {
    let directory = context.directory();
    let account = directory.admit(request.headers(), peer(request.extensions()), Scope::Send)?;
    refuse_when_closed(context)?;
    let key = idempotency::key(request.headers())?;
    let path = request.uri().path().to_owned();
    let (body, _held) = body::read(context, Holder::Account(account.id), request.into_body()).await?;
    let asked = diagnose::read(&body)?;
    let (mut quote, mut submission) = Quote::of((&directory.plan, &context.wiring.opted_out), account, &asked)?;
    // The texts are held while numbers are asked about, and until the loop has answered, not only until it takes them.
    let mut texts = context.memory.share(Holder::Account(account.id));
    texts.grow_to(octets(&submission))?;
    let targets = (&targets(&asked)?, account.region.as_deref());
    lookup::sift(context, targets, &mut quote, &mut submission).await?;
    for it in &quote.rejected {
        (context.wiring.on_refusal)(it.kind.stage(), it.kind.status());
    }
    submission.idempotency = key.map(|key| fingerprint::keyed(key, (&path, &body), |it| it.message(&asked)));
    let (to, answer) = oneshot::channel();
    send(context, Call::Ask(Ask::Submit(submission), to))?;
    match awaited(answer).await? {
        Reply::Accepted { order, messages, means, .. } => {
            let veil = context.veil();
            let names: Vec<MessageName> = messages.iter().map(|it| veil.message(*it)).collect();
            Ok(answer::accepted(&quote, veil.order(order), &names, &means))
        }
        Reply::Repeated(order) => repeated(context, &directory.plan, &quote, order).await,
        other => Err(refusal(&other)),
    }
}

/// The first answer again, from what the store has of the order.
async fn repeated(context: &Context, plan: &Plan, quote: &Quote<'_>, order: OrderId) -> Result<Response, Problem> {
    let entries = order::blocking(context, move |readers| readers.order_messages(order, None, RECIPIENTS_MAX)).await?;
    let veil = context.veil();
    let names: Vec<MessageName> = entries.iter().map(|it| veil.message(it.body.id)).collect();
    let lines = entries.iter().enumerate().map(|(at, Entry { body, .. })| Line {
        to: body.destination,
        client_ref: body.client_ref.as_deref(),
        // A text that was erased cannot be counted again; the same request stands beside it.
        alphabet: order::alphabet(body, plan).or(quote.lines.get(at).map(|it| it.alphabet)).unwrap_or(Alphabet::Gsm7),
        parts: body.parts,
        price: body.price,
    });
    let first = Quote {
        route: quote.route,
        lines: lines.collect(),
        rejected: quote.rejected.clone(),
        // An order of before duplicates were left out has them among its messages.
        duplicates: if entries.len() <= quote.lines.len() { quote.duplicates.clone() } else { Vec::new() },
        currency: quote.currency,
    };
    let charge = order::blocking(context, move |readers| readers.ledger_line(order, None)).await?;
    let means = Means { balance: charge.map(|it| it.balance), ..Means::default() };
    Ok(idempotency::replayed(answer::accepted(&first, veil.order(order), &names, &means)))
}

async fn estimated(context: &Context, request: Request) -> Result<Response, Problem> {
    let directory = context.directory();
    let account = directory.admit(request.headers(), peer(request.extensions()), Scope::Send)?;
    let (body, _held) = body::read(context, Holder::Account(account.id), request.into_body()).await?;
    let asked = diagnose::read(&body)?;
    let (quote, submission) = Quote::of((&directory.plan, &context.wiring.opted_out), account, &asked)?;
    let first = submission.recipients.first();
    let names = first.map_or_else(Vec::new, |it| {
        let from = it.source.as_ref().unwrap_or(&submission.source);
        ranking::ranked(&directory.plan, quote.route, it.destination, from)
    });
    let balance = balance::of_account(context, account).await?;
    let sufficient = balance.is_none_or(|it| quote.cost().is_some_and(|cost| cost <= it));
    let names = account.shows_carriers.then_some(&names[..]);
    Ok(answer::estimated(&quote, names, sufficient))
}

async fn cancelled(context: &Context, id: &str, head: &Parts) -> Result<Response, Problem> {
    let directory = context.directory();
    let account = directory.admit(&head.headers, peer(&head.extensions), Scope::Send)?;
    let (veil, id) = order::named(context, id)?;
    let (to, answer) = oneshot::channel();
    send(context, Call::Ask(Ask::Cancel(account.id, id), to))?;
    match awaited(answer).await? {
        Reply::Cancelled => {
            let document = Cancelled { id: Shown(veil.message(id)), status: Status::Cancelled.word() };
            Ok(answer::json(StatusCode::OK, &document, 100))
        }
        other => Err(refusal(&other)),
    }
}

#[derive(Serialize)]
struct Cancelled {
    id: Shown<MessageName>,
    status: &'static str,
}

/// Nothing new comes in while the daemon stops, its store has failed or its disk is nearly full.
fn refuse_when_closed(context: &Context) -> Result<(), Problem> {
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

/// Hands something to the loop; refused where its lane is full or it has ended.
pub(crate) fn send(context: &Context, call: Call) -> Result<(), Problem> {
    use tokio::sync::mpsc::error::TrySendError;
    context.wiring.submit.try_send(call).map_err(|error| match error {
        TrySendError::Full(_) => Problem::new(Kind::QueueFull, "Too many requests wait to be stored."),
        TrySendError::Closed(_) => refusal(&Reply::Draining),
    })?;
    (context.wiring.wake)();
    Ok(())
}

pub(crate) async fn awaited(answer: oneshot::Receiver<Reply>) -> Result<Reply, Problem> {
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(Ok(reply)) => Ok(reply),
        // The request may yet be stored: only its idempotency key makes another try safe.
        Ok(Err(_)) | Err(_) => Err(Problem::new(
            Kind::NoAnswer,
            "It is not known whether the request was stored; repeat it with the same Idempotency-Key.",
        )),
    }
}

/// The refusal that a reply of the loop means.
pub(crate) fn refusal(reply: &Reply) -> Problem {
    match reply {
        Reply::KeyReused => Problem::new(Kind::KeyReused, "The Idempotency-Key came before, with another request."),
        Reply::TooLate => Problem::new(Kind::TooLate, "The message has left or has ended; it cannot be taken back."),
        Reply::NeverLeft => Problem::new(Kind::Cancelled, "The message was taken back: nothing can have come of it."),
        Reply::NotFound => no_message(),
        Reply::QueueFull(wait) => Problem::new(Kind::QueueFull, "The queue is full.").after(*wait),
        Reply::Draining => Problem::new(Kind::Draining, "The daemon is stopping; nothing new is accepted."),
        Reply::Running => Problem::new(Kind::StillRunning, "The same request is still under way."),
        Reply::TooMany { limit, wait, means } => too_many(*limit, *wait, means),
        Reply::Insufficient { balance } => {
            let detail = format!("The balance of {} is not enough for this request.", balance.exact());
            Problem::new(Kind::InsufficientBalance, detail)
        }
        Reply::Unpriced => Problem::new(Kind::NoPrice, "The account pays from a balance, and this has no price."),
        Reply::NotManaged => Problem::at(Kind::Invalid, "", "the account has no balance: it does not pay in advance"),
        Reply::TooMuch => Problem::at(Kind::Invalid, "/amount", "the balance would be larger than any may be"),
        Reply::Accepted { .. }
        | Reply::Repeated(_)
        | Reply::Cancelled
        | Reply::Noted
        | Reply::Credited(_)
        | Reply::CreditedBefore(_)
        | Reply::Suppressed(_)
        | Reply::Lifted
        | Reply::ListFull
        | Reply::Ordered(_)
        | Reply::Unfit(_)
        | Reply::Inspected(_) => Problem::new(Kind::Internal, "The request was answered with the answer to another."),
    }
}

fn too_many(limit: Limit, wait: Option<Duration>, means: &Means) -> Problem {
    let (kind, detail) = match limit {
        Limit::Rate => (Kind::RateExceeded, "The account asks more often than its rate allows."),
        Limit::Quota if wait.is_none() => (Kind::QuotaExceeded, "The request has more messages than the quota."),
        Limit::Quota => (Kind::QuotaExceeded, "The quota of messages of this period is used up."),
    };
    let problem = Problem { means: Some(Box::new(*means)), ..Problem::new(kind, detail) };
    match wait {
        Some(wait) => problem.after(wait),
        None => problem,
    }
}

/// The refusal for a message that does not exist, or is another account's: which of the two is not said.
pub(crate) fn no_message() -> Problem {
    Problem::new(Kind::NotFound, "There is no message with this id.")
}

/// About what a submission takes in memory.
fn octets(submission: &Submission) -> usize {
    let data = submission.recipients.first().and_then(|it| it.manner.as_ref()?.form.binary.as_ref());
    let texts = submission.recipients.iter().map(|it| size_of::<Recipient>() + it.text.len());
    texts.sum::<usize>() + data.map_or(0, |it| it.data.len())
}
