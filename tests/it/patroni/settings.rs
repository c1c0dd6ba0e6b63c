//! How a node is set up: the settings of Patroni and the arguments of etcd.

use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

/// How many seconds a leader that is not heard of stays the leader. Patroni takes no fewer.
const LEASE_SECONDS: u64 = 20;
/// How many seconds lie between two looks of Patroni.
const LOOP_SECONDS: u64 = 1;
/// How many seconds a question to etcd or PostgreSQL is repeated for.
const RETRY_SECONDS: u64 = 3;
/// How many bytes a follower may be behind and take over, where no commit waits for it.
const LAG_BYTES_MAX: u64 = 64 << 20;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// For the disk of the leader and of any one follower.
    Quorum,
    /// For the disk of the leader.
    Asynchronous,
}

impl Replication {
    /// What Patroni calls a follower once it may take over without a loss, as far as it can know.
    pub fn follower(self) -> &'static str {
        match self {
            Self::Quorum => "quorum_standby",
            Self::Asynchronous => "replica",
        }
    }
}

/// Where the programs of a node listen.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// PostgreSQL.
    pub postgres: u16,
    /// Patroni's API.
    pub rest: u16,
    etcd: u16,
    etcd_peers: u16,
}

impl Ports {
    /// Takes four ports where nobody listens.
    pub fn free() -> Self {
        // All at once, or one would be found four times.
        let listeners = [0; 4].map(|port| TcpListener::bind(("127.0.0.1", port)).expect("a port is free"));
        let ports = listeners.map(|listener| listener.local_addr().expect("a bound listener has an address").port());
        let [postgres, rest, etcd, etcd_peers] = ports;
        Self { postgres, rest, etcd, etcd_peers }
    }
}

/// The name of a node, and of its folder.
pub fn name(number: usize) -> String {
    format!("node{number}")
}

/// The arguments of a node's etcd.
pub fn etcd(number: usize, every: &[Ports]) -> Vec<String> {
    let http = |port: u16| format!("http://127.0.0.1:{port}");
    let peers: Vec<_> =
        every.iter().enumerate().map(|(n, ports)| format!("{}={}", name(n), http(ports.etcd_peers))).collect();
    let (clients, own) = (http(every[number].etcd), http(every[number].etcd_peers));
    let arguments = [
        ("name", name(number)),
        ("data-dir", "etcd".to_owned()),
        ("listen-client-urls", clients.clone()),
        ("advertise-client-urls", clients),
        ("listen-peer-urls", own.clone()),
        ("initial-advertise-peer-urls", own),
        ("initial-cluster", peers.join(",")),
    ];
    arguments.into_iter().map(|(key, value)| format!("--{key}={value}")).collect()
}

/// The settings of Patroni on a node, which lies in the first folder; PostgreSQL's programs lie in the second.
pub fn patroni(number: usize, every: &[Ports], (folder, programs): (&Path, &Path), replication: Replication) -> String {
    let own = every[number];
    let etcd: Vec<_> = every.iter().map(|ports| format!("127.0.0.1:{}", ports.etcd)).collect();
    let (rest, postgres) = (format!("127.0.0.1:{}", own.rest), format!("127.0.0.1:{}", own.postgres));
    let user = |name: &str| json!({ "username": name, "password": "unused" });
    let settings = json!({
        "scope": "shop",
        "name": name(number),
        "restapi": { "listen": rest, "connect_address": rest },
        "etcd3": { "hosts": etcd },
        "bootstrap": { "dcs": dynamic(replication), "initdb": [{ "encoding": "UTF8" }, { "locale": "C" }, "data-checksums"] },
        "postgresql": {
            "listen": postgres,
            "connect_address": postgres,
            "data_dir": folder.join("data"),
            "bin_dir": programs,
            "pgpass": folder.join("pgpass"),
            "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
            "authentication": {
                "superuser": user("postgres"), "replication": user("replicator"), "rewind": user("rewinder"),
            },
            "parameters": { "unix_socket_directories": folder },
        },
    });
    settings.to_string()
}

/// What holds for all nodes and is kept in etcd.
fn dynamic(replication: Replication) -> Value {
    let mut settings = json!({
        "ttl": LEASE_SECONDS,
        "loop_wait": LOOP_SECONDS,
        "retry_timeout": RETRY_SECONDS,
        "maximum_lag_on_failover": LAG_BYTES_MAX,
        // A server that dies is followed at once instead of being started again.
        "primary_start_timeout": 0,
        "postgresql": {
            "use_pg_rewind": true,
            "parameters": {
                "max_connections": 200, "shared_buffers": "64MB", "wal_log_hints": "on", "wal_keep_size": "256MB",
                // A follower that is promoted while it waits to find its leader again waits to the end: 5 s by default.
                "wal_retrieve_retry_interval": "200ms",
            },
        },
    });
    if replication == Replication::Quorum {
        settings["synchronous_mode"] = json!("quorum");
        settings["synchronous_node_count"] = json!(1);
        // Without a follower there is no commit, instead of one that a single disk holds.
        settings["synchronous_mode_strict"] = json!(true);
        // A leader that reaches every node goes on without etcd.
        settings["failsafe_mode"] = json!(true);
    }
    settings
}
