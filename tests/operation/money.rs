//! Balances, quotas and rates as applications and operators meet them, and the books after kills.

use crate::daemon::client::{Client, Reply};
use crate::daemon::crash::Kills;
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use crate::operation::configuration::EXIT_CONFIG;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const PRICED: &str = "price = { default = \"0.087\", \"+3162\" = \"0.100001\", currency = \"EUR\" }";
const MANAGED: &str = "balance = \"managed\"\n";

/// Kills in the test command; `NUNCIO_KILLS` asks for more.
const KILLS: usize = 20;

/// A daemon whose account has these lines, with a carrier at this port.
fn daemon(lines: &str, port: u16, of_route: &str) -> Daemon {
    Daemon::start(&(account("[1]") + lines + &carrier(port, "") + &route(of_route)))
}

fn credit(operator: &mut Client, amount: &str) -> Reply {
    operator.post("/admin/v1/accounts/shop/credit", &json!({ "amount": amount, "note": "invoice 7" }))
}

fn message(to: &str) -> Value {
    json!({ "to": to, "from": "YOURAPP", "text": "one" })
}

fn balance(client: &mut Client) -> Value {
    let reply = client.get("/v1/balance");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Micro-units of a decimal text.
fn micros(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap_or_else(|| panic!("no amount: {amount}"));
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |it| (-1, it));
    let (whole, decimals) = text.split_once('.').unwrap();
    sign * (whole.parse::<i64>().unwrap() * 1_000_000 + format!("{decimals:0<6}").parse::<i64>().unwrap())
}

