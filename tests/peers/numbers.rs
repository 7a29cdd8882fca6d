//! libphonenumber itself, as PyPI's `phonenumbers` has it: how each of us reads the same texts.
//!
//! Every difference has a row in a table that says who is right; a difference without one fails, and so does a row that
//! no text needs.

use crate::peers::need::trials;
use nuncio::number::e164::E164;
use nuncio::number::metadata::METADATA;
use nuncio::number::refusal::NumberError;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");
/// Texts that are made from its examples, beside the examples themselves.
const FORMS: usize = 100_000;

/// What both read in a text.
struct Case {
    text: String,
    theirs: Option<String>,
    ours: Result<E164, NumberError>,
}

/// A difference, and who is right.
struct Difference {
    what: &'static str,
    right: &'static str,
    fits: fn(&Case) -> bool,
}

/// Where we read otherwise, on purpose.
const DIFFERENCES: [Difference; 4] = [
    Difference {
        what: "letters, an extension or a second number, which they leave out",
        right: "nuncio: a message goes to one handset, and what was left out may have been the better half",
        fits: |it| it.theirs.is_some() && matches!(it.ours, Err(NumberError::Character { .. })),
    },
    Difference {
        what: "digits behind + and no country code, which they read as a national number of the region",
        right: "nuncio: who writes + means a country code; a national number that was not meant is a stranger's",
        fits: |it| it.theirs.is_some() && it.text.contains(['+', '\u{FF0B}']) && it.ours == Err(NumberError::Country),
    },
    Difference {
        what: "more digits than E.164 has (6.1)",
        right: "nuncio: it cannot be dialled from abroad, and no address of SMPP holds it as a number",
        fits: |it| it.theirs.as_ref().is_some_and(|it| E164::DIGITS_MAX + 1 < it.len()) && it.ours.is_err(),
    },
    Difference {
        what: "marks that nobody sees, and blanks of other widths, within a number",
        right: "nuncio: they are pasted along, and mean nothing",
        fits: |it| it.theirs.is_none() && it.text.contains(['\u{202F}', '\u{2009}', '\u{200E}', '\u{202A}']),
    },
];

trials! {
    [Phonenumbers]: numbers_are_read_as_libphonenumber_reads_them;
}

fn numbers_are_read_as_libphonenumber_reads_them() {
    let mut command = Command::new("python3");
    command.current_dir(FOLDER).arg("numbers.py").arg(FORMS.to_string()).env("PYTHONPATH", "python_modules");
    let mut judge = command.stdout(Stdio::piped()).spawn().expect("python3 starts");
    let mut lines = BufReader::new(judge.stdout.take().expect("it is piped")).lines();
    assert_eq!(lines.next().expect("its version").unwrap(), METADATA);
    let (mut judged, mut taken) = (BTreeMap::<String, usize>::new(), 0);
    let (mut named, mut unnamed) = ([0; DIFFERENCES.len()], Vec::new());
    for line in lines {
        type Line = (String, Option<String>, String, Option<String>);
        let (kind, region, text, theirs): Line = serde_json::from_str(&line.unwrap()).expect("a line of the judge");
        let ours = E164::parse(&text, region.as_deref());
        *judged.entry(kind).or_default() += 1;
        if ours.as_ref().ok().map(ToString::to_string) == theirs {
            taken += usize::from(theirs.is_some());
            continue;
        }
        let case = Case { text, theirs, ours };
        match DIFFERENCES.iter().position(|it| (it.fits)(&case)) {
            Some(at) => named[at] += 1,
            None => unnamed.push(format!("{:?} of {region:?}: {:?}, ours {:?}", case.text, case.theirs, case.ours)),
        }
    }
    assert!(judge.wait().unwrap().success());
    let shown = unnamed.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(unnamed.is_empty(), "{} differences without a name:\n{shown}", unnamed.len());
    for (difference, count) in DIFFERENCES.iter().zip(named) {
        println!("{count:6} {}. Right is {}", difference.what, difference.right);
        assert_ne!(count, 0, "no text needs this row: {}", difference.what);
    }
    println!("{judged:?}, of which both take {taken}");
    assert!(judged["form"] == FORMS && 20_000 < judged["example"] && 1_000 < judged["own code"], "{judged:?}");
    assert!(FORMS / 2 < taken, "{taken}");
}
