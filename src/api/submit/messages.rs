//! `POST /v1/messages`, `POST /v1/estimate` and `DELETE /v1/messages/{id}`.

use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::auth::{Scope, peer};
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{body, idempotency};
use crate::api::read::message_view::alphabet;
use crate::api::read::{balance, order};
use crate::api::submit::answer;
use crate::api::submit::quote::Quote;
use crate::api::submit::recipients::Line;
use crate::api::submit::request::{RECIPIENTS_MAX, targets};
use crate::api::submit::{diagnose, fingerprint, ranking, screen};
use crate::dispatch::door::happening::{Ask, Recipient, Submission};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::{Means, Reply};
use crate::message::id::OrderId;
use crate::message::status::Status;
use crate::message::veil::MessageName;
use crate::record::entry::Entry;
use crate::text::Alphabet;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

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
    screen::sift(context, targets, &mut quote, &mut submission).await?;
    for it in &quote.rejected {
        (context.wiring.on_refusal)(it.kind.stage(), it.kind.status());
    }
    submission.idempotency = key.map(|key| fingerprint::keyed(key, (&path, &body), |it| it.message(&asked)));
    match ask(context, Ask::Submit(submission)).await? {
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
    let entries = blocking(context, move |readers| readers.order_messages(order, None, RECIPIENTS_MAX)).await?;
    let veil = context.veil();
    let names: Vec<MessageName> = entries.iter().map(|it| veil.message(it.body.id)).collect();
    let lines = entries.iter().enumerate().map(|(at, Entry { body, .. })| Line {
        to: body.destination,
        client_ref: body.client_ref.as_deref(),
        // A text that was erased cannot be counted again; the same request stands beside it.
        alphabet: alphabet(body, plan).or(quote.lines.get(at).map(|it| it.alphabet)).unwrap_or(Alphabet::Gsm7),
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
    let charge = blocking(context, move |readers| readers.ledger_line(order, None)).await?;
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
    match ask(context, Ask::Cancel(account.id, id)).await? {
        Reply::Cancelled => {
            let document = Cancelled { id: Shown(veil.message(id)), status: Status::Cancelled.word() };
            Ok(json::answer(StatusCode::OK, &document, 100))
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

/// About what a submission takes in memory.
fn octets(submission: &Submission) -> usize {
    let data = submission.recipients.first().and_then(|it| it.manner.as_ref()?.form.binary.as_ref());
    let texts = submission.recipients.iter().map(|it| size_of::<Recipient>() + it.text.len());
    texts.sum::<usize>() + data.map_or(0, |it| it.data.len())
}
