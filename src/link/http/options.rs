//! What a link over HTTP needs to know: where, what is asked, and what the answers mean.

use crate::carrier::dialect::Dialect;
use crate::carrier::http::answer::Table;
use crate::carrier::http::request::{Constants, Shape};
use crate::link::channels::Room;
use crate::link::http::lack_log::LackLog;
use crate::link::options::Reconnect;
use crate::message::id::LinkId;
use crate::message::veil::Veil;
use crate::wire::client::BODY_MAX;
use crate::wire::secret::Secret;
use crate::wire::tls::TlsClient;
use std::sync::Arc;
use std::time::Duration;

/// One of the links to a carrier over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Its carrier, and its place among the carrier's links.
    pub id: LinkId,
    /// The configured name of the carrier.
    pub carrier: Box<str>,
    /// `host:port`.
    pub address: Box<str>,
    /// What requests name as their host.
    pub host: Box<str>,
    /// TLS, where the address is `https`. All links of a carrier share one.
    pub tls: Option<TlsClient>,
    /// How long a connection may take, TLS included. Default 10 s.
    pub connect_timeout: Duration,
    /// How long an answer may take. Default 60 s.
    pub response_timeout: Duration,
    /// Requests that may be unanswered. Default 10.
    pub window: usize,
    /// Messages that are made durable beyond those, so that a free place does not wait for the disk.
    pub ahead: usize,
    /// How long to wait before the next try.
    pub reconnect: Reconnect,
    /// What is asked.
    pub shape: Arc<Shape>,
    /// What the answers mean.
    pub answers: Arc<Table>,
    /// Of what these have lacked the log has told.
    pub told: LackLog,
    /// The login.
    pub system_id: Box<str>,
    /// Its password, token or key.
    pub password: Secret<Box<str>>,
    /// Where receipts are taken; empty where none are. It has the secret of the hook in it.
    pub receipt_url: Secret<Box<str>>,
    /// The habits of the carrier.
    pub dialect: Arc<Dialect>,
}

/// Octets of an answer for each recipient of a request: several times what carriers write.
const ANSWER_OCTETS: usize = 1_024;

impl Options {
    /// Whether a link with these options goes on where they are changed to others: its connections and its room are
    /// those that it began with, what is asked and what the answers mean is looked at anew for each request.
    pub fn outlasts(&self, new: &Self) -> bool {
        let Self {
            id,
            carrier,
            address,
            host,
            tls,
            connect_timeout,
            response_timeout,
            window,
            ahead,
            shape,
            answers: _,
            told: _,
            reconnect: _,
            system_id: _,
            password: _,
            receipt_url: _,
            dialect: _,
        } = self;
        let same = (*id, carrier, address, host, tls) == (new.id, &new.carrier, &new.address, &new.host, &new.tls);
        let room = (*window, *ahead, shape.batch) == (new.window, new.ahead, new.shape.batch);
        same && room && (*connect_timeout, *response_timeout) == (new.connect_timeout, new.response_timeout)
    }

    /// Octets of an answer that are read: it may have something to say of each of a whole batch.
    pub fn answer_max(&self) -> usize {
        BODY_MAX.max(self.shape.batch * ANSWER_OCTETS)
    }

    /// What it may hold at once: each request may be for a whole batch.
    pub fn room(&self) -> Room {
        Room { window: self.window * self.shape.batch, ahead: self.ahead, inbound: 1 }
    }

    /// What is the same in every request.
    pub fn constants<'a>(&'a self, veil: &'a Veil) -> Constants<'a> {
        Constants {
            system_id: &self.system_id,
            password: self.password.expose(),
            receipt_url: self.receipt_url.expose(),
            veil,
        }
    }
}
