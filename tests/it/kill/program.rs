//! The real binary as a child process.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

/// What the server prints once it listens.
const OPEN: &str = "Comptoir is open";

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

/// A running server.
pub struct Program {
    /// How to reach it.
    pub wire: Wire,
    folder: PathBuf,
    database_url: Option<String>,
    child: Child,
    /// Kept open: a server whose output nobody reads would stop at the next line.
    _output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts the server on the data in a folder, and in a database where there is one, and waits until it listens.
    pub async fn open(folder: &Path, database_url: Option<&str>) -> Self {
        let (folder, database_url) = (folder.to_owned(), database_url.map(str::to_owned));
        let opened = tokio::task::spawn_blocking(move || Self::open_now(folder, database_url));
        opened.await.expect("the server opens")
    }

    fn open_now(folder: PathBuf, database_url: Option<String>) -> Self {
        let port = free_port();
        let mut command = Command::new(binary());
        let data = folder.join("data");
        command.args(["serve", "--demo", "false", "--log", "error", "--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--data-dir").arg(data).env_remove("DATABASE_URL");
        // The server takes every such variable for a setting of its own.
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("COMPTOIR_")) {
            command.env_remove(name);
        }
        match &database_url {
            Some(url) => command.args(["--store", "postgres"]).env("DATABASE_URL", url),
            None => command.args(["--store", "sqlite"]),
        };
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        while !line.starts_with(OPEN) {
            line.clear();
            let read = output.read_line(&mut line).expect("its output can be read");
            assert!(read > 0, "the server ended before it was open");
        }
        let wire = Wire { url: format!("http://127.0.0.1:{port}/graphql"), http: reqwest::Client::new() };
        Self { wire, folder, database_url, child, _output: output }
    }

    /// Returns the token the server left for staff.
    pub fn staff_token(&self) -> String {
        std::fs::read_to_string(self.data("staff.token")).expect("the server leaves a staff token")
    }

    /// Returns a file of the data folder.
    pub fn data(&self, file: &str) -> PathBuf {
        self.folder.join("data").join(file)
    }

    /// Kills the server on the spot (SIGKILL): it gets no chance to do anything.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server can be killed");
    }

    /// Starts it again on the same data.
    pub async fn open_again(mut self) -> Self {
        self.child.wait().expect("the killed server ends");
        Self::open(&self.folder, self.database_url.as_deref()).await
    }

    /// Asks it to stop (SIGTERM) and expects it to end well.
    pub async fn stop(mut self) {
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]).status();
        assert!(asked.expect("a shell runs").success());
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

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Returns the binary that `COMPTOIR_BINARY` names, or else the one beside this test, built anew where its sources have
/// changed: cargo builds no binary of another package for a test.
fn binary() -> &'static Path {
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
