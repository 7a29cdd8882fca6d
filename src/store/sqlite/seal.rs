//! The seal of a record: a hash over its cells, stored as the last of them.
//!
//! A row whose seal does not fit is refused, so that a record that the disk has changed is never
//! served.

use rusqlite::types::ValueRef;

/// The seal of no cells.
pub(in crate::store) const START: u64 = 0x6E75_6E63_696F_0001;

/// Folds one cell into a seal. A change of one cell always changes the 64 bits after it,
/// because each step is a bijection of both. It is stored: changing it is a migration.
pub(in crate::store) fn mix(seal: u64, value: ValueRef<'_>) -> u64 {
    const FACTOR: u64 = 0xD6E8_FEB8_6659_FD93;
    let step = |seal: u64, word: u64| (seal ^ word).wrapping_mul(FACTOR).rotate_left(29);
    match value {
        ValueRef::Null => step(seal, u64::MAX),
        ValueRef::Integer(value) => step(seal, value.cast_unsigned()),
        ValueRef::Real(value) => step(seal, value.to_bits()),
        ValueRef::Text(octets) | ValueRef::Blob(octets) => {
            let (words, rest) = octets.as_chunks::<8>();
            let seal =
                words.iter().fold(step(seal, octets.len() as u64), |seal, word| step(seal, u64::from_le_bytes(*word)));
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            step(seal, u64::from_le_bytes(last))
        }
    }
}

/// The 32 bits of a seal that are stored.
pub(in crate::store) const fn fold(seal: u64) -> i64 {
    ((seal ^ (seal >> 32)) as u32).cast_signed() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_seal_does_not_change() {
        let cells =
            [ValueRef::Null, ValueRef::Integer(-7), ValueRef::Text(b"Your code is 1234"), ValueRef::Blob(&[0; 8])];
        assert_eq!(fold(cells.into_iter().fold(START, mix)), 1_324_925_790);
    }

    #[test]
    fn every_bit_of_a_text_counts() {
        let text = *b"Your code is 1234";
        let seal = |text: &[u8]| fold(mix(START, ValueRef::Text(text)));
        for bit in 0..text.len() * 8 {
            let mut flipped = text;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(seal(&flipped), seal(&text), "bit {bit}");
        }
    }
}
