//! `nuncio account`.

use crate::config::Environment;
use crate::config::accounts::{AccountError, NewAccount, add, list, show};
use crate::config::tests::{Folder, SMALL};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

fn new(id: &str) -> NewAccount {
    let (key_sha256, senders) = ("ab".repeat(32), vec!["*".to_owned()]);
    NewAccount { id: id.into(), key_sha256, routes: vec![8], senders, scopes: Vec::new(), sandbox: false }
}

#[test]
fn an_account_is_written_behind_the_others_and_nothing_else_is_changed() {
    let text = format!("# Ours.\n{SMALL}\n# The end.\n");
    let folder = Folder::with(&text);
    let file = folder.0.path().join("nuncio.toml");
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let lab = NewAccount { scopes: vec!["send".into()], sandbox: true, ..new("lab") };
    add(&file, &lab, &Environment::default()).unwrap();
    let written = fs::read_to_string(&file).unwrap();
    let keys = format!("key_sha256 = [\"{}\"]", "ab".repeat(32));
    let tail = format!("id = \"lab\"\n{keys}\nroutes = [8]\nsenders = [\"*\"]\nscopes = [\"send\"]\nsandbox = true\n");
    assert_eq!(written.replacen(&format!("\n[[account]]\n{tail}"), "", 1), text, "{written}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let loaded = folder.read(&[]).unwrap().loaded;
    assert!(loaded.plan.account_named("lab").is_some_and(|it| it.is_sandbox && it.scopes.send && !it.scopes.read));
    let lines = list(&file, &Environment::default()).unwrap();
    assert!(lines.contains("lab ") && lines.contains("sandbox  1 key, routes 8, senders *"), "{lines}");
    let shown = show(&file, "lab", &Environment::default()).unwrap();
    assert!(shown.contains("\"abababab\"") && !shown.contains(&"ab".repeat(5)), "{shown}");
    assert!(matches!(show(&file, "lib", &Environment::default()), Err(AccountError::Unknown(_))));
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_would_be_wrong_is_not_written_and_said_of_the_file_itself() {
    let folder = Folder::with(SMALL);
    let file = folder.0.path().join("nuncio.toml");
    for (bad, said) in [
        (new("shop"), "this id is taken"),
        (new("no name"), "is not a name"),
        (NewAccount { routes: vec![7], ..new("lab") }, "there is no route 7"),
        (NewAccount { scopes: vec!["sned".into()], ..new("lab") }, "did you mean send?"),
        (NewAccount { key_sha256: "short".into(), ..new("lab") }, "64 hexadecimal digits"),
    ] {
        let error = add(&file, &bad, &Environment::default()).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("nuncio.toml:") && !error.contains("/.nuncio"), "{error}");
        assert!(error.ends_with("Nothing was written."), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), SMALL);
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
    let list = Folder::with("account = []\n");
    let error = add(&list.0.path().join("nowhere.toml"), &new("lab"), &Environment::default()).unwrap_err();
    assert!(matches!(error, AccountError::File(..)), "{error}");
}
