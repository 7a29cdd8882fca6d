//! The keys from which codes are derived. They lie outside the store, in a file of lines:
//!
//! ```text
//! # Keys of one-time codes. Whoever reads them and the store can say every code.
//! 1 2026-11-28T09:00:00Z 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//! 2 2026-12-28T09:00:00Z 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
//! ```
//!
//! The last line is used for what begins; those before it for codes that they were made with, until these are over.

use crate::message::hidden::KeyId;
use ring::hmac;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// Octets of a key.
pub const KEY_OCTETS: usize = 32;
/// Keys of a ring: rotated each hour, those whose codes may live are two.
pub const KEYS_MAX: usize = 16;
/// How long a key is needed once another stands behind it: longer than any code lives.
pub const NEEDED: Duration = Duration::from_secs(2 * 3_600);

/// What a key is used for; each use has a key of its own, so that none tells anything of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To derive codes.
    Generate,
    /// To compare a guess.
    Check,
    /// To lock up what an application chose.
    Lock,
}

impl Use {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Generate => b"nuncio code",
            Self::Check => b"nuncio check",
            Self::Lock => b"nuncio lock",
        }
    }
}

/// A key of 32 octets.
#[derive(Clone, PartialEq, Eq)]
pub struct RingKey {
    /// Its number, from 1.
    pub id: KeyId,
    /// When it was made, as the file has it: seconds since 1970.
    pub made: u64,
    octets: Zeroizing<[u8; KEY_OCTETS]>,
}

impl RingKey {
    /// A key.
    pub const fn new(id: KeyId, made: u64, octets: Zeroizing<[u8; KEY_OCTETS]>) -> Self {
        Self { id, made, octets }
    }

    /// Its octets, for the file that it is kept in.
    pub fn octets(&self) -> &[u8; KEY_OCTETS] {
        &self.octets
    }

    /// The key of one use.
    pub(super) fn of(&self, which: Use) -> Zeroizing<[u8; KEY_OCTETS]> {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*self.octets), which.word());
        let mut octets = Zeroizing::new([0; KEY_OCTETS]);
        octets.copy_from_slice(tag.as_ref());
        octets
    }
}

impl fmt::Debug for RingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing(Vec<RingKey>);

/// Why keys are not a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRing {
    /// There is none.
    #[error("there is no key")]
    Empty,
    /// There are more than anybody needs.
    #[error("there are more than {KEYS_MAX} keys")]
    TooMany,
    /// A number stands twice, or before a smaller one.
    #[error("the numbers of keys do not ascend")]
    Order,
    /// When a key was made is beyond all calendars.
    #[error("the time of a key is none")]
    Time,
    /// The octets of a key stand twice.
    #[error("two keys are the same")]
    Same,
}

impl KeyRing {
    /// A ring of these keys.
    pub fn new(keys: Vec<RingKey>) -> Result<Self, BadRing> {
        match keys.len() {
            0 => return Err(BadRing::Empty),
            1..=KEYS_MAX => (),
            _ => return Err(BadRing::TooMany),
        }
        if !keys.is_sorted_by(|one, next| one.id < next.id) {
            return Err(BadRing::Order);
        }
        if keys.iter().enumerate().any(|(at, it)| keys[..at].iter().any(|other| other.octets == it.octets)) {
            return Err(BadRing::Same);
        }
        Ok(Self(keys))
    }

    /// The key of what begins now.
    pub fn newest(&self) -> &RingKey {
        self.0.last().expect("a ring has a key")
    }

    /// The key of this number.
    pub fn key(&self, id: KeyId) -> Option<&RingKey> {
        self.0.iter().find(|it| it.id == id)
    }

    /// All of them, oldest first.
    pub fn keys(&self) -> &[RingKey] {
        &self.0
    }

    /// The ring with a key more, and without those of which no code lives any more.
    #[must_use]
    pub fn rotated(&self, key: RingKey) -> Self {
        let now = key.made;
        let mut keys: Vec<RingKey> = Vec::with_capacity(self.0.len() + 1);
        // A key is in use until the next one was made.
        let ends = self.0.iter().skip(1).map(|it| it.made).chain([now]);
        keys.extend(self.0.iter().zip(ends).filter(|(_, end)| now < end + NEEDED.as_secs()).map(|it| it.0.clone()));
        let surplus = (keys.len() + 1).saturating_sub(KEYS_MAX);
        keys.drain(..surplus);
        keys.push(key);
        Self(keys)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn key(id: u32, made: u64) -> RingKey {
        RingKey::new(KeyId(id), made, Zeroizing::new([id as u8; KEY_OCTETS]))
    }

    #[test]
    fn a_ring_has_keys_whose_numbers_ascend() {
        let ring = |ids: &[u32]| KeyRing::new(ids.iter().map(|it| key(*it, 0)).collect());
        assert_eq!(ring(&[1, 2, 5]).map(|it| it.newest().id), Ok(KeyId(5)));
        assert_eq!(ring(&[]), Err(BadRing::Empty));
        assert_eq!([ring(&[2, 1]), ring(&[1, 1])], [Err(BadRing::Order), Err(BadRing::Order)]);
        assert_eq!(ring(&[1, 257]), Err(BadRing::Same));
        assert_eq!(ring(&(1..=17).collect::<Vec<_>>()), Err(BadRing::TooMany));
        assert_eq!(ring(&[1]).map(|it| format!("{it:?}")), Ok("KeyRing([RingKey { id: KeyId(1), .. }])".to_owned()));
    }

    #[test]
    fn a_key_stays_for_as_long_as_codes_of_it_may_live() {
        let ids = |ring: &KeyRing| ring.keys().iter().map(|it| it.id.0).collect::<Vec<_>>();
        let ring = KeyRing::new(vec![key(1, 0)]).expect("a ring");
        let ring = ring.rotated(key(2, 100_000));
        assert_eq!(ids(&ring), [1, 2], "it was in use a moment ago");
        assert_eq!(ids(&ring.rotated(key(3, 107_199))), [1, 2, 3]);
        assert_eq!(ids(&ring.rotated(key(3, 107_200))), [2, 3]);
        let rotated = (2..40).fold(KeyRing::new(vec![key(1, 0)]).expect("a ring"), |ring, it| ring.rotated(key(it, 0)));
        assert_eq!((rotated.keys().len(), rotated.newest().id), (KEYS_MAX, KeyId(39)));
    }

    #[test]
    fn each_use_has_a_key_of_its_own() {
        let key = key(1, 0);
        let all = [Use::Generate, Use::Check, Use::Lock].map(|it| key.of(it));
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2] && all.iter().all(|it| **it != *key.octets()));
    }
}
