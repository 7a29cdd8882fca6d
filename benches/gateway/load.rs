//! Load: as fast as answers come, at a steady rate, or in bulk.

use crate::http::Client;
use crate::process::nanos;
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;

/// The key that the account of the benchmark calls with.
pub(crate) const KEY: &str = "key-of-the-benchmark";
/// That of an account beside it.
pub(crate) const OTHER_KEY: &str = "key-of-the-other-account";
/// Connections at a time: as many as a busy application has.
pub(crate) const CONNECTIONS: u64 = 64;
/// Recipients of one request when a backlog is made: as many as a request may have.
pub(crate) const BULK: u64 = 10_000;

/// What makes a request: from a number that no other request has.
pub(crate) type Make = Rc<dyn Fn(u64) -> Vec<u8>>;

/// One message to the destination that belongs to `number`.
pub(crate) fn one(route: u32) -> Make {
    Rc::new(move |number| {
        let to = destination(route, number);
        request(
            KEY,
            &format!(r#"{{"to":"+{to}","from":"YOURAPP","text":"Your verification code is 4839","route_id":{route}}}"#),
        )
    })
}

/// The digits of a destination: a block of ten million for each route.
pub(crate) fn destination(route: u32, number: u64) -> u64 {
    31_610_000_000 + u64::from(route) * 10_000_000 + number % 10_000_000
}

/// So many messages in one request.
fn bulk((key, route): (&str, u32), from: u64, count: u64) -> Vec<u8> {
    let mut to = String::with_capacity(16 * BULK as usize);
    for number in from..from + count {
        write!(to, "{}\"+{}\"", if number == from { "" } else { "," }, destination(route, number))
            .expect("a string takes it");
    }
    let text = "Our shop opens at nine tomorrow";
    request(key, &format!(r#"{{"to":[{to}],"from":"YOURAPP","text":"{text}","route_id":{route}}}"#))
}

fn request(key: &str, body: &str) -> Vec<u8> {
    let head = "POST /v1/messages HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer";
    format!("{head} {key}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Sends the requests `from..from + count` over [`CONNECTIONS`] connections, each as soon as the one before
/// it is answered. All must be answered with 202.
pub(crate) async fn closed(port: u16, make: &Make, from: u64, count: u64) {
    let next = Rc::new(Cell::new(from));
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS.min(count) {
        let (next, make) = (next.clone(), make.clone());
        tasks.push(spawn_local(async move {
            let mut client = Client::connect(port).await.expect("the gateway listens");
            while next.get() < from + count {
                let number = next.replace(next.get() + 1);
                let code = client.ask(&make(number)).await.expect("the gateway answers");
                assert_eq!(code, 202, "{}", client.body());
            }
        }));
    }
    for task in tasks {
        task.await.expect("a connection lasts");
    }
}

/// What one request of a steady load took.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) destination: u64,
    /// When it was sent, or was due to be sent if its connection was late; in [`nanos`].
    pub(crate) sent: u64,
    pub(crate) answered: u64,
}

/// Sends `rate` requests a second to one route for `seconds`, whether answers come or not.
pub(crate) async fn steady(port: u16, route: u32, from: u64, (rate, seconds): (u64, u64)) -> Vec<Sample> {
    let samples = Rc::new(RefCell::new(Vec::new()));
    let (began, make) = (nanos() + 50_000_000, one(route));
    let mut tasks = Vec::new();
    for lane in 0..CONNECTIONS {
        let (samples, make) = (samples.clone(), make.clone());
        tasks.push(spawn_local(async move {
            let mut client = Client::connect(port).await.expect("the gateway listens");
            for index in (lane..rate * seconds).step_by(CONNECTIONS as usize) {
                let due = began + index * 1_000_000_000 / rate;
                let late = due < nanos();
                wait_until(due).await;
                let sent = if late { due } else { nanos() };
                let number = from + index;
                let code = client.ask(&make(number)).await.expect("the gateway answers");
                assert_eq!(code, 202, "{}", client.body());
                samples.borrow_mut().push(Sample { destination: destination(route, number), sent, answered: nanos() });
            }
        }));
    }
    for task in tasks {
        task.await.expect("a connection lasts");
    }
    samples.take()
}

async fn wait_until(due: u64) {
    let now = nanos();
    if now < due {
        tokio::time::sleep(Duration::from_nanos(due - now)).await;
    }
}

/// Makes a backlog of `count`, by requests of [`BULK`] recipients over two connections.
pub(crate) async fn fill(port: u16, route: u32, count: u64) {
    fill_by(port, (KEY, route), count, BULK).await;
}

/// The same, by requests of so many recipients and with this key.
pub(crate) async fn fill_by(port: u16, of: (&'static str, u32), count: u64, each: u64) {
    let next = Rc::new(Cell::new(0));
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let next = next.clone();
        tasks.push(spawn_local(async move {
            let mut client = Client::connect(port).await.expect("the gateway listens");
            while next.get() < count {
                let from = next.get();
                let many = each.min(count - from);
                next.set(from + many);
                let request = bulk(of, from, many);
                while client.ask(&request).await.expect("the gateway answers") != 202 {
                    assert!(client.body().contains("\"retryable\":true"), "{}", client.body());
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("a connection lasts");
    }
}

/// The value below which this share of the values lies.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = (values.len() as f64 * share).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
