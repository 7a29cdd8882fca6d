//! `nuncio decode`: what it says of PDUs and captures, and that nothing makes it fall.

mod builder;
mod pasted;
mod property;

use builder::{Ends, NUMBER, SENDER, framed, pcap, pcapng, pdu, sm};
use nuncio::decode::options::Options;
use nuncio::decode::{Failure, Verdict, run};
use nuncio::text::Alphabet;
use std::io::Write;
use std::process::{Command, Stdio};

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

fn options() -> Options {
    Options { input: "-".to_owned(), port: None, alphabet: Alphabet::Gsm7.into(), redact: false }
}

/// What is said of octets on standard input.
fn said(octets: &[u8], options: &Options) -> Result<(Verdict, String), Failure> {
    let mut page = Vec::new();
    let verdict = run(options, octets, &mut page)?;
    Ok((verdict, String::from_utf8(page).unwrap()))
}

/// What is said of PDUs in a row, as digits.
fn said_of(octets: &[u8], options: &Options) -> (Verdict, String) {
    let digits: String = octets.iter().map(|it| format!("{it:02x} ")).collect();
    said(digits.as_bytes(), options).unwrap()
}

/// The value and meaning of a line with this name, blanks made one.
fn line(page: &str, name: &str) -> String {
    let words = |it: &str| it.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = page.lines().map(|it| words(it.trim_start().trim_start_matches(|it: char| it.is_ascii_digit())));
    found
        .filter_map(|it| it.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned))
        .next()
        .unwrap_or_else(|| panic!("no line {name}:\n{page}"))
}

/// The titles of the blocks, without addresses.
fn titles(page: &str) -> Vec<&str> {
    let is_title = |it: &&str| !it.starts_with(' ') && !it.is_empty() && !it.contains(" → ");
    page.lines().filter(is_title).collect()
}

fn ends(from: &str, to: &str) -> Ends {
    Ends(from.parse().unwrap(), to.parse().unwrap())
}

fn esme() -> Ends {
    ends("10.0.0.1:40000", "10.0.0.2:2775")
}

#[test]
fn every_code_is_said_in_words() {
    let text = b"\x0B\x00\x03\x2A\x02\x01\x05\x04\x0B\x84\x23\xF0hello \x1be";
    let (verdict, page) = said_of(&sm(4, 7, 0x43, 0, text), &options());
    assert_eq!((verdict, titles(&page)), (Verdict::Read, vec!["submit_sm 7"]));
    assert_eq!(line(&page, "command_id"), "0x00000004 submit_sm");
    assert_eq!(line(&page, "source_addr_ton"), "1 international");
    assert_eq!(line(&page, "esm_class"), "0x43 store and forward, user data header");
    assert_eq!(line(&page, "registered_delivery"), "0x01 receipt");
    assert_eq!(line(&page, "user data header"), "part 1 of 2, reference 42 of 8 bits");
    assert!(page.contains("to port 2948, from port 9200"), "{page}");
    assert_eq!(line(&page, "text"), "\"hello €\"");
    let (_, page) = said_of(&sm(4, 7, 0, 0, b"caf\xE9"), &Options { alphabet: Alphabet::Latin1.into(), ..options() });
    assert_eq!(line(&page, "text"), "\"café\"");
    let (_, page) = said_of(&sm(4, 7, 0, 8, b"\x04\x1F\x04\x40"), &options());
    assert_eq!(line(&page, "text"), "\"Пр\"");
    let turkish = b"\x03\x24\x01\x01\x1b\x49";
    let (_, page) = said_of(&sm(4, 7, 0x40, 0, turkish), &options());
    assert_eq!(line(&page, "user data header"), "national single shift, language 1 (tr)");
    assert_eq!(line(&page, "text"), "\"İ\"");
    let (_, page) = said_of(&sm(4, 7, 0, 4, b"\x01\x02"), &options());
    assert!(!page.contains("  text "), "octets are no text: {page}");
    let (_, page) = said_of(&pdu(0x8000_0004, 0x58, 9, b""), &options());
    assert_eq!(titles(&page), ["submit_sm_resp 9 ESME_RTHROTTLED: more was sent than the rate that the SMSC allows"]);
}

