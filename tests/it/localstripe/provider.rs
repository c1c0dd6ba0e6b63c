//! localstripe as a child process, as it comes from PyPI: its server listens at a port of its own and keeps its books in
//! memory only.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::missing;

/// How long localstripe may take to say something: it sends a webhook a second after what it tells of.
const PATIENCE: Duration = Duration::from_secs(60);
/// The key it is spoken to with: any of this form.
pub const KEY: &str = "sk_test";

/// Ends with whoever started it. Its books would be written to a file that every localstripe of the machine shares.
const PROGRAM: &str = r#"
import logging, os, socket, sys, threading
from aiohttp import web
from localstripe import resources
from localstripe.server import app

threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
resources.store.dump_to_disk = lambda: None
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
web.run_app(app, sock=listener, print=None, access_log=None)
"#;

/// A running localstripe. It ends when this is dropped or the process dies.
pub struct LocalStripe {
    /// Where it listens, from `http://` on.
    pub url: String,
    http: reqwest::Client,
    said: watch::Receiver<Vec<String>>,
    child: Child,
    _alive: Option<ChildStdin>,
}

impl LocalStripe {
    /// Starts it. `None`, after one line, where it is not installed; in CI that is a failure.
    pub async fn start() -> Option<Self> {
        let Some(python) = python() else {
            return missing("localstripe not found (.ci/run prepare installs it): cards are not tried against it");
        };
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python runs");
        let alive = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let (sender, mut said) = watch::channel(Vec::new());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                sender.send_modify(|said: &mut Vec<String>| said.push(line));
            }
        });
        let port = {
            let first = tokio::time::timeout(PATIENCE, said.wait_for(|said| !said.is_empty())).await;
            first.expect("localstripe listens in time").expect("localstripe runs")[0].clone()
        };
        let (url, http) = (format!("http://127.0.0.1:{port}"), reqwest::Client::new());
        Some(Self { url, http, said, child, _alive: alive })
    }

    /// Lets it tell a shop of what happens, signed with a secret.
    pub async fn tell(&self, name: &str, shop: &str, secret: &str) {
        let hook = json!({ "url": format!("http://{shop}/webhooks/stripe"), "secret": secret });
        let url = format!("{}/_config/webhooks/{name}", self.url);
        let answer = self.http.post(url).json(&hook).send().await.expect("localstripe answers");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Reads from its API.
    pub async fn read(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(KEY);
        request.send().await.expect("localstripe answers").json().await.expect("JSON")
    }

    /// Posts to its API; returns the status beside what it says.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(KEY).json(&body);
        let answer = request.send().await.expect("localstripe answers");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Returns the token of a card, as a page of the shop would have it from Stripe.
    pub async fn card(&self, number: &str) -> String {
        let card = json!({ "number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123" });
        let (status, method) = self.post("/v1/payment_methods", json!({ "type": "card", "card": card })).await;
        assert_eq!(status, 200, "{method}");
        method["id"].as_str().expect("a token").to_owned()
    }

    /// Waits until it has told a shop of something so many times with this outcome.
    pub async fn told(&self, outcome: &str, times: usize) {
        let mut said = self.said.clone();
        let enough = |said: &Vec<String>| said.iter().filter(|line| line.contains(outcome)).count() >= times;
        let told = tokio::time::timeout(PATIENCE, said.wait_for(enough)).await.map(|told| told.is_ok());
        assert_eq!(told, Ok(true), "localstripe does not say {outcome:?}: {:#?}", *self.said.borrow());
    }
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the Python that has localstripe, which lies in the target folder.
fn python() -> Option<PathBuf> {
    let own = env::current_exe().expect("this program has a path");
    let folder = own.ancestors().nth(3).expect("tests lie in target/PROFILE/deps").join("localstripe");
    folder.join("bin/localstripe").is_file().then(|| folder.join("bin/python3"))
}
