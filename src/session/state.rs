//! Where a session stands, and the operation matrix: which request is legal where.
//!
//! ```text
//!          bind            accepted          we unbind
//!   Open ───────► Binding ──────────► Bound ──────────► Unbinding
//!       ▲            │                  │                   │
//!       └────────────┘ refused (SMSC)   │ the peer unbinds  │
//!                                       ├─────► Leaving     │
//!      from anywhere: close ────────────┴──────────┴────────┴─► Closed
//! ```
//!
//! An ESME binds as soon as it is connected and a refusal ends it; an SMSC may be asked
//! again until its `session_init` is over.

use crate::session::version::Version;
use crate::smpp::bind::BindKind;
use crate::smpp::command::CommandId;

/// Which side of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that binds and submits.
    Esme,
    /// The side that is bound to and delivers.
    Smsc,
}

impl Role {
    /// The other side.
    pub const fn peer(self) -> Self {
        match self {
            Self::Esme => Self::Smsc,
            Self::Smsc => Self::Esme,
        }
    }
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// Connected; nobody has bound.
    Open,
    /// A bind has been sent and not yet been answered.
    Binding(BindKind),
    /// Bound: messages flow.
    Bound(BindKind),
    /// We have sent an unbind. What was on its way is still heard and answered.
    Unbinding(BindKind),
    /// The peer has sent an unbind. What was on its way is still heard and answered, nothing new
    /// leaves; then the unbind is answered.
    Leaving(BindKind),
    /// Over.
    Closed,
}

/// What moves a session from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A bind was sent or came.
    Bind(BindKind),
    /// It was accepted.
    Accept,
    /// It was refused, and may be tried again.
    Refuse,
    /// We sent an unbind.
    Unbind,
    /// The peer sent an unbind.
    Leave,
    /// The connection is given up.
    Close,
}

impl SessionState {
    /// Where a step leads; `None` if there is no such step from here.
    pub(crate) const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Open, Step::Bind(kind)) => Some(Self::Binding(kind)),
            (Self::Binding(kind), Step::Accept) => Some(Self::Bound(kind)),
            (Self::Binding(_), Step::Refuse) => Some(Self::Open),
            (Self::Bound(kind), Step::Unbind) => Some(Self::Unbinding(kind)),
            (Self::Bound(kind), Step::Leave) => Some(Self::Leaving(kind)),
            (it, Step::Close) if !matches!(it, Self::Closed) => Some(Self::Closed),
            _ => None,
        }
    }

    /// How the two sides are bound, or are about to be.
    const fn bind_kind(self) -> Option<BindKind> {
        match self {
            Self::Binding(kind) => Some(kind),
            _ => self.kind(),
        }
    }

    /// How the two sides are bound, if they are.
    pub const fn kind(self) -> Option<BindKind> {
        match self {
            Self::Bound(kind) | Self::Unbinding(kind) | Self::Leaving(kind) => Some(kind),
            Self::Open | Self::Binding(_) | Self::Closed => None,
        }
    }
}

/// The operation matrix (SMPP 3.4, section 2.3): whether `sender` may make this request in this
/// version.
///
/// It is read for what comes and for what goes. Three cells are wider than the table of the
/// specification: `enquire_link` is legal everywhere, as in 5.0; `deliver_sm` on a transmitter, as
/// SMSCs of 3.3 do it; and what an SMSC delivers before its answer to the bind, as those do it that
/// count a session from the bind on.
pub const fn legal(sender: Role, state: SessionState, version: Version, command: CommandId) -> bool {
    use BindKind::{Receiver, Transceiver, Transmitter};
    use Role::{Esme, Smsc};
    match (command, sender) {
        (CommandId::ENQUIRE_LINK, _) => !matches!(state, SessionState::Closed),
        (CommandId::BIND_TRANSMITTER | CommandId::BIND_RECEIVER | CommandId::BIND_TRANSCEIVER, Esme)
        | (CommandId::OUTBIND, Smsc) => matches!(state, SessionState::Open),
        (CommandId::UNBIND, _) => state.kind().is_some(),
        (CommandId::DELIVER_SM, Smsc) => state.bind_kind().is_some(),
        (
            CommandId::SUBMIT_SM
            | CommandId::DATA_SM
            | CommandId::SUBMIT_MULTI
            | CommandId::QUERY_SM
            | CommandId::CANCEL_SM
            | CommandId::REPLACE_SM
            | CommandId::BROADCAST_SM
            | CommandId::QUERY_BROADCAST_SM
            | CommandId::CANCEL_BROADCAST_SM,
            Esme,
        ) => matches!(state.kind(), Some(Transmitter | Transceiver)),
        // Dropped in 3.4; nobody is a transceiver in 3.3.
        (CommandId::PARAM_RETRIEVE | CommandId::QUERY_LAST_MSGS | CommandId::QUERY_MSG_DETAILS, Esme) => {
            matches!((state.kind(), version), (Some(Transmitter), Version::V33))
        }
        (CommandId::DATA_SM, Smsc) => matches!(state.bind_kind(), Some(Receiver | Transceiver)),
        (CommandId::ALERT_NOTIFICATION, Smsc) => matches!(state.kind(), Some(Receiver | Transceiver)),
        _ => false,
    }
}

