//! Opens a shop: the log, the write side, the processes with their gateways, the read models, the search.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use app::clock::Clock;
use app::ids::Ids;
use app::seal::Witness;
use app::token::Tokens;
use app::{Shop, ShopSettings};
use event_store::EventStore;
use event_store::memory::MemoryStore;
use event_store::postgres::PostgresStore;
use event_store::sqlite::SqliteStore;
use event_store_kurrentdb::KurrentDbStore;
use gateways::carrier::CarrierSimulator;
use gateways::simulator::{SimulatorSettings, StripeSimulator};
use gateways::stripe::{HttpTransport, InProcessTransport, StripeGateway, StripeSettings, WebhookSecret};
use projections::search::SearchIndex;
use projections::{ReadModels, ReadStore, Runner};
use sagas::Processes;
use uuid::Uuid;

use crate::config::{Config, Provider, Roles, StoreKind};
use crate::defaults::shop_settings;
use crate::witness::witnesses;

/// The name of the shop's log on a KurrentDB server, which may hold others.
const KURRENTDB_LOG: &str = "comptoir";

/// Everything of one shop in one process. Nothing runs yet: see [`crate::background::Background`].
pub struct OpenShop {
    /// The log.
    pub store: Arc<dyn EventStore>,
    /// The write side.
    pub shop: Shop,
    /// The processes.
    pub processes: Arc<Processes>,
    /// Makes and reads access tokens.
    pub tokens: Arc<Tokens>,
    /// The read models, to ask.
    pub models: ReadModels,
    /// The read models, to move on.
    pub runner: Runner,
    /// The search.
    pub search: SearchIndex,
    /// The simulated payment provider, where no other is configured.
    pub payments: Option<StripeSimulator>,
    /// The simulated carrier.
    pub carrier: Arc<CarrierSimulator>,
    /// Who is shown the log's checkpoints.
    pub witnesses: Vec<Arc<dyn Witness>>,
    /// What this process does.
    pub roles: Roles,
    /// Names this process among those over the same log.
    pub owner: Uuid,
}

/// The files of a shop in its data folder.
pub(crate) struct Files {
    pub(crate) log: PathBuf,
    read_models: PathBuf,
    search: PathBuf,
    pub(crate) payments: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            log: folder.join("log.sqlite"),
            read_models: folder.join("read.sqlite"),
            search: folder.join("search"),
            payments: folder.join("payments.jsonl"),
        }
    }
}

impl OpenShop {
    /// Opens the shop that a configuration describes.
    ///
    /// # Errors
    /// Says what cannot be opened, and why.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> anyhow::Result<Self> {
        let settings = ShopSettings { invoicing: config.invoicing()?, shortfall: config.shortfall, ..shop_settings() };
        let files = files(config)?;
        let store = open_log(config, files.as_ref()).await?;
        let shop = Shop::new(store.clone(), clock.clone(), ids.clone(), settings);
        let tokens = Arc::new(Tokens::open(&*store, &*ids).await.context("the token signing secret cannot be read")?);
        let journal = files.as_ref().map(|files| files.payments.clone());
        let (gateway, payments) = open_payments(config, &*store, (&clock, &*ids), journal).await?;
        let carrier = Arc::new(CarrierSimulator::new());
        let processes = Processes::new(shop.clone(), Arc::new(gateway), carrier.clone());
        let read_store = open_read_models(config, files.as_ref()).await?;
        let runner = Runner::open(read_store, store.clone(), projections::all())
            .await
            .context("the read models cannot be opened")?;
        let search = SearchIndex::open(files.map(|files| files.search), store.clone()).await;
        let search = search.context("the search index cannot be opened")?;
        let models = runner.models();
        let (witnesses, roles, owner) = (witnesses(config)?, config.roles, ids.uuid());
        Ok(Self { store, shop, processes, tokens, models, runner, search, payments, carrier, witnesses, roles, owner })
    }
}

