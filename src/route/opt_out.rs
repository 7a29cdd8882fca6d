//! Who does not want to be written to: lists of numbers, and the words by which handsets get onto them.

use crate::message::class::Class;
use crate::message::id::AccountId;
use crate::message::reason::Reason;
use crate::number::e164::E164;
use crate::route::keyword;
use foldhash::fast::FixedState as Plain;
use foldhash::quality::FixedState;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Numbers on one list: some 150 MB of hashes. What is beyond it is refused, and said.
pub const LIST_MAX: usize = 10_000_000;

/// What stands on a list: that a sender, or all of an account, or everybody leaves a number in peace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Whose messages; `None` is everybody's.
    pub account: Option<AccountId>,
    /// From which sender, as [`recipient`](crate::route::inbound::recipient) writes it; `None` is any.
    pub sender: Option<Box<str>>,
    /// To whom.
    pub number: E164,
}

impl Key {
    /// 64 bits of it: a key is taken for one of a full list in one of 2·10¹² cases.
    fn hash(account: Option<AccountId>, sender: Option<&str>, number: E164) -> u64 {
        FixedState::default().hash_one((account, sender, number))
    }
}

/// A list in memory: hashes alone, so that it is small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    hashes: HashSet<u64, Plain>,
    /// Of these so many are of somebody who is forgotten.
    veiled: usize,
}

impl List {
    /// Puts a key on it; false where there is no room.
    pub fn put(&mut self, key: &Key) -> bool {
        let hash = Key::hash(key.account, key.sender.as_deref(), key.number);
        let room = self.hashes.len() < LIST_MAX || self.hashes.contains(&hash);
        if room && self.hashes.insert(hash) {
            self.veiled += usize::from(!key.number.is_known());
        }
        room
    }

    /// Takes a key from it; false where it did not stand there.
    pub fn take(&mut self, key: &Key) -> bool {
        let stood = self.hashes.remove(&Key::hash(key.account, key.sender.as_deref(), key.number));
        self.veiled -= usize::from(stood && !key.number.is_known());
        stood
    }

    /// Whether it has this very key.
    pub fn has(&self, key: &Key) -> bool {
        self.hashes.contains(&Key::hash(key.account, key.sender.as_deref(), key.number))
    }

    /// Whether a number is left in peace by a sender of an account, for whatever key; the sender as
    /// [`recipient`](crate::route::inbound::recipient) writes it.
    pub fn covers(&self, account: AccountId, sender: &str, number: E164) -> bool {
        let keys = [(Some(account), Some(sender)), (Some(account), None), (None, Some(sender)), (None, None)];
        !self.hashes.is_empty()
            && keys.iter().any(|(account, sender)| self.hashes.contains(&Key::hash(*account, *sender, number)))
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether it has any of somebody who is forgotten.
    pub const fn has_veiled(&self) -> bool {
        self.veiled != 0
    }
}

impl<'a> FromIterator<&'a Key> for List {
    /// As many as there is room for.
    fn from_iter<I: IntoIterator<Item = &'a Key>>(keys: I) -> Self {
        let mut list = Self::default();
        for key in keys {
            list.put(key);
        }
        list
    }
}

/// Words of one keyword.
pub const WORDS_MAX: usize = 3;

/// What the operator lets handsets say, and what it stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// First words, as [`keyword`] has words, that put a number on the list.
    pub stop: Vec<Box<str>>,
    /// Words that do so where they are all that is said.
    pub lone: Vec<Box<str>>,
    /// First words that take it off again.
    pub start: Vec<Box<str>>,
    /// Whether all classes are stopped, or marketing alone.
    pub all: bool,
    /// Numbers that the operator was given, of a registry for example.
    pub listed: Arc<List>,
}

impl Default for OptOut {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|it| (*it).into()).collect();
        let stop = words(&["stop", "stopall", "unsubscribe"]);
        let lone = words(&["quit", "end", "revoke", "opt out", "optout", "cancel"]);
        Self { stop, lone, start: words(&["start"]), all: false, listed: Arc::default() }
    }
}

/// What a handset wants of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptOutChange {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
}

impl OptOut {
    /// What a text wishes for, and the keyword that says so.
    pub fn wish(&self, text: &str) -> Option<(OptOutChange, &str)> {
        let said: Vec<Box<str>> = keyword::words(text).take(WORDS_MAX + 1).collect();
        let first = said.first()?;
        let all = said.join(" ");
        let of = |words: &'_ [Box<str>], said: &str| words.iter().position(|it| **it == *said);
        let stop = of(&self.stop, first).map(|it| (OptOutChange::Stop, &*self.stop[it]));
        stop.or_else(|| of(&self.lone, &all).map(|it| (OptOutChange::Stop, &*self.lone[it])))
            .or_else(|| of(&self.start, first).map(|it| (OptOutChange::Start, &*self.start[it])))
    }

