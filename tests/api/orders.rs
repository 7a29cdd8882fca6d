//! Orders: listed, looked into, and taken along as CSV.

use super::read::{deliver, fail, send};
use super::world::{KEY, World};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

async fn ids(world: &World, path: &str) -> Vec<Value> {
    let answer = world.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()["data"].as_array().unwrap().iter().map(|it| it["order_id"].clone()).collect()
}

#[tokio::test]
async fn orders_are_listed_newest_first_page_after_page_with_those_of_one_message() {
    let world = World::new();
    let mut orders = Vec::new();
    for to in [json!(["+31612345671", "+31612345672"]), json!("+31612345673"), json!(["+31612345674", "+31612345675"])]
    {
        orders.push(send(&world, to).await["order_id"].clone());
    }
    orders.reverse();
    assert_eq!(ids(&world, "/v1/orders").await, orders);
    world.change(0, deliver);
    let (mut path, mut seen, mut pages) = ("/v1/orders?limit=1".to_owned(), Vec::new(), 0);
    loop {
        let page = world.get(&path).await.json();
        seen.extend(page["data"].as_array().unwrap().clone());
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/orders?limit=1&cursor={cursor}");
    }
    assert_eq!((seen.iter().map(|it| it["order_id"].clone()).collect::<Vec<_>>(), pages), (orders.clone(), 3));
    for it in &seen {
        let alone = world.get(&format!("/v1/orders/{}", it["order_id"])).await.json();
        assert_eq!(&alone, it, "the list says what the order says");
    }
    assert_eq!((&seen[2]["total"], &seen[2]["delivered"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn orders_are_filtered_and_those_of_others_are_not_told() {
    let world = World::new();
    let order = send(&world, json!(["+31612345671", "+31612345672"])).await["order_id"].clone();
    let other =
        world.send(json!({ "to": "+31612345673", "text": "hi", "route_id": 1 })).await.json()["order_id"].clone();
    assert_eq!(ids(&world, "/v1/orders?route_id=8").await, vec![order.clone()]);
    assert_eq!(ids(&world, "/v1/orders?route_id=1").await, vec![other.clone()]);
    assert_eq!(ids(&world, "/v1/orders?since=2026-11-20T10:00:00.123Z").await, [other, order]);
    assert!(ids(&world, "/v1/orders?until=2026-11-20T10:00:00.123Z").await.is_empty());
    assert!(ids(&world, "/v1/orders?since=2026-11-20T10:00:00.124Z").await.is_empty());
    let reader = Request::get("/v1/orders").header("x-api-key", "key-of-reader").body(Body::empty()).unwrap();
    assert_eq!(world.ask(reader).await.json()["data"], json!([]));
    for (query, pointer) in [
        ("route_id=x", "/route_id"),
        ("since=yesterday", "/since"),
        ("status=FAILED", "/status"),
        ("limit=0", "/limit"),
        ("cursor=c1.1", "/cursor"),
    ] {
        let refused = world.get(&format!("/v1/orders?{query}")).await.problem();
        assert_eq!((refused.0, refused.3), (422, vec![pointer.to_owned()]), "{query}");
    }
}

#[tokio::test]
async fn messages_of_an_order_are_asked_for_by_their_statuses_in_the_order_of_the_recipients() {
    let world = World::new();
    let numbers: Vec<String> = (0..9).map(|it| format!("+3161234567{it}")).collect();
    let order = send(&world, json!(numbers)).await["order_id"].clone();
    (0..9).filter(|it| it % 2 == 0).for_each(|it| world.change(it, fail));
    world.change(1, deliver);
    let all = async |query: &str| {
        let first = format!("/v1/orders/{order}/messages?{query}");
        let (mut path, mut seen, mut pages) = (first.clone(), Vec::new(), 0);
        loop {
            let page = world.get(&path).await.json();
            seen.extend(page["data"].as_array().unwrap().iter().map(|it| it["to"].as_str().unwrap().to_owned()));
            pages += 1;
            let Some(cursor) = page["next_cursor"].as_str() else { return (seen, pages) };
            path = format!("{first}&cursor={cursor}");
        }
    };
    let at = |places: &[usize]| places.iter().map(|it| numbers[*it].clone()).collect::<Vec<_>>();
    assert_eq!(all("status=FAILED&limit=2").await, (at(&[0, 2, 4, 6, 8]), 3));
    assert_eq!(all("status=FAILED&limit=5").await, (at(&[0, 2, 4, 6, 8]), 1));
    assert_eq!(all("status=FAILED,DELIVERED").await, (at(&[0, 1, 2, 4, 6, 8]), 1));
    assert_eq!(all("status=QUEUED&status=DELIVERED").await, (at(&[1, 3, 5, 7]), 1));
    assert_eq!(all("status=EXPIRED").await, (vec![], 1));
    for (query, pointer) in [
        ("status=failed", "/status"),
        ("status=", "/status"),
        ("format=xml", "/format"),
        ("format=csv&limit=5", "/limit"),
        ("to=1", "/to"),
    ] {
        let refused = world.get(&format!("/v1/orders/{order}/messages?{query}")).await.problem();
        assert_eq!((refused.0, refused.3), (422, vec![pointer.to_owned()]), "{query}");
    }
}

#[tokio::test]
async fn the_failed_ones_of_an_order_are_taken_along_as_csv() {
    let world = World::new();
    let to = json!([{ "to": "+31612345671", "client_ref": "a,\"b\"" }, "+31612345672", "+31612345673"]);
    let order = send(&world, to).await["order_id"].clone();
    world.change(0, fail);
    world.change(1, deliver);
    let path = format!("/v1/orders/{order}/messages");
    let message = world.get(&format!("{path}?limit=1")).await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let failed = world.get(&format!("{path}?status=FAILED&format=csv")).await;
    assert_eq!(failed.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(failed.header("content-disposition"), format!("attachment; filename=\"order-{order}.csv\""));
    let expected = format!(
        "id,to,client_ref,status,error_code,error_detail,parts,cost,currency,created_at,sent_at,done_at\r\n\
         {message},+31612345671,\"a,\"\"b\"\"\",FAILED,NUMBER_INVALID,The carrier says that the number is not valid.,1,0.087,EUR,\
         2026-11-20T10:00:00.123Z,,2026-11-20T10:00:00.143Z\r\n"
    );
    assert_eq!(failed.text, expected);
    let asked = Request::get(&path).header("x-api-key", KEY).header("accept", "text/csv").body(Body::empty()).unwrap();
    let all = world.ask(asked).await.text;
    assert_eq!(all.lines().count(), 4);
    assert!(all.contains(",DELIVERED,,,1,"), "{all}");
    let reader = Request::get(format!("{path}?format=csv")).header("x-api-key", "key-of-reader");
    assert_eq!(world.ask(reader.body(Body::empty()).unwrap()).await.problem().0, 404);
}

#[tokio::test]
async fn a_csv_has_every_line_of_an_order_that_is_read_in_several_pieces() {
    let world = World::new();
    let numbers: Vec<String> = (0..2_500).map(|it| format!("+31612{it:06}")).collect();
    let order = send(&world, json!(numbers)).await["order_id"].clone();
    let csv = world.get(&format!("/v1/orders/{order}/messages?format=csv")).await.text;
    let to: Vec<&str> = csv.lines().skip(1).map(|it| it.split(',').nth(1).unwrap()).collect();
    assert_eq!(to, numbers);
}

#[tokio::test]
async fn a_csv_that_cannot_be_read_to_its_end_breaks_off() {
    let world = World::new();
    let numbers: Vec<String> = (0..4_500).map(|it| format!("+31612{it:06}")).collect();
    let order = send(&world, json!(numbers)).await["order_id"].clone();
    let request = Request::get(format!("/v1/orders/{order}/messages?format=csv")).header("x-api-key", KEY);
    let response = world.application.clone().answer(request.header("host", "x").body(Body::empty()).unwrap()).await;
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"id,to,"));
    let file = world.folder.path().join("nuncio.db");
    rusqlite::Connection::open(file).unwrap().execute_batch("ALTER TABLE body RENAME TO gone").unwrap();
    let mut frames = 0;
    let broken = loop {
        match body.frame().await {
            Some(Ok(_)) => frames += 1,
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken && frames < 4, "{frames} more");
}

#[tokio::test]
async fn an_order_is_taken_back_by_whose_it_is() {
    let world = World::new();
    let order = send(&world, json!(["+31612345671", "+31612345672"])).await["order_id"].clone();
    let answer = world.delete(&format!("/v1/orders/{order}")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "order_id": order, "cancelled": 2, "left": 0 })));
    let single = send(&world, json!("+31612345673")).await["order_id"].clone();
    assert_eq!(world.delete(&format!("/v1/orders/{single}")).await.json()["cancelled"], 1);
    for other in ["1", "x", "25303"] {
        assert_eq!(world.delete(&format!("/v1/orders/{other}")).await.problem().0, 404, "{other}");
    }
    let dutch = Request::delete(format!("/v1/orders/{order}")).header("x-api-key", "key-of-dutch");
    assert_eq!(world.ask(dutch.body(Body::empty()).unwrap()).await.problem().0, 404);
    let reader = Request::delete(format!("/v1/orders/{order}")).header("x-api-key", "key-of-reader");
    assert_eq!(world.ask(reader.body(Body::empty()).unwrap()).await.problem().0, 403);
}
