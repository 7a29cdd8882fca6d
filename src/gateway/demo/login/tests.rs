//! The endpoints behind the page, before a gateway that answers as the test says.

use crate::gateway::demo::login::answer::App;
use crate::gateway::demo::login::handsets::Handsets;
use crate::gateway::demo::login::server::{PersonAt, serve};
use crate::gateway::demo::login::site::{Site, routes};
use crate::gateway::demo::login::teller::{Teller, Told};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tower_service::Service;

const KEY: &str = "the-key-of-the-api";
const NUMBER: &str = "+31612345678";

/// What a gateway was asked, and what it answers next.
#[derive(Default)]
struct Gateway {
    asked: Mutex<Vec<(String, Value)>>,
    answers: Mutex<Vec<(u16, Value)>>,
}

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    assert_eq!(request.headers()["x-api-key"], KEY);
    let asked = format!("{} {}", request.method(), request.uri());
    let body = to_bytes(request.into_body(), 4_096).await.unwrap();
    gateway.asked.lock().unwrap().push((asked, serde_json::from_slice(&body).unwrap_or_default()));
    let (status, answer) = gateway.answers.lock().unwrap().remove(0);
    (StatusCode::from_u16(status).unwrap(), [(header::RETRY_AFTER, "9")], Json(answer)).into_response()
}

struct World {
    gateway: Arc<Gateway>,
    routes: Router,
    told: mpsc::Receiver<Told>,
    _stop: watch::Sender<bool>,
}

impl World {
    async fn new() -> Self {
        let (gateway, (stop, stopped)) = (Arc::new(Gateway::default()), watch::channel(false));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Router::new().fallback(answer).with_state(gateway.clone()), stopped));
        let (teller, told) = Teller::new();
        let app = App { name: "login", code_length: 6 };
        let site = Site::new((at, KEY), app, Handsets::default(), teller);
        Self { gateway, routes: routes(Arc::new(site)), told, _stop: stop }
    }

    fn answers(&self, status: u16, answer: Value) {
        self.gateway.answers.lock().unwrap().push((status, answer));
    }

    fn asked(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.gateway.asked.lock().unwrap())
    }

    async fn call(
        &mut self,
        (method, path): (Method, &str),
        cookie: &str,
        body: &str,
    ) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
        request = request.header(header::CONTENT_TYPE, "application/json");
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(PersonAt(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))));
        let (head, body) = self.routes.call(request).await.unwrap().into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().into()).unwrap();
        (head.status, head.headers, text)
    }

    async fn post(&mut self, path: &str, cookie: &str, body: Value) -> (StatusCode, HeaderMap, Value) {
        let (status, headers, text) = self.call((Method::POST, path), cookie, &body.to_string()).await;
        (status, headers, serde_json::from_str(&text).unwrap_or_default())
    }

    /// A login that begins; its cookie.
    async fn begun(&mut self, next: Option<&str>) -> String {
        self.answers(202, view("pending", next));
        let (status, headers, state) = self.post("/login", "", json!({ "number": NUMBER })).await;
        assert_eq!((status, &state["status"]), (StatusCode::OK, &json!("pending")));
        let cookie = headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }
}

fn view(status: &str, next: Option<&str>) -> Value {
    json!({ "id": "ver_7", "status": status, "to": NUMBER, "channel": "sms", "next_channel": next,
            "resend_after": null, "expires_at": "2999-01-01T00:00:00Z", "checks_left": 5 })
}

