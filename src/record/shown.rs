//! Records as people are shown them: their times are those of the wall, not of logical time.
//!
//! Two times are the wall's already: when a message is to go, and what a carrier says of its own clock.

use crate::message::attempt::Attempt;
use crate::message::era::Eras;
use crate::message::receipt::Receipt;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::record::entry::Entry;
use crate::record::event::Event;
use crate::record::money::LedgerLine;
use crate::record::suppression::Suppression;
use crate::record::verification::Verification;
use crate::record::views::{MessageFilter, OrderView};
use std::sync::Arc;

/// A record that has times of its own.
pub trait Shown {
    /// Has its times be those of the wall.
    fn show(&mut self, eras: &Eras);

    /// The same record with the times of the wall.
    #[must_use]
    fn shown(mut self, eras: &Eras) -> Self
    where
        Self: Sized,
    {
        // Most stores have no era, and nothing is to be done.
        if !eras.all().is_empty() {
            self.show(eras);
        }
        self
    }
}

impl<T: Shown> Shown for Option<T> {
    fn show(&mut self, eras: &Eras) {
        self.iter_mut().for_each(|it| it.show(eras));
    }
}

impl<T: Shown> Shown for Box<T> {
    fn show(&mut self, eras: &Eras) {
        T::show(self, eras);
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn show(&mut self, eras: &Eras) {
        self.iter_mut().for_each(|it| it.show(eras));
    }
}

impl Shown for Time {
    fn show(&mut self, eras: &Eras) {
        *self = eras.wall(*self);
    }
}

impl Shown for Verification {
    fn show(&mut self, eras: &Eras) {
        self.created.show(eras);
        self.sent.show(eras);
        self.sends.iter_mut().for_each(|it| it.at.show(eras));
        self.progress.show_times(|it| eras.wall(it));
    }
}

impl Shown for Entry {
    fn show(&mut self, eras: &Eras) {
        let body = Arc::make_mut(&mut self.body);
        // When it expires was said in the era in which it was accepted.
        body.expires = eras.at(body.created).wall(body.expires);
        body.created.show(eras);
        for part in &mut self.parts {
            [&mut part.due, &mut part.ends].into_iter().for_each(|it| *it = eras.now().wall(*it));
            [&mut part.done_at, &mut part.taken_at].into_iter().for_each(|it| it.show(eras));
            part.attempt.show(eras);
        }
        self.past.iter_mut().for_each(|it| it.attempt.show(eras));
    }
}

impl Shown for Attempt {
    fn show(&mut self, eras: &Eras) {
        for it in [&mut self.intended_at, &mut self.written_at, &mut self.answered_at] {
            it.show(eras);
        }
        self.receipt.show(eras);
    }
}

impl Shown for Receipt {
    fn show(&mut self, eras: &Eras) {
        self.received_at.show(eras);
        self.later.show(eras);
    }
}

impl Shown for Event {
    fn show(&mut self, eras: &Eras) {
        self.at.show(eras);
    }
}

impl Shown for LedgerLine {
    fn show(&mut self, eras: &Eras) {
        self.at.show(eras);
    }
}

impl Shown for Suppression {
    fn show(&mut self, eras: &Eras) {
        self.at.show(eras);
    }
}

impl Shown for Action {
    fn show(&mut self, eras: &Eras) {
        self.until = eras.at(self.at).wall(self.until);
        self.at.show(eras);
    }
}

impl Shown for OrderView {
    fn show(&mut self, eras: &Eras) {
        self.created.show(eras);
    }
}

/// A question goes the other way: it is asked in times of the wall.
impl Shown for MessageFilter {
    fn show(&mut self, eras: &Eras) {
        for it in [&mut self.since, &mut self.until] {
            *it = it.map(|it| eras.logical(it));
        }
    }
}
