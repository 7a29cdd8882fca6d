//! Which addresses a call may reach that a customer can name: none by which it would turn against what is behind us.
//!
//! The address that is dialled is the one that is looked at, after its name was resolved; and of a name every address
//! must pass, or one that is asked twice could answer the second time with another.

use crate::dispatch::door::plan::Subnet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(address: [u8; 4], bits: u8) -> Subnet {
    let [a, b, c, d] = address;
    Subnet { address: Ipv4Addr::new(a, b, c, d).to_ipv6_mapped().to_bits(), bits: 96 + bits }
}

const fn v6(address: [u16; 8], bits: u8) -> Subnet {
    let [a, b, c, d, e, f, g, h] = address;
    Subnet { address: Ipv6Addr::new(a, b, c, d, e, f, g, h).to_bits(), bits }
}

/// Networks of IPv4 that are no public ones (IANA's special-purpose registry, and multicast).
const REFUSED_4: &[Subnet] = &[
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// The same of IPv6; what has an address of IPv4 in it is looked at by that besides.
const REFUSED_6: &[Subnet] = &[
    v6([0; 8], 128),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// Networks in which machines of a cloud find their own keys: they are allowed by their own name alone, and not by that
/// of a network around them.
const OF_THE_MACHINE: &[Subnet] = &[
    v4([169, 254, 0, 0], 16),
    v4([100, 100, 100, 200], 32),
    v4([168, 63, 129, 16], 32),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
];

/// Whether a call may reach an address, where an operator has allowed these networks besides.
pub fn allows(address: IpAddr, allowed: &[Subnet]) -> bool {
    forms(address).into_iter().flatten().all(|it| {
        let of_machine = OF_THE_MACHINE.iter().filter(|own| own.contains(it)).map(|own| own.bits).min();
        let is_public = !REFUSED_4.iter().chain(REFUSED_6).any(|own| own.contains(it));
        // A network of the machine itself is named as narrowly as it is, at least.
        let named = |network: &Subnet| network.contains(it) && of_machine.is_none_or(|bits| bits <= network.bits);
        (is_public && of_machine.is_none()) || allowed.iter().any(named)
    })
}

/// An address, and that of IPv4 which it stands for, mapped: an address of IPv6 that only wraps another is judged by
/// what it wraps.
fn forms(address: IpAddr) -> [Option<u128>; 2] {
    let six = match address {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    };
    let four = |high: u16, low: u16| {
        let four = Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
        Some(four.to_ipv6_mapped().to_bits())
    };
    let wrapped = match six.segments() {
        // The form before the mapped one; NAT64 (RFC 6052), 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0, high, low] if 0 < high => four(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => four(high, low),
        _ => None,
    };
    [Some(six.to_bits()), wrapped]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, allowed: &[&str]) -> bool {
        let network = |it: &&str| {
            let (address, bits) = it.split_once('/').unwrap();
            let (address, bits): (IpAddr, u8) = (address.parse().unwrap(), bits.parse().unwrap());
            let bits = if address.is_ipv4() { 96 + bits } else { bits };
            Subnet { address: forms(address)[0].unwrap(), bits }
        };
        let allowed: Vec<_> = allowed.iter().map(network).collect();
        allows(text.parse().unwrap(), &allowed)
    }

    #[test]
    fn public_addresses_pass_and_no_others_in_whatever_form() {
        for public in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(of(public, &[]), "{public}");
        }
        for refused in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.9.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "5f00::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
        ] {
            assert!(!of(refused, &[]), "{refused}");
        }
    }

    #[test]
    fn one_bad_address_refuses_a_name() {
        let guard = crate::wire::transport::Guard { allowed: [].into() };
        let found = |all: &[&str]| all.iter().map(|it| it.parse().unwrap()).collect::<Vec<std::net::SocketAddr>>();
        assert!(guard.allows_all(&found(&["1.1.1.1:443", "[2606:4700::1111]:443"])));
        for bad in ["127.0.0.1:443", "[::1]:443", "169.254.169.254:443"] {
            assert!(
                !guard.allows_all(&found(&["1.1.1.1:443", bad])) && !guard.allows_all(&found(&[bad, "1.1.1.1:443"]))
            );
        }
    }

    #[test]
    fn a_network_that_is_named_opens_itself_and_never_that_of_the_machine() {
        assert!(of("127.0.0.1", &["127.0.0.0/8"]) && of("10.9.9.9", &["10.0.0.0/8"]) && of("::1", &["::1/128"]));
        assert!(of("::ffff:10.0.0.1", &["10.0.0.0/8"]), "by what it stands for");
        assert!(!of("10.0.0.1", &["10.1.0.0/16"]));
        for wide in ["0.0.0.0/0", "169.0.0.0/8"] {
            assert!(!of("169.254.169.254", &[wide]), "{wide}");
        }
        assert!(!of("fd00:ec2::254", &["fd00::/8"]) && !of("fe80::1", &["::/0"]));
        assert!(of("169.254.169.254", &["169.254.169.254/32"]) && of("fd00:ec2::254", &["fd00:ec2::254/128"]));
        assert!(of("fd00:ec2::255", &["fd00::/8"]));
    }
}
