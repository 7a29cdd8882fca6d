//! Invoices against records: what agrees, what differs, and what is refused.

use super::{COST, PATIENCE, file, sent};
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier, route};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::Command;
use tempfile::TempDir;

/// A record of one attempt at `acme`; `more` replaces what it has.
fn record(message: u64, id: &str, more: &Value) -> String {
    let mut line = json!({
        "id": format!("evt_{message}-1"), "message_id": format!("message {message}"), "part": 1, "sms": 1,
        "attempts": [{
            "number": 1, "carrier": "acme", "answer": "taken", "carrier_message_id": id, "cost": "0.0075",
            "currency": "USD", "submitted_at": "2026-11-20T10:00:00.000Z", "answered_at": "2026-11-20T10:00:00.100Z",
        }],
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        let owner = if line.get(key).is_some() { &mut line } else { &mut line["attempts"][0] };
        owner[key] = value.clone();
    }
    format!("{line}\n")
}

/// Files of records and an invoice.
struct Case(TempDir);

impl Case {
    fn new(records: &[&str], invoice: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (place, it) in records.iter().enumerate() {
            fs::write(folder.path().join(format!("{place}.jsonl")), it).unwrap();
        }
        fs::write(folder.path().join("invoice.csv"), invoice).unwrap();
        Self(folder)
    }

    /// With which code it ends, what it tells, and what it says beside.
    fn check(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
        let records = (0..9).map(|it| format!("{it}.jsonl")).filter(|it| self.0.path().join(it).exists());
        let done =
            command.current_dir(self.0.path()).args(["cdr", "check"]).args(records).args(arguments).output().unwrap();
        let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
        (done.status.code(), text(done.stdout), text(done.stderr))
    }

    /// The differences and the totals.
    fn told(&self, arguments: &[&str]) -> (Vec<Value>, Value) {
        let (code, told, beside) = self.check(&[&["invoice.csv", "--json"], arguments].concat());
        let mut lines: Vec<Value> = told.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let totals = lines.pop().unwrap_or_else(|| panic!("nothing is told: {beside}"));
        assert_eq!(code, Some(if totals["agree"] == json!(true) { 0 } else { 1 }), "{totals}");
        (lines, totals)
    }
}

fn four() -> String {
    ["1d305b4c", "1d305b4d", "000abc", "77"].iter().zip(1..).map(|(id, n)| record(n, id, &json!({}))).collect()
}

#[test]
fn invoices_agree_however_they_are_written() {
    let records = four();
    for invoice in [
        &b"id,price\n1d305b4c,0.0075\n1d305b4d,0.0075\n000abc,0.0075\n77,0.0075\n"[..],
        b"\xEF\xBB\xBFMessage ID;Price\r\n1D305B4C;0,0075\r\n1D305B4D;0,0075\r\nABC;0,0075\r\n0077;0,0075",
        b"\"Acme Ltd\",\"Invoice, 11\"\n\n\"price\",\"msg_id\"\n\"0.0075\",\"1d305b4c\"\n0.0075 ,\"1d305b4d\"\n.0075,abc\nUSD 0.00750,77\n,\n0.03,\n",
        b"MessageId\tUnit price\tSegments\n489708364\t0.0075\t1\n489708365\t0.0075\t1\n2748\t0.0075\t1\n119\t0.0075\t1\nTotal\t0.03\t4\n",
        b"smsc id|currency\n1d305b4c|usd\n1d305b4d|USD\nabc|USD\n77|\n",
    ] {
        let (differences, totals) = Case::new(&[&records], invoice).told(&[]);
        let text = String::from_utf8_lossy(invoice);
        assert_eq!((differences, &totals["agree"], &totals["lines"]), (vec![], &json!(true), &json!(4)), "{text}");
        assert_eq!((&totals["taken"], &totals["cost"]), (&json!(4), &json!("0.030")));
        assert!(text.contains("smsc") || totals["difference"] == json!("0.000"), "{totals}");
    }
}

#[test]
fn an_invoice_without_prices_is_not_said_to_agree_in_them() {
    let (wrong, prices) = (b"id,amt per\n1d305b4c,7\n1d305b4d,7\n000abc,7\n77,7\n", &["--price-column", "amt per"]);
    let case = Case::new(&[&four()], wrong);
    let (code, told, _) = case.check(&["invoice.csv"]);
    assert_eq!(code, Some(0));
    assert!(told.contains("no prices: name their column with --price-column"), "{told}");
    assert!(told.contains("they agree, but for prices") && !told.contains("difference"), "{told}");
    let (_, totals) = case.told(&[]);
    assert_eq!((&totals["charged"], &totals["difference"]), (&Value::Null, &Value::Null));
    assert_eq!(case.check(&[&["invoice.csv"], &prices[..]].concat()).0, Some(1));
}

#[test]
fn each_difference_is_told_with_its_line_and_counts_in_the_totals() {
    let more = [
        record(5, "later", &json!({ "answer": "later" })),
        record(6, "long", &json!({ "sms": 3, "cost": "0.0225" })),
        record(7, "free", &json!({ "cost": null })),
        record(8, "gone", &json!({})),
        record(9, "1d305b4c", &json!({ "carrier": "beta", "cost": "9", "currency": "EUR" })),
    ];
    let invoice = "id,parts,price\n1d305b4c,1,0.0075\n1D305B4C,1,0.0075\nnone,1,0.01\nlater,1,0.0075\n1d305b4d,1,0.008\nabc,2,0.0075\n\
                   long,3,0.0225\nfree,1,0.5\n77,1,n/a\n,,0.25\n";
    let (differences, totals) = Case::new(&[&four(), &more.concat()], invoice.as_bytes()).told(&["--carrier", "acme"]);
    let told: Vec<_> = differences.iter().map(|it| (it["line"].as_u64(), it["kind"].as_str().unwrap())).collect();
    let expected = [
        (Some(3), "charged_twice"),
        (Some(4), "never_submitted"),
        (Some(5), "not_taken"),
        (Some(6), "other_price"),
        (Some(7), "other_count"),
        (Some(10), "unreadable"),
        (Some(11), "no_id"),
        (None, "not_on_the_invoice"),
    ];
    assert_eq!(told, expected);
    assert_eq!((&differences[3]["charged"], &differences[3]["cost"]), (&json!("0.008"), &json!("0.0075")));
    assert_eq!((&differences[4]["sms_charged"], &differences[4]["sms"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&differences[7]["carrier_message_id"], &differences[7]["message_id"]),
        (&json!("gone"), &json!("message 8"))
    );
    let of = |key: &str| totals[key].clone();
    assert_eq!([of("taken"), of("sms"), of("lines")], [json!(7), json!(9), json!(9)]);
    // 5 × 0.0075 + 0.0225, and 0.008 + 0.0225 + 4 × 0.0075 + 0.01 + 0.5 + 0.25.
    assert_eq!([of("cost"), of("charged"), of("difference")], [json!("0.060"), json!("0.8205"), json!("0.7605")]);
    assert_eq!([of("without_cost"), of("currency"), of("carrier")], [json!(1), json!("USD"), json!("acme")]);

    let (code, said, _) = Case::new(&[&four()], b"id,price\n1d305b4c,0.01\n").check(&["--invoice", "invoice.csv"]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("line 2: 1d305b4c has the price 0.010, and ours is 0.0075\nnot on the invoice: 1d305b4d, part 1 of message message 2,"), "{said}");
    let end = "acme took 4 submits, 4 SMS:  0.030 USD\nthe invoice has 1 lines:  0.010 USD\ndifference:  -0.020 USD\nother price 1, not on the invoice 3\n";
    assert!(said.ends_with(end), "{said}");
}

#[test]
fn what_the_invoice_is_not_about_is_not_missed_on_it() {
    let at = |day: u8| json!({ "answered_at": format!("2026-11-{day:02}T23:59:59.900Z") });
    let records: String = (1..=6).map(|it| record(it, &format!("a{it}"), &at(u8::try_from(it).unwrap() + 9))).collect();
    let missed = |invoice: &str, arguments: &[&str]| {
        let (differences, _) = Case::new(&[&records], invoice.as_bytes()).told(arguments);
        differences.iter().map(|it| it["carrier_message_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(missed("id,date\na2,2026-11-11\na4,2026-11-13\n", &[]), "a3");
    assert_eq!(missed("id,sent at\na2,11.11.2026 10:00\na4,13.11.2026 10:00\n", &[]), "a3", "what is on it is of it");
    assert_eq!(missed("id,date\na2,11/11/2026\na4,13/11/2026\n", &[]), "a1 a3 a5 a6", "that can be read in two ways");
    assert_eq!(missed("id,date\na2,11/11/2026\n", &["--since", "2026-11-11", "--until", "2026-11-13"]), "a3");
    assert_eq!(missed("id,date\n", &[]), "a1 a2 a3 a4 a5 a6", "an invoice of nothing");
    let (.., beside) = Case::new(&[&records], b"id,date\na2,11/12/2026\n").check(&["invoice.csv"]);
    assert!(beside.contains("the date \"11/12/2026\" in line 2 is not understood"), "{beside}");
}

#[test]
fn what_is_corrected_or_tried_twice_counts_for_what_was_taken() {
    let twice = record(1, "a1", &json!({})) + &record(1, "a1", &json!({}));
    // The carrier has given one id twice, and charges for both.
    let same = record(2, "b", &json!({})) + &record(3, "b", &json!({}));
    let unnamed = record(4, "c", &json!({ "carrier_message_id": null, "answer": "unknown" }));
    let (differences, totals) = Case::new(&[&twice, &(same + &unnamed)], b"id\na1\nb\nb\n").told(&[]);
    assert_eq!((differences, &totals["taken"], &totals["without_id"]), (vec![], &json!(3), &json!(1)));
    let (differences, _) = Case::new(&[&twice], b"id\na1\na1\n").told(&[]);
    assert_eq!((differences.len(), &differences[0]["kind"]), (1, &json!("charged_twice")));
    // A torn line and a packed file are no hindrance.
    let case = Case::new(&[&(twice.clone() + "{\"id\":\"evt"), ""], b"id\na1\nd\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(record(9, "d", &json!({})).as_bytes()).unwrap();
    fs::write(case.0.path().join("1.jsonl"), packed.finish().unwrap()).unwrap();
    let (code, _, beside) = case.check(&["invoice.csv"]);
    assert_eq!(code, Some(0));
    assert!(
        beside.contains("0.jsonl: what is no record was passed over, in 1 lines, the first of them line 3"),
        "{beside}"
    );
}

#[test]
fn what_could_be_meant_in_two_ways_is_refused_with_2_and_a_hint() {
    let two = four() + &record(9, "x", &json!({ "carrier": "beta" }));
    let mixed = four() + &record(9, "x", &json!({ "currency": "EUR" }));
    let good = &b"id,price\n77,1\n"[..];
    for (records, invoice, arguments, said) in [
        (&*four(), good, &[][..], "name the files of records, and behind them the invoice"),
        (&two, good, &["invoice.csv"], "say with --carrier whose invoice it is; the records are of acme, beta"),
        (&two, good, &["invoice.csv", "--carrier", "gamma"], "nothing went to gamma; the records are of acme, beta"),
        (&mixed, good, &["invoice.csv"], "what acme charges is in EUR, USD; give files of one currency"),
        ("id,price\n", good, &["invoice.csv"], "0.jsonl has no records of charge in it"),
        (
            &four(),
            b"who,what\na,b\n",
            &["invoice.csv"],
            "no column has the carrier's ids; name it with --id-column; it begins with who, what",
        ),
        (&four(), b"", &["invoice.csv"], "it is empty"),
        (&four(), good, &["invoice.csv", "--id-column", "ref"], "no column is called ref"),
        (&four(), good, &["invoice.csv", "--price-column", "fee"], "no column of line 1 is called fee"),
        (&four(), b"id,price\n77,\"1,234\"\n", &["invoice.csv"], "line 2 can be read in two ways: say --decimal"),
        (
            &four(),
            b"id;price\n77;0,5\n78;0.5\n",
            &["invoice.csv"],
            "behind a point in line 3 and behind a comma in line 2",
        ),
        (&four(), b"id,price,currency\n77,1,EUR\n", &["invoice.csv"], "line 2 is in EUR, and our costs are in USD"),
        (&four(), b"id\n\"77\n", &["invoice.csv"], "line 2 has a quote that is not closed"),
        (&four(), b"\xFF\xFEi\0d\0", &["invoice.csv"], "UTF-16; save it as UTF-8"),
        (&four(), good, &["none.csv"], "none.csv: No such file"),
        (&four(), good, &["invoice.csv", "--since", "soon"], "such as 2026-11-01"),
    ] {
        let (code, told, beside) = Case::new(&[records], invoice).check(arguments);
        assert!(code == Some(2) && told.is_empty() && beside.contains(said), "{said}: {code:?} {told} {beside}");
    }
    let case =
        Case::new(&[&four()], b"id,price\n77,\"0,0075\"\n1d305b4c,\"0,0075\"\n1d305b4d,\"0,0075\"\nabc,\"1,234\"\n");
    let (differences, _) = case.told(&["--decimal", ","]);
    assert_eq!((differences.len(), &differences[0]["charged"]), (1, &json!("1.234")));
    let named = Case::new(&[&four()], b"ours,theirs,x,amount\n5,77,2,9\n5,1d305b4c,2,9\n5,abc,2,9\n5,1d305b4d,2,9\n");
    let (differences, _) = named.told(&["--id-column", "Theirs", "--count-column", "x"]);
    assert!(
        differences.len() == 4 && differences.iter().all(|it| it["kind"] == json!("other_count")),
        "{differences:?}"
    );
}

#[test]
fn an_invoice_in_decimal_agrees_with_records_of_hexadecimal_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (_, section) = file(folder.path());
    let ledger = folder.path().join("ledger");
    let name = ledger.display().to_string();
    let (_sim, port) = sim(&["--id", "upper-hex", "--outcome", "delivrd=3,undeliv=1", "--ledger", &name]);
    let daemon = Daemon::start(&(account("[1]") + &carrier(port, COST) + &route("") + &section));
    for it in 0..20 {
        sent(&daemon, &format!("+316123456{it:02}"), &"x".repeat(if it % 2 == 0 { 10 } else { 200 }));
    }
    let records = folder.path().join("cdr.jsonl");
    crate::daemon::until("all is written", PATIENCE, || {
        (fs::read_to_string(&records).ok()?.lines().count() == 30).then_some(())
    });
    let all: Vec<Value> =
        fs::read_to_string(&records).unwrap().lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let ids = all.iter().map(|it| it["attempts"][0]["carrier_message_id"].as_str().unwrap().to_owned());
    let rows: String = ids.map(|it| format!("{};0,0075\n", u64::from_str_radix(&it, 16).unwrap())).collect();
    let judged = |rows: &str| {
        let invoice = folder.path().join("invoice.csv");
        fs::write(&invoice, format!("smsc-id;price\n{rows}")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
        let done = command.args(["cdr", "check"]).args([&records, &invoice]).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, said) = judged(&rows);
    assert_eq!((code, said.lines().next()), (Some(0), Some("acme took 30 submits, 30 SMS:  0.225 USD")), "{said}");
    let (code, said) = judged(rows.split_once('\n').unwrap().1);
    assert!(
        code == Some(1) && said.starts_with("not on the invoice: ") && said.contains("difference:  -0.0075 USD"),
        "{said}"
    );
}
