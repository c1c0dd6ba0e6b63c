//! Failures of a request as a whole. Refusals of the domain are answers and never come here.

use async_graphql::{ErrorExtensionValues, ErrorExtensions, Response, ServerError};
use axum::http::StatusCode;

/// Why a request, or a part of it, failed: `extensions.code` of every top-level error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request is malformed, or the document is not valid for the schema.
    BadRequest,
    /// The access token is not valid, or one is needed.
    Unauthenticated,
    /// The actor lacks a permission.
    Forbidden,
    /// Too much at once.
    Throttled,
    /// The document is over one of the limits.
    QueryTooComplex,
    /// The server does not know the document of this hash.
    PersistedQueryNotFound,
    /// A read model has not reached the position asked for.
    ProjectionBehind,
    /// A part the request needs does not answer in time.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [ErrorCode; 9] = [
        ErrorCode::BadRequest,
        ErrorCode::Unauthenticated,
        ErrorCode::Forbidden,
        ErrorCode::Throttled,
        ErrorCode::QueryTooComplex,
        ErrorCode::PersistedQueryNotFound,
        ErrorCode::ProjectionBehind,
        ErrorCode::Unavailable,
        ErrorCode::Internal,
    ];

    /// Returns the code as clients see it.
    pub fn name(self) -> &'static str {
        match self {
            ErrorCode::BadRequest => "BAD_REQUEST",
            ErrorCode::Unauthenticated => "UNAUTHENTICATED",
            ErrorCode::Forbidden => "FORBIDDEN",
            ErrorCode::Throttled => "THROTTLED",
            ErrorCode::QueryTooComplex => "QUERY_TOO_COMPLEX",
            ErrorCode::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            ErrorCode::ProjectionBehind => "PROJECTION_BEHIND",
            ErrorCode::Unavailable => "UNAVAILABLE",
            ErrorCode::Internal => "INTERNAL",
        }
    }

    /// Returns the code of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Returns whether the same request may succeed later.
    pub fn retryable(self) -> bool {
        matches!(self, ErrorCode::Throttled | ErrorCode::ProjectionBehind | ErrorCode::Unavailable)
    }

    /// Returns the HTTP status of a request that failed as a whole for this reason.
    pub fn status(self) -> StatusCode {
        match self {
            ErrorCode::BadRequest | ErrorCode::QueryTooComplex | ErrorCode::PersistedQueryNotFound => {
                StatusCode::BAD_REQUEST
            }
            ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden => StatusCode::FORBIDDEN,
            ErrorCode::Throttled => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::ProjectionBehind | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Makes an error for a resolver to return. The adapter adds `retryable` and `traceId`.
    pub fn error(self, message: impl Into<String>) -> async_graphql::Error {
        async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", self.name()))
    }
}

/// A request that failed before anything was executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Why.
    pub code: ErrorCode,
    /// What to do about it, for the developer of the client.
    pub message: String,
    /// The status of a request refused by the transport. Without one the document is at fault, which answers in
    /// `application/json` do not tell by their status (GraphQL over HTTP, draft, section 6.4.1).
    pub status: Option<StatusCode>,
}

impl Failure {
    /// Makes a failure of the document.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: None }
    }

    /// Makes a failure of a malformed document.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// Makes it a failure of the transport, which answers with the code's status in every form.
    #[must_use]
    pub fn of_transport(self) -> Self {
        let status = self.code.status();
        self.with_status(status)
    }

    /// Makes it a failure of the transport with a status of its own.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Returns the failure as a GraphQL response.
    pub fn into_response(self, trace_id: &str) -> Response {
        let mut error = ServerError::new(self.message, None);
        complete(&mut error, self.code, trace_id);
        Response::from_errors(vec![error])
    }
}

/// What async-graphql says of a document over the schema's own limits (its `validation::check_rules`, version 7.2).
const SCHEMA_LIMIT_MESSAGES: [&str; 2] = ["Query is too complex.", "Query is nested too deep."];
/// How async-graphql begins what it says of an argument that cannot be parsed (its `InputValueError`, version 7.2) or whose
/// variable was not sent.
const ARGUMENT_MESSAGES: [&str; 3] = ["Failed to parse \"", "Expected input type \"", "Variable "];

/// Gives every error of a response its code, `retryable` and `traceId`, and hides what an internal failure says.
pub(crate) fn complete_errors(response: &mut Response, trace_id: &str) {
    for error in &mut response.errors {
        let given = error.extensions.as_ref().and_then(|extensions| match extensions.get("code") {
            Some(async_graphql::Value::String(name)) => ErrorCode::of_name(name),
            _ => None,
        });
        let code = given.unwrap_or_else(|| classify(error));
        if code == ErrorCode::Internal {
            tracing::error!(trace_id, path = ?error.path, error = %error.message, "a resolver failed");
            error.message = "an internal failure: quote the trace id when you report it".to_owned();
            error.extensions = None;
        } else if SCHEMA_LIMIT_MESSAGES.contains(&error.message.as_str()) {
            error.message = format!(
                "the query costs more than {}: ask for fewer fields or smaller pages",
                crate::http::limits::COMPLEXITY_MAX
            );
        }
        complete(error, code, trace_id);
    }
}

/// An error without a path is the document's fault, as is an argument that does not parse; all others are ours.
fn classify(error: &ServerError) -> ErrorCode {
    if SCHEMA_LIMIT_MESSAGES.contains(&error.message.as_str()) {
        ErrorCode::QueryTooComplex
    } else if error.path.is_empty()
        || (error.source.is_none() && ARGUMENT_MESSAGES.iter().any(|start| error.message.starts_with(start)))
    {
        ErrorCode::BadRequest
    } else {
        ErrorCode::Internal
    }
}

fn complete(error: &mut ServerError, code: ErrorCode, trace_id: &str) {
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    extensions.set("code", code.name());
    if extensions.get("retryable").is_none() {
        extensions.set("retryable", code.retryable());
    }
    extensions.set("traceId", trace_id);
}

/// Returns the code of a response that failed before anything was executed: it has errors, and no `data` entry.
pub(crate) fn request_error_code(response: &Response) -> Option<ErrorCode> {
    let executed = response.data != async_graphql::Value::Null || response.errors.iter().any(|e| !e.path.is_empty());
    if executed {
        return None;
    }
    match response.errors.first()?.extensions.as_ref()?.get("code") {
        Some(async_graphql::Value::String(name)) => ErrorCode::of_name(name),
        _ => None,
    }
}
