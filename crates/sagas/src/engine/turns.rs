//! Several processes over one log: exactly one of them at a time moves the processes of a kind on, the others show how
//! they are doing and take decisions of staff in.
//!
//! Whoever leads holds the kind's lease. Everybody follows the streams of the kind: who does not lead shows what others
//! watch, and who leads performs what a decision taken elsewhere led to. Who comes to lead begins like after a start.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use event_store::lease::{Lease, told_to_stop};
use event_store::{Cursor, Filter, PAGE_EVENTS_MAX, Position, RecordedEvent, StoreError};
use tokio::sync::watch;
use uuid::Uuid;

use super::Process;
use super::instance::Instance;
use super::record::Record;
use super::router::pause;
use super::runner::{EngineError, Runner, held};

impl<P: Process> Runner<P> {
    /// Does what is this process's to do until shutdown: leads whenever it holds the kind's lease, and follows what others
    /// do. `owner` is another one in every process. Call [`Runner::survey`] first.
    pub async fn run_in_turns(self: Arc<Self>, owner: Uuid, shutdown: watch::Receiver<bool>) {
        tokio::join!(self.clone().observe(shutdown.clone()), self.lead_in_turns(owner, shutdown));
    }

    /// Notes the open tasks and how far others are, without leading: for a start beside others.
    ///
    /// # Errors
    /// [`EngineError::Store`] when the streams cannot be read.
    pub async fn survey(self: &Arc<Self>) -> Result<(), EngineError> {
        self.leads.store(false, Ordering::Release);
        self.survey_tasks().await
    }

    /// Notes the open tasks, and from where on others are to be followed.
    async fn survey_tasks(&self) -> Result<(), EngineError> {
        let (_, open) = self.marks().await.map_err(|error| EngineError::Store(error.into()))?;
        let (found, end) = self.read_open(open).await?;
        for (id, (_, folded)) in found {
            folded.tasks.values().for_each(|task| self.note_task(&id, task));
        }
        *held(&self.observed_until) = end;
        Ok(())
    }

    /// What others were seen to do may be gone from the log: what is shown of them is found anew.
    async fn observe_anew(&self) -> Result<(), EngineError> {
        if self.leads.load(Ordering::Acquire) {
            // Nothing that others decided meanwhile is passed over; what was taken in before is so twice.
            let (_, open) = self.marks().await.map_err(|error| EngineError::Store(error.into()))?;
            *held(&self.observed_until) = Cursor::at(Position(open));
            return Ok(());
        }
        held(&self.tasks).clear();
        self.survey_tasks().await?;
        self.each_instance(|instance| *instance.folded() = None);
        self.show_anew().await
    }

    /// Shows of what is watched how it is doing now, also where it has never begun, and forgets the rest.
    pub(super) async fn show_anew(&self) -> Result<(), EngineError> {
        self.forget_idle();
        for (id, instance) in self.watched() {
            let _turn = instance.turn.acquire().await;
            instance.show(self.load(&id).await?.process.status());
        }
        Ok(())
    }

    /// Follows the streams of the kind without ever leading, until shutdown: for a process that only answers.
    pub async fn observe(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        let store = self.shop.bus.store().clone();
        let filter = Filter { kinds: vec![P::KIND.to_owned()] };
        let mut head = store.head();
        while !*shutdown.borrow() {
            let known = *head.borrow();
            let after = *held(&self.observed_until);
            let is_at_end = match store.read_on(after, PAGE_EVENTS_MAX, &filter).await {
                Ok(page) => match self.notice_all(&page.events).await {
                    Ok(()) => {
                        *held(&self.observed_until) = page.cursor();
                        page.next >= page.head
                    }
                    Err(error) => {
                        tracing::error!(kind = P::KIND, ?error, "a process cannot be followed, trying again");
                        false
                    }
                },
                Err(error @ StoreError::LogRewound { .. }) => {
                    tracing::error!(kind = P::KIND, %error, "what others did is gone: they are looked at anew");
                    if let Err(error) = Box::pin(self.observe_anew()).await {
                        tracing::error!(kind = P::KIND, ?error, "the processes cannot be looked at anew, trying again");
                    }
                    false
                }
                Err(error) => {
                    tracing::error!(kind = P::KIND, ?error, "the processes cannot be followed, trying again");
                    false
                }
            };
            let seen = *held(&self.observed_until);
            if is_at_end {
                tokio::select! {
                    biased;
                    () = told_to_stop(&mut shutdown) => return,
                    moved = head.wait_for(|head| *head > seen.position || *head < known) => if moved.is_err() { return },
                }
            } else if seen == after {
                pause(&mut shutdown).await;
            }
        }
    }

