//! What the links say.

use crate::carrier::esme::Esme;
use crate::carrier::report::{Answered, News, Report};
use crate::dispatch::door::command::Command;
use crate::dispatch::inbound::seen::Session;
use crate::dispatch::{Dice, Dispatch};
use crate::message::id::LinkId;

impl Dispatch {
    pub(super) fn hear(&mut self, link: LinkId, report: Report, dice: Dice<'_>) {
        self.note_link(link, &report);
        match report {
            Report::Up { capacity, window } => self.link_has(link, capacity, window),
            Report::Closing => self.link_has(link, 0, 0),
            Report::Lost | Report::Down => self.lose_link(link),
            Report::Answered(ticket, answered) => self.take_answer(link, ticket, answered, dice),
            Report::Late(ticket, answered) => self.late(link, ticket, answered, dice),
            Report::Queried(key, queried) => self.take_query_result(link.carrier, key, queried),
            Report::Odd(_) | Report::Aside(_) | Report::PutOff(_) => (),
            Report::Inbound { tag, news } => {
                match news {
                    News::Receipt(receipt) => self.receipt(link.carrier, receipt, dice),
                    News::Mo(mo) => {
                        let on = Session { link, number: Esme::session(tag) };
                        self.handsets.take(&mut self.beat, on, mo, dice);
                    }
                }
                self.beat.order(Command::Confirm(link, tag));
            }
        }
    }

    /// A link has ended for good. Mostly it has told of everything; if it was cut, it has not.
    pub(super) fn gone(&mut self, link: LinkId, dice: Dice<'_>) {
        self.forget_link(link);
        self.queries.gone(link);
        for ticket in self.set.on_link(link) {
            self.take_answer(link, ticket, Answered::UNKNOWN, dice);
        }
    }
}
