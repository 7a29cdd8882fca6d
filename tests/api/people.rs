//! Forgetting people over HTTP, with a stand-in for who forgets them.

use crate::api::operate::{OPERATOR, world};
use crate::api::world::{KEY, World};
use axum::body::Body;
use axum::http::Request;
use nuncio::api::handler::people::{Kept, NotForgotten, PersonNews, PersonRequest};
use serde_json::json;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Who forgets people: of a number that ends with 1 something is under way, of one that ends with 2 nothing comes of
/// it, and one that ends with 3 is one too many.
pub(super) fn stand_in() -> mpsc::Sender<PersonRequest> {
    let (to, mut requests) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Some(PersonRequest { number, reply }) = requests.recv().await {
            let (tell, told) = oneshot::channel();
            let news = PersonNews {
                messages: 2,
                events: 3,
                under_way: usize::from(number.0 % 10 == 1),
                ..PersonNews::default()
            };
            match number.0 % 10 {
                2 => kept.push(tell),
                3 => {
                    _ = reply.send(Err(NotForgotten::TooMany(7)));
                    continue;
                }
                _ => _ = tell.send(news),
            }
            _ = reply.send(Ok(Kept { is_new: true, news: told }));
        }
    });
    to
}

async fn delete(world: &World, key: &str, path: &str) -> crate::api::world::Answer {
    let path = format!("/admin/v1/people/{path}");
    world.operate(Request::delete(path).header("x-api-key", key).body(Body::empty()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn it_says_what_is_forgotten_and_what_is_still_under_way() {
    let world = world();
    for number in ["+31612345678", "%2B31612345678", "+31%206%201234%205678?reason=asked%20by%20letter"] {
        let answer = delete(&world, OPERATOR, number).await;
        let expected = json!({ "state": "forgotten", "messages": 2, "events": 3, "receipts": 0, "parts": 0,
            "suppressions": 0, "under_way": 0 });
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected), "{number}");
    }
    let answer = delete(&world, OPERATOR, "+31612345671").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (202, &json!("under_way")));
    assert_eq!(answer.json()["under_way"], 1);
    let began = Instant::now();
    let answer = delete(&world, OPERATOR, "+31612345672").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (202, &json!("under_way")));
    assert!(Duration::from_secs(9) < began.elapsed(), "what comes of it is waited for");
}

#[tokio::test]
async fn what_is_no_number_and_who_is_no_operator_is_refused() {
    let world = world();
    assert_eq!(delete(&world, KEY, "+31612345678").await.problem().1, "scope-missing");
    for (number, pointer) in [
        ("0612345678", "/number"),
        ("me", "/number"),
        (&*format!("+31612345678?reason={}", "a".repeat(501)), "/reason"),
        ("+31612345678?reson=a", "/reson"),
    ] {
        let answer = delete(&world, OPERATOR, number).await;
        assert_eq!(answer.problem().1, "invalid-request", "{number}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{number}: {}", answer.text);
    }
    let answer = delete(&world, OPERATOR, "+31612345673").await;
    assert_eq!(answer.problem().1, "queue-full");
}
