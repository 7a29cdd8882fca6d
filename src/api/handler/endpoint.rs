//! What the reference says of one endpoint: what it is for, who may ask, what it takes, answers and refuses.
//!
//! A handler's `about` says it beside the handler. The table of the router binds both to a path: neither method nor
//! path stands here.

use crate::api::handler::admitted::Admits;
use crate::api::handler::auth::Scope;
use crate::api::handler::problem::{Kind, ProblemDocument};
use crate::api::handler::schema_form::finish;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What any request may be refused with.
const ALWAYS: [Kind; 7] = [
    Kind::NotHttp,
    Kind::InvalidHeader,
    Kind::HeadTooLarge,
    Kind::ContentCoded,
    Kind::CodingUnknown,
    Kind::TooManyConnections,
    Kind::Internal,
];
/// What a request that needs a key may be refused with.
const KEYED: [Kind; 3] = [Kind::Unauthorized, Kind::NetworkRefused, Kind::ScopeMissing];
/// What a request with a body may be refused with.
const WITH_BODY: [Kind; 5] = [Kind::Malformed, Kind::Invalid, Kind::TooLarge, Kind::TooSlow, Kind::QueueFull];
/// What a request that reads the store may be refused with.
pub(crate) const READS: [Kind; 2] = [Kind::ReadsBusy, Kind::StoreFailed];
/// What a request that asks the loop may be refused with.
pub(crate) const ASKS: [Kind; 3] = [Kind::QueueFull, Kind::Draining, Kind::NoAnswer];

/// Schemas by their names.
pub(crate) type Schemas = BTreeMap<String, Value>;

/// An endpoint, as the reference describes it.
pub(crate) struct Endpoint {
    operation: Map<String, Value>,
    parameters: Vec<Value>,
    answers: BTreeMap<u16, Value>,
    problems: BTreeSet<(u16, &'static str)>,
    schemas: Schemas,
    /// Names of those that are read and so have no other fields.
    closed: BTreeSet<String>,
    asked: Example,
}

/// What an example asks.
#[derive(Default)]
struct Example {
    variables: Vec<(&'static str, &'static str)>,
    query: &'static str,
    headers: Vec<&'static str>,
    body: Option<Value>,
    keyed: bool,
}

impl Endpoint {
    /// An endpoint of a group, under a name that clients may give their functions.
    pub(crate) fn new(group: &str, name: &str, summary: &str) -> Self {
        let mut operation = Map::new();
        operation.insert("tags".into(), json!([group]));
        operation.insert("summary".into(), summary.into());
        operation.insert("operationId".into(), name.into());
        operation.insert("security".into(), json!([]));
        let new = Self {
            operation,
            parameters: Vec::new(),
            answers: BTreeMap::new(),
            problems: BTreeSet::new(),
            schemas: Schemas::new(),
            closed: BTreeSet::new(),
            asked: Example::default(),
        };
        new.refuses(&ALWAYS)
    }

    /// What there is to know of it.
    pub(crate) fn says(mut self, text: &str) -> Self {
        self.operation.insert("description".into(), text.into());
        self
    }

    /// A key is needed, of whom its handler names.
    pub(crate) fn by<C: Admits>(mut self) -> Self {
        let ways = |it: &Scope| [json!({ "bearer": [it.word()] }), json!({ "key": [it.word()] })];
        self.operation.insert("security".into(), C::SCOPES.iter().flat_map(ways).collect());
        self.asked.keyed = true;
        self.refuses(&KEYED)
    }

    /// A part of the path, and the variable that stands for it in examples.
    pub(crate) fn path<T: ToSchema>(self, name: &'static str, variable: &'static str, says: &str) -> Self {
        let mut it = self.parameter::<T>(("path", name), says, true);
        it.asked.variables.push((name, variable));
        it
    }

    /// Something that the query may ask for.
    pub(crate) fn query<T: ToSchema>(self, name: &str, says: &str) -> Self {
        self.parameter::<T>(("query", name), says, false)
    }

    /// Something that the query has to say.
    pub(crate) fn must<T: ToSchema>(self, name: &str, says: &str) -> Self {
        self.parameter::<T>(("query", name), says, true)
    }

    /// Which page of a list.
    pub(crate) fn paged<C: ToSchema, L: ToSchema>(self) -> Self {
        let cursor = "The `next_cursor` of the page before; without it the first page is answered.";
        self.query::<C>("cursor", cursor).query::<L>("limit", "How many lines a page has at most; 100 without it.")
    }

    /// A header that may be sent.
    pub(crate) fn header<T: ToSchema>(self, name: &str, says: &str) -> Self {
        self.parameter::<T>(("header", name), says, false)
    }

    fn parameter<T: ToSchema>(mut self, (place, name): (&str, &str), says: &str, required: bool) -> Self {
        let schema = self.schema::<T>();
        self.parameters
            .push(json!({ "name": name, "in": place, "description": says, "required": required, "schema": schema }));
        self
    }

