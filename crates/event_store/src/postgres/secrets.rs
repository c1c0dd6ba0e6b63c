//! Secrets: values that are no events and may be destroyed.

use sqlx::postgres::PgPool;
use uuid::Uuid;

use super::sole;

pub(super) async fn find(pool: &PgPool, name: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let value = sqlx::query_scalar("SELECT value FROM secrets WHERE name = $1").bind(name);
    let value: Option<Option<Vec<u8>>> = value.fetch_optional(pool).await?;
    Ok(value.flatten())
}

pub(super) async fn find_or_insert(pool: &PgPool, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let sql = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(name).bind(value).execute(pool).await?;
    find(pool, name).await
}

/// Leaves a tombstone in place of a value. A process that holds the log alone may have it at hand, so it is asked for the
/// log first, and cannot take it again before this is stored.
pub(super) async fn destroy(pool: &PgPool, name: &str, mine: Option<Uuid>) -> Result<bool, sqlx::Error> {
    loop {
        let mut transaction = pool.begin().await?;
        let sole: Option<Uuid> =
            sqlx::query_scalar("SELECT sole FROM log_head FOR UPDATE").fetch_one(&mut *transaction).await?;
        if sole.is_some_and(|sole| Some(sole) != mine) {
            transaction.rollback().await?;
            sole::recall(&mut *pool.acquire().await?, mine).await?;
            continue;
        }
        // The tombstone first: after it no value can be inserted, and a value that was there is overwritten next.
        let tombstone = "INSERT INTO secrets (name, value) VALUES ($1, NULL) ON CONFLICT DO NOTHING";
        sqlx::query(tombstone).bind(name).execute(&mut *transaction).await?;
        let overwrite = "UPDATE secrets SET value = NULL WHERE name = $1 AND value IS NOT NULL";
        let destroyed = sqlx::query(overwrite).bind(name).execute(&mut *transaction).await?;
        transaction.commit().await?;
        return Ok(destroyed.rows_affected() > 0);
    }
}