/// Whether it is a request of the specification, legal or not.
pub(crate) const fn is_known_request(command: CommandId) -> bool {
    matches!(command.0, 0x01..=0x09 | 0x0B | 0x15 | 0x21..=0x24 | 0x0102 | 0x0103 | 0x0111..=0x0113)
}

/// Whether it is a request that is answered; `outbind` and `alert_notification` are not.
pub(crate) const fn is_answered(command: CommandId) -> bool {
    !matches!(command, CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use BindKind::{Receiver, Transceiver, Transmitter};

    const STATES: [SessionState; 9] = [
        SessionState::Open,
        SessionState::Binding(Transceiver),
        SessionState::Bound(Transmitter),
        SessionState::Bound(Receiver),
        SessionState::Bound(Transceiver),
        SessionState::Unbinding(Transmitter),
        SessionState::Unbinding(Receiver),
        SessionState::Unbinding(Transceiver),
        SessionState::Closed,
    ];

    /// Of 3.4 and of 5.0. One row a request; first what the ESME may do, then what the SMSC may.
    /// Columns: open, binding, bound (tx, rx, trx), unbinding (tx, rx, trx), closed.
    const MATRIX: [(u32, &str, &str); 22] = [
        (0x0001, "x--------", "---------"),      // bind_receiver
        (0x0002, "x--------", "---------"),      // bind_transmitter
        (0x0009, "x--------", "---------"),      // bind_transceiver
        (0x000B, "---------", "x--------"),      // outbind
        (0x0006, "--xxxxxx-", "--xxxxxx-"),      // unbind
        (0x0015, "xxxxxxxx-", "xxxxxxxx-"),      // enquire_link
        (0x0004, "--x-xx-x-", "---------"),      // submit_sm
        (0x0021, "--x-xx-x-", "---------"),      // submit_multi
        (0x0003, "--x-xx-x-", "---------"),      // query_sm
        (0x0007, "--x-xx-x-", "---------"),      // replace_sm
        (0x0008, "--x-xx-x-", "---------"),      // cancel_sm
        (0x0111, "--x-xx-x-", "---------"),      // broadcast_sm
        (0x0112, "--x-xx-x-", "---------"),      // query_broadcast_sm
        (0x0113, "--x-xx-x-", "---------"),      // cancel_broadcast_sm
        (0x0103, "--x-xx-x-", "-x-xx-xx-"),      // data_sm
        (0x0005, "---------", "-xxxxxxx-"),      // deliver_sm
        (0x0102, "---------", "---xx-xx-"),      // alert_notification
        (0x0022, "---------", "---------"),      // param_retrieve, of 3.3
        (0x0023, "---------", "---------"),      // query_last_msgs, of 3.3
        (0x0024, "---------", "---------"),      // query_msg_details, of 3.3
        (0x8000_0004, "---------", "---------"), // no request
        (0x7777, "---------", "---------"),      // not in the specification
    ];

    #[test]
    fn the_operation_matrix() {
        for (version, (command, esme, smsc)) in Version::ALL.into_iter().flat_map(|it| MATRIX.map(|row| (it, row))) {
            let of_33 = version == Version::V33 && (0x22..=0x24).contains(&command);
            let esme = if of_33 { "--x--x---" } else { esme };
            for (role, row) in [(Role::Esme, esme), (Role::Smsc, smsc)] {
                for (state, cell) in STATES.into_iter().zip(row.chars()) {
                    let may = legal(role, state, version, CommandId(command));
                    assert_eq!(may, cell == 'x', "{role:?} sends {command:#x} in {state:?} of {version:?}");
                }
            }
        }
    }

    #[test]
    fn every_request_of_the_specification_stands_in_the_matrix() {
        for command in CommandId::ALL.iter().filter(|it| !it.is_response()) {
            let listed = MATRIX.iter().any(|row| row.0 == command.0);
            assert_eq!(listed, is_known_request(*command), "{command}");
        }
    }

    #[test]
    fn every_step_from_every_state() {
        let steps = [Step::Bind(Receiver), Step::Accept, Step::Refuse, Step::Unbind, Step::Leave, Step::Close];
        let next = |state: SessionState| steps.map(|step| state.after(step));
        let closed = Some(SessionState::Closed);
        assert_eq!(next(SessionState::Open), [Some(SessionState::Binding(Receiver)), None, None, None, None, closed]);
        let bound = Some(SessionState::Bound(Receiver));
        assert_eq!(next(SessionState::Binding(Receiver)), [None, bound, Some(SessionState::Open), None, None, closed]);
        let (unbinding, leaving) = (Some(SessionState::Unbinding(Receiver)), Some(SessionState::Leaving(Receiver)));
        assert_eq!(next(SessionState::Bound(Receiver)), [None, None, None, unbinding, leaving, closed]);
        for ending in [SessionState::Unbinding(Receiver), SessionState::Leaving(Receiver)] {
            assert_eq!(next(ending), [None, None, None, None, None, closed]);
        }
        assert_eq!(next(SessionState::Closed), [None; 6]);
    }
}
