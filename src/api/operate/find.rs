//! Messages of every account, for operators: `GET /admin/v1/messages`, `…/{id}` and `…/{id}/story`.
//!
//! Numbers are masked unless the key reveals them; what messages say is never shown.

use crate::api::handler::admitted::Operator;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::filters::parameters;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{MessageCursor, MessageKey, MessageStatus};
use crate::api::handler::page::Page;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::query::{self, invalid};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::now;
use crate::api::operate::story::{self, Line};
use crate::api::read::balance::refunds;
use crate::api::read::list::{self, Search};
use crate::api::read::message::find_message;
use crate::api::read::message_view::{MessageView, Recipient};
use crate::dispatch::door::plan::Plan;
use crate::message::money::Money;
use crate::message::veil::{MessageName, Veil};
use crate::record::entry::Entry;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What may be asked for.
const PARAMETERS: [&str; 11] = [
    "to",
    "account",
    "client_ref",
    "carrier_message_id",
    "order_id",
    "route_id",
    "status",
    "since",
    "until",
    "cursor",
    "limit",
];

/// `GET /admin/v1/messages`
pub(crate) async fn messages(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Operator,
) -> Result<Response, Problem> {
    let veil = context.veil();
    let mut search = Search::new(by.account(), veil);
    for pair in query::pairs(asked.as_deref(), &PARAMETERS)? {
        let (name, value) = pair?;
        if name == "account" {
            let account = by.plan().account_named(&value);
            search.query.account = Some(account.ok_or_else(|| invalid(&name, "there is no such account"))?.id);
        } else {
            search.set(&name, &value)?;
        }
    }
    let (asked, query) = search.done();
    let page = blocking(&context, move |readers| readers.list(&query)).await?;
    let refunds = refunds(&context, &page.entries).await?;
    let refund = |it: &Entry| refunds.get(&it.body.seq()).copied();
    let view = |it| view((it, &veil), by.plan(), by.account().scopes.reveal, refund(it));
    Ok(list::answer(&asked.page(page.entries.iter().map(view).collect(), page.next.map(|it| it.0))))
}

/// `GET /admin/v1/messages/{id}`
pub(crate) async fn message(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Operator,
) -> Result<Response, Problem> {
    let entry = find_message(&context, &id).await?;
    let refund = refunds(&context, std::slice::from_ref(&entry)).await?.get(&entry.body.seq()).copied();
    let view = view((&entry, &context.veil()), by.plan(), by.account().scopes.reveal, refund);
    Ok(json::answer(StatusCode::OK, &view, 2_048))
}

/// `GET /admin/v1/messages/{id}/story`
pub(crate) async fn story(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Operator,
) -> Result<Response, Problem> {
    let entry = find_message(&context, &id).await?;
    let veil = context.veil();
    let story = story::of(&entry, &veil, by.plan(), now());
    let told = StoryView {
        id: Shown(veil.message(entry.body.id)),
        to: Shown(Recipient::of(entry.body.destination, by.account().scopes.reveal)),
        status: entry.status().word(),
        story: story.past,
        next: story.next,
    };
    Ok(json::answer(StatusCode::OK, &told, 2_048))
}

fn view<'a>(
    (entry, veil): (&'a Entry, &Veil),
    plan: &'a Plan,
    reveals: bool,
    refund: Option<Money>,
) -> MessageView<'a> {
    let account = plan.accounts.get(&entry.body.account).and_then(|it| it.currency);
    let view = MessageView::of(entry, veil, plan, plan.currency(entry.body.route, account));
    view.paid_back(refund).for_operator(entry, plan, reveals)
}

/// What the reference says of it.
pub(crate) fn about_messages() -> Endpoint {
    let list = Endpoint::new("All messages", "findMessages", "Find messages")
        .says("Messages of every account, newest first. Numbers are masked unless the key has the scope `reveal`; texts are never shown.")
        .by::<Operator>();
    parameters::<MessageCursor>(list, &PARAMETERS)
        .answers::<Page<MessageView<'_>>>(200, "Messages, newest first.")
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
        .asks("?to=%2B31612345678&limit=10")
}

/// What the reference says of it.
pub(crate) fn about_message() -> Endpoint {
    Endpoint::new("All messages", "findMessage", "Get a message of any account")
        .says("As `GET /v1/messages/{id}`, with whose it is and what carriers charge.")
        .by::<Operator>()
        .path::<MessageKey>("id", "$ID", "The id of the message.")
        .answers::<MessageView<'_>>(200, "The message.")
        .refuses(&[Kind::NotFound, Kind::MessageDamaged])
        .refuses(&READS)
}

/// What the reference says of it.
pub(crate) fn about_story() -> Endpoint {
    Endpoint::new("All messages", "tellStory", "Tell what became of a message")
        .says("What happened to it, what was decided and why, in sentences.")
        .by::<Operator>()
        .path::<MessageKey>("id", "$ID", "The id of the message.")
        .answers::<StoryView>(200, "The story.")
        .refuses(&[Kind::NotFound, Kind::MessageDamaged])
        .refuses(&READS)
}

/// What became of a message, in words.
#[derive(Serialize, ToSchema)]
#[schema(as = Story)]
struct StoryView {
    /// What names it.
    #[schema(value_type = MessageKey)]
    id: Shown<MessageName>,
    /// To whom; masked unless the key has the scope `reveal`.
    #[schema(value_type = String)]
    to: Shown<Recipient>,
    /// What became of it.
    #[schema(value_type = MessageStatus)]
    status: &'static str,
    /// What has happened, in order of time.
    story: Vec<Line>,
    /// What happens next, and when; nothing where it has ended.
    next: Vec<Line>,
}
