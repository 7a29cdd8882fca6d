//! Keys of the API: 256 random bits, of which the configuration holds only the digest.

use sha2::{Digest, Sha256};

/// A new key and its SHA-256, both in hexadecimal: the key for the application, the digest for
/// the configuration.
pub fn new_key() -> (String, String) {
    let mut random = [0; 32];
    getrandom::fill(&mut random).expect("the operating system gives random numbers");
    let key = hex::encode(random);
    let digest = hex::encode(Sha256::digest(key.as_bytes()));
    (key, digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_their_digests_are_theirs() {
        let ((one, digest), (other, _)) = (new_key(), new_key());
        assert_ne!(one, other);
        assert_eq!((one.len(), digest.len()), (64, 64));
        assert_eq!(hex::encode(Sha256::digest(one.as_bytes())), digest);
    }
}
