//! The page of a document: everything that it says, grouped by what it is about.

use crate::api::reference::html::{escaped, page, paragraphs, sentence};
use crate::api::reference::schema::Schemas;
use serde_json::Value;
use std::fmt::Write;

/// The page of a document.
pub(super) fn of(document: &Value) -> Vec<u8> {
    let writer = Writer { document, schemas: Schemas(document), to: String::new() };
    let title = text(&document["info"]["title"]);
    page(title, &writer.written())
}

struct Writer<'d> {
    document: &'d Value,
    schemas: Schemas<'d>,
    to: String,
}

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// An operation with its method and path.
type Operation<'d> = (&'d str, &'d str, &'d Value);

impl<'d> Writer<'d> {
    fn written(mut self) -> String {
        let info = &self.document["info"];
        self.put(&format!("<h1>{} {}</h1>\n", escaped(text(&info["title"])), escaped(text(&info["version"]))));
        self.put(&paragraphs(text(&info["description"])));
        self.put("<p>The same for programs: <a href=\"/openapi.json\">/openapi.json</a>. In the examples <code>$NUNCIO</code> is the address of this listener and <code>$KEY</code> your key.</p>\n");
        self.put("<nav>\n");
        for tag in list(&self.document["tags"]) {
            let name = text(&tag["name"]);
            self.put(&format!("<h4>{}</h4>\n<ul>\n", escaped(name)));
            for (method, path, it) in self.operations(name) {
                let (id, summary) = (text(&it["operationId"]), sentence(text(&it["summary"])));
                let path = escaped(path);
                self.put(&format!(
                    "<li><a href=\"#{id}\">{summary}</a> <code class=\"path\">{method} {path}</code></li>\n"
                ));
            }
            self.put("</ul>\n");
        }
        self.put("<h4>Beside these</h4>\n<ul><li><a href=\"#types\">Types</a></li></ul>\n</nav>\n");
        for tag in list(&self.document["tags"]) {
            let name = text(&tag["name"]);
            self.put(&format!("<h2>{}</h2>\n{}", escaped(name), paragraphs(text(&tag["description"]))));
            self.operations(name).into_iter().for_each(|it| self.operation(it));
        }
        self.types();
        self.to
    }

    fn put(&mut self, text: &str) {
        self.to.push_str(text);
    }

