//! Rules that choose a route for requests that name none (D17: the first that fits).

use crate::message::class::Class;
use crate::message::id::{AccountId, RouteId};

/// Chooses a route where everything that it states fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Prefixes of the destination, digits without `+`; empty is any.
    pub prefixes: Vec<Box<str>>,
    /// The class asked for.
    pub class: Option<Class>,
    /// The account.
    pub account: Option<AccountId>,
    /// The sender, as written.
    pub sender: Option<Box<str>>,
    /// The route that it chooses.
    pub route: RouteId,
}
