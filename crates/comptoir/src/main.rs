//! `comptoir`: the shop and its sub-commands.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use api::http::shutdown::Shutdown;
use app::actor::{Actor, Role};
use app::clock::SystemClock;
use app::ids::SystemIds;
use clap::{Args, Parser, Subcommand};
use comptoir::background::{Background, Started};
use comptoir::config::{Config, Given, StoreKind};
use comptoir::exchange::{Export, Format};
use comptoir::import::{self, ImportOptions};
use comptoir::open::{self, OpenShop, empty_log, read_only_log};
use comptoir::progress::Console;
use comptoir::verify::Against;
use comptoir::{ask, backup, demo, exchange, past, payments, prove, serve, simulate, telemetry, verify};
use event_store::lease::Lease;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The shop allocates in small pieces on every thread; see docs/adr/0012 for what this one is worth.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long a demo's staff token is good, seconds: 30 days.
const TOKEN_SECONDS: i64 = 30 * 24 * 60 * 60;

/// An event-sourced shop: GraphQL in front, an event log behind.
#[derive(Parser)]
#[command(name = "comptoir", version, about)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Settings that win over the file and the environment.
#[derive(Args)]
struct Settings {
    /// A TOML file of settings.
    #[arg(long, global = true, env = "COMPTOIR_CONFIG")]
    config: Option<PathBuf>,
    /// The address to listen at [default: 127.0.0.1:8080].
    #[arg(long, global = true)]
    listen: Option<String>,
    /// The data folder [default: comptoir-data].
    #[arg(long, global = true)]
    data_dir: Option<String>,
    /// sqlite, postgres or memory [default: sqlite, postgres where DATABASE_URL is set].
    #[arg(long, global = true)]
    store: Option<String>,
    /// What this process does beside others over one database: api, worker or api,worker [default: api,worker].
    #[arg(long, global = true)]
    roles: Option<String>,
    /// Whether an empty shop is filled with the demo's books [default: true].
    #[arg(long, global = true)]
    demo: Option<String>,
    /// Which log lines are written, such as info [default: warn,comptoir=info].
    #[arg(long, global = true)]
    log: Option<String>,
    /// text or json [default: text].
    #[arg(long, global = true)]
    log_format: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Opens the shop (what happens without a sub-command).
    Serve,
    /// Prints the effective configuration, secrets hidden.
    Config,
    /// Rebuilds a read model of the open shop beside the one that serves; or builds all of them as they were.
    Replay {
        /// catalog, availability, cart, order or sales.
        #[arg(required_unless_present = "until", conflicts_with = "until")]
        projection: Option<String>,
        /// A position of the log, or a time such as 2026-11-22T13:08:38Z: all read models as they were then.
        #[arg(long, requires = "into")]
        until: Option<String>,
        /// A file of SQLite to be made, or the URL of a PostgreSQL database without read models.
        #[arg(long, requires = "until")]
        into: Option<String>,
    },
    /// Destroys the key of a customer's personal data in the open shop.
    Forget {
        /// The customer's id, cus_….
        customer: String,
    },
    /// Lets a role of PostgreSQL do what a shop does: append, never change the past. Run it as the tables' owner.
    Grant {
        /// The role, which must exist.
        role: String,
    },
    /// Plays a payment provider on a port of its own, for several processes that share one.
    Payments {
        /// The shop that its webhooks are delivered to, such as http://127.0.0.1:8080.
        #[arg(long)]
        deliver_to: String,
    },
    /// Prints what led to what in the life of an order of the open shop, as a flowchart of Mermaid.
    Causality {
        /// The order's id, ord_….
        order: String,
    },
    /// Reads the whole log, beside an open shop, and holds it against its seals and a witness.
    Verify(VerifyArgs),
    /// Copies everything of the shop that cannot be made again into an empty folder, beside an open shop.
    Backup {
        /// The folder; it is made where there is none.
        folder: PathBuf,
    },
    /// Puts a backup back into an empty data folder or database, and verifies its log.
    Restore {
        /// The backup's folder.
        folder: PathBuf,
    },
    /// Proves that an event is in the log, or that the log has only grown; prints JSON.
    Prove {
        /// An event's position or id.
        #[arg(required_unless_present = "since", conflicts_with = "since")]
        event: Option<String>,
        /// A file with a checkpoint that the log has grown from.
        #[arg(long)]
        since: Option<PathBuf>,
    },
    /// Writes what the log holds, beside an open shop.
    Export {
        #[command(subcommand)]
        what: ExportWhat,
    },
    /// Runs the shop under faults, in one thread, by one seed: nothing may get lost.
    Simulate(simulate::SimulateArgs),
    /// Plays recorded sales as real shoppers, or takes exported events in.
    Import {
        #[command(subcommand)]
        source: ImportSource,
    },
}

#[derive(Args)]
struct VerifyArgs {
    /// A file with a checkpoint up to which the log was verified before: only what follows is read.
    #[arg(long)]
    from: Option<PathBuf>,
    /// A file with the checkpoints that a witness kept.
    #[arg(long)]
    witness: Option<PathBuf>,
    /// The log's public key as it was written down; without a value it is printed.
    #[arg(long, num_args = 0..=1, default_missing_value = "")]
    key: Option<String>,
}

