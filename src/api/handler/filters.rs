//! What lists may be asked for, as the reference says it.

use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::kinds::{
    AnyNumber, CarrierKey, MessageCursor, MessageStatus, Moment, OrderKey, PageSize, RouteKey,
};

/// What the reference says of one parameter of a search.
pub(crate) fn parameter(of: Endpoint, name: &str) -> Endpoint {
    match name {
        "status" => of.query::<MessageStatus>(name, "Only those that are this."),
        "to" => of.query::<AnyNumber>(name, "Only those to this number."),
        "order_id" => of.query::<OrderKey>(name, "Only those of this order."),
        "route_id" => of.query::<RouteKey>(name, "Only those by this route."),
        "client_ref" => of.query::<String>(name, "Only those with this reference of yours."),
        "carrier_message_id" => of.query::<CarrierKey>(
            name,
            "Only those that a carrier gave this id; refused where the account is not shown carriers.",
        ),
        "since" => of.query::<Moment>(name, "Only those that were accepted at this time or later."),
        "until" => of.query::<Moment>(name, "Only those that were accepted before this time."),
        "cursor" => {
            of.query::<MessageCursor>(name, "The `next_cursor` of the page before; without it the first is answered.")
        }
        "limit" => of.query::<PageSize>(name, "How many lines a page has at most; 100 without it."),
        _ => of,
    }
}
