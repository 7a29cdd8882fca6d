//! Reads a body by the fast path; finds out what is wrong, field by field, where that refuses.

use crate::api::handler::json::{self, escape};
use crate::api::handler::problem::{Fault, Kind, Problem, unknown_name};
use crate::api::submit::request::{Asked, DLT_FIELDS, FIELDS, RECIPIENTS_MAX, TARGET_FIELDS, WAITING_FIELDS};
use serde_json::Value;

/// What is asked for, or everything that is wrong with the asking.
pub(crate) fn read(body: &[u8]) -> Result<Asked<'_>, Problem> {
    json::read(body, |error| diagnose(body, &error))
}

/// Names everything that is wrong with a body; `refusal` is what the parser said.
fn diagnose(body: &[u8], refusal: &serde_json::Error) -> Problem {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return Problem::at(Kind::Malformed, "", format!("The body is not JSON: {error}.")),
    };
    let Value::Object(fields) = &value else {
        return Problem::at(Kind::Invalid, "", "The body must be a JSON object.");
    };
    let mut faults = Vec::new();
    for (name, value) in fields {
        let pointer = format!("/{}", escape(name));
        match name.as_str() {
            "to" => diagnose_to(value, &mut faults),
            "from" | "text" | "class" | "tag" | "client_ref" | "validity" | "encoding" | "send_at" | "data" | "udh"
            | "duplicates" | "callback_url" => want_text(value, pointer, &mut faults),
            "route_id" => want_number(value, u64::from(u32::MAX), pointer, &mut faults),
            "source_port" | "destination_port" => want_number(value, u64::from(u16::MAX), pointer, &mut faults),
            "message_class" => want_number(value, 3, pointer, &mut faults),
            "flash" => want_flag(value, pointer, &mut faults),
            "message_waiting" => diagnose_waiting(value, &mut faults),
            "dlt" => want_texts(value, "/dlt", &DLT_FIELDS, &mut faults),
            "tlvs" => want_texts(value, "/tlvs", &[], &mut faults),
            known if FIELDS.contains(&known) => {}
            unknown => faults.push(Fault { detail: unknown_name(unknown, &FIELDS).into(), pointer: pointer.into() }),
        }
    }
    if faults.is_empty() {
        // Valid for this walk and not for the parser: a field that stands twice.
        return Problem::at(Kind::Invalid, "", format!("The body is not valid: {refusal}."));
    }
    Problem::of_faults(Kind::Invalid, faults)
}

fn diagnose_to(value: &Value, faults: &mut Vec<Fault>) {
    match value {
        Value::Null | Value::String(_) => {}
        Value::Array(list) if RECIPIENTS_MAX < list.len() => {
            faults.push(Fault {
                detail: format!("must have at most {RECIPIENTS_MAX} recipients").into(),
                pointer: "/to".into(),
            });
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(at, it)| diagnose_target(at, it, faults)),
        _ => faults.push(Fault { detail: "must be a number as a text, or a list".into(), pointer: "/to".into() }),
    }
}

fn diagnose_target(at: usize, value: &Value, faults: &mut Vec<Fault>) {
    let fields = match value {
        Value::String(_) => return,
        Value::Object(fields) => fields,
        _ => {
            let detail = "must be a number as a text, or an object with to, client_ref and text";
            return faults.push(Fault { detail: detail.into(), pointer: format!("/to/{at}").into() });
        }
    };
    if fields.get("to").is_none_or(Value::is_null) {
        faults.push(Fault { detail: "is required".into(), pointer: format!("/to/{at}/to").into() });
    }
    for (name, value) in fields {
        let pointer = format!("/to/{at}/{}", escape(name));
        if TARGET_FIELDS.contains(&name.as_str()) {
            want_text(value, pointer, faults);
        } else {
            faults.push(Fault { detail: unknown_name(name, &TARGET_FIELDS).into(), pointer: pointer.into() });
        }
    }
}

