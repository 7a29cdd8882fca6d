//! `nuncio send`: messages to numbers or to the recipients of a file, followed to their end.
//!
//! Numbers are sent as a file of them is, so that there is one way for both. Everything is sent under an idempotency
//! key: what was interrupted goes on where it stopped, and nothing is sent twice.

use crate::gateway::ask::AskError;
use crate::gateway::ask::local_client::{Door, LocalClient};
use crate::gateway::ask::options::Send;
use crate::gateway::ask::progress::{Progress, Standing};
use crate::gateway::ask::words::{list, number, text};
use crate::gateway::client::ClientError;
use crate::gateway::ending::Ending;
use crate::gateway::runtime::block_on;
use bytes::Bytes;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// Orders are looked at so often.
const LOOK: Duration = Duration::from_millis(500);
/// And after a look at many of them for so many times as long as that took.
const LOOK_SHARE: u32 = 9;
/// A sending that is put off for longer than this is left to who sends: the key keeps it safe.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is sent again where it is put off, or nothing is answered.
const TRIES_MAX: u32 = 20;
/// Lines that were not accepted, of which so many are told.
const REJECTED_MAX: usize = 20;
/// How messages end, as an order counts them.
const ENDS: [&str; 5] = ["delivered", "failed", "expired", "unknown", "cancelled"];

/// Sends, follows and sums up. Whether all of it arrived, or, where it is not followed, was accepted.
pub fn send(asked: &Send, out: &mut dyn Write) -> Result<bool, AskError> {
    block_on(deliver(asked, out))
}

async fn deliver(asked: &Send, out: &mut dyn Write) -> Result<bool, AskError> {
    let csv = recipients(asked)?;
    let mut door = LocalClient::open(&asked.place, Door::Http).await?;
    let key = asked.idempotency_key.clone().unwrap_or_else(|| {
        let key = make_key();
        // Said before anything is sent: whatever ends this, the same command with it sends nothing twice.
        say(&format!("--idempotency-key {key}"));
        key
    });
    let mut report = Value::Null;
    let submitted = submit(&mut door, asked, &key, csv, &mut report).await;
    if report.is_null() {
        return submitted.map(|()| false);
    }
    let stopped = &report["stopped"];
    if !stopped.is_null() {
        say(&format!("stopped at line {}: {}", stopped["line"], text(&stopped["detail"])));
    }
    // What was accepted is told also where it cannot be followed: a key may be good for sending alone.
    let is_followed = !asked.no_wait && submitted.is_ok() && stopped.is_null();
    let followed = if is_followed { follow(&mut door, asked, &report).await.map(Some) } else { Ok(None) };
    let seen = followed.as_ref().ok().and_then(Option::as_ref);
    match sum_up(asked, (&key, &report), seen, out) {
        // Whoever reads has seen enough; what became of the messages is said by the end.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => submitted?,
    }
    let totals = followed?;
    if !report["stopped"].is_null() {
        let said = format!("it stopped on its way; go on from there with --idempotency-key {key}");
        return Err(AskError::Interrupted(said));
    }
    Ok(list(&report["rejected"]).is_empty() && totals.is_none_or(|it| it["delivered"] == report["count"]))
}

/// Tells who sends. Where nobody reads that it goes on all the same.
fn say(line: &str) {
    _ = writeln!(io::stderr(), "{line}");
}

/// The file, or one of the numbers.
fn recipients(asked: &Send) -> Result<Bytes, AskError> {
    let mut octets = Vec::new();
    let read = match &asked.file {
        Some(file) if file.as_os_str() == "-" => io::stdin().read_to_end(&mut octets).map(drop),
        Some(file) => std::fs::read(file).map(|it| octets = it),
        None => {
            octets.extend_from_slice(b"to\n");
            asked.to.iter().for_each(|it| octets.extend(format!("\"{}\"\n", it.replace('"', "\"\"")).into_bytes()));
            Ok(())
        }
    };
    let named = || asked.file.clone().unwrap_or_default();
    read.map_err(|error| AskError::Refused(format!("{}: {error}", named().display())))?;
    Ok(octets.into())
}

/// A key that nobody has used.
fn make_key() -> String {
    let random = || getrandom::u64().expect("the operating system gives random numbers");
    format!("nuncio-send-{:016x}{:016x}", random(), random())
}

/// Sends all of it, and keeps the latest report. What is put off for a moment, or not answered, is sent again under its
/// key.
async fn submit(
    door: &mut LocalClient,
    asked: &Send,
    key: &str,
    csv: Bytes,
    latest: &mut Value,
) -> Result<(), AskError> {
    for _ in 0..TRIES_MAX {
        let wait = match door.client.post_csv(&asked.target(), key, csv.clone()).await {
            Ok(report) => {
                *latest = report;
                match latest["stopped"]["retry_after"].as_u64().map(Duration::from_secs) {
                    Some(wait) if wait <= PATIENCE => wait,
                    _ => return Ok(()),
                }
            }
            Err(ClientError::Refused { retry_after: Some(wait), answer, .. }) if answer["retryable"] == true => {
                let wait = Duration::from_secs(wait);
                if PATIENCE < wait {
                    let later = format!("{} It may come again in {} s.", super::explain(&answer), wait.as_secs());
                    return Err(AskError::Interrupted(later));
                }
                wait
            }
            Err(error @ (ClientError::Refused { .. } | ClientError::Unsayable(_))) => return Err(AskError::of(error)),
            // It is being started anew, perhaps.
            Err(_) => {
                reopen(door, asked).await;
                Duration::from_secs(1)
            }
        };
        let wait = wait.max(Duration::from_secs(1));
        say(&format!("put off; it goes on in {} s", wait.as_secs()));
        sleep(wait).await;
    }
    Err(AskError::Interrupted(format!("it was put off, or not answered, {TRIES_MAX} times")))
}

