//! Who calls, as handlers are told it: an account that may do what they do, and the plan that it is of.
//!
//! A handler names [`Sender`], [`Reader`], [`Teller`] or [`Operator`] among what it takes, and is run for nobody else.

use crate::api::handler::auth::{Directory, Scope, client_address};
use crate::api::handler::context::Context;
use crate::api::handler::problem::Problem;
use crate::dispatch::door::plan::{Account, Plan};
use crate::message::id::AccountId;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::marker::PhantomData;
use std::sync::Arc;

/// An account that may send, and take back.
pub(crate) type Sender = Admitted<Sends>;
/// An account that may tell whether a code came back, as one that sends may too.
pub(crate) type Verifier = Admitted<Verifies>;
/// An account that may verify numbers.
pub(crate) type Prover = Admitted<Proves>;
/// An account that may read.
pub(crate) type Reader = Admitted<Reads>;
/// An account that may say where its events are told.
pub(crate) type Teller = Admitted<Tells>;
/// An account that may see where its events are told.
pub(crate) type Hearer = Admitted<Hears>;
/// An account that may see and do what concerns every account.
pub(crate) type Operator = Admitted<Operates>;

/// An account that may do what `S` names.
pub(crate) struct Admitted<S> {
    directory: Arc<Directory>,
    id: AccountId,
    scope: PhantomData<S>,
}

impl<S> Admitted<S> {
    /// Who it is.
    pub(crate) fn account(&self) -> &Account {
        self.directory.plan.accounts.get(&self.id).expect("whoever was admitted is in the plan that he was admitted by")
    }

    /// The keys of the configuration by which it was admitted.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The configuration by which it was admitted, which counts for the whole request.
    pub(crate) fn plan(&self) -> &Plan {
        &self.directory.plan
    }
}

/// What an account is admitted for.
pub(crate) trait For {
    /// Any of these is enough.
    const SCOPES: &'static [Scope];
}

/// Who a handler is run for, as the reference names it.
pub(crate) trait Admits {
    /// Any of these is enough.
    const SCOPES: &'static [Scope];
}

impl<S: For> Admits for Admitted<S> {
    const SCOPES: &'static [Scope] = S::SCOPES;
}

pub(crate) struct Sends;
impl For for Sends {
    const SCOPES: &'static [Scope] = &[Scope::Send];
}

pub(crate) struct Verifies;
impl For for Verifies {
    const SCOPES: &'static [Scope] = &[Scope::Send, Scope::Verify];
}

pub(crate) struct Proves;
impl For for Proves {
    const SCOPES: &'static [Scope] = &[Scope::Verify];
}

pub(crate) struct Reads;
impl For for Reads {
    const SCOPES: &'static [Scope] = &[Scope::Read];
}

pub(crate) struct Tells;
impl For for Tells {
    const SCOPES: &'static [Scope] = &[Scope::Webhooks];
}

pub(crate) struct Hears;
impl For for Hears {
    const SCOPES: &'static [Scope] = &[Scope::Read, Scope::Webhooks];
}

pub(crate) struct Operates;
impl For for Operates {
    const SCOPES: &'static [Scope] = &[Scope::Admin];
}

impl<S: For> FromRequestParts<Arc<Context>> for Admitted<S> {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, context: &Arc<Context>) -> Result<Self, Problem> {
        let directory = context.directory();
        let id = directory.admit(&head.headers, client_address(&head.extensions), S::SCOPES)?.id;
        Ok(Self { directory, id, scope: PhantomData })
    }
}
