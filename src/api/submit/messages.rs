//! `POST /v1/messages`: what is asked for is checked, priced and handed to the loop, and answered once it is durable.

use crate::api::handler::admitted::Sender;
use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{body, idempotency};
use crate::api::read::message_view::alphabet;
use crate::api::submit::quote::Quote;
use crate::api::submit::recipients::Line;
use crate::api::submit::request::{RECIPIENTS_MAX, targets};
use crate::api::submit::{answer, diagnose, fingerprint, screen};
use crate::dispatch::door::happening::{Ask, Recipient, Submission};
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::{Means, Reply};
use crate::message::id::OrderId;
use crate::message::veil::MessageName;
use crate::record::entry::Entry;
use crate::text::Alphabet;
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// `POST /v1/messages`
pub(crate) async fn messages(
    State(context): State<Arc<Context>>,
    by: Sender,
    request: Request,
) -> Result<Response, Problem> {
    let account = by.account();
    refuse_when_closed(&context)?;
    let (head, body) = request.into_parts();
    let key = idempotency::key(&head.headers)?;
    let (body, _held) = body::read(&context, Holder::Account(account.id), body).await?;
    let asked = diagnose::read(&body)?;
    let (mut quote, mut submission) = Quote::of((by.plan(), &context.wiring.opted_out), account, &asked)?;
    // The texts are held while numbers are asked about, and until the loop has answered, not only until it takes them.
    let mut texts = context.memory.share(Holder::Account(account.id));
    texts.grow_to(octets(&submission))?;
    let targets = (&targets(&asked)?, account.region.as_deref());
    screen::sift(&context, targets, &mut quote, &mut submission).await?;
    for it in &quote.rejected {
        (context.wiring.on_refusal)(it.kind.stage(), it.kind.status());
    }
    submission.idempotency = key.map(|key| fingerprint::key(key, (head.uri.path(), &body), |it| it.message(&asked)));
    match ask(&context, Ask::Submit(submission)).await? {
        Reply::Accepted { order, messages, means, .. } => {
            let veil = context.veil();
            let names: Vec<MessageName> = messages.iter().map(|it| veil.message(*it)).collect();
            Ok(answer::accepted(&quote, veil.order(order), &names, &means))
        }
        Reply::Repeated(order) => repeat(&context, by.plan(), &quote, order).await,
        other => Err(refusal(&other)),
    }
}

/// The first answer again, from what the store has of the order.
async fn repeat(context: &Context, plan: &Plan, quote: &Quote<'_>, order: OrderId) -> Result<Response, Problem> {
    let entries = blocking(context, move |readers| readers.order_messages(order, &[], None, RECIPIENTS_MAX)).await?;
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
    Ok(idempotency::mark_replay(answer::accepted(&first, veil.order(order), &names, &means)))
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
    let data = submission.recipients.first().and_then(|it| it.extras.as_ref()?.form.binary.as_ref());
    let texts = submission.recipients.iter().map(|it| size_of::<Recipient>() + it.text.len());
    texts.sum::<usize>() + data.map_or(0, |it| it.data.len())
}
