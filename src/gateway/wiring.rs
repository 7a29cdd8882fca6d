//! The API's ends of everything: how it asks the loop, what it reads, and what it counts.

use crate::api::handler::context::{LoopRequest, OnUnread, Wiring};
use crate::api::handler::made_endpoints::EndpointRequest;
use crate::api::handler::people::PersonRequest;
use crate::api::server::options::Http;
use crate::decode;
use crate::dispatch::inbound::opt_out::OptedOut;
use crate::gateway::handles::Handles;
use crate::message::id::LinkId;
use crate::store::sqlite::readers::Readers;
use crate::telemetry::meters::Meters;
use crate::wire::trace::{Seen, Trace, Traces, Way};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What the API is given.
pub(super) fn wiring(
    handles: &Handles,
    (submit, of_endpoints, of_people): (
        mpsc::Sender<LoopRequest>,
        mpsc::Sender<EndpointRequest>,
        mpsc::Sender<PersonRequest>,
    ),
    (readers, opted_out): (Readers, Arc<OptedOut>),
    http: &Http,
) -> Wiring {
    let meters = &handles.latest.meters;
    let (answers, refusals, turned) = (meters.clone(), meters.clone(), meters.clone());
    let (running, tried, traces) = (handles.running.clone(), handles.running.clone(), handles.traces.clone());
    Wiring {
        plan: handles.latest.plan.clone(),
        lookup: handles.latest.lookup.clone(),
        submit,
        wake: handles.wake.function(),
        readers,
        opted_out,
        event_bell: handles.event_bell.clone(),
        health: handles.health.clone(),
        exposition: handles.exposition.clone(),
        shown: handles.shown.clone(),
        links: handles.links.clone(),
        endpoints: handles.endpoints.clone(),
        of_endpoints,
        of_people,
        callbacks: handles.callbacks.clone(),
        recover: Arc::new(move |account, since, until| running.recover(account, since, until)),
        try_out: Arc::new(move |account, kind| tried.test(account, kind)),
        trace: Arc::new(move |link| explain(&traces, link)),
        on_answer: Arc::new(move |endpoint, code, took| answers.borrow().http().count_answer(endpoint, code, took)),
        on_turned_away: Arc::new(move |why| turned.borrow().http().turned_away(why)),
        on_unread: on_unread(meters.clone()),
        on_refusal: Arc::new(move |stage, code| refusals.borrow().http().count_rejection(stage, code)),
        max_body: http.max_body,
        max_csv: http.max_csv,
        body_timeout: http.body_timeout,
    }
}

/// The latest trace of a link, a line of JSON for each PDU.
fn explain(traces: &Traces, link: LinkId) -> Option<Vec<String>> {
    let line = |trace: &Trace, it: &Seen| {
        let direction = if it.way == Way::In { "in" } else { "out" };
        decode::trace::line(trace.at + it.after, direction, &it.frame)
    };
    let trace = traces.read(link)?;
    Some(trace.seen.iter().map(|it| line(&trace, it)).collect())
}

/// Counts what is no receipt, and tells of it now and then.
fn on_unread(meters: watch::Receiver<Arc<Meters>>) -> Arc<OnUnread> {
    Arc::new(move |carrier, name: &str, count| {
        let meters = meters.borrow().clone();
        meters.carrier(carrier).unread(count);
        let hint = "the pointers of [carrier.receipt] may not be those of its calls";
        let said = "a carrier called, and no receipt was found in what it said";
        often!(warn, meters.often(), name, said, carrier = name, count, hint);
    })
}
