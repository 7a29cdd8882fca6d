//! Signatures by which an application knows that a call is ours, as Standard Webhooks 1.0.0 writes them.
//!
//! What is signed is `id.timestamp.body`, the time that of the call: a receiver refuses what is older than five
//! minutes.

use crate::text::base64;
use crate::wire::secret::Secret;
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use std::fmt::Write;
use std::sync::Arc;
use thiserror::Error;

/// Octets of a shared secret: fewer can be guessed, and the standard has no more.
const SHARED: std::ops::RangeInclusive<usize> = 24..=64;
/// Octets of an ed25519 key: the seed alone, or the seed and the public key (libsodium).
const SEED: usize = 32;

/// A secret that signs.
#[derive(Clone, Debug)]
pub enum SigningKey {
    /// `whsec_…`, shared with the receiver: HMAC-SHA256.
    Shared(Arc<hmac::Key>),
    /// `whsk_…`, of which the receiver has the public half: ed25519.
    Paired(Arc<Ed25519KeyPair>),
}

/// Why a text is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAKey {
    /// It begins with nothing that is known.
    #[error("begins neither with whsec_ nor with whsk_")]
    Unknown,
    /// What follows is not base64.
    #[error("is not base64 behind its first letters")]
    NotBase64,
    /// It can be guessed, or is no such secret.
    #[error("has {0} octets, and a shared secret has 24 to 64")]
    Length(usize),
    /// It is no key.
    #[error("is no ed25519 key: 32 octets of a seed, or these and the public key that belongs to them")]
    NotPaired,
}

impl SigningKey {
    /// Reads a secret as the standard writes it.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let octets = |text| base64::decode(text).ok_or(NotAKey::NotBase64);
        if let Some(text) = text.strip_prefix("whsec_") {
            let octets = octets(text)?;
            if !SHARED.contains(&octets.len()) {
                return Err(NotAKey::Length(octets.len()));
            }
            return Ok(Self::Shared(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &octets))));
        }
        let octets = octets(text.strip_prefix("whsk_").ok_or(NotAKey::Unknown)?)?;
        let pair = match octets.split_at_checked(SEED) {
            Some((seed, [])) => Ed25519KeyPair::from_seed_unchecked(seed),
            Some((seed, public)) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
            None => return Err(NotAKey::NotPaired),
        };
        pair.map(|it| Self::Paired(Arc::new(it))).map_err(|_| NotAKey::NotPaired)
    }

    fn sign(&self, signed: &[u8]) -> String {
        match self {
            Self::Shared(key) => format!("v1,{}", base64::encode(hmac::sign(key, signed).as_ref())),
            Self::Paired(pair) => format!("v1a,{}", base64::encode(pair.sign(signed).as_ref())),
        }
    }
}

/// The header `webhook-signature` for a call: a signature of each key, between blanks.
pub fn signatures<'a>(
    keys: impl Iterator<Item = &'a Secret<SigningKey>>,
    id: &str,
    timestamp: u64,
    body: &str,
) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    keys.fold(String::new(), |mut all, key| {
        let blank = if all.is_empty() { "" } else { " " };
        write!(all, "{blank}{}", key.expose().sign(signed.as_bytes())).expect("a text takes whatever is written");
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, KeyPair, UnparsedPublicKey};

    fn sign(secret: &str, id: &str, timestamp: u64, body: &str) -> String {
        let key = Secret::new(SigningKey::parse(secret).unwrap());
        signatures([&key].into_iter(), id, timestamp, body)
    }

    #[test]
    fn the_example_of_the_standard_has_its_signature() {
        // The test vector that the libraries of the standard share.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_pair_signs_what_its_public_half_verifies() {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        for octets in [seed.to_vec(), [&seed[..], &public].concat()] {
            let signed = sign(&format!("whsk_{}", base64::encode(&octets)), "evt_1", 1, "{}");
            let signature = base64::decode(signed.strip_prefix("v1a,").unwrap()).unwrap();
            UnparsedPublicKey::new(&ED25519, &public).verify(b"evt_1.1.{}", &signature).unwrap();
        }
    }

    #[test]
    fn two_live_secrets_sign_beside_each_other() {
        let keys = ["a", "b"].map(|it| format!("whsec_{}", base64::encode(it.repeat(24).as_bytes())));
        let keys = keys.map(|it| Secret::new(SigningKey::parse(&it).unwrap()));
        let both = signatures(keys.iter(), "evt_1", 1, "{}");
        assert_eq!(both.split(' ').count(), 2);
        assert!(
            both.split(' ').all(|it| it.starts_with("v1,"))
                && both.contains(&signatures(keys[1..].iter(), "evt_1", 1, "{}"))
        );
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_none() {
        let shared = |octets: usize| SigningKey::parse(&format!("whsec_{}", base64::encode(&vec![1; octets]))).err();
        assert_eq!([shared(0), shared(23), shared(65)], [0, 23, 65].map(|it| Some(NotAKey::Length(it))));
        assert_eq!([shared(24), shared(64)], [None, None]);
        let refused = |text: &str| SigningKey::parse(text).unwrap_err();
        assert_eq!(refused("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), NotAKey::Unknown);
        assert_eq!(refused("whsec_***"), NotAKey::NotBase64);
        assert_eq!(refused(&format!("whsk_{}", base64::encode(&[1; 31]))), NotAKey::NotPaired);
        assert_eq!(refused(&format!("whsk_{}", base64::encode(&[1; 64]))), NotAKey::NotPaired, "of two pairs");
    }
}
