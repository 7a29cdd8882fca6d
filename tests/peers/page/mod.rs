//! The page of `examples/login` in a browser: people log in on it through a carrier that fails, by keyboard alone,
//! with codes that are typed, pasted and read out of an SMS; and everybody can use it.

mod browser;

use crate::daemon::process::Process;
use crate::peers::need::trials;
use crate::peers::page::browser::{Browser, ENTER, TAB};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const NUMBER: &str = "+31612345678";

trials! {
    [Chromium, AxeCore]:
        a_code_that_the_first_carrier_never_delivers_logs_one_in_through_the_second,
        each_state_of_the_page_is_for_everybody_at_320_points_light_and_dark;
    [Chromium]:
        a_code_is_sent_again_once_the_clock_of_the_page_says_so,
        a_code_is_taken_as_it_is_pasted_typed_and_read_out_of_an_sms,
        a_call_is_offered_where_the_status_says_so;
}

/// Kept in the page: what breaks its policy, and what it asked for.
const WATCH: &str = "window.broken = []; window.asked = [];
    addEventListener('securitypolicyviolation', (it) => broken.push(it.violatedDirective + ' ' + it.blockedURI));
    addEventListener('error', (it) => broken.push(it.message));
    addEventListener('unhandledrejection', (it) => broken.push(String(it.reason)));";

/// Answers in the place of the server: `answers` has one for each request, a body and perhaps a status.
const STUBBED: &str =
    "window.answers = { 'GET phone': [{ to: null, messages: [] }], 'GET login': [{ status: 'none' }] };
    window.fetch = (path, { method = 'GET', body } = {}) => {
        if (method === 'POST') asked.push([path, JSON.parse(body)]);
        const [answer, status = 200] = answers[`${method} ${path}`];
        return Promise.resolve(new Response(JSON.stringify(answer), { status }));
    };";

/// `nuncio demo --verify`, and a browser in which its page is open.
struct Page {
    browser: Browser,
    demo: Process,
    url: String,
    folder: tempfile::TempDir,
}

impl Page {
    fn open(arguments: &[&str], before: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
        command.args(["demo", "--verify"]).args(arguments).env("TMPDIR", folder.path());
        let demo = Process::start("nuncio demo", command);
        let url = demo.line(PATIENCE, |lines| {
            lines.iter().find_map(|it| it.strip_prefix("Open ")?.split_once(' ').map(|it| it.0.to_owned()))
        });
        let browser = Browser::start();
        browser.before_each_page(&format!("{WATCH}{before}"));
        browser.open(&url);
        browser.until("document.activeElement.id === 'number'");
        Self { browser, demo, url, folder }
    }

    /// What the server is to answer from now on.
    fn answers(&self, request: &str, answer: &Value, status: u16) {
        self.browser.run(&format!("answers[{}] = [{answer}, {status}]", json!(request)));
    }

    /// What was asked of the server since it was last looked at, but for looking.
    fn asked(&self) -> Value {
        self.browser.run("return asked.splice(0)")
    }

    /// Whether a message stands there, has the focus, and says this.
    fn says(&self, words: &str) {
        let words = json!(words);
        self.browser.until(&format!(
            "document.activeElement.id === 'message' && document.activeElement.textContent === {words}"
        ));
    }

    fn is_at(&self, id: &str) {
        self.browser.until(&format!("document.activeElement.id === '{id}'"));
    }

    /// Nothing was refused by the policy of the page, and no script failed.
    fn was_sound(&self) {
        assert_eq!(self.browser.run("return broken"), json!([]));
    }

    /// No part of it is wider than the window, and axe has nothing to say.
    fn is_for_everybody(&self, state: &str) {
        let width = self.browser.run("return document.documentElement.scrollWidth - innerWidth");
        assert!(width.as_i64().unwrap() <= 0, "{state}: wider by {width}");
        assert_eq!(self.browser.barriers(), json!([]), "{state}");
    }