/// Makes the data folder where there is none, and names what lies in it; `None` where nothing is kept.
pub(crate) fn files(config: &Config) -> anyhow::Result<Option<Files>> {
    if config.store == StoreKind::Memory {
        return Ok(None);
    }
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
    Ok(Some(Files::of(folder)))
}

fn database_url(config: &Config) -> anyhow::Result<&str> {
    config.database_url.as_deref().context("no database is named: set DATABASE_URL")
}

/// Opens the log that a configuration describes, and nothing else of the shop, which must be closed where the log is a file.
///
/// # Errors
/// Says what cannot be opened, and why.
pub async fn log(config: &Config) -> anyhow::Result<Arc<dyn EventStore>> {
    open_log(config, files(config)?.as_ref()).await
}

/// Lets another role of the database do what a shop does, see [`PostgresStore::grant`].
///
/// # Errors
/// When no database is configured, it cannot be reached or it refuses.
pub async fn grant(config: &Config, role: &str) -> anyhow::Result<()> {
    let granted = PostgresStore::grant(database_url(config)?, role).await;
    granted.with_context(|| format!("the role {role} cannot be given what a shop needs"))
}

async fn open_log(config: &Config, files: Option<&Files>) -> anyhow::Result<Arc<dyn EventStore>> {
    Ok(match (config.store, files) {
        (StoreKind::Postgres, _) => Arc::new(open_postgres(config).await?),
        (StoreKind::Sqlite, Some(files)) => Arc::new(open_sqlite(files)?),
        (StoreKind::KurrentDb, files) => open_kurrentdb(config, files).await?,
        (StoreKind::Memory, _) | (StoreKind::Sqlite, None) => Arc::new(MemoryStore::new()),
    })
}

/// Opens the log alone, to be filled.
///
/// # Errors
/// When it cannot be opened, such as by a shop that has it open, or the configuration keeps none.
pub async fn empty_log(config: &Config) -> anyhow::Result<Arc<dyn EventStore>> {
    ensure!(
        config.store != StoreKind::Memory,
        "a shop that keeps nothing takes no events in: choose sqlite or postgres"
    );
    log(config).await
}

/// Opens the log for reading only, also beside an open shop.
///
/// # Errors
/// When it cannot be read, or the configuration keeps none.
pub async fn read_only_log(config: &Config) -> anyhow::Result<Arc<dyn EventStore>> {
    Ok(match config.store {
        StoreKind::Postgres => {
            let store = PostgresStore::connect_read_only(database_url(config)?).await;
            Arc::new(store.context("the log in PostgreSQL cannot be read")?)
        }
        StoreKind::Sqlite => {
            let log = Files::of(&config.data_dir).log;
            let store = SqliteStore::open_read_only(&log).await;
            Arc::new(store.with_context(|| format!("the log {} cannot be read", log.display()))?)
        }
        StoreKind::KurrentDb => anyhow::bail!("a log in KurrentDB is not sealed: choose sqlite or postgres"),
        StoreKind::Memory => anyhow::bail!("a shop that keeps nothing has no log to read: choose sqlite or postgres"),
    })
}

/// Opens the log in PostgreSQL. A process that has only one part of a shop's work is never alone there.
async fn open_postgres(config: &Config) -> anyhow::Result<PostgresStore> {
    let url = database_url(config)?;
    let may_be_alone = config.roles == Roles::All && config.store == StoreKind::Postgres && !config.log_shared;
    let store = if may_be_alone { PostgresStore::connect(url).await } else { PostgresStore::connect_shared(url).await };
    store.context("the log in PostgreSQL cannot be opened")
}

fn open_sqlite(files: &Files) -> anyhow::Result<SqliteStore> {
    SqliteStore::open(&files.log).with_context(|| format!("the log {} cannot be opened", files.log.display()))
}

