//! Three nodes of PostgreSQL under Patroni with an etcd each, on loopback, and what may happen to them.
//!
//! Everything runs as a user who is not root, in one temporary folder, at ports of its own. A shell guards the folder as
//! `test_postgres` does: when the test ends, in whichever way, it ends every process that runs in it and removes it.

use std::env;
use std::fs;
use std::future::Future;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use crate::missing;

use super::settings::{self, Ports, Replication};

/// The nodes of a cluster.
pub const NODES: usize = 3;
/// How long the cluster may take to become whole: after it was made, and after each fault.
const WHOLE_SECONDS_MAX: u64 = 90;
/// How often a condition is looked at.
const LOOK_MILLIS: u64 = 100;

/// `$0` is the folder, `$1` that of PostgreSQL's programs. Patroni goes first, or it would start PostgreSQL again. Nobody
/// waits until the folder is gone: thousands of files that were synced take seconds.
const GUARD: &str = r#"
trap '' PIPE
read -r _
cd /
end_all() {
  for process in $(ls -ld /proc/[0-9]*/cwd 2>/dev/null | sed -n "s|.* /proc/\([0-9]*\)/cwd -> $1\$|\1|p"); do
    kill -KILL "$process" 2>/dev/null
  done
}
end_all "$0/node."
for data in "$0"/node?/data; do "$1/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1 & done
wait
end_all "$0/.*"
echo ended
rm -rf "$0"
"#;

/// What it takes to run Patroni, found on this machine.
pub struct Tools {
    programs: PathBuf,
    python: PathBuf,
    packages: PathBuf,
}

impl Tools {
    /// Finds PostgreSQL, etcd and Patroni. `None`, after one line, where one is missing; in CI that is a failure.
    pub fn find() -> Option<Self> {
        let programs = test_postgres::programs()?;
        if Command::new("etcd").arg("--version").output().is_err() {
            return missing("etcd not found: failovers are not tried");
        }
        let own = env::current_exe().expect("this program has a path");
        let target = own.ancestors().nth(3).expect("tests lie in target/PROFILE/deps").join("patroni");
        let packages = fs::read_dir(target.join("lib")).into_iter().flatten().flatten();
        let packages = packages.map(|version| version.path().join("site-packages")).find(|path| path.is_dir());
        match (packages, target.join("bin/python3").canonicalize()) {
            (Some(packages), Ok(python)) => Some(Self { programs, python, packages }),
            _ => missing("Patroni not found (.ci/run prepare installs it): failovers are not tried"),
        }
    }
}

struct Node {
    folder: PathBuf,
    ports: Ports,
    etcd: Option<Child>,
    patroni: Option<Child>,
}

/// A running cluster. It is ended and removed when this is dropped or the process dies.
pub struct Cluster {
    tools: Tools,
    folder: PathBuf,
    nodes: Vec<Node>,
    replication: Replication,
    http: Client,
    guard: Child,
    alive: Option<ChildStdin>,
}

impl Cluster {
    /// Starts three nodes and waits until one leads and the others follow it.
    pub async fn start(tools: Tools, replication: Replication) -> Self {
        let folder = env::temp_dir().join(format!("comptoir-patroni-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).expect("temporary files can be written");
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD]).args([&folder, &tools.programs]).current_dir("/").process_group(0);
        test_postgres::unprivileged(&mut guard, &folder).expect("the folder can be given away");
        let mut guard = guard.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell runs");
        let alive = guard.stdin.take();
        copy_packages(&tools.packages, &folder);
        let every: Vec<Ports> = (0..NODES).map(|_| Ports::free()).collect();
        let nodes = (0..NODES).map(|number| {
            let folder = folder.join(settings::name(number));
            fs::create_dir(&folder).expect("the folder of a node can be made");
            let text = settings::patroni(number, &every, (&folder, &tools.programs), replication);
            fs::write(folder.join("patroni.json"), text).expect("the settings of a node can be written");
            Node { folder, ports: every[number], etcd: None, patroni: None }
        });
        let nodes = nodes.collect();
        let mut cluster = Self { tools, folder, nodes, replication, http: Client::new(), guard, alive };
        for node in 0..NODES {
            cluster.start_node(node);
        }
        cluster.until_whole().await;
        cluster
    }

