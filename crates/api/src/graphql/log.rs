//! The log as auditors read it and as subscriptions follow it.

use std::collections::VecDeque;
use std::time::Duration;

use app::Shop;
use app::error::AppError;
use app::log::{Cursor, RecordedEvent};
use async_graphql::{ID, Value};
use domain::values::Timestamp;
use futures_util::Stream;
use futures_util::stream;
use serde::Deserialize;
use uuid::Uuid;

use super::audit::types::Event;
use super::scalars::{DateTime, Json, Position};

/// The most events looked at in one read.
const READ_EVENTS_MAX: usize = 1_000;
/// The log is looked at this often although nothing said that it has grown.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Some events, and where to read on.
pub(crate) struct LogPage {
    pub(crate) events: Vec<Event>,
    pub(crate) next: Position,
    /// The event at `next`.
    next_event: Option<Uuid>,
    pub(crate) head: Position,
}

/// What an event says about itself.
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    actor_kind: String,
    #[serde(default)]
    actor_id: String,
    #[serde(default)]
    correlation_id: String,
    causation_id: Option<String>,
    #[serde(default)]
    command_id: String,
}

/// Reads what the log holds after a position and is wanted: at most `limit` events of one look.
///
/// # Errors
/// [`AppError`] when the log fails or holds what is no JSON.
pub(crate) async fn read_log(
    shop: &Shop,
    after: Position,
    limit: usize,
    is_wanted: &(impl Fn(&Event) -> bool + Sync),
) -> Result<LogPage, AppError> {
    read_on(shop, (after, None), limit, is_wanted).await
}

/// Reads on as [`read_log`] does, for whoever saw which event stands at the position.
async fn read_on(
    shop: &Shop,
    (after, seen): (Position, Option<Uuid>),
    limit: usize,
    is_wanted: &(impl Fn(&Event) -> bool + Sync),
) -> Result<LogPage, AppError> {
    let after = Cursor { position: app::as_of::Position(after.0), event: seen };
    let page = shop.bus.store().read_on(after, READ_EVENTS_MAX, &Default::default()).await?;
    let (next, head) = (Position(page.next.0), Position(page.head.0));
    let mut found = LogPage { events: Vec::new(), next, next_event: page.next_event, head };
    for recorded in page.events {
        let event = described(&recorded)?;
        if !is_wanted(&event) {
            continue;
        }
        let position = event.position;
        found.events.push(with_data(event, &recorded)?);
        if found.events.len() == limit {
            (found.next, found.next_event) = (position, Some(recorded.event_id));
            break;
        }
    }
    Ok(found)
}

/// Reads the events of one stream behind a position, of these types or of any: at most `limit`, and whether there are
/// more. `None` where no stream has this name.
///
/// # Errors
/// [`AppError`] when the log fails or holds what is no JSON.
pub(crate) async fn read_stream(
    shop: &Shop,
    stream: &str,
    after: Position,
    limit: usize,
    types: &[String],
) -> Result<Option<(Vec<Event>, bool)>, AppError> {
    let is_wanted = |event: &RecordedEvent| types.is_empty() || types.contains(&event.event_type);
    let page = app::log::stream_behind(shop, stream, after.0, limit, is_wanted).await?;
    let Some((found, has_more)) = page else { return Ok(None) };
    Ok(Some((found.iter().map(shown).collect::<Result<_, _>>()?, has_more)))
}

/// Shows an event with its data.
///
/// # Errors
/// [`AppError`] when it is no JSON.
pub(crate) fn shown(recorded: &RecordedEvent) -> Result<Event, AppError> {
    with_data(described(recorded)?, recorded)
}

/// Describes an event, without its data.
fn described(recorded: &RecordedEvent) -> Result<Event, AppError> {
    let metadata: Metadata = serde_json::from_str(recorded.metadata.get()).map_err(AppError::broken)?;
    Ok(Event {
        id: ID(recorded.event_id.to_string()),
        position: Position(recorded.position.0),
        stream: recorded.stream.to_string(),
        stream_kind: recorded.stream.kind.to_string(),
        stream_id: ID(recorded.stream.id.to_string()),
        version: recorded.sequence,
        event_type: recorded.event_type.clone(),
        schema_version: recorded.event_version.clone(),
        time: DateTime(Timestamp::from_micros(recorded.recorded_at)),
        actor_kind: metadata.actor_kind,
        actor_id: metadata.actor_id,
        correlation_id: metadata.correlation_id,
        causation_id: metadata.causation_id,
        command_id: metadata.command_id,
        reason: None,
        data: Json(Value::Null),
    })
}

