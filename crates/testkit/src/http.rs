//! A test shop behind real HTTP, and a client that speaks GraphQL to it.

use std::net::SocketAddr;

use api::graphql::scalars::Position;
use api::http::shutdown::Shutdown;
use app::actor::{Actor, Role};
use comptoir::background::Started;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long test tokens are good, seconds.
const TOKEN_SECONDS: i64 = 3_600;

/// A server on a port of its own.
pub struct TestServer {
    address: SocketAddr,
    shutdown: Shutdown,
    serving: JoinHandle<()>,
    started: Started,
}

impl TestServer {
    /// Serves a shop until it is stopped.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(started: &Started) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shutdown = Shutdown::new();
        let (own, ending) = (started.clone(), shutdown.clone());
        let serving = tokio::spawn(async move {
            comptoir::serve::run(&own, listener, ending).await.expect("serves");
        });
        Self { address, shutdown, serving, started: started.clone() }
    }

    /// Stops serving; running requests finish.
    ///
    /// # Panics
    /// When serving failed.
    pub async fn stop(self) {
        self.shutdown.begin();
        self.serving.await.expect("stops");
    }

    /// Returns an address under the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Makes a client without a token.
    pub fn anonymous(&self) -> Client {
        Client::anonymous(&self.url("/graphql"))
    }

    /// Makes a client of someone of the house.
    pub fn of_role(&self, role: Role) -> Client {
        let shop = &self.started.shop;
        let token =
            self.started.tokens.issue(&Actor::of_role(role, "test"), shop.clock.now().plus_seconds(TOKEN_SECONDS));
        Client { token: Some(token), ..self.anonymous() }
    }

    /// Makes a client of a new guest, through the API.
    pub async fn guest(&self) -> Client {
        Client::guest(&self.url("/graphql")).await
    }

    /// Where the log ends now, as clients write it: a query after it has heard all that was answered before.
    pub fn end_of_log(&self) -> String {
        Position(self.started.store.head().borrow().0).text()
    }
}

/// Speaks GraphQL to a server as one person.
#[derive(Clone)]
pub struct Client {
    url: String,
    http: reqwest::Client,
    /// The person's token.
    pub token: Option<String>,
}

impl Client {
    /// Makes a client without a token, of a server whose GraphQL is at an address.
    pub fn anonymous(url: &str) -> Self {
        Self { url: url.to_owned(), http: reqwest::Client::new(), token: None }
    }

    /// Makes a client of a new guest, through the API.
    pub async fn guest(url: &str) -> Self {
        let anonymous = Self::anonymous(url);
        let session = anonymous.call("mutation { sessionStart { result { token } } }", json!({})).await;
        let token = session["sessionStart"]["result"]["token"].as_str().map(str::to_owned);
        Self { token, ..anonymous }
    }

    /// Sends an operation and returns the whole answer.
    ///
    /// # Panics
    /// When there is no JSON answer.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        self.ask_with(&[], query, variables).await
    }

    /// Sends an operation with further headers and returns the whole answer.
    ///
    /// # Panics
    /// When there is no JSON answer.
    pub async fn ask_with(&self, headers: &[(&str, &str)], query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send(body.to_string(), &headers).await.json().await.expect("the answer is JSON")
    }

    /// Sends an operation that must not fail and returns its data.
    ///
    /// # Panics
    /// When there are top-level errors.
    pub async fn call(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.ask(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// Posts any body.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn post(&self, body: impl Into<reqwest::Body>, content_type: &str) -> reqwest::Response {
        self.send(body, &[("content-type", content_type)]).await
    }

    async fn send(&self, body: impl Into<reqwest::Body>, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.http.post(&self.url).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers")
    }
}
