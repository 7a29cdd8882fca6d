//! The page and the few endpoints behind it: what an application's own server does with the gateway's API.
//!
//! The browser has neither the key of the API nor the id of a verification: a cookie says which login it is.

use crate::clock::Clock;
use crate::gateway::client::{Client, ClientError};
use crate::gateway::demo::login::answer::{App, LoginState, Trouble};
use crate::gateway::demo::login::handsets::Handsets;
use crate::gateway::demo::login::server::PersonAt;
use crate::gateway::demo::login::teller::Teller;
use crate::gateway::demo::login::visits::{Visit, Visits};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// Octets of a body: many times what a number needs.
const BODY_MAX: usize = 4 * 1024;
/// How long a request may take in all: longer than the gateway may take to answer.
const REQUEST_MAX: Duration = Duration::from_secs(35);
/// Messages that the pane of the handset shows.
const SHOWN_MAX: usize = 5;

const PAGE: &str = include_str!("../../../../examples/login/index.html");
const STYLE: &str = include_str!("../../../../examples/login/style.css");
const SCRIPT: &str = include_str!("../../../../examples/login/login.js");
/// What the demo adds to the page: the pane of the simulated handset.
const PHONE: &str = "<link rel=\"stylesheet\" href=\"phone.css\">\n<script src=\"phone.js\" defer></script>\n</head>";
const PHONE_STYLE: &str = include_str!("phone.css");
const PHONE_SCRIPT: &str = include_str!("phone.js");

/// What every answer says to a browser.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("permissions-policy"), "otp-credentials=(self)"),
];

/// What the endpoints work with.
pub(super) struct Site {
    gateway: SocketAddr,
    key: String,
    app: App,
    visits: Mutex<Visits>,
    handsets: Handsets,
    teller: Teller,
}

/// What is served.
pub(super) fn routes(site: Arc<Site>) -> Router {
    let file = |kind: &'static str, text: &'static str| get(([(header::CONTENT_TYPE, kind)], text));
    let page = PAGE.replacen("</head>", PHONE, 1);
    Router::new()
        .route("/", get(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page)))
        .route("/favicon.ico", get(StatusCode::NO_CONTENT))
        .route("/style.css", file("text/css; charset=utf-8", STYLE))
        .route("/login.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/phone.css", file("text/css; charset=utf-8", PHONE_STYLE))
        .route("/phone.js", file("text/javascript; charset=utf-8", PHONE_SCRIPT))
        .route("/phone", get(phone))
        .route("/login", get(look).post(begin))
        .route("/login/check", post(check))
        .route("/login/resend", post(resend))
        .route("/login/end", post(end))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(around))
        .with_state(site)
}

