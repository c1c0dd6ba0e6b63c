//! Takes exported events into an empty store, at the positions they had.

use std::io::BufRead;

use anyhow::{Context, bail, ensure};
use app::seal::leaf_hash;
use event_store::EventStore;
use event_store::fill::Window;
use proof::Hash;
use proof::tiles::GrowingTree;

use super::lines;
use crate::progress::Console;

/// The longest line read, bytes: 64 MiB.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Reads events, a line each in either format, and stores them. Returns how many, and the root of the tree over them.
///
/// # Errors
/// When the store is not empty, a line is no event or not the next one, or the store fails. What was stored before stays:
/// begin again with an empty store.
pub async fn take_in(
    store: &dyn EventStore,
    from: &mut (dyn BufRead + Send),
    console: &Console,
) -> anyhow::Result<(u64, Hash)> {
    let present = store.head().borrow().0;
    ensure!(present == 0, "the store holds {present} events: events are taken into an empty one only");
    let (mut tree, mut window, mut text) = (GrowingTree::new(), Window::default(), String::new());
    let task = console.task("events", 0);
    loop {
        text.clear();
        let length =
            std::io::Read::take(&mut *from, LINE_BYTES_MAX).read_line(&mut text).context("the lines cannot be read")?;
        if length == 0 {
            break;
        }
        let number = tree.size() + 1;
        let event = lines::event(text.trim_end()).with_context(|| format!("line {number} is no exported event"))?;
        if event.position.0 != number {
            bail!("line {number} holds position {}: a whole log is needed, from position 1 on", event.position);
        }
        tree.push(leaf_hash(&event));
        if !window.takes(&event) {
            window.store(store).await?;
            task.set(number - 1, number - 1);
        }
        window.add(event);
    }
    window.store(store).await?;
    task.set(tree.size(), tree.size());
    task.finish();
    Ok((tree.size(), tree.root()))
}
