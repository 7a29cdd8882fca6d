//! The drop-in ports, asked by the SDKs of the services that they stand in for, as PyPI has them.

use crate::daemon::{Daemon, KEY, account, carrier, route};
use crate::peers::need::trials;
use crate::peers::sim::Sim;
use nuncio::simulator::behaviour::Behaviour;
use std::path::Path;
use std::process::Command;

trials! {
    [TwilioOfPypi, Python, OpenSsl]: the_sdk_of_twilio_starts_checks_fetches_and_cancels;
    [VonageOfPypi, Python, OpenSsl]: the_sdk_of_vonage_starts_checks_moves_on_and_cancels;
}

/// A daemon with both ports behind a certificate of its own; what is asked is answered by a script in a file.
struct Stage {
    folder: tempfile::TempDir,
    daemon: Daemon,
    /// It takes everything, as long as it is there.
    _sim: Sim,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |it: &str| folder.path().join(it);
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ]);
        command.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
        command.arg("-keyout").arg(path("key.pem")).arg("-out").arg(path("certificate.pem"));
        assert!(command.output().expect("openssl runs").status.success());
        let mut keys = Command::new(env!("CARGO_BIN_EXE_nuncio"));
        assert!(keys.args(["keys", "new", "--file"]).arg(path("keys")).status().expect("it runs").success());
        let sim = Sim::start(Behaviour::default());
        let tls = format!("tls = {{ certificate = {:?}, key = {:?} }}\n", path("certificate.pem"), path("key.pem"));
        let daemon = Daemon::start(&format!(
            "{}{}{}{}[[app]]\nid = \"login\"\nroute = 1\nsender = \"SHOP\"\ncountries = [\"NL\"]\nbrand = \"Shop\"\nresend_after = \"1s\"\n\
             text = {{ en = \"{{code}} is your {{brand}} code.\" }}\nchannels = [\"sms\", \"voice\"]\nvoice = {{ route = 2 }}\n\
             [guard]\nper_phone = [\"100/1d\"]\nblock = [\"+31687\"]\n\
             [port.twilio-verify]\nlisten = \"127.0.0.1:0\"\n{tls}[port.vonage-verify]\nlisten = \"127.0.0.1:0\"\n{tls}app = \"login\"\n\
             [keys]\nring_file = {:?}\n",
            account("[1, 2]").replace("\"admin\"", "\"admin\", \"verify\""),
            carrier(sim.port(), ""),
            route("class = \"otp\"\nreceipt_window = \"30s\""),
            route("class = \"otp\"").replacen("id = 1", "id = 2", 1),
            path("keys"),
        ));
        Self { folder, daemon, _sim: sim }
    }

    /// Runs a script of Python, which finds the packages of others; its words are shown where it fails.
    fn runs(&self, (port, nth): (&str, usize), script: &str) {
        let said = self.daemon.said("a drop-in port listens", nth);
        assert_eq!(said["port"], port);
        let listen = said["listen"].as_str().expect("an address").replace("127.0.0.1", "localhost");
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/python_modules"));
        command.env("REQUESTS_CA_BUNDLE", self.folder.path().join("certificate.pem"));
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/ports"));
        command.args([script, &listen, KEY, &format!("http://{}", self.daemon.http())]);
        let output = command.output().expect("it starts");
        let text = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
        assert!(output.status.success(), "{script}: {text}");
        assert!(text.contains("all of it"), "{text}");
        let counted =
            self.daemon.metrics().value(&format!("http_requests_total{{endpoint=\"port {port}\",code=\"200\"}}"));
        assert!(1.0 < counted, "{counted}");
    }
}

fn the_sdk_of_twilio_starts_checks_fetches_and_cancels() {
    let stage = Stage::new();
    stage.runs(("twilio-verify", 1), "twilio_port.py");
}

fn the_sdk_of_vonage_starts_checks_moves_on_and_cancels() {
    let stage = Stage::new();
    stage.runs(("vonage-verify", 2), "vonage_port.py");
}
