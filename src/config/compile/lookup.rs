//! `[lookup]`: the service that is asked what a number is.

use crate::api::lookup::Options;
use crate::carrier::http::pointer::Pointer;
use crate::carrier::http::template::Field;
use crate::config::Environment;
use crate::config::compile::http::{PASSWORD_MAX, headers, pointer, printable, template};
use crate::config::compile::password::Sources;
use crate::config::compile::service::wait;
use crate::config::compile::url::Written;
use crate::config::error::Findings;
use crate::config::schema::lookup::Lookup;
use crate::message::class::Class;
use std::time::Duration;

/// Where the number stands in the query.
const OF_NUMBER: [Field; 2] = [Field::To, Field::ToDigits];
/// What else may stand in the url.
const OF_LOGIN: [Field; 3] = [Field::SystemId, Field::Password, Field::Basic];
/// Longer than a customer waits for an answer to a request.
const TIMEOUT_MAX: Duration = Duration::from_secs(20);

/// What is asked; `None` where the section is not written.
pub fn lookup(written: Option<&Lookup>, environment: &Environment, findings: &mut Findings) -> Option<Options> {
    let written = written?;
    let (tls_path, tls) = ("lookup.tls".to_owned(), written.tls.as_ref());
    let address = Written { path: "lookup.url".to_owned(), url: written.url.as_deref(), tls_path, tls };
    let address = address.address(findings);
    let target = template("lookup.url", address.as_ref().map_or("", |it| &it.target), findings);
    if address.is_some() && !target.fields().any(|it| OF_NUMBER.contains(&it)) && !findings.is_faulty("lookup.url") {
        findings.fault("lookup.url", "does not say which number: write {to} or {to_digits} there");
    }
    if let Some(other) = target.fields().find(|it| !OF_NUMBER.contains(it) && !OF_LOGIN.contains(it)) {
        findings.fault("lookup.url", format!("{{{}}} is of messages; a number alone is asked about", other.word()));
    }
    let sources = Sources {
        key: "password",
        text: written.password.as_ref(),
        file: written.password_file.as_ref(),
        env: written.password_env.as_ref(),
        credential: written.password_credential.as_ref(),
    };
    let password = sources.optional("lookup", PASSWORD_MAX, environment, findings);
    printable("lookup", written.system_id.as_deref(), password.as_ref(), findings);
    let timeout = wait("lookup.timeout", written.timeout, Duration::from_secs(2), findings);
    if TIMEOUT_MAX < timeout {
        findings.fault("lookup.timeout", "a request would wait longer than 20s for its answer");
    }
    let default = [("pass", false), ("refuse", true)];
    let line_type = pointer("lookup.line_type", written.line_type.as_deref().or(Some("/line_type")), findings);
    let address = address?;
    Some(Options {
        address: address.authority,
        host: address.host.into(),
        tls: address.tls,
        target,
        headers: headers("lookup.headers", &written.headers, findings),
        system_id: written.system_id.as_deref().unwrap_or_default().into(),
        password: password.unwrap_or_default(),
        timeout,
        window: findings.within("lookup.window", written.window.unwrap_or(50).into(), 1..=1_000) as usize,
        on: classes(written.on.as_deref(), findings),
        line_type: line_type.unwrap_or_else(whole),
        refuse: refused_types(written.refuse.as_deref()),
        refuse_unanswered: findings.choose("lookup.default", written.default.as_deref(), &default, false),
        cache: findings.within("lookup.cache", written.cache.unwrap_or(100_000).into(), 1..=10_000_000) as usize,
        cache_for: wait("lookup.cache_for", written.cache_for, Duration::from_secs(86_400), findings),
    })
}

fn whole() -> Pointer {
    Pointer::parse("").expect("an empty pointer is the whole text")
}

/// Of which classes numbers are asked about; one-time codes, if nothing is written: they are what is pumped.
fn classes(written: Option<&[String]>, findings: &mut Findings) -> Vec<Class> {
    let words = [Class::Otp, Class::Transactional, Class::Marketing].map(|it| (it.word(), it));
    match written {
        None => vec![Class::Otp],
        Some(list) => list.iter().map(|it| findings.choose("lookup.on", Some(it), &words, Class::Otp)).collect(),
    }
}

fn refused_types(written: Option<&[String]>) -> Vec<Box<str>> {
    match written {
        None => vec!["landline".into()],
        Some(list) => list.iter().map(|it| it.to_lowercase().into()).collect(),
    }
}
