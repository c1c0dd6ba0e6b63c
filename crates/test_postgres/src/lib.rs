//! A throw-away PostgreSQL for tests: a cluster of its own in a temporary folder, reached by a Unix socket.
//!
//! A shell guards the cluster. It waits for its standard input to end, which happens when [`TestPostgres`] is dropped
//! and also when the test process dies in any way, and then stops the server and removes the folder.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The programs that must lie in one folder.
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "createdb"];
const MISSING: &str = "PostgreSQL binaries not found: PostgreSQL tests are not run";
/// Who owns the cluster when root runs the tests: PostgreSQL refuses to run as root.
const UNPRIVILEGED_USERS: [&str; 2] = ["postgres", "nobody"];

/// How long a killed server may take to start again.
const START_SECONDS_MAX: u64 = 60;

/// `$1` is the folder of the programs, `$2` the cluster's folder, `$3` the server's options, `$4` the folder of the
/// cluster it follows, where it follows one.
const GUARD: &str = r#"
clean() { "$1/pg_ctl" -D "$2/data" -m immediate stop >/dev/null 2>&1; cd /; rm -rf "$2"; }
make() {
  if [ -n "$4" ]; then "$1/pg_basebackup" -h "$4" -U postgres -D "$2/data" -R -c fast --no-sync
  else "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C --no-sync; fi
}
if make "$@" >"$2/log" 2>&1 </dev/null &&
   "$1/pg_ctl" -D "$2/data" -l "$2/log" -w -o "$3" start >/dev/null 2>&1 </dev/null
then
  echo ready
  read -r _
else
  cat "$2/log"
fi
clean "$1" "$2"
"#;

/// A running PostgreSQL cluster. It is stopped and removed when this is dropped or the process dies.
#[derive(Debug)]
pub struct TestPostgres {
    programs: PathBuf,
    folder: PathBuf,
    guard: Child,
    /// The guard cleans up when this is closed.
    alive: Option<ChildStdin>,
    databases: AtomicU32,
}

impl TestPostgres {
    /// Starts a cluster that does not care about power cuts. Takes about a second.
    ///
    /// Returns `None`, after one line on standard error, when PostgreSQL is not installed.
    ///
    /// # Panics
    /// When PostgreSQL is there and does not start, and when it is missing while `CI` is `true`.
    pub fn start() -> Option<Self> {
        Self::start_with("-c fsync=off -c full_page_writes=off -c synchronous_commit=off")
    }

    /// Starts a cluster that syncs every commit, for measuring and for crash tests. See [`TestPostgres::start`].
    ///
    /// # Panics
    /// As [`TestPostgres::start`] does.
    pub fn start_durable() -> Option<Self> {
        Self::start_with("-c fsync=on -c full_page_writes=on -c synchronous_commit=on")
    }

