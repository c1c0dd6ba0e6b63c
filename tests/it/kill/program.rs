//! The real binary as a child process.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

/// What a payment provider signs its notices with, and a shop knows them by.
pub const WEBHOOK_SECRET: &str = "whsec_of_these_tests";
/// How long a sub-command may take.
const RUN_SECONDS_MAX: u64 = 60;
/// What a server prints once it listens.
const OPEN: [&str; 2] = ["Comptoir is open", "Payments are played"];

/// Speaks GraphQL to a server that may die while it speaks.
#[derive(Clone)]
pub struct Wire {
    url: String,
    http: reqwest::Client,
}

impl Wire {
    /// Sends an operation. Any failure but these two is no business of a kill.
    pub async fn ask(&self, token: Option<&str>, query: &str, variables: Value) -> Result<Value, NoAnswer> {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let mut answer: Value = request.send().await?.json().await?;
        if answer["errors"][0]["extensions"]["retryable"] == json!(true) {
            return Err(NoAnswer::Later);
        }
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        Ok(answer["data"].take())
    }

    /// Sends an operation, which can be repeated, to a server that stays, until it has an answer.
    pub async fn call(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        loop {
            match self.ask(token, query, variables.clone()).await {
                Ok(data) => return data,
                Err(NoAnswer::Later) => {}
                Err(NoAnswer::Dead) => panic!("the server does not answer {query}"),
            }
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The server is gone; what was asked may have happened.
    Dead,
    /// The server is busy and says so; what was asked may have happened.
    Later,
}

impl From<reqwest::Error> for NoAnswer {
    fn from(_: reqwest::Error) -> Self {
        Self::Dead
    }
}

/// Variables that a server is started with besides those of the test.
pub type Environment = Vec<(&'static str, OsString)>;

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder whose `data` it keeps.
    pub folder: PathBuf,
    /// The database, where there is one; otherwise everything lies in the folder.
    pub database_url: Option<String>,
    /// Where it listens.
    pub address: String,
    /// The sub-command and what follows it.
    pub arguments: Vec<String>,
    /// Variables of its environment.
    pub environment: Environment,
}

/// What a shop has in its environment whose payment provider, one of [`Setup::of_payments`], listens at `provider`.
pub fn paid_at(provider: &str) -> Environment {
    let url = ("COMPTOIR_PAYMENT_URL", format!("http://{provider}").into());
    let seller = [
        ("COMPTOIR_SELLER_NAME", "Librairie des essais"),
        ("COMPTOIR_SELLER_ADDRESS", "Paris"),
        ("COMPTOIR_SELLER_SIREN", "000000000"),
        ("COMPTOIR_SELLER_VAT_ID", "FR00000000000"),
    ];
    let seller = seller.map(|(name, value)| (name, value.into()));
    [url, ("COMPTOIR_PAYMENT_KEY", "sk_test".into()), webhook_secret()].into_iter().chain(seller).collect()
}

fn webhook_secret() -> (&'static str, OsString) {
    ("COMPTOIR_PAYMENT_WEBHOOK_SECRET", WEBHOOK_SECRET.into())
}

impl Setup {
    /// A whole shop, at an address where nobody listens.
    pub fn of_shop(folder: &Path, database_url: Option<&str>) -> Self {
        Self {
            folder: folder.to_owned(),
            database_url: database_url.map(str::to_owned),
            address: free_address(),
            arguments: vec!["serve".to_owned()],
            environment: Environment::new(),
        }
    }

    /// A payment provider that tells a shop at `shop` what happens, at an address where nobody listens.
    pub fn of_payments(folder: &Path, shop: &str) -> Self {
        Self {
            arguments: ["payments", "--deliver-to", &format!("http://{shop}")].map(str::to_owned).to_vec(),
            environment: vec![webhook_secret()],
            ..Self::of_shop(folder, None)
        }
    }

    /// The program on the data of its folder, without settings of the test's own environment.
    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.args(["--demo", "false", "--listen", &self.address]);
        command.arg("--data-dir").arg(self.folder.join("data")).env_remove("DATABASE_URL");
        command.env_remove("DATABASE_READ_URL");
        // The server takes every such variable for a setting of its own.
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("COMPTOIR_")) {
            command.env_remove(name);
        }
        command.env("COMPTOIR_LOG", "error");
        match &self.database_url {
            Some(url) => command.args(["--store", "postgres"]).env("DATABASE_URL", url),
            None => command.args(["--store", "sqlite"]),
        };
        command
    }
}

