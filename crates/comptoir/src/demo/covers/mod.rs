//! Covers of the demo's books, drawn when asked for: each follows from its book alone, so it is the same for ever and
//! everywhere. Titles are in French, as the books are.

mod drawing;
mod ornament;
mod palette;
#[cfg(test)]
mod tests;
mod typesetting;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use uuid::Uuid;

use self::drawing::Cover;
use super::bookshop::{Book, Bookshop};

/// What the numbers that choose a design are derived under (UUID version 5, RFC 9562).
const NAMESPACE: Uuid = Uuid::from_u128(0x0f6e_7a33_b136_43cc_b54b_5199_ff4d_348c);
/// A drawing loads nothing and runs nothing; style attributes are its own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
/// A day: a cover changes with a release only, and then its tag tells.
const CACHING: &str = "public, max-age=86400";

type Covers = Arc<HashMap<String, Cover>>;

impl Cover {
    fn of(book: &Book) -> Self {
        Self {
            title: book.title_fr.clone(),
            author: book.author.clone(),
            category: book.category.clone(),
            year: book.year,
            seed: Uuid::new_v5(&NAMESPACE, book.slug.as_bytes()).as_u128(),
        }
    }
}

/// Returns where the cover of a book is served.
pub fn path(slug: &str) -> String {
    format!("/covers/{slug}.svg")
}

/// Makes the routes of the covers.
///
/// # Errors
/// When the demo's data cannot be read; never in a build whose tests passed.
pub fn router() -> anyhow::Result<Router> {
    let books = Bookshop::read()?.books;
    let covers: Covers = Arc::new(books.iter().map(|book| (book.slug.clone(), Cover::of(book))).collect());
    Ok(Router::new().route("/covers/{file}", get(answer).with_state(covers)))
}

async fn answer(State(covers): State<Covers>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(cover) = file.strip_suffix(".svg").and_then(|slug| covers.get(slug)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let svg = drawing::draw(cover);
    // Names the content (RFC 9110, section 8.8.3), so that a browser that has it need not load it again.
    let tag = format!("\"{}\"", Uuid::new_v5(&NAMESPACE, svg.as_bytes()).simple());
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let kept = [(CACHE_CONTROL, CACHING.to_owned()), (ETAG, tag)];
    if known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    let own = [(CONTENT_TYPE, "image/svg+xml"), (CONTENT_SECURITY_POLICY, POLICY)];
    (kept, own, svg).into_response()
}
