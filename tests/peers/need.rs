//! What a test needs besides nuncio, and what becomes of a test that cannot have it.

use libtest_mimic::{Completion, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program or package that is not ours.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// The package `smpp` of npm, in `tests/peers/node_modules`.
    Npm,
    /// Debian's Net::SMPP.
    Perl,
    /// The package `smpplib` of PyPI, in `tests/peers/python_modules`.
    Smpplib,
    /// The package `phonenumbers` of PyPI, there too.
    Phonenumbers,
    /// The package `openapi-spec-validator` of PyPI, there too.
    OpenapiSpecValidator,
    /// The package `schemathesis` of PyPI, there too.
    Schemathesis,
    /// The package `@redocly/cli` of npm, in `tests/peers/node_modules`.
    Redocly,
    /// The package `openapi-typescript` of npm, there too, and the compiler that it brings.
    OpenapiTypescript,
    /// The package `twilio` of PyPI, in `tests/peers/python_modules`.
    TwilioOfPypi,
    /// The package `vonage-verify` of PyPI, there too.
    VonageOfPypi,
    /// The command of curl, and jq.
    Curl,
    /// The interpreter of Python.
    Python,
    /// The interpreter of PHP.
    Php,
    /// The interpreter of JavaScript.
    Node,
    /// The compiler of Go.
    Go,
    /// The package `standardwebhooks` of PyPI, in `tests/peers/python_modules`.
    StandardwebhooksOfPypi,
    /// The package `standardwebhooks` of npm, in `tests/peers/node_modules`.
    StandardwebhooksOfNpm,
    /// The package `axe-core` of npm, in `tests/peers/node_modules`.
    AxeCore,
    /// Chromium, and what drives it.
    Chromium,
    /// Kannel's bearerbox and smsbox, where Debian puts them.
    Kannel,
    /// The dissector of Wireshark without a window.
    Tshark,
    /// OpenSSL's command.
    OpenSsl,
    /// Prometheus, and the tool that judges what is to be scraped.
    Prometheus,
    /// What judges units of systemd.
    SystemdAnalyze,
    /// A wall clock for one process.
    Faketime,
    /// What tells of each call to the system, and may look at a process of ours.
    Strace,
    /// A compiler of C, and a loader that takes a library before all others.
    Preload,
    /// Namespaces of users and mounts, and the commands that make and enter them.
    Namespaces,
}

impl Need {
    fn is_there(self) -> bool {
        let installed = |it: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(it).exists();
        match self {
            Self::Npm => installed("node_modules/smpp") && runs("node", &["--version"]),
            Self::Perl => runs("perl", &["-MNet::SMPP", "-e", "1"]),
            Self::Smpplib => installed("python_modules/smpplib") && runs("python3", &["--version"]),
            Self::Phonenumbers => installed("python_modules/phonenumbers") && runs("python3", &["--version"]),
            Self::OpenapiSpecValidator => {
                installed("python_modules/openapi_spec_validator") && runs("python3", &["--version"])
            }
            Self::Schemathesis => installed("python_modules/schemathesis") && runs("python3", &["--version"]),
            Self::TwilioOfPypi => installed("python_modules/twilio"),
            Self::VonageOfPypi => installed("python_modules/vonage_verify"),
            Self::Redocly => installed("node_modules/.bin/redocly") && runs("node", &["--version"]),
            Self::OpenapiTypescript => {
                let both = ["node_modules/.bin/openapi-typescript", "node_modules/.bin/tsc"];
                both.into_iter().all(installed) && runs("node", &["--version"])
            }
            Self::Curl => runs("curl", &["--version"]) && runs("jq", &["--version"]),
            Self::Python => runs("python3", &["--version"]),
            Self::Php => runs("php", &["--version"]),
            Self::Node => runs("node", &["--version"]),
            Self::Go => runs("go", &["version"]),
            Self::StandardwebhooksOfPypi => installed("python_modules/standardwebhooks") && Self::Python.is_there(),
            Self::StandardwebhooksOfNpm => installed("node_modules/standardwebhooks") && Self::Node.is_there(),
            Self::AxeCore => installed("node_modules/axe-core/axe.min.js"),
            Self::Chromium => runs("chromium", &["--version"]) && runs("chromedriver", &["--version"]),
            Self::Kannel => ["/usr/sbin/bearerbox", "/usr/sbin/smsbox"].iter().all(|it| Path::new(it).exists()),
            Self::Tshark => runs("tshark", &["--version"]),
            Self::OpenSsl => runs("openssl", &["version"]),
            Self::Prometheus => runs("promtool", &["--version"]) && runs("prometheus", &["--version"]),
            Self::SystemdAnalyze => runs("systemd-analyze", &["--version"]),
            Self::Faketime => faketime().is_some(),
            Self::Namespaces => {
                let mounts = ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"];
                runs("unshare", &mounts) && runs("nsenter", &["--version"])
            }
            Self::Preload => cfg!(target_os = "linux") && runs("cc", &["--version"]),
            Self::Strace => runs("strace", &["-f", "--seccomp-bpf", "-o", "/dev/null", "true"]),
        }
    }