/// Opens the log in KurrentDB, with the secrets and marks in the database that the read models are in.
async fn open_kurrentdb(config: &Config, files: Option<&Files>) -> anyhow::Result<Arc<dyn EventStore>> {
    let url = config.kurrentdb_url.as_deref().context("no server is named: set KURRENTDB_URL")?;
    let beside: Arc<dyn EventStore> = match files {
        Some(files) if config.database_url.is_none() => Arc::new(open_sqlite(files)?),
        _ => Arc::new(open_postgres(config).await?),
    };
    let store = KurrentDbStore::connect(url, KURRENTDB_LOG, beside).await;
    Ok(Arc::new(store.context("the log in KurrentDB cannot be opened")?))
}

async fn open_read_models(config: &Config, files: Option<&Files>) -> anyhow::Result<ReadStore> {
    let store = match (config.store, files) {
        (StoreKind::Postgres, _) => {
            let store = ReadStore::postgres(database_url(config)?).await.map(ReadStore::beside_log);
            match &config.database_read_url {
                Some(standby) => store.and_then(|store| store.with_standby(standby)),
                None => store,
            }
        }
        (StoreKind::KurrentDb, _) if config.database_url.is_some() => ReadStore::postgres(database_url(config)?).await,
        (StoreKind::Sqlite | StoreKind::KurrentDb, Some(files)) => ReadStore::sqlite(&files.read_models),
        (StoreKind::Memory, _) | (StoreKind::Sqlite | StoreKind::KurrentDb, None) => ReadStore::sqlite_in_memory(),
    };
    store.context("the read models cannot be opened")
}

/// What the simulator and the shop sign webhooks with: a secret of the shop's own.
async fn webhook_secret(store: &dyn EventStore, ids: &dyn Ids) -> anyhow::Result<WebhookSecret> {
    let secret =
        store.secret_or_insert("webhook_signing", &ids.secret()).await.context("the webhook secret cannot be read")?;
    let secret = secret.context("the webhook secret was destroyed")?;
    let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    WebhookSecret::new(&format!("whsec_{text}")).context("the webhook secret is damaged")
}

/// Makes the way to the configured provider, or else to a simulator in this process.
async fn open_payments(
    config: &Config,
    store: &dyn EventStore,
    (clock, ids): (&Arc<dyn Clock>, &dyn Ids),
    journal: Option<PathBuf>,
) -> anyhow::Result<(StripeGateway, Option<StripeSimulator>)> {
    let return_url = config.payment_return_url.clone();
    if let Some(Provider { url, key, webhook_secret }) = config.provider()? {
        if return_url.is_none() {
            tracing::warn!(
                "payment_return_url is missing: at Stripe no card can be used whose bank asks the buyer, so set \
                 COMPTOIR_PAYMENT_RETURN_URL"
            );
        }
        let transport = HttpTransport::new(&url, &key).context("payment_url or payment_key cannot be used")?;
        let webhook_secret = WebhookSecret::new(&webhook_secret).context("payment_webhook_secret cannot be used")?;
        let settings = StripeSettings { webhook_secret, return_url };
        return Ok((StripeGateway::new(Arc::new(transport), settings), None));
    }
    let webhook_secret = webhook_secret(store, ids).await?;
    let simulator = open_simulator(config, webhook_secret.clone(), clock, journal)?;
    let transport = InProcessTransport::new(simulator.router());
    let settings = StripeSettings { webhook_secret, return_url };
    Ok((StripeGateway::new(Arc::new(transport), settings), Some(simulator)))
}

/// Opens a simulator of the payment provider, whose bank's page is at the address that is listened at.
///
/// # Errors
/// When its journal cannot be used.
pub fn open_simulator(
    config: &Config,
    webhook_secret: WebhookSecret,
    clock: &Arc<dyn Clock>,
    journal: Option<PathBuf>,
) -> anyhow::Result<StripeSimulator> {
    let clock = clock.clone();
    let settings = SimulatorSettings {
        journal,
        webhook_secret,
        public_url: format!("http://{}", config.listen),
        clock: Arc::new(move || clock.now()),
    };
    StripeSimulator::open(settings).context("the payment simulator cannot be opened")
}
