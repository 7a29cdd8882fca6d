//! What HTTP demands of the head of a request, whatever is asked for.
//!
//! A request that a proxy and the gateway may read differently is a way past the proxy: it is refused, and its
//! connection closed, since what follows may not be what either takes it for (RFC 9112, 11.2). hyper refuses the worst
//! of itself: a head that is none, a `Transfer-Encoding` whose last coding is not chunked or that comes by HTTP/1.0,
//! several lengths. Where both a length and chunks are named the chunks count, and it closes.

use crate::api::handler::problem::{Kind, Problem};
use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Version, header};
use axum::response::{IntoResponse, Response};

/// The answer to a request that is not to be read any further.
pub(crate) fn refused(request: &Request) -> Option<Response> {
    let ends = framing(request.version(), request.headers()).map(|it| (it, true));
    let (problem, closes) = ends.or_else(|| content(request).map(|it| (it, false)))?;
    let mut response = problem.into_response();
    if closes {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Some(response)
}

/// What may make two requests of one.
fn framing(version: Version, headers: &HeaderMap) -> Option<Problem> {
    let invalid = |detail: &'static str| Some(Problem::new(Kind::InvalidHeader, detail));
    // RFC 9112, 3.2; by HTTP/2 the name comes in :authority, and HTTP/1.0 has none.
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => return invalid("The header Host is missing."),
        (Some(_), Some(_)) => return invalid("There are several Host headers."),
        (Some(host), None) if !is_host(host.as_bytes()) => return invalid("The header Host names no host."),
        _ => {}
    }
    // RFC 9112, 6.1. hyper has seen to it that the last coding is chunked; nobody here understands those before it.
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => None,
        (Some(only), None) if only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => None,
        _ => Some(Problem::new(Kind::CodingUnknown, "The only Transfer-Encoding that is taken is chunked.")),
    }
}

/// A body that is not what it says (RFC 9110, 8.4): it is taken as it is or not at all.
fn content(request: &Request) -> Option<Problem> {
    let encoded = |line: &HeaderValue| {
        let mut codings = line.as_bytes().split(|it| *it == b',').map(<[u8]>::trim_ascii);
        !codings.all(|it| it.is_empty() || it.eq_ignore_ascii_case(b"identity"))
    };
    let mut lines = request.headers().get_all(header::CONTENT_ENCODING).iter();
    // What has no body is not encoded, whatever a client says of all that it sends.
    let refused = lines.any(encoded) && !request.body().is_end_stream();
    refused.then(|| Problem::new(Kind::ContentCoded, "A body is taken without Content-Encoding only."))
}

/// Whether it is `uri-host [ ":" port ]` (RFC 9110, 7.2, and RFC 3986, 3.2.2), which may be empty.
fn is_host(text: &[u8]) -> bool {
    if let Some(literal) = text.strip_prefix(b"[") {
        let end = literal.iter().position(|it| *it == b']').unwrap_or(0);
        let (address, port) = literal.split_at(end);
        let known = !address.is_empty() && address.iter().all(|it| is_of_name(*it) || *it == b':');
        return known && (port == b"]" || is_port(&port[1..]));
    }
    let (name, port) = text.split_at(text.iter().position(|it| *it == b':').unwrap_or(text.len()));
    let mut octets = name.iter();
    while let Some(octet) = octets.next() {
        let mut digit = || octets.next().is_some_and(u8::is_ascii_hexdigit);
        let fits = if *octet == b'%' { digit() && digit() } else { is_of_name(*octet) };
        if !fits {
            return false;
        }
    }
    port.is_empty() || is_port(port)
}

fn is_of_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&octet)
}

/// A colon and digits, or a colon alone.
fn is_port(text: &[u8]) -> bool {
    text.split_first().is_some_and(|(colon, digits)| *colon == b':' && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn of(version: Version, lines: &[(&'static str, &'static str)]) -> Option<Kind> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        framing(version, &headers).map(|it| it.kind)
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_perhaps() {
        for good in
            ["a", "", "a:", "a:80", "sms.example.org:8080", "127.0.0.1", "[::1]", "[::1]:80", "a_b", "%41", "a,b"]
        {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "a b", "a/b", "a@b", "a:b", "a:1:2", "::1", "[::1", "[]", "[::1]x", "a?", "a#", "%4", "%4g", "\u{e9}",
            "<a>", "a\\",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn one_host_by_http_1_1_and_none_by_the_others() {
        for version in [Version::HTTP_10, Version::HTTP_2] {
            assert_eq!(of(version, &[]), None);
            assert_eq!(of(version, &[("host", "a"), ("host", "a")]), Some(Kind::InvalidHeader));
        }
        assert_eq!(of(Version::HTTP_11, &[]), Some(Kind::InvalidHeader));
        assert_eq!(of(Version::HTTP_11, &[("host", "a")]), None);
    }

    #[test]
    fn chunked_is_the_only_transfer_coding() {
        let of = |lines: &[&'static str]| {
            let lines = lines.iter().map(|it| ("transfer-encoding", *it));
            of(Version::HTTP_11, &[("host", "a")].into_iter().chain(lines).collect::<Vec<_>>())
        };
        assert_eq!(of(&["chunked"]), None);
        assert_eq!(of(&[" Chunked\t"]), None);
        for bad in [
            &["gzip, chunked"][..],
            &["gzip", "chunked"],
            &["chunked", "chunked"],
            &["chunked, chunked"],
            &["identity"],
        ] {
            assert_eq!(of(bad), Some(Kind::CodingUnknown), "{bad:?}");
        }
    }
}
