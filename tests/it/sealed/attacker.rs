//! Someone who owns the database and rewrites the log in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::clock::SystemClock;
use app::ids::SystemIds;
use app::seal::Sealer;
use event_store::sqlite::SqliteStore;
use rusqlite::{Connection, params};

/// What is done to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// One bit of an event, a checkpoint or a tile.
    Flip,
    /// Two events change places.
    Swap,
    /// An event is removed, and what follows moves up.
    Remove,
    /// An event is put in, and what follows moves down.
    Insert,
    /// The last events are cut off.
    Cut,
    /// The last events are cut off, and what was sealed of them: only a witness can tell.
    CutWithSeals,
    /// A stream is rewritten and everything sealed anew under a key of the attacker's.
    RewriteWithOtherKey,
    /// A stream is rewritten and everything sealed anew under the key in the database: only a witness can tell.
    RewriteWithKey,
}

impl Attack {
    pub const ALL: [Attack; 8] = [
        Attack::Flip,
        Attack::Swap,
        Attack::Remove,
        Attack::Insert,
        Attack::Cut,
        Attack::CutWithSeals,
        Attack::RewriteWithOtherKey,
        Attack::RewriteWithKey,
    ];

    /// Returns whether the database itself still shows it to who knows the log's key.
    pub fn leaves_traces(self) -> bool {
        !matches!(self, Attack::CutWithSeals | Attack::RewriteWithKey)
    }
}

/// Numbers that look random and are the same in every run (Marsaglia's xorshift).
pub struct Dice(pub u64);

impl Dice {
    /// Returns a number from 0 to below `sides`.
    pub fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A copy of a log that can be changed.
pub struct Copy {
    path: PathBuf,
    connection: Connection,
}

impl Copy {
    /// Makes one file of a closed log, to make copies of.
    pub fn original(log: &Path) -> Vec<u8> {
        let connection = Connection::open(log).expect("the log opens");
        connection.pragma_update(None, "journal_mode", "DELETE").expect("one file is left");
        drop(connection);
        std::fs::read(log).expect("the log is read")
    }

    pub fn of(original: &[u8], folder: &Path) -> Self {
        let path = folder.join("log.sqlite");
        std::fs::write(&path, original).expect("the copy is written");
        let connection = Connection::open(&path).expect("the copy opens");
        let copy = Self { path, connection };
        copy.run("PRAGMA synchronous = OFF; DROP TRIGGER events_stay; DROP TRIGGER events_remain");
        copy
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).expect("the attack is SQL");
    }

    fn count(&self, sql: &str) -> u64 {
        self.connection.query_row(sql, [], |row| row.get(0)).expect("the attack is SQL")
    }

    /// Attacks, and lets go of the file. Returns what was done, for people.
    pub async fn attack(self, attack: Attack, dice: &mut Dice) -> String {
        let head = self.count("SELECT max(position) FROM events");
        let at = 1 + dice.throw(head);
        match attack {
            Attack::Flip => return self.flip(at, dice),
            Attack::Swap => self.swap(at, 1 + dice.throw(head)),
            Attack::Remove => self.remove(at),
            Attack::Insert => self.insert(at),
            // What is not sealed yet nobody can miss: the sealed end is cut.
            Attack::Cut => self.run(&format!("DELETE FROM events WHERE position >= {at}")),
            Attack::CutWithSeals => self.run(&format!(
                "DELETE FROM events WHERE position >= {at}; DELETE FROM checkpoints WHERE size >= {at}; \
                 DELETE FROM tree_tiles WHERE (tile + 1) * 256 >= {at}"
            )),
            Attack::RewriteWithOtherKey | Attack::RewriteWithKey => self.rewrite(at),
        }
        if let Attack::RewriteWithOtherKey = attack {
            let mut key = [0; 32];
            key.fill_with(|| dice.throw(256) as u8);
            let sql = "UPDATE secrets SET value = ?1 WHERE name = 'log_signing'";
            self.connection.execute(sql, [&key[..]]).expect("the key is changed");
        }
        if let Attack::RewriteWithOtherKey | Attack::RewriteWithKey = attack {
            self.seal_anew().await;
        }
        format!("{attack:?} at {at}")
    }

