//! Configuration: defaults, then a TOML file, then the environment, then flags. A wrong value names the key, the value and
//! what is allowed.

mod error;
mod kinds;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use app::invoicing::InvoicingSettings;
use app::stock::ShortfallSettings;
use gateways::stripe::WebhookSecret;
use serde::{Deserialize, Serialize};

pub use self::error::ConfigError;
use self::kinds::{roles, store_kind};
use crate::seller::SellerSettings;

/// Where the log and the read models live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Files in the data folder.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
    /// The log in KurrentDB; the read models, secrets and marks in PostgreSQL where a database is named, else in the data
    /// folder.
    KurrentDb,
    /// Nowhere: everything is gone at the end.
    Memory,
}

/// What a process does, beside others over the same PostgreSQL database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Roles {
    /// Answers clients, and does the work behind whenever no other process does.
    #[serde(rename = "api,worker")]
    All,
    /// Answers clients only.
    #[serde(rename = "api")]
    Api,
    /// Does the work behind only: the processes and the read models.
    #[serde(rename = "worker")]
    Worker,
}

impl Roles {
    /// Returns whether it answers clients.
    pub fn answers(self) -> bool {
        matches!(self, Roles::All | Roles::Api)
    }

    /// Returns whether it does the work behind.
    pub fn works(self) -> bool {
        matches!(self, Roles::All | Roles::Worker)
    }
}

/// Where payments are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The address, such as `https://api.stripe.com`.
    pub url: String,
    /// The secret key, `sk_…`.
    pub key: String,
    /// What the provider signs its webhooks with, `whsec_…`.
    pub webhook_secret: String,
}

/// How the log of the process is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// The effective configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    /// The address to listen at.
    pub listen: SocketAddr,
    /// The folder of everything the shop keeps beside a database.
    pub data_dir: PathBuf,
    /// Where the log and the read models live.
    pub store: StoreKind,
    /// The database, for PostgreSQL. Holds a password, so it is never shown.
    pub database_url: Option<String>,
    /// A standby of the database, for reads that may lag. Holds a password, so it is never shown.
    pub database_read_url: Option<String>,
    /// The server or cluster, for KurrentDB. Holds a password, so it is never shown.
    pub kurrentdb_url: Option<String>,
    /// Whether others write to the log in PostgreSQL who do not ask Comptoir for it, such as `postgres-es`: then no
    /// process holds it alone, also while it is the only one.
    pub log_shared: bool,
    /// What this process does.
    pub roles: Roles,
    /// The payment provider's address, such as `https://api.stripe.com`. Without one a simulator in this process plays
    /// its part.
    pub payment_url: Option<String>,
    /// The secret key at the payment provider. Never shown.
    pub payment_key: Option<String>,
    /// What the payment provider signs its webhooks with. Never shown.
    pub payment_webhook_secret: Option<String>,
    /// The page of the shop that a bank sends a buyer back to. Stripe names a page of the bank only to who gives one.
    pub payment_return_url: Option<String>,
    /// Who sells, and where the shop is. Without a seller invoices name the demo's, which is none.
    #[serde(flatten)]
    pub seller: SellerSettings,
    /// What becomes of a paid order of which units are missing.
    #[serde(flatten)]
    pub shortfall: ShortfallSettings,
    /// Whether an empty shop is filled with the demo's books.
    pub demo: bool,
    /// Which log lines are written, as tracing's filter directives.
    pub log: String,
    /// How they are written.
    pub log_format: LogFormat,
    /// A file that the log's checkpoints are appended to.
    pub witness_file: Option<PathBuf>,
    /// An address that the log's checkpoints are posted to. May hold a token, so it is never shown.
    pub witness_url: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("comptoir-data"),
            store: StoreKind::Sqlite,
            database_url: None,
            database_read_url: None,
            kurrentdb_url: None,
            log_shared: false,
            roles: Roles::All,
            payment_url: None,
            payment_key: None,
            payment_webhook_secret: None,
            payment_return_url: None,
            seller: SellerSettings::default(),
            shortfall: ShortfallSettings::default(),
            demo: true,
            log: "warn,comptoir=info".to_owned(),
            log_format: LogFormat::Text,
            witness_file: None,
            witness_url: None,
        }
    }
}

