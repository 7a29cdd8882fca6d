//! `POST /v1/orders/{id}/retry`: a new order of what did not arrive of another.
//!
//! It has the texts, the references and the wishes of the first, and goes by its route, at once. All else is judged as
//! if it were asked for now: who does not want to be written to, what it costs, whether the sender may be used.

use crate::api::handler::admitted::Sender;
use crate::api::handler::ask::ask;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json;
use crate::api::handler::kinds::{IdempotencyKey, MessageStatus, OrderKey};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::{body, idempotency};
use crate::api::read::order::{messages_of, own_range};
use crate::api::submit::answer::Accepted;
use crate::api::submit::messages::{KEPT, count_rejected, octets, refuse_when_closed, repeat, repeat_of};
use crate::api::submit::quote::{JUDGED, Judge, Quote, Shared, VALIDITY_MAX, VALIDITY_MIN, may_use};
use crate::api::submit::recipients::Rejected;
use crate::api::submit::rejection::Rejection;
use crate::api::submit::request::{Target, Targets, Text};
use crate::api::submit::{answer, fingerprint, screen};
use crate::dispatch::door::happening::Keyed;
use crate::dispatch::door::reply::Submitted;
use crate::message::body::Body;
use crate::message::extras::Extras;
use crate::message::source::Source;
use crate::message::status::Status;
use crate::message::veil::MessageName;
use crate::record::entry::Entry;
use crate::route::plan::Route;
use crate::text::content::Requested;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use utoipa::ToSchema;

/// What did not arrive, unless the request says what is meant. Of what ended without news nobody knows.
const USUAL: [Status; 2] = [Status::Failed, Status::Expired];
/// What may be sent again: nothing that is under way, or has arrived.
const MAY_BE: [Status; 4] = [Status::Failed, Status::Expired, Status::Unknown, Status::Cancelled];

/// `POST /v1/orders/{id}/retry`
pub(crate) async fn retry(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Sender,
    request: Request,
) -> Result<Response, Problem> {
    let account = by.account();
    refuse_when_closed(&context)?;
    let (head, body) = request.into_parts();
    let key = idempotency::key(&head.headers)?;
    let (body, mut held) = body::read(&context, Holder::Account(account.id), body).await?;
    let statuses = statuses(&body)?;
    let (order, range) = own_range(&context, &id, account.id).await?;
    let key = key.map(|key| {
        let words = statuses.iter().map(|it| it.number()).collect::<Vec<u8>>();
        fingerprint::key(key, (head.uri.path(), &body), |it| it.member("statuses", Some(&words)))
    });
    let entries = messages_of(&context, range, &statuses, &mut held).await?;
    let judge = Judge { plan: by.plan(), opted_out: &context.wiring.opted_out, account };
    let again = Retry { context: &context, judge, of: context.veil().order(order), key };
    match again.send(&entries).await {
        // What was left when it was first asked for may have arrived since, or be in no state to be judged.
        Err(problem) => repeat_of(&context, judge, again.key.as_ref(), Some(again.of)).await?.ok_or(problem),
        done => done,
    }
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Orders", "retryOrder", "Send again what failed of an order")
        .says(
            "Makes a new order of those messages of an order that failed or expired, with their texts and references, by the \
             same route and at once. All else is judged as if it were asked for now. Where a text was erased when its message \
             ended, it cannot be sent again: the message is in `rejected`, and `pointer` names it. Twice is twice: only an \
             `Idempotency-Key` keeps the same from being sent again by a second request.",
        )
        .by::<Sender>()
        .path::<OrderKey>("id", "$ORDER", "The id of the order.")
        .header::<IdempotencyKey>("Idempotency-Key", "Makes the request safe to repeat: one key for one request.")
        .body::<Again>("Which messages are meant; without it those that failed or expired.", example())
        .spares_body()
        .answers::<Accepted<'_>>(202, "The new order is durable and queued; `retry_of` names the first.")
        .tells(202, "Location", (true, "The new order."))
        .tells(202, "Idempotent-Replayed", (false, "`true` where this is the answer to an earlier request again."))
        .refuses(&JUDGED)
        .refuses(&KEPT)
        .refuses(&[Kind::NotFound, Kind::TextErased, Kind::NothingToRetry])
        .refuses(&READS)
        .refuses(&ASKS)
}

fn example() -> Value {
    serde_json::json!({ "statuses": ["FAILED", "EXPIRED"] })
}

/// Which messages of an order are to be sent again.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = RetryRequest)]
#[serde(deny_unknown_fields)]
struct Again {
    /// Those that ended so: `FAILED`, `EXPIRED`, `UNKNOWN` or `CANCELLED`. The first two without it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<MessageStatus>>)]
    statuses: Option<Vec<String>>,
}