#[tokio::test]
async fn the_browser_has_neither_key_nor_id_and_the_gateway_has_the_persons_address() {
    let mut world = World::new().await;
    let cookie = world.begun(None).await;
    let asked = json!({ "to": NUMBER, "app": "login", "ip": "192.0.2.7" });
    assert_eq!(world.asked(), [("POST /v1/verifications".to_owned(), asked)]);
    world.answers(200, view("pending", None));
    for path in ["/", "/login.js", "/style.css", "/phone.js", "/phone.css", "/phone", "/login"] {
        let (status, headers, text) = world.call((Method::GET, path), &cookie, "").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(!text.contains("ver_7") && !text.contains(KEY), "{path}: {text}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let said =
            ["x-content-type-options", "referrer-policy", "cache-control"].map(|it| headers[it].to_str().unwrap());
        assert_eq!(said, ["nosniff", "no-referrer", "no-store"], "{path}");
    }
    let (_, _, page) = world.call((Method::GET, "/"), "", "").await;
    assert!(page.contains("phone.js") && !page.contains("style="), "the handset of the demo, and nothing inline");
    let (status, headers, _) = world.post("/login/end", &cookie, json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(headers[header::SET_COOKIE].to_str().unwrap().ends_with("Max-Age=0"));
    let (_, _, state) = world.call((Method::GET, "/login"), &cookie, "").await;
    assert!(state.contains("\"status\":\"none\""), "{state}");
}

#[tokio::test]
async fn a_call_is_asked_for_as_the_page_asks_for_it() {
    let mut world = World::new().await;
    let cookie = world.begun(Some("voice")).await;
    world.answers(202, json!({ "status": "pending", "channel": "voice", "next_channel": null }));
    let (status, _, state) = world.post("/login/resend", &cookie, json!({ "channel": "voice" })).await;
    assert_eq!((status, &state["channel"], &state["next_channel"]), (StatusCode::OK, &json!("voice"), &Value::Null));
    let asked = world.asked().pop().unwrap();
    assert_eq!(asked, ("POST /v1/verifications/ver_7/resend".to_owned(), json!({ "channel": "voice" })));
}

#[tokio::test]
async fn what_has_ended_begins_anew_when_it_is_sent_again() {
    let mut world = World::new().await;
    let cookie = world.begun(None).await;
    world.answers(429, json!({ "type": "/problems/resend-too-soon" }));
    let (status, _, trouble) = world.post("/login/resend", &cookie, json!({})).await;
    assert_eq!(
        (status, trouble),
        (StatusCode::TOO_MANY_REQUESTS, json!({ "error": "too_soon", "retry_in": 9, "checks_left": null }))
    );
    world.asked();
    world.answers(409, json!({ "type": "/problems/verification-over" }));
    world.answers(202, view("pending", None));
    let (status, headers, _) = world.post("/login/resend", &cookie, json!({})).await;
    assert!(status == StatusCode::OK && headers.contains_key(header::SET_COOKIE));
    let paths: Vec<String> = world.asked().into_iter().map(|it| it.0).collect();
    assert_eq!(paths, ["POST /v1/verifications/ver_7/resend", "POST /v1/verifications"]);
}

#[tokio::test]
async fn who_shares_a_verification_is_not_let_in_by_the_code_of_another() {
    let mut world = World::new().await;
    let (mine, other) = (world.begun(None).await, world.begun(None).await);
    world.answers(200, json!({ "result": "incorrect", "status": "pending", "checks_left": 4 }));
    let (status, _, trouble) = world.post("/login/check", &mine, json!({ "code": "000000" })).await;
    assert_eq!(
        (status, &trouble["error"], &trouble["checks_left"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("code"), &json!(4))
    );
    world.answers(200, json!({ "result": "ok", "status": "approved", "checks_left": 0 }));
    world.answers(200, view("approved", None));
    let (_, _, state) = world.post("/login/check", &mine, json!({ "code": "012345" })).await;
    assert_eq!(state["status"], "approved");
    for (cookie, status) in [(&mine, "approved"), (&other, "ended")] {
        world.answers(200, view("approved", None));
        let (_, _, state) = world.call((Method::GET, "/login"), cookie, "").await;
        assert!(state.contains(&format!("\"status\":\"{status}\"")), "{state}");
    }
    let told: Vec<bool> = std::iter::from_fn(|| world.told.try_recv().ok()).map(|it| it.verified).collect();
    assert_eq!(told, [false, true]);
}

#[tokio::test]
async fn what_is_no_request_of_the_page_is_refused_and_asks_the_gateway_nothing() {
    let mut world = World::new().await;
    let cookie = world.begun(None).await;
    world.asked();
    for (path, body, status) in [
        ("/login", "", StatusCode::BAD_REQUEST),
        ("/login", "{\"number\": 31612345678}", StatusCode::BAD_REQUEST),
        // A code that is a number has lost its zeros.
        ("/login/check", "{\"code\": 12345}", StatusCode::BAD_REQUEST),
        ("/login/check", &"x".repeat(5_000), StatusCode::PAYLOAD_TOO_LARGE),
        ("/nowhere", "{}", StatusCode::NOT_FOUND),
    ] {
        let (answered, headers, _) = world.call((Method::POST, path), &cookie, body).await;
        assert_eq!(answered, status, "{path} {body}");
        assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY), "{path}");
    }
    let (status, _, trouble) = world.post("/login/check", "", json!({ "code": "012345" })).await;
    assert_eq!((status, &trouble["error"]), (StatusCode::CONFLICT, &json!("over")));
    // A form of another site cannot say that it is JSON.
    let form = Request::post("/login").header(header::CONTENT_TYPE, "text/plain").body(Body::from("{}")).unwrap();
    let mut form = form;
    form.extensions_mut().insert(PersonAt(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    assert_eq!(world.routes.call(form).await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(world.asked(), []);
}
