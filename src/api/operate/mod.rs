//! What operators see of everything, and what they order.
//!
//! It uses the words and the rules of all other rooms: a dry run judges as [`submit`](crate::api::submit) does.

pub(super) mod actions;
pub(super) mod orders;
pub(super) mod guards;
pub(super) mod inspect;
pub(super) mod views;
pub(super) mod link;
pub(super) mod dry_run;
pub(super) mod find;
pub(super) mod story;
pub(super) mod ledger;
pub(super) mod suppressions;
pub(super) mod people;
pub(super) mod probes;
pub(super) mod webhooks;