#[derive(Subcommand)]
enum ImportSource {
    /// Baskets in the shape of 84.51°'s Complete Journey.
    CompleteJourney {
        /// The folder of the three files.
        folder: PathBuf,
        /// How many baskets, in order of time.
        #[arg(long)]
        baskets: usize,
    },
    /// Exported events of a whole log, into an empty store. Keys of personal data are no events and do not come along.
    Events {
        /// The file; without one, standard input.
        file: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum ExportWhat {
    /// Events, a line each, in the order of the log.
    Events {
        /// cloudevents or jsonl.
        #[arg(long, default_value = "jsonl", value_parser = format_of)]
        format: Format,
        /// The first position.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// The last position; without one all there are.
        #[arg(long)]
        to: Option<u64>,
        /// Only of this stream, such as order-ord_….
        #[arg(long)]
        stream: Option<String>,
    },
    /// Every signed checkpoint, as a witness keeps them.
    Checkpoints,
}

fn format_of(text: &str) -> Result<Format, String> {
    match text {
        "cloudevents" => Ok(Format::CloudEvents),
        "jsonl" => Ok(Format::Jsonl),
        _ => Err("choose cloudevents or jsonl".to_owned()),
    }
}

impl Settings {
    fn load(&self) -> anyhow::Result<Config> {
        let environment: Given = std::env::vars().filter(|(name, _)| name != "COMPTOIR_CONFIG").collect();
        let given = [
            ("listen", &self.listen),
            ("data_dir", &self.data_dir),
            ("store", &self.store),
            ("roles", &self.roles),
            ("demo", &self.demo),
            ("log", &self.log),
            ("log_format", &self.log_format),
        ];
        let flags = given.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.as_ref()?.clone())));
        Ok(Config::load(self.config.as_deref(), &environment, &flags.collect())?)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("comptoir: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = cli.settings.load()?;
    let (console, command) = (Console::stderr(), cli.command.unwrap_or(Command::Serve));
    // A simulated shop is meant to fail, and says so all the time.
    if !matches!(command, Command::Simulate(_)) {
        telemetry::begin(&config);
    }
    match command {
        Command::Serve => Box::pin(open_shop(&config, &console)).await?,
        Command::Config => print(&config.shown())?,
        Command::Replay { until: Some(until), into: Some(into), .. } => {
            print(&past::replay_until(&config, &until, &into, &console).await?)?;
        }
        Command::Replay { projection, .. } => {
            let projection = projection.context("name a read model, or --until and --into")?;
            print(&ask::replay(&config, &projection, &console).await?)?;
        }
        Command::Forget { customer } => print(&ask::forget(&config, &customer).await?)?,
        Command::Grant { role } => {
            open::grant(&config, &role).await?;
            print(&format!("{role} may append to the log and change nothing in it: open the shop as {role}"))?;
        }
        Command::Payments { deliver_to } => play_payments(&config, &deliver_to).await?,
        Command::Causality { order } => print(&ask::causality(&config, &order).await?)?,
        Command::Verify(args) => return verify_log(&config, &args, &console).await,
        Command::Backup { folder } => print(&backup::backup(&config, &folder, &console).await?)?,
        Command::Restore { folder } => {
            let (report, is_right) = Box::pin(backup::restore(&config, &folder, &console)).await?;
            print(&report)?;
            return Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Prove { event, since } => {
            let store = read_only_log(&config).await?;
            let proof = match (event, since) {
                (Some(event), _) => prove::inclusion(&*store, &event, &console).await?,
                (None, since) => prove::consistency(&*store, &text_of(&since.unwrap_or_default())?).await?,
            };
            print(&proof)?;
        }
        Command::Export { what } => write_out(&config, what, &console).await?,
        Command::Simulate(args) => return simulate(args, console).await,
        Command::Import { source: ImportSource::Events { file } } => {
            take_in(&config, file.as_deref(), &console).await?
        }
        Command::Import { source: ImportSource::CompleteJourney { folder, baskets } } => {
            let options = ImportOptions { folder, baskets, searches: import::SEARCHES, console };
            let report = Box::pin(import::run(options, &config)).await?;
            print(&report.to_string())?;
            return Ok(if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn simulate(args: simulate::SimulateArgs, console: Console) -> anyhow::Result<ExitCode> {
    let simulated = tokio::task::spawn_blocking(move || simulate::run(&args, &console)).await??;
    print(&simulated.text)?;
    Ok(if simulated.is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

async fn verify_log(config: &Config, args: &VerifyArgs, console: &Console) -> anyhow::Result<ExitCode> {
    let read = |path: &Option<PathBuf>| path.as_deref().map(text_of).transpose();
    let (from, witness) = (read(&args.from)?, read(&args.witness)?);
    let store = read_only_log(config).await?;
    let key = match args.key.as_deref() {
        None => None,
        Some("") => {
            print(&app::seal::public_key(&*store).await?.to_string())?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(key) => Some(key.parse()?),
    };
    let report = verify::check(&*store, &Against { key, from, witness }, console).await?;
    print(&report.to_string())?;
    Ok(if report.finding.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn write_out(config: &Config, what: ExportWhat, console: &Console) -> anyhow::Result<()> {
    let store = read_only_log(config).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout());
    match what {
        ExportWhat::Events { format, from, to, stream } => {
            exchange::export(&*store, &Export { format, from, to, stream }, &mut out, console).await?
        }
        ExportWhat::Checkpoints => exchange::export_checkpoints(&*store, &mut out).await?,
    };
    out.flush().context("the events cannot be written")
}

async fn take_in(config: &Config, file: Option<&Path>, console: &Console) -> anyhow::Result<()> {
    let source: Box<dyn std::io::Read + Send> = match file {
        Some(path) => Box::new(File::open(path).with_context(|| format!("{} cannot be read", path.display()))?),
        None => Box::new(std::io::stdin()),
    };
    let store = empty_log(config).await?;
    let (count, root) = exchange::take_in(&*store, &mut std::io::BufReader::new(source), console).await?;
    store.close().await;
    print(&format!("{count} events, root {root}"))
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{}", text.trim_end()).context("the answer cannot be written")
}

async fn open_shop(config: &Config, console: &Console) -> anyhow::Result<()> {
    let listener = listen(config).await?;
    let mut open = OpenShop::open(config, Arc::new(SystemClock), Arc::new(SystemIds)).await?;
    if config.demo {
        fill(&mut open, console).await?;
    }
    let (background, started) = Background::start(open).await?;
    let signals = StopSignals::hear()?;
    let token = staff_token(&started);
    ask::leave_token(config, &token)?;
    print(&welcome(config, &token))?;
    let shutdown = Shutdown::new();
    let server = serve::run(&started, listener, shutdown.clone());
    let (served, asked) = tokio::join!(server, signals.begin(shutdown));
    background.stop().await;
    started.store.close().await;
    asked?;
    served
}

/// Fills an empty shop; of several processes one.
async fn fill(open: &mut OpenShop, console: &Console) -> anyhow::Result<()> {
    let lease = Lease::new(open.store.clone(), "demo", open.owner);
    let never = watch::Sender::new(false);
    let turn = lease.wait(&never.subscribe()).await.context("the demo's turn does not come")?;
    turn.hold(async {
        if demo::is_needed(&*open.store).await? {
            let task = console.task("filling the demo shop, books", 0);
            demo::seed(&open.shop, &|done, total| task.set(done as u64, total as u64)).await?;
            task.finish();
            // The first shopper shall find every book.
            open.runner.catch_up().await.context("the read models cannot be filled")?;
            open.search.catch_up().await.context("the search cannot be filled")?;
        }
        Ok(())
    })
    .await
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(config.listen).await;
    listener.with_context(|| format!("{} cannot be listened at", config.listen))
}

async fn play_payments(config: &Config, deliver_to: &str) -> anyhow::Result<()> {
    let listener = listen(config).await?;
    let simulator = payments::open(config, Arc::new(SystemClock))?;
    let signals = StopSignals::hear()?;
    print(&format!("Payments are played at http://{}", config.listen))?;
    let shutdown = Shutdown::new();
    let playing = payments::play(simulator, deliver_to, listener, shutdown.clone());
    let (played, asked) = tokio::join!(playing, signals.begin(shutdown));
    asked?;
    played
}

fn staff_token(started: &Started) -> String {
    let expires_at = started.shop.clock.now().plus_seconds(TOKEN_SECONDS);
    started.tokens.issue(&Actor::of_role(Role::Staff, "demo"), expires_at)
}

fn welcome(config: &Config, token: &str) -> String {
    let place = match config.store {
        StoreKind::Sqlite => format!("SQLite in {}", config.data_dir.display()),
        StoreKind::Postgres => "PostgreSQL".to_owned(),
        StoreKind::KurrentDb => "the log in KurrentDB".to_owned(),
        StoreKind::Memory => "memory: nothing is kept".to_owned(),
    };
    let base = format!("http://{}", config.listen);
    format!(
        "Comptoir is open ({place}).\n\n  GraphiQL   {base}/\n  GraphQL    {base}/graphql\n  Health     {base}/health  {base}/ready  {base}/metrics\n\n  Staff token, good for 30 days:\n  {token}\n\nStop with Ctrl-C: running requests finish and nothing is lost."
    )
}

/// Hears when the process is asked to stop, by Ctrl-C or SIGTERM: from when it is made, so that whoever is answered already
/// may ask.
struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    fn hear() -> anyhow::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let hear = |kind| signal(kind).context("the stop signals cannot be heard");
            Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Begins the shutdown once the process is asked to stop.
    async fn begin(mut self, shutdown: Shutdown) -> anyhow::Result<()> {
        let asked = self.asked().await;
        eprintln!("comptoir: stopping, running requests finish first");
        shutdown.begin();
        asked.context("the stop signals cannot be heard")
    }

    #[cfg(unix)]
    async fn asked(&mut self) -> std::io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
        }
    }

    #[cfg(not(unix))]
    async fn asked(&mut self) -> std::io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
