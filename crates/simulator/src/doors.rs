//! The doors of the shop: which processes answer just now. A buyer's request goes to one of them, as through a load balancer.

use std::sync::{Arc, Mutex};

use axum::Router;
use sagas::Processes;

use crate::fate::Fate;
use crate::world::held;

/// A process that answers.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) process: u64,
    pub(crate) fate: Arc<Fate>,
    pub(crate) router: Router,
    pub(crate) processes: Arc<Processes>,
}

#[derive(Default)]
pub(crate) struct Doors(Mutex<Vec<Door>>);

impl Doors {
    pub(crate) fn open(&self, door: Door) {
        held(&self.0).push(door);
    }

    pub(crate) fn close(&self, process: u64) {
        held(&self.0).retain(|door| door.process != process);
    }

    /// Returns one of those that are open.
    pub(crate) fn any(&self, chance: u64) -> Option<Door> {
        let doors = held(&self.0);
        let index = usize::try_from(chance.checked_rem(doors.len() as u64)?).unwrap_or(0);
        doors.get(index).cloned()
    }
}