/// What is around every endpoint: a bound of time, and what browsers are told.
async fn around(request: Request, next: Next) -> Response {
    let answered = timeout(REQUEST_MAX, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| Trouble::BUSY.into_response());
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Site {
    /// The endpoints before a gateway, with the key of an account that verifies.
    pub(super) fn new((gateway, key): (SocketAddr, &str), app: App, handsets: Handsets, teller: Teller) -> Self {
        Self { gateway, key: key.to_owned(), app, visits: Mutex::default(), handsets, teller }
    }

    fn visits(&self) -> MutexGuard<'_, Visits> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn visit(&self, headers: &HeaderMap) -> Result<Visit, Trouble> {
        self.visits().of(headers).cloned().ok_or(Trouble::OVER)
    }

    async fn get(&self, path: &str) -> Result<Value, Trouble> {
        Ok(Client::connect(self.gateway, &self.key).await?.get(path).await?)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        Ok(Client::connect(self.gateway, &self.key).await?.post(path, body).await?)
    }

    fn state(&self, view: &Value, verified: bool) -> LoginState {
        LoginState::of(view, self.app, verified, Clock::of_the_wall())
    }

    /// Has a code sent to a number, for somebody at this address.
    async fn begin(&self, number: &str, PersonAt(ip): PersonAt) -> Result<Response, Trouble> {
        let asked = json!({ "to": number, "app": self.app.name, "ip": ip.to_string() });
        let view = self.post("/v1/verifications", &asked).await?;
        let text = |name: &str| view[name].as_str().unwrap_or_default().to_owned();
        let cookie = self.visits().open(Visit { id: text("id"), to: text("to"), verified: false });
        Ok(([(header::SET_COOKIE, cookie)], Json(self.state(&view, false))).into_response())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    number: String,
}

/// `POST /login`
async fn begin(
    State(site): State<Arc<Site>>,
    Extension(from): Extension<PersonAt>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Trouble> {
    let Begin { number } = read(&headers, &body)?;
    site.begin(&number, from).await
}

/// `GET /login`
async fn look(State(site): State<Arc<Site>>, headers: HeaderMap) -> Result<Json<LoginState>, Trouble> {
    let Ok(visit) = site.visit(&headers) else { return Ok(Json(LoginState::NONE)) };
    let view = site.get(&format!("/v1/verifications/{}", visit.id)).await?;
    Ok(Json(site.state(&view, visit.verified)))
}

/// A code is a text: one that is a number in JSON has lost its zeros.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enter {
    code: String,
}

/// `POST /login/check`
async fn check(State(site): State<Arc<Site>>, headers: HeaderMap, body: Bytes) -> Result<Json<LoginState>, Trouble> {
    let (Enter { code }, visit) = (read(&headers, &body)?, site.visit(&headers)?);
    let path = format!("/v1/verifications/{}", visit.id);
    let checked = site.post(&format!("{path}/check"), &json!({ "code": code })).await?;
    if let Some(trouble) = Trouble::of_check(&checked) {
        let left = trouble.checks_left.unwrap_or_default();
        let what = if trouble.error == "code" { "wrong code" } else { trouble.error };
        site.teller.tell(format!("{}: {what}, {left} more may be wrong", visit.to)).await;
        return Err(trouble);
    }
    if let Some(it) = site.visits().of(&headers) {
        it.verified = true;
    }
    let view = site.get(&path).await?;
    site.teller.tell_verified(format!("{}: verified", visit.to)).await;
    Ok(Json(site.state(&view, true)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    /// By another channel, the one that the state offers.
    channel: Option<String>,
}

/// `POST /login/resend`
async fn resend(
    State(site): State<Arc<Site>>,
    Extension(from): Extension<PersonAt>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Trouble> {
    let (Again { channel }, visit) = (read(&headers, &body)?, site.visit(&headers)?);
    let asked = channel.as_ref().map_or_else(|| json!({}), |it| json!({ "channel": it }));
    match site.post(&format!("/v1/verifications/{}/resend", visit.id), &asked).await {
        Ok(view) => Ok(Json(site.state(&view, visit.verified)).into_response()),
        // What has ended is not sent again: to the person it is the same, and a new code goes out.
        Err(Trouble { error: "over", .. }) if channel.is_none() => site.begin(&visit.to, from).await,
        Err(trouble) => Err(trouble),
    }
}

/// `POST /login/end`: out, or back to the number.
async fn end(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let cookie = site.visits().end(&headers);
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

/// `GET /phone`: what the simulated handset of the number got. No server of anybody has the like.
async fn phone(State(site): State<Arc<Site>>, headers: HeaderMap) -> Json<Value> {
    let Ok(visit) = site.visit(&headers) else { return Json(json!({ "to": null, "messages": [] })) };
    let shown = site.handsets.of(&visit.to, SHOWN_MAX);
    let messages: Vec<Value> = shown
        .iter()
        .map(|it| json!({ "carrier": it.carrier, "text": it.arrived.then_some(&it.text), "arrived": it.arrived }))
        .collect();
    Json(json!({ "to": visit.to, "messages": messages }))
}

/// The JSON of a request. That it says so keeps forms of other sites out: these cannot.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Trouble> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if kind.split(';').next() != Some("application/json") {
        return Err(Trouble::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request"));
    }
    serde_json::from_slice(body).map_err(|_| Trouble::new(StatusCode::BAD_REQUEST, "request"))
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

impl From<std::io::Error> for Trouble {
    fn from(_: std::io::Error) -> Self {
        Self::BUSY
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused { retry_after, answer, .. } => Self::of_problem(&answer, retry_after),
            _ => Self::BUSY,
        }
    }
}
