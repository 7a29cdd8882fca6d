//! Lines of a head end with CR and LF.
//!
//! hyper takes an LF alone for the end of a line, as RFC 9112, 2.2, allows; a proxy before it may take it for a part of
//! the line, and the two see other headers, or another number of requests. Such an LF is made a NUL before hyper reads
//! it, which no head may have, so that hyper refuses the head with 400 and closes. To tell heads from bodies the
//! framing of requests is followed, of which hyper takes nothing that is not said plainly; where it will refuse what
//! comes this stops looking.

use crate::api::server::options::HEAD_MAX;

/// Octets of a line that came in several reads; hyper refuses a longer head.
const LINE_MAX: usize = HEAD_MAX;

/// The end of a head that was spoilt.
pub(crate) const END: &[u8] = b"\n\n";

/// Follows what a client sends on one connection.
pub(crate) struct LineEnds {
    state: State,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    framing: Framing,
}

#[derive(Clone, Copy)]
enum State {
    /// Before the first line of a head: blank lines may come before it.
    Start,
    /// In a head.
    Head,
    /// In a body, or in the data of a chunk and the line end behind it: so many octets are to come.
    Data { left: u64, then: Then },
    /// In the line that begins a chunk.
    Size,
    /// Behind the last chunk.
    Trailer,
    /// It is not HTTP/1, or hyper closes.
    Off,
}

#[derive(Clone, Copy)]
enum Then {
    Request,
    Chunk,
}

/// What a head says of the length of its body.
#[derive(Clone, Copy, Default)]
struct Framing {
    length: Option<u64>,
    chunked: bool,
}

impl LineEnds {
    pub(crate) const fn new() -> Self {
        Self { state: State::Start, line: Vec::new(), framing: Framing { length: None, chunked: false } }
    }

    /// Looks at what comes next, and spoils it where it is a line of a head that ends with LF alone; whether it did.
    /// hyper looks at a head once it has an end, which is then still to come: [`END`].
    pub(crate) fn look(&mut self, octets: &mut [u8]) -> bool {
        let mut at = 0;
        while at < octets.len() {
            match self.state {
                State::Off => return false,
                State::Data { left, then } => {
                    let here = left.min((octets.len() - at) as u64);
                    at += here as usize;
                    self.state = match (left - here, then) {
                        (0, Then::Request) => State::Start,
                        (0, Then::Chunk) => State::Size,
                        (left, then) => State::Data { left, then },
                    };
                }
                State::Start | State::Head | State::Size | State::Trailer => {
                    let rest = &octets[at..];
                    let Some(end) = rest.iter().position(|it| *it == b'\n') else {
                        if self.line.len() + rest.len() <= LINE_MAX {
                            self.line.extend_from_slice(rest);
                        } else {
                            self.state = State::Off;
                        }
                        return false;
                    };
                    let before = std::mem::take(&mut self.line);
                    let line = if before.is_empty() { &rest[..end] } else { &[&before, &rest[..end]].concat() };
                    let Some(line) = line.strip_suffix(b"\r") else {
                        let of = std::mem::replace(&mut self.state, State::Off);
                        // That of a chunk hyper refuses itself; a NUL it would take for a part of an extension.
                        if !matches!(of, State::Size) {
                            octets[at + end] = 0;
                        }
                        return matches!(of, State::Start | State::Head);
                    };
                    self.state = self.next(line);
                    at += end + 1;
                }
            }
        }
        false
    }

    /// What comes behind a line.
    fn next(&mut self, line: &[u8]) -> State {
        match self.state {
            State::Start if line.is_empty() => State::Start,
            // HTTP/2 without an upgrade (RFC 9113, 3.4).
            State::Start if line == b"PRI * HTTP/2.0" => State::Off,
            State::Start => {
                self.framing = Framing::default();
                State::Head
            }
            State::Head if line.is_empty() => match self.framing {
                Framing { chunked: true, length: None } => State::Size,
                // hyper reads the chunks, and closes.
                Framing { chunked: true, length: Some(_) } => State::Off,
                Framing { length: None | Some(0), .. } => State::Start,
                Framing { length: Some(left), .. } => State::Data { left, then: Then::Request },
            },
            State::Head => self.framing.heeds(line).map_or(State::Off, |()| State::Head),
            State::Size => match size(line) {
                None => State::Off,
                Some(0) => State::Trailer,
                Some(size) => State::Data { left: size.saturating_add(2), then: Then::Chunk },
            },
            State::Trailer if line.is_empty() => State::Start,
            State::Trailer => State::Trailer,
            State::Data { .. } | State::Off => self.state,
        }
    }
}

