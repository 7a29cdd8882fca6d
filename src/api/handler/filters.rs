//! What lists may be asked for, as the reference says it.

use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::kinds::{AnyNumber, CarrierKey, MessageStatus, Moment, OrderKey, PageSize, RouteKey};
use crate::api::handler::page;
use utoipa::ToSchema;

/// What the reference says of the parameters of a search, whose pages have cursors of this kind.
pub(crate) fn parameters<C: ToSchema>(of: Endpoint, names: &[&str]) -> Endpoint {
    let filters = names.iter().filter(|it| !page::PARAMETERS.contains(it));
    filters.fold(of, |it, name| parameter(it, name)).paged::<C, PageSize>()
}

fn parameter(of: Endpoint, name: &str) -> Endpoint {
    match name {
        "account" => of.query::<String>(name, "Only those of this account."),
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
        _ => unreachable!("{name} may be asked for, and so it has a sentence here"),
    }
}
