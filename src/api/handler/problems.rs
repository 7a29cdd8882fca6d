//! `GET /problems` and `GET /problems/{code}`: what the type of a problem leads to (RFC 9457, 3.1.1).
//!
//! Plain text, open to everybody, made of the table that problems are made of; so is `docs/problems.md`.

use crate::api::handler::problem::{Kind, Problem};
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// `GET /problems`
pub(crate) async fn all() -> Response {
    plain(Kind::ALL.iter().map(|it| format!("{:24} {} {}\n", it.slug(), it.status(), it.title())).collect())
}

/// `GET /problems/{code}`
pub(crate) async fn one(Path(code): Path<String>) -> Result<Response, Problem> {
    let kind = Kind::ALL.iter().find(|it| it.slug() == code);
    let unknown = || Problem::new(Kind::NotFound, "There is no problem of this name; GET /problems lists them.");
    kind.map(|it| plain(page(*it))).ok_or_else(unknown)
}

fn page(kind: Kind) -> String {
    let again =
        if kind.retryable() { "The same request may succeed later." } else { "The same request is refused again." };
    format!(
        "{}\n\n/problems/{}, status {}, stage {}\n\n{}\n{}\n\n{again}\n",
        kind.title(),
        kind.slug(),
        kind.status(),
        kind.stage(),
        kind.means(),
        kind.mend()
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
