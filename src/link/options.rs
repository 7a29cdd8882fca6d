//! What one link needs to know: where, who, how fast, and what to do when it is lost.

use crate::carrier::dialect::Dialect;
use crate::carrier::esme::EsmeSettings;
use crate::carrier::intake;
use crate::carrier::report::News;
use crate::link::channels::Room;
use crate::message::id::{CarrierId, LinkId};
use crate::session;
use crate::session::version::Version;
use crate::smpp::bind::{self, Bind, BindKind};
use crate::smpp::cstring::CString;
use crate::wire::passage::Passage;
use crate::wire::secret::Secret;
use crate::wire::tls::TlsClient;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// One bind at a carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Its carrier, and its place among the carrier's binds; those that submit come first.
    pub id: LinkId,
    /// The configured name of the carrier.
    pub carrier: Box<str>,
    /// What it does: submit, receive, or both.
    pub kind: BindKind,
    /// `host:port` each, tried in order.
    pub addresses: Vec<Box<str>>,
    /// The carrier connects to us instead and asks for the bind.
    pub outbind: Option<OutbindListener>,
    /// The address that connections come from, where the carrier cares.
    pub local_address: Option<IpAddr>,
    /// TLS, where the carrier speaks it. All binds of a carrier share one, and the sessions in it.
    pub tls: Option<TlsClient>,
    /// Leads to a carrier in this process, in place of every address.
    pub passage: Option<Passage>,
    /// How long a connection may take, TLS included. Default 10 s.
    pub connect_timeout: Duration,
    /// How long a write may stand still before the link counts as dead. Default 10 s.
    pub write_timeout: Duration,
    /// The longest PDU that is read. Default 72 KiB: a full `message_payload` and its surroundings.
    pub max_pdu: usize,
    /// What the bind says.
    pub credentials: Credentials,
    /// Windows and timers of the session.
    pub session: session::options::Options,
    /// Intents that may run ahead of the window: 0 to its width, which is the default.
    pub ahead: usize,
    /// How much of what the carrier sends may wait for the commit.
    pub intake: intake::Options,
    /// How long to wait before the next try.
    pub reconnect: Reconnect,
    /// The habits of the carrier.
    pub dialect: Arc<Dialect>,
}

/// Where a carrier connects to that asks for its bind by `outbind` (3.4 section 2.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutbindListener {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// What its `outbind` must say: the answer to it is our own password.
    pub login: bind::Outbind,
}

/// What the bind says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The login.
    pub system_id: Box<str>,
    /// Its password.
    pub password: Secret<Box<str>>,
    /// The kind of application; mostly empty.
    pub system_type: Box<str>,
    /// The version of SMPP that is spoken.
    pub interface_version: Version,
    /// Type, plan and pattern of the numbers that are received here; mostly empty.
    pub address_range: (u8, u8, Box<str>),
}

/// How long to wait before the next try. All waits have jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// After the first failure; doubled each time. Default 1 s.
    pub base: Duration,
    /// At most. Default 60 s.
    pub max: Duration,
    /// After ESME_RALYBND: the carrier has not yet noticed that the old session is gone. Default 30 s.
    pub already_bound: Duration,
    /// After refused credentials, which seldom mend by themselves. Default 60 s.
    pub refused: Duration,
}

impl Options {
    /// A link with everything at its default but what has none.
    pub fn new(carrier: Box<str>, addresses: Vec<Box<str>>, credentials: Credentials) -> Self {
        let session = session::options::Options::default();
        Self {
            id: LinkId { carrier: CarrierId(0), bind: 0 },
            carrier,
            kind: BindKind::Transceiver,
            addresses,
            outbind: None,
            local_address: None,
            tls: None,
            passage: None,
            connect_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            max_pdu: 72 * 1024,
            credentials,
            ahead: session.window,
            intake: intake::Options::default(),
            session,
            reconnect: Reconnect::default(),
            dialect: Arc::new(Dialect::default()),
        }
    }

    /// What it may hold at once.
    pub const fn room(&self) -> Room {
        // The last one may begin where the buffer is nearly full.
        let inbound = self.intake.buffer / News::OCTETS_MIN + 1;
        Room { window: self.session.window, ahead: self.ahead, inbound }
    }

    /// Whether a session that was begun with these options goes on where they are changed to others. This is the table
    /// of what needs a new one; what is taken apart here and not compared is taken up by the session that runs.
    pub fn outlasts(&self, new: &Self) -> bool {
        let Self {
            // Who it is, and where.
            id,
            carrier,
            kind,
            addresses,
            outbind,
            local_address,
            tls,
            passage,
            credentials,
            // What a session is told when it begins: its windows, its timers, its socket.
            session,
            ahead,
            intake,
            write_timeout,
            max_pdu,
            // Of the next connection.
            connect_timeout: _,
            reconnect: _,
            // Looked at anew for each message, answer and receipt.
            dialect: _,
        } = self;
        let same = (*id, carrier, *kind, addresses, outbind, *local_address, tls, passage)
            == (
                new.id,
                &new.carrier,
                new.kind,
                &new.addresses,
                &new.outbind,
                new.local_address,
                &new.tls,
                &new.passage,
            );
        same && (credentials, session, *ahead, intake, *write_timeout, *max_pdu)
            == (&new.credentials, &new.session, new.ahead, &new.intake, new.write_timeout, new.max_pdu)
    }

    /// How its sessions are held.
    pub fn settings(&self) -> EsmeSettings {
        EsmeSettings {
            kind: self.kind,
            bind: self.credentials.bind(),
            inviter: self.outbind.as_ref().map(|it| it.login.clone()),
            session: self.session.clone(),
            ahead: self.ahead,
            intake: self.intake.clone(),
            dialect: self.dialect.clone(),
        }
    }

    /// Whether it takes messages to the carrier.
    pub const fn submits(&self) -> bool {
        !matches!(self.kind, BindKind::Receiver)
    }
}

impl Credentials {
    /// The body of the bind request.
    pub fn bind(&self) -> Bind {
        let text = |it: &str| CString::from(it);
        let (addr_ton, addr_npi, range) = &self.address_range;
        Bind {
            system_id: text(&self.system_id),
            password: text(self.password.expose()),
            system_type: text(&self.system_type),
            interface_version: self.interface_version.octet(),
            addr_ton: *addr_ton,
            addr_npi: *addr_npi,
            address_range: text(range),
        }
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            max: Duration::from_secs(60),
            already_bound: Duration::from_secs(30),
            refused: Duration::from_secs(60),
        }
    }
}
