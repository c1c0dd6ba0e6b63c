//! Reading the log, for auditors.

use event_store::PAGE_EVENTS_MAX;
pub use event_store::{Cursor, RecordedEvent, StreamId};

use crate::Shop;
use crate::as_of::AsOf;
use crate::error::AppError;

/// Some events of a stream, and whether it has more behind them.
pub type StreamPage = (Vec<RecordedEvent>, bool);

/// Reads the events of one aggregate behind a version of it, in order, at most `limit`, as far as they had happened.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn history(
    shop: &Shop,
    stream: &StreamId,
    version: u64,
    limit: usize,
    as_of: AsOf,
) -> Result<StreamPage, AppError> {
    let mut found = shop.bus.store().read_stream(stream, version, limit.saturating_add(1)).await?;
    let had_happened = found.iter().take_while(|event| as_of.includes(event.position)).count();
    let has_more = had_happened > limit;
    found.truncate(had_happened.min(limit));
    Ok((found, has_more))
}

/// Reads the events of one stream behind a position of the log, in order, at most `limit`; `None` where there is no such
/// stream. `name` is its kind and id, such as `order-ord_…`.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn stream_behind(
    shop: &Shop,
    name: &str,
    position: u64,
    limit: usize,
    is_wanted: impl Fn(&RecordedEvent) -> bool,
) -> Result<Option<StreamPage>, AppError> {
    let Some((kind, id)) = name.split_once('-') else { return Ok(None) };
    let stream = StreamId::new(kind, id);
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = shop.bus.store().read_stream(&stream, after, PAGE_EVENTS_MAX).await?;
        let Some(last) = page.last() else { return Ok((after > 0).then_some((found, false))) };
        after = last.sequence;
        found.extend(page.into_iter().filter(|event| event.position.0 > position && is_wanted(event)));
        if found.len() > limit {
            found.truncate(limit);
            return Ok(Some((found, true)));
        }
    }
}
