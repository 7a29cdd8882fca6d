//! The clients and receivers of `docs/clients`, run as their readers run them.

mod hears;
mod samples;
mod sends;

use libtest_mimic::Trial;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tests of this folder.
pub(crate) fn trials() -> Vec<Trial> {
    [samples::trials(), sends::trials(), hears::trials()].into_iter().flatten().collect()
}

/// A file of `docs/clients`.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients").join(name)
}

/// What an interpreter makes of a file.
fn interpreted(by: &str, name: &str) -> Command {
    let mut command = Command::new(by);
    command.arg(file(name));
    command
}

/// A file in Python, with the packages of the tests.
fn python(name: &str) -> Command {
    let mut command = interpreted("python3", name);
    command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/python_modules"));
    command
}

/// A program of Go, compiled into a folder: `go run` would leave it behind when it is killed.
fn go(name: &str, folder: &Path) -> Command {
    let program = folder.join("program");
    let mut compiler = Command::new("go");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    compiler.args(["build", "-o"]).arg(&program).arg(file(name)).env("GOCACHE", cache);
    let output = compiler.output().expect("go starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Command::new(program)
}

/// A program of Rust: an example of this package, which `cargo test` of one target alone does not build.
fn rust(name: &str) -> Command {
    let folder = Path::new(env!("CARGO_BIN_EXE_nuncio")).parent().expect("it stands in a folder");
    let mut compiler = Command::new(env!("CARGO"));
    compiler.args(["build", "--quiet", "--example", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo tells a test of its package, a build script would take for its own, and dependencies were built anew.
    let told = |name: &String| ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|it| name.starts_with(it));
    std::env::vars().map(|it| it.0).filter(told).for_each(|it| _ = compiler.env_remove(it));
    if folder.ends_with("release") {
        compiler.arg("--release");
    }
    assert!(compiler.status().expect("cargo starts").success(), "the example {name} is built");
    Command::new(folder.join("examples").join(name))
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
