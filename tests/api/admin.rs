//! What operators and probes see.

use super::world::{Answer, World};
use axum::body::Body;
use axum::http::Request;
use std::sync::atomic::Ordering;

async fn get(world: &World, path: &str) -> Answer {
    world.operate(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn metrics_and_status_are_open() {
    let world = World::new();
    let answer = get(&world, "/metrics").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(answer.text.starts_with("# HELP nuncio_"), "{}", answer.text);
    let status = get(&world, "/statusz").await.json();
    assert_eq!((&status["ready"], &status["links"][0]["id"]), (&false.into(), &"acme-1".into()), "{status}");
    assert_eq!(get(&world, "/v1/messages").await.problem().0, 404);
}

#[tokio::test]
async fn readiness_follows_the_health() {
    let world = World::new();
    assert_eq!(get(&world, "/livez").await.status, 200);
    let answer = get(&world, "/readyz").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (503, "The store is not open yet.\n"));
    world.health.store_open.store(true, Ordering::Relaxed);
    world.health.listening.store(true, Ordering::Relaxed);
    assert_eq!(get(&world, "/readyz").await.status, 200);
    world.health.draining.store(true, Ordering::Relaxed);
    assert_eq!((get(&world, "/readyz").await.status.as_u16(), get(&world, "/livez").await.status.as_u16()), (503, 200));
    world.health.poisoned.store(true, Ordering::Relaxed);
    assert_eq!(get(&world, "/livez").await.status, 503);
}
