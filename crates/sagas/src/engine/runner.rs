//! Runs all processes of one kind: moves them on, performs what they ask for, wakes them when their time comes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::Shop;
use app::actor::Actor;
use app::bus::{Cause, Request, metadata_text};
use domain::upcast;
use domain::values::{ShortText, TaskId, Timestamp};
use event_store::{AppendError, Commit, Cursor, NewEvent, PAGE_EVENTS_MAX, StreamId};
use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::advance::{Move, Noted};
use super::begun::Begun;
use super::instance::{Ask, Heard, Incoming, Instance, Moved};
use super::record::{Folded, ManualTask, Record, TaskDecision, read_record};
use super::{Process, Worker};

/// The most processes kept at hand; beyond it the idle ones are dropped.
const INSTANCES_MAX: usize = 5_000;
/// How long to wait before storing a move is tried again when the store fails.
const STORE_RETRY: Duration = Duration::from_millis(500);
/// How often a move is worked out anew because another worker moved the same process.
const MOVE_ATTEMPTS_MAX: u32 = 16;

/// Why the engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No open task of that id.
    #[error("there is no such open task")]
    TaskUnknown,
    /// Not one of the task's choices.
    #[error("choose one of {}", .0.join(", "))]
    ChoiceUnknown(Vec<String>),
    /// What is at hand was read from a log that an older copy may have taken over from: whoever leads begins anew.
    #[error("what is known of the process may be gone from the log")]
    Outlived,
    /// The store failed.
    #[error("the process cannot be stored right now")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A task that waits for a human, and what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTask {
    /// The kind of process.
    pub kind: &'static str,
    /// The process.
    pub process: String,
    /// The task.
    pub task: ManualTask,
}

/// How all processes of one kind are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunnerStatus {
    /// The kind.
    pub kind: &'static str,
    /// The position of the feed up to which everything was told.
    pub position: u64,
    /// Processes that are not over.
    pub open: usize,
    /// Tasks that wait for a human.
    pub tasks: usize,
}

/// Processes that are not over, by a position of the log before which they had not begun.
#[derive(Default)]
pub(super) struct Open {
    before: HashMap<String, u64>,
    /// How many of them there are at each position.
    pub(super) by_position: BTreeMap<u64, usize>,
}

impl Open {
    /// Notes that a process is open and began behind a position, unless it is known to be.
    pub(super) fn note(&mut self, id: &str, before: u64) {
        if !self.before.contains_key(id) {
            self.before.insert(id.to_owned(), before);
            *self.by_position.entry(before).or_default() += 1;
        }
    }