    fn flip(&self, at: u64, dice: &mut Dice) -> String {
        const PLACES: [(&str, &str, &str); 11] = [
            ("events", "position", "payload"),
            ("events", "position", "payload"),
            ("events", "position", "metadata"),
            ("events", "position", "event_id"),
            ("events", "position", "event_type"),
            ("events", "position", "event_version"),
            ("events", "position", "aggregate_id"),
            ("events", "position", "recorded_at"),
            ("checkpoints", "size", "note"),
            ("checkpoints", "size", "root"),
            ("tree_tiles", "tile", "hashes"),
        ];
        let (table, key, column) = PLACES[dice.throw(PLACES.len() as u64) as usize];
        let of = format!("{key} = (SELECT {key} FROM {table} ORDER BY {key} <= {at} DESC, {key} DESC LIMIT 1)");
        if column == "recorded_at" {
            let bit = 1_u64 << dice.throw(50);
            // Exclusive or, which SQLite lacks.
            let flipped = format!("({column} | {bit}) - ({column} & {bit})");
            self.run(&format!("UPDATE {table} SET {column} = {flipped} WHERE {of}"));
            return format!("Flip {bit} of {table}.{column} at {at}");
        }
        let read = format!("SELECT CAST({column} AS BLOB), typeof({column}) FROM {table} WHERE {of}");
        let (mut bytes, kind): (Vec<u8>, String) =
            self.connection.query_row(&read, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("there is one");
        let (byte, bit) = (dice.throw(bytes.len() as u64) as usize, dice.throw(8));
        bytes[byte] ^= 1 << bit;
        let sql = format!("UPDATE {table} SET {column} = CAST(?1 AS {kind}) WHERE {of}");
        self.connection.execute(&sql, params![bytes]).expect("the bit is flipped");
        format!("Flip bit {bit} of byte {byte} of {table}.{column} at {at}")
    }

    fn swap(&self, one: u64, other: u64) {
        let other = if one == other { one % self.count("SELECT max(position) FROM events") + 1 } else { other };
        self.run(&format!(
            "UPDATE events SET position = -1 WHERE position = {one}; \
             UPDATE events SET position = {one} WHERE position = {other}; \
             UPDATE events SET position = {other} WHERE position = -1"
        ));
    }

    fn remove(&self, at: u64) {
        let last = self.count("SELECT max(position) FROM events");
        self.run(&format!(
            "CREATE TEMP TABLE gone AS SELECT aggregate_type AS kind, aggregate_id AS id, sequence FROM events \
             WHERE position = {at}; \
             DELETE FROM events WHERE position = {at}; \
             UPDATE events SET position = -position WHERE position > {at}; \
             UPDATE events SET position = -position - 1 WHERE position < 0; \
             UPDATE events SET sequence = events.sequence + 1000000 FROM gone \
             WHERE aggregate_type = kind AND aggregate_id = id AND events.sequence > gone.sequence; \
             UPDATE events SET sequence = sequence - 1000001 WHERE sequence > 1000000"
        ));
        assert_eq!(self.count("SELECT max(position) FROM events"), last - 1);
    }

    fn insert(&self, at: u64) {
        self.run(&format!(
            "UPDATE events SET position = -position WHERE position >= {at}; \
             UPDATE events SET position = -position + 1 WHERE position < 0; \
             INSERT INTO events SELECT {at}, randomblob(16), 'forged', 'stream', 1, event_type, event_version, payload, \
             metadata, recorded_at FROM events WHERE position = {at} + 1 OR position = {at} - 1 LIMIT 1"
        ));
    }

    /// Rewrites when and by whom all events of a stream were made: what no aggregate looks at.
    fn rewrite(&self, at: u64) {
        self.run(&format!(
            "CREATE TEMP TABLE chosen AS SELECT aggregate_type AS kind, aggregate_id AS id FROM events \
             WHERE position = {at}; \
             UPDATE events SET recorded_at = recorded_at + 1, metadata = replace(metadata, 'actor_id', 'actor_ie') \
             FROM chosen WHERE aggregate_type = kind AND aggregate_id = id; \
             DELETE FROM checkpoints; DELETE FROM tree_tiles"
        ));
    }

    async fn seal_anew(self) {
        let Self { path, connection } = self;
        drop(connection);
        let store = Arc::new(SqliteStore::open(&path).expect("the log opens"));
        let sealer = Sealer::open(store.clone(), Arc::new(SystemClock), &SystemIds).await;
        sealer.expect("nothing was sealed").seal().await.expect("everything is sealed");
        event_store::EventStore::close(&*store).await;
    }
}
