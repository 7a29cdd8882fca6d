//! Dumps and escapes as tickets bring them: each says what its octets say.

use super::builder::{Ends, framed, pdu, sm};
use super::{ACK, SYN, esme, nuncio, options, said, said_of, titles};
use nuncio::decode::Verdict;
use nuncio::decode::options::Options;
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Write;

/// How a dump is laid out.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// What stands around the digits of the offset, and how many these are.
    offset: (&'static str, usize, &'static str),
    /// Octets of a line, and of a group.
    width: usize,
    group: usize,
    /// What stands before and behind the text.
    text: (&'static str, &'static str),
}

const WIRESHARK: Layout = Layout { offset: ("", 4, "   "), width: 16, group: 1, text: ("   ", "") };
const XXD: Layout = Layout { offset: ("", 8, ": "), width: 16, group: 2, text: ("  ", "") };
const XXD_NARROW: Layout = Layout { offset: ("", 8, ": "), width: 8, group: 4, text: ("  ", "") };
const TCPDUMP: Layout = Layout { offset: ("\t0x", 4, ":  "), width: 16, group: 2, text: ("  ", "") };
const HEXDUMP: Layout = Layout { offset: ("", 8, "  "), width: 16, group: 1, text: ("  |", "|") };
const LAYOUTS: [Layout; 5] = [WIRESHARK, XXD, XXD_NARROW, TCPDUMP, HEXDUMP];

fn dump(octets: &[u8], layout: Layout) -> String {
    let Layout { offset: (before, digits, behind), width, group, text } = layout;
    let line = |(at, line): (usize, &[u8])| {
        let groups: Vec<String> =
            line.chunks(group).map(|it| it.iter().map(|it| format!("{it:02x}")).collect::<String>()).collect();
        // The longest line sets where the text stands.
        let all = width * 2 + width.div_ceil(group) - 1 + usize::from(text.1 == "|");
        let half = if text.1 == "|" && 8 < groups.len() { 8 } else { groups.len() };
        let (first, second) = groups.split_at(half);
        let shown =
            if second.is_empty() { first.join(" ") } else { format!("{}  {}", first.join(" "), second.join(" ")) };
        let ascii: String =
            line.iter().map(|it| if (0x20..0x7F).contains(it) { char::from(*it) } else { '.' }).collect();
        let offset = at * width;
        format!("{before}{offset:0digits$x}{behind}{shown:<all$}{}{ascii}{}\n", text.0, text.1)
    };
    octets.chunks(width).enumerate().map(line).collect()
}

fn escaped(octets: &[u8], everything: bool) -> String {
    octets.iter().fold(String::new(), |mut text, it| {
        match it {
            b'\\' | b'\'' | b'"' => write!(text, "\\{}", char::from(*it)).unwrap(),
            b'\n' => text.push_str("\\n"),
            0x20..0x7F if !everything => text.push(char::from(*it)),
            it => write!(text, "\\x{it:02x}").unwrap(),
        }
        text
    })
}

/// A message whose text looks like octets in the text of a dump.
fn messages() -> Vec<u8> {
    [sm(4, 7, 0, 0, b"00 11 22 33 aa bb cc dd 0010  0020   00 'x' \"y\" \\ z"), pdu(0x15, 0, 8, b"")].concat()
}

#[test]
fn every_form_says_what_digits_say() {
    let expected = said_of(&messages(), &options());
    assert_eq!(titles(&expected.1), ["submit_sm 7", "enquire_link 8"]);
    let dumps = LAYOUTS.map(|it| dump(&messages(), it));
    let plain = escaped(&messages(), false);
    let all = escaped(&messages(), true);
    let escapes = [format!("b'{plain}'"), format!("\"{plain}\""), format!("[]byte(\"{all}\")"), all, plain];
    for text in dumps.iter().chain(&escapes) {
        assert_eq!(said(text.as_bytes(), &options()).unwrap(), expected, "{text}");
    }
    let twice = format!("{}\n{}", dump(&messages()[..80], XXD), dump(&pdu(0x15, 0, 9, b""), XXD));
    let (verdict, page) = said(twice.as_bytes(), &options()).unwrap();
    assert_eq!(verdict, Verdict::Malformed);
    assert_eq!(titles(&page).last(), Some(&"enquire_link 9"), "each dump is of its own: {page}");
}