/// Every key, in the order it is shown.
pub const KEYS: [&str; 24] = [
    "listen",
    "data_dir",
    "store",
    "database_url",
    "database_read_url",
    "kurrentdb_url",
    "log_shared",
    "roles",
    "payment_url",
    "payment_key",
    "payment_webhook_secret",
    "payment_return_url",
    "seller_name",
    "seller_address",
    "seller_siren",
    "seller_vat_id",
    "time_zone",
    "shortfall_policy",
    "back_order_days",
    "demo",
    "log",
    "log_format",
    "witness_file",
    "witness_url",
];

/// Keys whose values may hold a secret: never shown.
const HIDDEN_KEYS: [&str; 6] =
    ["database_url", "database_read_url", "kurrentdb_url", "payment_key", "payment_webhook_secret", "witness_url"];
const HIDDEN: &str = "(hidden)";

/// How KurrentDB's connection strings begin, now and when it was called EventStoreDB.
const KURRENTDB_SCHEMES: [&str; 4] = ["kurrentdb://", "kurrentdb+discover://", "esdb://", "esdb+discover://"];

/// Values that were given, by key.
pub type Given = Vec<(String, String)>;

impl Config {
    /// Puts a configuration together. `environment` holds the process's variables, `flags` what the command line set.
    ///
    /// # Errors
    /// [`ConfigError`] names what is wrong.
    pub fn load(file: Option<&Path>, environment: &Given, flags: &Given) -> Result<Self, ConfigError> {
        let mut config = Config::default();
        if let Some(path) = file {
            let name = path.display().to_string();
            config.apply(&read_file(path)?, &name)?;
        }
        for (variable, key) in [
            ("DATABASE_URL", "database_url"),
            ("DATABASE_READ_URL", "database_read_url"),
            ("KURRENTDB_URL", "kurrentdb_url"),
        ] {
            let url = environment.iter().filter(|(name, _)| name == variable);
            config.apply(&url.map(|(_, value)| (key.to_owned(), value.clone())).collect(), variable)?;
        }
        let own = environment.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix("COMPTOIR_")?.to_ascii_lowercase();
            Some((key, value.clone()))
        });
        config.apply(&own.collect(), "environment")?;
        config.apply(flags, "command line")?;
        if config.store == StoreKind::Postgres && config.database_url.is_none() {
            return Err(ConfigError::DatabaseMissing);
        }
        if config.store == StoreKind::KurrentDb && config.kurrentdb_url.is_none() {
            return Err(ConfigError::KurrentDbMissing);
        }
        if config.store != StoreKind::Postgres && config.database_read_url.is_some() {
            return Err(ConfigError::StandbyAlone);
        }
        config.check_roles()?;
        config.provider()?;
        config.invoicing()?;
        Ok(config)
    }

    fn check_roles(&self) -> Result<(), ConfigError> {
        match (self.store, self.roles) {
            (StoreKind::Postgres, _) | (_, Roles::All) => Ok(()),
            (_, Roles::Api) => Err(ConfigError::RolesAlone("api")),
            (_, Roles::Worker) => Err(ConfigError::RolesAlone("worker")),
        }
    }

    /// Returns where payments are made; `None` where a simulator in this process plays that part.
    ///
    /// # Errors
    /// [`ConfigError::ProviderIncomplete`] names what is missing.
    pub fn provider(&self) -> Result<Option<Provider>, ConfigError> {
        let Some(url) = self.payment_url.clone() else { return Ok(None) };
        let given = |value: &Option<String>, name| value.clone().ok_or(ConfigError::ProviderIncomplete(name));
        let key = given(&self.payment_key, "payment_key")?;
        Ok(Some(Provider { url, key, webhook_secret: given(&self.payment_webhook_secret, "payment_webhook_secret")? }))
    }

    /// Returns who writes invoices, and where. A payment provider takes real money: then the seller is to be named.
    ///
    /// # Errors
    /// [`ConfigError::SellerIncomplete`] names what is missing.
    pub fn invoicing(&self) -> Result<InvoicingSettings, ConfigError> {
        if self.payment_url.is_some() && !self.seller.is_named() {
            return Err(ConfigError::SellerIncomplete("seller_name"));
        }
        let settings = self.seller.settings().map_err(ConfigError::SellerIncomplete)?;
        Ok(settings.unwrap_or_else(InvoicingSettings::of_demo))
    }

    fn apply(&mut self, given: &Given, source_name: &str) -> Result<(), ConfigError> {
        // Naming a database is choosing it, unless the same source chooses a store too. Beside a KurrentDB that was named
        // before it is where the read models are, and no other log.
        let names = |wanted: &str| given.iter().any(|(key, _)| key == wanted);
        if names("kurrentdb_url") {
            self.store = StoreKind::KurrentDb;
        } else if names("database_url") && self.store != StoreKind::KurrentDb {
            self.store = StoreKind::Postgres;
        }
        for (key, value) in given {
            self.set(key, value, source_name)?;
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: &str, source_name: &str) -> Result<(), ConfigError> {
        let wrong = |allowed| ConfigError::Value {
            key: key.to_owned(),
            value: if HIDDEN_KEYS.contains(&key) { HIDDEN } else { value }.to_owned(),
            source_name: source_name.to_owned(),
            allowed,
        };
        match key {
            "listen" => {
                self.listen = value.parse().map_err(|_| wrong("an address and a port, such as 127.0.0.1:8080"))?
            }
            "data_dir" if value.is_empty() => return Err(wrong("a folder")),
            "data_dir" => self.data_dir = PathBuf::from(value),
            "store" => {
                self.store = store_kind(value).ok_or_else(|| wrong("sqlite, postgres, kurrentdb or memory"))?;
            }
            "database_url" | "database_read_url" => self.set_database(key, value).map_err(wrong)?,
            "kurrentdb_url" if KURRENTDB_SCHEMES.iter().any(|scheme| value.starts_with(scheme)) => {
                self.kurrentdb_url = Some(value.to_owned());
            }
            "kurrentdb_url" => return Err(wrong("kurrentdb://user:password@host:port or kurrentdb+discover://…")),
            "log_shared" => self.log_shared = value.parse().map_err(|_| wrong("true or false"))?,
            "roles" => self.roles = roles(value).ok_or_else(|| wrong("api, worker or api,worker"))?,
            "payment_url" | "payment_key" | "payment_webhook_secret" | "payment_return_url" => {
                self.set_provider(key, value).map_err(wrong)?;
            }
            "seller_name" | "seller_address" | "seller_siren" | "seller_vat_id" | "time_zone" => {
                self.seller.set(key, value).map_err(wrong)?;
            }
            "shortfall_policy" => self.shortfall.policy = value.parse().map_err(wrong)?,
            "back_order_days" => self.shortfall.set_days(value).map_err(wrong)?,
            "demo" => self.demo = value.parse().map_err(|_| wrong("true or false"))?,
            "log" => {
                value
                    .parse::<tracing_subscriber::EnvFilter>()
                    .map_err(|_| wrong("directives such as info or warn,comptoir=debug"))?;
                self.log = value.to_owned();
            }
            "log_format" => {
                self.log_format = match value {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err(wrong("text or json")),
                }
            }
            "witness_file" if value.is_empty() => return Err(wrong("a file")),
            "witness_file" => self.witness_file = Some(PathBuf::from(value)),
            "witness_url" if value.starts_with("https://") || value.starts_with("http://") => {
                self.witness_url = Some(value.to_owned());
            }
            "witness_url" => return Err(wrong("https://host/path")),
            _ => return Err(ConfigError::Key { key: key.to_owned(), source_name: source_name.to_owned() }),
        }
        Ok(())
    }

    /// Sets where PostgreSQL is, or says what is allowed.
    fn set_database(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        if !value.starts_with("postgres://") && !value.starts_with("postgresql://") {
            return Err("postgres://user:password@host:port/database");
        }
        let url = if key == "database_url" { &mut self.database_url } else { &mut self.database_read_url };
        *url = Some(value.to_owned());
        Ok(())
    }

    /// Sets what belongs to the payment provider, or says what is allowed.
    fn set_provider(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        let is_web = value.starts_with("https://") || value.starts_with("http://");
        match key {
            "payment_url" if !is_web => return Err("an address such as https://api.stripe.com"),
            "payment_url" => self.payment_url = Some(value.to_owned()),
            "payment_key" if value.is_empty() => return Err("the provider's secret key"),
            "payment_key" => self.payment_key = Some(value.to_owned()),
            "payment_return_url" if !is_web => return Err("the address of a page, such as https://shop.example/paid"),
            "payment_return_url" => self.payment_return_url = Some(value.to_owned()),
            _ => {
                WebhookSecret::new(value).map_err(|_| "at least 16 characters")?;
                self.payment_webhook_secret = Some(value.to_owned());
            }
        }
        Ok(())
    }

    /// Returns the configuration as TOML, secrets hidden.
    pub fn shown(&self) -> String {
        let mut shown = self.clone();
        shown.database_url = self.database_url.as_ref().map(|_| HIDDEN.to_owned());
        shown.database_read_url = self.database_read_url.as_ref().map(|_| HIDDEN.to_owned());
        shown.kurrentdb_url = self.kurrentdb_url.as_ref().map(|_| HIDDEN.to_owned());
        shown.witness_url = self.witness_url.as_ref().map(|_| HIDDEN.to_owned());
        for hidden in
            [&mut shown.database_url, &mut shown.payment_key, &mut shown.payment_webhook_secret, &mut shown.witness_url]
        {
            *hidden = hidden.as_ref().map(|_| HIDDEN.to_owned());
        }
        toml::to_string(&shown).unwrap_or_default()
    }
}

