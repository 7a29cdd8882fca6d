//! What real carriers do that the specification does not say: one named test a habit.

mod answers;
mod bounds;
mod fields;
mod framing;
mod gateway;
mod handsets;
mod kept;
mod matching;
mod parting;
mod receipt_texts;
mod receipts;
mod session;
mod stage;
mod tls;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// How many habits are known, numbered from 1.
const HABITS: u8 = 75;

#[test]
fn every_habit_has_a_named_test() {
    let mut found = BTreeSet::new();
    let mut open = vec![PathBuf::from("src"), PathBuf::from("tests")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.extend(habits(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let missing: Vec<u8> = (1..=HABITS).filter(|it| !found.contains(it)).collect();
    assert_eq!((missing, found.len()), (Vec::new(), usize::from(HABITS)));
}

/// The numbers of the habits that a file has a test of.
fn habits(text: &str) -> impl Iterator<Item = u8> + '_ {
    let tests = text.split("#[test]").skip(1).map(str::trim_start);
    // A test that says nothing of what it saw is none.
    let tests = tests.filter(|it| ["assert", "stage.", "expect("].iter().any(|word| it.contains(word)));
    tests.filter_map(|it| it.strip_prefix("fn quirk_")?.get(..2)?.parse().ok())
}

#[test]
fn a_habit_counts_where_a_test_bears_its_number() {
    let text = "fn quirk_07_no_test() {}\n#[test]\nfn quirk_08_one() { assert!(works()) }\n\
                #[test]\nfn other() { quirk_09() }\n#[test]\nfn quirk_10_empty() {}\n";
    assert_eq!(habits(text).collect::<Vec<_>>(), [8]);
}
