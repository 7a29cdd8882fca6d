//! The log of events, for those who poll: `GET /v1/events`, and for operators what no account was given.
//!
//! Oldest first. Unlike a list, a log goes on: `next_cursor` is the place behind the last event shown, also at
//! the end, so that whoever asks with it again is told what came since, and nothing twice. At the end `data` is
//! empty and the cursor is the one that was sent; it is null only while there has been no event at all.

use crate::api::handler::admitted::{Operator, Reader};
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::page::Asked;
use crate::api::handler::problem::Problem;
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

#[derive(Serialize)]
struct View<'a> {
    id: Shown<EventName>,
    r#type: &'static str,
    timestamp: Timestamp,
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
