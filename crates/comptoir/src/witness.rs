//! The witnesses of the log's checkpoints: a file, an address. Put them where whoever can rewrite the log cannot.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use app::seal::Witness;
use async_trait::async_trait;
use event_store::BoxError;

use crate::config::Config;

/// How long an address may take to answer.
const ANSWER_SECONDS_MAX: u64 = 10;

/// Returns the witnesses that a configuration names.
///
/// # Errors
/// When the file cannot be written, or there is no client for the address.
pub fn witnesses(config: &Config) -> anyhow::Result<Vec<Arc<dyn Witness>>> {
    let mut found: Vec<Arc<dyn Witness>> = Vec::new();
    if let Some(path) = &config.witness_file {
        append_to(path).with_context(|| format!("the witness file {} cannot be written", path.display()))?;
        found.push(Arc::new(WitnessFile { path: path.clone() }));
    }
    if let Some(url) = &config.witness_url {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(ANSWER_SECONDS_MAX)).build();
        let client = client.context("no client for the witness can be made")?;
        found.push(Arc::new(WitnessAddress { url: url.clone(), client }));
    }
    Ok(found)
}

fn append_to(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// A file that checkpoints are appended to, an empty line behind each.
struct WitnessFile {
    path: PathBuf,
}

#[async_trait]
impl Witness for WitnessFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    async fn show(&self, note: &str) -> Result<(), BoxError> {
        let (path, text) = (self.path.clone(), proof::checkpoint::join([note]));
        let written = tokio::task::spawn_blocking(move || {
            let mut file = append_to(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_data()
        });
        Ok(written.await??)
    }
}

/// An address that each checkpoint is posted to, as plain text. Any answer of success means that it is kept.
struct WitnessAddress {
    url: String,
    client: reqwest::Client,
}

#[async_trait]
impl Witness for WitnessAddress {
    /// The address may hold a token: only the host is told.
    fn name(&self) -> String {
        let host = reqwest::Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_else(|| "witness_url".to_owned())
    }

    async fn show(&self, note: &str) -> Result<(), BoxError> {
        let request = self.client.post(&self.url).header("content-type", "text/plain; charset=utf-8");
        let answer = request.body(note.to_owned()).send().await.map_err(reqwest::Error::without_url)?;
        answer.error_for_status().map_err(reqwest::Error::without_url)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::post;

    use super::*;

    #[tokio::test]
    async fn a_file_is_appended_to_and_a_folder_that_is_missing_is_told() {
        let path = std::env::temp_dir().join(format!("comptoir-witness-{}", uuid::Uuid::new_v4().simple()));
        let config = Config { witness_file: Some(path.clone()), ..Config::default() };
        for note in ["a\n", "b\n"] {
            witnesses(&config).expect("the file can be written")[0].show(note).await.expect("it is kept");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("the file is there"), "a\n\nb\n\n");
        std::fs::remove_file(&path).expect("the file is removed");
        let config = Config { witness_file: Some(path.join("missing")), ..Config::default() };
        let refused = witnesses(&config).map(|_| ()).expect_err("there is no such folder").to_string();
        assert!(refused.contains("witness file"), "{refused}");
    }

    #[tokio::test]
    async fn an_address_is_posted_to_and_its_refusal_is_told_without_its_token() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = heard.clone();
        let keep = move |body: String| async move {
            hearing.lock().expect("nobody broke it").push(body);
        };
        let router =
            Router::new().route("/keep", post(keep)).route("/refuse", post(async || StatusCode::SERVICE_UNAVAILABLE));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        let witness = |path: &str| {
            let url = Some(format!("http://{address}/{path}"));
            witnesses(&Config { witness_url: url, ..Config::default() }).expect("a client is made").remove(0)
        };
        assert_eq!(witness("keep").name(), "127.0.0.1");
        witness("keep?token=secret").show("note\n").await.expect("it is kept");
        assert_eq!(*heard.lock().expect("nobody broke it"), ["note\n"]);
        let refused = witness("refuse?token=secret").show("note\n").await.expect_err("it is refused").to_string();
        assert!(refused.contains("503") && !refused.contains("secret"), "{refused}");
        serving.abort();
    }
}
