//! What operators look at: metrics, probes and the state of everything.

use crate::api::handler::context::Context;
use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::json;
use crate::api::operate::link::{CarrierStatus, LinkView};
use crate::number::metadata;
use crate::telemetry::recorder::Exposition;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;

/// `GET /metrics`
pub(crate) async fn metrics(State(context): State<Arc<Context>>, headers: HeaderMap) -> Response {
    let (exposition, zipped) = (Arc::clone(&context.wiring.exposition), accepts_gzip(&headers));
    // With many series the text takes milliseconds to write, which no other request should wait for.
    let page = tokio::task::spawn_blocking(move || {
        let text = exposition.render();
        if zipped { gzip(text.as_bytes()) } else { text.into_bytes() }
    });
    let Ok(page) = page.await else {
        return plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "text/plain",
            "The metrics could not be written.\n".to_owned(),
        );
    };
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Exposition::CONTENT_TYPE));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if zipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether the client can read gzip (RFC 9110, section 12.5.3): it names it, or anything, with a weight above 0.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok());
    let codings: Vec<(&str, bool)> = lines
        .flat_map(|it| it.split(','))
        .map(|it| {
            let (coding, weight) = it.split_once(';').unwrap_or((it, "q=1"));
            let weight = weight.trim().strip_prefix(['q', 'Q']).and_then(|it| it.trim_start().strip_prefix('='));
            (coding.trim(), weight.and_then(|it| it.trim().parse().ok()).is_some_and(|it: f32| 0.0 < it))
        })
        .collect();
    let wanted = |name: &str| codings.iter().find(|it| it.0.eq_ignore_ascii_case(name)).map(|it| it.1);
    wanted("gzip").or_else(|| wanted("*")).unwrap_or(false)
}

fn gzip(page: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::with_capacity(page.len() / 10), Compression::fast());
    to.write_all(page).and_then(|()| to.finish()).expect("a vector takes all")
}

/// `GET /livez`: whether a restart would help.
pub(crate) async fn livez(State(context): State<Arc<Context>>) -> Response {
    if context.wiring.health.poisoned.load(Ordering::Relaxed) {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "The store failed.\n".to_owned());
    }
    plain(StatusCode::OK, "text/plain", "ok\n".to_owned())
}

/// `GET /readyz`: whether new work should come here.
pub(crate) async fn readyz(State(context): State<Arc<Context>>) -> Response {
    match context.wiring.health.unready() {
        None => plain(StatusCode::OK, "text/plain", "ok\n".to_owned()),
        Some(why) => plain(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
    }
}

/// `GET /statusz`: the loop is not asked, so that it is told even when that hangs.
pub(crate) async fn statusz(State(context): State<Arc<Context>>) -> Response {
    let (directory, wiring) = (context.directory(), &context.wiring);
    let (health, links, minutes) = (&wiring.health, wiring.links.all(), wiring.links.minutes());
    let unready = health.unready();
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        libphonenumber: metadata::METADATA,
        uptime_seconds: health.started.elapsed().as_secs(),
        ready: unready.is_none(),
        unready,
        clock_doubted: health.clock_doubted.load(Ordering::Relaxed),
        clock_gap_seconds: health.clock_gap.load(Ordering::Relaxed) / 1_000,
        restored_held_messages: health.held.load(Ordering::Relaxed),
        links: links.iter().map(|(id, it)| LinkView::of(*id, it, &directory.plan)).collect(),
        carriers: directory.plan.carriers.values().map(|it| CarrierStatus::of(it, &minutes)).collect(),
    };
    json::answer(StatusCode::OK, &status, 4_096)
}

/// What the reference says of it.
pub(crate) fn about_metrics() -> Endpoint {
    Endpoint::new("Probes", "getMetrics", "Get the metrics")
        .says("The metrics of docs/metrics.md in the text format of Prometheus, in gzip to who accepts it.")
        .answers_in(200, &["text/plain"], "The metrics.")
        .tells(200, "Content-Encoding", (false, "`gzip` to who accepts it."))
}

/// What the reference says of it.
pub(crate) fn about_livez() -> Endpoint {
    probe("getLiveness", "Tell whether it works")
        .says("Whether a restart would not help: 503 once the store has failed.")
        .answers_in(503, &["text/plain"], "The store failed.")
}

/// What the reference says of it.
pub(crate) fn about_readyz() -> Endpoint {
    probe("getReadiness", "Tell whether it is ready")
        .says("Whether new work may come: the store is open and the listener bound. Carriers do not count.")
        .answers_in(503, &["text/plain"], "Why not.")
}

fn probe(name: &str, summary: &str) -> Endpoint {
    Endpoint::new("Probes", name, summary).answers_in(200, &["text/plain"], "`ok`")
}

/// What the reference says of it.
pub(crate) fn about_statusz() -> Endpoint {
    Endpoint::new("Probes", "getStatus", "Tell how everything stands")
        .says("How the daemon, its links and its carriers stand. It is told even where the loop hangs.")
        .answers::<Status<'_>>(200, "How everything stands.")
}

/// How everything stands.
#[derive(Serialize, ToSchema)]
struct Status<'a> {
    /// The version of the daemon.
    version: &'static str,
    /// The version of the numbering plans.
    libphonenumber: &'static str,
    /// How long it has run, in seconds.
    uptime_seconds: u64,
    /// Whether new work may come, as `/readyz` says.
    ready: bool,
    /// Why it may not.
    unready: Option<&'static str>,
    /// Whether the clock on the wall is not believed.
    clock_doubted: bool,
    /// How far it stands ahead then, in seconds.
    clock_gap_seconds: i64,
    /// Messages that a restored store holds until they are released.
    restored_held_messages: u64,
    /// The links that run.
    links: Vec<LinkView<'a>>,
    /// The carriers that are configured.
    carriers: Vec<CarrierStatus<'a>>,
}

fn plain(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_goes_to_who_says_that_it_reads_it() {
        for (said, expected) in [
            (&["gzip"][..], true),
            (&["deflate, gzip;q=1.0, *;q=0.5"], true),
            (&["identity", "GZIP ; q=0.1"], true),
            (&["*"], true),
            (&[], false),
            (&[""], false),
            (&["br, deflate"], false),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000, *"], false),
            (&["gzip;level=9"], false),
        ] {
            let said_so = said.iter().map(|it| (header::ACCEPT_ENCODING, HeaderValue::from_static(it)));
            let mut headers = HeaderMap::new();
            for (name, value) in said_so {
                headers.append(name, value);
            }
            assert_eq!(accepts_gzip(&headers), expected, "{said:?}");
        }
    }
}