/// Every entry of a list whose cursor ends.
fn all(client: &mut Client, path: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}?limit=1000{cursor}")).json();
        let data = page["data"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
        let last = data.is_empty();
        found.extend(data);
        match page["next_cursor"].as_str().filter(|_| !last) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[test]
fn an_account_is_warned_each_time_that_its_balance_falls_and_not_at_every_order() {
    let daemon = daemon("balance = \"managed\"\nbalance_low = \"0.90\"\n", quiet_port(), PRICED);
    let (mut client, mut operator) = (daemon.client(), daemon.operator());
    let warnings = || {
        let log = daemon.client().get("/v1/events?types=balance.low").json();
        log["data"].as_array().unwrap().iter().map(|it| it["data"].clone()).collect::<Vec<_>>()
    };
    let warning = |balance: &str| json!({ "balance": balance, "warned_at": "0.900", "currency": "EUR" });
    assert_eq!(credit(&mut operator, "1.00").status, 201);
    for _ in 0..3 {
        assert_eq!(client.post("/v1/messages", &message("+31612345678")).status, 202);
    }
    assert_eq!(warnings(), [warning("0.826")], "1.000, 0.913, 0.826 and 0.739");
    assert_eq!(credit(&mut operator, "1.00").status, 201);
    assert_eq!(credit(&mut operator, "-1.70").status, 201);
    assert_eq!(warnings(), [warning("0.826"), warning("0.039")]);
}

#[test]
fn an_account_that_pays_in_advance_is_refused_charged_and_paid_back() {
    let daemon = daemon(MANAGED, quiet_port(), PRICED);
    let (mut client, mut operator) = (daemon.client(), daemon.operator());
    let refused = client.post("/v1/messages", &message("+31612345678"));
    assert_eq!((refused.status, &refused.json()["stage"]), (402, &json!("quota")), "{}", refused.text());
    assert_eq!(refused.json()["type"], "/problems/insufficient-balance");
    assert_eq!(all(&mut client, "/v1/messages").len(), 0);
    assert_eq!(client.post("/v1/estimate", &message("+31612345678")).json()["sufficient_balance"], false);

    let given = credit(&mut operator, "1.00");
    assert_eq!((given.status, &given.json()["balance"]), (201, &json!("1.000")), "{}", given.text());
    assert_eq!(client.post("/v1/estimate", &message("+31612345678")).json()["sufficient_balance"], true);
    let accepted = client.post("/v1/messages", &message("+31622345678"));
    assert_eq!((accepted.status, &accepted.json()["balance_after"]), (202, &json!("0.899999")), "{}", accepted.text());
    assert_eq!(balance(&mut client), json!({ "balance": "0.899999", "currency": "EUR", "kind": "managed" }));

    let id = accepted.json()["messages"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/messages/{id}");
    let page = client.get(&path).json();
    assert_eq!((&page["charged"], &page["refunded"]), (&json!("0.100001"), &json!("0.000")));
    assert_eq!(client.call("DELETE", &path, None).unwrap().status, 200);
    let page = client.get(&path).json();
    assert_eq!((&page["status"], &page["refunded"]), (&json!("CANCELLED"), &json!("0.100001")));
    assert_eq!(balance(&mut client)["balance"], "1.000");

    let lines = all(&mut operator, "/admin/v1/accounts/shop/ledger");
    let told: Vec<_> = lines.iter().map(|it| (it["why"].as_str().unwrap(), micros(&it["amount"]))).collect();
    assert_eq!(told, [("refund", 100_001), ("charge", -100_001), ("credit", 1_000_000)], "newest first");
    assert_eq!(lines[2]["note"], "invoice 7");
    let page = |query: &str| daemon.operator().get(&format!("/admin/v1/accounts/shop/ledger?{query}")).json();
    let first = page("limit=2");
    assert_eq!(first["data"].as_array().unwrap()[..], lines[..2]);
    let last = page(&format!("limit=1&cursor={}", first["next_cursor"].as_str().expect("there is more")));
    assert_eq!((&last["data"], &last["next_cursor"]), (&json!([lines[2]]), &Value::Null), "the last page is the last");
    assert_eq!(page("limit=3")["next_cursor"], Value::Null, "a full page, too");
    let metrics = daemon.metrics();
    assert_eq!(metrics.sum("charged_total", &["account=\"shop\"", "currency=\"EUR\""]), 100_001.0);
    assert_eq!(metrics.sum("refunded_total", &[]), 100_001.0);
}

#[test]
fn credit_is_taken_back_with_a_reason_and_never_below_zero() {
    let daemon = daemon(MANAGED, quiet_port(), PRICED);
    let mut operator = daemon.operator();
    assert_eq!(credit(&mut operator, "2.50").status, 201);
    let back = credit(&mut operator, "-1.000001");
    assert_eq!(back.status, 201, "{}", back.text());
    let line = back.json();
    assert_eq!((micros(&line["amount"]), micros(&line["balance"])), (-1_000_001, 1_499_999), "{line}");
    assert_eq!((&line["why"], &line["note"]), (&json!("credit"), &json!("invoice 7")));
    let unsaid = operator.post("/admin/v1/accounts/shop/credit", &json!({ "amount": "-1", "note": " " }));
    assert_eq!((unsaid.status, &unsaid.json()["errors"][0]["pointer"]), (422, &json!("/note")), "{}", unsaid.text());
    let more = credit(&mut operator, "-1.5");
    assert_eq!(more.status, 402, "{}", more.text());
    assert!(more.text().contains("1.499999"), "{}", more.text());
    for nothing in ["0", "-0", "-", "--1", "1-"] {
        assert_eq!(credit(&mut operator, nothing).status, 422, "{nothing}");
    }
    let body = json!({ "amount": "-1.499999", "note": "closed" });
    for _ in 0..2 {
        let keyed = operator.keyed("POST", "/admin/v1/accounts/shop/credit", &body, "\"close\"").unwrap();
        assert_eq!((keyed.status, micros(&keyed.json()["balance"])), (201, 0), "{}", keyed.text());
    }
    assert_eq!(daemon.client().post("/v1/messages", &message("+31612345678")).status, 402);
    let lines = all(&mut operator, "/admin/v1/accounts/shop/ledger");
    let told: Vec<i64> = lines.iter().map(|it| micros(&it["amount"])).collect();
    assert_eq!(told, [-1_499_999, -1_000_001, 2_500_000]);
}

#[test]
fn credit_is_an_operator_s_and_is_given_once_for_each_key() {
    let daemon = daemon(MANAGED, quiet_port(), PRICED);
    let mut operator = daemon.operator();
    let keyed = |operator: &mut Client, amount: &str| {
        let body = json!({ "amount": amount });
        operator.keyed("POST", "/admin/v1/accounts/shop/credit", &body, "\"invoice 7\"").unwrap()
    };
    let (first, again) = (keyed(&mut operator, "5"), keyed(&mut operator, "5"));
    assert_eq!((first.status, again.status), (201, 201), "{}", again.text());
    assert_eq!(first.json(), again.json());
    assert_eq!(keyed(&mut operator, "6").status, 422);
    assert_eq!(balance(&mut daemon.client())["balance"], "5.000");
    for (amount, pointer) in [("-0", "/amount"), ("0", "/amount"), ("1e3", "/amount"), ("0.0000001", "/amount")] {
        let refused = credit(&mut operator, amount);
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{amount}");
    }
    assert_eq!(operator.post("/admin/v1/accounts/nobody/credit", &json!({ "amount": "1" })).status, 404);
    let mut stranger = daemon.operator_with("no key");
    assert_eq!(credit(&mut stranger, "1").status, 401);
}

#[test]
fn a_route_without_a_price_is_refused_to_who_pays_in_advance() {
    let daemon = daemon(&format!("{MANAGED}currency = \"EUR\"\n"), quiet_port(), "");
    let refused = daemon.client().post("/v1/messages", &message("+31612345678"));
    assert_eq!((refused.status, &refused.json()["stage"]), (422, &json!("pricing")), "{}", refused.text());
    assert_eq!(daemon.client().get("/v1/routes/1/pricing").json()["priced"], false);
}

#[test]
fn prices_are_told_by_default_country_and_prefix() {
    let daemon = daemon(
        "",
        quiet_port(),
        "price = { default = \"0.087\", NL = \"0.081\", \"+316\" = \"0.0805\", currency = \"EUR\" }",
    );
    let expected = json!({
        "route_id": 1, "priced": true, "per": "part", "currency": "EUR", "default": "0.087",
        "countries": { "NL": "0.081" }, "prefixes": { "+316": "0.0805" }
    });
    assert_eq!(daemon.client().get("/v1/routes/1/pricing").json(), expected);
    assert_eq!(daemon.client().get("/v1/routes/2/pricing").status, 404);
    assert_eq!(balance(&mut daemon.client()), json!({ "balance": null, "currency": "EUR", "kind": "unlimited" }));
}

#[test]
fn an_account_pays_by_a_table_of_its_own_where_it_has_one() {
    let own = "prices = { \"1\" = { NL = \"0.05\", currency = \"USD\" } }\n";
    let daemon = daemon(&format!("{MANAGED}{own}"), quiet_port(), PRICED);
    let mut client = daemon.client();
    let pricing = client.get("/v1/routes/1/pricing").json();
    assert_eq!(
        (&pricing["currency"], &pricing["default"], &pricing["countries"]),
        (&json!("USD"), &Value::Null, &json!({ "NL": "0.050" }))
    );
    assert_eq!(client.get("/v1/routes").json()["data"][0]["currency"], "USD");
    assert_eq!(credit(&mut daemon.operator(), "1.00").status, 201);
    let estimate = client.post("/v1/estimate", &message("+31612345678")).json();
    assert_eq!((&estimate["cost"], &estimate["currency"]), (&json!("0.050"), &json!("USD")), "{estimate}");
    let sent = client.post("/v1/messages", &message("+31612345678")).json();
    assert_eq!(
        (&sent["cost"], &sent["currency"], &sent["balance_after"]),
        (&json!("0.050"), &json!("USD"), &json!("0.950")),
        "{sent}"
    );
    // What its table has not is not taken from that of the route.
    let refused = client.post("/v1/messages", &message("+4915112345678"));
    assert_eq!((refused.status, &refused.json()["stage"]), (422, &json!("pricing")), "{}", refused.text());
}

#[test]
fn a_quota_outlives_the_process_and_says_when_to_come_again() {
    let mut daemon = daemon("quota = \"3/1d\"\n", quiet_port(), "");
    let both = json!({ "to": ["+31612345678", "+31612345679"], "from": "YOURAPP", "text": "one" });
    let accepted = daemon.client().post("/v1/messages", &both);
    assert_eq!(accepted.header("ratelimit-policy"), Some("\"quota\";q=3;w=86400"), "{}", accepted.text());
    assert_eq!(accepted.header("ratelimit"), Some("\"quota\";r=1;t=86400"));
    daemon.kill();
    daemon.restart();
    let refused = daemon.client().post("/v1/messages", &both);
    assert_eq!((refused.status, &refused.json()["stage"]), (429, &json!("quota")), "{}", refused.text());
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    assert_eq!(refused.json()["retryable"], true);
    let to: Vec<String> = (0..4).map(|it| format!("+3161234567{it}")).collect();
    let never = daemon.client().post("/v1/messages", &json!({ "to": to, "from": "YOURAPP", "text": "one" }));
    assert_eq!((never.status, &never.json()["type"]), (422, &json!("/problems/more-than-quota")), "{}", never.text());
    assert_eq!((never.header("retry-after"), &never.json()["retryable"]), (None, &json!(false)));
    assert_eq!(daemon.client().post("/v1/messages", &message("+31612345678")).status, 202);
}

#[test]
fn a_rate_is_kept_and_told() {
    let daemon = daemon("rate = \"0.01/s\"\n", quiet_port(), "");
    let accepted = daemon.client().post("/v1/messages", &message("+31612345678"));
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    assert_eq!(accepted.header("ratelimit-policy"), Some("\"rate\";q=1;w=100"));
    let refused = daemon.client().post("/v1/messages", &message("+31612345678"));
    assert_eq!(refused.json()["type"], "/problems/rate-exceeded", "{}", refused.text());
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((90..=100).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit").map(|it| it.starts_with("\"rate\";r=0;t=")), Some(true));
}