    /// What the simulated handset got last, as the demo prints it.
    fn code(&self) -> String {
        self.demo.line(PATIENCE, |lines| {
            let line = lines.iter().rev().find(|it| it.contains(&format!("handset {NUMBER} (second): ")))?;
            line.split_once("(second): ")?.1.split(' ').next().map(str::to_owned)
        })
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

/// A login of which the code was sent.
fn pending(resend_in: f64, expires_in: f64, next: Option<&str>) -> Value {
    json!({ "status": "pending", "to": NUMBER, "code_length": 6, "channel": "sms", "next_channel": next,
            "resend_in": resend_in, "expires_in": expires_in })
}

fn a_code_that_the_first_carrier_never_delivers_logs_one_in_through_the_second() {
    let mut page = Page::open(&["--until-verified"], "");
    page.is_for_everybody("number");
    page.browser.keys(&format!("0612345678{ENTER}"));
    page.says("Begin with + and the country code, such as +31.");
    assert_eq!(page.browser.text("number.ariaInvalid"), "true");
    page.browser.run("number.value = ''");
    // From the message on one types into the field, without a hand on a mouse.
    page.browser.keys("+81312345678");
    page.is_at("number");
    page.browser.keys(&format!("{TAB}{ENTER}"));
    page.says("We send no codes to this country. Enter a number of another one.");
    page.browser.run("number.value = ''");
    page.browser.keys(&format!("+31 6 12345678{ENTER}"));
    page.is_at("code");
    page.is_for_everybody("code");
    let field = "return ['type', 'inputmode', 'autocomplete', 'maxlength'].map((it) => code.getAttribute(it))";
    assert_eq!(page.browser.run(field), json!(["text", "numeric", "one-time-code", "6"]));
    let code = page.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    page.browser.keys(wrong);
    page.says("This is not the code. 4 tries are left.");
    page.is_for_everybody("wrong code");
    // A page that is opened anew is where it was, and no script of it can read who it is.
    page.browser.open(&page.url);
    page.is_at("code");
    assert_eq!(page.browser.text("document.cookie + JSON.stringify(login)").find("ver_"), None);
    page.browser.until("document.querySelector('.phone .sms') !== null");
    assert!(page.browser.text("document.querySelector('.phone').textContent").contains(&code));
    page.browser.keys(&code);
    page.is_at("done");
    page.is_for_everybody("done");
    page.was_sound();
    assert_eq!(page.demo.end(PATIENCE).code(), Some(0));
    let story = page.demo.heard().join("\n");
    let mut rest = story.as_str();
    for words in [
        "+31612345678: sent through first",
        "+31612345678: no receipt for 5 s: sent through second, the same code",
        "handset +31612345678 (second): ",
        "+31612345678: wrong code, 4 more may be wrong",
        "+31612345678: verified",
    ] {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("{words:?} is missing in\n{story}")).1;
    }
    assert!(is_empty(page.folder.path()), "nothing stays");
}

fn a_code_is_sent_again_once_the_clock_of_the_page_says_so() {
    let mut page = Page::open(&[], "");
    page.browser.keys(&format!("{NUMBER}{ENTER}"));
    page.is_at("code");
    assert_eq!(page.browser.text("again.disabled"), "true");
    page.browser.until("/^in 0:(1[0-5]|0[5-9])$/.test(wait.textContent)");
    page.browser.run(
        "window.seen = new Set();
         new MutationObserver(() => seen.add(wait.textContent)).observe(wait, { childList: true })",
    );
    page.browser.until("/^4:[45][0-9]$/.test(lifetime.textContent)");
    page.browser.until("wait.textContent === '' && !again.disabled");
    // Nearly each second: a machine that is busy may leave one out.
    let seen = page.browser.run("return seen.size").as_u64().unwrap();
    assert!(8 < seen, "{seen}");
    assert_eq!(
        page.browser.text("document.querySelector('[role=status]').textContent"),
        "You can have it sent again now."
    );
    // Behind the field come the button that enters the code, and this.
    page.browser.keys(&format!("{TAB}{TAB}{ENTER}"));
    page.browser.until("document.querySelector('[role=status]').textContent === 'It was sent again.'");
    page.is_at("code");
    assert_eq!(page.browser.text("again.disabled"), "true");
    page.demo.line(PATIENCE, |lines| lines.iter().any(|it| it.contains("sent again through first")).then_some(()));
    let code = page.code();
    page.browser.keys(&code);
    page.is_at("done");
    page.browser.keys(&format!("{TAB}{ENTER}"));
    page.is_at("number");
    page.was_sound();
    page.demo.signal(Signal::INT);
    assert_eq!(page.demo.end(PATIENCE).code(), Some(0));
    assert!(is_empty(page.folder.path()), "nothing stays");
}

fn a_code_is_taken_as_it_is_pasted_typed_and_read_out_of_an_sms() {
    let otp = "window.OTPCredential = class {}; window.reads = [];
        navigator.credentials.get = (options) => new Promise((resolve, reject) => {
            reads.push({ options, resolve });
            options.signal.addEventListener('abort', () => reject(options.signal.reason));
        });
        const stub = window.fetch;
        window.openMeanwhile = 0;
        window.fetch = (path, ...more) => {
            if (path === 'login/check') openMeanwhile += reads.filter((it) => !it.options.signal.aborted).length;
            return stub(path, ...more);
        };";
    let page = Page::open(&[], &format!("{STUBBED}{otp}"));
    page.answers("POST login", &pending(30.0, 300.0, None), 200);
    page.answers("GET login", &pending(30.0, 300.0, None), 200);
    page.answers("POST login/check", &json!({ "error": "code", "checks_left": 1 }), 422);
    page.browser.keys(&format!("0031612345678{ENTER}"));
    page.is_at("code");
    assert_eq!(page.asked(), json!([["login", { "number": "+31612345678" }]]));
    let sms = "Call 020 1234567 or 8001 if it was not you: 012345 is your Demo code.\n\n@login.example #012345";
    for (text, code) in [("012 345", "012345"), ("0123-45", "012345"), (sms, "012345"), ("Code: 012 345.", "012345")] {
        page.browser.paste(text, "code");
        page.says("This is not the code. One try is left.");
        assert_eq!(page.asked(), json!([["login/check", { "code": code }]]), "{text}");
        assert_eq!(page.browser.text("code.value"), "");
    }
    page.browser.keys("01a2 3٤");
    assert_eq!(page.browser.text("code.value"), "01234", "digits, of whatever keyboard");
    page.browser.keys(ENTER);
    page.says("The code has 6 digits.");
    assert_eq!(page.asked(), json!([]));
    // Each wait is ended by what is entered, while that is under way; one is open.
    assert_eq!(page.browser.run("return openMeanwhile"), json!(0));
    let open = "return reads.map((it) => [it.options.otp.transport, it.options.signal.aborted])";
    let waits = page.browser.run(open);
    let (last, ended) = waits.as_array().unwrap().split_last().unwrap();
    assert_eq!((last, ended.len()), (&json!([["sms"], false]), 4), "{waits}");
    assert!(ended.iter().all(|it| it[1] == true), "{waits}");
    page.answers(
        "POST login/check",
        &json!({ "status": "approved", "to": NUMBER, "resend_in": null, "expires_in": 0 }),
        200,
    );
    page.browser.run("reads.at(-1).resolve({ code: '001122' })");
    page.is_at("done");
    assert_eq!(page.asked(), json!([["login/check", { "code": "001122" }]]));
    page.was_sound();
}

fn a_call_is_offered_where_the_status_says_so() {
    let page = Page::open(&[], STUBBED);
    page.answers("POST login", &pending(0.0, 300.0, None), 200);
    page.answers("GET login", &pending(0.0, 300.0, None), 200);
    page.browser.keys(&format!("{NUMBER}{ENTER}"));
    page.is_at("code");
    page.browser.until("!again.disabled");
    assert_eq!(page.browser.text("call.hidden"), "true");
    page.browser.keys("12");
    // The page looks by itself how the login stands, and leaves alone what is typed.
    page.answers("GET login", &pending(0.0, 300.0, Some("voice")), 200);
    page.browser.until("!call.hidden && call.textContent === 'Call me instead'");
    assert_eq!(page.browser.text("code.value + document.activeElement.id"), "12code");
    page.asked();
    let mut calling = pending(30.0, 300.0, None);
    calling["channel"] = json!("voice");
    page.answers("POST login/resend", &calling, 200);
    page.answers("GET login", &calling, 200);
    page.browser.keys(&format!("{TAB}{TAB}{TAB}{ENTER}"));
    page.browser.until("how.textContent === 'We are calling'");
    assert_eq!(page.asked(), json!([["login/resend", { "channel": "voice" }]]));
    assert_eq!(page.browser.text("call.hidden"), "true");
    page.was_sound();
}

fn each_state_of_the_page_is_for_everybody_at_320_points_light_and_dark() {
    let page = Page::open(&[], STUBBED);
    let everybody = |state: &str| {
        for (width, scheme) in [(1_200, "light"), (320, "light"), (320, "dark")] {
            page.browser.look(width, scheme);
            page.is_for_everybody(&format!("{state}, {width} {scheme}"));
        }
    };
    everybody("number");
    let paper = "getComputedStyle(document.body).backgroundColor";
    let dark = page.browser.text(paper);
    page.browser.look(320, "light");
    assert_ne!(page.browser.text(paper), dark, "dark is dark");
    for (error, retry_in, words) in [
        ("number", None, "This is no mobile number. Check its digits."),
        ("line", None, "This number cannot get a code. Enter a mobile number."),
        ("too_many", Some(540), "That was too often. Try again in 9 minutes."),
        ("refused", None, "We cannot send a code to this number. Sign in another way, or ask us for help."),
        ("busy", None, "Something is wrong on our side. Try again in a moment."),
    ] {
        page.answers("POST login", &json!({ "error": error, "retry_in": retry_in }), 422);
        page.browser.run(&format!("number.value = '{NUMBER}'; number.focus()"));
        page.browser.keys(ENTER);
        page.says(words);
    }
    everybody("an error of the number");
    page.answers("POST login", &pending(30.0, 300.0, Some("voice")), 200);
    page.answers("GET login", &pending(30.0, 300.0, Some("voice")), 200);
    page.browser.run("number.focus()");
    page.browser.keys(ENTER);
    page.is_at("code");
    everybody("a code, and a call on offer");
    // The longest code that there is.
    page.browser.run("show({ ...login, code_length: 10 })");
    everybody("a long code");
    page.browser.run("show({ ...login, code_length: 6 })");
    page.answers("POST login/check", &json!({ "error": "exhausted", "checks_left": 0 }), 422);
    page.browser.run("code.focus()");
    page.browser.keys("123456");
    page.says("There were too many wrong codes. Have a new one sent.");
    assert_eq!(page.browser.text("entry.checkVisibility()"), "false", "no code is looked at any more");
    everybody("exhausted");
    page.answers("POST login/resend", &pending(0.0, 1.0, None), 200);
    page.answers("GET login", &json!({ "error": "busy" }), 503);
    page.browser.run("resendAt = 0; tick(); again.click()");
    page.says("The code has expired. Have a new one sent.");
    everybody("expired");
    page.answers("POST login/resend", &json!({ "error": "too_many", "retry_in": 20 }), 429);
    page.browser.run("again.click()");
    page.says("That was too often. Try again in 20 seconds.");
    page.browser.until("again.disabled && /^in 0:(20|1[0-9])$/.test(wait.textContent)");
    everybody("too often");
    page.was_sound();
}
