//! A shop in five lines, for tests: on any engine, with books on its shelves, behind real HTTP where that is wanted.

pub mod events;
mod folder;
mod http;
pub mod journey;
mod shelves;
mod shopper;

use std::sync::Arc;

use app::clock::{Clock, SystemClock};
use app::ids::{CountingIds, Ids, SystemIds};
use app::stock::{ShortfallPolicy, ShortfallSettings};
use comptoir::background::{Background, Started};
use comptoir::config::{Config, StoreKind};
use comptoir::open::OpenShop;
use gateways::simulator::StripeSimulator;

pub use folder::TempFolder;
pub use http::{Client, TestServer};
pub use shelves::Book;
pub use shopper::{PATIENCE, Shopper, parcels_of, staff};
pub use test_postgres::TestPostgres;

/// Which engine a test shop stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Nothing on disk.
    Memory,
    /// Files in a folder that goes away with the shop.
    Sqlite,
    /// A database of its own in the throw-away cluster.
    Postgres,
}

/// A shop that lives as long as its test.
pub struct TestShop {
    /// Everything to call.
    pub started: Started,
    /// How it was opened: the same again opens the same shop.
    pub config: Config,
    background: Option<Background>,
    folder: Arc<TempFolder>,
}

impl TestShop {
    /// Opens an empty shop. `None` where the engine is not to be had on this machine; then that was said in a line.
    pub async fn open(engine: Engine) -> Option<Self> {
        Self::open_by(engine, Arc::new(SystemClock)).await
    }

    /// Opens an empty shop by a clock of the test's. `None` as for [`TestShop::open`].
    pub async fn open_by(engine: Engine, clock: Arc<dyn Clock>) -> Option<Self> {
        let folder = Arc::new(TempFolder::new());
        let config = config_of(engine, &folder)?;
        Some(Self::open_in(config, folder, clock).await)
    }

    /// Opens an empty shop that deals with missing units of paid orders like this, by a clock of the test's. `None` as for
    /// [`TestShop::open`].
    pub async fn open_under(engine: Engine, clock: Arc<dyn Clock>, policy: ShortfallPolicy) -> Option<Self> {
        let folder = Arc::new(TempFolder::new());
        let shortfall = ShortfallSettings { policy, ..ShortfallSettings::default() };
        let config = Config { shortfall, ..config_of(engine, &folder)? };
        Some(Self::open_in(config, folder, clock).await)
    }

    /// Opens an empty shop whose log is witnessed by a file beside its data. `None` as for [`TestShop::open`].
    pub async fn witnessed(engine: Engine) -> Option<Self> {
        let folder = Arc::new(TempFolder::new());
        let witness_file = Some(folder.path().join("witness"));
        let config = Config { witness_file, ..config_of(engine, &folder)? };
        Some(Self::open_in(config, folder, Arc::new(SystemClock)).await)
    }

    /// Opens an empty shop whose log is in a KurrentDB that the test owns, and everything else in files.
    pub async fn on_kurrentdb(url: String) -> Self {
        let folder = Arc::new(TempFolder::new());
        let data_dir = folder.path().join("data");
        let (store, kurrentdb_url) = (StoreKind::KurrentDb, Some(url));
        let config = Config { store, kurrentdb_url, data_dir, demo: false, ..Config::default() };
        Self::open_in(config, folder, Arc::new(SystemClock)).await
    }

    /// Opens an empty shop in a database of its own, whose reads that may lag go to a standby.
    pub async fn with_standby(database_url: String, database_read_url: String) -> Self {
        let folder = Arc::new(TempFolder::new());
        let (store, data_dir) = (StoreKind::Postgres, folder.path().join("data"));
        let (database_url, database_read_url) = (Some(database_url), Some(database_read_url));
        let config = Config { store, database_url, database_read_url, data_dir, demo: false, ..Config::default() };
        Self::open_in(config, folder, Arc::new(SystemClock)).await
    }

    /// Opens an empty shop that keeps nothing, by a clock of the test's.
    pub async fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let config = Config { store: StoreKind::Memory, demo: false, ..Config::default() };
        Self::open_in(config, Arc::new(TempFolder::new()), clock).await
    }

    /// Opens an empty shop that keeps nothing, by a clock of the test's, whose ids count up: the same run is the same log. People
    /// choose what becomes of paid orders of which units are missing, and are asked again after a day.
    pub async fn repeatable(clock: Arc<dyn Clock>) -> Self {
        let shortfall = ShortfallSettings { policy: ShortfallPolicy::Ask, back_order_days: 1 };
        let config = Config { store: StoreKind::Memory, shortfall, demo: false, ..Config::default() };
        Self::open_with(config, Arc::new(TempFolder::new()), clock, Arc::new(CountingIds::default())).await
    }

    async fn open_in(config: Config, folder: Arc<TempFolder>, clock: Arc<dyn Clock>) -> Self {
        Self::open_with(config, folder, clock, Arc::new(SystemIds)).await
    }

    async fn open_with(config: Config, folder: Arc<TempFolder>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        let open = OpenShop::open(&config, clock, ids).await.expect("the shop opens");
        let (background, started) = Background::start(open).await.expect("the background starts");
        Self { started, config, background: Some(background), folder }
    }

    /// Returns the simulated payment provider.
    pub fn simulator(&self) -> &StripeSimulator {
        self.started.payments.as_ref().expect("a test shop pays at the simulator")
    }

    /// Stops the shop and opens it again: what a restart does.
    pub async fn reopen(mut self) -> Self {
        let (config, folder) = (self.config.clone(), self.folder.clone());
        self.stop().await;
        drop(self);
        Self::open_in(config, folder, Arc::new(SystemClock)).await
    }

    /// Stops the shop and lets go of its files.
    pub async fn stop(&mut self) {
        if let Some(background) = self.background.take() {
            background.stop().await;
        }
        self.started.store.close().await;
    }
}

/// Returns the configuration of a shop on an engine, without the demo's books.
pub fn config_of(engine: Engine, folder: &TempFolder) -> Option<Config> {
    let data_dir = folder.path().join("data");
    let config = Config { data_dir, demo: false, ..Config::default() };
    Some(match engine {
        Engine::Memory => Config { store: StoreKind::Memory, ..config },
        Engine::Sqlite => config,
        Engine::Postgres => {
            let url = TestPostgres::shared()?.create_database();
            Config { store: StoreKind::Postgres, database_url: Some(url), ..config }
        }
    })
}
