//! What is wrong with a configuration, told so that it can be set right.

use std::path::PathBuf;

use super::KEYS;

/// What is wrong with a configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value is not one of those allowed.
    #[error("{key} is {value:?} ({source_name}): allowed is {allowed}")]
    Value {
        /// The key.
        key: String,
        /// The value, as it was given; hidden where it may hold a secret.
        value: String,
        /// Where it was given.
        source_name: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// No such key.
    #[error("{key} is no key of the configuration ({source_name}): known are {}", KEYS.join(", "))]
    Key {
        /// The key.
        key: String,
        /// Where it was given.
        source_name: String,
    },
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// PostgreSQL was asked for, and no database was named.
    #[error("store is \"postgres\" and database_url is missing: set DATABASE_URL=postgres://user@host/database")]
    DatabaseMissing,
    /// A standby was named, and the read models are not in PostgreSQL.
    #[error("database_read_url is set and the store is not \"postgres\": there is nothing that a standby could copy")]
    StandbyAlone,
    /// KurrentDB was asked for, and no server was named.
    #[error(
        "store is \"kurrentdb\" and kurrentdb_url is missing: set KURRENTDB_URL=kurrentdb://user:password@host:2113"
    )]
    KurrentDbMissing,
    /// A part of the work was asked for on a store that one process has to itself.
    #[error(
        "roles is \"{0}\" and one process has this store to itself: use store \"postgres\", or roles \"api,worker\""
    )]
    RolesAlone(&'static str),
    /// A payment provider was named, and something to reach it by was not.
    #[error("payment_url is set and {0} is missing: set COMPTOIR_{name}", name = .0.to_ascii_uppercase())]
    ProviderIncomplete(&'static str),
    /// A seller was named in part, or not at all where real money is taken.
    #[error(
        "{0} is missing: an invoice has to name who sells, so set COMPTOIR_{name}, and the other keys of the seller",
        name = .0.to_ascii_uppercase()
    )]
    SellerIncomplete(&'static str),
}