/// Takes another connection, where there is one to be had.
async fn reopen(door: &mut LocalClient, asked: &Send) {
    if let Ok(anew) = LocalClient::open(&asked.place, Door::Http).await {
        *door = anew;
    }
}

/// Looks at the orders until all have ended, the time is over, or somebody ends it. How their messages stand then.
async fn follow(door: &mut LocalClient, asked: &Send, report: &Value) -> Result<Value, AskError> {
    let (mut progress, mut ending, until) = (Progress::new(), Ending::new()?, Instant::now() + asked.wait);
    let (mut silent_since, mut orders) = (None, list(&report["orders"]).to_vec());
    loop {
        let began = Instant::now();
        let looked = tokio::select! {
            looked = look(door, &mut orders) => Some(looked),
            () = ending.wanted() => None,
            () = sleep_until(until) => None,
        };
        match looked {
            None | Some(Ok(())) => silent_since = None,
            Some(Err(error @ AskError::Key(_))) => return Err(error),
            Some(Err(error)) if *silent_since.get_or_insert(began) + PATIENCE < Instant::now() => return Err(error),
            // It is being started anew, perhaps.
            Some(Err(_)) => reopen(door, asked).await,
        }
        let totals = totals(&orders);
        let count = |name: &str| totals[name].as_u64().unwrap_or_default();
        let otherwise = ENDS.iter().skip(1).map(|it| count(it)).sum();
        progress.tell(Instant::now(), Standing { total: count("total"), delivered: count("delivered"), otherwise });
        let has_ended = silent_since.is_none() && count("pending") == 0;
        if looked.is_none() || has_ended || until <= Instant::now() {
            progress.end();
            return Ok(totals);
        }
        // An order is counted to be told: whoever follows many leaves the gateway time for its work.
        let pause = LOOK.max(began.elapsed() * LOOK_SHARE);
        tokio::select! {
            () = sleep_until((Instant::now() + pause).min(until)) => (),
            () = ending.wanted() => {
                progress.end();
                return Ok(totals);
            }
        }
    }
}

/// Looks at those that have not ended.
async fn look(door: &mut LocalClient, orders: &mut [Value]) -> Result<(), AskError> {
    for order in orders.iter_mut().filter(|it| it["pending"] != 0) {
        *order = door.get(&format!("/v1/orders/{}", order["order_id"])).await?;
    }
    Ok(())
}

/// What all orders are together. One that was not looked at yet has all of its messages to come.
fn totals(orders: &[Value]) -> Value {
    let sum = |name: &str| orders.iter().filter_map(|it| it[name].as_u64()).sum::<u64>();
    let unseen: u64 = orders.iter().filter(|it| it["total"].is_null()).filter_map(|it| it["count"].as_u64()).sum();
    let mut all = json!({ "total": sum("total") + unseen, "pending": sum("pending") + unseen });
    for name in ENDS {
        all[name] = sum(name).into();
    }
    all
}

fn sum_up(asked: &Send, (key, report): (&str, &Value), totals: Option<&Value>, out: &mut dyn Write) -> io::Result<()> {
    if asked.json {
        let all = json!({ "idempotency_key": key, "report": report, "totals": totals });
        writeln!(out, "{all}")?;
        return out.flush();
    }
    for it in list(&report["rejected"]).iter().take(REJECTED_MAX) {
        say(&format!("line {}: {} {} ({})", it["line"], text(&it["to"]), text(&it["detail"]), text(&it["code"])));
    }
    let rejected = list(&report["rejected"]).len();
    if REJECTED_MAX < rejected {
        say(&format!("and {} more lines, which --json tells", number((rejected - REJECTED_MAX) as u64)));
    }
    let count = |it: &Value| number(it.as_u64().unwrap_or_default());
    let orders: Vec<String> = list(&report["orders"]).iter().map(|it| it["order_id"].to_string()).collect();
    writeln!(out, "{:10} {}", if orders.len() == 1 { "order" } else { "orders" }, orders.join(", "))?;
    let (accepted, twice) = (count(&report["count"]), count(&report["duplicates"]["count"]));
    let rejected = number(rejected as u64);
    writeln!(out, "{:10} {accepted} of {}; {rejected} rejected, {twice} twice", "accepted", count(&report["lines"]))?;
    if let Some(cost) = report["cost"].as_str() {
        writeln!(out, "{:10} {cost} {}", "cost", text(&report["currency"]))?;
    }
    for name in ENDS.iter().chain(&["pending"]) {
        let some = totals.and_then(|it| it[*name].as_u64()).filter(|it| *it != 0 || *name == "delivered");
        if let Some(some) = some {
            writeln!(out, "{name:10} {}", number(some))?;
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_add_up_and_one_that_was_not_seen_is_still_to_come() {
        let seen = json!({ "order_id": 1, "total": 10, "pending": 2, "delivered": 6, "failed": 1, "expired": 0, "unknown": 1,
                           "cancelled": 0 });
        let unseen = json!({ "order_id": 2, "count": 5 });
        let told = totals(&[seen, unseen]);
        assert_eq!(
            (told["total"].as_u64(), told["pending"].as_u64(), told["delivered"].as_u64()),
            (Some(15), Some(7), Some(6))
        );
    }

    #[test]
    fn no_key_is_made_twice() {
        assert_ne!(make_key(), make_key());
    }
}
