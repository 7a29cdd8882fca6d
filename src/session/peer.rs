//! What the peer says, and what is said to it at once.
//!
//! ```text
//!  request   legal?  ── no ──► its own response: invalid bind state, already bound
//!            known?  ── no ──► generic_nack: invalid command
//!            message ────────► the owner answers
//!  response  its number names a slot or a tomb of its operation, or it is ignored and counted
//! ```

use crate::session::output::{CloseReason, Oddity, SessionEvent};
use crate::session::state::{Role, SessionState, Step, is_known_request, legal};
use crate::session::version::Version;
use crate::session::{Awaited, Session};
use crate::smpp::bind::{BindKind, BindResp, Outbind};
use crate::smpp::command::CommandId;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::status::CommandStatus;

/// After how many complaints of wrong lengths the boundaries of PDUs count as lost. One may
/// be about a single odd PDU; some SMSCs go on after it.
const LENGTH_COMPLAINTS_MAX: u8 = 2;

impl Session {
    pub(super) fn hear(&mut self, pdu: Pdu) {
        let Pdu { status, sequence, body } = pdu;
        self.keepalive.heard(self.now);
        let congestion = body.congestion();
        match body {
            PduBody::EnquireLink => {
                self.send(Pdu { status: CommandStatus::Ok, sequence, body: PduBody::EnquireLinkResp });
            }
            // It was a sign of life, and that has been taken.
            PduBody::EnquireLinkResp if self.is_mismatched(sequence) => {
                self.odd(Oddity::Mismatched { command: CommandId::ENQUIRE_LINK_RESP, sequence });
            }
            PduBody::EnquireLinkResp => (),
            PduBody::BindResp(kind, resp) => self.hear_bind_resp(kind, (sequence, status), resp),
            PduBody::UnbindResp => self.hear_unbind_resp(sequence),
            PduBody::GenericNack => self.hear_nack(sequence, status),
            response if response.is_response() => self.hear_other_resp(sequence, status, response),
            request => self.hear_request(sequence, request),
        }
        if let Some(state) = congestion.filter(|it| *it != self.congestion && self.state != SessionState::Closed) {
            self.congestion = state;
            self.tell(SessionEvent::Congestion(state));
        }
    }

    pub(super) fn hear_undecodable(&mut self, command: CommandId, sequence: u32, status: CommandStatus) {
        self.keepalive.heard(self.now);
        self.odd(Oddity::Undecodable { command, sequence, status });
        // An answer that cannot be read leaves its request open: it may have been taken.
        self.refuse(command, sequence, status);
    }

    fn hear_bind_resp(&mut self, kind: BindKind, (sequence, status): (u32, CommandStatus), resp: BindResp) {
        let command = kind.command_id().response();
        // The bind is the first request of all, so that its number is certain.
        if !self.is_binding_as_esme() || sequence != 1 {
            let mismatched = self.is_mismatched(sequence);
            return self.odd(if mismatched {
                Oddity::Mismatched { command, sequence }
            } else {
                Oddity::Unmatched { command, sequence }
            });
        }
        if self.state != SessionState::Binding(kind) {
            return self.odd(Oddity::Mismatched { command, sequence });
        }
        if status != CommandStatus::Ok {
            return self.refuse_bind(status);
        }
        let peer = Version::of_resp(&resp).unwrap_or(self.options.assumed_version);
        self.version = self.version.min(peer);
        self.system_id = resp.system_id;
        self.bound();
    }

    fn hear_unbind_resp(&mut self, sequence: u32) {
        let command = CommandId::UNBIND_RESP;
        if self.is_mismatched(sequence) {
            return self.odd(Oddity::Mismatched { command, sequence });
        }
        match self.state {
            SessionState::Unbinding(_) => self.parted = true,
            _ => self.odd(Oddity::Unmatched { command, sequence }),
        }
    }