/// A running server.
pub struct Program {
    /// How to reach it.
    pub wire: Wire,
    /// How it was started.
    pub setup: Setup,
    child: Child,
    /// Kept open: a server whose output nobody reads would stop at the next line.
    _output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts the server on the data in a folder, and in a database where there is one, and waits until it listens.
    pub async fn open(folder: &Path, database_url: Option<&str>) -> Self {
        Self::open_with(folder, database_url, Environment::new()).await
    }

    /// Starts the server as [`Program::open`] does, with some variables of its own.
    pub async fn open_with(folder: &Path, database_url: Option<&str>, environment: Environment) -> Self {
        Self::open_as(Setup { environment, ..Setup::of_shop(folder, database_url) }).await
    }

    /// Starts a server and waits until it listens.
    pub async fn open_as(setup: Setup) -> Self {
        let opened = tokio::task::spawn_blocking(move || Self::open_now(setup));
        opened.await.expect("the server opens")
    }

    fn open_now(setup: Setup) -> Self {
        let mut command = setup.command();
        command.args(&setup.arguments).envs(setup.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        while !OPEN.iter().any(|open| line.starts_with(open)) {
            line.clear();
            let read = output.read_line(&mut line).expect("its output can be read");
            assert!(read > 0, "the server ended before it was open");
        }
        let wire = Wire { url: format!("http://{}/graphql", setup.address), http: reqwest::Client::new() };
        Self { wire, setup, child, _output: output }
    }

    /// Runs a sub-command on the data of a folder, at an address where nobody listens, to its end: whether it ended well,
    /// and what it said.
    pub async fn run(folder: &Path, database_url: Option<&str>, arguments: &[&str]) -> (bool, String) {
        Self::run_with(folder, database_url, Environment::new(), arguments).await
    }

    /// Runs a sub-command as [`Program::run`] does, with some variables of its own.
    pub async fn run_with(
        folder: &Path,
        database_url: Option<&str>,
        environment: Environment,
        arguments: &[&str],
    ) -> (bool, String) {
        let mut command = Setup::of_shop(folder, database_url).command();
        command.envs(environment);
        run_to_end(command, arguments).await
    }

    /// Runs a sub-command beside the open server, with its configuration, to its end.
    pub async fn beside(&self, arguments: &[&str]) -> (bool, String) {
        run_to_end(self.setup.command(), arguments).await
    }

    /// Returns the token the server left for staff.
    pub fn staff_token(&self) -> String {
        std::fs::read_to_string(self.data("staff.token")).expect("the server leaves a staff token")
    }

    /// Returns a file of the data folder.
    pub fn data(&self, file: &str) -> PathBuf {
        self.setup.folder.join("data").join(file)
    }

    /// Returns the server's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the server on the spot (SIGKILL): it gets no chance to do anything.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server can be killed");
    }

    /// Starts it again on the same data.
    pub async fn open_again(mut self) -> Self {
        self.child.wait().expect("the killed server ends");
        Self::open_as(Setup { address: free_address(), ..self.setup.clone() }).await
    }

    /// Asks it to stop (SIGTERM) and expects it to end well.
    pub async fn stop(mut self) {
        signal(self.child.id(), "TERM");
        let ended = tokio::task::spawn_blocking(move || self.child.wait()).await.expect("waits");
        assert!(ended.expect("the server ends").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn run_to_end(mut command: Command, arguments: &[&str]) -> (bool, String) {
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let id = child.id();
    let mut waiting = tokio::task::spawn_blocking(move || child.wait_with_output());
    let ended = tokio::time::timeout(Duration::from_secs(RUN_SECONDS_MAX), &mut waiting).await;
    if ended.is_err() {
        signal(id, "KILL");
    }
    let Ok(ended) = ended else { panic!("{arguments:?} does not end: {:?}", waiting.await) };
    let output = ended.expect("waits").expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Sends a signal to one process of ours.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", "kill -\"$1\" \"$0\"", &process.to_string(), name]).status();
    assert!(sent.expect("a shell runs").success(), "SIG{name} is sent to {process}");
}

/// Returns an address of this machine that nobody listens at.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("a bound listener has an address").to_string()
}

/// Returns the binary that `COMPTOIR_BINARY` names, or else the one beside this test, built anew where its sources have
/// changed: cargo builds no binary of another package for a test.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = env::var_os("COMPTOIR_BINARY") {
            return named.into();
        }
        let own = env::current_exe().expect("this program has a path");
        let profile = own.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
        let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // The whole workspace, so that features are those of the build that this test belongs to.
        build.args(["build", "--quiet", "--workspace", "--bin", "comptoir"]);
        build.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
        build.arg("--target-dir").arg(profile.parent().expect("a profile lies in the target folder"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "the server is built");
        profile.join(format!("comptoir{}", env::consts::EXE_SUFFIX))
    })
}
