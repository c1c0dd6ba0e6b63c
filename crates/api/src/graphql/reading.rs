//! What the read models answer, as clients see it.

use async_graphql::Error;
use projections::ReadError;
use projections::search::SearchError;

use super::errors::internal;
use crate::http::error::ErrorCode as FailureCode;

/// Turns a failure of the read models into a top-level error.
pub(crate) fn read_failure(error: ReadError) -> Error {
    match error {
        ReadError::CursorMalformed(_) => FailureCode::BadRequest.error(error.to_string()),
        ReadError::Unavailable(_) | ReadError::Moving(_) => {
            tracing::error!(error = %error, source = ?std::error::Error::source(&error), "the read models do not answer");
            FailureCode::Unavailable.error("the read models do not answer right now: try again")
        }
        ReadError::Row(_) | ReadError::ProjectionUnknown(_) => internal(error),
    }
}

/// Turns a failure of the search into a top-level error.
pub(crate) fn search_failure(error: SearchError) -> Error {
    match error {
        SearchError::InvalidCursor | SearchError::TooManyFilterValues => {
            FailureCode::BadRequest.error(error.to_string())
        }
        SearchError::Store(_)
        | SearchError::Event { .. }
        | SearchError::Index(_)
        | SearchError::Record(_)
        | SearchError::Folder(_)
        | SearchError::Damaged(_)
        | SearchError::Interrupted => internal(error),
    }
}