#[test]
fn a_large_order_is_told_in_slices() {
    let daemon = daemon("", quiet_port(), "");
    let to: Vec<String> = (0..3_304).map(|it| format!("+3161{it:07}")).collect();
    let accepted = daemon.client().post("/v1/messages", &json!({ "to": to, "from": "YOURAPP", "text": "one" }));
    assert_eq!((accepted.status, &accepted.json()["count"]), (202, &json!(3_304)));
    let order = daemon.client().get(&format!("/v1/orders/{}", accepted.json()["order_id"])).json();
    assert_eq!((&order["slices"], &order["total"], &order["queued"]), (&json!(7), &json!(3_304), &json!(3_304)));
}

#[test]
fn the_books_add_up_to_the_last_unit_after_kills() {
    let kills = std::env::var("NUNCIO_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(KILLS);
    let (_sim, port) = sim(&["--latency", "1ms..5ms", "--receipts", "0ms..100ms", "--reject", "ESME_RINVDSTADR=20%"]);
    let mut daemon = daemon(MANAGED, port, PRICED);
    assert_eq!(credit(&mut daemon.operator(), "1000000").status, 201);
    let kills = Kills::run(&mut daemon, kills, |_| ());
    until("the last receipts", PATIENCE, || {
        (daemon.metrics().sum("messages_awaiting_receipt", &[]) == 0.0).then_some(())
    });

    let lines = all(&mut daemon.operator(), "/admin/v1/accounts/shop/ledger");
    let messages = all(&mut daemon.client(), "/v1/messages");
    let has = micros(&balance(&mut daemon.client())["balance"]);
    let sum = |why: &str| lines.iter().filter(|it| it["why"] == why).map(|it| micros(&it["amount"])).sum::<i64>();
    assert_eq!(sum("credit") + sum("charge") + sum("refund"), has, "the ledger adds up to the balance");
    let mut running = 0;
    for line in lines.iter().rev() {
        running += micros(&line["amount"]);
        assert_eq!(micros(&line["balance"]), running, "{line}");
    }

    // What every message says of itself: it was charged its price, and paid back if no carrier perhaps took it.
    let price: i64 = messages.iter().map(|it| micros(&it["cost"])).sum();
    assert_eq!(sum("charge"), -price, "each order once");
    let perhaps = |it: &Value| {
        let attempts = it["attempts"].as_array().unwrap();
        attempts.iter().any(|it| it["answer"].is_null() || it["answer"] == "taken" || it["answer"] == "unknown")
    };
    let mut back = 0;
    for it in &messages {
        let expected = if perhaps(it) { 0 } else { micros(&it["cost"]) };
        assert_eq!(micros(&it["refunded"]), expected, "{it}");
        back += expected;
    }
    assert_eq!(sum("refund"), back);
    assert!(0 < back, "some were refused");
    for (id, _) in &kills.acknowledged {
        assert!(kills.ended.contains_key(id), "{id} was acknowledged");
    }
    println!("{} messages, charged {price}, paid back {back}, left {has}", messages.len());
}

fn priced_in(currency: &str) -> String {
    let lines = format!("{MANAGED}currency = \"{currency}\"\n");
    account("[1]") + &lines + &carrier(quiet_port(), "") + &route(&PRICED.replace("EUR", currency))
}

/// What a start says that is refused for its configuration.
fn refused_start(daemon: &Daemon) -> String {
    let done = daemon.command(&["serve"]).output().expect("it runs");
    assert_eq!(done.status.code(), Some(EXIT_CONFIG));
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[test]
fn what_an_account_has_stays_of_the_currency_that_it_was_paid_in() {
    let mut daemon = Daemon::start(&priced_in("EUR"));
    assert_eq!(credit(&mut daemon.operator(), "100").status, 201);
    daemon.configure(&priced_in("JPY"));
    daemon.reload();
    let line = daemon.said("the configuration is not changed", 1);
    for word in ["\"shop\"", "100.000 EUR", "JPY", "credit below zero"] {
        assert!(line["message"].as_str().unwrap().contains(word), "{word}: {line}");
    }
    let has = json!({ "balance": "100.000", "currency": "EUR", "kind": "managed" });
    assert_eq!(balance(&mut daemon.client()), has);
    daemon.terminate();
    let said = refused_start(&daemon);
    assert!(said.contains("account \"shop\" has 100.000 EUR, and its currency would be JPY"), "{said}");
    // Not even by way of a configuration without the account's balance.
    daemon.configure(&priced_in("JPY").replace("managed", "unlimited"));
    daemon.restart();
    // Who takes the balance away is told what lies there, at a start and at a reload.
    let line = daemon.said("an account has money that is not spent", 1);
    assert_eq!((&line["account"], &line["has"], &line["currency"]), (&json!("shop"), &json!("100.000"), &json!("EUR")));
    daemon.configure(&priced_in("JPY"));
    daemon.reload();
    assert_eq!(daemon.count("the configuration is not changed"), 1);
    daemon.configure(&priced_in("EUR"));
    daemon.reload();
    assert_eq!(balance(&mut daemon.client()), has);
    // A balance of zero has none.
    assert_eq!(credit(&mut daemon.operator(), "-100").status, 201);
    daemon.configure(&priced_in("JPY"));
    daemon.reload();
    assert_eq!(balance(&mut daemon.client())["currency"], "JPY");
    assert_eq!(credit(&mut daemon.operator(), "7").status, 201);
    daemon.terminate();
    daemon.configure(&priced_in("EUR"));
    assert!(refused_start(&daemon).contains("has 7.000 JPY"));
}

#[test]
fn a_balance_of_a_store_of_format_4_takes_the_currency_that_is_configured() {
    let mut daemon = Daemon::start(&priced_in("EUR"));
    assert_eq!(credit(&mut daemon.operator(), "100").status, 201);
    daemon.terminate();
    let file = daemon.config().with_file_name("store").join("nuncio.db");
    let conn = rusqlite::Connection::open(file).expect("the store");
    let receipts = ["part", "attempt", "parked"].map(|table| {
        format!("ALTER TABLE {table} DROP COLUMN receipt_done_date; ALTER TABLE {table} DROP COLUMN receipt_offset;")
    });
    conn.execute_batch(&receipts.concat()).expect("the newer goes");
    let steps = "DROP TABLE carrier_id; DROP TABLE carrier_id_log;
        CREATE INDEX part_by_carrier_id ON part (rhash) WHERE rhash IS NOT NULL; DROP TABLE made; DROP TABLE to_forget; DROP TABLE verification; DROP TABLE converted; DROP INDEX event_by_endpoint; ALTER TABLE event DROP COLUMN endpoint;
        ALTER TABLE event DROP COLUMN target; DROP TABLE endpoint; DROP TABLE retry; DROP TABLE forgotten; ALTER TABLE event DROP COLUMN about;
        DROP TABLE currency; ALTER TABLE meta DROP COLUMN eras; PRAGMA user_version = 4;";
    conn.execute_batch(steps).expect("the newer goes");
    drop(conn);
    daemon.restart();
    assert_eq!(balance(&mut daemon.client())["currency"], "EUR");
    daemon.terminate();
    daemon.configure(&priced_in("JPY"));
    assert!(refused_start(&daemon).contains("has 100.000 EUR"));
}
