//! Whether answers are what the reference says: their status, their type, and each field of them.
//!
//! Every answer of every test of the API is held against it, so that the tests of the API are tests of the reference.

use crate::api::world::Answer;
use serde_json::Value;

/// The operation of a document that a request is for.
pub(crate) fn operation<'d>(document: &'d Value, method: &str, path: &str) -> Option<&'d Value> {
    let fits = |pattern: &str| {
        let (asked, known): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
        asked.len() == known.len() && asked.iter().zip(&known).all(|(it, known)| it == known || known.starts_with('{'))
    };
    let paths = document["paths"].as_object()?;
    let exact = paths.get(path).or_else(|| paths.iter().find(|it| fits(it.0)).map(|it| it.1));
    exact?.get(method.to_lowercase())
}

/// What of an answer is not as the operation says.
pub(crate) fn faults(document: &Value, operation: &Value, answer: &Answer) -> Vec<String> {
    let said = resolved(document, &operation["responses"][answer.status.as_str()]);
    if said.is_null() {
        return vec![format!("{} is not documented: {}", answer.status, answer.text)];
    }
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    if said["content"].is_null() && kind.is_empty() && answer.text.is_empty() {
        return Vec::new();
    }
    let content = &said["content"][kind];
    if content.is_null() {
        return vec![format!("the type {kind} is not documented of {}", answer.status)];
    }
    let mut faults = Vec::new();
    for (name, header) in said["headers"].as_object().into_iter().flatten() {
        if header["required"] == true && answer.header(name).is_empty() {
            faults.push(format!("{name} is missing in {}", answer.status));
        }
    }
    if kind == "application/json" || kind.ends_with("+json") {
        faults.extend(misfits(document, &content["schema"], &answer.json(), ""));
    }
    faults
}

/// Where a value is not what a schema says.
pub(crate) fn misfits(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = &whole(document, schema);
    let mut faults = Vec::new();
    for of in ["oneOf", "anyOf"].into_iter().filter_map(|it| schema[it].as_array()) {
        let tried: Vec<Vec<String>> = of.iter().map(|it| misfits(document, it, value, at)).collect();
        if tried.iter().all(|it| !it.is_empty()) {
            faults.extend(tried.into_iter().flatten());
        }
    }
    if !schema["type"].is_null() && !types(&schema["type"]).any(|it| is(value, it)) {
        faults.push(format!("{at} is {value}, not {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        faults.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !regex::Regex::new(pattern).expect("a pattern is one").is_match(text)
    {
        faults.push(format!("{at}: {text} does not fit {pattern}"));
    }
    if let Value::Array(list) = value {
        faults.extend(list.iter().flat_map(|it| misfits(document, &schema["items"], it, &format!("{at}/_"))));
    }
    if let (Value::Object(fields), true) = (value, schema["type"] == "object") {
        faults.extend(fields_of(document, schema, fields, at));
    }
    faults
}

fn fields_of(document: &Value, schema: &Value, fields: &serde_json::Map<String, Value>, at: &str) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut faults: Vec<String> =
        required.filter(|it| !fields.contains_key(*it)).map(|it| format!("{at}/{it} is missing")).collect();
    let is_open = schema["properties"].is_null() || schema["additionalProperties"] == true;
    for (name, value) in fields {
        let at = format!("{at}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, more @ Value::Object(_)) => faults.extend(misfits(document, more, value, &at)),
            (Value::Null, _) if is_open => (),
            (Value::Null, _) => faults.push(format!("{at} is not documented")),
            (known, _) => faults.extend(misfits(document, known, value, &at)),
        }
    }
    faults
}

/// What a reference leads to.
pub(crate) fn resolved<'d>(document: &'d Value, it: &'d Value) -> &'d Value {
    match it["$ref"].as_str() {
        None => it,
        Some(to) => document.pointer(&to[1..]).unwrap_or_else(|| panic!("{to} leads nowhere")),
    }
}

/// A schema with what it is made of: fields of later parts narrow those of earlier ones.
fn whole(document: &Value, schema: &Value) -> Value {
    let mut whole = resolved(document, schema).clone();
    let parts = whole["allOf"].take();
    for part in parts.as_array().into_iter().flatten() {
        let part = self::whole(document, part);
        whole["type"] = part["type"].clone();
        for (name, it) in part["properties"].as_object().into_iter().flatten() {
            whole["properties"][name] = it.clone();
        }
        let required = [&whole["required"], &part["required"]].map(|it| it.as_array().cloned().unwrap_or_default());
        whole["required"] = required.concat().into();
    }
    whole
}

fn types(of: &Value) -> impl Iterator<Item = &str> {
    let several = of.as_array().into_iter().flatten().filter_map(Value::as_str);
    of.as_str().into_iter().chain(several)
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}

mod tests {
    use super::misfits;
    use serde_json::json;

    #[test]
    fn what_does_not_fit_is_found() {
        let document = json!({ "components": { "Word": { "type": "string", "enum": ["A"], "pattern": "^A$" } } });
        let schema = json!({
            "type": "object",
            "required": ["word"],
            "properties": {
                "word": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/Word" }] },
                "list": { "type": "array", "items": { "type": ["integer", "null"] } },
            },
        });
        let found = |value| misfits(&document, &schema, &value, "").len();
        assert_eq!(found(json!({ "word": "A", "list": [1, null] })), 0);
        assert_eq!(found(json!({ "word": null })), 0);
        assert_eq!(found(json!({})), 1);
        assert!(0 < found(json!({ "word": "B" })));
        assert_eq!(found(json!({ "word": "A", "list": [1, "2", 1.5] })), 2);
        assert_eq!(found(json!({ "word": "A", "other": 1 })), 1);
        assert_eq!(found(json!([])), 1);
    }
}
