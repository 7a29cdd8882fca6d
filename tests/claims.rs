//! What the README says of the program: each sentence has a row in docs/claims.md with what shows that it is so.
//!
//! A row names tests in backticks, or a page with words that stand in a line of it. Words of a row of a table name what
//! it measures, and its value behind that; those of a key have what it is set to. A page alone is enough for a sentence
//! that does no more than name it.

use crate::tidy::{sources, test_names};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const README: &str = "README.md";
const CLAIMS: &str = "docs/claims.md";

#[test]
fn every_sentence_of_the_readme_is_shown_by_what_there_is() {
    let read = |path: &str| fs::read_to_string(path).expect("a page of the house");
    let tests = sources(&["src", "tests"]).iter().flat_map(|it| test_names(&it.text)).collect();
    let pages = |path: &str| {
        let path = Path::new(path);
        if path.is_dir() { Some(String::new()) } else { fs::read_to_string(path).ok() }
    };
    let faults = faults((&read(README), &read(CLAIMS)), &tests, &pages);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A page by its path from the root.
type Pages<'a> = dyn Fn(&str) -> Option<String> + 'a;

fn faults((readme, claims): (&str, &str), tests: &BTreeSet<String>, pages: &Pages<'_>) -> Vec<String> {
    let said: BTreeSet<String> = sentences(readme).into_iter().collect();
    let nowhere = links(readme).into_iter().filter(|it| pages(it.0).is_none());
    let mut faults: Vec<String> = nowhere.map(|it| format!("{README}: {} is not there", it.0)).collect();
    let mut shown = BTreeSet::new();
    for (sentence, proof) in rows(claims) {
        if !said.contains(sentence) {
            faults.push(format!("{CLAIMS}: this is not said any more: {sentence}"));
        }
        if !shown.insert(sentence) {
            faults.push(format!("{CLAIMS}: this has two rows: {sentence}"));
        }
        faults.extend(
            unproved(sentence, proof, tests, pages).into_iter().map(|it| format!("{CLAIMS}: {it}: {sentence}")),
        );
    }
    let bare = said.iter().filter(|it| !shown.contains(it.as_str()));
    faults.extend(bare.map(|it| format!("{CLAIMS}: nothing shows this: {it}")));
    faults
}

/// What is wrong with what is said to show a sentence.
fn unproved(sentence: &str, proof: &str, tests: &BTreeSet<String>, pages: &Pages<'_>) -> Vec<String> {
    let (named, linked) = proofs(proof);
    let mut faults: Vec<String> =
        named.iter().filter(|it| !tests.contains(**it)).map(|it| format!("{it} is no test")).collect();
    if named.is_empty() && linked.is_empty() {
        faults.push("this names nothing that shows it".to_owned());
    }
    for (target, words) in linked {
        let path = target.strip_prefix("../").map_or_else(|| format!("docs/{target}"), str::to_owned);
        let fault = match (pages(&path), words.split_first()) {
            (None, _) => Some("is not there".to_owned()),
            (Some(page), Some((words, values))) => unsaid(&page, words, values),
            (Some(_), None) => (!sentence.contains(&path)).then(|| "alone shows nothing of this".to_owned()),
        };
        faults.extend(fault.map(|it| format!("{path} {it}")));
    }
    faults
}

/// What a page lacks of words and the values behind them.
fn unsaid(page: &str, words: &str, values: &[String]) -> Option<String> {
    if words.trim_end().ends_with('=') {
        return Some(format!("is not asked what {words:?} is set to"));
    }
    let Some(line) = page.lines().find(|it| it.contains(words)) else { return Some(format!("does not say {words:?}")) };
    if line.starts_with("| ") && values.is_empty() {
        return Some(format!("is not asked for the value of {words:?}"));
    }
    // Whole numbers: 1.7 is neither 11.7 nor 1.75.
    let goes_on = |it: &str| {
        it.trim_start_matches(['.', ',']).starts_with(char::is_numeric) || it.starts_with(char::is_alphanumeric)
    };
    let begins = |cell: &str, value: &str| cell.trim().strip_prefix(value).is_some_and(|it| !goes_on(it));
    let is_said = |it: &&String| line.split('|').any(|cell| begins(cell, it));
    values.iter().find(|it| !is_said(it)).map(|it| format!("does not say {it:?} of {words:?}"))
}

/// The tests that a proof names, and its pages with the words behind each: in quotes, with `\"` for a quote.
fn proofs(text: &str) -> (Vec<&str>, Vec<(&str, Vec<String>)>) {
    let (mut named, mut linked, mut rest) = (Vec::new(), Vec::new(), text);
    while let Some(at) = rest.find(['`', ']']) {
        let is_name = rest[at..].starts_with('`');
        rest = &rest[at + 1..];
        if is_name {
            let (name, behind) = rest.split_once('`').unwrap_or((rest, ""));
            named.push(name);
            rest = behind;
        } else if let Some((target, behind)) = rest.strip_prefix('(').and_then(|it| it.split_once(')')) {
            let mut words = Vec::new();
            rest = behind;
            while let Some(quoted) = rest.strip_prefix(" \"") {
                let (one, behind) = unquoted(quoted);
                words.push(one);
                rest = behind;
            }
            linked.push((target, words));
        }
    }
    (named, linked)
}

/// What stands before the quote that ends it, and what behind.
fn unquoted(text: &str) -> (String, &str) {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, it)| {
        let ends = *it == '"' && !escaped;
        escaped = *it == '\\' && !escaped;
        ends
    });
    let end = end.map_or(text.len(), |it| it.0);
    (text[..end].replace("\\\"", "\""), text.get(end + 1..).unwrap_or_default())
}

