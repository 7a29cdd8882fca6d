//! What operators see and order. It is told with the words and by the rules of the other rooms.

pub(super) mod actions;
pub(super) mod inspect;
pub(super) mod views;
pub(super) mod link;
pub(super) mod dry_run;
pub(super) mod find;
pub(super) mod story;
pub(super) mod ledger;
pub(super) mod suppressions;
pub(super) mod probes;