#[test]
fn packets_in_a_dump_are_put_together() {
    let of = |ends: Ends, link: Option<u32>, layout| {
        let messages = messages();
        let (first, second) = messages.split_at(40);
        let packets = [
            ends.segment(99, SYN, b""),
            ends.segment(100, ACK, first),
            ends.segment(140, ACK, second),
            ends.back().segment(7, ACK, b""),
        ];
        let lines = packets.iter().enumerate().map(|(at, it)| {
            let packet = link.map_or_else(|| it.clone(), |link| framed(link, it));
            let head = if matches!(layout, Layout { offset: ("\t0x", ..), .. }) {
                format!(
                    "12:00:00.00000{at} IP 10.0.0.1.40000 > 10.0.0.2.2775: Flags [P.], seq 1:2, ack 1, length {}\n",
                    it.len()
                )
            } else {
                "\n".to_owned()
            };
            head + &dump(&packet, layout)
        });
        lines.collect::<String>()
    };
    let six = Ends("[2001:db8::1]:40000".parse().unwrap(), "[2001:db8::2]:2775".parse().unwrap());
    for ends in [esme(), six] {
        for (link, layout) in
            [(None, TCPDUMP), (Some(1), TCPDUMP), (Some(1), WIRESHARK), (Some(113), WIRESHARK), (None, XXD)]
        {
            let (verdict, page) = said(of(ends, link, layout).as_bytes(), &options()).unwrap();
            assert_eq!((verdict, titles(&page)), (Verdict::Read, vec!["submit_sm 7", "enquire_link 8"]), "{page}");
            assert!(page.contains(&format!("{} → {}", ends.0, ends.1)), "{page}");
        }
    }
    let http = dump(&esme().segment(1, ACK, b"GET / HTTP/1.1\r\n\r\n"), TCPDUMP);
    let failure = said(http.as_bytes(), &options()).unwrap_err().to_string();
    assert!(failure.starts_with("no SMPP among 1 streams of TCP"), "{failure}");
}

#[test]
fn nothing_of_a_dump_is_shown_that_is_to_be_hidden() {
    let secret = "the code is 4711";
    let redact = Options { redact: true, ..options() };
    let octets = sm(4, 7, 0, 0, secret.as_bytes());
    let texts = LAYOUTS.map(|it| dump(&octets, it)).into_iter().chain([escaped(&octets, false)]);
    for text in texts {
        let (_, page) = said(text.as_bytes(), &redact).unwrap();
        for hidden in [secret, "4711", "code", "31612345678", "PARCELS", "34373131"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
        // Damaged, it is refused without a word of it; as a file and as an argument.
        let damaged = text.replacen("00", "0z", 1).replacen("\\x", "\\y", 1);
        let failure = said(damaged.as_bytes(), &redact).map(|it| it.1).unwrap_or_else(|it| it.to_string());
        let (_, page, wrong) = nuncio(&["--redact", &damaged], b"");
        for shown in [failure, page, wrong] {
            assert!(!["the code", "4711", "PARCELS"].iter().any(|it| shown.contains(it)), "{shown}");
        }
    }
}

#[test]
fn the_command_takes_every_form_and_names_what_is_wrong() {
    let lines = dump(&messages(), XXD);
    let escapes = format!("b'{}'", escaped(&messages(), false));
    for text in [&lines, &dump(&messages(), WIRESHARK), &escapes] {
        for (arguments, input) in [(vec!["-"], text.as_bytes()), (vec![&**text], &b""[..])] {
            let (code, page, wrong) = nuncio(&arguments, input);
            assert_eq!((code, titles(&page), &*wrong), (Some(0), vec!["submit_sm 7", "enquire_link 8"], ""), "{text}");
        }
    }
    let second: String = lines
        .lines()
        .enumerate()
        .map(|(at, it)| it.replacen(" 30", if at == 4 { " 3g" } else { " 30" }, 1) + "\n")
        .collect();
    for (text, words) in [
        (&*second.replacen(": 00", ": 0x", 1), "as hexadecimal digits it has 'x' in line 1, column 12"),
        (
            &*lines.replacen("0000 0004", "0000 04", 1),
            "as a dump it has 15 octets in line 1, where the offset of the next line says 16",
        ),
        ("b'\\x00\\xg0'", "as escaped octets it has 'x' in line 1, column 8"),
    ] {
        let (code, page, wrong) = nuncio(&["-"], text.as_bytes());
        assert_eq!((code, &*page), (Some(2), ""), "{wrong}");
        assert!(wrong.contains(words), "{words}: {wrong}");
    }
}

proptest! {
    #[test]
    fn any_octets_come_out_of_every_dump(octets in vec(prop_oneof![any::<u8>(), 0x20..0x7F_u8, b'0'..=b'9'], 1..200)) {
        // A PDU's header stands before them, so that they are not taken for packets.
        let octets = pdu(0x15, 0, 1, &octets);
        let expected = said_of(&octets, &options());
        for layout in LAYOUTS {
            prop_assert_eq!(said(dump(&octets, layout).as_bytes(), &options()).unwrap(), expected.clone());
        }
        for everything in [false, true] {
            let text = format!("b'{}'", escaped(&octets, everything));
            prop_assert_eq!(&said(text.as_bytes(), &options()).unwrap(), &expected);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([ \t]*(0x)?[0-9a-f]{2,8}:? {0,3}([0-9a-fA-F]{2} ?){0,20} {0,3}[ -~]{0,20}[\\\\|'\"]?\n?){0,6}") {
        _ = said(text.as_bytes(), &options());
    }
}
