//! Lists of messages: `GET /v1/messages`, and what others have of it.

use crate::api::handler::admitted::Reader;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::filters::parameters;
use crate::api::handler::kinds::{MessageCursor, ORDERS};
use crate::api::handler::page::{Asked, Page};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::Timestamp;
use crate::api::handler::{json, query};
use crate::api::read::balance::refunds;
use crate::api::read::message_view::MessageView;
use crate::dispatch::door::plan::Account;
use crate::message::attempt::CarrierMessageId;
use crate::message::id::{OrderId, Seq};
use crate::message::money::Money;
use crate::message::status::Status;
use crate::message::veil::{Pages, Veil};
use crate::number::e164::E164;
use crate::record::entry::Entry;
use crate::record::views::MessageFilter;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a list may be asked for.
const PARAMETERS: [&str; 10] =
    ["status", "to", "order_id", "route_id", "client_ref", "carrier_message_id", "since", "until", "cursor", "limit"];

/// `GET /v1/messages`
pub(crate) async fn messages(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Reader,
) -> Result<Response, Problem> {
    let (account, veil) = (by.account(), context.veil());
    let mut search = Search::new(account, veil);
    search.query.account = Some(account.id);
    for pair in query::pairs(asked.as_deref(), &PARAMETERS)? {
        let (name, value) = pair?;
        search.set(&name, &value)?;
    }
    let (asked, query) = search.done();
    if query.carrier_message_id.is_some() && !account.shows_carriers {
        let detail = "is not shown to this account, and cannot be searched for";
        return Err(Problem::at(Kind::Invalid, "/carrier_message_id", detail));
    }
    let page = blocking(&context, move |readers| readers.list(&query)).await?;
    let refunds = refunds(&context, &page.entries).await?;
    Ok(answer(&asked.page(shown((&page.entries, &refunds), &veil, &by), page.next.map(|it| it.0))))
}

/// What the reference says of it.
pub(crate) fn about_messages() -> Endpoint {
    let list = Endpoint::new("Messages", "listMessages", "List messages")
        .says("The messages of the account, newest first. Filters narrow the list together.")
        .by::<Reader>();
    parameters::<MessageCursor>(list, &PARAMETERS)
        .answers::<Page<MessageView<'_>>>(200, "Messages, newest first.")
        .leads(200, "listMessages", ("cursor", "$response.body#/next_cursor", "Those that are older."))
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
        .asks("?status=QUEUED&limit=10")
}

/// Messages as their account is told them.
pub(crate) fn shown<'a>(
    (entries, refunds): (&'a [Entry], &BTreeMap<Seq, Money>),
    veil: &Veil,
    by: &'a Reader,
) -> Vec<MessageView<'a>> {
    let view = |it: &'a Entry| {
        let view = MessageView::of(it, veil, by.plan(), by.plan().currency(it.body.route, by.account().currency));
        view.paid_back(refunds.get(&it.body.seq()).copied()).for_customer(by.account())
    };
    entries.iter().map(view).collect()
}

/// A page of messages as an answer.
pub(crate) fn answer(page: &Page<MessageView<'_>>) -> Response {
    json::answer(StatusCode::OK, page, page.data.len() * 1_024 + 64)
}

/// Messages as a query string asks for them, one parameter after the other.
pub(crate) struct Search<'a> {
    pub(crate) query: MessageFilter,
    page: Asked,
    veil: Veil,
    /// Who asks: national numbers are those of its region, and routes its own.
    account: &'a Account,
}

impl<'a> Search<'a> {
    /// The search of an account before it asks for anything.
    pub(crate) fn new(by: &'a Account, veil: Veil) -> Self {
        let page = Asked::first(veil, Pages::Messages);
        Self { query: MessageFilter::default(), page, veil, account: by }
    }

    /// What one parameter asks for.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        self.try_set(name, value).map_err(|detail| query::invalid(name, detail))
    }

    fn try_set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        let moment = || Timestamp::parse(value).ok_or("must be a time of RFC 3339");
        let number = || value.parse::<u64>().map_err(|_| "must be a whole number");
        let query = &mut self.query;
        match name {
            "status" => query.status = Some(Status::from_word(value).ok_or("must be one of the seven statuses")?),
            "to" => {
                let number = E164::parse(&query::number(value), self.account.region.as_deref());
                query.to = Some(number.map_err(|_| "must be a number with its country code")?);
            }
            "order_id" => {
                let order = number().ok().filter(|it| ORDERS.contains(it)).ok_or("must be the id of an order")?;
                query.order = Some(self.veil.read_order(order).unwrap_or(OrderId::NONE));
            }
            "route_id" => {
                let route = u32::try_from(number()?).map_err(|_| "must be a route's number")?;
                query.route = Some(self.account.route(route));
            }
            "client_ref" => query.client_ref = Some(value.into()),
            "carrier_message_id" => {
                let id = CarrierMessageId::new(value);
                query.carrier_message_id = Some(id.ok_or("must be an id that a carrier gave")?);
            }
            "since" => query.since = Some(moment()?),
            "until" => query.until = Some(moment()?),
            _ => self.page.set(name, value)?,
        }
        Ok(())
    }

    /// The page that is asked for, and what the store is asked.
    pub(crate) fn done(self) -> (Asked, MessageFilter) {
        let query = MessageFilter { before: self.page.place.map(Seq), limit: self.page.limit, ..self.query };
        (self.page, query)
    }
}