impl Framing {
    /// Takes note of a field; `None` where hyper, or what is behind it, will close.
    fn heeds(&mut self, line: &[u8]) -> Option<()> {
        let value = |name: &[u8]| {
            let (named, rest) = line.split_at_checked(name.len())?;
            named.eq_ignore_ascii_case(name).then(|| rest.trim_ascii())
        };
        if let Some(text) = value(b"content-length:") {
            let plain = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()?;
            return (self.length.replace(length).unwrap_or(length) == length).then_some(());
        }
        if let Some(text) = value(b"transfer-encoding:") {
            return (!std::mem::replace(&mut self.chunked, true) && text.eq_ignore_ascii_case(b"chunked"))
                .then_some(());
        }
        Some(())
    }
}

/// The size of a chunk (RFC 9112, 7.1), whose extensions mean nothing.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|it| matches!(it, b';' | b' ' | b'\t')).next()?;
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u64::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| plain)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    const POST: &str = "POST /a HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 7\r\nx: y\r\n\r\n{\n\n\r\n1}";
    const CHUNKED: &str = "POST /a HTTP/1.1\r\nTransfer-Encoding:  Chunked \r\n\r\n3\r\n\n\n\n\r\n0A;a=b\r\n012\n4567\n9\r\n0\r\nx: y\r\n\r\n";

    /// What hyper is given of it, in pieces that end at these places.
    fn given(text: &str, ends: &[usize]) -> Vec<u8> {
        let (mut octets, mut lines, mut from) = (text.as_bytes().to_vec(), LineEnds::new(), 0);
        for end in ends.iter().copied().chain([text.len()]) {
            _ = lines.look(&mut octets[from..end.max(from)]);
            from = end.max(from);
        }
        octets
    }

    #[test]
    fn nothing_of_a_body_is_touched() {
        for text in
            [GET.to_owned(), format!("\r\n{POST}{CHUNKED}{GET}{POST}"), "PRI * HTTP/2.0\r\n\r\nSM\n\n".to_owned()]
        {
            for end in 0..text.len() {
                assert_eq!(given(&text, &[end, end + 1]), text.as_bytes());
            }
        }
    }

    #[test]
    fn a_line_that_ends_with_lf_alone_is_spoilt_wherever_it_stands() {
        let before = format!("{GET}{POST}");
        // What ends the data of a chunk is no line, and hyper sees to it.
        let is_line = |at: usize| !CHUNKED[..at].ends_with("\n\n") && !CHUNKED[..at].ends_with('9');
        // Nor is one around a chunk spoilt, which hyper refuses as it is.
        let is_size = |at: usize| ["\r\n3", "=b", "\r\n0"].iter().any(|it| CHUNKED[..at].ends_with(it));
        for (at, _) in CHUNKED.match_indices("\r\n").filter(|(at, _)| is_line(*at) && !is_size(*at)) {
            let text = format!("{before}{}{}", &CHUNKED[..at], &CHUNKED[at + 1..]);
            let spoilt = given(&text, &[]);
            let first = spoilt.iter().zip(text.as_bytes()).position(|(is, was)| is != was);
            assert_eq!(first.map(|it| (it, spoilt[it])), Some((before.len() + at, 0)), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            lines in proptest::collection::vec(prop_oneof![Just(GET), Just(POST), Just(CHUNKED), Just("a\n"), Just("\r\n")], 1..8),
            ends in proptest::collection::vec(0_usize..600, 0..20),
        ) {
            let text = lines.concat();
            let mut ends: Vec<usize> = ends.into_iter().map(|it| it.min(text.len())).collect();
            ends.sort_unstable();
            prop_assert_eq!(given(&text, &ends), given(&text, &[]));
        }
    }
}
