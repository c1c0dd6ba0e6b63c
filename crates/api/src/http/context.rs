//! What one request brings along besides its document, and what it leaves behind besides its data.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::actor::Actor;
use async_graphql::{Request, Response, Value};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use domain::values::Locale;
use uuid::Uuid;

/// The header by which a client asks to see its own writes.
pub const AFTER_POSITION_HEADER: &str = "after-position";
/// The header by which a client would rather have an error than an answer that is behind: `Consistency: strict`.
pub const CONSISTENCY_HEADER: &str = "consistency";
/// The cookie that does the same for browsers, without code.
pub const POSITION_COOKIE: &str = "comptoir_position";
/// The longest position accepted, bytes.
const POSITION_BYTES_MAX: usize = 128;
/// The most language ranges looked at.
const LANGUAGES_MAX: usize = 16;

/// How fresh an answer is: `extensions.consistency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// The position the answer is at.
    pub position: String,
    /// How long the request waited for it, milliseconds.
    pub waited_ms: u64,
    /// Whether the position asked for was not reached in time.
    pub stale: bool,
}

#[derive(Debug, Default)]
struct Outcome {
    consistency: Option<Consistency>,
    written: Option<String>,
}

/// Who asks, in which language, after which write. Resolvers find it by `ctx.data::<RequestContext>()`.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who asks; nobody known without a token.
    pub actor: Option<Actor>,
    /// The trace the request belongs to, 32 hexadecimal digits (W3C Trace Context).
    pub trace_id: String,
    /// The language to answer in.
    pub locale: Locale,
    /// The position the client has seen or written.
    pub after_position: Option<String>,
    /// Whether an answer that is behind that position is an error.
    pub is_strict: bool,
    outcome: Arc<Mutex<Outcome>>,
}

impl RequestContext {
    /// Makes the context of a request from its headers.
    pub fn from_headers(headers: &HeaderMap, actor: Option<Actor>) -> Self {
        Self {
            actor,
            trace_id: trace_id(headers),
            locale: locale(headers),
            after_position: after_position(headers),
            is_strict: header(headers, CONSISTENCY_HEADER).is_some_and(|value| value.eq_ignore_ascii_case("strict")),
            outcome: Arc::default(),
        }
    }

    /// Returns the context of another operation of the same connection: the same but for what operations leave behind.
    #[must_use]
    pub fn of_next_operation(&self) -> Self {
        Self { outcome: Arc::default(), ..self.clone() }
    }

    /// Says how fresh the answer is.
    pub fn set_consistency(&self, consistency: Consistency) {
        self.outcome().consistency = Some(consistency);
    }

    /// Says which position the operation has written; of several the last one said stays.
    pub fn set_written(&self, position: String) {
        self.outcome().written = Some(position);
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what the operation left behind into its response. Returns the cookie to set, if it wrote something.
    pub(crate) fn finish(&self, response: &mut Response) -> Option<HeaderValue> {
        let mut outcome = self.outcome();
        if let Some(Consistency { position, waited_ms, stale }) = outcome.consistency.take() {
            let consistency = async_graphql::indexmap::IndexMap::from([
                (async_graphql::Name::new("position"), Value::from(position)),
                (async_graphql::Name::new("waitedMs"), Value::from(waited_ms)),
                (async_graphql::Name::new("stale"), Value::from(stale)),
            ]);
            response.extensions.insert("consistency".to_owned(), Value::Object(consistency));
        }
        let written = outcome.written.take().filter(|position| is_position(position))?;
        HeaderValue::try_from(format!("{POSITION_COOKIE}={written}; Path=/graphql; SameSite=Lax")).ok()
    }
}

/// What the schema's side adds to each operation before it is executed: loaders, the wait for a position.
pub trait RequestHook: Send + Sync + 'static {
    /// Adds to the request. The context is in its data already.
    fn prepare(&self, context: &RequestContext, request: &mut Request);
}

/// Adds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHook;

impl RequestHook for NoHook {
    fn prepare(&self, _context: &RequestContext, _request: &mut Request) {}
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Takes the trace id of `traceparent` where that is valid (W3C Trace Context, section 3.2.2), a random one otherwise.
fn trace_id(headers: &HeaderMap) -> String {
    match header(headers, "traceparent").and_then(traceparent_id) {
        Some(id) => id.to_owned(),
        None => Uuid::new_v4().simple().to_string(),
    }
}

fn traceparent_id(text: &str) -> Option<&str> {
    let mut parts = text.splitn(5, '-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
    };
    let is_formed = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let is_set = |text: &str| text.bytes().any(|b| b != b'0');
    // Version 00 has four parts; later ones may have more; ff is none.
    let is_version = version != "ff" && (version != "00" || parts.next().is_none());
    (is_formed && is_version && is_set(trace) && is_set(parent)).then_some(trace)
}

/// Takes the first language of ours, in the order of the header: browsers list them by preference.
fn locale(headers: &HeaderMap) -> Locale {
    let ranges = header(headers, ACCEPT_LANGUAGE.as_str()).unwrap_or_default().split(',').take(LANGUAGES_MAX);
    for range in ranges {
        let language = range.trim().split(['-', ';']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("fr") {
            return Locale::Fr;
        }
        if language.eq_ignore_ascii_case("en") {
            return Locale::En;
        }
    }
    Locale::default()
}

fn after_position(headers: &HeaderMap) -> Option<String> {
    let from_cookie = || {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == POSITION_COOKIE).map(|(_, value)| value)
    };
    let position = header(headers, AFTER_POSITION_HEADER).or_else(from_cookie)?;
    is_position(position).then(|| position.to_owned())
}

/// Positions are opaque here, but go into headers: letters, digits and a little punctuation.
fn is_position(text: &str) -> bool {
    (1..=POSITION_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b':' | b'/' | b'+'))
}
