//! Documents: checked against the limits, parsed once, found again by text or by hash.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Pos, Value};
use sha2::{Digest, Sha256};

use crate::http::cache::Cache;
use crate::http::error::{ErrorCode, Failure};
use crate::http::limits;

/// The most documents kept parsed.
const PARSED_DOCUMENTS_MAX: usize = 512;
/// The most documents kept by hash.
const PERSISTED_DOCUMENTS_MAX: usize = 1_024;
/// The longest document kept, bytes: longer ones are parsed each time.
const KEPT_BYTES_MAX: usize = 16 * 1_024;

/// A document within the limits.
pub(crate) struct Document {
    pub(crate) text: Box<str>,
    pub(crate) parsed: ExecutableDocument,
    operations: Vec<Operation>,
}

/// One operation of a document.
pub(crate) struct Operation {
    pub(crate) name: Option<Box<str>>,
    pub(crate) kind: OperationType,
}

impl Document {
    /// Parses a text.
    ///
    /// # Errors
    /// QUERY_TOO_COMPLEX over a limit, BAD_REQUEST where it is not GraphQL.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        limits::check_text(text)?;
        let parsed = parse_query(text).map_err(|error| parse_failure(&error))?;
        limits::check_document(&parsed)?;
        let operations = parsed
            .operations
            .iter()
            .map(|(name, operation)| Operation { name: name.map(|name| name.as_str().into()), kind: operation.node.ty })
            .collect();
        Ok(Self { text: text.into(), parsed, operations })
    }

    /// Returns the operation a request means.
    ///
    /// # Errors
    /// BAD_REQUEST when there is none of that name, or several and no name.
    pub(crate) fn operation(&self, name: Option<&str>) -> Result<&Operation, Failure> {
        match name {
            Some(name) => self
                .operations
                .iter()
                .find(|operation| operation.name.as_deref() == Some(name))
                .ok_or_else(|| Failure::bad_request("the document has no operation of the name in operationName")),
            None => match self.operations.as_slice() {
                [only] => Ok(only),
                _ => Err(Failure::bad_request("the document has several operations: say which in operationName")),
            },
        }
    }
}

fn parse_failure(error: &async_graphql::parser::Error) -> Failure {
    if matches!(error, async_graphql::parser::Error::RecursionLimitExceeded) {
        return Failure::new(ErrorCode::QueryTooComplex, "the document is nested too deep: ask for less depth");
    }
    let place = error.positions().next().map(|Pos { line, column }| format!(" at line {line}, column {column}"));
    Failure::bad_request(format!("the document is not GraphQL{}", place.unwrap_or_default()))
}

/// The documents of a server: recent ones parsed, persisted ones by hash.
pub(crate) struct Documents {
    parsed: Cache<Document>,
    persisted: Cache<Document>,
}

impl Documents {
    pub(crate) fn new() -> Self {
        Self { parsed: Cache::new(PARSED_DOCUMENTS_MAX), persisted: Cache::new(PERSISTED_DOCUMENTS_MAX) }
    }

    /// Returns the document of a text.
    ///
    /// # Errors
    /// Those of [`Document::parse`].
    pub(crate) fn of_text(&self, text: &str) -> Result<Arc<Document>, Failure> {
        if let Some(document) = self.parsed.get(text) {
            return Ok(document);
        }
        let document = Arc::new(Document::parse(text)?);
        if text.len() <= KEPT_BYTES_MAX {
            self.parsed.insert(text, document.clone());
        }
        Ok(document)
    }

    /// Returns the document a request names by `extensions.persistedQuery` (automatic persisted queries, version 1):
    /// kept under its hash when the text comes along, found by the hash alone afterwards.
    ///
    /// # Errors
    /// PERSISTED_QUERY_NOT_FOUND when the hash is not known, BAD_REQUEST when it is not the text's.
    pub(crate) fn of_persisted(&self, persisted: &Value, text: Option<&str>) -> Result<Arc<Document>, Failure> {
        let hash = persisted_hash(persisted)?;
        let Some(text) = text else {
            // Clients of Apollo's protocol look for this very message, others for the code.
            return self
                .persisted
                .get(&hash)
                .ok_or_else(|| Failure::new(ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound"));
        };
        if !is_hash_of(&hash, text) {
            return Err(Failure::bad_request("persistedQuery.sha256Hash is not the SHA-256 of the query"));
        }
        let document = self.of_text(text)?;
        if text.len() <= KEPT_BYTES_MAX {
            self.persisted.insert(&hash, document.clone());
        }
        Ok(document)
    }
}

fn persisted_hash(persisted: &Value) -> Result<String, Failure> {
    let malformed = || Failure::bad_request("persistedQuery needs version 1 and sha256Hash in 64 hexadecimal digits");
    let Value::Object(fields) = persisted else { return Err(malformed()) };
    match (fields.get("version"), fields.get("sha256Hash")) {
        (Some(Value::Number(version)), Some(Value::String(hash)))
            if version.as_u64() == Some(1) && hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            Ok(hash.to_ascii_lowercase())
        }
        _ => Err(malformed()),
    }
}

fn is_hash_of(hash: &str, text: &str) -> bool {
    let digest = Sha256::digest(text.as_bytes());
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = nibbles.map(|nibble| b"0123456789abcdef"[usize::from(nibble)]);
    digits.eq(hash.bytes())
}
