//! How a request reaches the provider: over HTTP, or straight into a router in this process.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response};
use tower::ServiceExt;

use crate::form::{self, Form};

/// How long a request may take before its outcome is unknown: 30 s.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest answer read: 1 MiB.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The version of the wire format spoken (<https://docs.stripe.com/api/versioning>).
pub const VERSION: &str = "2024-06-20";

const FORM: &str = "application/x-www-form-urlencoded";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotent-replayed";

/// A request to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeRequest {
    /// `GET` or `POST`.
    pub method: Method,
    /// From `/v1` on, without a query.
    pub path: String,
    /// The body of a `POST`, the query of a `GET`.
    pub form: Form,
    /// The key under which a `POST` has one effect for ever.
    pub idempotency_key: Option<String>,
}

/// An answer of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Whether it is the kept answer of an earlier request under the same key. What it says may be out of date.
    pub replayed: bool,
    /// The body: JSON.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection was made: nothing happened there.
    #[error("no connection was made")]
    Unreachable,
    /// The request went out and no whole answer came back: it may have happened.
    #[error("no whole answer came back in time")]
    Timeout,
}

/// Carries requests to a provider.
#[async_trait]
pub trait StripeTransport: Send + Sync {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`TransportError`] when there is none.
    async fn send(&self, request: StripeRequest) -> Result<StripeAnswer, TransportError>;
}

/// Why there is no HTTP transport.
#[derive(Debug, thiserror::Error)]
pub enum TransportSetupError {
    /// The address is not an absolute HTTP address without a path, query or user.
    #[error("the provider's base address is not of the form https://host[:port]")]
    AddressInvalid,
    /// The secret key cannot be sent in a header.
    #[error("the provider's secret key is empty or has characters that a header cannot carry")]
    KeyInvalid,
    /// The client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
}

/// Speaks HTTP with TLS.
#[derive(Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    base: String,
}

impl HttpTransport {
    /// Makes a transport to an address such as `https://api.stripe.com`, with a secret key (`sk_…`). Follows no
    /// redirect: the key goes to this address alone.
    ///
    /// # Errors
    /// [`TransportSetupError`] says what is wrong with the address or the key.
    pub fn new(base: &str, secret_key: &str) -> Result<Self, TransportSetupError> {
        let url = reqwest::Url::parse(base).map_err(|_| TransportSetupError::AddressInvalid)?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        if !is_web || !is_bare || !is_anonymous {
            return Err(TransportSetupError::AddressInvalid);
        }
        if secret_key.is_empty() {
            return Err(TransportSetupError::KeyInvalid);
        }
        let mut key =
            HeaderValue::from_str(&format!("Bearer {secret_key}")).map_err(|_| TransportSetupError::KeyInvalid)?;
        key.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, key);
        headers.insert("stripe-version", HeaderValue::from_static(VERSION));
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(TransportSetupError::Client)?;
        Ok(Self { client, base: url.as_str().trim_end_matches('/').to_owned() })
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpTransport({})", self.base)
    }
}

#[async_trait]
impl StripeTransport for HttpTransport {
    async fn send(&self, request: StripeRequest) -> Result<StripeAnswer, TransportError> {
        let form = form::encode(&request.form);
        let posts = request.method == Method::POST;
        let url = if posts {
            format!("{}{}", self.base, request.path)
        } else {
            format!("{}{}?{form}", self.base, request.path)
        };
        let mut builder = self.client.request(request.method, url);
        if posts {
            builder = builder.header(CONTENT_TYPE, FORM).body(form);
        }
        if let Some(key) = request.idempotency_key {
            builder = builder.header(IDEMPOTENCY_KEY, key);
        }
        let mut response = builder.send().await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let replayed = is_replayed(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(TransportError::Timeout);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(StripeAnswer { status, replayed, body })
    }
}

/// Only a failure to connect is sure to have had no effect.
fn unanswered(error: reqwest::Error) -> TransportError {
    if error.is_connect() { TransportError::Unreachable } else { TransportError::Timeout }
}

/// Marks a response that must not reach its caller: the simulator's way to let an answer get lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

/// Speaks to a router in this process, such as the simulator's.
#[derive(Clone, Debug)]
pub struct InProcessTransport {
    router: Router,
}

impl InProcessTransport {
    /// Makes a transport into a router.
    pub fn new(router: Router) -> Self {
        Self { router }
    }
}

#[async_trait]
impl StripeTransport for InProcessTransport {
    async fn send(&self, request: StripeRequest) -> Result<StripeAnswer, TransportError> {
        let request = in_process(request).map_err(|_| TransportError::Unreachable)?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        read(response).await
    }
}

fn in_process(request: StripeRequest) -> Result<Request<Body>, axum::http::Error> {
    let form = form::encode(&request.form);
    let posts = request.method == Method::POST;
    let target = if posts { request.path } else { format!("{}?{form}", request.path) };
    let mut builder = Request::builder().method(request.method).uri(target);
    if let Some(key) = request.idempotency_key {
        builder = builder.header(IDEMPOTENCY_KEY, key);
    }
    if posts { builder.header(CONTENT_TYPE, FORM).body(Body::from(form)) } else { builder.body(Body::empty()) }
}

async fn read(response: Response<Body>) -> Result<StripeAnswer, TransportError> {
    let (head, body) = response.into_parts();
    if head.extensions.get::<NoAnswer>().is_some() {
        return Err(TransportError::Timeout);
    }
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|_| TransportError::Timeout)?;
    Ok(StripeAnswer { status: head.status.as_u16(), replayed: is_replayed(&head.headers), body: body.to_vec() })
}

fn is_replayed(headers: &HeaderMap) -> bool {
    headers.get(REPLAYED).is_some_and(|value| value == "true")
}
