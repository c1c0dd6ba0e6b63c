//! The release server as a child process on the loopback, with the demo's books and far more units of them than needed.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::engine::Engine;
use crate::memory;

/// How many units of each book are received beside the demo's own.
const UNITS: i64 = 1_000_000;
/// The most pages of products that are read.
const PAGES_MAX: usize = 100;
/// The unit of processor time: Linux counts in hundredths of a second (`USER_HZ`).
const TICK_MILLIS: u64 = 10;
/// What the server prints once it listens.
const OPEN: &str = "Comptoir is open";

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its data folder; goes away with this value.
    pub data: PathBuf,
    child: Child,
    /// Kept open: a server whose output nobody reads would stop at the next line.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts `comptoir serve`, which lies beside this program, on a new data folder, and waits until it is ready.
    ///
    /// # Errors
    /// When it is not built or does not start.
    pub async fn start(engine: &Engine) -> anyhow::Result<Self> {
        let data = std::env::temp_dir().join(format!("comptoir-bench-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&data)?;
        // Let go again at once; nobody else takes a port of the loopback within these milliseconds.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program()?);
        command.args(["serve", "--log", "error", "--listen", &address.to_string()]).arg("--data-dir").arg(&data);
        command.env_remove("DATABASE_URL");
        // The server takes every such variable for a setting of its own.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COMPTOIR_")) {
            command.env_remove(name);
        }
        match engine {
            Engine::Sqlite => command.args(["--store", "sqlite"]),
            Engine::Postgres { url, .. } => command.args(["--store", "postgres"]).env("DATABASE_URL", url),
        };
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("the server cannot start")?;
        let output = child.stdout.take().context("the server has no output")?;
        let mut server = Self { address, data, child, _output: BufReader::new(output) };
        server.wait_until_open()?;
        let status = Connection::open(address).await?.get("/ready").await?;
        ensure!(status == StatusCode::OK, "the server says that it is not ready: {status}");
        Ok(server)
    }

    fn wait_until_open(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        while !line.starts_with(OPEN) {
            line.clear();
            ensure!(self._output.read_line(&mut line)? > 0, "the server ended before it was open");
        }
        Ok(())
    }

    /// Opens a connection of staff.
    ///
    /// # Errors
    /// When the server left no token.
    pub async fn staff(&self) -> anyhow::Result<Connection> {
        let token = std::fs::read_to_string(self.data.join("staff.token")).context("there is no staff token")?;
        let mut connection = Connection::open(self.address).await?;
        connection.identify(token.trim())?;
        Ok(connection)
    }

    /// Receives so many units of the first variant of every book that none runs out.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn stock_up(&self) -> anyhow::Result<()> {
        let mut staff = self.staff().await?;
        for sku in first_skus(&mut staff).await? {
            let input = json!({ "sku": sku, "location": "paris", "quantity": UNITS, "reference": "benchmark" });
            let query = "mutation($i: StockReceiveInput!, $k: String!)
                { stockReceive(input: $i, idempotencyKey: $k) { errors { code message } } }";
            staff
                .mutate("stockReceive", query, json!({ "i": input, "k": format!("bench-{}-{sku}", self.address) }))
                .await?;
        }
        Ok(())
    }

    /// Returns the resident memory, KiB (`VmRSS` of proc(5)).
    ///
    /// # Errors
    /// On a system without /proc.
    pub fn resident_kib(&self) -> anyhow::Result<u64> {
        memory::kib_of(&self.child.id().to_string(), "VmRSS")
    }

    /// Returns the processor time it has used, in its own code and in the kernel's (fields 14 and 15 of `/proc/PID/stat`,
    /// proc(5)).
    ///
    /// # Errors
    /// On a system without /proc.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        // The second field is the program's name in parentheses; the ones behind it hold no parenthesis.
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks: Vec<u64> =
            behind_name.split_whitespace().skip(11).take(2).map_while(|text| text.parse().ok()).collect();
        ensure!(ticks.len() == 2, "{path} has another shape");
        Ok(Duration::from_millis(ticks.iter().sum::<u64>() * TICK_MILLIS))
    }

    /// Asks it to stop (SIGTERM) and waits until it has. The data folder stays until [`remove`].
    ///
    /// # Errors
    /// When it ends badly.
    pub fn stop(mut self) -> anyhow::Result<PathBuf> {
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]).status()?;
        ensure!(asked.success(), "the server cannot be asked to stop");
        let ended = self.child.wait()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(std::mem::take(&mut self.data))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either may have gone already.
        drop(self.child.kill());
        drop(self.child.wait());
        remove(&self.data);
    }
}

/// Returns where the shop's program is: beside this one.
///
/// # Errors
/// When it is not built.
pub fn program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name(format!("comptoir{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} is missing: run `cargo build --release` first", program.display());
    Ok(program)
}

/// Removes a data folder, if there is one.
pub fn remove(data: &Path) {
    if !data.as_os_str().is_empty()
        && let Err(error) = std::fs::remove_dir_all(data)
    {
        eprintln!("{} was left: {error}", data.display());
    }
}

async fn first_skus(staff: &mut Connection) -> anyhow::Result<Vec<String>> {
    let query = "query($after: String) { products(first: 100, after: $after)
        { nodes { variants { sku } } pageInfo { hasNextPage endCursor } } }";
    let (mut skus, mut after) = (Vec::new(), Value::Null);
    for _ in 0..PAGES_MAX {
        let mut page = staff.call(query, json!({ "after": after })).await?["products"].take();
        let nodes = page["nodes"].as_array().context("a page without products")?;
        skus.extend(nodes.iter().filter_map(|node| node["variants"][0]["sku"].as_str()).map(str::to_owned));
        if page["pageInfo"]["hasNextPage"] != json!(true) {
            break;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
    ensure!(!skus.is_empty(), "the shop has no books");
    Ok(skus)
}
