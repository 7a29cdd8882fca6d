//! The log of events.

use super::world::{Answer, NOW, World, plan};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use nuncio::message::id::{AccountId, EventId};
use nuncio::message::time::Time;
use nuncio::record::batch::Batch;
use nuncio::record::contract::{Forget, Store};
use nuncio::record::event::{Event, EventKind};
use serde_json::{Value, json};

/// Events of these accounts, in this order, numbered from 1; number 0 stands for none.
fn commit(world: &World, accounts: &[u16]) {
    let event = |(n, account): (u64, &u16)| Event {
        n,
        token: 0xAB,
        account: (*account != 0).then_some(AccountId(*account)),
        about: None,
        callback: None,
        kind: EventKind::MessageReceived,
        at: NOW,
        data: format!("{{\"text\":\"{n}\"}}").into(),
    };
    let events = (1..).zip(accounts).map(event).collect();
    world.store.lock().unwrap().commit(&Batch { events, ..Batch::default() }).unwrap();
}

async fn operator(world: &World, path: &str, key: &str) -> Answer {
    let request = Request::get(path).header("host", "x").header("x-api-key", key).body(Body::empty()).unwrap();
    let (head, body) = world.operations.clone().answer(request).await.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: head.status, headers: head.headers, text }
}

fn texts(answer: &Value) -> Vec<&str> {
    answer["data"].as_array().unwrap().iter().map(|it| it["data"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_account_sees_its_own_events_oldest_first_page_after_page() {
    let world = World::new();
    commit(&world, &[1, 2, 0, 1, 1, 2, 1]);
    let page = world.get("/v1/events?limit=2").await.json();
    let expected = json!({
        "id": world.store.lock().unwrap().veil().event(EventId { n: 1, token: 0xAB }).to_string(), "type": "message.received",
        "timestamp": "2026-11-20T10:00:00.123Z", "data": { "text": "1" },
    });
    assert_eq!((&page["data"][0], texts(&page)), (&expected, vec!["1", "4"]));
    let (mut path, mut found) = ("/v1/events?limit=2".to_owned(), Vec::new());
    let mut pages = 0;
    loop {
        let page = world.get(&path).await.json();
        pages += 1;
        let next = format!("/v1/events?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
        if texts(&page).is_empty() {
            assert_eq!(next, path, "the end keeps its place");
            break;
        }
        found.extend(texts(&page).into_iter().map(str::to_owned));
        path = next;
    }
    assert_eq!((found, pages), (["1", "4", "5", "7"].map(str::to_owned).to_vec(), 3));
}

#[tokio::test]
async fn an_empty_log_has_no_place_yet() {
    let world = World::new();
    commit(&world, &[2, 0]);
    assert_eq!(world.get("/v1/events").await.json(), json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_a_sentence() {
    let world = World::new();
    for (query, pointer) in [("cursor=7", "/cursor"), ("limit=0", "/limit"), ("limit=1001", "/limit"), ("to=1", "/to")]
    {
        let problem = world.get(&format!("/v1/events?{query}")).await.problem();
        assert_eq!((problem.0, problem.3), (422, vec![pointer.to_owned()]), "{query}");
    }
    let stranger = Request::get("/v1/events").header("x-api-key", "key-of-lan").body(Body::empty()).unwrap();
    assert_eq!(world.ask(stranger).await.problem().0, 403, "its network is not that of this request");
}

#[tokio::test]
async fn what_no_account_was_given_is_for_operators_alone() {
    let mut plan = plan();
    plan.accounts.get_mut(&AccountId(5)).unwrap().scopes.admin = true;
    let world = World::of(plan);
    commit(&world, &[1, 0, 5, 0]);
    let path = "/admin/v1/events/unrouted";
    assert_eq!(texts(&operator(&world, path, "key-of-dutch").await.json()), ["2", "4"]);
    assert_eq!(operator(&world, path, "key-of-shop").await.problem().1, "scope-missing");
    assert_eq!(operator(&world, path, "wrong").await.problem().0, 401);
    assert_eq!(world.get(path).await.problem().0, 404, "it is not served to applications");
    assert_eq!(operator(&world, "/v1/events", "key-of-dutch").await.problem().0, 404);
}

#[tokio::test]
async fn a_cursor_behind_which_something_was_forgotten_is_said_to_be_too_old_and_no_other() {
    let world = World::new();
    // The second account has nothing that is forgotten behind its first.
    commit(&world, &[1, 2, 1, 1, 2, 1]);
    let cursor = |page: Value| page["next_cursor"].as_str().unwrap().to_owned();
    let first = cursor(world.get("/v1/events?limit=1").await.json());
    let second = cursor(world.get("/v1/events?limit=2").await.json());
    let later = Time(NOW.0 + 1);
    let forget = Forget { before: later, parked_before: later, limit: 3, anew: true };
    assert_eq!(world.store.lock().unwrap().retain(&forget).unwrap().count, 3, "the first three");
    let answer = world.get(&format!("/v1/events?cursor={first}")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (410, &json!("/problems/cursor-expired")));
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    let oldest = detail.rsplit(' ').next().unwrap().trim_end_matches('.');
    assert_eq!(
        (oldest, texts(&world.get(&format!("/v1/events?cursor={oldest}")).await.json())),
        (&*second, vec!["4", "6"])
    );
    assert_eq!(
        texts(&world.get("/v1/events").await.json()),
        ["4", "6"],
        "whoever asks for the first gets what there is"
    );
}
