//! Joins events to the ones they stand under. Pure.

use std::collections::HashMap;

use event_store::{RecordedEvent, StreamId};
use serde::Deserialize;

use super::{Happening, Link};

#[derive(Deserialize)]
struct Metadata {
    causation_id: Option<String>,
}

/// Returns what an event says caused it, where it says anything.
pub(super) fn causation_of(event: &RecordedEvent) -> Option<String> {
    serde_json::from_str::<Metadata>(event.metadata.get()).ok()?.causation_id
}

/// Where an event stands, found in order of position.
#[derive(Default)]
struct Places {
    by_id: HashMap<String, usize>,
    by_request: HashMap<String, usize>,
    last_of_stream: HashMap<StreamId, usize>,
    last_of_name: HashMap<String, usize>,
}

impl Places {
    fn find(&self, event: &RecordedEvent, cause: Option<&str>) -> (Option<usize>, Link) {
        if let Some(cause) = cause {
            if let Some(parent) = self.by_id.get(cause) {
                return (Some(*parent), Link::Cause);
            }
            // Older commands of a process name its stream and not the event in which they were asked.
            if let Some(parent) = self.last_of_name.get(cause) {
                return (Some(*parent), Link::Cause);
            }
            if let Some(parent) = self.by_request.get(cause) {
                return (Some(*parent), Link::Request);
            }
        }
        match self.last_of_stream.get(&event.stream) {
            Some(parent) => (Some(*parent), Link::Stream),
            None => (None, Link::Beginning),
        }
    }

    fn note(&mut self, index: usize, event: &RecordedEvent, cause: Option<String>) {
        if let Some(cause) = cause.filter(|cause| !self.by_id.contains_key(cause)) {
            self.by_request.entry(cause).or_insert(index);
        }
        self.last_of_name.insert(event.stream.to_string(), index);
        self.last_of_stream.insert(event.stream.clone(), index);
    }
}

/// Joins events, given in order of position, to a tree, and returns it with every event before those that stand under it.
pub(super) fn linked(events: Vec<RecordedEvent>) -> Vec<Happening> {
    // A step may be performed while its asking is stored, so that its cause may stand behind it.
    let by_id = events.iter().enumerate().map(|(index, event)| (event.event_id.to_string(), index)).collect();
    let mut places = Places { by_id, ..Places::default() };
    let mut joined = Vec::with_capacity(events.len());
    let mut children = vec![Vec::new(); events.len()];
    for (index, event) in events.iter().enumerate() {
        let cause = causation_of(event);
        let (parent, link) = places.find(event, cause.as_deref());
        places.note(index, event, cause);
        if let Some(parent) = parent {
            children[parent].push(index);
        }
        joined.push((parent, link));
    }
    in_order(events, &joined, &children)
}

/// Puts every event behind the one it stands under.
fn in_order(events: Vec<RecordedEvent>, joined: &[(Option<usize>, Link)], children: &[Vec<usize>]) -> Vec<Happening> {
    let mut order: Vec<(usize, u32)> = Vec::with_capacity(events.len());
    let mut place = vec![None; events.len()];
    let beginnings = joined.iter().enumerate().filter(|(_, (parent, _))| parent.is_none());
    let mut left: Vec<(usize, u32)> = beginnings.map(|(index, _)| (index, 0)).rev().collect();
    while let Some((index, depth)) = left.pop() {
        place[index] = Some(order.len());
        order.push((index, depth));
        left.extend(children[index].iter().rev().map(|child| (*child, depth + 1)));
    }
    let happening = |&(index, depth): &(usize, u32)| {
        let (parent, link) = joined[index];
        let children = children[index].iter().filter_map(|child| place[*child]).collect();
        let parent = parent.and_then(|parent| place[parent]);
        Happening { event: events[index].clone(), parent, link, depth, children }
    };
    order.iter().map(happening).collect()
}