    /// A `generic_nack` answers whatever request bears its number.
    fn hear_nack(&mut self, sequence: u32, status: CommandStatus) {
        if self.is_binding_as_esme() && sequence == 1 {
            return self.refuse_bind(status);
        }
        if let Some(settled) = self.take_slot(sequence, CommandId::GENERIC_NACK) {
            return self.tell_settled(settled, sequence, status, PduBody::GenericNack);
        }
        // After an unbind no request is sent, so that the last one is the unbind.
        if matches!(self.state, SessionState::Unbinding(_)) && self.sequencer.is_last(sequence) {
            self.parted = true;
            return;
        }
        self.odd(Oddity::Nacked { sequence, status });
        if status == CommandStatus::InvalidCommandLength {
            self.length_complaints += 1;
            if LENGTH_COMPLAINTS_MAX <= self.length_complaints {
                self.close(CloseReason::Desynchronised);
            }
        }
    }

    fn hear_other_resp(&mut self, sequence: u32, status: CommandStatus, body: PduBody) {
        let command = body.command_id();
        if is_known_request(CommandId(command.0 & 0x7FFF_FFFF)) {
            self.settle(sequence, status, body);
        } else {
            self.odd(Oddity::Unserved { command });
        }
    }

    fn hear_request(&mut self, sequence: u32, request: PduBody) {
        let command = request.command_id();
        if !is_known_request(command) {
            self.odd(Oddity::Unserved { command });
            return self.refuse(command, sequence, CommandStatus::InvalidCommandId);
        }
        if !legal(self.role.peer(), self.state, self.version, command) {
            self.odd(Oddity::Misplaced { command });
            let is_bind = matches!(request, PduBody::Bind(..)) && self.role == Role::Smsc;
            let status = if is_bind { CommandStatus::AlreadyBound } else { CommandStatus::InvalidBindStatus };
            return self.refuse(command, sequence, status);
        }
        match request {
            PduBody::Bind(kind, bind) => {
                self.step(Step::Bind(kind));
                self.version = Version::of(bind.interface_version);
                self.system_id = bind.system_id.clone();
                self.tell(SessionEvent::BindRequested { sequence, kind, bind });
            }
            PduBody::Unbind => self.leave(sequence),
            PduBody::Outbind(outbind) => self.hear_outbind(sequence, outbind),
            PduBody::AlertNotification(alert) => {
                self.keepalive.message(self.now);
                self.tell(SessionEvent::Alerted(alert));
            }
            // Only a body that its owner made, for none that is read is kept unread.
            PduBody::Other(..) => {
                self.odd(Oddity::Unserved { command });
                self.refuse(command, sequence, CommandStatus::InvalidCommandId);
            }
            message => self.hear_message(sequence, message),
        }
    }

    fn hear_outbind(&mut self, sequence: u32, outbind: Outbind) {
        let Some(Awaited { kind, bind, expected }) = self.awaited.take() else {
            return self.odd(Oddity::Unserved { command: CommandId::OUTBIND });
        };
        if expected.is_some_and(|it| it != outbind) {
            self.send(Pdu { status: CommandStatus::BindFailed, sequence, body: PduBody::GenericNack });
            return self.close(CloseReason::OutbindRefused);
        }
        self.leave_by = self.now + self.options.bind_timeout;
        self.tell(SessionEvent::Invited { system_id: outbind.system_id });
        self.step(Step::Bind(kind));
        self.send_request(PduBody::Bind(kind, bind));
    }

    fn hear_message(&mut self, sequence: u32, request: PduBody) {
        self.keepalive.message(self.now);
        self.unanswered += 1;
        self.tell(SessionEvent::Requested { sequence, body: request });
    }

    pub(super) fn hang_up(&mut self) {
        self.close(match self.state {
            // Many a peer answers an unbind by closing the connection.
            SessionState::Unbinding(_) => self.reason,
            SessionState::Leaving(_) => CloseReason::PeerUnbound,
            _ => CloseReason::PeerClosed,
        });
    }

    /// Answers a request with its own response, or with `generic_nack`, if it has an answer.
    fn refuse(&mut self, command: CommandId, sequence: u32, status: CommandStatus) {
        if let Some(refusal) = Pdu::refusal(command, sequence, status) {
            self.send(refusal);
        }
    }
}
