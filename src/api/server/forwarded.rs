//! `Forwarded` (RFC 7239) and `X-Forwarded-For`, as proxies that are believed write them.
//!
//! Each proxy adds at the end whom it got the request from. What stands there is true as far as believed proxies have
//! written it: the client is the last that is no such proxy, and what stands before it is what the client said.

use crate::api::handler::problem::{Kind, Problem};
use crate::api::server::options::Subnets;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whom the proxies name; `None` where they name nobody, or hide who it is.
///
/// Where both headers are there and do not agree, one of them is the client's own, and which of them is not known.
pub(crate) fn client(headers: &HeaderMap, proxies: &Subnets) -> Result<Option<IpAddr>, Problem> {
    let standard = last(items(headers, &header::FORWARDED).map(|it| it.map_or(Hop::Unknown, element)), proxies);
    let usual = last(items(headers, &X_FORWARDED_FOR).map(|it| it.map_or(Hop::Unknown, address)), proxies);
    match (standard, usual) {
        (Some(one), Some(other)) if one != other => {
            let detail =
                "Forwarded and X-Forwarded-For name different clients: the proxy has to take one of them away.";
            Err(Problem::new(Kind::InvalidHeader, detail))
        }
        (one, other) => Ok(match one.or(other) {
            Some(Hop::At(address)) => Some(address),
            Some(Hop::Unknown) | None => None,
        }),
    }
}

/// One that a proxy got a request from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hop {
    At(IpAddr),
    /// It is hidden, or written as nobody writes it.
    Unknown,
}

/// The last hop, as they come from the last on, that is no proxy that is believed.
fn last(hops: impl Iterator<Item = Hop>, proxies: &Subnets) -> Option<Hop> {
    let mut nearest = None;
    for hop in hops {
        nearest = Some(hop);
        match hop {
            Hop::At(address) if proxies.hold(address) => {}
            Hop::At(_) | Hop::Unknown => break,
        }
    }
    nearest
}

/// The items of a list over all lines of a header, the last first; `None` for those of a line that is no text.
fn items<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'h str>> {
    let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
    lines.into_iter().rev().flat_map(|line| match line.to_str() {
        Ok(text) => text.rsplit(',').map(str::trim).filter(|it| !it.is_empty()).map(Some).collect(),
        Err(_) => vec![None],
    })
}

/// An element of `Forwarded`: pairs between semicolons, of which `for` counts. A comma or a semicolon in quotes is none
/// of an address, so that what it makes of one is unknown.
fn element(text: &str) -> Hop {
    let pairs = text.split(';').filter_map(|it| it.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    match (named.next(), named.next()) {
        (Some((_, value)), None) => {
            let value = value.trim();
            address(value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(value))
        }
        _ => Hop::Unknown,
    }
}

/// An address, perhaps with a port, IPv6 perhaps in brackets.
fn address(text: &str) -> Hop {
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|it| it.ip()));
    address.map_or(Hop::Unknown, |it| Hop::At(it.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::door::plan::Subnet;
    use std::net::Ipv4Addr;

    fn of(lines: &[(&'static str, &'static str)]) -> Result<Option<String>, Kind> {
        let ten = Subnet { address: Ipv4Addr::new(10, 0, 0, 0).to_ipv6_mapped().to_bits(), bits: 96 + 8 };
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let client = client(&headers, &Subnets(vec![ten])).map_err(|it| it.kind);
        client.map(|it| it.map(|it| it.to_string()))
    }

    #[test]
    fn the_client_is_the_last_that_is_no_proxy() {
        let is = |name, line, client: &str| assert_eq!(of(&[(name, line)]), Ok(Some(client.into())), "{line}");
        is("x-forwarded-for", "192.0.2.1", "192.0.2.1");
        is("x-forwarded-for", "192.0.2.1, 10.0.0.1", "192.0.2.1");
        is("x-forwarded-for", "203.0.113.9, 192.0.2.1:4711 ,10.0.0.1,", "192.0.2.1");
        is("x-forwarded-for", "10.0.0.1", "10.0.0.1");
        is("x-forwarded-for", "::ffff:192.0.2.1", "192.0.2.1");
        is("forwarded", "for=192.0.2.1;proto=https", "192.0.2.1");
        is("forwarded", "for=203.0.113.9, By=10.0.0.1; For=\"[2001:db8::1]:4711\"", "2001:db8::1");
        is("forwarded", "for=\"[2001:db8::1]\",for=10.1.1.1", "2001:db8::1");
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(of(&lines), Ok(Some("192.0.2.1".into())));
    }

    #[test]
    fn what_is_hidden_is_nobody_and_what_stands_before_it_is_not_asked() {
        assert_eq!(of(&[]), Ok(None));
        for line in
            ["for=unknown", "for=_x", "for=192.0.2.1, for=_hidden", "proto=https", "for=a;for=b", "for=\"1, 2\""]
        {
            assert_eq!(of(&[("forwarded", line)]), Ok(None), "{line}");
        }
        assert_eq!(of(&[("x-forwarded-for", "192.0.2.1, unknown")]), Ok(None));
    }

    #[test]
    fn two_headers_agree_or_are_refused() {
        let both = |one, other| of(&[("forwarded", one), ("x-forwarded-for", other)]);
        assert_eq!(both("for=192.0.2.1", "192.0.2.1"), Ok(Some("192.0.2.1".into())));
        assert_eq!(both("for=192.0.2.2", "192.0.2.1"), Err(Kind::InvalidHeader));
        assert_eq!(both("for=unknown", "192.0.2.1"), Err(Kind::InvalidHeader));
    }
}