#[test]
fn a_receipt_is_read_into_its_fields() {
    let text = b"id:0a1b sub:001 dlvrd:001 submit date:2511242215 done date:2511242216 stat:UNDELIV err:027 text:";
    let mut deliver = sm(5, 1, 4, 0, text);
    deliver.extend(b"\x00\x1E\x00\x050a1b\0\x04\x27\x00\x01\x05");
    deliver[3] += 14;
    let (verdict, page) = said_of(&deliver, &Options { redact: true, ..options() });
    assert_eq!(verdict, Verdict::Read, "{page}");
    assert_eq!(line(&page, "receipt id"), "0a1b");
    assert_eq!(line(&page, "receipt stat"), "UNDELIV, which is FAILED");
    assert_eq!(line(&page, "receipt err"), "027");
    assert_eq!(line(&page, "receipt done date"), "2511242216, which is 2025-11-24 22:16");
    assert_eq!(line(&page, "message_state (0x0427)"), "5 UNDELIVERABLE");
}

#[test]
fn the_date_of_a_receipt_is_said_as_one() {
    for (date, said) in [
        ("141016003800", "141016003800, which is 2014-10-16 00:38"),
        ("20141016003807", "20141016003807, which is 2014-10-16 00:38:07"),
        ("141016003800008+", "141016003800008+, which is 2014-10-15 22:38 UTC"),
        ("0000000000", "0000000000"),
        ("141316003800", "141316003800"),
    ] {
        let text = format!("id:1 sub:001 dlvrd:001 submit date:1410160037 done date:{date} stat:DELIVRD err:000 text:");
        let (_, page) = said_of(&sm(5, 1, 4, 0, text.as_bytes()), &options());
        assert_eq!(line(&page, "receipt done date"), said);
    }
}

#[test]
fn what_is_malformed_is_said_and_reading_goes_on() {
    let enquire = pdu(0x15, 0, 3, b"");
    let cut = pdu(5, 0, 9, b"\0\x01\x01316");
    let garbage = *b"\xFF\xFF\xFF\xFF and more";
    let octets = [&cut[..], &enquire, &garbage, &enquire, &enquire[..10]].concat();
    let (verdict, page) = said_of(&octets, &options());
    assert_eq!(verdict, Verdict::Malformed);
    let expected = [
        "deliver_sm 9",
        "malformed: deliver_sm 9 ends before its dest_addr_ton; the answer to it is ESME_RINVCMDLEN",
        "enquire_link 3",
        "malformed: command_length 4294967295 is longer than allowed",
        "malformed: 13 octets were passed by that are no PDU",
        "enquire_link 3",
        "malformed: a header has 16 octets, 10 are there",
    ];
    assert_eq!(titles(&page), expected, "{page}");
    assert_eq!(line(&page, "dest_addr_ton"), "not there: the PDU ends before it");
    let (_, page) = said_of(&pdu(9, 0, 1, b"me\0hunter2\0\0\x34\0\0\0")[..24], &options());
    assert_eq!(titles(&page), ["bind_transceiver 1", "malformed: of 32 octets 24 are there"]);
    assert!(!page.contains("hun") && !page.to_lowercase().contains("68756e"), "{page}");
}

/// A bind and two messages, in segments that come late, twice, and in pieces; and the answers.
fn conversation(ends: Ends) -> Vec<Vec<u8>> {
    let bind = pdu(9, 0, 1, b"me\0hunter2\0\0\x34\0\0\0");
    let messages = [sm(4, 2, 0, 0, b"one"), sm(4, 3, 0, 0, b"two")].concat();
    let answers = [pdu(0x8000_0009, 0, 1, b"smsc\0"), pdu(0x8000_0004, 0, 2, b"a\0")].concat();
    // Numbers that go over the end of 32 bits.
    let first = u32::MAX - 20;
    let at = |octets: usize| first.wrapping_add(1 + octets as u32);
    let (head, tail) = messages.split_at(30);
    vec![
        ends.segment(first, SYN, b""),
        ends.back().segment(99, SYN | ACK, b""),
        ends.segment(at(0), ACK, &bind),
        ends.back().segment(100, ACK, &answers),
        ends.segment(at(bind.len() + 30), ACK, tail),
        ends.segment(at(0), ACK, &bind),
        ends.segment(at(bind.len() - 5), ACK, &[&bind[bind.len() - 5..], head].concat()),
        ends.segment(at(bind.len() + messages.len() - 1), ACK, &messages[messages.len() - 1..]),
    ]
}

