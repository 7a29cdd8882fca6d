//! The unit for systemd, judged by systemd itself.

use crate::peers::need::trials;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The most that `systemd-analyze security` may score: 10 is no protection, 0 is no process.
const EXPOSURE_MAX: f64 = 1.5;

trials! {
    [SystemdAnalyze]:
        systemd_understands_the_unit,
        the_unit_exposes_little;
}

fn systemd_understands_the_unit() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = analyze(&["verify", &unit(&folder).to_string_lossy()]);
    assert!(output.trim().is_empty(), "{output}");
}

fn the_unit_exposes_little() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = analyze(&["security", "--offline=true", "--no-pager", &unit(&folder).to_string_lossy()]);
    let line = output.lines().find(|it| it.contains("Overall exposure level")).expect("a verdict");
    let score = line.split_whitespace().find_map(|it| it.parse::<f64>().ok()).expect("a score");
    assert!(score <= EXPOSURE_MAX, "{output}");
}

/// The unit with the binary of this build in the place of the installed one, which must exist to be verified.
fn unit(folder: &tempfile::TempDir) -> PathBuf {
    let text = fs::read_to_string("systemd/nuncio.service").expect("the unit is in the repository");
    let path = folder.path().join("nuncio.service");
    fs::write(&path, text.replace("/usr/bin/nuncio", env!("CARGO_BIN_EXE_nuncio"))).expect("a new file");
    path
}

/// What `systemd-analyze` says.
fn analyze(arguments: &[&str]) -> String {
    let said = Command::new("systemd-analyze").args(arguments).output().expect("it runs");
    format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
}
