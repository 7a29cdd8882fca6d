//! Codes: derived from a key, a verification and chance; or chosen by an application, and locked.
//!
//! ```text
//! stream   HMAC-SHA256(k_generate, "code" ‖ verification ‖ generation ‖ nonce ‖ block), blocks 0, 1, 2 …
//! code     each octet of the stream below the largest multiple of the alphabet's size, modulo that size
//! compare  HMAC-SHA256(k_check, verification ‖ generation ‖ code) with the same of the guess, in constant time
//! lock     ChaCha20-Poly1305(k_lock, 12 octets of the nonce, over verification ‖ generation)
//! ```

use crate::message::hidden::{CodeForm, KeyId, Seed};
use crate::message::id::VerificationId;
use crate::verify::key_ring::{KeyRing, RingKey, Use};
use ring::{aead, hmac};
use std::fmt;
use zeroize::Zeroizing;

/// A code, in memory alone and for as short as can be.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// A code or a guess, as somebody wrote it: blanks and hyphens between its characters are nothing, and letters are
    /// capitals.
    pub fn written(text: &str) -> Self {
        let mut code = Zeroizing::new(String::with_capacity(text.len()));
        let kept = text.chars().filter(|it| !it.is_whitespace() && *it != '-');
        code.extend(kept.map(|it| it.to_ascii_uppercase()));
        Self(code)
    }

    /// Its characters, for the one place that says it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// The key that a code was made with is not in the ring any more, or its lock is broken: nobody can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key {} of a code is not in the ring, or is another", .0.0)]
pub struct Lost(pub KeyId);

impl Seed {
    /// The seed of a code that is derived.
    pub fn derived(of: (VerificationId, u8), form: CodeForm, ring: &KeyRing, nonce: [u8; 16]) -> Self {
        let (verification, generation) = of;
        Self { verification, generation, key: ring.newest().id, nonce, form, locked: None }
    }

    /// The seed of a code that an application chose.
    pub fn chosen(of: (VerificationId, u8), form: CodeForm, (ring, nonce): (&KeyRing, [u8; 16]), code: &Code) -> Self {
        let mut seed = Self::derived(of, form, ring, nonce);
        let mut octets = Zeroizing::new(code.expose().as_bytes().to_vec());
        let tag = locking(ring.newest())
            .seal_in_place_separate_tag(seed.once(), aead::Aad::from(seed.names()), &mut octets)
            .expect("a code is short");
        seed.locked = Some([&octets[..], tag.as_ref()].concat().into());
        seed
    }

    /// The code.
    pub fn code(&self, ring: &KeyRing) -> Result<Code, Lost> {
        let key = ring.key(self.key).ok_or(Lost(self.key))?;
        let Some(locked) = &self.locked else { return Ok(self.derive(key)) };
        let mut octets = Zeroizing::new(locked.to_vec());
        let opened = locking(key).open_in_place(self.once(), aead::Aad::from(self.names()), &mut octets);
        let code = opened.ok().and_then(|it| std::str::from_utf8(it).ok()).filter(|it| self.form.is(it));
        code.map(|it| Code(Zeroizing::new(it.to_owned()))).ok_or(Lost(self.key))
    }

    /// Whether a guess is the code; it takes as long whether it is or not.
    pub fn is(&self, guess: &Code, ring: &KeyRing) -> Result<bool, Lost> {
        let code = self.code(ring)?;
        let key = ring.key(self.key).ok_or(Lost(self.key))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*key.of(Use::Check));
        let tag = |code: &Code| {
            let mut context = hmac::Context::with_key(&key);
            context.update(&self.names());
            context.update(code.expose().as_bytes());
            context.sign()
        };
        Ok(bool::from(subtle::ConstantTimeEq::ct_eq(tag(&code).as_ref(), tag(guess).as_ref())))
    }

    fn derive(&self, key: &RingKey) -> Code {
        let characters = self.form.alphabet.characters();
        let size = characters.len();
        // Beyond it some characters would come more often than others.
        let fair = 256 / size * size;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*key.of(Use::Generate));
        let blocks = (0_u8..).map(|block| {
            let mut context = hmac::Context::with_key(&key);
            context.update(b"code");
            context.update(&self.names());
            context.update(&self.nonce);
            context.update(&[block]);
            context.sign()
        });
        let mut code = Zeroizing::new(String::with_capacity(self.form.size()));
        for block in blocks {
            let octets = block.as_ref().iter().map(|it| usize::from(*it)).filter(|it| *it < fair);
            for octet in octets.take(self.form.size() - code.len()) {
                code.push(char::from(characters[octet % size]));
            }
            if code.len() == self.form.size() {
                break;
            }
        }
        Code(code)
    }

    /// The verification and which of its codes, in octets.
    fn names(&self) -> [u8; 17] {
        let mut octets = [0; 17];
        octets[..8].copy_from_slice(&self.verification.n.to_be_bytes());
        octets[8..16].copy_from_slice(&self.verification.token.to_be_bytes());
        octets[16] = self.generation;
        octets
    }

    /// What a key locks but once with: each seed has chance of its own.
    fn once(&self) -> aead::Nonce {
        let [first @ .., _, _, _, _] = self.nonce;
        aead::Nonce::assume_unique_for_key(first)
    }
}

