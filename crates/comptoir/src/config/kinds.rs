//! How stores and roles are named in a configuration.

use super::{Roles, StoreKind};

pub(super) fn store_kind(value: &str) -> Option<StoreKind> {
    match value {
        "sqlite" => Some(StoreKind::Sqlite),
        "postgres" => Some(StoreKind::Postgres),
        "kurrentdb" => Some(StoreKind::KurrentDb),
        "memory" => Some(StoreKind::Memory),
        _ => None,
    }
}

pub(super) fn roles(value: &str) -> Option<Roles> {
    match value {
        "api,worker" | "worker,api" => Some(Roles::All),
        "api" => Some(Roles::Api),
        "worker" => Some(Roles::Worker),
        _ => None,
    }
}
