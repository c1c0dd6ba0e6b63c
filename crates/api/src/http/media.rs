//! Media types: which one a request has and which one its answer gets (GraphQL over HTTP, draft, section 6.1).

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};

use crate::http::error::Failure;
use axum::http::StatusCode;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`: the status tells of the transport only.
    Json,
    /// `application/graphql-response+json`: the status tells of the request too.
    GraphqlResponse,
    /// `text/event-stream`.
    EventStream,
}

impl Media {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Media::Json => "application/json; charset=utf-8",
            Media::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Media::EventStream => "text/event-stream",
        }
    }

    /// Returns the form a request accepts best; on a tie the one that says more.
    ///
    /// # Errors
    /// BAD_REQUEST with status 406 when we have none of what it accepts.
    pub(crate) fn accepted(headers: &HeaderMap) -> Result<Self, Failure> {
        let mut ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
        if ranges.peek().is_none() {
            return Ok(Media::Json);
        }
        let mut best: Option<(u16, u8, Media)> = None;
        for range in ranges.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let (rank, media) = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "text/event-stream" => (3, Media::EventStream),
                "application/graphql-response+json" => (2, Media::GraphqlResponse),
                "application/json" => (1, Media::Json),
                "*/*" | "application/*" => (0, Media::Json),
                _ => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1_000), thousandths);
            let Some(quality @ 1..) = quality else { continue };
            if best.is_none_or(|(top, top_rank, _)| (quality, rank) > (top, top_rank)) {
                best = Some((quality, rank, media));
            }
        }
        best.map(|(_, _, media)| media).ok_or_else(|| {
            Failure::bad_request("Accept allows no answer: use application/graphql-response+json or application/json")
                .with_status(StatusCode::NOT_ACCEPTABLE)
        })
    }
}

/// Reads a quality value in thousandths (RFC 9110, section 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1_000),
        _ => None,
    }
}

/// Lets a request pass whose body says that it is JSON. A browser sends forms and plain text to other sites without
/// asking them; JSON it does not: this is what keeps other sites from sending commands.
///
/// # Errors
/// BAD_REQUEST with status 415.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    let refused = || {
        Failure::bad_request("a POST needs the header Content-Type: application/json")
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    };
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(refused()) };
    let mut parts = value.to_str().map_err(|_| refused())?.split(';').map(str::trim);
    if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json")) {
        return Err(refused());
    }
    let is_known = |part: &str| match part.split_once('=') {
        Some((name, value)) => {
            !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        None => part.is_empty(),
    };
    if parts.all(is_known) { Ok(()) } else { Err(refused()) }
}