fn with_data(event: Event, recorded: &RecordedEvent) -> Result<Event, AppError> {
    let data: Value = serde_json::from_str(recorded.payload.get()).map_err(AppError::broken)?;
    Ok(Event { reason: reason_of(&data), data: Json(data), ..event })
}

/// Finds the reason in an event's data, which is one object under the event's name.
fn reason_of(data: &Value) -> Option<String> {
    let Value::Object(named) = data else { return None };
    match named.values().next()? {
        Value::Object(fields) => match fields.get("reason")? {
            Value::String(reason) => Some(reason.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Follows the log after a position, for ever; ends after the first failure: with `LOG_REWOUND` where what was read last is
/// gone.
pub(crate) fn follow(
    shop: Shop,
    after: Position,
    is_wanted: impl Fn(&Event) -> bool + Send + Sync + 'static,
) -> impl Stream<Item = Result<Event, AppError>> + Send {
    let head = shop.bus.store().head();
    let begin = Some((shop, head, (after, None), VecDeque::new()));
    let is_wanted = std::sync::Arc::new(is_wanted);
    stream::unfold(begin, move |state| {
        let is_wanted = is_wanted.clone();
        async move {
            let (shop, mut head, mut after, mut ready) = state?;
            loop {
                if let Some(event) = ready.pop_front() {
                    return Some((Ok(event), Some((shop, head, after, ready))));
                }
                head.mark_unchanged();
                match read_on(&shop, after, READ_EVENTS_MAX, &*is_wanted).await {
                    Ok(page) => {
                        let is_at_end = page.next >= page.head;
                        after = (page.next, page.next_event);
                        ready.extend(page.events);
                        if is_at_end && ready.is_empty() {
                            // Either the log has grown or it is looked at anyway.
                            let _either = tokio::time::timeout(LOOK_AGAIN, head.changed()).await;
                        }
                    }
                    Err(error) => return Some((Err(error), None)),
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use app::ShopSettings;
    use app::clock::ManualClock;
    use app::ids::CountingIds;
    use app::invoicing::InvoicingSettings;
    use app::stock::ShortfallSettings;
    use event_store::memory::MemoryStore;
    use event_store::{Commit, EventStore, NewEvent, StreamId};
    use futures_util::StreamExt;
    use serde_json::value::RawValue;

    use super::*;

    fn shop(store: Arc<MemoryStore>) -> Shop {
        let settings = ShopSettings {
            locations: Vec::new(),
            shipping: Vec::new(),
            reservation_seconds: 900,
            payment_seconds: 1_800,
            shortfall: ShortfallSettings::default(),
            invoicing: InvoicingSettings::of_demo(),
        };
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_micros(0)));
        Shop::new(store, clock, Arc::new(CountingIds::default()), settings)
    }

    async fn happen(store: &MemoryStore, stream: &str) {
        let json = |text: &str| RawValue::from_string(text.to_owned()).expect("it is JSON");
        let event = NewEvent {
            event_id: Uuid::now_v7(),
            event_type: "test.happened".to_owned(),
            event_version: "1".to_owned(),
            payload: json(r#"{"test.happened":{}}"#),
            metadata: json("{}"),
        };
        let stream = StreamId::new("test", stream);
        let commit = Commit { stream, expected: 0, events: vec![event], command: None, recorded_at: 0, epoch: None };
        store.append(commit).await.expect("the log in memory takes it");
    }

    #[tokio::test]
    async fn who_follows_what_is_gone_is_told() {
        let store = Arc::new(MemoryStore::new());
        happen(&store, "kept").await;
        happen(&store, "gone").await;
        let mut followed = Box::pin(follow(shop(store.clone()), Position(0), |_| true));
        for _ in 0..2 {
            followed.next().await.expect("it goes on").expect("it is there");
        }
        store.rewind_to(event_store::Position(1));
        happen(&store, "other").await;
        let told = followed.next().await.expect("it is told").expect_err("what it saw last is gone");
        assert_eq!(told.code(), Some("LOG_REWOUND"));
        assert!(followed.next().await.is_none(), "it ends");
    }
}
