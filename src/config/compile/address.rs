//! The address of a carrier: a host and a port, and nothing else.

/// What is wrong with an address, and how to mend it.
pub fn check(text: &str) -> Result<(), String> {
    if text.trim() != text {
        return Err(format!("{text:?} has a blank before or behind it"));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return Err(with_scheme(text, scheme, rest));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if bare.is_none() && host.contains(':') {
        return Err(format!("{text:?}: an address of IPv6 stands in brackets, as \"[2001:db8::1]:2775\""));
    }
    let plain = match bare {
        Some(it) => it.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._".contains(&it)),
    };
    let digits = port.bytes().all(|it| it.is_ascii_digit());
    let port = port.parse::<u16>().ok().filter(|it| digits && *it != 0);
    if host.is_empty() || !plain || port.is_none() {
        return Err(format!("{text:?} is not a host and a port, such as \"smpp.acme.example:2775\""));
    }
    Ok(())
}

fn with_scheme(text: &str, scheme: &str, rest: &str) -> String {
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:2775") };
    let secure = ["ssmpp", "smpps", "smpp+tls", "tls", "ssl", "https"].contains(&&*scheme.to_lowercase());
    let tls = if secure { ", and tls = true beside it" } else { "; TLS is tls = true" };
    format!("{text:?}: an address is a host and a port without a scheme: write {host:?}{tls}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in ["smpp.acme.example:2775", "127.0.0.1:1", "[::1]:2775", "[2001:db8::1]:3550", "host_1:65535"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let rows = [
            ("smpp://a.example:2776", "write \"a.example:2776\"; TLS is tls = true"),
            ("tcp://a.example", "write \"a.example:2775\"; TLS is tls = true"),
            ("ssmpp://a.example:3550/x", "write \"a.example:3550\", and tls = true beside it"),
            ("TLS://a.example:3550", "and tls = true beside it"),
            (" a.example:2775", "has a blank"),
            ("a.example:2775\t", "has a blank"),
            ("::1:2775", "stands in brackets"),
            ("a.example", "is not a host and a port"),
            ("a.example:", "is not a host and a port"),
            ("a.example:0", "is not a host and a port"),
            ("a.example:+5", "is not a host and a port"),
            ("a.example:99999", "is not a host and a port"),
            (":2775", "is not a host and a port"),
            ("a b:2775", "is not a host and a port"),
            ("[x]:2775", "is not a host and a port"),
            ("", "is not a host and a port"),
        ];
        for (bad, words) in rows {
            let said = check(bad).unwrap_err();
            assert!(said.contains(words), "{bad}: {said}");
        }
    }
}