    /// The body, and one such as examples have it.
    pub(crate) fn body<T: ToSchema>(mut self, says: &str, example: Value) -> Self {
        let known: BTreeSet<String> = self.schemas.keys().cloned().collect();
        let schema = self.schema::<T>();
        let own = self.schemas.iter().filter(|it| !known.contains(it.0) && it.1["type"] == "object");
        self.closed.extend(own.map(|it| it.0.clone()));
        let content = json!({ "application/json": { "schema": schema, "example": example } });
        let body = json!({ "description": says, "required": true, "content": content });
        self.operation.insert("requestBody".into(), body);
        self.asked.body = Some(example);
        self.refuses(&WITH_BODY)
    }

    /// The body may be left away.
    pub(crate) fn spares_body(mut self) -> Self {
        if let Some(body) = self.operation.get_mut("requestBody") {
            body["required"] = false.into();
        }
        self
    }

    /// The body may be a text of another type, such as this.
    pub(crate) fn or_body_in(mut self, kind: &str, example: &str) -> Self {
        if let Some(body) = self.operation.get_mut("requestBody") {
            body["content"][kind] = json!({ "schema": { "type": "string" }, "example": example });
        }
        self
    }

    /// An answer in JSON, or one of another shape.
    pub(crate) fn or_answers<T: ToSchema>(mut self, status: u16) -> Self {
        let other = self.schema::<T>();
        if let Some(answer) = self.answers.get_mut(&status) {
            let schema = &mut answer["content"]["application/json"]["schema"];
            *schema = json!({ "oneOf": [schema.take(), other] });
        }
        self
    }

    /// An answer in JSON.
    pub(crate) fn answers<T: ToSchema>(mut self, status: u16, says: &str) -> Self {
        let schema = self.schema::<T>();
        let answer = self.answers.entry(status).or_insert_with(|| json!({ "description": says, "content": {} }));
        answer["content"]["application/json"] = json!({ "schema": schema });
        self
    }

    /// An answer without a body (RFC 9110, 15.3.5).
    pub(crate) fn answers_nothing(mut self, says: &str) -> Self {
        self.answers.insert(204, json!({ "description": says }));
        self
    }

    /// An answer in a text of other types.
    pub(crate) fn answers_in(mut self, status: u16, types: &[&str], says: &str) -> Self {
        let content: Map<String, Value> =
            types.iter().map(|it| ((*it).to_owned(), json!({ "schema": { "type": "string" } }))).collect();
        self.answers.insert(status, json!({ "description": says, "content": content }));
        self
    }

    /// A header of an answer.
    pub(crate) fn tells(mut self, status: u16, name: &str, (required, says): (bool, &str)) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["headers"][name] = header(required, says, "string");
        }
        self
    }

    /// What of an answer leads to another endpoint, by its name.
    pub(crate) fn leads(mut self, status: u16, to: &str, (parameter, from, says): (&str, &str, &str)) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["links"][to] = json!({ "operationId": to, "parameters": { parameter: from }, "description": says });
        }
        self
    }

    /// Problems that it may be refused with.
    pub(crate) fn refuses(mut self, kinds: &[Kind]) -> Self {
        self.problems.extend(kinds.iter().map(|it| (it.status(), it.slug())));
        self
    }

    /// What stands behind the path in the example.
    pub(crate) fn asks(mut self, query: &'static str) -> Self {
        self.asked.query = query;
        self
    }

    /// A header that the example sends.
    pub(crate) fn sends(mut self, header: &'static str) -> Self {
        self.asked.headers.push(header);
        self
    }

    /// A reference to the schema of a type, which is taken along with all that it refers to.
    fn schema<T: ToSchema>(&mut self) -> Value {
        let mut all = Vec::new();
        T::schemas(&mut all);
        self.schema_of(&T::name(), <T as PartialSchema>::schema(), all)
    }

    /// Not generic, so that it is compiled once and not for each type.
    fn schema_of(&mut self, name: &str, own: RefOr<Schema>, mut all: Vec<(String, RefOr<Schema>)>) -> Value {
        all.push((name.to_owned(), own));
        for (name, schema) in all {
            let schema = serde_json::to_value(schema).expect("a schema is made of texts and numbers");
            keep(&mut self.schemas, name, schema);
        }
        // What says nothing of itself, such as any text, has no name that is worth one.
        match self.schemas.get(name).filter(|it| it["description"].is_null()).cloned() {
            Some(plain) => plain,
            None => json!({ "$ref": format!("#/components/schemas/{name}") }),
        }
    }

    /// Its operation under a method and a path, and the schemas that this refers to.
    pub(crate) fn written(mut self, method: &str, path: &str) -> Written {
        let sample = json!({ "lang": "Shell", "label": "curl", "source": self.asked.curl(method, path) });
        self.operation.insert("parameters".into(), self.parameters.clone().into());
        let mut responses: BTreeMap<u16, Value> = std::mem::take(&mut self.answers);
        let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for (status, slug) in &self.problems {
            by_status.entry(*status).or_default().push(slug);
        }
        let problem = self.schema::<ProblemDocument<'_>>();
        let mut refusals = Schemas::new();
        for (status, slugs) in &by_status {
            let name = format!("{status}.{}", slugs.join("."));
            let mut refusal = refusal(*status, slugs, &problem);
            if let Some(answer) = responses.get_mut(status) {
                // A probe says no in its own way, and may be refused as any request.
                let problems = refusal["content"]["application/problem+json"].take();
                answer["content"]["application/problem+json"] = problems;
                continue;
            }
            responses.insert(*status, json!({ "$ref": format!("#/components/responses/{name}") }));
            refusals.insert(name, refusal);
        }
        let responses: Map<String, Value> = responses.into_iter().map(|(code, it)| (code.to_string(), it)).collect();
        self.operation.insert("responses".into(), responses.into());
        self.operation.insert("x-codeSamples".into(), json!([sample]));
        let closed = self.schemas.iter_mut().filter(|it| self.closed.contains(it.0));
        closed.for_each(|it| it.1["additionalProperties"] = false.into());
        self.schemas.retain(|_, it| !it["description"].is_null());
        self.schemas.values_mut().for_each(finish);
        Written { operation: self.operation.into(), schemas: self.schemas, refusals }
    }
}

