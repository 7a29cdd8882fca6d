//! How long a part waits that a carrier did not take now.

use crate::route::plan::Retry;
use std::time::Duration;

/// How long to wait before the attempt after `spent` refused ones: the base doubled each time,
/// at most the maximum, of which a random half is jitter.
pub(crate) fn backoff(retry: Retry, spent: u8, dice: u64) -> Duration {
    let doubled = retry.base.saturating_mul(1 << u32::from(spent.saturating_sub(1)).min(20)).min(retry.max);
    let half = doubled / 2;
    half + half.mul_f64((dice >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum_and_half_of_each_is_jitter() {
        let retry = Retry { base: Duration::from_secs(1), max: Duration::from_secs(6), attempts: 9 };
        for (spent, most) in [(1, 1), (2, 2), (3, 4), (4, 6), (100, 6)] {
            let most = Duration::from_secs(most);
            assert_eq!(backoff(retry, spent, 0), most / 2);
            assert!(backoff(retry, spent, u64::MAX) <= most);
        }
    }
}
