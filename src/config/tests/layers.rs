//! File, `conf.d` and environment, one over the other.

use super::{Folder, SMALL};
use crate::api::server::options::Listen;

#[test]
fn files_in_conf_d_add_tables_and_replace_keys() {
    let folder = Folder::with(&format!("[http]\nmax_connections = 10\nlisten = \"127.0.0.1:1\"\n{SMALL}"));
    folder.write("conf.d/20-more.toml", "[http]\nlisten = \"127.0.0.1:3\"\n");
    let beta = "[[carrier]]\nid = \"beta\"\naddress = [\"b:1\"]\nsystem_id = \"n\"\npassword = \"p\"\n";
    folder.write(
        "conf.d/10-beta.toml",
        &format!("[http]\nlisten = \"127.0.0.1:2\"\n{beta}[[route]]\nid = 9\ncarriers = [\"beta\"]\n"),
    );
    folder.write("conf.d/notes.txt", "not [ toml");
    let loaded = folder.read(&[]).unwrap().loaded;
    assert_eq!((loaded.plan.carriers.len(), loaded.plan.routes.len()), (2, 2));
    assert_eq!(loaded.http.listen, Listen::parse("127.0.0.1:3").unwrap());
    assert_eq!(loaded.http.max_connections, 10);
}

#[test]
fn an_id_in_two_files_is_an_error_that_names_both() {
    let folder = Folder::with(SMALL);
    folder.write(
        "conf.d/acme.toml",
        "\n[[carrier]]\nid = \"acme\"\naddress = [\"b:1\"]\nsystem_id = \"n\"\npassword = \"p\"\n",
    );
    let error = folder.short(&folder.read(&[]).unwrap_err());
    assert_eq!(error, "conf.d/acme.toml:3: carrier \"acme\", id: this id is taken by the carrier at nuncio.toml:8");
}

#[test]
fn the_environment_is_read_last() {
    let folder = Folder::with(&format!("[http]\nlisten = \"127.0.0.1:1\"\n{SMALL}"));
    let environment = [
        ("NUNCIO_HTTP_LISTEN", "127.0.0.1:4"),
        ("NUNCIO_HTTP__MAX_CONNECTIONS", "12"),
        ("NUNCIO_STORE_MAX_QUEUED", "5"),
        ("NUNCIO_SHUTDOWN_DRAIN_TIMEOUT", "3s"),
        ("NUNCIO_LOG_FORMAT", "json"),
        ("NUNCIO_ACME_PASSWORD", "not ours"),
        ("HTTP_LISTEN", "not ours"),
    ];
    let loaded = folder.read(&environment).unwrap().loaded;
    assert_eq!(loaded.http.listen, Listen::parse("127.0.0.1:4").unwrap());
    assert_eq!((loaded.http.max_connections, loaded.plan.limits.queued_max), (12, 5));
    assert_eq!(loaded.shutdown.drain_timeout.as_secs(), 3);
    assert_eq!(loaded.log.format, crate::telemetry::log::LogFormat::Json);
}

#[test]
fn an_error_of_the_environment_names_the_variable() {
    let folder = Folder::with(SMALL);
    let error = |name, value| folder.read(&[(name, value)]).unwrap_err();
    assert_eq!(
        error("NUNCIO_HTTP_LISTNE", "x"),
        "NUNCIO_HTTP_LISTNE in the environment: http.listne: unknown key; did you mean listen?"
    );
    assert_eq!(
        error("NUNCIO_STORE_GATHER", "5"),
        "NUNCIO_STORE_GATHER in the environment: store.gather: expected a duration in quotes, such as \"60s\", found the number 5"
    );
}
