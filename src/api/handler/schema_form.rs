//! The form that schemas have in the document, beyond what the types of Rust say.

use serde_json::{Map, Value};

/// Brings a schema into it: sentences stand on one line, and beside the field that they are of; of an answer each field
/// is there which may be null.
pub(super) fn finish(schema: &mut Value) {
    let Some(it) = schema.as_object_mut() else { return };
    if let Some(Value::String(text)) = it.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    for of in ["oneOf", "allOf"] {
        it.get_mut(of).and_then(Value::as_array_mut).into_iter().flatten().for_each(finish);
    }
    it.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten().for_each(|it| finish(it.1));
    it.get_mut("items").into_iter().for_each(finish);
    if !it.contains_key("description")
        && let Some(text) = inner_sentence(it)
    {
        it.insert("description".into(), text);
    }
    require(it);
}

/// The sentence of a field that may be null is written beside the other type.
fn inner_sentence(schema: &mut Map<String, Value>) -> Option<Value> {
    let either = schema.get_mut("oneOf")?.as_array_mut()?;
    either.iter_mut().filter_map(Value::as_object_mut).find_map(|it| it.remove("description"))
}

/// What may be left away is never null, and what may be null is never left away: a type of Rust does not tell the two
/// apart.
fn require(schema: &mut Map<String, Value>) {
    let is_request = schema.get("additionalProperties").is_some_and(|it| *it == false);
    let Some(fields) = schema.get("properties").and_then(Value::as_object).filter(|_| !is_request) else { return };
    let known = schema.get("required").and_then(Value::as_array);
    let is_known = |name: &str| known.is_some_and(|all| all.iter().any(|it| it == name));
    let names: Vec<Value> =
        fields.iter().filter(|it| is_known(it.0) || may_be_null(it.1)).map(|it| it.0.as_str().into()).collect();
    schema.insert("required".into(), names.into());
}

fn may_be_null(field: &Value) -> bool {
    let holds = |list: &str, null: fn(&Value) -> bool| field[list].as_array().is_some_and(|all| all.iter().any(null));
    holds("type", |it| it == "null") || holds("oneOf", |it| it["type"] == "null")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_an_answer_what_may_be_null_is_there_and_of_a_request_it_is_not() {
        let field = json!({ "oneOf": [{ "$ref": "x", "description": "It\nis." }, { "type": "null" }] });
        let mut answer =
            json!({ "properties": { "a": field, "b": { "type": ["string", "null"] }, "c": {} }, "required": ["c"] });
        let mut request = json!({ "properties": { "a": field }, "additionalProperties": false });
        finish(&mut answer);
        finish(&mut request);
        assert_eq!(answer["required"], json!(["a", "b", "c"]));
        assert_eq!(
            answer["properties"]["a"],
            json!({ "oneOf": [{ "$ref": "x" }, { "type": "null" }], "description": "It is." })
        );
        assert_eq!(request.get("required"), None);
    }
}
