//! Estimates a text, sends it, and follows it to its end.
//!
//!     client +31612345678 "Your parcel is on its way" [KEY]
//!
//! KEY is the idempotency key. Take the id that the message has with you and store it before you send: whoever asks
//! again under the same key, even after a crash, sends once. Needs `ureq = "3"`, `serde_json = "1"`, `getrandom = "0.4"`.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use std::{env, error::Error, process::ExitCode, thread::sleep};

/// The gateway answers within 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(35);
const TRIES: u32 = 5;
/// Who is told to come later than that is not kept waiting here.
const WAIT_MAX: Duration = Duration::from_secs(60);
const FOLLOW_MAX: Duration = Duration::from_secs(600);

type Answer = Result<Value, Box<dyn Error>>;

struct Gateway {
    url: String,
    key: String,
    agent: ureq::Agent,
}

impl Gateway {
    fn of_environment() -> Result<Self, env::VarError> {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
        // It follows nothing: the key is for the gateway alone.
        let agent = config.max_redirects(0).max_redirects_will_error(false).build().into();
        Ok(Self { url: env::var("NUNCIO_URL")?, key: env::var("NUNCIO_KEY")?, agent })
    }

    fn estimate(&self, message: &Value) -> Answer {
        self.ask("/v1/estimate", Some((message, None)))
    }

    fn send(&self, message: &Value, key: &str) -> Answer {
        self.ask("/v1/messages", Some((message, Some(key))))
    }

    /// Waits until nothing of the order can change. Many orders are better followed by webhooks: see webhook.rs.
    fn follow(&self, order: &Value) -> Answer {
        let (deadline, mut pause) = (Instant::now() + FOLLOW_MAX, Duration::from_millis(500));
        loop {
            let found = self.ask(&format!("/v1/orders/{order}"), None)?;
            if !["QUEUED", "IN_PROGRESS"].contains(&text(&found["status"])) || deadline < Instant::now() {
                return Ok(found);
            }
            sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// One request, repeated where that may help. A POST that sends needs a key for that.
    fn ask(&self, path: &str, body: Option<(&Value, Option<&str>)>) -> Answer {
        let mut attempt = 1;
        loop {
            let mut wait = Duration::from_millis(500) * 2_u32.pow(attempt);
            let why = match self.call(path, body) {
                Ok((200..=299, _, answer)) => return Ok(serde_json::from_str(&answer)?),
                Ok((status, after, answer)) => {
                    // What the gateway says of a refusal (RFC 9457); nothing where a proxy on the way refused.
                    let problem: Value = serde_json::from_str(&answer).unwrap_or_default();
                    let why = problem["detail"].as_str().map_or_else(|| format!("status {status}"), str::to_owned);
                    if !problem["retryable"].as_bool().unwrap_or(matches!(status, 502..=504)) {
                        return Err(format!("refused: {why}").into());
                    }
                    wait = after.map_or(wait, Duration::from_secs);
                    why
                }
                // No connection, no answer in time, or half of one.
                Err(error) => error.to_string(),
            };
            if attempt == TRIES || WAIT_MAX < wait {
                return Err(format!("{why} (asked {attempt} times; ask again under the same key)").into());
            }
            sleep(wait);
            attempt += 1;
        }
    }

    /// Status, `Retry-After` and body of an answer.
    fn call(
        &self,
        path: &str,
        body: Option<(&Value, Option<&str>)>,
    ) -> Result<(u16, Option<u64>, String), ureq::Error> {
        let (url, key) = (format!("{}{path}", self.url), format!("Bearer {}", self.key));
        let mut answer = match body {
            None => self.agent.get(url).header("authorization", key).call()?,
            Some((body, once)) => {
                let request = self.agent.post(url).header("authorization", key);
                let request = request.header("content-type", "application/json");
                match once {
                    Some(once) => request.header("idempotency-key", format!("\"{once}\"")),
                    None => request,
                }
                .send(body.to_string())?
            }
        };
        let after = answer.headers().get("retry-after").and_then(|it| it.to_str().ok()?.parse().ok());
        Ok((answer.status().as_u16(), after, answer.body_mut().read_to_string()?))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn run(arguments: &[String]) -> Result<bool, Box<dyn Error>> {
    let [to, content, ..] = arguments else { return Err("usage: client TO TEXT [KEY]".into()) };
    let mut chance = [0; 16];
    getrandom::fill(&mut chance)?;
    let key = arguments.get(2).cloned().unwrap_or_else(|| format!("{:032x}", u128::from_be_bytes(chance)));
    let gateway = Gateway::of_environment()?;
    let message = json!({ "to": to, "text": content, "from": env::var("NUNCIO_FROM")? });
    let expected = gateway.estimate(&message)?;
    println!("estimate {} parts, cost {} {}", expected["parts"], expected["cost"], expected["currency"]);
    let order = gateway.send(&message, &key)?;
    println!("order {}", order["order_id"]);
    let found = gateway.follow(&order["order_id"])?;
    println!("status {}", text(&found["status"]));
    Ok(found["status"] == "COMPLETED")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
