//! A fingerprint of a read model, to show that it equals a replay from the first event, on whichever engine.

use std::fmt::Write;

use event_store::Position;
use sha2::{Digest as _, Sha256};

use crate::models::ReadModels;
use crate::rows::generations::{self, Generation};
use crate::rows::{Direction, Query, ReadError, Row, Table, Value};

/// Rows read at once.
const PAGE: u64 = 5_000;
const ATTEMPTS_MAX: usize = 5;

/// A fingerprint and the checkpoint it was taken at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The checkpoint: the last position whose event changed the read model, or a later one.
    pub position: Position,
    /// SHA-256 in hexadecimal, lower case.
    pub sha256: String,
}

impl ReadModels {
    /// Takes the fingerprint of all rows of a projection's live generation, table by table in the order of the primary key.
    ///
    /// # Errors
    /// [`ReadError::Moving`] when the rows keep changing, [`ReadError::ProjectionUnknown`], and what the engine says.
    pub async fn digest(&self, name: &str) -> Result<Digest, ReadError> {
        let projection = self.projection(name).ok_or_else(|| ReadError::ProjectionUnknown(name.to_owned()))?;
        for _attempt in 0..ATTEMPTS_MAX {
            let before = self.live_generation(name).await?;
            let mut hash = Sha256::new();
            for table in projection.tables() {
                self.hash_table(table, &mut hash).await?;
            }
            let after = self.live_generation(name).await?;
            if let (Some(before), Some(after)) = (before, after)
                && before == after
            {
                let mut sha256 = String::with_capacity(64);
                for byte in hash.finalize() {
                    // Writing to a text cannot fail.
                    write!(sha256, "{byte:02x}").expect("a text takes everything");
                }
                return Ok(Digest { position: Position(before.position), sha256 });
            }
        }
        Err(ReadError::Moving(name.to_owned()))
    }

    async fn live_generation(&self, name: &str) -> Result<Option<Generation>, ReadError> {
        Ok(generations::list(&self.store, name).await?.into_iter().find(|generation| generation.live))
    }

    async fn hash_table(&self, table: &'static Table, hash: &mut Sha256) -> Result<(), ReadError> {
        let key: Vec<&'static str> = table.key_columns().iter().map(|column| column.name).collect();
        hash_text(hash, table.name);
        let mut last: Option<Row> = None;
        loop {
            let mut query = Query::of(table).order(&key, Direction::Ascending).limit(PAGE);
            if let Some(last) = &last {
                query = query.after(last.values()[..table.key].to_vec());
            }
            let page = self.store.page(query).await?;
            for row in &page.items {
                row.values().iter().for_each(|value| hash_value(hash, value));
            }
            last = page.items.into_iter().next_back();
            if !page.has_next {
                return Ok(());
            }
        }
    }
}

/// Every value has a mark of its type, and a text its length, so that two rows never read the same.
fn hash_value(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hash.update([0]),
        Value::Bool(truth) => hash.update([1, u8::from(*truth)]),
        Value::Int(number) => {
            hash.update([2]);
            hash.update(number.to_be_bytes());
        }
        Value::Text(text) => {
            hash.update([3]);
            hash_text(hash, text);
        }
    }
}

fn hash_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}
