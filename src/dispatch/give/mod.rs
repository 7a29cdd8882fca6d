//! What goes onto links now, and what may not go yet: quiet hours, strict order, recipients that rest; and what another
//! try costs.
//!
//! It takes parts out of lanes, and puts them back through the moves of [`part`](crate::dispatch::part).

pub(super) mod assign;
pub(super) mod calendar;
pub(super) mod throttle;
pub(super) mod backoff;
pub(super) mod repay;
