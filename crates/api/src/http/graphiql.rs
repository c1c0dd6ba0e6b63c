//! GraphiQL, compiled in: it works offline, under a policy that lets a page load from here only.

use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Scripts come from here only. GraphiQL's dialogs insert a style element, and its style sheet holds its fonts and icons.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE_MEDIA: &str = "text/html; charset=utf-8";

struct File {
    name: &'static str,
    media: &'static str,
    bytes: &'static [u8],
    /// Names the content, so that a browser asks for it once (RFC 9110, section 8.8.3).
    tag: HeaderValue,
}

impl File {
    fn new(name: &'static str, media: &'static str, bytes: &'static [u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]));
        // Base64 in quotes is a header value.
        Self { name, media, bytes, tag: HeaderValue::try_from(tag).expect("a tag is a header value") }
    }
}

static PAGE: LazyLock<File> =
    LazyLock::new(|| File::new("", PAGE_MEDIA, include_bytes!("../../assets/graphiql/index.html")));

static ASSETS: LazyLock<[File; 8]> = LazyLock::new(|| {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const STYLE: &str = "text/css; charset=utf-8";
    [
        File::new("comptoir.css", STYLE, include_bytes!("../../assets/graphiql/comptoir.css")),
        File::new("comptoir.js", SCRIPT, include_bytes!("../../assets/graphiql/comptoir.js")),
        File::new("favicon.svg", "image/svg+xml", include_bytes!("../../assets/graphiql/favicon.svg")),
        File::new("graphiql.min.css", STYLE, include_bytes!("../../assets/graphiql/graphiql.min.css")),
        File::new("graphiql.min.js", SCRIPT, include_bytes!("../../assets/graphiql/graphiql.min.js")),
        File::new(
            "operations.graphql",
            "text/plain; charset=utf-8",
            include_bytes!("../../assets/graphiql/operations.graphql"),
        ),
        File::new(
            "react-dom.production.min.js",
            SCRIPT,
            include_bytes!("../../assets/graphiql/react-dom.production.min.js"),
        ),
        File::new("react.production.min.js", SCRIPT, include_bytes!("../../assets/graphiql/react.production.min.js")),
    ]
});

/// Answers `/`.
pub(crate) async fn page(headers: HeaderMap) -> Response {
    let mut response = answer(&headers, &PAGE);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    response
}

/// Answers `/assets/graphiql/{name}`.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|file| file.name == name) {
        Some(file) => answer(&headers, file),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(headers: &HeaderMap, file: &File) -> Response {
    let mut response = if headers.get(IF_NONE_MATCH) == Some(&file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(Bytes::from_static(file.bytes)))
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(file.media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().insert(ETAG, file.tag.clone());
    response
}
