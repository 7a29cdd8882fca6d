//! Chance of the operating system, a page at a time: asked for each number it took a twelfth of the loop's samples in a
//! profile of one message a request.

/// Octets that are asked for at once.
const PAGE: usize = 4_096;

/// Random numbers that nobody can foretell. Each is given out once, and is nowhere any more after that.
pub(super) struct OsDice {
    page: Box<[u8; PAGE]>,
    used: usize,
}

impl OsDice {
    pub(super) fn new() -> Self {
        Self { page: Box::new([0; PAGE]), used: PAGE }
    }

    /// The next number.
    pub(super) fn roll(&mut self) -> u64 {
        if self.used == PAGE {
            getrandom::fill(&mut *self.page).expect("the operating system gives random numbers");
            self.used = 0;
        }
        let (_, rest) = self.page.split_at_mut(self.used);
        let octets = rest.first_chunk_mut::<8>().expect("a page is numbers of 8 octets");
        self.used += octets.len();
        u64::from_le_bytes(std::mem::take(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_number_comes_twice_over_several_pages_and_none_is_left_in_memory() {
        let mut dice = OsDice::new();
        let rolled: BTreeSet<u64> = (0..PAGE).map(|_| dice.roll()).collect();
        assert_eq!(rolled.len(), PAGE, "64 bits do not come twice among so few");
        assert!(dice.page.iter().all(|it| *it == 0), "what was given out is gone");
    }
}
