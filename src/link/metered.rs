//! A conversation with a carrier whose PDUs are counted, and kept while somebody traces the link.

use crate::carrier::report::Report;
use crate::carrier::talk::{Command, Talk};
use crate::session::conversation::{Conversation, Said, Spoken};
use crate::smpp::command::CommandId;
use crate::smpp::pdu::Pdu;
use crate::telemetry::meters::link::{Direction, LinkMeter};
use crate::wire::trace::{Tap, Way};
use bytes::{Bytes, BytesMut};
use std::time::Instant;

/// A conversation whose PDUs are counted, and whose `enquire_link` is timed.
pub(super) struct Metered {
    talk: Talk,
    meter: LinkMeter,
    tap: Tap,
    /// The number of the last `enquire_link`, and when it left, until it is answered.
    enquired: Option<(u32, Instant)>,
    now: Instant,
}

impl Metered {
    pub(super) const fn new(now: Instant, talk: Talk, meter: LinkMeter, tap: Tap) -> Self {
        Self { talk, meter, tap, enquired: None, now }
    }
}

impl Conversation for Metered {
    type Command = Command;
    type Report = Report;

    fn handle(&mut self, now: Instant, input: Spoken<Command>) {
        self.now = now;
        if let Spoken::Pdu(pdu) = &input {
            let command = pdu.body.command_id();
            self.meter.pdu(Direction::In, command);
            self.tap.saw(now, Way::In, || octets(pdu));
            if command == CommandId::ENQUIRE_LINK.response()
                && let Some((_, asked)) = self.enquired.take_if(|it| it.0 == pdu.sequence)
            {
                self.meter.enquired(now - asked);
            }
        }
        self.talk.handle(now, input);
    }

    fn takes(&self) -> bool {
        self.talk.takes()
    }

    fn poll(&mut self) -> Said<Report> {
        let said = self.talk.poll();
        if let Said::Send(pdu) = &said {
            let command = pdu.body.command_id();
            self.meter.pdu(Direction::Out, command);
            self.tap.saw(self.now, Way::Out, || octets(pdu));
            if command == CommandId::ENQUIRE_LINK {
                self.enquired = Some((pdu.sequence, self.now));
            }
        }
        said
    }
}

/// The octets of a PDU, as we would write it; `None` for what cannot be written.
fn octets(pdu: &Pdu) -> Option<Bytes> {
    let mut octets = BytesMut::new();
    pdu.encode(&mut octets).ok()?;
    Some(octets.freeze())
}
