//! What operators find of every account's messages, and the story of one.

use super::read::{at, deliver, fail, send};
use super::world::{Answer, World, account, plan};
use axum::body::Body;
use axum::http::Request;
use nuncio::dispatch::door::plan::Scopes;
use nuncio::message::attempt::{self, Attempt, Cause};
use nuncio::message::id::{CarrierId, LinkId, RouteId};
use nuncio::message::part::Moved;
use nuncio::message::phase::Move;
use nuncio::record::contract::{NameKind, Store};
use nuncio::route::rule::Rule;
use serde_json::{Value, json};

const OPERATOR: &str = "key-of-operator";
const REVEALING: &str = "key-that-reveals";

/// The plan with an account `ops` that may only operate, one that sees numbers too, and a rule.
fn world() -> World {
    let mut plan = plan();
    for (id, name, key, reveal) in [(9, "ops", OPERATOR, false), (10, "lead", REVEALING, true)] {
        let mut ops = account(id, name, key);
        ops.scopes = Scopes { admin: true, reveal, ..Scopes::default() };
        plan.accounts.insert(ops.id, ops);
    }
    plan.rules = vec![Rule { prefixes: vec!["316".into()], ..Rule::to(RouteId(8)) }];
    let world = World::of(plan);
    assert_eq!(world.store.lock().unwrap().intern(NameKind::Carrier, "acme").unwrap(), 1);
    world
}

async fn get(world: &World, key: &str, path: &str) -> Answer {
    world.operate(Request::get(path).header("x-api-key", key).body(Body::empty()).unwrap()).await
}

/// The numbers on the first page.
async fn found(world: &World, query: &str) -> Vec<String> {
    let page = get(world, REVEALING, &format!("/admin/v1/messages?{query}")).await;
    assert_eq!(page.status, 200, "{query}: {}", page.text);
    let page = page.json();
    assert_eq!(page["next_cursor"], Value::Null, "{query}");
    page["data"].as_array().unwrap().iter().map(|it| it["to"].as_str().unwrap().to_owned()).collect()
}

