//! Keeps the head watch up with the commits of all processes, by a subscription to `$all` that is begun again when it
//! breaks off, which the client leaves to us.

use std::sync::Arc;
use std::time::Duration;

use event_store::Position;
use eventstore::{Error, StreamPosition, SubscribeToAllOptions, SubscriptionEvent};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::connection::Connection;
use crate::envelope;
use crate::names::Names;
use crate::reader;

/// How long to wait before the first attempt to subscribe again; each further one twice as long.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest wait between two attempts.
const PAUSE_LONGEST: Duration = Duration::from_secs(5);

/// Raises the head to `position`; it never goes back.
pub(crate) fn raise(head: &watch::Sender<Position>, position: Position) {
    head.send_if_modified(|known| {
        let grown = position > *known;
        if grown {
            *known = position;
        }
        grown
    });
}

/// Follows the log for ever; the store aborts it.
pub(crate) async fn follow(connection: Arc<Connection>, names: Names, head: Arc<watch::Sender<Position>>) {
    // Where the subscription has come: beyond the last event of ours where checkpoints say so.
    let mut reached = head.borrow().0;
    let mut pause = PAUSE;
    loop {
        let (number, client) = connection.client();
        let from = match reached {
            0 => StreamPosition::Start,
            commit => StreamPosition::Position(eventstore::Position { commit, prepare: commit }),
        };
        let options = SubscribeToAllOptions::default().position(from).filter(reader::filter(&names, &[]));
        let mut subscription = client.subscribe_to_all(&options).await;
        let error = loop {
            match subscription.next_subscription_event().await {
                Ok(event) => {
                    pause = PAUSE;
                    reached = hear(&event, &head).map_or(reached, |position| reached.max(position));
                }
                Err(error) => break error,
            }
        };
        connection.renew(number, &error);
        report(&error);
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_LONGEST);
    }
}

/// Takes in what a subscription tells. Returns the position to go on from.
fn hear(event: &SubscriptionEvent, head: &watch::Sender<Position>) -> Option<u64> {
    match event {
        SubscriptionEvent::EventAppeared(event) => match envelope::position(event.get_original_event()) {
            Ok(position) => {
                raise(head, position);
                Some(position.0)
            }
            Err(error) => {
                tracing::error!(%error, "an event of the log is not as we write them");
                None
            }
        },
        SubscriptionEvent::Checkpoint(position) => Some(position.commit),
        SubscriptionEvent::Confirmed(_)
        | SubscriptionEvent::FirstStreamPosition(_)
        | SubscriptionEvent::LastStreamPosition(_)
        | SubscriptionEvent::LastAllPosition(_)
        | SubscriptionEvent::CaughtUp(_)
        | SubscriptionEvent::FellBehind(_) => None,
    }
}

fn report(error: &Error) {
    tracing::warn!(%error, "the subscription to KurrentDB broke off and is begun again");
}
