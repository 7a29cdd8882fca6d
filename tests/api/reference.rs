//! The API as it describes itself: that nothing is missing in it, that its examples work, and that it changes in no
//! silence.

use crate::api::shape::{faults, operation, resolved};
use crate::api::world::{Answer, KEY, World, account, plan};
use axum::body::Body;
use axum::http::Request;
use nuncio::api::handler::problem::Kind;
use nuncio::api::router::ENDPOINTS;
use nuncio::dispatch::door::plan::Scopes;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

pub(super) const OPERATOR: &str = "key-of-operator";
/// Each listener: what it says of itself, as it is committed, and as it was at the last release.
const DOCUMENTS: [(&str, &str); 2] = [
    ("docs/openapi.json", "docs/openapi.released.json"),
    ("docs/openapi.admin.json", "docs/openapi.admin.released.json"),
];

/// A key for each scope, and for no other.
const KEYS: [(&str, &str); 5] = [
    ("send", "key-of-sender"),
    ("read", "key-of-reader"),
    ("verify", "key-of-verifier"),
    ("webhooks", "key-of-teller"),
    ("admin", OPERATOR),
];

/// The plan with accounts that may do one thing each.
pub(super) fn world() -> World {
    let mut plan = plan();
    let others = [
        (9, "ops", OPERATOR),
        (10, "sender", "key-of-sender"),
        (11, "teller", "key-of-teller"),
        (12, "verifier", "key-of-verifier"),
    ];
    for (id, name, key) in others {
        let mut it = account(id, name, key);
        it.scopes =
            Scopes { admin: id == 9, send: id == 10, webhooks: id == 11, verify: id == 12, ..Scopes::default() };
        plan.accounts.insert(it.id, it);
    }
    World::of(plan)
}

async fn served(world: &World) -> [String; 2] {
    let get = || Request::get("/openapi.json").body(Body::empty()).unwrap();
    [world.ask(get()).await.text, world.operate(get()).await.text]
}

pub(super) async fn documents(world: &World) -> [Value; 2] {
    served(world).await.map(|it| serde_json::from_str(&it).unwrap())
}

/// Each operation of a document, with its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(method, it)| (&**method, &**path, it)))
}

#[tokio::test]
async fn the_documentation_is_what_the_code_says() {
    for (text, (path, _)) in served(&world()).await.into_iter().zip(DOCUMENTS) {
        if std::env::var_os("NUNCIO_WRITE_DOCS").is_some() {
            fs::write(path, &text).unwrap();
        }
        assert!(fs::read_to_string(path).unwrap_or_default() == text, "{path} is old: run `just docs`");
    }
}

