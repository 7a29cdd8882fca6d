//! Addresses of services that are called over HTTP, as people write them.

use std::fmt;

/// Ports below the first that anybody may open, which services are behind that take calls of strangers.
const PORTS: [u16; 2] = [80, 443];

/// What stands in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl<'a> {
    /// Whether it begins with `https`.
    pub secure: bool,
    /// Whom to connect to.
    pub host: &'a str,
    /// On which port.
    pub port: u16,
    /// The host as a request names it: with the port, where one is written.
    pub named: &'a str,
    /// Path and query, with whatever stands in them.
    pub target: String,
}

/// Why a text is no such address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It has another scheme, or none.
    Scheme,
    /// This is no host; a name and a password are none.
    Host(Box<str>),
    /// Path and query have something in them that no request can say.
    Target,
    /// A stranger may not have this port called.
    Port(u16),
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("is not an address that begins with http:// or https://"),
            Self::Host(text) => write!(f, "{text:?} is not a host, or a host and a port"),
            Self::Port(port) => {
                write!(f, "port {port} is one of another service; 80, 443 and those from 1024 on may be called")
            }
            Self::Target => {
                f.write_str("has something other than printable ASCII behind its host; write %20 for a blank")
            }
        }
    }
}

impl<'a> HttpUrl<'a> {
    /// Reads it. A fragment is a fault of the path: nobody is sent it.
    pub fn parse(url: &'a str) -> Result<Self, UrlError> {
        let split = url.split_once("://").map(|(scheme, rest)| {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            (scheme, &rest[..end], &rest[end..])
        });
        let (secure, named, target) = match split {
            Some(("https", host, target)) => (true, host, target),
            Some(("http", host, target)) => (false, host, target),
            _ => return Err(UrlError::Scheme),
        };
        let port = named.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
        let host = port.map_or(named, |it| it.0);
        let plain = host.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._[]:".contains(&it));
        let port = match port.map(|it| it.1.parse::<u16>()) {
            None if secure => 443,
            None => 80,
            Some(Ok(port)) => port,
            Some(Err(_)) => 0,
        };
        if host.is_empty() || !plain || port == 0 {
            return Err(UrlError::Host(named.into()));
        }
        let sayable = |it: u8| it.is_ascii_graphic() && it != b'#';
        if !target.bytes().all(sayable) {
            return Err(UrlError::Target);
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { secure, host, port, named, target })
    }

    /// `host:port`, to connect to.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Who is called, whatever for: scheme, host and port in one form.
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host.to_ascii_lowercase(), self.port)
    }

    /// Whether a stranger may have this port called; that of another service is not for him.
    pub fn check_port(&self) -> Result<(), UrlError> {
        if 1_024 <= self.port || PORTS.contains(&self.port) { Ok(()) } else { Err(UrlError::Port(self.port)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let url = HttpUrl::parse("https://Shop.example/sms?key=%20a").unwrap();
        assert_eq!((url.secure, url.host, url.port, url.named), (true, "Shop.example", 443, "Shop.example"));
        assert_eq!((&*url.target, &*url.origin()), ("/sms?key=%20a", "https://shop.example:443"));
        let url = HttpUrl::parse("http://[::1]:8080?a").unwrap();
        assert_eq!((url.authority(), &*url.target, url.named), ("[::1]:8080".to_owned(), "/?a", "[::1]:8080"));
        for (url, port) in [("http://a", Ok(())), ("https://a", Ok(())), ("http://a:1023", Err(UrlError::Port(1_023)))]
        {
            assert_eq!(HttpUrl::parse(url).unwrap().check_port(), port, "{url}");
        }
        assert_eq!(HttpUrl::parse("http://a:1024").unwrap().check_port(), Ok(()));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (bad, why) in [
            ("", UrlError::Scheme),
            ("ftp://a", UrlError::Scheme),
            ("HTTP://a", UrlError::Scheme),
            ("http://", UrlError::Host("".into())),
            ("http://:80/", UrlError::Host(":80".into())),
            ("http://a:0/", UrlError::Host("a:0".into())),
            ("http://a:65536/", UrlError::Host("a:65536".into())),
            ("http://user:word@a/", UrlError::Host("user:word@a".into())),
            ("http://a b/", UrlError::Host("a b".into())),
            ("http://a/\r\nx: y", UrlError::Target),
            ("http://a/b c", UrlError::Target),
            ("http://a/#b", UrlError::Target),
            ("http://a/λ", UrlError::Target),
        ] {
            assert_eq!(HttpUrl::parse(bad), Err(why), "{bad}");
        }
    }
}
