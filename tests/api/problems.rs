//! Problems that a request seldom meets, and that each problem there is has a test that meets it.

use crate::api::operate;
use crate::api::world::{World, plan};
use crate::tidy::sources;
use axum::body::Body;
use axum::http::Request;
use nuncio::dispatch::door::reply::{Denial, Unfit};
use nuncio::message::id::RouteId;
use nuncio::route::plan::Registration;
use serde_json::{Value, json};

/// A request of an operator, and what the loop denies it.
async fn denied(path: &str, body: Value, denial: Denial) -> (u16, String) {
    let world = operate::world();
    *world.instead.lock().unwrap() = Some(Err(denial));
    let request = Request::post(path).header("x-api-key", operate::OPERATOR);
    let problem = world.operate(request.body(Body::from(body.to_string())).unwrap()).await.problem();
    (problem.0, problem.1)
}

#[tokio::test]
async fn what_the_loop_denies_an_operator_has_its_problem() {
    let why = json!({ "reason": "asked by telephone" });
    let number = json!({ "to": "+31612345678", "reason": "asked by telephone" });
    for (path, body, denial, expected) in [
        ("/admin/v1/suppressions", number, Denial::ListFull, (507, "list-full")),
        ("/admin/v1/store/release", why.clone(), Denial::Unfit(Unfit::NothingHeld), (409, "nothing-held")),
        ("/admin/v1/clock/confirm", why, Denial::Unfit(Unfit::NothingDoubted), (409, "nothing-doubted")),
    ] {
        assert_eq!(denied(path, body, denial).await, (expected.0, expected.1.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn the_same_request_while_it_is_under_way_is_a_conflict_that_passes() {
    let world = World::new();
    *world.instead.lock().unwrap() = Some(Err(Denial::Running));
    let answer = world.send(json!({ "to": "+31612345678", "from": "YOURAPP", "text": "hello", "route_id": 1 })).await;
    assert_eq!((answer.problem().0, &*answer.problem().1), (409, "still-running"));
    assert_eq!((&answer.json()["retryable"], answer.header("retry-after")), (&json!(true), "1"));
}

#[tokio::test]
async fn a_route_that_requires_a_registration_names_what_is_missing() {
    let mut plan = plan();
    let route = plan.routes.get_mut(&RouteId(1)).unwrap();
    route.dlt = Some(Registration { required: true, default: Default::default() });
    let world = World::of(plan);
    let mut body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "hello", "route_id": 1 });
    let (status, slug, stage, pointers) = world.send(body.clone()).await.problem();
    assert_eq!((status, &*slug, &*stage), (403, "registration-missing", "authorization"));
    assert_eq!(pointers, ["/dlt/entity_id", "/dlt/template_id"]);
    body["dlt"] = json!({ "entity_id": "1701", "template_id": "1107" });
    assert_eq!(world.send(body).await.status, 202);
}

/// The slugs of the page of problems that no text of a test names.
fn unmet<'p>(page: &'p str, tests: &[String]) -> Vec<&'p str> {
    let slugs = page.lines().filter_map(|it| it.strip_prefix("| `")?.split_once('`')).map(|it| it.0);
    let is_met = |slug: &str| {
        let named = [format!("\"{slug}\""), format!("/problems/{slug}\"")];
        tests.iter().any(|it| named.iter().any(|name| it.contains(name)))
    };
    slugs.filter(|it| !is_met(it)).collect()
}

#[test]
fn each_problem_is_met_by_a_test() {
    let page = std::fs::read_to_string("docs/problems.md").unwrap();
    let mut tests: Vec<String> = sources(&["tests"]).into_iter().map(|it| it.text).collect();
    // It needs as many requests as may read at once: its test stands beside the one place that makes it.
    tests.push(std::fs::read_to_string("src/api/handler/reads.rs").unwrap());
    assert_eq!(unmet(&page, &tests), Vec::<&str>::new());
    assert_eq!(unmet("| `a-b` | 1 |\n| `c` | 2 |\n", &["\"a-b\"".to_owned()]), ["c"]);
}
