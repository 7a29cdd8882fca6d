//! What a simulated carrier is told to do while it runs, as lines of text.
//!
//! ```text
//!  message SYSTEM_ID FROM TO TEXT…      a message of a handset, to whoever bound under this name
//!  deliver SYSTEM_ID HEX                a deliver_sm of this body, whatever is in it
//!  alert SYSTEM_ID HANDSET TO           alert_notification: the handset can be reached again
//!  outbind ADDRESS SYSTEM_ID PASSWORD   connects there, and asks for a bind
//! ```

use crate::simulator::carrier::SimulatedCarrier;
use crate::smpp::bind::Outbind;
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::frame::HEADER_LENGTH;
use crate::smpp::pdu::{Pdu, PduBody};
use std::net::SocketAddr;
use std::str::FromStr;
use thiserror::Error;
use tokio::net::TcpStream;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A message of a handset.
    Message {
        /// To whom: the name of a bind.
        system_id: String,
        /// Who sends.
        from: String,
        /// Whom it is for.
        to: String,
        /// At most 254 octets of it are sent, as they are.
        text: String,
    },
    /// A request as it stands on the wire: for what no handset can be made to send.
    Deliver {
        /// To whom: the name of a bind.
        system_id: String,
        /// A `deliver_sm`.
        body: PduBody,
    },
    /// A handset can be reached again.
    Alert {
        /// To whom: the name of a bind.
        system_id: String,
        /// Which handset.
        handset: String,
        /// Who wanted to reach it.
        to: String,
    },
    /// A bind is asked for.
    Outbind {
        /// Where.
        address: SocketAddr,
        /// What the carrier calls itself.
        system_id: String,
        /// How it proves that.
        password: String,
    },
}

/// A line that is no command, or one that cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// It is not understood.
    #[error(
        "expected: message SYSTEM_ID FROM TO TEXT, deliver SYSTEM_ID HEX, alert SYSTEM_ID HANDSET TO, or outbind ADDRESS SYSTEM_ID PASSWORD"
    )]
    Unreadable,
    /// Nobody can be told.
    #[error("nobody is bound as {0} who can be told")]
    Nobody(String),
    /// Nobody listens there, or the connection broke at once.
    #[error("{0}: {1}")]
    Unreachable(SocketAddr, String),
}

impl FromStr for Command {
    type Err = Refused;

    fn from_str(line: &str) -> Result<Self, Refused> {
        let words: Vec<&str> = line.trim().splitn(5, ' ').collect();
        let owned = |it: &str| it.to_owned();
        match words[..] {
            ["message", system_id, from, to, text] => {
                Ok(Self::Message { system_id: owned(system_id), from: owned(from), to: owned(to), text: owned(text) })
            }
            ["deliver", system_id, hex] => {
                Ok(Self::Deliver { system_id: owned(system_id), body: deliver_sm(hex).ok_or(Refused::Unreadable)? })
            }
            ["alert", system_id, handset, to] => {
                Ok(Self::Alert { system_id: owned(system_id), handset: owned(handset), to: owned(to) })
            }
            ["outbind", address, system_id, password] => Ok(Self::Outbind {
                address: address.parse().map_err(|_| Refused::Unreadable)?,
                system_id: owned(system_id),
                password: owned(password),
            }),
            _ => Err(Refused::Unreadable),
        }
    }
}

impl Command {
    /// Does it; an outbind is done when its session is over.
    pub async fn perform(self, carrier: &SimulatedCarrier) -> Result<(), Refused> {
        match self {
            Self::Message { system_id, from, to, text } => {
                let done = carrier.with(|it, now| it.send_message(now, &system_id, (&from, &to), text.as_bytes()));
                if done { Ok(()) } else { Err(Refused::Nobody(system_id)) }
            }
            Self::Deliver { system_id, body } => {
                let done = carrier.with(|it, now| it.send_body(now, &system_id, body));
                if done { Ok(()) } else { Err(Refused::Nobody(system_id)) }
            }
            Self::Alert { system_id, handset, to } => {
                let done = carrier.with(|it, now| it.alert(now, &system_id, &handset, &to));
                if done { Ok(()) } else { Err(Refused::Nobody(system_id)) }
            }
            Self::Outbind { address, system_id, password } => {
                let stream = TcpStream::connect(address).await;
                let stream = stream.map_err(|error| Refused::Unreachable(address, error.to_string()))?;
                let outbind = Outbind { system_id: CString::from(system_id), password: CString::from(password) };
                carrier.invite(stream, outbind).await;
                Ok(())
            }
        }
    }
}

/// The `deliver_sm` whose body is these hexadecimal digits.
fn deliver_sm(hex: &str) -> Option<PduBody> {
    let digit = |it: &u8| char::from(*it).to_digit(16).map(|it| it as u8);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let octets = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?));
    let octets = octets.collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty())?;
    let length = u32::try_from(HEADER_LENGTH + octets.len()).ok()?;
    let mut frame = Vec::with_capacity(HEADER_LENGTH + octets.len());
    for word in [length, CommandId::DELIVER_SM.0, 0, 1] {
        frame.extend(word.to_be_bytes());
    }
    frame.extend(octets);
    Pdu::decode(frame.into()).ok().map(|it| it.body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::behaviour::Behaviour;
    use crate::simulator::ledger::Keep;
    use crate::smpp::tlv::Tag;

    #[test]
    fn lines_are_read() {
        let owned = str::to_owned;
        let read = |line: &str| line.parse::<Command>();
        let message = Command::Message {
            system_id: owned("shop"),
            from: owned("31612345678"),
            to: owned("12345"),
            text: owned("STOP it, please"),
        };
        assert_eq!(read("message shop 31612345678 12345 STOP it, please\n"), Ok(message));
        let body = "00010131363132333400 000031323334350000000000000000 0000 024869 02040002 0CA3".replace(' ', "");
        let Ok(Command::Deliver { body: PduBody::DeliverSm(sm), .. }) = read(&format!("deliver shop {body}")) else {
            panic!("{body} is a body");
        };
        assert_eq!((&*sm.short_message, sm.tlvs.get_u16(Tag::USER_MESSAGE_REFERENCE)), (&b"Hi"[..], Some(0x0CA3)));
        let alert = Command::Alert { system_id: owned("shop"), handset: owned("31612345678"), to: owned("12345") };
        assert_eq!(read("alert shop 31612345678 12345"), Ok(alert));
        assert!(matches!(read("outbind 127.0.0.1:2776 SMSC secret"), Ok(Command::Outbind { .. })));
        for wrong in [
            "",
            "message shop 1 2",
            "alert shop",
            "outbind nowhere SMSC secret",
            "unbind",
            "deliver shop",
            "deliver shop 0x",
            "deliver shop 0001",
        ] {
            assert_eq!(read(wrong), Err(Refused::Unreadable), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_said() {
        let carrier = SimulatedCarrier::new(Behaviour::default(), 1, Keep::Nothing);
        for line in ["message shop 1 2 Hi", "alert shop 1 2"] {
            let done = line.parse::<Command>().unwrap().perform(&carrier).await;
            assert_eq!(done, Err(Refused::Nobody("shop".to_owned())));
        }
    }
}
