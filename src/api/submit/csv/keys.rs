//! The idempotency keys of a file: one for each of its orders, all made of the one that the file came with.
//!
//! ```text
//!   key        the order that is made first, whatever its place
//!   key␟0      the others, by their places: none that a header can have
//!   key␟2
//! ```
//!
//! So the file's own key is used up as soon as anything of it is made, and another content is refused under it before
//! anything else is done. What is gone on with is remembered for another day.

use crate::api::handler::ask::refusal;
use crate::api::handler::context::Context;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::submit::fingerprint;
use crate::dispatch::door::happening::Keyed;
use crate::dispatch::door::reply::Denial;
use crate::message::id::AccountId;
use crate::store::sqlite::readers::Readers;

/// The keys of a file.
#[derive(Debug)]
pub(super) struct Keys {
    /// The file's own.
    own: Box<str>,
    /// The path that it came to.
    path: Box<str>,
    /// The digest of all that is asked for.
    print: [u8; 32],
    /// The place of the order that has the file's own key.
    first: Option<u32>,
    /// Whether orders are made, and others are not.
    is_begun: bool,
}

impl Keys {
    /// Of a file of which nothing is made.
    pub(super) fn new((own, path): (Box<str>, &str), print: [u8; 32]) -> Self {
        Self { own, path: path.into(), print, first: None, is_begun: false }
    }

    /// The same with what the store has of its orders, of which there are at most so many; refused where it has another
    /// file.
    pub(super) async fn read(self, context: &Context, account: AccountId, orders: u32) -> Result<Self, Problem> {
        let names: Vec<Box<str>> = (0..orders).map(|at| self.name(at)).chain([self.own.clone()]).collect();
        let read = move |readers: &Readers| {
            let used = |name: &str| Ok(readers.idempotency(account, name)?.map(|it| it.hash));
            names.iter().map(|it| used(it)).collect::<Result<Vec<_>, _>>()
        };
        let mut used = blocking(context, read).await?;
        let own = used.pop().flatten();
        let count = used.iter().chain([&own]).flatten().count();
        let same = |at: u32| own.as_ref().is_some_and(|it| self.keyed("".into(), at).is(it));
        let first = (0..orders).find(|at| same(*at));
        let others = (0..).zip(&used).all(|(at, it)| it.is_none_or(|it| self.keyed("".into(), at).is(&it)));
        if first.is_none() && own.is_some() || !others {
            return Err(refusal(&Denial::KeyReused));
        }
        if first.is_none() && 0 < count {
            let detail = "The file came under this Idempotency-Key so long ago that a part of what was made of it is \
                          forgotten; send what is left of it under another.";
            return Err(Problem::new(Kind::KeyReused, detail));
        }
        Ok(Self { first, is_begun: 0 < count && count < orders as usize, ..self })
    }

    /// Whether something of the file was made before.
    pub(super) const fn is_used(&self) -> bool {
        self.first.is_some()
    }

    /// The key of an order.
    pub(super) fn of(&self, at: u32) -> Keyed {
        let is_own = self.first.is_none_or(|it| it == at);
        let key = if is_own { self.own.clone() } else { self.name(at) };
        Keyed { renews: self.is_begun, ..self.keyed(key, at) }
    }

    /// The order at this place is made.
    pub(super) const fn made(&mut self, at: u32) {
        if self.first.is_none() {
            self.first = Some(at);
        }
    }

    fn name(&self, at: u32) -> Box<str> {
        format!("{}\u{1f}{at}", self.own).into()
    }

    fn keyed(&self, key: Box<str>, at: u32) -> Keyed {
        fingerprint::key(key, (&self.path, &self.print), |it| {
            it.member("csv", Some(&self.print));
            it.member("order", Some(&at.to_le_bytes()));
        })
    }
}
