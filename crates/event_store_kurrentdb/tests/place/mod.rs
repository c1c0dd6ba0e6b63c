//! Where a test's log is: on a fake of its own, or on the server that `KURRENTDB_URL` names, under a name of its own.

use std::path::PathBuf;
use std::sync::Arc;

use event_store::EventStore;
use event_store::memory::MemoryStore;
use event_store::sqlite::SqliteStore;
use event_store_kurrentdb::KurrentDbStore;
use test_kurrentdb::TestKurrentDb;
use uuid::Uuid;

pub type Store = Arc<dyn EventStore>;

/// The largest commit of the contract has two mebibytes; a real server must be told to take as much.
const APPEND_BYTES_MAX: usize = 8 << 20;

/// A log, and a folder for the secrets and marks beside it.
pub struct Place {
    fake: Option<TestKurrentDb>,
    url: String,
    log: String,
    folder: PathBuf,
}

impl Place {
    /// Makes a place with an empty log.
    pub async fn new() -> Self {
        let (fake, url) = match std::env::var("KURRENTDB_URL") {
            Ok(url) => (None, url),
            Err(_) => {
                let fake = TestKurrentDb::start_with(APPEND_BYTES_MAX).await;
                let url = fake.url();
                (Some(fake), url)
            }
        };
        let name = Uuid::new_v4().simple().to_string();
        let folder = std::env::temp_dir().join(format!("event_store_kurrentdb_{name}"));
        std::fs::create_dir(&folder).expect("temporary files can be written");
        Self { fake, url, log: format!("test_{name}"), folder }
    }

    /// Opens the log, with secrets and marks that are kept.
    pub async fn open(&self) -> Store {
        let beside = SqliteStore::open(self.folder.join("beside.sqlite")).expect("the store beside opens");
        self.open_beside(Arc::new(beside)).await
    }

    /// Opens the log as another process does, with other secrets and marks.
    pub async fn open_another(&self) -> Store {
        self.open_beside(Arc::new(MemoryStore::new())).await
    }

    async fn open_beside(&self, beside: Store) -> Store {
        Arc::new(KurrentDbStore::connect(&self.url, &self.log, beside).await.expect("the log opens"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.fake.take());
        // What cannot be removed is left to the machine's own cleaning.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