#[test]
fn streams_are_put_together_whatever_the_link() {
    let expected = [
        "bind_transceiver 1",
        "bind_transceiver_resp 1 ESME_ROK: the request was accepted",
        "submit_sm_resp 2 ESME_ROK: the request was accepted",
        "submit_sm 2",
        "submit_sm 3",
    ];
    for ends in [esme(), ends("[2001:db8::1]:40000", "[2001:db8::2]:2775")] {
        for link in [0, 1, 101, 113, 276] {
            for file in [pcap(link, &conversation(ends)), pcapng(link, &conversation(ends))] {
                let (verdict, page) = said(&file, &options()).unwrap();
                assert_eq!((verdict, titles(&page)), (Verdict::Read, expected.to_vec()), "link {link}: {page}");
                let heads: Vec<&str> = page.lines().filter(|it| it.contains(" → ")).collect();
                assert_eq!(heads[0], format!("1970-01-01 00:00:02.000005 UTC  {} → {}", ends.0, ends.1));
                assert_eq!(heads[1], format!("1970-01-01 00:00:03.000005 UTC  {} → {}", ends.1, ends.0));
                assert!(!page.contains("hunter2"));
            }
        }
    }
}

#[test]
fn a_gap_is_said_and_the_next_pdu_found() {
    let mut packets = conversation(esme());
    packets.remove(6);
    let (verdict, page) = said(&pcap(1, &packets), &options()).unwrap();
    assert_eq!(verdict, Verdict::Malformed);
    let sent: Vec<&str> = titles(&page).into_iter().filter(|it| !it.contains("_resp")).collect();
    let expected = [
        "bind_transceiver 1",
        "malformed: 30 octets were not captured",
        "malformed: 24 octets were passed by that are no PDU",
        "submit_sm 3",
    ];
    assert_eq!(sent, expected, "{page}");
}

#[test]
fn a_stream_that_began_before_is_read_where_its_port_is_named() {
    let message = sm(4, 2, 0, 0, b"one");
    let stream = [&message[9..], &message].concat();
    let file = pcap(1, &[esme().segment(7, ACK, &stream)]);
    let failure = said(&file, &options()).unwrap_err().to_string();
    assert_eq!(failure, "no SMPP among 1 streams of TCP; if it began before the capture did, name its --port");
    let (verdict, page) = said(&file, &Options { port: Some(2775), ..options() }).unwrap();
    assert_eq!((verdict, titles(&page).last().copied()), (Verdict::Malformed, Some("submit_sm 2")), "{page}");
    let other = Options { port: Some(2776), ..options() };
    assert_eq!(said(&file, &other).unwrap_err().to_string(), "no SMPP among 1 streams of TCP at port 2776");
}

