//! A conversation with a carrier whose PDUs are counted, and kept while somebody traces the link.

use crate::carrier::esme::{Command, Esme};
use crate::carrier::report::Report;
use crate::session::conversation::{Conversation, DriverAction, DriverEvent};
use crate::smpp::command::CommandId;
use crate::smpp::pdu::Pdu;
use crate::telemetry::meters::link::{Direction, LinkMeter};
use crate::wire::trace::{Tap, Way};
use bytes::{Bytes, BytesMut};
use std::time::Instant;

/// A conversation whose PDUs are counted, and whose `enquire_link` is timed.
pub(super) struct Metered {
    esme: Esme,
    meter: LinkMeter,
    tap: Tap,
    /// The number of the last `enquire_link`, and when it left, until it is answered.
    enquired: Option<(u32, Instant)>,
    now: Instant,
}

impl Metered {
    pub(super) const fn new(now: Instant, esme: Esme, meter: LinkMeter, tap: Tap) -> Self {
        Self { esme, meter, tap, enquired: None, now }
    }
}

impl Conversation for Metered {
    type Command = Command;
    type Report = Report;

    fn handle(&mut self, now: Instant, input: DriverEvent<Command>) {
        self.now = now;
        if let DriverEvent::Pdu(pdu) = &input {
            let command = pdu.body.command_id();
            self.meter.pdu(Direction::In, command);
            self.tap.saw(now, Way::In, || octets(pdu));
            if command == CommandId::ENQUIRE_LINK.response()
                && let Some((_, asked)) = self.enquired.take_if(|it| it.0 == pdu.sequence)
            {
                self.meter.count_enquiry(now - asked);
            }
        }
        self.esme.handle(now, input);
    }

    fn takes(&self) -> bool {
        self.esme.takes()
    }

    fn poll(&mut self) -> DriverAction<Report> {
        let said = self.esme.poll();
        if let DriverAction::Send(pdu) = &said {
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
