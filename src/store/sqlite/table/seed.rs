//! What a one-time code is made of, as cells of JSON have it: numbers and octets in hexadecimal, and never the code.

use crate::message::hidden::{CodeAlphabet, CodeForm, Hidden, KeyId, Seed};
use crate::message::id::VerificationId;
use serde::{Deserialize, Serialize};

/// A seed as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedCell {
    /// The verification, its chance in hexadecimal.
    of: (u64, String),
    generation: u8,
    key: u32,
    nonce: String,
    /// How many characters, of which alphabet.
    form: (u8, String),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locked: Option<String>,
}

/// A code in a text: where, and what it is made of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HiddenCell {
    at: Vec<u16>,
    seed: SeedCell,
}

impl SeedCell {
    pub(super) fn of(seed: &Seed) -> Self {
        Self {
            of: (seed.verification.n, format!("{:016x}", seed.verification.token)),
            generation: seed.generation,
            key: seed.key.0,
            nonce: hex::encode(seed.nonce),
            form: (seed.form.length.get(), seed.form.alphabet.word().to_owned()),
            locked: seed.locked.as_ref().map(hex::encode),
        }
    }

    /// The seed; `None` if it is not one that [`Self::of`] wrote.
    pub(super) fn read(self) -> Option<Seed> {
        let (n, token) = self.of;
        let (length, alphabet) = self.form;
        let locked = match self.locked {
            Some(octets) => Some(hex::decode(octets).ok()?.into_boxed_slice()),
            None => None,
        };
        Some(Seed {
            verification: VerificationId { n, token: u64::from_str_radix(&token, 16).ok()? },
            generation: self.generation,
            key: KeyId(self.key),
            nonce: hex::decode(self.nonce).ok()?.try_into().ok()?,
            form: CodeForm::new(length, CodeAlphabet::from_word(&alphabet)?)?,
            locked,
        })
    }
}

impl HiddenCell {
    pub(super) fn of(hidden: &Hidden) -> Self {
        Self { at: hidden.places.to_vec(), seed: SeedCell::of(&hidden.seed) }
    }

    /// The code in a text; `None` if it is not one that [`Self::of`] wrote.
    pub(super) fn read(self) -> Option<Hidden> {
        Some(Hidden { places: self.at.into(), seed: self.seed.read()? })
    }
}
