//! `comptoir export events` and `comptoir import events`: the log as lines of JSON, byte for byte.
//!
//! What leaves are events. The keys of personal data are secrets of the store and no events: they stay, so in the store
//! that takes the events in, names and addresses cannot be read. Command records and marks stay too: a backup keeps them.

mod lines;
mod taking_in;
#[cfg(test)]
mod tests;

use std::io::Write;

use anyhow::{Context, bail};
use event_store::seals::SEALS_PAGE_MAX;
use event_store::{EventStore, Filter, Position, StreamId};

use crate::progress::Console;
pub use lines::Format;
pub use taking_in::take_in;

/// How many events are read at once.
const PAGE_EVENTS: usize = 1_000;

/// Which events leave, and how.
#[derive(Clone, Debug)]
pub struct Export {
    /// How a line is written.
    pub format: Format,
    /// The first position, from 1.
    pub from: u64,
    /// The last position; without one all there are.
    pub to: Option<u64>,
    /// Only of this stream: its name such as `order-ord_…`.
    pub stream: Option<String>,
}

/// Writes events, a line each, in order of position. Returns how many.
///
/// # Errors
/// When the log cannot be read, there is no such stream, or the lines cannot be written.
pub async fn export(
    store: &dyn EventStore,
    export: &Export,
    into: &mut (dyn Write + Send),
    console: &Console,
) -> anyhow::Result<u64> {
    let head = store.read_all(Position(0), 0, &Filter::default()).await.context("the log cannot be read")?.head.0;
    let last = export.to.unwrap_or(head).min(head);
    if export.from == 0 {
        bail!("positions begin at 1: --from 0 names none");
    }
    if let Some(name) = &export.stream {
        return export_stream(store, (name, last), export, into).await;
    }
    let (mut after, mut count) = (export.from - 1, 0);
    let task = console.task("events", last.saturating_sub(after));
    while after < last {
        let page = store.read_all(Position(after), PAGE_EVENTS, &Filter::default()).await;
        for event in page.context("the log cannot be read")?.events.iter().take_while(|event| event.position.0 <= last)
        {
            write_line(into, &lines::line(event, export.format)?)?;
            count += 1;
        }
        let read = (after + PAGE_EVENTS as u64).min(last) - after;
        after += read;
        task.add(read);
    }
    task.finish();
    Ok(count)
}

async fn export_stream(
    store: &dyn EventStore,
    (name, last): (&str, u64),
    export: &Export,
    into: &mut (dyn Write + Send),
) -> anyhow::Result<u64> {
    let (kind, id) = name.split_once('-').context("a stream is named by its kind and id, such as order-ord_…")?;
    let (stream, mut sequence, mut count) = (StreamId::new(kind, id), 0, 0);
    loop {
        let page = store.read_stream(&stream, sequence, PAGE_EVENTS).await.context("the stream cannot be read")?;
        let Some(end) = page.last() else { break };
        sequence = end.sequence;
        for event in page.iter().filter(|event| (export.from..=last).contains(&event.position.0)) {
            write_line(into, &lines::line(event, export.format)?)?;
            count += 1;
        }
    }
    if sequence == 0 {
        bail!("there is no stream {name}");
    }
    Ok(count)
}

fn write_line(into: &mut (dyn Write + Send), line: &str) -> anyhow::Result<()> {
    writeln!(into, "{line}").context("the events cannot be written")
}

/// Writes every signed checkpoint, an empty line behind each, as witnesses keep them. Returns how many.
///
/// # Errors
/// When they cannot be read or written.
pub async fn export_checkpoints(store: &dyn EventStore, into: &mut (dyn Write + Send)) -> anyhow::Result<u64> {
    let seals = store.seals().context("the log of this store is not sealed")?;
    let (mut after, mut count) = (0, 0);
    loop {
        let page = seals.checkpoints(after, SEALS_PAGE_MAX).await.context("the checkpoints cannot be read")?;
        let Some(last) = page.last() else { return Ok(count) };
        after = last.size;
        count += page.len() as u64;
        let text = proof::checkpoint::join(page.iter().map(|checkpoint| &checkpoint.note));
        into.write_all(text.as_bytes()).context("the checkpoints cannot be written")?;
    }
}
