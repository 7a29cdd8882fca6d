//! Where records of charge go, and what is known of a path before anything is written.

use super::{Folder, SMALL};
use crate::message::id::EndpointId;

/// What is wrong with this section, or what it means.
fn read(section: &str) -> Result<Option<(bool, EndpointId)>, String> {
    let folder = Folder::with("");
    folder.write("not-ours", "root:x:0:0\n");
    folder.write("ours", "{\"id\":\"evt_1-1\"}\n");
    let here = folder.path("ours").parent().expect("a folder").display().to_string();
    folder.write("nuncio.toml", &format!("{SMALL}\n{}", section.replace("HERE", &here)));
    let cdr = folder.read(&[])?.loaded.cdr;
    Ok(cdr.map(|it| (it.mask, it.mark)))
}

#[test]
fn records_are_written_where_it_is_said_and_nowhere_else() {
    assert_eq!(read("").unwrap(), None);
    let (masked, mark) = read("[cdr]\npath = \"HERE/cdr.jsonl\"").unwrap().expect("it is written");
    assert!(masked && mark != EndpointId(0), "{mark:?}");
    assert_eq!(read("[cdr]\npath = \"HERE/ours\"\nmask = false").unwrap().map(|it| it.0), Some(false));
}

#[test]
fn what_can_be_known_before_is_said_before() {
    for (section, said) in [
        ("[cdr]", "cdr.path: this key is required"),
        ("[cdr]\npath = 1", "cdr.path: expected a path"),
        ("[cdr]\npath = \"HERE/none/cdr.jsonl\"", "none cannot be used: No such file"),
        ("[cdr]\npath = \"HERE/ours/cdr.jsonl\"", "cannot be used: Not a directory"),
        ("[cdr]\npath = \"HERE\"", "cannot be used: it is a folder"),
        ("[cdr]\npath = \"HERE/not-ours\"", "cannot be used: it has something else in it"),
        ("[cdr]\npath = \"/proc/version\"", "/proc/version cannot be used"),
        ("[cdr]\npath = \"HERE/a\"\nmasc = true", "unknown key; did you mean mask?"),
    ] {
        let wrong = read(section).expect_err(section);
        assert!(wrong.contains(said) && wrong.lines().count() == 1, "{section}: {wrong}");
    }
}