#[tokio::test]
async fn the_table_of_the_router_and_the_documents_name_the_same_endpoints() {
    let documents = documents(&world()).await;
    let all = documents.iter().flat_map(operations);
    let documented: BTreeSet<String> =
        all.map(|(method, path, _)| format!("{} {path}", method.to_uppercase())).collect();
    assert_eq!(documented, ENDPOINTS.iter().map(|it| (*it).to_owned()).collect());
    let names =
        |it: &Value| operations(it).map(|it| it.2["operationId"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    for document in &documents {
        assert_eq!(names(document).len(), BTreeSet::from_iter(names(document)).len(), "a name stands twice");
    }
}

#[tokio::test]
async fn everything_has_a_sentence_and_every_problem_an_endpoint() {
    let (mut without, mut slugs) = (Vec::new(), BTreeSet::new());
    for document in &documents(&world()).await {
        let mut want = |it: &Value, name: String| {
            let text = it["description"].as_str().unwrap_or_default();
            if text.len() < 3 || !text.ends_with(['.', '`']) {
                without.push(name);
            }
        };
        for (method, path, it) in operations(document) {
            want(it, format!("{method} {path}"));
            for parameter in it["parameters"].as_array().unwrap() {
                want(parameter, format!("{method} {path} {}", parameter["name"]));
            }
            for (status, response) in it["responses"].as_object().unwrap() {
                let response = resolved(document, response);
                want(response, format!("{method} {path} {status}"));
                let schema = &response["content"]["application/problem+json"]["schema"];
                let types = schema["allOf"][1]["properties"]["type"]["enum"].as_array();
                slugs.extend(types.into_iter().flatten().map(|it| it.as_str().unwrap().replace("/problems/", "")));
            }
        }
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            want(schema, name.clone());
            for (field, it) in schema["properties"].as_object().into_iter().flatten() {
                want(it, format!("{name}.{field}"));
            }
        }
    }
    assert!(without.is_empty(), "these have no sentence:\n{}", without.join("\n"));
    // It is of paths that there are not, or not by a method: no endpoint has it.
    slugs.insert(Kind::MethodNotAllowed.slug().to_owned());
    assert_eq!(slugs, Kind::ALL.iter().map(|it| it.slug().to_owned()).collect());
}

#[tokio::test]
async fn each_endpoint_asks_for_the_key_that_it_names() {
    let world = world();
    let documents = documents(&world).await;
    for (at, document) in documents.iter().enumerate() {
        for (method, path, it) in operations(document) {
            let ask = async |key: &str| {
                let request = Request::builder().method(&*method.to_uppercase()).uri(path.replace(['{', '}'], ""));
                let request = request.header("x-api-key", key).body(Body::empty()).unwrap();
                if at == 0 { world.ask(request).await } else { world.operate(request).await }
            };
            let ways = it["security"].as_array().unwrap();
            let scopes: Vec<&str> = ways.iter().filter_map(|it| it["bearer"][0].as_str()).collect();
            assert_eq!(ask("none").await.status == 401, !scopes.is_empty(), "{method} {path}");
            for (scope, key) in KEYS {
                let is_named = scopes.is_empty() || scopes.contains(&scope);
                let status = ask(key).await.status;
                let is_let_in = status != 401 && status != 403;
                assert_eq!(is_let_in, is_named, "{method} {path} by {scope}, names {scopes:?}");
            }
        }
    }
}

#[tokio::test]
async fn each_example_is_answered_in_its_shape() {
    let world = world();
    let sent = world.send(json!({ "to": "+31612345678", "text": "hi" })).await.json();
    let many = world.send(json!({ "to": ["+31612345678", "+31612345679"], "text": "hi" })).await.json();
    let begun = world.verify(json!({ "to": "+31612345678", "app": "login" })).await.json();
    let variables = BTreeMap::from([
        ("$NUNCIO", String::new()),
        ("$ID", sent["messages"][0]["id"].as_str().unwrap().to_owned()),
        ("$ORDER", many["order_id"].to_string()),
        ("$VERIFICATION", begun["id"].as_str().unwrap().to_owned()),
        ("$ROUTE", "8".to_owned()),
        ("$SECRET", "guessed".to_owned()),
    ]);
    let mut good = 0;
    for (at, document) in documents(&world).await.iter().enumerate() {
        for (method, path, it) in operations(document) {
            let command = it["x-codeSamples"][0]["source"].as_str().unwrap();
            let request = request(command, &variables, if at == 0 { KEY } else { OPERATOR });
            assert_eq!(request.method().as_str().to_lowercase(), method, "{command}");
            let found = operation(document, method, request.uri().path()).unwrap();
            assert_eq!(found["operationId"], it["operationId"], "{command} leads to {path}");
            let answer = if at == 0 { world.ask(request).await } else { world.operate(request).await };
            assert_eq!(faults(document, it, &answer), Vec::<String>::new(), "{command}");
            // What the stand-in for the loop has not: hooks, credit, what failed, a restored store, suppressions.
            let success = answer.status.is_success();
            assert!(
                success
                    || ["/hooks", "/credit", "/retry", "suppressions", "dry-run", "readyz"]
                        .iter()
                        .any(|it| path.contains(it)),
                "{command}: {}",
                answer.text
            );
            good += usize::from(success);
        }
    }
    assert!(40 < good, "{good}");
}

/// The request that a command of curl sends.
fn request(command: &str, variables: &BTreeMap<&str, String>, key: &str) -> Request<Body> {
    let words = words(command);
    let value = |word: &String| {
        let filled = variables.iter().fold(word.replace("$KEY", key), |text, (name, it)| text.replace(name, it));
        assert!(!filled.contains('$'), "{filled} has a variable that nothing fills");
        filled
    };
    let mut builder = Request::builder();
    let (mut body, mut method) = (None, None);
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" => (),
            "-X" => method = words.next().cloned(),
            "-d" => body = words.next().map(value),
            "-H" => {
                let header = value(words.next().unwrap());
                let (name, it) = header.split_once(": ").unwrap();
                builder = builder.header(name, it);
            }
            _ => builder = builder.uri(value(word)),
        }
    }
    let implied = if body.is_some() { "POST" } else { "GET" };
    builder.method(method.as_deref().unwrap_or(implied)).body(body.map_or_else(Body::empty, Body::from)).unwrap()
}

