//! The document of a listener: OpenAPI 3.1, made of the router's table and of what each endpoint says of itself.

use crate::api::handler::auth::Scope;
use crate::api::handler::endpoint::{Endpoint, Schemas, keep};
use serde_json::{Map, Value, json};

/// One line of the router's table.
pub(crate) struct Described {
    /// In lower case.
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) about: fn() -> Endpoint,
}

/// The group of what is about the API itself.
pub(crate) const ABOUT: &str = "Reference";

/// Groups in the order of the page, with what they are about.
const GROUPS: [(&str, &str); 17] = [
    ("Messages", "Messages are sent, looked at and taken back."),
    ("Orders", "An order is all that one request sent."),
    ("Verifications", "Numbers are verified by codes that are sent there and come back."),
    ("Events", "What came from handsets and from carriers, for those who poll."),
    ("Webhooks", "Endpoints that are told what is new, and how it goes with them."),
    ("Routes", "By which routes an account sends, and what that costs."),
    ("Balance", "What an account has."),
    ("Hooks", "Where carriers over HTTP tell what became of messages."),
    ("All messages", "Messages of every account."),
    ("Accounts", "Accounts, and the money of those that pay in advance."),
    ("Suppressions", "Who does not want to be written to."),
    ("Carriers", "How carriers stand, and what is ordered of them."),
    ("Links", "The connections to carriers."),
    ("Routing", "How routes and queues stand, and what would happen to a message."),
    ("Operation", "The configuration, what was ordered before, and orders to the whole daemon."),
    ("Probes", "Metrics and whether it works, for programs that watch."),
    (ABOUT, "What the API says of itself."),
];

/// What scopes are good for, as people are told.
const SCOPES: [(Scope, &str); 5] = [
    (Scope::Send, "to send, to estimate, to take back and to tell outcomes"),
    (Scope::Read, "to look at messages, orders, events, routes and the balance"),
    (Scope::Verify, "to verify numbers, and to tell outcomes"),
    (Scope::Webhooks, "to say where events are told"),
    (Scope::Admin, "to see and do what concerns every account"),
];

/// The document of what is in these tables.
///
/// # Panics
///
/// Where two types have one name, or an endpoint is of no group; a test writes every document.
pub(super) fn of(title: &str, says: &str, tables: &[&[Described]]) -> Value {
    let (mut paths, mut schemas, mut refusals) = (Map::new(), Schemas::new(), Schemas::new());
    for it in tables.iter().copied().flatten() {
        let written = (it.about)().written(&it.method.to_uppercase(), it.path);
        written.schemas.into_iter().for_each(|(name, it)| keep(&mut schemas, name, it));
        refusals.extend(written.refusals);
        let group = &written.operation["tags"][0];
        assert!(
            GROUPS.iter().any(|known| group == known.0),
            "{group} is no group, and {} would be on no page",
            it.path
        );
        let item = paths.entry(it.path).or_insert_with(|| json!({}));
        item[it.method] = written.operation;
    }
    let used = |name: &str| paths.values().filter_map(Value::as_object).any(|it| of_group(it, name));
    let tags: Vec<Value> = GROUPS
        .iter()
        .filter(|it| used(it.0))
        .map(|(name, says)| json!({ "name": name, "description": says }))
        .collect();
    let scopes: Vec<String> = SCOPES.iter().map(|(scope, says)| format!("`{}`: {says}", scope.word())).collect();
    let keyed = format!("A key of an account. What it is good for: {}.", scopes.join("; "));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": says,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The listener that this document came from." }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": keyed },
                "key": { "type": "apiKey", "in": "header", "name": "X-API-KEY", "description": keyed },
            },
        },
    })
}

/// Whether one of the operations of a path is of a group.
fn of_group(item: &Map<String, Value>, name: &str) -> bool {
    item.values().any(|it| it["tags"][0] == name)
}
