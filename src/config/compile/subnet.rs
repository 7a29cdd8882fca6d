//! Networks as they are written.

use crate::config::error::Findings;
use crate::dispatch::door::plan::Subnet;
use std::net::IpAddr;

/// Networks, or single addresses.
pub(super) fn networks(path: &str, written: &[String], findings: &mut Findings) -> Vec<Subnet> {
    let mut networks = Vec::new();
    for text in written {
        match network(text) {
            Some(it) => networks.push(it),
            None => {
                let message = format!("{text:?} is not a network such as \"127.0.0.0/8\" or \"2001:db8::/32\"");
                findings.fault(path, message);
            }
        }
    }
    networks
}

fn network(text: &str) -> Option<Subnet> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let (mapped, width) = match address {
        IpAddr::V4(it) => (it.to_ipv6_mapped(), 32),
        IpAddr::V6(it) => (it, 128),
    };
    let bits: u8 = bits.map_or(Some(width), |it| it.parse().ok()).filter(|it| *it <= width)?;
    Some(Subnet { address: u128::from(mapped), bits: 128 - width + bits })
}
