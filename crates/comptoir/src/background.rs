//! What runs behind the API: projections, search, processes, the log's seals and times, the delivery of webhooks. Every
//! task has this owner, who joins it.

use std::sync::Arc;

use anyhow::Context;
use app::seal::{SealFailure, Sealer, Witness, WitnessRunner};
use event_store::lease::told_to_stop;
use gateways::simulator::StripeSimulator;
use projections::Runner;
use sagas::engine::EngineError;
use sagas::{NoticeFailure, Processes};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::config::Roles;
use crate::open::OpenShop;

/// The tasks of one shop.
pub struct Background {
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<()>,
    seal_shutdown: watch::Sender<bool>,
    /// The sealer and its witnesses: they end last.
    sealing: JoinSet<()>,
}

/// Seals the log and shows its checkpoints to the witnesses. A log that is not what was sealed keeps the shop closed.
async fn seal(
    shop: &app::Shop,
    witnesses: &[Arc<dyn Witness>],
    shutdown: &watch::Receiver<bool>,
) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let sealer = match Sealer::open(shop.bus.store().clone(), shop.clock.clone(), &*shop.ids).await {
        Err(SealFailure::NotSealed) => {
            tracing::warn!("the log of this store is not sealed");
            return Ok(tasks);
        }
        sealer => sealer.context("the log cannot be sealed")?,
    };
    for witness in witnesses {
        let runner = WitnessRunner::new(witness.clone(), sealer.latest());
        tasks.spawn(runner.run(stopped(shutdown.clone())));
    }
    tasks.spawn(sealer.run(stopped(shutdown.clone())));
    Ok(tasks)
}

async fn stopped(mut shutdown: watch::Receiver<bool>) {
    told_to_stop(&mut shutdown).await;
}

impl Background {
    /// Finds what was under way when the shop stopped, and sets everything going. The read models' runner moves out of
    /// the shop.
    ///
    /// # Errors
    /// When what was under way cannot be read.
    pub async fn start(open: OpenShop) -> anyhow::Result<(Self, Started)> {
        let OpenShop {
            store,
            shop,
            processes,
            tokens,
            models,
            runner,
            search,
            payments,
            carrier,
            witnesses,
            roles,
            owner,
        } = open;
        let (shutdown, stop) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let work = Work { alone: !store.has_other_writers(), roles, owner, stop };
        work.begin(&processes).await.context("what was under way cannot be read")?;
        tasks.spawn(work.clone().run_processes(processes.clone()));
        tasks.spawn(work.clone().run_read_models(runner));
        let (bus, stop) = (shop.bus.clone(), work.stop.clone());
        tasks.spawn(async move { bus.keep_snapshots(stopped(stop)).await });
        if roles.answers() {
            let (index, stop) = (search.clone(), work.stop.clone());
            tasks.spawn(async move {
                if let Err(error) = index.run(stopped(stop)).await {
                    tracing::error!(?error, "the search stands still");
                }
            });
            let (moments, stop) = (shop.moments.clone(), work.stop.clone());
            tasks.spawn(async move { moments.follow(stopped(stop)).await });
        }
        let (seal_shutdown, seal_stop) = watch::channel(false);
        let sealing = match roles.works() {
            true => seal(&shop, &witnesses, &seal_stop).await?,
            false => JoinSet::new(),
        };
        if let Some(payments) = payments.clone() {
            tasks.spawn(deliver_webhooks(payments, processes.clone(), work.stop));
        }
        let started = Started { store, shop, processes, tokens, models, search, payments, carrier, roles };
        Ok((Self { shutdown, tasks, seal_shutdown, sealing }, started))
    }

    /// Stops everything and returns once it has. What the others have still written is sealed before the end.
    pub async fn stop(self) {
        let ending = [(self.shutdown, self.tasks), (self.seal_shutdown, self.sealing)];
        for (shutdown, mut tasks) in ending {
            shutdown.send_replace(true);
            while let Some(ended) = tasks.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a task behind the API broke");
                }
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
    /// The simulated payment provider, where no other is configured.
    pub payments: Option<StripeSimulator>,
    /// The simulated carrier.
    pub carrier: Arc<gateways::carrier::CarrierSimulator>,
    /// What this process does.
    pub roles: Roles,
}

/// What this process does of the work behind the API.
#[derive(Clone)]
struct Work {
    /// Nobody else can write to the log.
    alone: bool,
    roles: Roles,
    owner: Uuid,
    stop: watch::Receiver<bool>,
}

impl Work {
    async fn begin(&self, processes: &Processes) -> Result<(), EngineError> {
        if self.alone { processes.recover().await } else { processes.survey().await }
    }

    async fn run_processes(self, processes: Arc<Processes>) {
        match self.roles.works() {
            true if self.alone => processes.run(self.stop).await,
            true => Box::pin(processes.run_in_turns(self.owner, self.stop)).await,
            false => processes.observe(self.stop).await,
        }
    }

    async fn run_read_models(self, mut runner: Runner) {
        let ran = match self.roles.works() {
            true if self.alone => runner.run(stopped(self.stop)).await,
            true => runner.run_in_turns(self.owner, self.stop).await,
            false => {
                runner.observe(self.stop).await;
                Ok(())
            }
        };
        if let Err(error) = ran {
            tracing::error!(?error, "the read models stand still");
        }
    }
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