    /// Starts what does not run of a node.
    pub fn start_node(&mut self, number: usize) {
        self.start_etcd(number);
        let packages = self.folder.join("packages");
        let node = &mut self.nodes[number];
        if node.patroni.is_none() {
            let mut command = Command::new(&self.tools.python);
            command.args(["-m", "patroni", "patroni.json"]).env("PYTHONPATH", packages).env("HOME", &node.folder);
            node.patroni = Some(run(command, &node.folder, "patroni.log").expect("Patroni starts"));
        }
    }

    /// Starts the etcd of a node.
    pub fn start_etcd(&mut self, number: usize) {
        let every: Vec<Ports> = self.nodes.iter().map(|node| node.ports).collect();
        let node = &mut self.nodes[number];
        if node.etcd.is_none() {
            let mut command = Command::new("etcd");
            command.args(settings::etcd(number, &every));
            node.etcd = Some(run(command, &node.folder, "etcd.log").expect("etcd starts"));
        }
    }

    /// Kills the etcd of a node.
    pub fn kill_etcd(&mut self, number: usize) {
        end(self.nodes[number].etcd.take());
    }

    /// Kills PostgreSQL on a node and nothing else of it: the server, which its sessions do not outlive.
    pub fn kill_postgres(&self, number: usize) {
        let pid = fs::read_to_string(self.nodes[number].folder.join("data/postmaster.pid"));
        let pid = pid.expect("a running server leaves its process's number");
        signal("KILL", &[pid.lines().next().expect("it is on the first line").trim().to_owned()]);
    }

    /// Stops what sends the log of a node that leads to the others: they hear nothing of it any more.
    pub fn cut_off(&self, number: usize) {
        let senders: Vec<String> = self.processes_of(number).filter(|process| is_sender(process)).collect();
        signal("STOP", &senders);
    }

    /// Kills everything on a node: PostgreSQL, Patroni and etcd. They stand still before the first of them dies: where the
    /// power goes no session of PostgreSQL sees its server die, which would show others what it has not replicated.
    pub fn kill_node(&mut self, number: usize) {
        let all: Vec<String> = self.processes_of(number).collect();
        signal("STOP", &all);
        signal("KILL", &all);
        let node = &mut self.nodes[number];
        end(node.patroni.take());
        end(node.etcd.take());
    }

    fn processes_of(&self, number: usize) -> impl Iterator<Item = String> {
        let folder = &self.nodes[number].folder;
        let runs_here = move |process: &fs::DirEntry| {
            fs::read_link(process.path().join("cwd")).is_ok_and(|place| place.starts_with(folder))
        };
        let processes = fs::read_dir("/proc").expect("there is /proc").flatten().filter(runs_here);
        processes.filter_map(|process| process.file_name().into_string().ok())
    }

    /// Hands the lead over to another node, as an operator does who wants to maintain the one that leads.
    pub async fn switch_over(&self) -> usize {
        let leader = self.leader().await;
        let url = format!("http://127.0.0.1:{}/switchover", self.nodes[leader].ports.rest);
        let asked = self.http.post(url).json(&json!({ "leader": settings::name(leader) })).send().await;
        let answer = asked.and_then(Response::error_for_status).expect("the lead is handed over");
        let said = answer.text().await.expect("Patroni says so");
        let leads = self.leader().await;
        assert_ne!(leader, leads, "{said}");
        leads
    }

    /// Returns the node that leads, once there is one.
    pub async fn leader(&self) -> usize {
        until("one node leads", async || {
            for number in 0..NODES {
                if self.get(number, "primary").await.is_some() {
                    return Some(number);
                }
            }
            None
        })
        .await
    }

