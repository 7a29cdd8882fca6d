//! The log of events, for those who poll: `GET /v1/events`, and for operators what no account was given.
//!
//! Oldest first. Unlike a list, a log goes on: `next_cursor` is the place behind the last event shown, also at
//! the end, so that whoever asks with it again is told what came since, and nothing twice. At the end `data` is
//! empty and the cursor is the one that was sent; it is null only while there has been no event at all.

use crate::api::handler::admitted::{Operator, Reader};
use crate::api::handler::auth::Scope;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{Cursor, EventKey, EventType, Moment, PageSize};
use crate::api::handler::page::{Asked, Page};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::Timestamp;
use crate::message::id::AccountId;
use crate::message::veil::{EventName, Pages, Veil};
use crate::record::event::Event;
use crate::record::views::EventQuery;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// `GET /v1/events`: those of the account whose key it is.
pub(crate) async fn of_account(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Reader,
) -> Result<Response, Problem> {
    let (account, hides) = (by.account(), !by.account().shows_carriers);
    events(&context, asked.as_deref(), Some(account.id), hides).await
}

/// `GET /admin/v1/events/unrouted`: what came from handsets and fits no `[[inbound]]`.
pub(crate) async fn unrouted(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    _by: Operator,
) -> Result<Response, Problem> {
    events(&context, asked.as_deref(), None, false).await
}

/// The events of one account or of none, with the names of carriers or without.
async fn events(
    context: &Context,
    asked: Option<&str>,
    account: Option<AccountId>,
    hides: bool,
) -> Result<Response, Problem> {
    let veil = context.veil();
    let asked = Asked::read(asked, veil, Pages::Events)?;
    let query = EventQuery { account, after: asked.place.unwrap_or(0), limit: asked.limit };
    let mut events = blocking(context, move |readers| readers.events(&query)).await?;
    if hides {
        events.iter_mut().for_each(without_carrier);
    }
    let next = events.last().map(|it| it.n).or(asked.place);
    let octets = events.iter().map(|it| it.data.len() + 128).sum::<usize>() + 64;
    let data = events.iter().map(|it| View::of(it, &veil)).collect();
    Ok(json::answer(StatusCode::OK, &asked.page(data, next), octets))
}

/// Leaves the name of the carrier out of what an account is told.
fn without_carrier(event: &mut Event) {
    let data = serde_json::from_str::<serde_json::Map<String, Value>>(&event.data);
    let mut data = data.expect("the data of an event was written as JSON, under a seal");
    if let Some(carrier) = data.get_mut("carrier") {
        *carrier = Value::Null;
        event.data = serde_json::to_string(&data).expect("what was JSON is JSON").into();
    }
}

/// What the reference says of it.
pub(crate) fn about_of_account() -> Endpoint {
    Endpoint::new("Events", "listEvents", "Poll the events")
        .says(
            "The log of the account, oldest first. Unlike a list it goes on: `next_cursor` is the place behind the last event \
             shown, also at the end, so that whoever asks with it again is told what came since, and nothing twice. It is \
             null only while there has been no event at all. An event is stored before it is told, and its id never changes.",
        )
        .by(Scope::Read)
        .paged::<Cursor, PageSize>()
        .answers::<Page<View<'_>>>(200, "Events, oldest first.")
        .leads(200, "listEvents", ("cursor", "$response.body#/next_cursor", "What comes after these."))
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
        .asks("?limit=10")
}

/// What the reference says of it.
pub(crate) fn about_unrouted() -> Endpoint {
    Endpoint::new("All messages", "listUnroutedEvents", "List what no account was given")
        .says("What came from handsets and fits no `[[inbound]]`, and receipts that name no message, oldest first.")
        .by(Scope::Admin)
        .paged::<Cursor, PageSize>()
        .answers::<Page<View<'_>>>(200, "Events, oldest first.")
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
}

/// One thing that an account is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct View<'a> {
    /// What names it for ever, however often it is told.
    #[schema(value_type = EventKey)]
    id: Shown<EventName>,
    /// What it tells.
    #[schema(value_type = EventType)]
    r#type: &'static str,
    /// When it was decided.
    #[schema(value_type = Moment)]
    timestamp: Timestamp,
    /// The particulars, as they are of the type.
    #[schema(value_type = Object)]
    data: &'a RawValue,
}

impl<'a> View<'a> {
    fn of(event: &'a Event, veil: &Veil) -> Self {
        Self {
            id: Shown(veil.event(event.id())),
            r#type: event.kind.word(),
            timestamp: Timestamp(event.at),
            data: serde_json::from_str(&event.data).expect("the data of an event was written as JSON, under a seal"),
        }
    }
}