    async fn lead_in_turns(self: Arc<Self>, owner: Uuid, shutdown: watch::Receiver<bool>) {
        let lease = Lease::new(self.shop.bus.store().clone(), format!("process/{}", P::KIND), owner);
        while let Some(turn) = lease.wait(&shutdown).await {
            let stop = turn.stop();
            turn.hold(async {
                if self.take_over(stop.clone()).await {
                    self.clone().follow(stop).await;
                }
                self.leads.store(false, Ordering::Release);
            })
            .await;
            self.look_again(shutdown.clone()).await;
        }
    }

    /// Begins to lead: forgets what was at hand, since others have moved on, and finds what is under way. Returns false
    /// when it was told to stop before that.
    async fn take_over(self: &Arc<Self>, mut stop: watch::Receiver<bool>) -> bool {
        self.forget_all();
        self.leads.store(true, Ordering::Release);
        while !*stop.borrow() {
            match self.recover().await {
                Ok(()) => return true,
                Err(error) => {
                    tracing::error!(kind = P::KIND, ?error, "what is under way cannot be read, trying again");
                    pause(&mut stop).await;
                }
            }
        }
        false
    }

    async fn notice_all(self: &Arc<Self>, events: &[Arc<RecordedEvent>]) -> Result<(), EngineError> {
        for event in events {
            let (id, leads) = (&*event.stream.id, self.leads.load(Ordering::Acquire));
            let is_decision = event.event_type == "process.task_decided";
            if is_decision || matches!(&*event.event_type, "process.task_opened" | "process.task_withdrawn") {
                self.note(id, &record_of::<P>(event)?);
            }
            match leads {
                true if is_decision => self.catch_up_with(id).await?,
                true => {}
                false => self.show_move(id, event.sequence).await?,
            }
        }
        Ok(())
    }

    /// Where someone watches a process that another one moves: shows how it is doing now.
    async fn show_move(&self, id: &str, sequence: u64) -> Result<(), EngineError> {
        let Some(instance) = self.instance_at_hand(id) else { return Ok(()) };
        let _turn = instance.turn.acquire().await;
        if instance.status.receiver_count() == 0 {
            *instance.folded() = None;
        } else if instance.folded().as_ref().is_none_or(|folded| folded.version < sequence) {
            self.look_at(id, &instance).await?;
        }
        Ok(())
    }

    /// Reads how a process is doing and shows it. Whoever calls has its turn.
    pub(super) async fn look_at(&self, id: &str, instance: &Instance<P>) -> Result<(), EngineError> {
        let folded = self.load(id).await?;
        if folded.version > 0 {
            instance.show(folded.process.status());
            *instance.folded() = Some(folded);
        }
        Ok(())
    }

    /// What others did before this process knew that it leads no more was not taken in: nothing is at hand any longer, and
    /// what is watched is looked at until it could be read.
    async fn look_again(&self, mut shutdown: watch::Receiver<bool>) {
        self.each_instance(|instance| *instance.folded() = None);
        for (id, instance) in self.watched() {
            let _turn = instance.turn.acquire().await;
            while !*shutdown.borrow()
                && let Err(error) = self.look_at(&id, &instance).await
            {
                tracing::error!(kind = P::KIND, id, ?error, "a process cannot be looked at, trying again");
                pause(&mut shutdown).await;
            }
        }
    }

    /// Where another process has moved one on, by a decision of staff: takes it in and performs what it led to.
    async fn catch_up_with(self: &Arc<Self>, id: &str) -> Result<(), EngineError> {
        let instance = self.instance(id);
        {
            let _turn = instance.turn.acquire().await;
            // Also where it is at hand as new as this: a lost race may have read it, without what it now asks for.
            let folded = self.load(id).await?;
            self.note_all(id, &folded);
            instance.show(folded.process.status());
            *instance.folded() = Some(folded);
        }
        self.resume(id.to_owned()).await;
        Ok(())
    }

    pub(super) fn forget_all(&self) {
        self.begun.rounds.fetch_add(1, Ordering::AcqRel);
        held(&self.undelivered).clear();
        held(&self.timers).clear();
        *held(&self.open) = Default::default();
        self.each_instance(|instance| {
            instance.inbox().clear();
            instance.in_flight().clear();
            *instance.folded() = None;
        });
    }
}

fn record_of<P: Process>(event: &RecordedEvent) -> Result<Record<P::Input, P::Step>, EngineError> {
    serde_json::from_str(event.payload.get()).map_err(|error| EngineError::Store(error.into()))
}
