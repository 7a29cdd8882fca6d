//! The files of `docs/clients` beside each other: what they read, what is said of them, and how long they are.

use crate::peers::clients::file;
use crate::peers::need::trials;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Lines of a file that is still read before it is copied.
const LINES_MAX: usize = 200;

trials! {
    []:
        the_sample_of_an_environment_has_what_is_read_and_nothing_else,
        each_client_is_short_and_the_page_says_how_it_is_run,
        the_list_before_production_names_what_there_is;
}

/// Every client and receiver.
fn all() -> Vec<(PathBuf, String)> {
    let entries = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let folders = entries(file("")).filter(|it| it.is_dir());
    let all: Vec<_> = folders.flat_map(entries).map(|it| (it.clone(), fs::read_to_string(it).unwrap())).collect();
    assert_eq!(all.len(), 11, "six languages, and no receiver for a shell");
    all
}

/// Variables of ours that a text names.
fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|it: char| !it.is_ascii_uppercase() && it != '_');
    words.filter(|it| it.starts_with("NUNCIO_")).map(str::to_owned).collect()
}

fn the_sample_of_an_environment_has_what_is_read_and_nothing_else() {
    let sample = fs::read_to_string(file("nuncio.env")).unwrap();
    let set: BTreeSet<String> = sample.lines().filter_map(|it| it.split_once('=')).map(|it| it.0.to_owned()).collect();
    let set: BTreeSet<String> = set.into_iter().filter(|it| !it.starts_with('#')).collect();
    let read: BTreeSet<String> = all().iter().flat_map(|it| variables(&it.1)).collect();
    assert_eq!(set, read);
    for (path, text) in all() {
        let is_client = path.file_stem().is_some_and(|it| it == "client");
        let of_clients = ["NUNCIO_FROM", "NUNCIO_KEY", "NUNCIO_URL"].map(str::to_owned).into();
        assert_eq!(variables(&text) == of_clients, is_client, "{}", path.display());
    }
}

fn each_client_is_short_and_the_page_says_how_it_is_run() {
    let page = fs::read_to_string(file("README.md")).unwrap();
    for (path, text) in all() {
        let name = path.strip_prefix(file("")).unwrap().display().to_string();
        assert!(text.lines().count() <= LINES_MAX, "{name} is too long");
        assert!(page.contains(&format!("]({name})")), "{name} is not on the page");
    }
}

fn the_list_before_production_names_what_there_is() {
    let read = |path: &str| fs::read_to_string(file("../..").join(path)).unwrap();
    let known = ["config/nuncio.toml", "docs/metrics.md", "docs/openapi.json", "docs/openapi.admin.json", "README.md"];
    let others = ["docs/operate.md", "docs/http.md", "docs/webhooks.md", "docs/backup.md"];
    let known: String = known.iter().chain(&others).map(|it| read(it)).collect();
    let list = read("docs/production.md");
    let named: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    assert!(40 < named.len(), "{named:?}");
    // The documents have methods and paths apart.
    let path = |it: &str| it.split_once(" /").map_or_else(|| it.to_owned(), |it| format!("/{}", it.1));
    let made_up: Vec<&&str> = named.iter().filter(|it| !known.contains(&path(it))).collect();
    assert!(made_up.is_empty(), "{made_up:?}");
}
