//! What is probably wrong with a connection that came to nothing, and which key of the carrier to change.

use crate::session::output::CloseReason;
use crate::smpp::frame::FrameError;
use crate::smpp::status::CommandStatus;
use crate::wire::driver::Ended;
use crate::wire::tls::{TlsError, alert};
use crate::wire::transport::{ConnectError, Refusal};
use rustls::{AlertDescription, CertificateError};

const PLAIN: &str = "this port seems to speak plain SMPP: set tls = false, or write the port for TLS into address";
const SECURED: &str = "this port speaks TLS: set tls = true, or write the port for plain SMPP into address";
const PERHAPS_SECURED: &str =
    "perhaps the carrier does not let this address in, or the port speaks TLS: then set tls = true";
const ISSUER: &str =
    "name the file of the carrier's CA in tls.ca_file, or the SHA-256 of its certificate in tls.pin_sha256";
const NAME: &str = "write the name that is in the certificate into tls.server_name";
const EXPIRED: &str = "the carrier has to renew its certificate";
const PIN: &str = "if the carrier says that this is its new certificate, write this SHA-256 into tls.pin_sha256 too";
const IDENTITY: &str =
    "the carrier wants a certificate of yours, or another one: set tls.client_certificate and tls.client_key";
const VERSION: &str =
    "no version of TLS is spoken by both: look at tls.min_version, and ask the carrier for 1.2 or 1.3";

const NAME_UNKNOWN: &str =
    "the name in address is not known: look for a slip in it, and at the name server of this machine";
const CLOSED: &str = "nobody listens there: compare address with what the carrier wrote, and ask whether it is down";
const UNREACHED: &str =
    "nothing comes back: look at the firewall, and ask the carrier whether it lets the address of this machine in";
const PASSWORD: &str = "the carrier does not take the password: compare system_id and password with what it gave you";
const SYSTEM_ID: &str = "the carrier does not know this system_id: compare it with what it gave you";
const SYSTEM_TYPE: &str = "the carrier wants another system_type: ask for it";
const ALREADY: &str =
    "the carrier has another session of this login: end what else uses it, or lower binds to what it allows";
const BIND: &str = "the carrier refuses this login: ask whether it is active, from which addresses it may come, and how many binds it has";

/// Of a bind that was refused.
const fn of_refusal(status: CommandStatus) -> Option<&'static str> {
    match status {
        CommandStatus::InvalidPassword => Some(PASSWORD),
        CommandStatus::InvalidSystemId => Some(SYSTEM_ID),
        CommandStatus::InvalidSystemType => Some(SYSTEM_TYPE),
        CommandStatus::AlreadyBound => Some(ALREADY),
        CommandStatus::BindFailed => Some(BIND),
        _ => None,
    }
}

/// Of a connection that was not made; the last address decides.
pub(super) fn of_connect(error: &ConnectError) -> Option<&'static str> {
    match &error.tries.last()?.why {
        Refusal::Tls(why) => of_tls(why),
        Refusal::Name(_) | Refusal::NameTimeout => Some(NAME_UNKNOWN),
        Refusal::Tcp(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Some(CLOSED),
        Refusal::TcpTimeout => Some(UNREACHED),
        Refusal::Tcp(_) | Refusal::Blocked => None,
    }
}

fn of_tls(error: &TlsError) -> Option<&'static str> {
    match error {
        TlsError::PlainText | TlsError::Closed | TlsError::Timeout => Some(PLAIN),
        TlsError::NotPinned(_) => Some(PIN),
        TlsError::Refused(why) => of_alert(*why),
        TlsError::Untrusted(why) => match why {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Some(NAME),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(EXPIRED),
            _ => Some(ISSUER),
        },
        TlsError::Handshake(error) => match error.get_ref()?.downcast_ref::<rustls::Error>()? {
            rustls::Error::PeerIncompatible(_) => Some(VERSION),
            _ => None,
        },
        _ => None,
    }
}

const fn of_alert(why: AlertDescription) -> Option<&'static str> {
    match why {
        AlertDescription::ProtocolVersion => Some(VERSION),
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError
        | AlertDescription::HandshakeFailure => Some(IDENTITY),
        AlertDescription::UnrecognisedName => Some(NAME),
        _ => None,
    }
}

/// Of a session that ended before it was bound.
pub(super) fn of_end(ended: &Ended, tls: bool) -> Option<&'static str> {
    match ended {
        Ended::Closed(CloseReason::BindRefused(status)) => of_refusal(*status),
        Ended::Garbled(FrameError::TooLong(_, Some("TLS"))) if !tls => Some(SECURED),
        Ended::Closed(CloseReason::PeerClosed | CloseReason::BindTimeout) if !tls => Some(PERHAPS_SECURED),
        Ended::Broken(_) if !tls => Some(PERHAPS_SECURED),
        Ended::Broken(error) => alert(error).and_then(of_alert),
        _ => None,
    }
}
