//! Why a use case did not do what was asked: a refusal (an answer), a rule of the house, or a failure.

use domain::decider::Refusal;
use domain::values::InvalidValue;
use event_store::StoreError;

use crate::actor::Forbidden;
use crate::vault::VaultError;

/// Facts a client may want beside a code: `available`, `expected`, `actual` …
pub type Facts = Vec<(&'static str, String)>;

/// A "no" that is an answer: shown to the client as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Stable, `SCREAMING_SNAKE_CASE`.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The input field it is about, outermost first; empty when it is about the whole command.
    pub path: Vec<String>,
    /// What the code's typed error carries.
    pub facts: Facts,
}

impl Refused {
    /// Makes a refusal about the whole command.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: Vec::new(), facts: Vec::new() }
    }

    /// Says which input field it is about.
    #[must_use]
    pub fn at(mut self, path: &[&str]) -> Self {
        self.path = path.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.facts.push((name, value.to_string()));
        self
    }

    /// Makes the refusal of a context's rule.
    pub fn of(refusal: &impl Refusal) -> Self {
        Self { facts: refusal.facts(), ..Self::new(refusal.code(), refusal.to_string()) }
    }

    /// Says that nothing of that kind is there, or nothing that this actor may see.
    pub fn not_found(what: &str) -> Self {
        Self::new("NOT_FOUND", format!("there is no such {what}"))
    }
}

impl From<InvalidValue> for Refused {
    fn from(invalid: InvalidValue) -> Self {
        Refused::new("VALIDATION", invalid.to_string()).with("rule", invalid.allowed)
    }
}

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The answer is no; nothing was changed.
    #[error("{}", .0.message)]
    Refused(Refused),
    /// Several inputs are wrong; nothing was changed.
    #[error("{} inputs are not valid", .0.len())]
    Invalid(Vec<Refused>),
    /// The actor may not do this.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Others changed the same thing all the time; try again.
    #[error("the same thing is changed too often right now: try again")]
    Contended,
    /// The store cannot say. When `in_doubt`, the command may have happened: try again with the same key.
    #[error("the shop cannot store anything right now")]
    Unavailable {
        /// Whether it may have happened all the same.
        in_doubt: bool,
        /// What the engine said; for the log, never for a client.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something is wrong inside.
    #[error("something is wrong inside the shop")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppError {
    /// Wraps something that must not happen.
    pub fn broken(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Broken(what.into())
    }

    /// Returns the refusal's code, if it is one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            AppError::Refused(refused) => Some(refused.code),
            AppError::Invalid(_) => Some("VALIDATION"),
            AppError::Forbidden(_) | AppError::Contended | AppError::Unavailable { .. } | AppError::Broken(_) => None,
        }
    }
}

impl From<Refused> for AppError {
    fn from(refused: Refused) -> Self {
        AppError::Refused(refused)
    }
}

impl From<InvalidValue> for AppError {
    fn from(invalid: InvalidValue) -> Self {
        AppError::Refused(invalid.into())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::InUse(_) => {
                AppError::Unavailable { in_doubt: false, source: Box::new(error) }
            }
            StoreError::LogRewound { .. } => Refused::new("LOG_REWOUND", error.to_string()).into(),
            StoreError::UnknownPosition(_) => Refused::new("POSITION_UNKNOWN", error.to_string()).into(),
            StoreError::Corrupt(_) => AppError::Broken(Box::new(error)),
        }
    }
}

impl From<VaultError> for AppError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Forgotten => Refused::new("CUSTOMER_FORGOTTEN", error.to_string()).into(),
            VaultError::Damaged => AppError::Broken(Box::new(error)),
            VaultError::Store(store) => store.into(),
        }
    }
}
