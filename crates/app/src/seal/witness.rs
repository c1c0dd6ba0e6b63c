//! Shows checkpoints to the outside. A witness that cannot be reached is tried again for ever and holds up nothing: sealing
//! and selling do not wait for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use event_store::BoxError;
use tokio::sync::watch;
use tokio::time::timeout;

/// The first pause before a witness that failed is tried again, seconds; it doubles.
const PAUSE_SECONDS: u64 = 1;
/// The longest pause, seconds.
const PAUSE_SECONDS_MAX: u64 = 60;

/// Someone who keeps checkpoints where nobody who can rewrite the log can rewrite them.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Returns who it is, for the log of the process.
    fn name(&self) -> String;

    /// Hands over a signed checkpoint and returns once it is kept.
    ///
    /// # Errors
    /// When it is not.
    async fn show(&self, note: &str) -> Result<(), BoxError>;
}

/// Shows one witness every latest checkpoint. One that is overtaken while the witness is away is not shown: the later one
/// vouches for it.
pub struct WitnessRunner {
    witness: Arc<dyn Witness>,
    latest: watch::Receiver<Option<Arc<str>>>,
}

impl WitnessRunner {
    /// Prepares to show what [`super::Sealer::latest`] tells.
    pub fn new(witness: Arc<dyn Witness>, latest: watch::Receiver<Option<Arc<str>>>) -> Self {
        Self { witness, latest }
    }

    /// Shows checkpoints until the sealer is gone, which the last one is shown of too. Being stopped ends the wait for a
    /// witness that is away.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        self.latest.mark_changed();
        let mut pause = PAUSE_SECONDS;
        while self.latest.changed().await.is_ok() {
            let Some(note) = self.latest.borrow_and_update().clone() else { continue };
            match self.witness.show(&note).await {
                Ok(()) => {
                    if pause > PAUSE_SECONDS {
                        tracing::info!(witness = self.witness.name(), "the witness is there again");
                    }
                    pause = PAUSE_SECONDS;
                }
                Err(error) => {
                    let witness = self.witness.name();
                    tracing::warn!(witness, %error, pause_seconds = pause, "the witness was not shown a checkpoint");
                    if timeout(Duration::from_secs(pause), &mut stop).await.is_ok() {
                        return;
                    }
                    pause = (pause * 2).min(PAUSE_SECONDS_MAX);
                    self.latest.mark_changed();
                }
            }
        }
    }
}
