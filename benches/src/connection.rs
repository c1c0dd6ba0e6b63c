//! One HTTP/1.1 connection that is kept open, and GraphQL over it.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A connection and who speaks over it.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    authorisation: Option<HeaderValue>,
    /// Moves the bytes; ended with this value.
    driver: JoinHandle<()>,
}

impl Connection {
    /// Opens a connection without a token.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("the server cannot be reached")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer is told of the failure.
            drop(connection.await);
        });
        let host = HeaderValue::from_str(&address.to_string())?;
        Ok(Self { sender, host, authorisation: None, driver })
    }

    /// Speaks with a token from now on.
    ///
    /// # Errors
    /// When the token is no header value.
    pub fn identify(&mut self, token: &str) -> anyhow::Result<()> {
        self.authorisation = Some(HeaderValue::from_str(&format!("Bearer {token}"))?);
        Ok(())
    }

    /// Begins a guest's session and speaks as the guest from now on.
    ///
    /// # Errors
    /// When the server does not give one.
    pub async fn begin_session(&mut self) -> anyhow::Result<()> {
        let session = self.call("mutation { sessionStart { result { token } } }", json!({})).await?;
        let token = session["sessionStart"]["result"]["token"].as_str().context("the guest's session has no token")?;
        self.identify(token)
    }

    /// Gets a page and returns its status.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<StatusCode> {
        let request = Request::get(path).header(HOST, &self.host).body(Full::default())?;
        let response = self.send(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        Ok(status)
    }

    /// Sends an operation as it is and returns the bytes of the answer.
    ///
    /// # Errors
    /// When there is no answer or another status than 200.
    pub async fn post(&mut self, body: Bytes) -> anyhow::Result<Bytes> {
        let mut request = Request::post("/graphql").header(HOST, &self.host).header(CONTENT_TYPE, "application/json");
        if let Some(authorisation) = &self.authorisation {
            request = request.header(AUTHORIZATION, authorisation);
        }
        let response = self.send(request.body(Full::new(body))?).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "the server answered {status}: {}", String::from_utf8_lossy(&bytes));
        Ok(bytes)
    }

    /// Sends an operation and returns its data.
    ///
    /// # Errors
    /// When there is no answer, or one with errors.
    pub async fn call(&mut self, query: &str, variables: Value) -> anyhow::Result<Value> {
        let bytes = self.post(operation(query, &variables)).await?;
        let mut answer: Value = serde_json::from_slice(&bytes)?;
        ensure!(answer.get("errors").is_none(), "the server answered {answer}");
        Ok(answer["data"].take())
    }

    /// Runs a mutation and returns its payload, which must have no refusals.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub async fn mutate(&mut self, name: &str, query: &str, variables: Value) -> anyhow::Result<Value> {
        let payload = self.call(query, variables).await?[name].take();
        let is_done = payload["errors"].as_array().is_some_and(Vec::is_empty);
        ensure!(is_done, "{name} was refused: {payload}");
        Ok(payload)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Response<hyper::body::Incoming>> {
        self.sender.ready().await.context("the server closed the connection")?;
        self.sender.send_request(request).await.context("the server gave no answer")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Writes an operation down.
pub fn operation(query: &str, variables: &Value) -> Bytes {
    Bytes::from(json!({ "query": query, "variables": variables }).to_string())
}
