//! The API as it describes itself: `GET /openapi.json`, and `GET /docs`, a page made of the same document.
//!
//! Each listener describes what is answered there. Both texts are written when they are first asked for, from what
//! handlers say of themselves and the types that they read and answer; then they stay.

pub(super) mod document;
mod html;
mod schema;
pub(super) mod page;
pub(super) mod problems;

use crate::api::handler::endpoint::Endpoint;
use crate::api::handler::kinds::ReferenceDocument;
use crate::api::reference::document::Described;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use std::sync::OnceLock;

/// What one listener says of itself.
pub(crate) struct Reference {
    title: &'static str,
    says: &'static str,
    tables: &'static [&'static [Described]],
    written: OnceLock<Written>,
}

struct Written {
    document: Bytes,
    page: Bytes,
}

impl Reference {
    /// A reference to these tables, not written yet.
    pub(crate) const fn new(title: &'static str, says: &'static str, tables: &'static [&'static [Described]]) -> Self {
        Self { title, says, tables, written: OnceLock::new() }
    }

    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let document = document::of(self.title, self.says, self.tables);
            let mut text = serde_json::to_vec_pretty(&document).expect("a document is made of texts and numbers");
            text.push(b'\n');
            Written { page: page::of(&document).into(), document: text.into() }
        })
    }
}

/// `GET /openapi.json`
pub(crate) async fn document(Extension(of): Extension<&'static Reference>) -> Response {
    answer("application/json", of.written().document.clone())
}

/// What the reference says of itself.
pub(crate) fn about_document() -> Endpoint {
    Endpoint::new(document::ABOUT, "getReference", "This document")
        .says("What this listener answers, as OpenAPI 3.1. It needs no key, and is the same for everybody.")
        .answers::<ReferenceDocument>(200, "The document.")
}

/// `GET /docs`
pub(crate) async fn page(Extension(of): Extension<&'static Reference>) -> Response {
    answer("text/html; charset=utf-8", of.written().page.clone())
}

/// What the reference says of its page.
pub(crate) fn about_page() -> Endpoint {
    Endpoint::new(document::ABOUT, "getReferencePage", "The reference as a page")
        .says("The same as `GET /openapi.json`, for people: one page that loads nothing else.")
        .answers_in(200, &["text/html"], "The page.")
}

fn answer(kind: &'static str, text: Bytes) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
