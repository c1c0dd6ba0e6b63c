//! Executes operations, whatever transport they come over: finds the document, lets the hook prepare the request,
//! gives errors their codes, counts.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Response, ServerError, Value, Variables};
use axum::http::HeaderValue;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};

use crate::http::context::{RequestContext, RequestHook};
use crate::http::document::{Document, Documents};
use crate::http::error::{ErrorCode, Failure, complete_errors, request_error_code};
use crate::http::metrics::{Metrics, Outcome};

/// The longest a request may take, seconds; subscriptions live longer.
pub const REQUEST_SECONDS_MAX: u64 = 5;

/// The parameters of a request (GraphQL over HTTP, draft, section 5.1).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameters {
    pub(crate) query: Option<String>,
    pub(crate) operation_name: Option<String>,
    #[serde(default)]
    pub(crate) variables: Variables,
    pub(crate) extensions: Option<async_graphql::Extensions>,
}

/// A request whose document is within the limits.
pub(crate) struct Prepared {
    document: Arc<Document>,
    parameters: Parameters,
    pub(crate) kind: OperationType,
}

impl Prepared {
    /// Returns the name of the operation, as the document has it.
    pub(crate) fn operation_name(&self) -> Option<&str> {
        let operation = self.document.operation(self.parameters.operation_name.as_deref()).ok()?;
        operation.name.as_deref()
    }

    fn into_request(self) -> Request {
        let Parameters { query, operation_name, variables, extensions } = self.parameters;
        let mut request = Request::new(query.unwrap_or_else(|| self.document.text.to_string())).variables(variables);
        request.operation_name = operation_name;
        request.extensions = extensions.unwrap_or_default();
        request.set_parsed_query(self.document.parsed.clone());
        request
    }
}

/// What came of an operation.
pub(crate) struct Executed {
    pub(crate) response: Response,
    pub(crate) cookie: Option<HeaderValue>,
}

/// The body of an answer. A request that was not executed has no `data` entry (GraphQL specification, section 7.1).
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: &'a std::collections::BTreeMap<String, Value>,
}

impl<'a> Body<'a> {
    pub(crate) fn of(response: &'a Response) -> Self {
        let is_executed = request_error_code(response).is_none();
        Self { errors: &response.errors, data: is_executed.then_some(&response.data), extensions: &response.extensions }
    }
}

/// The executor and what stands around it.
pub(crate) struct Engine<E> {
    executor: E,
    hook: Arc<dyn RequestHook>,
    documents: Documents,
    pub(crate) metrics: Arc<Metrics>,
}

impl<E: Executor> Engine<E> {
    pub(crate) fn new(executor: E, hook: Arc<dyn RequestHook>, metrics: Arc<Metrics>) -> Self {
        Self { executor, hook, documents: Documents::new(), metrics }
    }

    /// Finds the document and the operation of a request.
    ///
    /// # Errors
    /// BAD_REQUEST, QUERY_TOO_COMPLEX or PERSISTED_QUERY_NOT_FOUND.
    pub(crate) fn prepare(&self, mut parameters: Parameters) -> Result<Prepared, Failure> {
        parameters.operation_name = parameters.operation_name.filter(|name| !name.is_empty());
        let persisted = parameters.extensions.as_ref().and_then(|extensions| extensions.get("persistedQuery"));
        let document = match (persisted, parameters.query.as_deref()) {
            (Some(persisted), query) => self.documents.of_persisted(persisted, query)?,
            (None, Some(query)) => self.documents.of_text(query)?,
            (None, None) => return Err(Failure::bad_request("the request has no query").of_transport()),
        };
        let kind = document.operation(parameters.operation_name.as_deref())?.kind;
        Ok(Prepared { document, parameters, kind })
    }

    /// Executes a query or a mutation. A resolver's panic is an internal failure of this request only.
    pub(crate) async fn execute(&self, prepared: Prepared, context: RequestContext) -> Executed {
        let kind = prepared.kind;
        let request = self.request(prepared, &context);
        let executed = AssertUnwindSafe(self.executor.execute(request)).catch_unwind().await;
        let response = executed.unwrap_or_else(|_| panicked(&context));
        self.finish(kind, response, &context)
    }

    /// Executes any operation as a stream of its results; those of queries and mutations have one, within
    /// [`REQUEST_SECONDS_MAX`].
    pub(crate) fn stream(
        self: &Arc<Self>,
        prepared: Prepared,
        context: RequestContext,
    ) -> BoxStream<'static, Response> {
        let (engine, kind) = (self.clone(), prepared.kind);
        if kind != OperationType::Subscription {
            return stream::once(async move {
                let trace_id = context.trace_id.clone();
                let work = engine.execute(prepared, context);
                match tokio::time::timeout(Duration::from_secs(REQUEST_SECONDS_MAX), work).await {
                    Ok(executed) => executed.response,
                    Err(_) => timed_out().into_response(&trace_id),
                }
            })
            .boxed();
        }
        let request = self.request(prepared, &context);
        let results = AssertUnwindSafe(self.executor.execute_stream(request, None)).catch_unwind();
        results
            .map(move |result| {
                let response = result.unwrap_or_else(|_| panicked(&context));
                engine.finish(kind, response, &context).response
            })
            .boxed()
    }

    fn request(&self, prepared: Prepared, context: &RequestContext) -> Request {
        let mut request = prepared.into_request();
        request.data.insert(context.clone());
        self.hook.prepare(context, &mut request);
        request
    }

    fn finish(&self, kind: OperationType, mut response: Response, context: &RequestContext) -> Executed {
        complete_errors(&mut response, &context.trace_id);
        let cookie = context.finish(&mut response);
        let outcome = match (response.is_ok(), request_error_code(&response)) {
            (true, _) => Outcome::Ok,
            (false, None) => Outcome::Errors,
            (false, Some(_)) => Outcome::Refused,
        };
        self.metrics.count(Some(kind), outcome);
        Executed { response, cookie }
    }
}

/// Says that a request took too long.
pub(crate) fn timed_out() -> Failure {
    let message = format!(
        "no answer within {REQUEST_SECONDS_MAX} s; a mutation may have happened: repeat it with the same idempotency key"
    );
    Failure::new(ErrorCode::Unavailable, message).of_transport()
}

/// The panic hook has logged where it was; the trace id ties the two together.
fn panicked(context: &RequestContext) -> Response {
    tracing::error!(trace_id = %context.trace_id, "a resolver panicked");
    let message = "an internal failure: quote the trace id when you report it";
    Failure::new(ErrorCode::Internal, message).into_response(&context.trace_id)
}
