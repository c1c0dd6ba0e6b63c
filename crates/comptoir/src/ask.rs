//! Asks a shop that is open, in another process, to do something: see [`crate::admin`].

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::config::{Config, StoreKind};
use crate::progress::Console;

/// The file a shop leaves its staff token in, for whoever may read the data folder.
pub fn token_file(config: &Config) -> Option<PathBuf> {
    (config.store != StoreKind::Memory).then(|| config.data_dir.join("staff.token"))
}

/// Leaves a token where only the owner of the data folder can read it.
///
/// # Errors
/// When the file cannot be written.
pub fn leave_token(config: &Config, token: &str) -> anyhow::Result<()> {
    let Some(path) = token_file(config) else { return Ok(()) };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(&path);
    let mut file = file.with_context(|| format!("the token file {} cannot be written", path.display()))?;
    std::io::Write::write_all(&mut file, token.as_bytes()).context("the token file cannot be written")
}

async fn ask(config: &Config, path: &str) -> anyhow::Result<reqwest::Response> {
    let file = token_file(config).context("a shop that keeps nothing cannot be asked")?;
    let token = std::fs::read_to_string(&file)
        .with_context(|| format!("no shop is open in {}: start one with comptoir serve", config.data_dir.display()))?;
    let url = format!("http://{}/admin/{path}", config.listen);
    let response = reqwest::Client::new().post(url).bearer_auth(token.trim()).send().await;
    let response =
        response.with_context(|| format!("no shop answers at {}: start one with comptoir serve", config.listen))?;
    if !response.status().is_success() {
        bail!("{}", response.text().await.unwrap_or_default().trim());
    }
    Ok(response)
}

/// Lets a customer be forgotten.
///
/// # Errors
/// When no shop is open or it refuses.
pub async fn forget(config: &Config, customer: &str) -> anyhow::Result<String> {
    Ok(ask(config, &format!("forget/{customer}")).await?.text().await?.trim().to_owned())
}

/// Asks what led to what in the life of an order, as a flowchart of Mermaid.
///
/// # Errors
/// When no shop is open or there is no such order.
pub async fn causality(config: &Config, order: &str) -> anyhow::Result<String> {
    Ok(ask(config, &format!("causality/{order}")).await?.text().await?.trim().to_owned())
}

/// Lets a read model be rebuilt, and shows how far it is.
///
/// # Errors
/// When no shop is open, it refuses, or the rebuild fails.
pub async fn replay(config: &Config, projection: &str, console: &Console) -> anyhow::Result<String> {
    let mut response = ask(config, &format!("replay/{projection}")).await?;
    let (mut text, mut task) = (String::new(), None);
    while let Some(chunk) = response.chunk().await.context("the shop went away")? {
        text.push_str(&String::from_utf8_lossy(&chunk));
        while let Some(end) = text.find('\n') {
            let line: String = text.drain(..=end).collect();
            let mut numbers = line.split_whitespace().map_while(|word| word.parse::<u64>().ok());
            match (numbers.next(), numbers.next()) {
                (Some(done), Some(total)) => {
                    task.get_or_insert_with(|| console.task(projection, total)).set(done, total)
                }
                _ if line.starts_with("ok ") => return Ok(format!("{projection}: {}", line[3..].trim())),
                _ => bail!("{projection}: {}", line.trim()),
            }
        }
    }
    bail!("the shop went away before the rebuild was done")
}