#[test]
fn streams_of_other_protocols_are_passed_by() {
    let http = ends("10.0.0.1:50000", "10.0.0.2:80").segment(1, ACK, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut packets = conversation(esme());
    packets.insert(3, http);
    let (verdict, page) = said(&pcap(1, &packets), &options()).unwrap();
    assert_eq!((verdict, titles(&page).len()), (Verdict::Read, 5), "{page}");
    let tls = esme().segment(1, ACK, b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03aaaaaaa");
    let failure = said(&pcap(1, std::slice::from_ref(&tls)), &options()).unwrap_err().to_string();
    assert!(failure.ends_with("some are TLS, which hides what is in them"), "{failure}");
    // A wireless link.
    let mut file = pcap(101, &[tls]);
    file[23] = 105;
    let failure = said(&file, &options()).unwrap_err().to_string();
    assert!(failure.ends_with("packets of link type 105 are not read"), "{failure}");
}

#[test]
fn a_capture_that_breaks_off_gives_what_came_before() {
    for file in [pcap(1, &conversation(esme())), pcapng(1, &conversation(esme()))] {
        let (verdict, page) = said(&file[..file.len() - 3], &options()).unwrap();
        assert_eq!(verdict, Verdict::Malformed);
        let last = titles(&page).pop().unwrap();
        assert!(last.starts_with("malformed: the capture ends early: the ") && last.ends_with("is damaged or cut"));
        assert!(page.contains("submit_sm 3"), "{page}");
    }
    let mut fragment = esme().segment(1, ACK, &pdu(0x15, 0, 1, b""));
    fragment[6] = 0x20;
    let packets = [fragment, esme().segment(1, ACK, &pdu(0x15, 0, 2, b""))];
    let (_, page) = said(&pcap(1, &packets), &options()).unwrap();
    assert!(page.contains("malformed: 1 IP fragments were passed by"), "{page}");
    assert_eq!(framed(101, &packets[1]), packets[1]);
}

#[test]
fn redacted_output_has_neither_numbers_nor_texts() {
    let secret = "the code is 4711";
    let mut octets = sm(4, 1, 0, 0, secret.as_bytes());
    octets.extend(sm(5, 2, 0x40, 8, b"\x05\x00\x03\x07\x01\x01\x00t\x00h\x00e"));
    for esm_class in [0, 4] {
        octets.extend(sm(5, 3, esm_class, 0, format!("id:x stat:y done date:{secret}").as_bytes()));
    }
    octets.extend(pdu(
        0x103,
        0,
        4,
        &[b"\0\x01\x01", NUMBER.as_bytes(), b"\0\0\0", SENDER.as_bytes(), b"\0\0\0\0\x04\x24\0\x10", secret.as_bytes()]
            .concat(),
    ));
    octets.extend(pdu(0x0001_0200, 0, 5, secret.as_bytes()));
    let (_, open) = said_of(&octets, &options());
    let (_, page) = said_of(&octets, &Options { redact: true, ..options() });
    let hex = |text: &str| text.bytes().map(|it| format!("{it:02X}")).collect::<String>();
    for hidden in [NUMBER, SENDER, secret, &hex(secret), "007400680065", "\"the\""] {
        assert!(!page.contains(hidden), "{hidden}: {page}");
    }
    assert!(open.contains(NUMBER) && open.contains(SENDER) && open.contains(secret) && open.contains("\"the\""));
    assert_eq!(line(&page, "text"), "16 characters, hidden");
    assert_eq!(line(&page, "source_addr"), "3161****678");
}

/// The binary, with this on standard input: how it ended, and what it said on both.
fn nuncio(arguments: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    command.arg("decode").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_ends_with_0_1_or_2_and_says_why() {
    let digits = "0x00000010:00000015:00000000:00000003";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("digits"), format!("# an enquire_link\n{digits}\n")).unwrap();
    std::fs::write(path("capture"), pcap(1, &conversation(esme()))).unwrap();
    std::fs::write(path("text"), "hello").unwrap();
    for (arguments, code, words) in [
        (vec![digits.to_owned()], 0, "enquire_link 3"),
        (vec![path("digits")], 0, "enquire_link 3"),
        (vec![path("capture"), "--redact".to_owned()], 0, "submit_sm 3"),
        (vec!["-".to_owned()], 0, "enquire_link 3"),
        (vec!["00000010 00000015".to_owned()], 1, "of 16 octets 8 are there"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (ended, said, wrong) = nuncio(&arguments, digits.as_bytes());
        let header_is_short = words.replace("of 16 octets 8", "a header has 16 octets, 8");
        assert_eq!((ended, &*wrong), (Some(code), ""), "{said}");
        assert!(said.contains(&*header_is_short), "{said}");
    }
    let text = path("text");
    for (arguments, words) in [
        (vec![], "HEX|FILE"),
        (vec!["no-such-file"], "\"no-such-file\" is no file, and as hexadecimal digits it has 'n' in line 1, column 1"),
        (vec!["123"], "an odd number of them, 3"),
        (vec!["--alphabet", "klingon", "00"], "is not one of gsm7, latin1, ascii, ucs2"),
        (vec![&*text], "is no capture (pcap, pcapng), and as hexadecimal digits it has 'h'"),
        (vec!["/"], "/: Is a directory"),
        (vec![""], "there is nothing to decode"),
    ] {
        let (ended, said, wrong) = nuncio(&arguments, b"");
        assert_eq!((ended, &*said), (Some(2), ""), "{arguments:?}: {wrong}");
        assert!(wrong.contains(words), "{arguments:?}: {wrong}");
    }
}