    /// What is missing, and how it is installed.
    const fn remedy(self) -> &'static str {
        match self {
            Self::Npm => "the npm package smpp (npm ci --prefix tests/peers)",
            Self::Perl => "Net::SMPP (Debian package libnet-smpp-perl)",
            Self::Smpplib => "the PyPI package smpplib (pip, as .ci/run has it)",
            Self::Phonenumbers => "the PyPI package phonenumbers (pip, as .ci/run has it)",
            Self::OpenapiSpecValidator => "the PyPI package openapi-spec-validator (pip, as .ci/run has it)",
            Self::Schemathesis => "the PyPI package schemathesis (pip, as .ci/run has it)",
            Self::TwilioOfPypi => "the PyPI package twilio (pip, as .ci/run has it)",
            Self::VonageOfPypi => "the PyPI package vonage-verify (pip, as .ci/run has it)",
            Self::Redocly => "the npm package @redocly/cli (npm ci --prefix tests/peers)",
            Self::OpenapiTypescript => "the npm package openapi-typescript (npm ci --prefix tests/peers)",
            Self::Curl => "curl and jq (Debian packages curl and jq)",
            Self::Python => "python3 (Debian package python3)",
            Self::Php => "php (Debian package php-cli)",
            Self::Node => "node (Debian package nodejs)",
            Self::Go => "go (Debian package golang-go)",
            Self::StandardwebhooksOfPypi => "the PyPI package standardwebhooks (pip, as .ci/run has it)",
            Self::StandardwebhooksOfNpm => "the npm package standardwebhooks (npm ci --prefix tests/peers)",
            Self::AxeCore => "the npm package axe-core (npm ci --prefix tests/peers)",
            Self::Chromium => "chromium and chromedriver (Debian packages chromium and chromium-driver)",
            Self::Kannel => "bearerbox and smsbox (Debian package kannel)",
            Self::Tshark => "tshark (Debian package tshark)",
            Self::OpenSsl => "openssl (Debian package openssl)",
            Self::Prometheus => "prometheus and promtool (Debian package prometheus)",
            Self::SystemdAnalyze => "systemd-analyze (Debian package systemd)",
            Self::Faketime => "libfaketime (Debian package faketime)",
            Self::Namespaces => "unshare and nsenter (Debian package util-linux), and the right to user namespaces",
            Self::Preload => "cc (Debian package build-essential), on Linux",
            Self::Strace => "strace (Debian package), and the right to trace a process",
        }
    }
}

/// Where libfaketime is: Debian has a folder for each kind of machine.
pub(crate) fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let library = |it: std::fs::DirEntry| it.path().join("faketime/libfaketimeMT.so.1");
    folders.flatten().map(library).find(|it| it.exists())
}

/// Whether a command is there and content.
fn runs(command: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(command);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command.status().is_ok_and(|it| it.success())
}

/// A test under its name in this target, which runs where everything is there that it needs.
pub(crate) fn trial(path: &str, needs: &'static [Need], run: fn()) -> Trial {
    let name = path.split_once("::").map_or(path, |it| it.1);
    Trial::ignorable_test(name, move || {
        let missing: Vec<&str> = needs.iter().filter(|it| !it.is_there()).map(|it| it.remedy()).collect();
        if missing.is_empty() {
            run();
            return Ok(Completion::Completed);
        }
        let reason = format!("missing: {}", missing.join("; "));
        if std::env::var_os("CI").is_some() { Err(Failed::from(reason)) } else { Ok(Completion::ignored_with(reason)) }
    })
}

/// Lists the tests of a file by what they need. A function that stands in no list is dead code, which clippy finds.
macro_rules! trials {
    ($([$($need:ident),*]: $($name:ident),+ $(,)?;)+) => {
        /// The tests of this file.
        pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
            let mut all = Vec::new();
            $({
                let needs: &'static [$crate::peers::need::Need] = &[$($crate::peers::need::Need::$need),*];
                $(all.push($crate::peers::need::trial(concat!(module_path!(), "::", stringify!($name)), needs, $name));)+
            })+
            all
        }
    };
}

pub(crate) use trials;
