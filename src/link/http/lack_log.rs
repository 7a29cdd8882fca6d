//! Which defects of a carrier's answers the log has told of: each once, whichever of its links had it.

use crate::carrier::http::answer::Lack;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What the log has told of. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct LackLog(Arc<AtomicU8>);

impl LackLog {
    /// Whether this is the first of its kind.
    pub(super) fn is_new(&self, lack: Lack) -> bool {
        let bit = 1 << lack as u8;
        self.0.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}

/// What was told makes no options another: a link whose options are equal goes on.
impl PartialEq for LackLog {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_of_once_by_all_links() {
        let told = LackLog::default();
        let other = told.clone();
        assert!(told.is_new(Lack::Id) && other.is_new(Lack::Json));
        assert!(!other.is_new(Lack::Id) && !told.is_new(Lack::Json));
        assert!(LackLog::default().is_new(Lack::Id));
    }
}
