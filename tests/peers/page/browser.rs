//! A browser without a window, driven by WebDriver (W3C), as far as the tests of a page need it.

use crate::daemon::process::Process;
use crate::daemon::until;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// Keys that are no characters, as WebDriver writes them.
pub(super) const ENTER: &str = "\u{E007}";
pub(super) const TAB: &str = "\u{E004}";
const CONTROL: &str = "\u{E009}";

/// Chromium, which ends with the test.
pub(super) struct Browser {
    agent: ureq::Agent,
    /// Where its session is.
    session: String,
    _driver: Process,
    /// What it leaves behind.
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts one.
    pub(super) fn start() -> Self {
        let mut command = Command::new("chromedriver");
        let folder = tempfile::tempdir().unwrap();
        command.arg("--port=0").env("TMPDIR", folder.path());
        let driver = Process::start("chromedriver", command);
        let port: u16 = driver.line(PATIENCE, |lines| {
            let line = lines.iter().find_map(|it| it.split_once("started successfully on port "))?.1;
            line.trim_end_matches('.').parse().ok()
        });
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        let mut browser = Self {
            agent: config.build().into(),
            session: format!("http://127.0.0.1:{port}"),
            _driver: driver,
            _folder: folder,
        };
        // As root there is no sandbox; nothing but our own page is opened.
        let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let begun = browser.post("/session", &wanted);
        browser.session = format!("{}/session/{}", browser.session, begun["sessionId"].as_str().unwrap());
        browser
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let request = self.agent.post(&url).content_type("application/json");
        let mut response = request.send(body.to_string()).unwrap_or_else(|error| panic!("{path}: {error}"));
        let text = response.body_mut().read_to_string().unwrap();
        assert!(response.status().is_success(), "{path} {body}: {text}");
        serde_json::from_str::<Value>(&text).unwrap()["value"].take()
    }

    /// Runs a script in every page that is opened from now on, before its own.
    pub(super) fn before_each_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    fn devtools(&self, command: &str, parameters: Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    pub(super) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// A window of so many points, for eyes that like it so.
    pub(super) fn look(&self, width: u32, scheme: &str) {
        let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What a function of this body returns; a promise is awaited.
    pub(super) fn run(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": body, "args": [] }))
    }

    /// A text of the page.
    pub(super) fn text(&self, expression: &str) -> String {
        self.run(&format!("return String({expression})")).as_str().unwrap().to_owned()
    }

    /// Waits until it is so in the page.
    pub(super) fn until(&self, expression: &str) {
        let look = format!("return Boolean({expression})");
        until(expression, PATIENCE, || (self.run(&look) == json!(true)).then_some(()));
    }

    /// Presses keys, one after the other, wherever the page has the focus.
    pub(super) fn keys(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|it| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": it.to_string() })))
            .collect();
        self.strokes(&strokes);
    }

    fn strokes(&self, strokes: &[Value]) {
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] }));
    }

    /// A key together with Ctrl.
    fn with_control(&self, key: &str) {
        let pressed = [("keyDown", CONTROL), ("keyDown", key), ("keyUp", key), ("keyUp", CONTROL)];
        self.strokes(&pressed.map(|(kind, key)| json!({ "type": kind, "value": key })));
    }

    /// Copies a text from elsewhere and pastes it into a field.
    pub(super) fn paste(&self, text: &str, field: &str) {
        let text = json!(text);
        self.run(&format!("const it = document.body.appendChild(document.createElement('textarea')); it.id = 'elsewhere'; it.value = {text}; it.select()"));
        self.with_control("c");
        self.run(&format!("document.getElementById('elsewhere').remove(); document.getElementById('{field}').focus()"));
        self.with_control("v");
    }

    /// What axe finds that is serious or critical.
    pub(super) fn barriers(&self) -> Value {
        if self.run("return 'axe' in window") == json!(false) {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/node_modules/axe-core/axe.min.js");
            let axe = std::fs::read_to_string(path).unwrap();
            self.run(&format!("{axe}; window.axe = axe"));
        }
        self.run(
            "return axe.run().then((it) => it.violations
                .filter((it) => ['serious', 'critical'].includes(it.impact))
                .map((it) => [it.id, it.nodes.map((it) => it.html + it.failureSummary)]))",
        )
    }
}

impl Drop for Browser {
    /// Chromium outlives its driver unless it is told to end.
    fn drop(&mut self) {
        _ = self.agent.delete(&self.session).call();
    }
}