/// Takes a schema along.
///
/// # Panics
///
/// Where another type has the name: one of the two would be described as the other.
pub(crate) fn keep(all: &mut Schemas, name: String, schema: Value) {
    if let Some(kept) = all.get(&name) {
        assert!(*kept == schema, "two types are called {name}:\n{kept}\n{schema}");
    }
    all.insert(name, schema);
}

/// What the document has of an endpoint.
pub(crate) struct Written {
    pub(crate) operation: Value,
    /// What it refers to.
    pub(crate) schemas: Schemas,
    /// Its answers to what is refused; many endpoints have the same.
    pub(crate) refusals: Schemas,
}

/// The answer of one status to what is refused.
fn refusal(status: u16, slugs: &[&str], problem: &Value) -> Value {
    let types: Vec<String> = slugs.iter().map(|it| format!("/problems/{it}")).collect();
    let titles = Kind::ALL.iter().filter(|it| slugs.contains(&it.slug())).map(|it| it.title());
    let schema = json!({ "allOf": [problem, { "type": "object", "properties": { "type": { "enum": types } } }] });
    let mut answer = json!({
        "description": titles.collect::<Vec<_>>().join("; ") + ".",
        "content": { "application/problem+json": { "schema": schema } },
    });
    let wait = "Seconds after which the same may be asked again.";
    match status {
        401 => answer["headers"]["WWW-Authenticate"] = header(true, "The scheme that is taken.", "string"),
        415 => answer["headers"]["Accept-Encoding"] = header(true, "What would have been taken.", "string"),
        429 | 503 => answer["headers"]["Retry-After"] = header(true, wait, "integer"),
        _ => (),
    }
    answer
}

fn header(required: bool, says: &str, kind: &str) -> Value {
    json!({ "description": says, "required": required, "schema": { "type": kind } })
}

impl Example {
    /// It as a command that can be typed.
    fn curl(&self, method: &str, path: &str) -> String {
        let mut path = path.to_owned();
        for (name, variable) in &self.variables {
            path = path.replace(&format!("{{{name}}}"), variable);
        }
        let mut command = format!("curl -s \"$NUNCIO{path}{}\"", self.query);
        let implied = if self.body.is_some() { "POST" } else { "GET" };
        if method != implied {
            command += &format!(" -X {method}");
        }
        if self.keyed {
            command += " \\\n  -H \"Authorization: Bearer $KEY\"";
        }
        for header in &self.headers {
            command += &format!(" \\\n  -H '{header}'");
        }
        if let Some(body) = &self.body {
            command += " \\\n  -H 'Content-Type: application/json'";
            // In a shell an apostrophe ends what stands in apostrophes.
            command += &format!(" \\\n  -d '{}'", body.to_string().replace('\'', "'\\''"));
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One.
    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its description is read")]
    struct One {
        /// A text.
        a: String,
    }

    /// Another that is called as the first.
    #[derive(ToSchema)]
    #[schema(as = One)]
    #[expect(dead_code, reason = "only its description is read")]
    struct Other {
        /// A number.
        a: u32,
    }

    #[test]
    fn a_type_may_be_read_and_answered() {
        let twice = Endpoint::new("A", "a", "A").body::<One>("One.", json!({})).answers::<One>(200, "One.");
        assert_eq!(twice.written("POST", "/").schemas["One"]["additionalProperties"], false);
    }

    #[test]
    #[should_panic(expected = "two types are called One")]
    fn two_types_of_one_name_are_no_document() {
        let _ = Endpoint::new("A", "a", "A").body::<One>("One.", json!({})).answers::<Other>(200, "Another.");
    }
}
