//! Habit 55: carriers whose certificates nobody signed, and clients that do not look.

use crate::daemon::Daemon;
use crate::identity::identity;
use crate::operation::tls::{config, said, secured};

#[test]
fn quirk_55_a_certificate_of_nobody_is_refused_by_default_and_taken_when_it_is_pinned() {
    let carrier = identity();
    let (_sim, port) = secured(&carrier, &[]);
    let daemon = Daemon::start(&config(port, "true"));
    let line = said(&daemon, "cannot connect", "error", "not accepted");
    assert!(line["hint"].as_str().unwrap().contains("tls.pin_sha256"), "{line}");
    daemon.configure(&config(port, &format!("{{ pin_sha256 = \"{:?}\" }}", carrier.pin())));
    daemon.reload();
    daemon.said("bound", 1);
    let other = identity().pin();
    daemon.configure(&config(port, &format!("{{ pin_sha256 = [\"{other:?}\"] }}")));
    daemon.reload();
    said(&daemon, "cannot connect", "error", &format!("is not pinned; its SHA-256 is {:?}", carrier.pin()));
}