/// Which messages are meant, in one order, each once.
fn statuses(body: &[u8]) -> Result<Vec<Status>, Problem> {
    let invalid = |error| Problem::at(Kind::Invalid, "", format!("The body is not valid: {error}."));
    let wanted = if body.is_empty() { Again::default() } else { json::read(body, invalid)? };
    let Some(words) = wanted.statuses else { return Ok(USUAL.into()) };
    let mut found = Vec::with_capacity(MAY_BE.len());
    for (at, word) in words.iter().enumerate() {
        let status = Status::from_word(word).filter(|it| MAY_BE.contains(it));
        let detail = "must be FAILED, EXPIRED, UNKNOWN or CANCELLED";
        found.push(status.ok_or_else(|| Problem::at(Kind::Invalid, format!("/statuses/{at}"), detail))?);
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() { Err(Problem::at(Kind::Invalid, "/statuses", "names nothing")) } else { Ok(found) }
}

/// Somebody wants what is left of an order sent.
struct Retry<'a> {
    context: &'a Context,
    judge: Judge<'a>,
    /// The order, as it is shown.
    of: u64,
    key: Option<Keyed>,
}

impl Retry<'_> {
    /// Judges what did not arrive, and asks the loop for it.
    async fn send(&self, entries: &[Entry]) -> Result<Response, Problem> {
        let Self { context, judge, of, .. } = *self;
        let numbers: Vec<String> = entries.iter().map(|it| it.body.destination.to_string()).collect();
        let (erased, kept): (Vec<_>, Vec<_>) = entries.iter().zip(&numbers).partition(|it| is_erased(&it.0.body));
        let list: Vec<Target<'_>> = kept.iter().map(|(entry, to)| target(&entry.body, to)).collect();
        let targets = Targets::Many(&list);
        let shared = shared(judge, entries, &kept)?;
        let (mut quote, mut submission) = Quote::judge(judge, shared, &targets)?;
        let mut texts = context.memory.share(Holder::Account(judge.account.id));
        texts.grow_to(octets(&submission))?;
        screen::sift(context, (&targets, None), &mut quote, &mut submission).await?;
        quote.rejected.iter_mut().for_each(|it| it.pointer = pointer(context, kept[it.at].0));
        quote.rejected.extend(erased.iter().map(|(entry, to)| Rejected {
            at: 0,
            to,
            pointer: pointer(context, entry),
            kind: Kind::TextErased,
            code: Rejection::TextErased,
            detail: "has no text any more: it was erased when the message ended".into(),
        }));
        quote.some()?;
        submission.idempotency.clone_from(&self.key);
        match ask(context, submission).await? {
            Submitted::Accepted { order, messages, means, .. } => {
                count_rejected(context, &quote);
                let veil = context.veil();
                let names: Vec<MessageName> = messages.iter().map(|it| veil.message(*it)).collect();
                Ok(answer::accepted(&quote, (veil.order(order), Some(of)), &names, &means))
            }
            Submitted::Repeated(order) => repeat(context, judge, &quote, (order, Some(of))).await,
        }
    }
}

/// What all of them share, as the first of those that still say something has it.
fn shared<'a>(judge: Judge<'a>, all: &[Entry], kept: &[(&Entry, &String)]) -> Result<Shared<'a>, Problem> {
    let nothing = || Problem::new(Kind::NothingToRetry, "No message of the order ended so.");
    let first = kept.first().map(|it| it.0).or(all.first()).ok_or_else(nothing)?;
    let body = &first.body;
    let granted = judge.plan.routes.get(&body.route).filter(|it| judge.account.routes.contains(&it.id));
    let lost = || Problem::new(Kind::RouteNotGranted, "The account may not use the route of the order any more.");
    let route = granted.ok_or_else(lost)?;
    let bodies = kept.iter().map(|it| &*it.0.body);
    let source = bodies.map(|it| (it, &it.source)).find(|(body, source)| is_shared(judge, route, body, source));
    let source = source.map(|it| it.1.clone());
    if source.as_ref().is_some_and(|it| !may_use(judge.account, route, it)) {
        return Err(Problem::new(Kind::SenderNotGranted, "The sender of the order may not be used any more."));
    }
    // Of what began later than it was asked for, some of its time may be gone.
    let lasted = body.expires.since(body.begins());
    Ok(Shared {
        route,
        source,
        requested: body.requested,
        extras: body.extras.as_deref().map(|it| Extras { payload: false, ..it.clone() }).filter(|it| !it.is_empty()),
        text: None,
        client_ref: None,
        repeats: true,
        send_at: None,
        validity: if lasted < VALIDITY_MIN { route.validity } else { lasted.min(VALIDITY_MAX) },
    })
}

/// Whether a sender is that of the request, and not the destination's own.
fn is_shared(judge: Judge<'_>, route: &Route, body: &Body, source: &Source) -> bool {
    let own = route.senders_by_country.get(&judge.plan.networks.destination(body.destination));
    *source != Source::Unset && own != Some(source)
}

fn target<'a>(body: &'a Body, to: &'a str) -> Target<'a> {
    let text = |it: &'a str| Text(Cow::Borrowed(it));
    Target {
        object: true,
        to: text(to),
        client_ref: body.client_ref.as_deref().map(text),
        text: (body.requested != Requested::Binary).then(|| text(&body.text)),
    }
}

/// Whether it says nothing any more. A text that was accepted is not empty.
fn is_erased(body: &Body) -> bool {
    body.has_code() || body.text.is_empty() && body.extras.as_ref().is_none_or(|it| it.form.binary.is_none())
}

/// Which message of the first order is meant.
fn pointer(context: &Context, entry: &Entry) -> Cow<'static, str> {
    format!("/messages/{}", context.veil().message(entry.body.id)).into()
}