fn locking(key: &RingKey) -> aead::LessSafeKey {
    let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &*key.of(Use::Lock)).expect("a key of 32 octets");
    aead::LessSafeKey::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::hidden::CodeAlphabet;
    use crate::verify::key_ring::tests::key;
    use std::collections::BTreeMap;

    const OF: (VerificationId, u8) = (VerificationId { n: 1, token: 2 }, 0);

    fn ring(ids: &[u32]) -> KeyRing {
        KeyRing::new(ids.iter().map(|it| key(*it, 0)).collect()).expect("a ring")
    }

    fn form(length: u8, alphabet: CodeAlphabet) -> CodeForm {
        CodeForm::new(length, alphabet).expect("a form")
    }

    #[test]
    fn a_code_is_the_same_each_time_and_another_for_everything_that_it_is_made_of() {
        let six = form(6, CodeAlphabet::Digits);
        let seed = Seed::derived(OF, six, &ring(&[1]), [9; 16]);
        let code = seed.code(&ring(&[1, 2])).expect("its key is there");
        // Stored seeds have to keep their codes: this never changes.
        assert_eq!(code.expose(), "861857");
        assert!(six.is(code.expose()));
        let other = VerificationId { n: 2, token: 2 };
        let seeds = [
            Seed { generation: 1, ..seed.clone() },
            Seed { nonce: [8; 16], ..seed.clone() },
            Seed { key: KeyId(2), ..seed.clone() },
            Seed { verification: other, ..seed.clone() },
        ];
        for it in seeds {
            assert_ne!(it.code(&ring(&[1, 2])), Ok(code.clone()), "{it:?}");
        }
        assert_eq!(seed.code(&ring(&[2])), Err(Lost(KeyId(1))));
    }

    #[test]
    fn every_character_comes_as_often_as_every_other() {
        for (alphabet, length) in [(CodeAlphabet::Digits, 10), (CodeAlphabet::Letters, 10)] {
            let (mut counts, ring) = (BTreeMap::new(), ring(&[1]));
            for n in 0..5_000_u64 {
                let mut nonce = [0; 16];
                nonce[..8].copy_from_slice(&n.to_be_bytes());
                let code = Seed::derived(OF, form(length, alphabet), &ring, nonce).code(&ring).expect("a code");
                code.expose().chars().for_each(|it| *counts.entry(it).or_insert(0_u32) += 1);
            }
            assert_eq!(counts.len(), alphabet.characters().len());
            let expected = 50_000 / alphabet.characters().len() as u32;
            // Six standard deviations of a binomial count.
            let far = 6.0 * f64::from(expected).sqrt();
            assert!(counts.values().all(|it| f64::from(it.abs_diff(expected)) < far), "{counts:?}");
        }
    }

    #[test]
    fn a_guess_is_right_only_where_it_is_the_code() {
        let ring = ring(&[1]);
        let seed = Seed::derived(OF, form(6, CodeAlphabet::Digits), &ring, [3; 16]);
        let code = seed.code(&ring).expect("a code");
        assert_eq!(seed.is(&code, &ring), Ok(true));
        let (first, rest) = code.expose().split_at(3);
        assert_eq!(seed.is(&Code::written(&format!(" {first}-{rest} ")), &ring), Ok(true), "as people write it");
        for wrong in ["", first, &format!("{first}{rest}0"), &format!("{rest}{first}"), "......"] {
            assert_eq!(seed.is(&Code::written(wrong), &ring), Ok(false), "{wrong}");
        }
    }

    #[test]
    fn a_code_that_was_chosen_is_locked_and_read_again() {
        let (ring, six) = (ring(&[1]), form(6, CodeAlphabet::Letters));
        let code = Code::written("bcdfgh");
        let seed = Seed::chosen(OF, six, (&ring, [5; 16]), &code);
        let locked = seed.locked.clone().expect("it is locked");
        assert!(!locked.windows(3).any(|it| it == b"BCD"), "{locked:?}");
        assert_eq!(seed.code(&ring).as_ref().map(Code::expose), Ok("BCDFGH"));
        assert_eq!(seed.is(&code, &ring), Ok(true));
        let broken = Seed {
            locked: locked.iter().map(|it| it ^ 1).collect::<Vec<_>>().into_boxed_slice().into(),
            ..seed.clone()
        };
        let moved = Seed { generation: 1, ..seed };
        assert_eq!([broken.code(&ring), moved.code(&ring)], [Err(Lost(KeyId(1))), Err(Lost(KeyId(1)))]);
    }

    #[test]
    fn a_code_prints_as_stars() {
        assert_eq!(format!("{:?}", Code::written("123456")), "****");
    }
}
