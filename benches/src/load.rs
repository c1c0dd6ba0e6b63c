//! Clients that work side by side, each without a pause, for some time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Context;

/// What clients did together.
pub struct Done<C, T> {
    /// The clients, to work on.
    pub clients: Vec<C>,
    /// What each piece of work gave.
    pub results: Vec<T>,
    /// How long it took until the last client had finished the piece it had in hand.
    pub took: Duration,
}

impl<C, T> Done<C, T> {
    /// Returns how many pieces were done a second.
    pub fn per_second(&self) -> f64 {
        self.results.len() as f64 / self.took.as_secs_f64()
    }
}

/// Lets every client work, piece after piece, until the time is over.
///
/// # Errors
/// The first failure of any client.
pub async fn work<C, T, F, W>(clients: Vec<C>, limit: Duration, piece: F) -> anyhow::Result<Done<C, T>>
where
    C: Send + 'static,
    T: Send + 'static,
    F: Fn(C) -> W + Clone + Send + 'static,
    W: Future<Output = anyhow::Result<(C, T)>> + Send,
{
    let begun = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let piece = piece.clone();
            tokio::spawn(async move {
                let mut results = Vec::new();
                while begun.elapsed() < limit {
                    let (back, result) = piece(client).await?;
                    client = back;
                    results.push(result);
                }
                Ok::<_, anyhow::Error>((client, results))
            })
        })
        .collect();
    let (mut clients, mut results) = (Vec::with_capacity(tasks.len()), Vec::new());
    for task in tasks {
        let (client, of_client) = task.await.context("a client broke")??;
        clients.push(client);
        results.extend(of_client);
    }
    Ok(Done { clients, results, took: begun.elapsed() })
}
