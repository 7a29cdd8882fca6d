//! How the links stand, for who looks: each link tells it here, and the loop is not asked.
//!
//! ```text
//! link's task ── up, draining, ended, waits ──► Post ──► Standings ◄── operator
//! ```

use crate::dispatch::door::snapshot::{LinkWord, Minute};
use crate::message::id::{CarrierId, LinkId};
use crate::message::time::Time;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Characters of an error that are kept: a sentence, and not what a peer may write into it.
const ERROR_MAX: usize = 300;

/// How a link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// What it is.
    pub word: LinkWord,
    /// Since when: of one that is down, since it was last bound or was started, however often it tried meanwhile.
    pub since: Time,
    /// When it tries again; never while it is up or tries.
    pub next_try: Time,
    /// How often in a row it has ended or was not made.
    pub failures: u32,
    /// Why it last ended or was not made.
    pub last: Option<Trouble>,
}

/// Why a link ended or was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When.
    pub at: Time,
    /// In words.
    pub error: Box<str>,
    /// What helps, where that is known.
    pub hint: Option<&'static str>,
}

/// How all links that run stand, and how their carriers answer. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct LinkStatuses(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// One moment by the clock of links and by that of records.
    clock: Mutex<(Instant, Time)>,
    posts: Mutex<BTreeMap<LinkId, LinkReporter>>,
    minutes: Mutex<BTreeMap<CarrierId, Minute>>,
}

impl Shared {
    fn now(&self) -> Time {
        let (instant, time) = *lock(&self.clock);
        time + instant.elapsed()
    }
}

impl LinkStatuses {
    /// None yet; it is now so late.
    pub fn new(now: Time) -> Self {
        let clock = Mutex::new((Instant::now(), now));
        Self(Arc::new(Shared { clock, posts: Mutex::default(), minutes: Mutex::default() }))
    }

    /// Where a link that begins now tells how it stands.
    pub fn reporter(&self, link: LinkId) -> LinkReporter {
        let (word, since, next_try) = (LinkWord::Down, self.0.now(), Time::NEVER);
        let standing = LinkStatus { word, since, next_try, failures: 0, last: None };
        let post = LinkReporter { standing: Arc::new(Mutex::new(standing)), shared: self.0.clone() };
        lock(&self.0.posts).insert(link, post.clone());
        post
    }

    /// A link runs no more.
    pub fn forget(&self, link: LinkId) {
        lock(&self.0.posts).remove(&link);
    }

    /// How each link stands.
    pub fn all(&self) -> BTreeMap<LinkId, LinkStatus> {
        let posts: Vec<(LinkId, LinkReporter)> = lock(&self.0.posts).iter().map(|(id, it)| (*id, it.clone())).collect();
        posts.into_iter().map(|(id, it)| (id, lock(&it.standing).clone())).collect()
    }

    /// What the loop tells each second: how late it is, and how carriers have answered in the last minute.
    pub fn tick(&self, now: Time, minutes: BTreeMap<CarrierId, Minute>) {
        *lock(&self.0.clock) = (Instant::now(), now);
        *lock(&self.0.minutes) = minutes;
    }

    /// The answers of each carrier in the last minute.
    pub fn minutes(&self) -> BTreeMap<CarrierId, Minute> {
        lock(&self.0.minutes).clone()
    }
}

/// Where one link tells how it stands.
#[derive(Clone, Debug)]
pub struct LinkReporter {
    standing: Arc<Mutex<LinkStatus>>,
    shared: Arc<Shared>,
}

impl LinkReporter {
    /// It is bound.
    pub fn up(&self) {
        self.change(|it, now| {
            it.turn(LinkWord::Bound, now);
            it.failures = 0;
        });
    }

    /// It winds up.
    pub fn draining(&self) {
        self.change(|it, now| it.turn(LinkWord::Draining, now));
    }

    /// It tries.
    pub fn tries(&self) {
        self.change(|it, _| it.next_try = Time::NEVER);
    }

    /// It ended or was not made, for this reason.
    pub fn note_failure(&self, error: &impl ToString, hint: Option<&'static str>) {
        let error: String = error.to_string().chars().take(ERROR_MAX).collect();
        self.change(|it, now| {
            it.turn(LinkWord::Down, now);
            it.failures = it.failures.saturating_add(1);
            it.last = Some(Trouble { at: now, error: error.into(), hint });
        });
    }

    /// It is down, and tries again after this.
    pub fn rests(&self, wait: Duration) {
        self.change(|it, now| {
            it.turn(LinkWord::Down, now);
            it.next_try = now + wait;
        });
    }

    fn change(&self, change: impl FnOnce(&mut LinkStatus, Time)) {
        let now = self.shared.now();
        change(&mut lock(&self.standing), now);
    }
}

impl LinkStatus {
    fn turn(&mut self, word: LinkWord, now: Time) {
        if self.word != word {
            (self.word, self.since) = (word, now);
        }
        self.next_try = Time::NEVER;
    }
}

/// What a panic has left here is whole: each change is one.
fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };

    const START: Time = Time(1_767_225_600_000);

    #[test]
    fn a_link_that_tries_in_vain_is_down_since_it_was_lost() {
        let standings = LinkStatuses::new(START);
        let post = standings.reporter(LINK);
        let of = || standings.all()[&LINK].clone();
        let began = of();
        assert_eq!((began.word, began.failures, began.last), (LinkWord::Down, 0, None));
        post.up();
        post.note_failure(&"the connection ended", None);
        let since = of().since;
        for nth in 2..5 {
            post.rests(Duration::from_secs(30));
            assert!(Duration::from_secs(30) <= of().next_try.since(since), "{:?}", of());
            post.tries();
            assert_eq!(of().next_try, Time::NEVER);
            post.note_failure(&"connection refused", Some("start it"));
            assert_eq!((of().word, of().since, of().failures), (LinkWord::Down, since, nth));
        }
        let last = of().last.expect("it failed");
        assert_eq!((&*last.error, last.hint), ("connection refused", Some("start it")));
        post.up();
        assert_eq!((of().word, of().failures, of().last), (LinkWord::Bound, 0, Some(last)));
        assert!(START <= since && since <= of().since);
        standings.forget(LINK);
        assert!(standings.all().is_empty());
    }

    #[test]
    fn what_was_said_keeps_its_time_when_the_clock_is_set_right() {
        let standings = LinkStatuses::new(START);
        standings.reporter(LINK).note_failure(&"refused", None);
        let before = standings.all()[&LINK].clone();
        standings.tick(START + Duration::from_secs(3_600), BTreeMap::new());
        assert_eq!(standings.all()[&LINK], before);
        let other = LinkId { bind: 1, ..LINK };
        standings.reporter(other);
        assert!(Duration::from_secs(3_600) <= standings.all()[&other].since.since(START));
    }

    #[test]
    fn an_error_is_no_longer_than_a_sentence() {
        let standings = LinkStatuses::new(START);
        standings.reporter(LINK).note_failure(&"é".repeat(5_000), None);
        assert_eq!(standings.all()[&LINK].last.as_ref().map(|it| it.error.chars().count()), Some(ERROR_MAX));
    }
}