    /// The operations of a group, in the order of the document.
    fn operations(&self, group: &str) -> Vec<Operation<'d>> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let all = paths.flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, it)| (method.as_str(), path.as_str(), it))
        });
        all.filter(|it| it.2["tags"][0] == group).collect()
    }

    fn operation(&mut self, (method, path, it): Operation<'d>) {
        let (id, summary) = (text(&it["operationId"]), sentence(text(&it["summary"])));
        let method = method.to_uppercase();
        self.put(&format!("<h3 id=\"{id}\">{summary}</h3>\n<p><code>{method} {}</code></p>\n", escaped(path)));
        self.put(&paragraphs(text(&it["description"])));
        let scopes = list(&it["security"]).iter().filter_map(|it| it["bearer"][0].as_str());
        let scopes: Vec<String> = scopes.map(|it| format!("<code>{it}</code>")).collect();
        let key = match &scopes[..] {
            [] => "It needs no key.".to_owned(),
            scopes => format!("It needs a key with the scope {}.", scopes.join(" or ")),
        };
        self.put(&format!("<p>{key}</p>\n"));
        self.parameters(list(&it["parameters"]));
        let body = &it["requestBody"];
        if !body.is_null() {
            self.put(&format!("<h4>Body</h4>\n{}", paragraphs(text(&body["description"]))));
            let fields = self.schemas.fields(&body["content"][JSON]["schema"]);
            self.fields(&fields);
            for (kind, it) in texts(body) {
                let sample = escaped(text(&it["example"]));
                self.put(&format!("<p>Or <code>{kind}</code>:</p>\n<pre><code>{sample}</code></pre>\n"));
            }
        }
        self.put("<h4>Example</h4>\n");
        let source = escaped(text(&it["x-codeSamples"][0]["source"]));
        self.put(&format!("<pre><code>{source}</code></pre>\n"));
        self.answers(it);
    }

    fn parameters(&mut self, parameters: &'d [Value]) {
        if parameters.is_empty() {
            return;
        }
        self.put("<h4>Parameters</h4>\n<table>\n<tr><th>Name</th><th>Type</th><th>Meaning</th></tr>\n");
        for it in parameters {
            let (name, place) = (text(&it["name"]), text(&it["in"]));
            let needed = if it["required"] == true { "required" } else { "optional" };
            let (kind, says) = (self.schemas.kind(&it["schema"]), sentence(text(&it["description"])));
            self.put(&format!(
                "<tr><td><code>{name}</code> <span class=\"needed\">{place}, {needed}</span></td><td>{kind}</td><td>{says}</td></tr>\n"
            ));
        }
        self.put("</table>\n");
    }

    fn fields(&mut self, fields: &[(&'d str, &'d Value, bool)]) {
        if fields.is_empty() {
            return;
        }
        self.put("<table>\n<tr><th>Field</th><th>Type</th><th>Meaning</th></tr>\n");
        for (name, it, required) in fields {
            let needed = if *required { "" } else { " <span class=\"needed\">optional</span>" };
            let (kind, says) = (self.schemas.kind(it), sentence(text(&it["description"])));
            self.put(&format!("<tr><td><code>{name}</code>{needed}</td><td>{kind}</td><td>{says}</td></tr>\n"));
        }
        self.put("</table>\n");
    }

    /// What is answered, and then everything that it may be refused with.
    fn answers(&mut self, it: &'d Value) {
        let responses = it["responses"].as_object().into_iter().flatten();
        let all: Vec<(&str, &Value)> = responses.map(|(code, it)| (code.as_str(), self.schemas.resolved(it))).collect();
        // A probe says no in its own way, and may be refused as any request.
        let is_answer = |it: &Value| it["content"].as_object().is_none_or(|all| all.keys().any(|it| it != PROBLEM));
        for (code, answer) in all.iter().filter(|it| is_answer(it.1)) {
            let says = sentence(text(&answer["description"]));
            self.put(&format!("<h4>Answer {code}</h4>\n<p>{says}</p>\n"));
            for (name, header) in answer["headers"].as_object().into_iter().flatten() {
                let says = sentence(text(&header["description"]));
                self.put(&format!("<p>Header <code>{name}</code>: {says}</p>\n"));
            }
            let content = &answer["content"][JSON];
            if !content.is_null() {
                self.put(&format!("<p>Type: {}</p>\n", self.schemas.kind(&content["schema"])));
                let sample = serde_json::to_string_pretty(&self.schemas.sample(&content["schema"]));
                let sample = escaped(&sample.expect("a sample is made of texts and numbers"));
                self.put(&format!("<pre><code>{sample}</code></pre>\n"));
            }
            texts(answer).for_each(|(kind, _)| self.put(&format!("<p>Type: <code>{kind}</code></p>\n")));
        }
        self.put("<h4>Problems</h4>\n<p>");
        for (code, refusal) in all {
            let schema = &refusal["content"][PROBLEM]["schema"];
            for kind in list(&schema["allOf"][1]["properties"]["type"]["enum"]) {
                let kind = text(kind);
                let slug = kind.trim_start_matches("/problems/");
                self.put(&format!("<a href=\"{kind}\">{slug}</a> <span class=\"needed\">{code}</span> &#183; "));
            }
        }
        let cut = self.to.trim_end_matches(" &#183; ").len();
        self.to.truncate(cut);
        self.put("</p>\n");
    }

    /// Every type that has a name.
    fn types(&mut self) {
        self.put("<h2 id=\"types\">Types</h2>\n");
        let schemas = self.document["components"]["schemas"].as_object().into_iter().flatten();
        for (name, schema) in schemas {
            let says = paragraphs(text(&schema["description"]));
            self.put(&format!("<h3 id=\"type-{name}\">{name}</h3>\n{says}"));
            let mut more = String::new();
            let known: Vec<String> =
                list(&schema["enum"]).iter().map(|it| format!("<code>{}</code>", escaped(text(it)))).collect();
            if !known.is_empty() {
                writeln!(more, "<p>{}</p>", known.join(" &#183; ")).expect("a string takes all");
            }
            if let Some(pattern) = schema["pattern"].as_str() {
                writeln!(more, "<p>Pattern: <code>{}</code></p>", escaped(pattern)).expect("a string takes all");
            }
            self.put(&more);
            let fields = self.schemas.fields(schema);
            self.fields(&fields);
        }
    }
}

/// What a body or an answer can be besides JSON and problems: the types of texts.
fn texts(of: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let all = of["content"].as_object().into_iter().flatten();
    all.map(|(kind, it)| (kind.as_str(), it)).filter(|it| ![JSON, PROBLEM].contains(&it.0))
}

fn text(it: &Value) -> &str {
    it.as_str().unwrap_or_default()
}

fn list(it: &Value) -> &[Value] {
    it.as_array().map_or(&[], Vec::as_slice)
}