    /// Returns the one cluster of this process, started when it is first asked for. Take a database of your own from it.
    ///
    /// # Panics
    /// As [`TestPostgres::start`] does.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<TestPostgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a standby that follows this cluster at some distance, and writes every statement that it runs into its log.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_standby(&self) -> Self {
        let settings = "-c fsync=off -c hot_standby=on -c log_statement=all";
        match Self::run(self.programs.clone(), settings, Some(&self.folder)) {
            Ok(standby) => standby,
            Err(error) => panic!("the standby did not start: {error}"),
        }
    }

    /// Returns what the server has logged.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).expect("a running server has a log")
    }

    fn start_with(settings: &str) -> Option<Self> {
        match Self::run(programs()?, settings, None) {
            Ok(cluster) => Some(cluster),
            Err(error) => panic!("PostgreSQL did not start: {error}"),
        }
    }

    fn run(programs: PathBuf, settings: &str, followed: Option<&Path>) -> io::Result<Self> {
        let folder = create_folder()?;
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={} -c max_connections=300 -c shared_buffers=64MB \
             -c max_wal_size=2GB {settings}",
            folder.display()
        );
        let mut command = Command::new("sh");
        // In a process group of its own, Ctrl-C on the tests does not kill the guard before it has cleaned up.
        command.args(["-c", GUARD, "sh"]).args([&programs, &folder]).arg(options).current_dir(&folder).process_group(0);
        command.arg(followed.unwrap_or(Path::new("")));
        unprivileged(&mut command, &folder)?;
        let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let alive = guard.stdin.take();
        let mut said = BufReader::new(guard.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let mut line = String::new();
        said.read_line(&mut line)?;
        if line.trim() != "ready" {
            said.read_to_string(&mut line)?;
            guard.wait()?;
            return Err(io::Error::other(line));
        }
        Ok(Self { programs, folder, guard, alive, databases: AtomicU32::new(0) })
    }

    /// Kills the server on the spot (SIGKILL) and starts it again with the same options, as an operator's service does.
    ///
    /// # Panics
    /// When it does not start within a minute.
    pub fn kill_and_start_again(&self) {
        let data = self.folder.join("data");
        let pid =
            fs::read_to_string(data.join("postmaster.pid")).expect("a running server leaves its process's number");
        let pid = pid.lines().next().expect("it is on the first line").trim().to_owned();
        let killed = Command::new("sh").args(["-c", "kill -KILL \"$0\"", &pid]).status();
        assert!(killed.expect("a shell runs").success(), "the server is killed");
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        // The dead server's children notice it one after the other; until then their memory is in use.
        while !self.restart(&data).expect("pg_ctl runs") {
            assert!(Instant::now() < deadline, "PostgreSQL does not start again after a kill");
        }
    }

    /// Starts a server whose process is gone, with the options it had. Returns whether it did.
    fn restart(&self, data: &Path) -> io::Result<bool> {
        let mut command = Command::new(self.programs.join("pg_ctl"));
        command.arg("-D").arg(data).arg("-l").arg(self.folder.join("log")).args(["-w", "restart"]);
        command.current_dir(&self.folder).process_group(0);
        if fs::metadata(data)?.uid() != 0 && fs::metadata("/proc/self")?.uid() == 0 {
            let owner = fs::metadata(data)?;
            command.uid(owner.uid()).gid(owner.gid());
        }
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
    }

    /// Returns the URL of a database, as sqlx reads it. `postgres` is there from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    /// Returns one of PostgreSQL's own programs, such as `pgbench`, as a client of this cluster.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-U", "postgres", "-h"]).arg(&self.folder);
        command
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let output = self.program("createdb").arg(&name).output().expect("createdb runs");
        assert!(output.status.success(), "createdb: {}", String::from_utf8_lossy(&output.stderr));
        self.url(&name)
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("waiting for PostgreSQL to stop failed: {error}");
        }
    }
}

/// Returns the folder of PostgreSQL's programs; `None`, after one line on standard error, when it is not installed.
///
/// # Panics
/// When it is missing while `CI` is `true`.
pub fn programs() -> Option<PathBuf> {
    let found = find_programs();
    if found.is_none() {
        assert!(env::var("CI").as_deref() != Ok("true"), "{MISSING}");
        eprintln!("{MISSING}");
    }
    found
}

/// Lets a program run as a user who is not root, and gives it a folder that root owns: PostgreSQL refuses to run as root.
///
/// # Errors
/// When the folder cannot be given away.
pub fn unprivileged(command: &mut Command, folder: &Path) -> io::Result<()> {
    if fs::metadata("/proc/self")?.uid() == 0 {
        let (uid, gid) = unprivileged_user()?;
        chown(folder, Some(uid), Some(gid))?;
        command.uid(uid).gid(gid);
    }
    Ok(())
}

/// Looks in `PATH`, then where Debian keeps one folder a version, newest first.
fn find_programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let newest_first = versions.into_iter().rev().map(|(_, folder)| folder);
    env::split_paths(&path).chain(newest_first).find(|folder| has_programs(folder))
}

fn has_programs(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}

/// The path of a Unix socket has at most 107 bytes, so the folder's name is short.
fn create_folder() -> io::Result<PathBuf> {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let nth = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("test_pg_{}_{nth}_{now:x}", std::process::id()));
    fs::create_dir(&folder)?;
    Ok(folder)
}

fn unprivileged_user() -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let fields: Vec<&str> =
            users.lines().map(|line| line.split(':').collect()).find(|f: &Vec<&str>| f[0] == name)?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    UNPRIVILEGED_USERS.iter().find_map(|name| find(name)).ok_or_else(|| io::Error::other("no unprivileged user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_cluster_leaves_nothing_behind() {
        let Some(cluster) = TestPostgres::start() else {
            return;
        };
        let url = cluster.create_database();
        assert!(url.contains("test_0"), "{url}");
        assert!(cluster.folder.join("data/postmaster.pid").exists());
        let folder = cluster.folder.clone();
        drop(cluster);
        assert!(!folder.exists());
    }
}
