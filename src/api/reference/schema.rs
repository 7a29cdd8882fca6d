//! Schemas of a document as a page shows them: what they are called, their fields, and a sample of each.

use crate::api::reference::html::escaped;
use serde_json::{Map, Value, json};

/// The schemas of a document.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'d>(pub(super) &'d Value);

impl<'d> Schemas<'d> {
    /// What a reference leads to, or what is there itself.
    pub(super) fn resolved(self, it: &'d Value) -> &'d Value {
        let to = it["$ref"].as_str().and_then(|to| self.0.pointer(to.strip_prefix('#')?));
        to.unwrap_or(it)
    }

    /// The fields of a schema, and whether each has to be there.
    pub(super) fn fields(self, schema: &'d Value) -> Vec<(&'d str, &'d Value, bool)> {
        let schema = self.resolved(schema);
        let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|it| self.fields(it));
        let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
        let own = schema["properties"].as_object().into_iter().flatten();
        parts.chain(own.map(|(name, it)| (name.as_str(), it, required(name)))).collect()
    }

    /// What a schema is called: its name as a link, or what it is made of.
    pub(super) fn kind(self, schema: &Value) -> String {
        if let Some(to) = schema["$ref"].as_str() {
            let name = to.rsplit('/').next().unwrap_or_default();
            return format!("<a href=\"#type-{name}\">{name}</a>");
        }
        for of in ["oneOf", "anyOf"] {
            if let Some(all) = schema[of].as_array() {
                return all.iter().map(|it| self.kind(it)).collect::<Vec<_>>().join(" or ");
            }
        }
        let words: Vec<&str> = match &schema["type"] {
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let word = |it: &&str| match *it {
            "array" => format!("list of {}", self.kind(&schema["items"])),
            "object" if schema["additionalProperties"].is_object() => {
                format!("object of {}", self.kind(&schema["additionalProperties"]))
            }
            other => escaped(other),
        };
        words.iter().map(word).collect::<Vec<_>>().join(" or ")
    }

    /// A value that fits a schema.
    pub(super) fn sample(self, schema: &'d Value) -> Value {
        let schema = self.resolved(schema);
        let first = |of: &str| schema[of].as_array().and_then(|it| it.first());
        if let Some(it) = first("examples").or_else(|| first("enum")) {
            return it.clone();
        }
        if let Some(it) = first("oneOf").or_else(|| first("anyOf")) {
            return self.sample(it);
        }
        let fields = self.fields(schema);
        if !fields.is_empty() {
            return fields
                .iter()
                .map(|(name, it, _)| ((*name).to_owned(), self.sample(it)))
                .collect::<Map<_, _>>()
                .into();
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
        match kind {
            Some("string") => json!("text"),
            Some("integer") => schema["minimum"].as_u64().unwrap_or(0).max(1).into(),
            Some("number") => json!(0.5),
            Some("boolean") => json!(true),
            Some("array") => json!([self.sample(&schema["items"])]),
            Some("object") => json!({}),
            _ => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_samples_follow_references() {
        let document = json!({ "s": { "A": { "type": "string", "enum": ["X", "Y"] } } });
        let it = json!({
            "allOf": [
                { "properties": { "a": { "oneOf": [{ "$ref": "#/s/A" }, { "type": "null" }] } }, "required": ["a"] },
                { "properties": { "b": { "type": "array", "items": { "type": ["integer", "null"] } } } },
            ],
        });
        let schemas = Schemas(&document);
        assert_eq!(schemas.sample(&it), json!({ "a": "X", "b": [1] }));
        let fields = schemas.fields(&it);
        assert_eq!(fields.iter().map(|it| (it.0, it.2)).collect::<Vec<_>>(), [("a", true), ("b", false)]);
        assert_eq!(schemas.kind(fields[0].1), "<a href=\"#type-A\">A</a> or null");
        assert_eq!(schemas.kind(fields[1].1), "list of integer or null");
    }
}
