//! `GET /problems` and `GET /problems/{code}`: what the type of a problem leads to (RFC 9457, 3.1.1).
//!
//! Plain text, or a page for browsers, open to everybody, made of the table that problems are made of; so is
//! `docs/problems.md`.

use crate::api::handler::accept;
use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::kinds::{described, words};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::reference::document::ABOUT;
use crate::api::reference::html;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// `GET /problems`
pub(crate) async fn all() -> Response {
    plain(Kind::ALL.iter().map(|it| format!("{:24} {} {}\n", it.slug(), it.status(), it.title())).collect())
}

/// `GET /problems/{code}`
pub(crate) async fn one(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let kind = Kind::ALL.iter().find(|it| it.slug() == code);
    let unknown = || Problem::new(Kind::NotFound, "There is no problem of this name; GET /problems lists them.");
    let mut response =
        kind.map(|it| if is_browser(&headers) { shown(*it) } else { plain(page(*it)) }).ok_or_else(unknown)?;
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Whether HTML is asked for by its name, as browsers do.
fn is_browser(headers: &HeaderMap) -> bool {
    accept::types(headers).any(|it| it.eq_ignore_ascii_case("text/html"))
}

/// The page of a problem for people.
fn shown(kind: Kind) -> Response {
    let body = format!(
        "<h1>{}</h1>\n<p><code>/problems/{}</code>, status {}, stage {}</p>\n{}{}<p>{}</p>\n<p><a href=\"/docs\">All of the API</a></p>\n",
        html::escaped(kind.title()),
        kind.slug(),
        kind.status(),
        kind.stage(),
        html::paragraphs(kind.means()),
        html::paragraphs(kind.mend()),
        again(kind),
    );
    let mut response = Response::new(Body::from(html::page(kind.title(), &body)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

const fn again(kind: Kind) -> &'static str {
    if kind.retryable() { "The same request may succeed later." } else { "The same request is refused again." }
}

/// What the reference says of it.
pub(crate) fn about_all() -> Endpoint {
    Endpoint::new(ABOUT, "listProblems", "List the problems")
        .says("Everything that a request can be refused with, a line each: code, status, title.")
        .answers_in(200, &["text/plain"], "The list.")
}

/// What the reference says of it.
pub(crate) fn about_one() -> Endpoint {
    Endpoint::new(ABOUT, "getProblem", "Explain a problem")
        .says("What the `type` of a problem leads to: what it means, and how it is mended. Browsers are shown a page.")
        .path::<ProblemCode>("code", "insufficient-balance", "The last word of the type.")
        .answers_in(200, &["text/plain", "text/html"], "What it means.")
        .refuses(&[Kind::NotFound])
}

/// The code of a problem, as the reference has it.
enum ProblemCode {}

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        described("The last word of the type of a problem.", words(Kind::ALL.iter().map(|it| it.slug())))
    }
}

impl ToSchema for ProblemCode {}

fn page(kind: Kind) -> String {
    format!(
        "{}\n\n/problems/{}, status {}, stage {}\n\n{}\n{}\n\n{}\n",
        kind.title(),
        kind.slug(),
        kind.status(),
        kind.stage(),
        kind.means(),
        kind.mend(),
        again(kind)
    )
}

fn plain(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/problems.md`
    fn document() -> String {
        let mut page = String::from(
            "# Problems\n\nWritten from `src/api/handler/problem.rs` by `NUNCIO_WRITE_DOCS=1 cargo test`; do not edit.\n\n\
             Every refusal is `application/problem+json` (RFC 9457). Its `type` is `/problems/` and a code of this closed list, a path at the\n\
             listener that refused; `GET` on it says what stands here, without a key, and `GET /problems` lists them. `retryable` tells\n\
             whether the same request may succeed later. [http.md](http.md) has the rest.\n\n\
             | code | status | stage | again | what it means | how it is mended |\n|---|---|---|---|---|---|\n",
        );
        for it in Kind::ALL {
            let again = if it.retryable() { "yes" } else { "" };
            let (slug, status, stage) = (it.slug(), it.status(), it.stage());
            page += &format!("| `{slug}` | {status} | {stage} | {again} | {} | {} |\n", it.means(), it.mend());
        }
        page
    }

    #[test]
    fn the_documentation_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/problems.md");
        if std::env::var_os("NUNCIO_WRITE_DOCS").is_some() {
            std::fs::write(path, document()).expect("docs are writable where they are written");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == document(), "docs/problems.md is old: run NUNCIO_WRITE_DOCS=1 cargo test");
    }

    #[test]
    fn every_problem_says_what_it_means_and_how_it_is_mended() {
        for it in Kind::ALL {
            let sentences = [it.means(), it.mend()];
            assert!(sentences.iter().all(|it| it.ends_with('.') && !it.contains('|') && it.len() < 200), "{it:?}");
            assert!(page(*it).starts_with(it.title()));
        }
    }
}