    fn forget(&mut self, id: &str) {
        let Some(before) = self.before.remove(id) else { return };
        if let Entry::Occupied(mut count) = self.by_position.entry(before) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// Runs all processes of one kind.
pub struct Runner<P: Process> {
    pub(super) shop: Shop,
    pub(super) worker: Arc<dyn Worker<P>>,
    instances: Mutex<HashMap<String, Arc<Instance<P>>>>,
    pub(super) open: Mutex<Open>,
    /// The positions that are told and not yet stored, each with the position of the feed before it.
    pub(super) undelivered: Mutex<BTreeMap<u64, u64>>,
    pub(super) tasks: Mutex<BTreeMap<TaskId, OpenTask>>,
    pub(super) timers: Mutex<BTreeSet<(Timestamp, String, String)>>,
    pub(super) timers_changed: Notify,
    drives: Mutex<JoinSet<()>>,
    pub(super) heard_until: watch::Sender<Cursor>,
    /// What the feed told up to here may have been told before the start.
    pub(super) began_at: AtomicU64,
    /// Whether this process moves them on; nobody else does where it was not told otherwise.
    pub(super) leads: AtomicBool,
    /// Up to here what others do was taken in.
    pub(super) observed_until: Mutex<Cursor>,
    pub(super) begun: Begun,
}

pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<P: Process> Runner<P> {
    /// Makes a runner; [`Runner::recover`] and [`Runner::follow`] set it going.
    pub fn new(shop: Shop, worker: Arc<dyn Worker<P>>) -> Arc<Self> {
        let begun = Begun::in_epoch(shop.bus.store().epoch());
        Arc::new(Self {
            shop,
            worker,
            instances: Mutex::default(),
            open: Mutex::default(),
            undelivered: Mutex::default(),
            tasks: Mutex::default(),
            timers: Mutex::default(),
            timers_changed: Notify::new(),
            drives: Mutex::default(),
            heard_until: watch::Sender::new(Cursor::default()),
            began_at: AtomicU64::new(u64::MAX),
            leads: AtomicBool::new(true),
            observed_until: Mutex::default(),
            begun,
        })
    }

    /// Watches what others may know of a process that begins only now.
    pub async fn watch_new(&self, id: &str) -> watch::Receiver<P::Status> {
        // What another process moves may have moved before it is watched here.
        if self.leads.load(Ordering::Acquire) { self.instance(id).status.subscribe() } else { self.watch(id).await }
    }

    /// Watches what others may know of a process, also of one that has not begun yet.
    pub async fn watch(&self, id: &str) -> watch::Receiver<P::Status> {
        let instance = self.instance(id);
        let receiver = instance.status.subscribe();
        let _turn = instance.turn.acquire().await;
        // What is shown may be old: nobody follows a process that another one moves while nobody watches it.
        if instance.folded().is_none()
            && let Err(error) = self.look_at(id, &instance).await
        {
            tracing::warn!(kind = P::KIND, id, ?error, "a process cannot be looked at, what is shown of it may be old");
        }
        receiver
    }

    /// Lists the tasks that wait for a human, the oldest id first.
    pub fn tasks(&self) -> Vec<OpenTask> {
        held(&self.tasks).values().cloned().collect()
    }

    /// Tells how the processes are doing.
    pub fn status(&self) -> RunnerStatus {
        RunnerStatus {
            kind: P::KIND,
            position: self.heard_until.borrow().position.0,
            open: held(&self.open).before.len(),
            tasks: held(&self.tasks).len(),
        }
    }

    /// Decides a task and lets its process go on.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such task or choice, or the store fails.
    pub async fn decide_task(
        self: &Arc<Self>,
        task: &TaskId,
        choice: &str,
        reason: ShortText,
        by: &Actor,
    ) -> Result<OpenTask, EngineError> {
        let found = held(&self.tasks).get(task).cloned().ok_or(EngineError::TaskUnknown)?;
        if !found.task.choices.iter().any(|known| known == choice) {
            return Err(EngineError::ChoiceUnknown(found.task.choices));
        }
        let decision = TaskDecision { choice: choice.to_owned(), reason, by: by.id().to_owned() };
        let incoming = Incoming::Decision { task: task.clone(), decision };
        let leads = self.leads.load(Ordering::Acquire);
        if !leads {
            // It may have moved on since it was last looked at.
            *self.instance(&found.process).folded() = None;
        }
        let moved = match self.advance(&found.process, vec![incoming]).await {
            Ok(moved) => moved,
            Err(error) => {
                if leads {
                    // It may be stored all the same: then what it asked for is still to be done.
                    self.spawn_resume(found.process);
                }
                return Err(error);
            }
        };
        // Whether it still shows says nothing: who follows the log may notice its opening only now.
        held(&self.tasks).remove(task);
        if !moved.has_decided {
            // Someone else had decided it before: nothing was stored.
            return Err(EngineError::TaskUnknown);
        }
        if leads {
            self.spawn_drive(found.process.clone(), moved);
        }
        Ok(found)
    }

    /// Waits until nothing is being performed. New work may come right after.
    pub async fn settle(&self) {
        loop {
            let next = {
                let mut drives = held(&self.drives);
                if drives.is_empty() {
                    return;
                }
                std::mem::take(&mut *drives)
            };
            next.join_all().await;
        }
    }

    /// Puts something the feed tells into a process's inbox and lets the process go on. `before` is where the feed was.
    pub(super) fn tell(self: &Arc<Self>, id: String, heard: Heard<P::Input>, before: u64) {
        held(&self.undelivered).insert(heard.position, before);
        self.instance(&id).inbox().push_back(heard);
        self.spawn_drive(id, Moved::default());
    }

    /// Lets a process go on in the background: performs asks, moves on with the answers, until it waits.
    pub(super) fn spawn_drive(self: &Arc<Self>, id: String, moved: Moved<P>) {
        let runner = self.clone();
        let mut drives = held(&self.drives);
        while drives.try_join_next().is_some() {}
        drives.spawn(async move { runner.drive(&id, moved).await });
    }

    pub(super) async fn resume(self: &Arc<Self>, id: String) {
        match self.advance(&id, vec![Incoming::Resume]).await {
            Ok(moved) => self.spawn_drive(id, moved),
            Err(EngineError::Outlived) => {}
            Err(error) => {
                tracing::error!(kind = P::KIND, id, ?error, "a process cannot be resumed, trying again");
                self.spawn_resume(id);
            }
        }
    }

    /// Resumes a process in the background, once the store may be there again.
    pub(super) fn spawn_resume(self: &Arc<Self>, id: String) {
        let runner = self.clone();
        held(&self.drives).spawn(async move {
            tokio::time::sleep(STORE_RETRY).await;
            runner.move_on(&id, vec![Incoming::Resume]).await;
        });
    }

    async fn drive(self: &Arc<Self>, id: &str, moved: Moved<P>) {
        let answers = self.perform_rest(id, moved).await;
        self.move_on(id, answers).await;
    }

    async fn move_on(self: &Arc<Self>, id: &str, mut answers: Vec<Incoming<P>>) {
        loop {
            match self.advance(id, answers).await {
                Ok(moved) if moved.is_at_rest() => return,
                Ok(moved) => answers = self.perform_rest(id, moved).await,
                // Whoever begins anew lets it go on from what there is.
                Err(EngineError::Outlived) => return,
                Err(error) => {
                    // Nothing was stored: the asks stand, so performing them again is what a restart would do too.
                    tracing::error!(kind = P::KIND, id, ?error, "a process cannot be moved on, trying again");
                    tokio::time::sleep(STORE_RETRY).await;
                    answers = vec![Incoming::Resume];
                }
            }
        }
    }

    /// Performs what a move left to do and adds it to what was performed with it.
    async fn perform_rest(&self, id: &str, moved: Moved<P>) -> Vec<Incoming<P>> {
        let Moved { correlation, asks, mut answers, .. } = moved;
        answers.extend(self.perform_all(id, correlation.as_deref(), asks).await);
        answers
    }

    async fn perform_all(&self, id: &str, correlation: Option<&str>, asks: Vec<Ask<P::Step>>) -> Vec<Incoming<P>> {
        let correlation = correlation.unwrap_or(id);
        let performed = asks.into_iter().map(|Ask { key, step, asked }| {
            let cause = Cause::of(format!("{}/{id}/{key}", P::KIND), correlation).because_of(asked);
            let request = Request::new(Actor::system(P::KIND), cause);
            async move {
                let answer = self.worker.perform(id, &step, &request).await;
                if let Err(error) = &answer {
                    tracing::warn!(kind = P::KIND, id, key, %error, "an ask got no answer");
                }
                Incoming::Answer { key, answer }
            }
        });
        join_all(performed).await
    }

    /// Moves a process on by its inbox and by what else came in, stores the move, and returns what is asked now. What may
    /// begin early is performed meanwhile.
    pub(super) async fn advance(&self, id: &str, incoming: Vec<Incoming<P>>) -> Result<Moved<P>, EngineError> {
        let instance = self.instance(id);
        // The semaphore is never closed, so the turn always comes.
        let _turn = instance.turn.acquire().await;
        for item in &incoming {
            if let Incoming::Answer { key, .. } = item {
                instance.in_flight().remove(key);
            }
        }
        for attempt in 0..MOVE_ATTEMPTS_MAX {
            // Before anything is taken from what is at hand.
            let (round, epoch) = (self.begun.rounds.load(Ordering::Acquire), self.epoch_at_hand());
            let heard: Vec<_> = instance.inbox().iter().cloned().collect();
            let cached = instance.folded().take();
            // What begins a process is taken to be told for the first time; the store finds out when it is not.
            let seems_new = cached.is_none() && attempt == 0 && heard.iter().any(|heard| P::begins(&heard.input));
            let folded = match cached {
                Some(folded) => folded,
                None if seems_new => Folded::default(),
                None => self.load_and_note(id).await?,
            };
            let expected = folded.version;
            let was_overtaken = attempt > 0 && !seems_new && self.leads.load(Ordering::Acquire);
            let mut step = Move::of(id, folded, self.shop.clock.now(), self.shop.ids.clone());
            heard.iter().for_each(|heard| step.hear(heard));
            incoming.iter().for_each(|item| step.take(item.clone()));
            if was_overtaken {
                // Whoever was faster may be gone before it does what its move asked for.
                step.take(Incoming::Resume);
            }
            step.asks.retain(|ask| !instance.in_flight().contains(&ask.key));
            if seems_new && step.records.is_empty() {
                continue;
            }
            self.tell_early(&instance, &step.folded.process);
            let is_known = self.is_known(seems_new, &heard);
            let asks = step.asks.iter().cloned();
            let (early, asks): (Vec<_>, Vec<_>) = asks.partition(|ask| is_known && P::may_begin_early(&ask.step));
            let performed = self.perform_all(id, step.folded.correlation.as_deref(), early);
            let (stored, answers) = tokio::join!(self.store(id, (expected, epoch), &step), performed);
            if stored? {
                let correlation = step.folded.correlation.clone();
                let is_decision = |noted: &Noted<P>| matches!(noted.record, Record::TaskDecided { .. });
                let has_decided = step.records.iter().any(is_decision);
                self.finish_move(id, (&instance, round), step, heard);
                return Ok(Moved { correlation, asks, answers, has_decided });
            }
        }
        Err(EngineError::Store("others move this process all the time".into()))
    }

    /// Returns whether a process is surely where it seems to be, before the store has said so: nobody else moves it, and
    /// what it hears for the first time was not told before the start.
    fn is_known(&self, seems_new: bool, heard: &[Heard<P::Input>]) -> bool {
        let began_at = self.began_at.load(Ordering::Relaxed);
        let is_news = || heard.iter().all(|heard| heard.position > began_at);
        !self.shop.bus.store().has_other_writers() && (!seems_new || is_news())
    }

    fn tell_early(&self, instance: &Instance<P>, process: &P) {
        let status = process.status();
        if P::may_tell_early(&status) {
            instance.show(status);
        }
    }

    /// Stores a move's records, which were worked out at a version and from what was read in an epoch of the log. Returns false
    /// when another worker was faster.
    async fn store(&self, id: &str, (expected, epoch): (u64, u64), step: &Move<P>) -> Result<bool, EngineError> {
        if step.records.is_empty() {
            return self.confirm(step).await.map(|()| true);
        }
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| EngineError::Store(error);
        let correlation = step.folded.correlation.as_deref().unwrap_or(id);
        let (actor, command) = (Actor::system(P::KIND), Cause::of(format!("{}/{id}/{expected}", P::KIND), correlation));
        let mut events = Vec::with_capacity(step.records.len());
        for Noted { event_id, cause, record } in &step.records {
            let cause = Cause { causation: cause.clone(), ..command.clone() };
            events.push(NewEvent {
                event_id: *event_id,
                event_type: record.event_type().to_owned(),
                event_version: upcast::version_of(P::UPCASTERS, record.event_type()).to_string(),
                payload: serde_json::value::to_raw_value(record).map_err(|error| failed(error.into()))?,
                metadata: metadata_text(&actor, &cause).map_err(|error| failed(error.into()))?,
            });
        }
        let (stream, recorded_at) = (StreamId::new(P::KIND, id), self.shop.clock.now().micros());
        let commit = Commit { stream, expected, events, command: None, recorded_at, epoch: Some(epoch) };
        // An end of the log that is known before the commit lies before all of it, on every backend.
        let before = self.shop.bus.store().head().borrow().0;
        match self.shop.bus.store().append(commit).await {
            Ok(_) => {
                held(&self.open).note(id, before);
                Ok(true)
            }
            Err(AppendError::WrongVersion { .. }) => Ok(false),
            Err(AppendError::EpochOver { .. }) if self.leads.load(Ordering::Acquire) => Err(self.begun.outlive()),
            Err(AppendError::EpochOver { .. }) => Ok(false),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// After a move is stored: keeps the process at hand, notes timers and tasks, shows the status.
    fn finish_move(
        &self,
        id: &str,
        (instance, round): (&Instance<P>, u64),
        step: Move<P>,
        heard: Vec<Heard<P::Input>>,
    ) {
        let Move { mut folded, records, asks, .. } = step;
        // What was forgotten meanwhile stays so.
        let is_at_hand = self.begun.rounds.load(Ordering::Acquire) == round;
        if is_at_hand {
            instance.inbox().drain(..heard.len());
            let mut undelivered = held(&self.undelivered);
            heard.iter().for_each(|heard| _ = undelivered.remove(&heard.position));
        }
        if !records.is_empty() {
            folded.read = None;
        }
        records.iter().for_each(|noted| self.note(id, &noted.record));
        if folded.is_over() {
            held(&self.open).forget(id);
        }
        let status = folded.process.status();
        *instance.folded() = (is_at_hand && !folded.is_over()).then_some(folded);
        instance.show(status);
        instance.in_flight().extend(asks.into_iter().map(|ask| ask.key));
    }

    /// Reads a process that is not at hand, and notes what it waits for: a move that was stored without an answer, or by
    /// another worker, may have set a timer that nobody here knows of.
    async fn load_and_note(&self, id: &str) -> Result<Folded<P>, EngineError> {
        let folded = self.load(id).await?;
        self.note_all(id, &folded);
        Ok(folded)
    }

    pub(super) async fn load(&self, id: &str) -> Result<Folded<P>, EngineError> {
        let stream = StreamId::new(P::KIND, id);
        let mut folded = Folded::<P>::default();
        loop {
            let page = self.shop.bus.store().read_stream(&stream, folded.version, PAGE_EVENTS_MAX).await;
            let page = page.map_err(|error| EngineError::Store(error.into()))?;
            for event in &page {
                let record = read_record::<P>(event);
                folded.apply(&record.map_err(|error| EngineError::Store(error.into()))?, event.event_id);
                folded.read = Some(Cursor::of(event));
            }
            if page.len() < PAGE_EVENTS_MAX {
                return Ok(folded);
            }
        }
    }

    pub(super) fn instance_at_hand(&self, id: &str) -> Option<Arc<Instance<P>>> {
        held(&self.instances).get(id).cloned()
    }

    /// The processes at hand that someone watches.
    pub(super) fn watched(&self) -> Vec<(String, Arc<Instance<P>>)> {
        let instances = held(&self.instances);
        let watched = instances.iter().filter(|(_, instance)| instance.status.receiver_count() > 0);
        watched.map(|(id, instance)| (id.clone(), instance.clone())).collect()
    }

    pub(super) fn each_instance(&self, change: impl Fn(&Instance<P>)) {
        held(&self.instances).values().for_each(|instance| change(instance));
    }

    pub(super) fn forget_idle(&self) {
        drop_idle(&mut held(&self.instances));
    }

    pub(super) fn instance(&self, id: &str) -> Arc<Instance<P>> {
        let mut instances = held(&self.instances);
        if let Some(instance) = instances.get(id) {
            return instance.clone();
        }
        if instances.len() >= INSTANCES_MAX {
            drop_idle(&mut instances);
        }
        let instance = Arc::new(Instance::default());
        instances.insert(id.to_owned(), instance.clone());
        instance
    }
}

fn drop_idle<P: Process>(instances: &mut HashMap<String, Arc<Instance<P>>>) {
    instances.retain(|_, instance| Arc::strong_count(instance) > 1 || !instance.is_idle());
}
