//! What the reference says of orders: one endpoint each, of one body.

use crate::api::handler::admitted::Operator;
use crate::api::handler::endpoint::{ASKS, Endpoint};
use crate::api::handler::problem::Kind;
use crate::api::operate::actions::{ActionView, Asked};
use serde_json::{Value, json};

pub(crate) fn about_pause() -> Endpoint {
    let says = "Gives it nothing more. What waits for it goes to the next carriers of its routes, what is in flight ends; where there is no other, it waits.";
    of_carrier("pauseCarrier", "Pause a carrier", says, stands())
}

pub(crate) fn about_resume() -> Endpoint {
    of_carrier("resumeCarrier", "Resume a carrier", "Ends a pause or a drain.", once())
}

pub(crate) fn about_drain() -> Endpoint {
    let says = "As a pause; the word says that it is meant to be left empty: it is when `queued`, `in_use` and `awaiting_receipt` are 0.";
    of_carrier("drainCarrier", "Drain a carrier", says, stands())
}

pub(crate) fn about_breaker() -> Endpoint {
    let says = "Holds its breaker open or closed until the order ends, or lets it decide itself again.";
    let body = json!({ "reason": "maintenance of the carrier", "for": "30m", "state": "open" });
    of_carrier("setBreaker", "Set the breaker of a carrier", says, body)
}

pub(crate) fn about_move() -> Endpoint {
    let says = "What waits for it now goes to the next carrier of each route, or to the one in `to`; with `route_id` only what came by that route.";
    of_carrier("moveFromCarrier", "Move what waits", says, once())
}

pub(crate) fn about_pause_route() -> Endpoint {
    of_route("pauseRoute", "Pause a route", "Gives nothing out of its queues; it goes on accepting.", stands())
}

pub(crate) fn about_resume_route() -> Endpoint {
    of_route("resumeRoute", "Resume a route", "Ends a pause.", once())
}

pub(crate) fn about_rebind() -> Endpoint {
    of_link("rebindLink", "Rebind a link", "Waits up to 20 s for what is in flight, unbinds and binds anew.", once())
}

pub(crate) fn about_trace() -> Endpoint {
    let says = "Keeps the PDUs of a link, for 10 minutes and `pdus` or 4 MiB of them at most. Of carriers over HTTP there are none.";
    of_link("traceLink", "Trace a link", says, stands())
}

pub(crate) fn about_guard() -> Endpoint {
    let says = "Lets codes through to numbers that begin so, whatever guards of prefixes say, or sends none there, until the order ends; or lets the guards decide again. The limits of a number, an address, an app and of money hold all the same.";
    let body = json!({ "reason": "a school signs up", "for": "12h", "state": "allow" });
    let it = ordered("Operation", ("setGuard", "Let a prefix through, or block it"), body).says(says);
    it.refuses(&[Kind::NotFound]).path::<String>("id", "+31612", "The first digits of numbers, three to nine.")
}

pub(crate) fn about_release() -> Endpoint {
    ordered("Operation", ("releaseStore", "Release what a restored store holds"), once())
        .says("What a store that was restored from a backup holds may go: it may go a second time.")
        .refuses(&[Kind::NothingHeld])
}

pub(crate) fn about_confirm_clock() -> Endpoint {
    ordered("Operation", ("confirmClock", "Confirm the clock"), once())
        .says("The clock on the wall, which is not believed, is right.")
        .refuses(&[Kind::NothingDoubted])
}

/// The body of an order that stands for a time.
fn stands() -> Value {
    json!({ "reason": "maintenance of the carrier", "for": "30m" })
}

/// The body of an order that is done at once.
fn once() -> Value {
    json!({ "reason": "maintenance is over" })
}

fn of_carrier(name: &str, summary: &str, says: &str, body: Value) -> Endpoint {
    let it = ordered("Carriers", (name, summary), body).says(says).refuses(&[Kind::NotFound]);
    it.path::<String>("id", "acme", "The carrier's name in the configuration.")
}

fn of_route(name: &str, summary: &str, says: &str, body: Value) -> Endpoint {
    let it = ordered("Routing", (name, summary), body).says(says).refuses(&[Kind::NotFound]);
    it.path::<u32>("id", "8", "The number of the route.")
}

fn of_link(name: &str, summary: &str, says: &str, body: Value) -> Endpoint {
    let it = ordered("Links", (name, summary), body).says(says).refuses(&[Kind::NotFound]);
    it.path::<String>("id", "acme-1", "The name of the link.")
}

fn ordered(group: &str, (name, summary): (&str, &str), body: Value) -> Endpoint {
    Endpoint::new(group, name, summary)
        .by::<Operator>()
        .body::<Asked>("What is ordered, and why.", body)
        .answers::<ActionView<'_>>(200, "The order; it is durable, and is carried out by then or at once.")
        .refuses(&ASKS)
}
