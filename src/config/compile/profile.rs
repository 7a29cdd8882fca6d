//! Profiles: what an app that promises to keep to a standard is held to. Each rule is refused at the key that breaks
//! it.

use crate::config::error::Findings;
use crate::config::schema::app as written;
use crate::guard::policy::{GuardKind, GuardMode, Policy};
use crate::message::channel::Channel;
use crate::message::id::AppId;
use crate::number::line::LineType;
use crate::verify::app::{App, AppProfile};
use std::collections::BTreeMap;
use std::time::Duration;

/// Entropy of a code: six digits, SP 800-63B, 3.1.3.2.
const LENGTH_MIN: usize = 6;
/// How long a code is good at most, there.
const LIFETIME_MAX: Duration = Duration::from_secs(10 * 60);
/// Failures in a row of an account at most, 3.2.2.
const FAILURES_MAX: u32 = 100;
/// Letters that a reason has at least: a word is none.
const REASON_MIN: usize = 15;

/// Holds each app to the profile that it names.
pub fn check(written: &[(usize, written::App)], apps: &BTreeMap<AppId, App>, guard: &Policy, findings: &mut Findings) {
    for (place, it) in written {
        let Some(app) = apps.values().find(|app| *app.name == *it.id).filter(|it| it.profile.is_some()) else {
            continue;
        };
        for (key, message) in nist(it, app, guard) {
            let path = if key.starts_with("guard") { key.to_owned() } else { format!("app.{place}.{key}") };
            findings.fault(&path, format!("profile {}: {message}", AppProfile::Nist.word()));
        }
    }
}

/// What breaks the rules of NIST SP 800-63B for codes over the telephone network, which it calls restricted.
fn nist(written: &written::App, app: &App, guard: &Policy) -> Vec<(&'static str, String)> {
    let enforces = |it: GuardKind| guard.mode(it) == GuardMode::Enforce;
    let guesses = guard.wrong_guesses.filter(|_| enforces(GuardKind::WrongGuesses)).map(|it| it.count);
    let refuses_voip = enforces(GuardKind::Line) && guard.lines.contains(&LineType::Voip);
    let sends_mail = app.way(Channel::Email).is_some();
    let unnoticed = written.text.keys().filter(|it| !written.notice.contains_key(*it));
    let unnoticed: Vec<&str> = unnoticed.map(String::as_str).collect();
    let alternative = written.alternative.as_deref();
    let reason = written.risk.as_ref().and_then(|it| it.accepted.as_deref()).map_or(0, |it| it.trim().chars().count());
    let rules = [
        (app.form.size() < LENGTH_MIN, "code.length", format!("a code has {LENGTH_MIN} characters at least")),
        (LIFETIME_MAX < app.lifetime, "lifetime", format!("a code lives for {} s at most", LIFETIME_MAX.as_secs())),
        (
            guesses.is_none_or(|it| FAILURES_MAX < it),
            "guard.wrong_guesses_per_phone",
            format!("it is enforced, with {FAILURES_MAX} wrong guesses of a number at most"),
        ),
        (!refuses_voip, "guard.lines", "line is enforced, and has voip among its lines".to_owned()),
        (sends_mail, "channels", "a mail shows no possession of a device".to_owned()),
        (
            !unnoticed.is_empty(),
            "notice",
            format!("it says what the code is for, and that nobody is told it, in {}", unnoticed.join(", ")),
        ),
        (
            !matches!(alternative, Some("totp" | "external")),
            "alternative",
            "who uses a restricted way offers another: \"totp\" or \"external\"".to_owned(),
        ),
        (reason < REASON_MIN, "risk", "the risk is looked at: risk = { accepted = \"why, and by whom\" }".to_owned()),
    ];
    rules.into_iter().filter(|it| it.0).map(|(_, key, message)| (key, message)).collect()
}
