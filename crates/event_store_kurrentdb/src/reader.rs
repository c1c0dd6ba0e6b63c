//! Reads: one stream, the whole log, its end. Always from the leader, which has every acknowledged event.

use std::sync::Arc;

use event_store::{Page, Position, RecordedEvent, StoreError, StreamId, checks};
use eventstore::{Client, Error, ReadAllOptions, ReadStream, ReadStreamOptions, StreamPosition, SubscriptionFilter};

use crate::connection::{Connection, is_invalid};
use crate::envelope;
use crate::names::Names;

/// The last revision the server can count to.
const REVISION_MAX: u64 = i64::MAX.cast_unsigned();

/// Reads a stream's stored events from a revision on, at most `limit`; none where there is no such stream.
pub(crate) async fn stored(
    connection: &Connection,
    name: &str,
    from: StreamPosition<u64>,
    limit: usize,
) -> Result<Vec<eventstore::RecordedEvent>, StoreError> {
    let options = ReadStreamOptions::default().position(from).max_count(limit).requires_leader(true);
    let read = |client: Client| {
        let (name, options) = (name.to_owned(), options.clone());
        async move {
            match collect(client.read_stream(name, &options).await).await {
                Err(Error::ResourceNotFound) => Ok(Vec::new()),
                found => found,
            }
        }
    };
    connection.read(read).await
}

/// Takes in all that a read answers.
async fn collect(reading: Result<ReadStream, Error>) -> Result<Vec<eventstore::RecordedEvent>, Error> {
    let (mut reading, mut events) = (reading?, Vec::new());
    while let Some(event) = reading.next().await? {
        events.extend(event.event);
    }
    Ok(events)
}

async fn read_all(client: Client, options: ReadAllOptions) -> Result<Vec<eventstore::RecordedEvent>, Error> {
    collect(client.read_all(&options).await).await
}

/// Reads a stream's events with `sequence > after`, at most `limit`.
pub(crate) async fn read_stream(
    connection: &Connection,
    names: &Names,
    stream: &StreamId,
    (after, limit): (u64, usize),
) -> Result<Vec<RecordedEvent>, StoreError> {
    let limit = checks::to_limit(limit);
    if limit == 0 || after > REVISION_MAX {
        return Ok(Vec::new());
    }
    // Revisions count from 0, sequences from 1.
    let found = stored(connection, &names.stream(stream), StreamPosition::Position(after), limit).await?;
    let events = found.iter().map(|event| envelope::unwrap(names, event)).collect::<Result<Vec<_>, _>>()?;
    checks::check_stream(stream, after, &events)?;
    Ok(events)
}

/// Returns the position of the log's last event.
pub(crate) async fn head(connection: &Connection, names: &Names) -> Result<Position, StoreError> {
    let options = ReadAllOptions::default().position(StreamPosition::End).max_count(1);
    let options = options.filter(filter(names, &[])).requires_leader(true);
    let last = connection.read(|client| read_all(client, options.clone())).await?;
    last.first().map_or(Ok(Position(0)), envelope::position)
}

/// Reads the events of some kinds after a position, at most `limit` of them. The position must be one of an event, or 0.
pub(crate) async fn read_after(
    connection: &Connection,
    names: &Names,
    kinds: &[String],
    (after, limit): (Position, usize),
) -> Result<Vec<Arc<RecordedEvent>>, StoreError> {
    let from = match after.0 {
        0 => StreamPosition::Start,
        commit => StreamPosition::Position(eventstore::Position { commit, prepare: commit }),
    };
    // The event at the position itself comes first, where it is wanted.
    let options = ReadAllOptions::default().position(from).max_count(limit.saturating_add(1));
    let options = options.filter(filter(names, kinds)).requires_leader(true);
    let found =
        connection.call(|client| read_all(client, options.clone())).await.map_err(|failed| {
            match is_invalid(&failed.error) {
                true => StoreError::UnknownPosition(after),
                false => StoreError::Unavailable(failed.error.into()),
            }
        })?;
    let mut events = Vec::with_capacity(found.len());
    for event in &found {
        if events.len() < limit && envelope::position(event)? > after {
            events.push(Arc::new(envelope::unwrap(names, event)?));
        }
    }
    Ok(events)
}

/// Reads a page. `known` is an end of the log that was known before: whoever reads to the end after that has seen it.
pub(crate) async fn read_page(
    connection: &Connection,
    names: &Names,
    kinds: &[String],
    (after, limit, mut known): (Position, usize, Position),
) -> Result<Page, StoreError> {
    let limit = checks::to_limit(limit);
    if after > known {
        // Another process may have told of it; the server must not be asked to read where nothing is.
        known = head(connection, names).await?;
    }
    if limit == 0 || after > known {
        return Ok(Page { events: Vec::new(), next: after, next_event: None, head: known });
    }
    let events = read_after(connection, names, kinds, (after, limit)).await?;
    let last = events.last().map_or(after, |event| event.position);
    if events.len() < limit {
        let next = last.max(known);
        return Ok(Page { events, next, next_event: None, head: next });
    }
    let end = if last < known { known } else { head(connection, names).await?.max(last) };
    Ok(Page { events, next: last, next_event: None, head: end })
}

/// Lets the events of some kinds through, or of all, and nothing that is not of this log.
pub(crate) fn filter(names: &Names, kinds: &[String]) -> SubscriptionFilter {
    let all = SubscriptionFilter::on_stream_name();
    match kinds {
        [] => all.add_prefix(names.prefix()),
        some => some.iter().fold(all, |filter, kind| filter.add_prefix(names.prefix_of_kind(kind))),
    }
}
