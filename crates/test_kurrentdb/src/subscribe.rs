//! Subscriptions to `$all`: a confirmation, what is there, the notice of having caught up, what comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use futures_util::stream;
use tokio::sync::watch;
use tonic::Status;
use uuid::Uuid;

use crate::protocol::event_store::client::streams::ReadResp;
use crate::protocol::event_store::client::streams::read_req::options::AllOptions;
use crate::protocol::event_store::client::streams::read_req::options::all_options::AllOption;
use crate::protocol::event_store::client::streams::read_resp::{
    CaughtUp, Checkpoint, Content, Position, SubscriptionConfirmation,
};
use crate::read::{Wanted, event, index_of, response};
use crate::{Answers, Node};

/// After so many records that nobody wanted a checkpoint is sent.
const CHECKPOINT_EVERY: usize = 32;
/// The most messages made ahead of the client.
const MESSAGES_MAX: usize = 64;

struct Subscription {
    node: Arc<Node>,
    wanted: Wanted,
    grown: watch::Receiver<usize>,
    next: usize,
    unwanted: usize,
    is_live: bool,
    ready: VecDeque<ReadResp>,
}

/// Begins a subscription behind a place: the event at the position itself is not sent again.
pub(crate) fn subscribe(node: &Arc<Node>, from: &AllOptions, wanted: Wanted) -> Result<Answers<ReadResp>, Box<Status>> {
    let next = {
        let log = node.log();
        let index = index_of(&log, from)?;
        let is_there = matches!(from.all_option, Some(AllOption::Position(_))) && index < log.records().len();
        index + usize::from(is_there)
    };
    let number = node.subscriptions.fetch_add(1, Ordering::Relaxed);
    let confirmation = SubscriptionConfirmation { subscription_id: format!("{number}-{}", Uuid::new_v4()) };
    let ready = VecDeque::from([response(Content::Confirmation(confirmation))]);
    let (node, grown) = (Arc::clone(node), node.grown.subscribe());
    let subscription = Subscription { node, wanted, grown, next, unwanted: 0, is_live: false, ready };
    Ok(Box::pin(stream::unfold(subscription, async |mut subscription| {
        let message = subscription.next_message().await?;
        Some((Ok(message), subscription))
    })))
}

impl Subscription {
    async fn next_message(&mut self) -> Option<ReadResp> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Some(message);
            }
            self.grown.borrow_and_update();
            self.read_on();
            if self.ready.is_empty() {
                // The server is gone, and the connection with it: only then does a subscription end.
                self.grown.changed().await.ok()?;
            }
        }
    }

    fn read_on(&mut self) {
        let node = Arc::clone(&self.node);
        let log = node.log();
        while self.ready.len() < MESSAGES_MAX
            && let Some(record) = log.records().get(self.next)
        {
            self.next += 1;
            if self.wanted.has(record) {
                self.unwanted = 0;
                self.ready.push_back(event(record));
                continue;
            }
            self.unwanted += 1;
            if self.unwanted == CHECKPOINT_EVERY {
                self.unwanted = 0;
                self.ready.push_back(response(Content::Checkpoint(checkpoint(record.position))));
            }
        }
        let is_at_end = self.next == log.records().len();
        if is_at_end && !self.is_live {
            self.is_live = true;
            let last = log.records().last().map(|record| record.position);
            self.ready.extend(last.map(|position| response(Content::Checkpoint(checkpoint(position)))));
            let position = last.map(|position| Position { commit_position: position, prepare_position: position });
            let caught_up = CaughtUp { timestamp: Some(SystemTime::now().into()), stream_revision: None, position };
            self.ready.push_back(response(Content::CaughtUp(caught_up)));
        }
    }
}

fn checkpoint(position: u64) -> Checkpoint {
    let timestamp = Some(SystemTime::now().into());
    Checkpoint { commit_position: position, prepare_position: position, timestamp }
}
