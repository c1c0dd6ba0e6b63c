//! What runs behind the API: projections, search, processes, the log's seals and times, the delivery of webhooks. Every
//! task has this owner, who joins it.

use std::sync::Arc;

use anyhow::Context;
use app::seal::{SealFailure, Sealer, Witness, WitnessRunner};
use gateways::simulator::StripeSimulator;
use sagas::{NoticeFailure, Processes};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::open::OpenShop;

/// The tasks of one shop.
pub struct Background {
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Seals the log and shows its checkpoints to the witnesses. A log that is not what was sealed keeps the shop closed.
async fn seal(
    shop: &app::Shop,
    witnesses: &[Arc<dyn Witness>],
    tasks: &mut JoinSet<()>,
    shutdown: &watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let sealer = match Sealer::open(shop.bus.store().clone(), shop.clock.clone(), &*shop.ids).await {
        Err(SealFailure::NotSealed) => {
            tracing::warn!("the log of this store is not sealed");
            return Ok(());
        }
        sealer => sealer.context("the log cannot be sealed")?,
    };
    for witness in witnesses {
        let runner = WitnessRunner::new(witness.clone(), sealer.latest());
        tasks.spawn(runner.run(stopped(shutdown.clone())));
    }
    tasks.spawn(sealer.run(stopped(shutdown.clone())));
    Ok(())
}

async fn stopped(mut shutdown: watch::Receiver<bool>) {
    // A sender that is gone means the same as one that says stop.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

impl Background {
    /// Finds what was under way when the shop stopped, and sets everything going. The read models' runner moves out of
    /// the shop.
    ///
    /// # Errors
    /// When what was under way cannot be read.
    pub async fn start(open: OpenShop) -> anyhow::Result<(Self, Started)> {
        let OpenShop { store, shop, processes, tokens, models, mut runner, search, payments, carrier, witnesses } =
            open;
        let (shutdown, receiver) = watch::channel(false);
        let mut tasks = JoinSet::new();
        processes.recover().await.context("what was under way cannot be read")?;
        let (running, stop) = (processes.clone(), receiver.clone());
        tasks.spawn(async move { running.run(stop).await });
        let stop = receiver.clone();
        tasks.spawn(async move {
            if let Err(error) = runner.run(stopped(stop)).await {
                tracing::error!(?error, "the read models stand still");
            }
        });
        let (index, stop) = (search.clone(), receiver.clone());
        tasks.spawn(async move {
            if let Err(error) = index.run(stopped(stop)).await {
                tracing::error!(?error, "the search stands still");
            }
        });
        seal(&shop, &witnesses, &mut tasks, &receiver).await?;
        let (moments, stop) = (shop.moments.clone(), receiver.clone());
        tasks.spawn(async move { moments.follow(stopped(stop)).await });
        tasks.spawn(deliver_webhooks(payments.clone(), processes.clone(), receiver));
        let started = Started { store, shop, processes, tokens, models, search, payments, carrier };
        Ok((Self { shutdown, tasks }, started))
    }

    /// Stops everything and returns once it has.
    pub async fn stop(mut self) {
        self.shutdown.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task behind the API broke");
            }
        }
    }
}

/// A shop whose background runs.
#[derive(Clone)]
pub struct Started {
    /// The log.
    pub store: Arc<dyn event_store::EventStore>,
    /// The write side.
    pub shop: app::Shop,
    /// The processes.
    pub processes: Arc<Processes>,
    /// Makes and reads access tokens.
    pub tokens: Arc<app::token::Tokens>,
    /// The read models.
    pub models: projections::ReadModels,
    /// The search.
    pub search: projections::search::SearchIndex,
    /// The simulated payment provider.
    pub payments: StripeSimulator,
    /// The simulated carrier.
    pub carrier: Arc<gateways::carrier::CarrierSimulator>,
}

/// Carries the simulator's webhooks to the shop, as the provider's servers would.
async fn deliver_webhooks(payments: StripeSimulator, processes: Arc<Processes>, shutdown: watch::Receiver<bool>) {
    let mut stop = std::pin::pin!(stopped(shutdown));
    loop {
        let webhook = tokio::select! {
            biased;
            () = &mut stop => return,
            webhook = payments.next_webhook() => webhook,
        };
        match processes.receive_notice(&webhook.signature, &webhook.body).await {
            Ok(()) => payments.accept_webhook(&webhook.id),
            Err(NoticeFailure::NotAccepted(reason)) => {
                tracing::warn!(webhook = webhook.id, %reason, "a webhook was not accepted");
                payments.accept_webhook(&webhook.id);
            }
            Err(NoticeFailure::NotStored(error)) => {
                tracing::warn!(webhook = webhook.id, %error, "a webhook was not stored and comes again");
                payments.return_webhook(&webhook.id);
            }
        }
    }
}