/// Where the links of a text lead, and what stands behind each.
fn links(text: &str) -> Vec<(&str, &str)> {
    text.split("](").skip(1).filter_map(|it| it.split_once(')')).collect()
}

/// The rows of a table of two columns, without its head.
fn rows(page: &str) -> Vec<(&str, &str)> {
    let rows = page.lines().filter_map(|it| it.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.skip(1).collect()
}

/// The sentences of a page: of its paragraphs and the items of its lists, and each row of a table as one. Headings,
/// code and lists of links between dots say nothing.
fn sentences(page: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut code = false;
    for line in page.lines().map(str::trim) {
        let fence = line.starts_with("```");
        code ^= fence;
        if line.starts_with("|--") {
            // What stands above it is the head of a table.
            blocks.pop();
        } else if let Some(row) = line.strip_prefix("| ").filter(|_| !code) {
            let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
            blocks.push(cells.join(": ") + "\0");
        } else if code || fence || line.is_empty() || line.starts_with('#') {
            blocks.push(String::new());
        } else if let Some(item) = line.strip_prefix("- ") {
            blocks.push(item.to_owned());
        } else if let Some(block) = blocks.last_mut() {
            if block.ends_with('\0') {
                blocks.push(line.to_owned());
            } else {
                block.push_str(if block.is_empty() { "" } else { " " });
                block.push_str(line);
            }
        }
    }
    blocks.retain(|it| !it.contains(" ·"));
    blocks.iter().flat_map(|it| it.strip_suffix('\0').map_or_else(|| split(it), |row| vec![row.to_owned()])).collect()
}

/// A sentence ends with its stop before a blank, which is none in code.
fn split(block: &str) -> Vec<String> {
    let (mut found, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in block.char_indices() {
        quoted ^= letter == '`';
        if !quoted && matches!(letter, '.' | '!' | '?') && block[at + 1..].starts_with(' ') {
            found.push(block[begin..=at].to_owned());
            begin = at + 2;
        }
    }
    found.push(block[begin..].to_owned());
    found.retain(|it| !it.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Title\n\nIt works\nat `a. b` once. It is\nfast:\n\n```sh\nIt lies.\n```\n\n- One. Two.\n- Three\n\n\
                        | head | of it |\n|---|---|\n| `x` | the end. Of it |\nMore stands in [docs/a.md](docs/a.md).\n\n\
                        [b](docs/a.md): c ·\n[d](docs/a.md)\n";

    #[test]
    fn sentences_are_parted_where_they_end_and_code_and_headings_are_none() {
        assert_eq!(
            sentences(PAGE),
            [
                "It works at `a. b` once.",
                "It is fast:",
                "One.",
                "Two.",
                "Three",
                "`x`: the end. Of it",
                "More stands in [docs/a.md](docs/a.md)."
            ]
        );
    }

    #[test]
    fn each_rule_about_claims_finds_what_breaks_it() {
        let good = "| sentence | shown by |\n|---|---|\n\
                    | It works. | `it_works`, [a](a.md) \"speed\" \"7 a `second`\" |\n\
                    | It is told in [docs/a.md](docs/a.md). | [a](a.md) |\n\
                    | It is kept. | [a](a.md) \"age = \\\"72h\\\"\" |\n";
        let readme = "It works. It is kept. It is told in [docs/a.md](docs/a.md).";
        let tests = BTreeSet::from(["it_works".to_owned()]);
        let pages = |path: &str| {
            (path == "docs/a.md").then(|| "| speed |  | 7 a `second`, 9 at night |\nage = \"72h\"".to_owned())
        };
        let all = |readme: &str, claims: &str| faults((readme, claims), &tests, &pages);
        assert!(all(readme, good).is_empty(), "{:?}", all(readme, good));
        let page = |readme: &str, fault: &str| assert_eq!(all(readme, good), [format!("docs/claims.md: {fault}")]);
        page(&format!("{readme} It flies."), "nothing shows this: It flies.");
        page("It is kept. It is told in [docs/a.md](docs/a.md).", "this is not said any more: It works.");
        assert_eq!(all(&format!("{readme}\n\n[b](b.md) · c"), good), ["README.md: b.md is not there"]);
        for (from, to, fault) in [
            ("`it_works`", "`it_worked`", "it_worked is no test: It works."),
            (
                "`it_works`, [a](a.md) \"speed\" \"7 a `second`\"",
                "somebody",
                "this names nothing that shows it: It works.",
            ),
            ("\"speed\"", "\"haste\"", "docs/a.md does not say \"haste\": It works."),
            ("\"7 a", "\"8 a", "docs/a.md does not say \"8 a `second`\" of \"speed\": It works."),
            ("7 a `second`", "7 a `sec", "docs/a.md does not say \"7 a `sec\" of \"speed\": It works."),
            (" \"7 a `second`\"", "", "docs/a.md is not asked for the value of \"speed\": It works."),
            (" \"speed\" \"7 a `second`\"", "", "docs/a.md alone shows nothing of this: It works."),
            ("72h", "7h", "docs/a.md does not say \"age = \\\"7h\\\"\": It is kept."),
            ("= \\\"72h\\\"", "= ", "docs/a.md is not asked what \"age = \" is set to: It is kept."),
            ("[a](a.md) |", "[b](b.md) |", "docs/b.md is not there: It is told in [docs/a.md](docs/a.md)."),
            ("| It works. |", "| It works. | `it_works` |\n| It works. |", "this has two rows: It works."),
        ] {
            assert_eq!(all(readme, &good.replacen(from, to, 1)), [format!("docs/claims.md: {fault}")]);
        }
    }
}
