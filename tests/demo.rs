//! The demo, as the README has it.

use std::process::{Command, Stdio};

#[test]
fn the_demo_ends_as_the_simulated_carrier_decides() {
    let demo = Command::new(env!("CARGO_BIN_EXE_nuncio"))
        .args(["demo", "--messages", "60"])
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let (said, complained) = (String::from_utf8_lossy(&demo.stdout), String::from_utf8_lossy(&demo.stderr));
    assert!(demo.status.success(), "{said}\n{complained}");
    for words in [
        "60 messages accepted",
        "all 60 messages ended as the simulated carrier decided",
        "\"layers\"",
        "/metrics",
        // Without a terminal it prints plain lines.
        " ms  ",
    ] {
        assert!(said.contains(words), "{words:?} is missing in\n{said}");
    }
    assert!(!said.contains('\x1b'), "no terminal, no escapes");
}
