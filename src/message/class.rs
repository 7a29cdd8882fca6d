//! Traffic classes.

closed_set! {
    /// What a message is for; decides who goes first and what a doubt means.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Class: all, number, from_number, word, from_word {
        /// One-time codes: first, and rather twice than not at all.
        Otp = 0 "otp",
        /// What a customer waits for.
        Transactional = 1 "transactional",
        /// What may wait, and must not come twice.
        Marketing = 2 "marketing",
    }
}