/// Three messages of two accounts: delivered, failed, queued.
async fn three(world: &World) -> Vec<String> {
    send(world, json!("+31612345678")).await;
    send(world, json!("+31612345679")).await;
    let body = json!({ "to": "0612345670", "text": "hi", "from": "DUTCH", "client_ref": "other" }).to_string();
    let request = Request::post("/v1/messages").header("x-api-key", "key-of-dutch").body(Body::from(body)).unwrap();
    assert_eq!(world.ask(request).await.status, 202);
    world.change(0, deliver);
    world.change(1, fail);
    let page = get(world, OPERATOR, "/admin/v1/messages").await.json();
    page["data"].as_array().unwrap().iter().rev().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn operators_find_messages_of_every_account_by_everything_that_a_customer_may_name() {
    let world = world();
    three(&world).await;
    let (first, second, third) = ("+31612345678", "+31612345679", "+31612345670");
    assert_eq!(found(&world, "").await, [third, second, first]);
    assert_eq!(found(&world, "to=%2B31612345679").await, [second]);
    assert_eq!(found(&world, "to=+31612345679&account=shop").await, [second]);
    assert_eq!(found(&world, "to=%2B31612345679&account=dutch").await, [""; 0]);
    assert_eq!(found(&world, "account=dutch").await, [third]);
    assert_eq!(found(&world, "client_ref=r").await, [second, first]);
    assert_eq!(found(&world, "client_ref=r&status=FAILED").await, [second]);
    assert_eq!(found(&world, "status=DELIVERED&account=shop&route_id=8").await, [first]);
    assert_eq!(found(&world, "status=QUEUED&account=shop").await, [""; 0]);
    assert_eq!(found(&world, "carrier_message_id=1D305B4C").await, [first]);
    assert_eq!(found(&world, "carrier_message_id=0001d305b4c&since=2026-11-20T10:00:00.124Z").await, [""; 0]);
    // As a receipt may have written it: the same number in decimal.
    assert_eq!(found(&world, "carrier_message_id=489708364").await, [first]);
    assert_eq!(found(&world, &format!("order_id={}", world.order(25_304))).await, [second]);
    for (bad, pointer) in
        [("account=nobody", "/account"), ("tot=1", "/tot"), ("carrier_message_id=%20", "/carrier_message_id")]
    {
        let problem = get(&world, OPERATOR, &format!("/admin/v1/messages?{bad}")).await.problem();
        assert_eq!((problem.0, &*problem.3), (422, &[pointer.to_owned()][..]), "{bad}");
    }
    // A customer finds his own by the carrier's id, and nobody else's.
    let own = |key: &'static str| Request::get("/v1/messages?carrier_message_id=1d305b4c").header("x-api-key", key);
    let count =
        async |key| world.ask(own(key).body(Body::empty()).unwrap()).await.json()["data"].as_array().unwrap().len();
    assert_eq!((count(super::world::KEY).await, count("key-of-dutch").await), (1, 0));
}

#[tokio::test]
async fn numbers_are_masked_unless_the_key_reveals_them_and_texts_are_never_shown() {
    let world = world();
    let ids = three(&world).await;
    for path in ["".to_owned(), format!("/{}", ids[0]), format!("/{}/story", ids[0])] {
        let path = format!("/admin/v1/messages{path}");
        let (masked, whole) = (get(&world, OPERATOR, &path).await, get(&world, REVEALING, &path).await);
        assert_eq!((masked.status.as_u16(), whole.status.as_u16()), (200, 200), "{path}");
        assert!(!masked.text.contains("+31612345678") && masked.text.contains("+3161****678"), "{}", masked.text);
        assert!(whole.text.contains("+31612345678"), "{}", whole.text);
        assert!(!whole.text.contains("\"hi\""), "{}", whole.text);
    }
    let one = get(&world, OPERATOR, &format!("/admin/v1/messages/{}", ids[2])).await.json();
    assert_eq!((&one["account"], &one["status"]), (&json!("dutch"), &json!("QUEUED")));
    for path in [
        format!("/admin/v1/messages/{}", &ids[0][1..]),
        format!("/admin/v1/messages/{}/story", ids[0].replace("-8", "-4")),
    ] {
        assert_eq!(get(&world, OPERATOR, &path).await.problem().1, "not-found", "{path}");
    }
    // Whose key is no operator's is told nothing.
    let request = Request::get(format!("/admin/v1/messages/{}", ids[0])).header("x-api-key", super::world::KEY);
    assert_eq!(world.operate(request.body(Body::empty()).unwrap()).await.problem().1, "scope-missing");
}

/// The sentences of a story, each with the end of its time.
async fn told(world: &World, id: &str, which: &str) -> Vec<String> {
    let story = get(world, OPERATOR, &format!("/admin/v1/messages/{id}/story")).await.json();
    let line =
        |it: &Value| format!("{} {}", it["at"].as_str().map_or("-", |it| &it[17..23]), it["text"].as_str().unwrap());
    story[which].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn the_story_of_a_message_that_failed_over_says_who_did_what_and_why() {
    let world = world();
    let ids = three(&world).await;
    let accepted = format!(
        "00.123 Accepted from account shop as order {}, client_ref \"r\", durable before it was answered: otp, 1 SMS in \
         gsm7, worth sending until 2026-11-20T10:10:00.123Z.",
        world.order(25_303)
    );
    let story = told(&world, &ids[0], "story").await;
    assert_eq!(
        story,
        [
            &*accepted,
            "00.123 The account pays 0.087 EUR.",
            "00.123 It goes by route 8 (otp): by the configuration of now rule 1 leads there, unless the request named it. Its carriers, in the order listed: acme.",
            "00.133 Attempt 1 was given to #9-3: the first try.",
            "00.135 Written to #9-3, 2 ms after that.",
            "00.143 #9, 8 ms after the write: refused, another carrier may take it. It said ESME_RTHROTTLED (0x00000058): more was sent than the rate that the SMSC allows",
            "00.153 Attempt 2 was given to acme-1: because another carrier had refused it.",
            "00.163 acme, 10 ms later: it took it, and calls it 1d305b4c.",
            "00.173 acme sent a receipt: it is on the handset (DELIVERED, in its words DELIVRD, error 000; by its clock that was 2026-11-20T10:00:00.168Z).",
            "00.173 Ended: DELIVERED.",
            "00.173 Carriers charge 0.031 for it.",
            "00.183 acme sent another, after that end: it will not arrive (FAILED, in its words UNDELIV).",
        ]
    );
    assert_eq!(told(&world, &ids[0], "next").await, [""; 0]);
    let failed = told(&world, &ids[1], "story").await;
    assert_eq!(failed.last().unwrap(), "00.143 Ended: FAILED. The carrier says that the number is not valid.");
}

#[tokio::test]
async fn the_story_of_what_has_not_ended_says_what_happens_next_and_when() {
    let world = world();
    send(&world, json!("+31612345678")).await;
    let id = get(&world, OPERATOR, "/admin/v1/messages").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let next = told(&world, &id, "next").await;
    assert!(next[0].starts_with("- It waits in the queue of its carrier, since "), "{next:?}");
    assert_eq!(next[1], "00.123 If nothing else happens, it ends as EXPIRED.");
    world.change(0, |entry| {
        let part = &mut entry.parts[0];
        let mut refused = Attempt::new(1, LinkId { carrier: CarrierId(9), bind: 0 }, Cause::First, at(10));
        refused.answered_at = at(2_510);
        refused.answer = Some(attempt::Answer::Later);
        refused.command_status = Some(0x58);
        (part.attempt, part.due) = (Some(refused), at(4_000));
        part.step(Move::Intend).unwrap();
        part.step(Move::Return).unwrap();
        part.moved = Some(Moved { from: CarrierId(9), cause: Cause::MaxWait });
        part.lane = part.lane.at(CarrierId(1));
    });
    let story = told(&world, &id, "story").await;
    assert_eq!(
        story.last().unwrap(),
        "02.633 #9, 2.5 s later: throttled, it wants less for now. It said ESME_RTHROTTLED (0x00000058): more was sent than the rate that the SMSC allows"
    );
    assert_eq!(
        told(&world, &id, "next").await,
        [
            "- It went from #9 to acme: because it had waited too long for another carrier.",
            "04.123 It waits until then, and goes to acme again or to the next carrier.",
            "00.123 If nothing else happens, it ends as EXPIRED.",
        ]
    );
    world.change(0, |entry| {
        let part = &mut entry.parts[0];
        part.step(Move::Intend).unwrap();
        part.step(Move::Doubt).unwrap();
    });
    let next = told(&world, &id, "next").await;
    assert!(
        next.iter().any(|it| it.ends_with("nobody knows whether it was sent; the route sends it again.")),
        "{next:?}"
    );
}
