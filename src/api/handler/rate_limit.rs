//! `RateLimit` and `RateLimit-Policy`: how an account stands, as draft-ietf-httpapi-ratelimit-headers writes it.

use crate::dispatch::door::reply::{Allowance, Means};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Adds both headers, where the account has a limit: `"rate"` counts requests, `"quota"` messages.
pub(crate) fn tell(headers: &mut HeaderMap, means: &Means) {
    let limits = [("rate", means.rate), ("quota", means.quota)];
    let (mut policy, mut limit) = (String::new(), String::new());
    for (name, it) in limits.iter().filter_map(|(name, it)| Some((name, (*it)?))) {
        let comma = if policy.is_empty() { "" } else { ", " };
        let Allowance { limit: most, remaining, .. } = it;
        // Seconds are whole, rounded up: whoever waits so long is not early.
        let (window, reset) = (it.window.as_secs_f64().ceil() as u64, it.reset.as_secs_f64().ceil() as u64);
        write!(policy, "{comma}\"{name}\";q={most};w={window}").expect("a string takes all");
        write!(limit, "{comma}\"{name}\";r={remaining};t={reset}").expect("a string takes all");
    }
    for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
        if let Some(value) = HeaderValue::from_str(&text).ok().filter(|it| !it.is_empty()) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_limit_is_told_with_its_policy_and_what_is_left() {
        let mut headers = HeaderMap::new();
        tell(&mut headers, &Means::default());
        assert!(headers.is_empty());
        let allowance = |limit, window, remaining, reset| Allowance {
            limit,
            window: Duration::from_secs(window),
            remaining,
            reset: Duration::from_millis(reset),
        };
        let rate = Some(allowance(200, 1, 199, 5));
        let quota = Some(allowance(100_000, 86_400, 7, 3_600_000));
        tell(&mut headers, &Means { balance: None, rate, quota });
        assert_eq!(headers[POLICY], "\"rate\";q=200;w=1, \"quota\";q=100000;w=86400");
        assert_eq!(headers[LIMIT], "\"rate\";r=199;t=1, \"quota\";r=7;t=3600");
    }
}