fn read_file(path: &Path) -> Result<Given, ConfigError> {
    let failed = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| failed(error.message().to_owned()))?;
    let plain = |value: &toml::Value| match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(table.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Given {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn flags_win_over_the_environment_and_it_wins_over_defaults() {
        let environment = given(&[("COMPTOIR_LISTEN", "127.0.0.1:1"), ("COMPTOIR_DEMO", "false"), ("HOME", "x")]);
        let config = Config::load(None, &environment, &given(&[("listen", "127.0.0.1:2")])).expect("loads");
        assert_eq!((config.listen.port(), config.demo, config.store), (2, false, StoreKind::Sqlite));
    }

    #[test]
    fn naming_a_database_chooses_it_and_a_flag_may_choose_otherwise() {
        let standby = ("DATABASE_READ_URL", "postgres://u:secret@standby/d");
        let environment = given(&[("DATABASE_URL", "postgres://u:secret@h/d"), standby]);
        let config = Config::load(None, &environment, &Given::new()).expect("loads");
        assert_eq!((config.store, config.database_read_url.is_some()), (StoreKind::Postgres, true));
        assert!(!config.shown().contains("secret"), "{}", config.shown());
        let memory = Config::load(None, &environment[..1].to_vec(), &given(&[("store", "memory")])).expect("loads");
        assert_eq!(memory.store, StoreKind::Memory);
    }

    #[test]
    fn naming_kurrentdb_chooses_it_for_the_log_and_a_database_beside_it_for_the_rest() {
        let both = [("KURRENTDB_URL", "kurrentdb://u:secret@h:2113"), ("DATABASE_URL", "postgres://u:secret@h/d")];
        let config = Config::load(None, &given(&both), &Given::new()).expect("loads");
        assert_eq!((config.store, config.database_url.is_some()), (StoreKind::KurrentDb, true));
        assert!(!config.shown().contains("secret"), "{}", config.shown());
        let later = given(&[("database_url", "postgres://h/other")]);
        let config = Config::load(None, &given(&both[..1]), &later).expect("loads");
        assert_eq!(config.store, StoreKind::KurrentDb);
    }

    #[test]
    fn a_seller_is_named_whole_and_the_demo_has_one_of_its_own() {
        let named = [
            ("COMPTOIR_SELLER_NAME", "Librairie Durand SARL"),
            ("COMPTOIR_SELLER_ADDRESS", "2 rue du Livre, 75005 Paris, France"),
            ("COMPTOIR_SELLER_SIREN", "732 829 320"),
            ("COMPTOIR_SELLER_VAT_ID", "fr 44 732829320"),
            ("COMPTOIR_TIME_ZONE", "America/Martinique"),
        ];
        let config = Config::load(None, &given(&named), &Given::new()).expect("loads");
        let settings = config.invoicing().expect("is whole");
        assert_eq!((settings.seller.siren.as_str(), settings.seller.vat_id.as_str()), ("732829320", "FR44732829320"));
        assert_ne!(settings.zone, InvoicingSettings::of_demo().zone);
        assert!(config.shown().contains("seller_name = \"Librairie Durand SARL\""), "{}", config.shown());
        let none = Config::load(None, &Given::new(), &Given::new()).expect("loads");
        assert_eq!(none.invoicing(), Ok(InvoicingSettings::of_demo()));
    }

    #[test]
    fn a_wrong_value_names_key_value_and_what_is_allowed() {
        for (key, value, part) in [
            ("listen", "8080", "an address and a port"),
            ("store", "mongo", "sqlite, postgres, kurrentdb or memory"),
            ("demo", "yes", "true or false"),
            ("log_format", "xml", "text or json"),
            ("log", "a=b=c", "directives"),
            ("database_url", "mysql://u:secret@h/d", "postgres://"),
            ("database_read_url", "mysql://u:hush@h/d", "postgres://"),
            ("kurrentdb_url", "http://u:secret@h:2113", "kurrentdb://"),
            ("database_url", "mysql://u:hush@h/d", "postgres://"),
            ("witness_file", "", "a file"),
            ("witness_url", "ftp://u:hush@h", "https://"),
            ("colour", "red", "known are listen"),
            ("roles", "cook", "api, worker or api,worker"),
            ("payment_url", "stripe.com", "an address such as"),
            ("payment_webhook_secret", "hush", "at least 16 characters"),
            ("payment_return_url", "/paid", "the address of a page"),
            ("seller_siren", "732829321", "nine digits"),
            ("seller_vat_id", "44", "two letters"),
            ("seller_name", "", "1 to 500 characters"),
            ("time_zone", "Paris", "Europe/Paris"),
            ("shortfall_policy", "hope", "void, back_order or ask"),
            ("back_order_days", "31", "1 to 30 days"),
            ("back_order_days", "0", "1 to 30 days"),
        ] {
            let message = Config::load(None, &Given::new(), &given(&[(key, value)])).expect_err("is wrong").to_string();
            assert!(message.contains(key) && message.contains(part) && !message.contains("hush"), "{message}");
        }
        let alone = Config::load(None, &Given::new(), &given(&[("roles", "api")]));
        assert_eq!(alone, Err(ConfigError::RolesAlone("api")));
        let standby = Config::load(None, &Given::new(), &given(&[("database_read_url", "postgres://h/d")]));
        assert_eq!(standby, Err(ConfigError::StandbyAlone));
        let keyless = Config::load(None, &Given::new(), &given(&[("payment_url", "http://localhost:1")]));
        assert_eq!(keyless, Err(ConfigError::ProviderIncomplete("payment_key")));
        let seller = Config::load(None, &Given::new(), &given(&[("seller_name", "Librairie Durand")]));
        assert_eq!(seller, Err(ConfigError::SellerIncomplete("seller_address")));
        let real = [
            ("payment_url", "https://api.stripe.com"),
            ("payment_key", "sk_1"),
            ("payment_webhook_secret", "whsec_0123456789abcdef"),
        ];
        let seller = Config::load(None, &Given::new(), &given(&real));
        assert_eq!(seller, Err(ConfigError::SellerIncomplete("seller_name")), "real money needs a real seller");
        let missing = Config::load(None, &Given::new(), &given(&[("store", "postgres")]));
        assert_eq!(missing, Err(ConfigError::DatabaseMissing));
        let missing = Config::load(None, &Given::new(), &given(&[("store", "kurrentdb")]));
        assert_eq!(missing, Err(ConfigError::KurrentDbMissing));
    }
}
