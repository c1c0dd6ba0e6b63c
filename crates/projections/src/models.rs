//! The read models of a shop: where they stand, waiting for them, and the store that answers questions.

use std::sync::Arc;
use std::time::Duration;

use event_store::Position;
use tokio::sync::{Notify, watch};

use crate::projection::Projection;
use crate::rows::ReadStore;

/// How a projection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProjectionState {
    /// It follows the end of the log.
    Live,
    /// It is on its way to the end of the log.
    CatchingUp,
    /// A new generation is being built; the old one serves.
    Rebuilding,
    /// It met an event that it cannot fold, or tables newer than this program, and stands still.
    Stalled,
}

impl ProjectionState {
    /// Returns the state as clients read it.
    pub fn name(self) -> &'static str {
        match self {
            ProjectionState::Live => "LIVE",
            ProjectionState::CatchingUp => "CATCHING_UP",
            ProjectionState::Rebuilding => "REBUILDING",
            ProjectionState::Stalled => "STALLED",
        }
    }
}

/// Where a projection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: &'static str,
    /// What queries see holds every event up to here.
    pub position: Position,
    /// What queries see has not changed since here: for whoever keeps answers at hand.
    pub changed: Position,
    /// The epoch of the log in which this was found: in another one the same positions may mean other events.
    pub epoch: u64,
    /// The end of the log when it was last looked at.
    pub head: Position,
    /// How it is doing.
    pub state: ProjectionState,
    /// How far the generation being built is, while one is.
    pub building: Option<Position>,
}

/// The read models of a shop. A clone shows the same.
#[derive(Clone)]
pub struct ReadModels {
    pub(crate) store: ReadStore,
    pub(crate) projections: Arc<[Arc<dyn Projection>]>,
    board: Arc<watch::Sender<Vec<ProjectionStatus>>>,
    /// Counts the generations that took over, to wake a projection that stands still.
    switched: Arc<watch::Sender<u64>>,
    /// Told by whoever waits for a position.
    wanted: Arc<Notify>,
}

impl ReadModels {
    pub(crate) fn new(store: ReadStore, projections: Vec<Arc<dyn Projection>>) -> Self {
        let status = |projection: &Arc<dyn Projection>| ProjectionStatus {
            name: projection.name(),
            position: Position(0),
            changed: Position(0),
            epoch: 0,
            head: Position(0),
            state: ProjectionState::CatchingUp,
            building: None,
        };
        let board = watch::Sender::new(projections.iter().map(status).collect());
        let (switched, wanted) = (watch::Sender::new(0), Arc::default());
        Self { store, projections: projections.into(), board: Arc::new(board), switched: Arc::new(switched), wanted }
    }

    /// Returns the store, to ask questions of.
    pub fn store(&self) -> &ReadStore {
        &self.store
    }

    /// Returns the same read models for questions whose answer may lag behind, see [`ReadStore::that_may_lag`].
    #[must_use]
    pub fn that_may_lag(&self) -> Self {
        Self { store: self.store.that_may_lag(), ..self.clone() }
    }

    /// Returns where every projection stands.
    pub fn status(&self) -> Vec<ProjectionStatus> {
        self.board.borrow().clone()
    }

    /// Returns a watch on where every projection stands.
    pub fn watch(&self) -> watch::Receiver<Vec<ProjectionStatus>> {
        self.board.subscribe()
    }

    /// Returns where one projection stands, if there is one of that name.
    pub fn status_of(&self, name: &str) -> Option<ProjectionStatus> {
        self.board.borrow().iter().find(|status| status.name == name).copied()
    }

    /// Waits until projections have reached a position, at most so long. Returns whether they have; false at once for a
    /// name that is not known and for a projection that stands still before the position.
    pub async fn wait_for(&self, position: Position, names: &[&str], timeout: Duration) -> bool {
        let mut board = self.board.subscribe();
        if reached(&board.borrow(), position, names).is_none() {
            self.wanted.notify_one();
        }
        let settled = board.wait_for(|all| reached(all, position, names).is_some());
        match tokio::time::timeout(timeout, settled).await {
            Ok(Ok(all)) => reached(&all, position, names) == Some(true),
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// Waits until someone waits for a position.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    pub(crate) fn projection(&self, name: &str) -> Option<Arc<dyn Projection>> {
        self.projections.iter().find(|projection| projection.name() == name).cloned()
    }

    pub(crate) fn update(&self, name: &str, change: impl FnOnce(&mut ProjectionStatus)) {
        self.board.send_if_modified(|all| {
            let Some(status) = all.iter_mut().find(|status| status.name == name) else {
                return false;
            };
            let before = *status;
            change(status);
            before != *status
        });
    }

    pub(crate) fn announce_switch(&self) {
        self.switched.send_modify(|count| *count += 1);
    }

    pub(crate) fn switches(&self) -> watch::Receiver<u64> {
        self.switched.subscribe()
    }
}

/// None while it is worth waiting.
fn reached(all: &[ProjectionStatus], position: Position, names: &[&str]) -> Option<bool> {
    let mut everything = true;
    for name in names {
        match all.iter().find(|status| status.name == *name) {
            Some(status) if status.position >= position => {}
            Some(status) if status.state == ProjectionState::Stalled => return Some(false),
            Some(_) => everything = false,
            None => return Some(false),
        }
    }
    everything.then_some(true)
}
