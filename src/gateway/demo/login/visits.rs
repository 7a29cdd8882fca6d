//! Whose verification is whose: by a cookie that says nothing.

use crate::api::handler::key::new_key;
use axum::http::{HeaderMap, header};
use std::collections::{HashMap, VecDeque};

/// Visits that are remembered; the oldest goes.
const VISITS_MAX: usize = 1_000;
/// The name of the cookie.
const COOKIE: &str = "login";

/// Somebody who has asked for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    /// The verification. The page never has it.
    pub(super) id: String,
    /// The number, as the gateway has read it.
    pub(super) to: String,
    /// Whether the code came back here. That the verification was approved is not enough: whoever asks for a code of
    /// the same number meanwhile has the same verification.
    pub(super) verified: bool,
}

/// All of them.
#[derive(Default)]
pub(super) struct Visits {
    by_cookie: HashMap<String, Visit>,
    /// Oldest first; some have ended.
    order: VecDeque<String>,
}

impl Visits {
    /// A visit begins; the answer is the header that gives the browser its name.
    pub(super) fn open(&mut self, visit: Visit) -> String {
        let (name, _) = new_key();
        if self.order.len() == VISITS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_cookie.remove(&oldest);
        }
        self.by_cookie.insert(name.clone(), visit);
        self.order.push_back(name.clone());
        format!("{COOKIE}={name}; Path=/; HttpOnly; SameSite=Strict")
    }

    /// Whose request it is.
    pub(super) fn of(&mut self, headers: &HeaderMap) -> Option<&mut Visit> {
        self.by_cookie.get_mut(name(headers)?)
    }

    /// A visit ends; the answer is the header by which the browser forgets it.
    pub(super) fn end(&mut self, headers: &HeaderMap) -> String {
        if let Some(name) = name(headers) {
            self.by_cookie.remove(name);
        }
        format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }
}

/// What the cookie of a request says.
fn name(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    all.flat_map(|it| it.split(';')).find_map(|it| it.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_visit_is_found_by_its_cookie_alone_and_the_oldest_goes() {
        let (mut visits, visit) =
            (Visits::default(), Visit { id: "ver_1".into(), to: "+31612345678".into(), verified: false });
        let cookie = visits.open(visit.clone());
        let (pair, _) = cookie.split_once(';').unwrap();
        assert_eq!(visits.of(&asks(&format!("a=b; {pair}; c"))), Some(&mut visit.clone()));
        for other in ["", "login=", "login", "loginx=1", &format!("x{pair}"), &format!("{pair}0")] {
            assert_eq!(visits.of(&asks(other)), None, "{other}");
        }
        for _ in 1..VISITS_MAX {
            visits.open(visit.clone());
        }
        assert!(visits.of(&asks(pair)).is_some());
        visits.open(visit.clone());
        assert!(visits.of(&asks(pair)).is_none());
        let latest = visits.open(visit);
        let (pair, _) = latest.split_once(';').unwrap();
        visits.end(&asks(pair));
        assert!(visits.of(&asks(pair)).is_none());
    }
}