    /// Whether messages of a class are stopped at all.
    pub fn stops(&self, class: Class) -> bool {
        self.all || class == Class::Marketing
    }

    /// The word of the configuration for which classes are stopped.
    pub const fn scope(&self) -> &'static str {
        if self.all { "all" } else { "marketing" }
    }

    /// Why a message of a class is not sent, where one of the lists covers it: BLOCKED by the recipient's own wish,
    /// DND by the operator's list.
    pub fn refuses(&self, class: Class, own: &List, of: (AccountId, &str, E164)) -> Option<Reason> {
        let (account, sender, number) = of;
        if !self.stops(class) {
            None
        } else if own.covers(account, sender, number) {
            Some(Reason::Blocked)
        } else {
            self.listed.covers(account, sender, number).then_some(Reason::Dnd)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: E164 = E164(31_612_345_678);
    const SHOP: AccountId = AccountId(1);

    fn key(account: Option<AccountId>, sender: Option<&str>) -> Key {
        Key { account, sender: sender.map(Into::into), number: NUMBER }
    }

    #[test]
    fn a_key_covers_what_it_names_and_all_where_it_names_nothing() {
        let covers = |key: &Key, account, sender, number| {
            let mut list = List::default();
            assert!(list.put(key) && list.has(key) && list.len() == 1);
            list.covers(account, sender, number)
        };
        let other = AccountId(2);
        for (account, sender) in [(None, None), (Some(SHOP), None), (None, Some("12345")), (Some(SHOP), Some("12345"))]
        {
            let key = key(account, sender);
            assert!(covers(&key, SHOP, "12345", NUMBER), "{key:?}");
            assert_eq!(covers(&key, other, "12345", NUMBER), account.is_none(), "{key:?}");
            assert_eq!(covers(&key, SHOP, "54321", NUMBER), sender.is_none(), "{key:?}");
            assert!(!covers(&key, SHOP, "12345", E164(31_612_345_679)), "{key:?}");
        }
    }

    #[test]
    fn what_is_taken_from_a_list_is_gone() {
        let mut list = List::default();
        let (one, all) = (key(Some(SHOP), Some("12345")), key(Some(SHOP), None));
        assert!(list.put(&one) && list.put(&one) && list.put(&all));
        assert_eq!(list.len(), 2);
        assert!(list.take(&one) && !list.take(&one) && !list.has(&one));
        assert!(list.covers(SHOP, "12345", NUMBER), "the other key still covers it");
        assert!(list.take(&all) && list.is_empty());
    }

    #[test]
    fn the_first_word_says_what_a_handset_wants() {
        let rules = OptOut::default();
        let wish = |text| rules.wish(text).map(|it| it.0);
        for stop in ["STOP", "stop.", " Stop please", "StopAll", "unsubscribe\n"] {
            assert_eq!(wish(stop), Some(OptOutChange::Stop), "{stop}");
        }
        assert_eq!(wish("Start"), Some(OptOutChange::Start));
        for neither in ["", "STOPP", "please stop", "don't stop"] {
            assert_eq!(wish(neither), None, "{neither}");
        }
        // Words that sentences and menus begin with count where nothing else is said.
        for (text, keyword) in
            [("END", "end"), ("Cancel!", "cancel"), ("quit", "quit"), ("Revoke 🙏", "revoke"), ("opt-out", "optout")]
        {
            assert_eq!(rules.wish(text), Some((OptOutChange::Stop, keyword)), "{text}");
        }
        assert_eq!(rules.wish("Opt  out."), Some((OptOutChange::Stop, "opt out")));
        for neither in ["cancel my order of Monday", "End of May", "opt", "opt out of what"] {
            assert_eq!(wish(neither), None, "{neither}");
        }
    }

    #[test]
    fn marketing_is_stopped_and_the_rest_where_the_operator_says_so() {
        let mut own = List::default();
        own.put(&key(Some(SHOP), Some("12345")));
        let mut listed = List::default();
        listed.put(&key(None, None));
        let of = (SHOP, "12345", NUMBER);
        let only = OptOut::default();
        assert_eq!(only.refuses(Class::Marketing, &own, of), Some(Reason::Blocked));
        assert_eq!(only.refuses(Class::Otp, &own, of), None);
        let all = OptOut { all: true, listed: Arc::new(listed), ..only };
        assert_eq!(all.refuses(Class::Otp, &own, of), Some(Reason::Blocked));
        assert_eq!(all.refuses(Class::Otp, &List::default(), of), Some(Reason::Dnd));
        assert_eq!(all.refuses(Class::Otp, &own, (SHOP, "12345", E164(1))), None);
    }
}
