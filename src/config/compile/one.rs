//! One carrier, while it is compiled, whatever it speaks.

use crate::config::compile::password::Sources;
use crate::config::compile::service::wait;
use crate::config::error::Findings;
use crate::config::schema::carrier as written;
use crate::config::units::Span;
use crate::session::window::ALLOCATED_MAX;
use std::net::IpAddr;
use std::time::Duration;

/// More than any carrier allows; each place in a window holds a message in memory.
pub(super) const WINDOW_MAX: u64 = 10_000;
// A window that can be configured never allocates while it is in use.
const _: () = assert!(WINDOW_MAX as usize <= ALLOCATED_MAX);

/// One carrier, while it is compiled.
pub(super) struct One<'a, 'f> {
    pub(super) written: &'a written::Carrier,
    pub(super) path: String,
    pub(super) findings: &'f mut Findings,
}

impl<'a> One<'a, '_> {
    /// Where its password comes from.
    pub(super) const fn password(&self) -> Sources<'a> {
        let written = self.written;
        Sources {
            key: "password",
            text: written.password.as_ref(),
            file: written.password_file.as_ref(),
            env: written.password_env.as_ref(),
            credential: written.password_credential.as_ref(),
        }
    }
}

impl One<'_, '_> {
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    pub(super) fn wait(&mut self, key: &str, written: Option<Span>, default: Duration) -> Duration {
        wait(&self.at(key), written, default, self.findings)
    }
}

/// The address to connect from; `None` where the system chooses.
pub(super) fn address_of(path: &str, written: Option<&str>, findings: &mut Findings) -> Option<IpAddr> {
    let text = written.filter(|it| !it.is_empty())?;
    let address = text.parse().ok();
    if address.is_none() {
        findings.fault(path, format!("{text:?} is not an IP address"));
    }
    address
}
