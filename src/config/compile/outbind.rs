//! Carriers that connect to us and ask for the bind by `outbind`.

use crate::config::error::Findings;
use crate::config::schema::carrier::{Carrier, TlsChoice};
use crate::link::options::OutbindListener;
use crate::smpp::bind;
use crate::smpp::cstring::CString;
use crate::smpp::writer::PASSWORD_MAX;
use std::net::SocketAddr;

/// Where the carrier at `path` is waited for, if it connects to us.
pub fn compile(path: &str, written: &Carrier, findings: &mut Findings) -> Option<OutbindListener> {
    let outbind = written.outbind.as_ref()?;
    let at = |key: &str| format!("{path}.outbind.{key}");
    if !matches!(written.bind.as_deref(), None | Some("transceiver" | "receiver")) || 1 < written.binds.unwrap_or(1) {
        findings.fault(&format!("{path}.outbind"), "an outbind is answered by one transceiver or one receiver");
    }
    if !matches!(written.tls, None | Some(TlsChoice::Plain(false))) {
        findings.fault(&format!("{path}.outbind"), "a connection that the carrier makes is plain: remove tls");
    }
    let (name, word) = (outbind.system_id.as_str(), outbind.password.expose().as_str());
    if 15 < name.len() || PASSWORD_MAX < word.len() || [name, word].iter().any(|it| it.contains('\0')) {
        findings.fault(&at("system_id"), "has at most 15 octets, its password at most 32, and no NUL");
    }
    let login = bind::Outbind { system_id: CString::from(name), password: CString::from(word) };
    let Ok(listen) = outbind.listen.parse::<SocketAddr>() else {
        let message = format!("{:?} is not an address and a port, such as \"0.0.0.0:2776\"", outbind.listen);
        findings.fault(&at("listen"), message);
        return None;
    };
    Some(OutbindListener { listen, login })
}