fn diagnose_waiting(value: &Value, faults: &mut Vec<Fault>) {
    let Value::Object(fields) = value else {
        if !value.is_null() {
            faults.push(Fault { detail: "must be an object with kind".into(), pointer: "/message_waiting".into() });
        }
        return;
    };
    if fields.get("kind").is_none_or(Value::is_null) {
        faults.push(Fault { detail: "is required".into(), pointer: "/message_waiting/kind".into() });
    }
    for (name, value) in fields {
        let pointer = format!("/message_waiting/{}", escape(name));
        match name.as_str() {
            "kind" => want_text(value, pointer, faults),
            "active" | "store" => want_flag(value, pointer, faults),
            unknown => {
                faults.push(Fault { detail: unknown_name(unknown, &WAITING_FIELDS).into(), pointer: pointer.into() });
            }
        }
    }
}

/// An object of texts; with these names, if there are any.
fn want_texts(value: &Value, pointer: &'static str, names: &[&str], faults: &mut Vec<Fault>) {
    let Value::Object(fields) = value else {
        if !value.is_null() {
            faults.push(Fault { detail: "must be an object of texts".into(), pointer: pointer.into() });
        }
        return;
    };
    for (name, value) in fields {
        let pointer = format!("{pointer}/{}", escape(name));
        if !names.is_empty() && !names.contains(&name.as_str()) {
            faults.push(Fault { detail: unknown_name(name, names).into(), pointer: pointer.into() });
        } else if names.is_empty() && !value.is_string() {
            faults.push(Fault { detail: "must be a text".into(), pointer: pointer.into() });
        } else {
            want_text(value, pointer, faults);
        }
    }
}

fn want_number(value: &Value, most: u64, pointer: String, faults: &mut Vec<Fault>) {
    if !value.is_null() && value.as_u64().is_none_or(|it| most < it) {
        faults
            .push(Fault { detail: format!("must be a whole number from 0 to {most}").into(), pointer: pointer.into() });
    }
}

fn want_flag(value: &Value, pointer: String, faults: &mut Vec<Fault>) {
    if !value.is_null() && !value.is_boolean() {
        faults.push(Fault { detail: "must be true or false".into(), pointer: pointer.into() });
    }
}

fn want_text(value: &Value, pointer: String, faults: &mut Vec<Fault>) {
    if !value.is_null() && !value.is_string() {
        faults.push(Fault { detail: "must be a text".into(), pointer: pointer.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn faults(body: &str) -> (Kind, Vec<(String, String)>) {
        let problem = read(body.as_bytes()).err().expect("the body is refused");
        (problem.kind, problem.errors.into_iter().map(|it| (it.pointer.into_owned(), it.detail.into_owned())).collect())
    }

    #[test]
    fn each_fault_has_its_pointer() {
        let (kind, found) = faults(r#"{"to":[1,{"tto":"x"},{"to":3}],"text":4,"route_id":"8","form":"A","a/b~c":1}"#);
        assert_eq!(kind, Kind::Invalid);
        let pointers: Vec<&str> = found.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(pointers.len(), 8, "{found:?}");
        for pointer in ["/to/0", "/to/1/to", "/to/1/tto", "/to/2/to", "/text", "/route_id", "/form", "/a~1b~0c"] {
            assert!(pointers.contains(&pointer), "{pointer} in {pointers:?}");
        }
        assert!(found.iter().any(|it| it.1 == "form is not known; did you mean from?"), "{found:?}");
        assert_eq!(unknown_name("foo", &["to", "account"]), "foo is not known; known are to, account");
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        assert_eq!(faults("{\"to\":").0, Kind::Malformed);
        assert_eq!(faults("").0, Kind::Malformed);
        assert_eq!(faults("[]").0, Kind::Invalid);
        assert_eq!(faults(r#" ["+31612345678","YOURAPP","hi"]"#).0, Kind::Invalid, "fields have names");
        for inner in [r#""message_waiting":["voicemail"]"#, r#""dlt":["1","2"]"#] {
            let body = format!(r#"{{"to":"+31612345678",{inner}}}"#);
            assert_eq!(
                faults(&body).1[0].1,
                if inner.contains("dlt") { "must be an object of texts" } else { "must be an object with kind" }
            );
        }
        assert_eq!(faults(r#"{"text":"a","text":"b"}"#).0, Kind::Invalid);
    }
}