    /// Waits until one node leads and both of the others follow it and may take over. A follower that commits may already
    /// wait for cannot, until Patroni has written in etcd that it may.
    pub async fn until_whole(&self) {
        until("every node leads or follows", async || {
            for number in 0..NODES {
                if let Some(cluster) = self.get(number, "cluster").await {
                    return is_whole(&cluster, self.replication.follower()).then_some(());
                }
            }
            None
        })
        .await;
    }

    /// Asks Patroni on a node. `None` when it does not answer, or says no.
    async fn get(&self, number: usize, what: &str) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/{what}", self.nodes[number].ports.rest);
        let answer = self.http.get(url).timeout(Duration::from_secs(2)).send().await.ok()?;
        if answer.status().is_success() { answer.json().await.ok() } else { None }
    }

    /// Creates an empty database and returns its URL, which names every node.
    pub async fn create_database(&self, name: &str) -> String {
        let port = self.nodes[self.leader().await].ports.postgres.to_string();
        let mut command = Command::new(self.tools.programs.join("createdb"));
        let output = command.args(["-U", "postgres", "-h", "127.0.0.1", "-p", &port, name]).output();
        let output = output.expect("createdb runs");
        assert!(output.status.success(), "createdb: {}", String::from_utf8_lossy(&output.stderr));
        let servers: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.ports.postgres)).collect();
        format!("postgres://postgres@{}/{name}?target_session_attrs=read-write", servers.join(","))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for node in &self.nodes {
                let log = fs::read_to_string(node.folder.join("patroni.log")).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(20).collect();
                eprintln!("{}:\n{}", node.folder.display(), last.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
        }
        drop(self.alive.take());
        let mut line = String::new();
        let said = self.guard.stdout.take().map(|said| BufReader::new(said).read_line(&mut line));
        if line.trim() != "ended" {
            eprintln!("waiting for the cluster to stop failed: {said:?}");
        }
        for node in &mut self.nodes {
            end(node.patroni.take());
            end(node.etcd.take());
        }
    }
}

/// Copies what Patroni is made of: where it lies, the other user may not look.
fn copy_packages(packages: &Path, folder: &Path) {
    let copy = "cp -r \"$0\" \"$1/packages\" && chown -R --reference=\"$1\" \"$1/packages\"";
    let copied = Command::new("sh").args(["-c", copy]).args([packages, folder]).status();
    assert!(copied.expect("a shell runs").success(), "Patroni is copied");
}

fn is_whole(cluster: &Value, follower: &str) -> bool {
    let members = cluster["members"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |role, state| members.iter().filter(|one| one["role"] == role && one["state"] == state).count();
    count("leader", "running") == 1 && count(follower, "streaming") == NODES - 1
}

fn run(mut command: Command, folder: &Path, log: &str) -> io::Result<Child> {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join(log))?;
    test_postgres::unprivileged(&mut command, folder)?;
    command.current_dir(folder).process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

fn is_sender(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/cmdline")).is_ok_and(|command| command.contains("walsender"))
}

fn signal(name: &str, processes: &[String]) {
    // Some end by themselves, as the others do.
    let send = "name=$0; kill -\"$name\" \"$@\" 2>/dev/null; true";
    let sent = Command::new("sh").args(["-c", send, name]).args(processes).status();
    assert!(sent.expect("a shell runs").success(), "SIG{name} is sent to {processes:?}");
}

fn end(child: Option<Child>) {
    if let Some(mut child) = child {
        // It may have ended already; then there is nothing to kill.
        drop(child.kill());
        drop(child.wait());
    }
}

/// Looks until there is an answer.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        let mut ticks = interval(Duration::from_millis(LOOK_MILLIS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    within(what, looking).await
}

/// Waits for what must come.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let found = timeout(Duration::from_secs(WHOLE_SECONDS_MAX), future).await;
    found.unwrap_or_else(|_| panic!("it does not come that {what}, in {WHOLE_SECONDS_MAX} s"))
}