/// The words of a command as a shell splits it.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut open, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = command.chars();
    while let Some(it) = characters.next() {
        match (it, quote) {
            (_, Some(by)) if it == by => quote = None,
            ('\\', None | Some('"')) => match characters.next() {
                Some('\n') | None => (),
                Some(next) => open.get_or_insert_default().push(next),
            },
            (_, Some(_)) => open.get_or_insert_default().push(it),
            ('\'' | '"', None) => {
                open.get_or_insert_default();
                quote = Some(it);
            }
            (' ' | '\n', None) => words.extend(open.take()),
            (_, None) => open.get_or_insert_default().push(it),
        }
    }
    words.into_iter().chain(open).collect()
}

#[test]
fn what_is_taken_away_since_the_last_release_is_in_the_changelog() {
    let said = removed(&fs::read_to_string("CHANGELOG.md").unwrap());
    for (path, released) in DOCUMENTS {
        let [now, before] = [path, released].map(|it| {
            let text = fs::read_to_string(it).unwrap_or_else(|error| panic!("{it}: {error}"));
            serde_json::from_str::<Value>(&text).unwrap()
        });
        let silent: Vec<String> = taken_away(&before, &now).into_iter().filter(|it| !said.contains(it)).collect();
        assert!(silent.is_empty(), "{released} has these, and CHANGELOG.md has them not under Removed: {silent:?}");
    }
}

/// What a changelog names, in backticks, where it says what the next release takes away.
fn removed(changelog: &str) -> BTreeSet<String> {
    let next = changelog.split("\n## ").nth(1).unwrap_or_default();
    let parts = next.split("\n### ").filter_map(|it| it.strip_prefix("Removed\n"));
    parts.flat_map(|it| it.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn what_is_taken_away_is_named_where_it_is_looked_for() {
    let text = "# Changelog\n\n## Unreleased\n\n### Changed\n\n- `A.id`\n\n### Removed\n\n- `GET /v1/a`, and\n  `B \"SENT\"`: why.\n\n\
                ### Fixed\n\n- `C.id`\n\n## 1.0.0\n\n### Removed\n\n- `D.id`\n";
    assert_eq!(removed(text).into_iter().collect::<Vec<_>>(), ["B \"SENT\"", "GET /v1/a"]);
    assert!(removed("# Changelog\n").is_empty());
}

/// Endpoints, parameters, fields and words of a document that a later one lacks, as the changelog has to name them.
fn taken_away(before: &Value, now: &Value) -> BTreeSet<String> {
    &named(before) - &named(now)
}

fn named(document: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (method, path, it) in operations(document) {
        let endpoint = format!("{} {path}", method.to_uppercase());
        let parameters = it["parameters"].as_array().into_iter().flatten();
        all.extend(parameters.map(|it| format!("{endpoint}?{}", it["name"].as_str().unwrap_or_default())));
        for (status, answer) in it["responses"].as_object().into_iter().flatten() {
            all.extend(of_answer(resolved(document, answer), &endpoint, status));
        }
        all.insert(endpoint);
    }
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        all.extend(schema["properties"].as_object().into_iter().flatten().map(|it| format!("{name}.{}", it.0)));
        all.extend(schema["enum"].as_array().into_iter().flatten().map(|it| format!("{name} {it}")));
    }
    all
}

/// An answer, its types, its headers and its problems.
fn of_answer(answer: &Value, endpoint: &str, status: &str) -> Vec<String> {
    let mut all = vec![format!("{endpoint} {status}")];
    all.extend(answer["headers"].as_object().into_iter().flatten().map(|it| format!("{endpoint} {status} {}", it.0)));
    for (kind, content) in answer["content"].as_object().into_iter().flatten() {
        all.push(format!("{endpoint} {status} {kind}"));
        let problems = content["schema"]["allOf"][1]["properties"]["type"]["enum"].as_array();
        all.extend(problems.into_iter().flatten().filter_map(Value::as_str).map(|it| format!("{endpoint} {it}")));
    }
    all
}

#[test]
fn what_is_taken_away_is_found() {
    let document = |method: &str, parameter: &str, field: &str, word: &str| {
        json!({
            "paths": { "/v1/a": { method: { "parameters": [{ "name": parameter }], "responses": { "200": {} } } } },
            "components": { "schemas": { "A": { "properties": { field: {} } }, "B": { "enum": [word] } } },
        })
    };
    let before = document("get", "to", "id", "SENT");
    let away = |now: &Value| taken_away(&before, now).into_iter().collect::<Vec<_>>();
    assert!(away(&before).is_empty());
    assert_eq!(away(&document("post", "to", "id", "SENT")), ["GET /v1/a", "GET /v1/a 200", "GET /v1/a?to"]);
    assert_eq!(away(&document("get", "from", "id", "SENT")), ["GET /v1/a?to"]);
    assert_eq!(away(&document("get", "to", "key", "SENT")), ["A.id"]);
    assert_eq!(away(&document("get", "to", "id", "LEFT")), ["B \"SENT\""]);
    let answer = json!({
        "headers": { "Location": {} },
        "content": { "text/csv": {}, "p": { "schema": { "allOf": [{}, { "properties": { "type": { "enum": ["/problems/a"] } } }] } } },
    });
    let all = ["GET /a 200", "GET /a 200 Location", "GET /a 200 text/csv", "GET /a 200 p", "GET /a /problems/a"];
    assert_eq!(of_answer(&answer, "GET /a", "200"), all);
}

/// What a page says of one operation; nothing where it is missing.
fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let all = page.split("<h3 id=\"").skip(1);
    all.filter_map(|it| it.split_once("\">")).find(|it| it.0 == id).map_or("", |it| it.1)
}

