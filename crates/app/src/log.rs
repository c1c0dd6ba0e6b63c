//! Reading the log, for auditors.

pub use event_store::RecordedEvent;
use event_store::{PAGE_EVENTS_MAX, StreamId};

use crate::Shop;
use crate::error::AppError;

/// Some events of a stream, and whether it has more behind them.
pub type StreamPage = (Vec<RecordedEvent>, bool);

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