/// What a page has to have of an operation: each status that is answered, each type of an answer, each problem.
fn unsaid(document: &Value, operation: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for (status, response) in operation["responses"].as_object().unwrap() {
        for (kind, content) in resolved(document, response)["content"].as_object().into_iter().flatten() {
            if kind == "application/problem+json" {
                let slugs = content["schema"]["allOf"][1]["properties"]["type"]["enum"].as_array().unwrap();
                all.extend(slugs.iter().map(|it| format!("<a href={it}>")));
                continue;
            }
            all.push(format!("<h4>Answer {status}</h4>"));
            all.push(if kind == "application/json" { "<p>Type: ".into() } else { format!("<code>{kind}</code>") });
        }
    }
    all
}

async fn get(world: &World, path: &str, accept: &str) -> Answer {
    world.ask(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_page_is_whole_and_loads_nothing() {
    let world = world();
    let asked = || Request::get("/docs").body(Body::empty()).unwrap();
    let pages = [world.ask(asked()).await, world.operate(asked()).await];
    for (page, document) in pages.iter().zip(documents(&world).await) {
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        for outside in ["<script", "<link", "@import", "url(", "src=", "href=\"http", "href=\"//"] {
            assert!(!page.text.contains(outside), "{outside}");
        }
        for (method, path, it) in operations(&document) {
            let shown = section(&page.text, it["operationId"].as_str().unwrap());
            let missing = unsaid(&document, it).into_iter().filter(|it| !shown.contains(it)).collect::<Vec<_>>();
            assert_eq!(missing, Vec::<String>::new(), "{method} {path}:\n{shown}");
        }
    }
    for name in ["Idempotency-Key", "/problems/insufficient-balance", "prefers-color-scheme", "@media print"] {
        assert!(pages[0].text.contains(name), "{name}");
    }
    let html = get(&world, "/problems/insufficient-balance", "text/html,*/*;q=0.8").await;
    assert!(html.header("content-type").starts_with("text/html") && html.text.contains("<h1>"), "{}", html.text);
    let plain = get(&world, "/problems/insufficient-balance", "*/*").await;
    assert!(plain.header("content-type").starts_with("text/plain"));
}
