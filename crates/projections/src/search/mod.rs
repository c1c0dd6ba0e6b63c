//! Search: the catalogue as shoppers look for it, a projection of the log into tantivy.
//!
//! Streams read: `product`, `variant`, `category`, `stock`. One document for each product holds what is searched, sorted
//! and counted, and the record it is written from; products that are not published are kept and not shown. Prices are
//! minor units with VAT; units are whole pieces summed over all locations.
//!
//! Each process keeps its own index folder. A commit carries the position and the version of the fold it has reached, so
//! an index catches up by itself, and one of another fold or of another log is built anew beside the old one and then put
//! in its place. A commit happens at most every [`COMMIT_INTERVAL`] or [`COMMIT_EVENTS_MAX`] events; stock that moves
//! without changing what is in stock is committed later, since no answer depends on it.
//!
//! The category tree is resolved when asked, not when indexed: moving a category rewrites no product.

mod analysis;
mod answer;
mod bits;
mod facets;
mod feeder;
mod folder;
mod order;
mod record;
mod request;
mod schema;
mod snapshot;
mod terms;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use event_store::{EventStore, Filter, Position, RecordedEvent, StoreError};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

pub use request::{
    Cursor, FILTER_VALUES_MAX, Facet, FacetValue, Filters, Hit, PAGE_HITS_MAX, SearchPage, SearchRequest, Sort,
};
pub use schema::VERSION;

use feeder::Feeder;
use folder::{Place, Reached};
use snapshot::Snapshot;

/// The shortest time between two commits while events keep coming.
pub const COMMIT_INTERVAL: Duration = Duration::from_millis(500);
/// The longest time until a commit when no answer depends on it.
const QUIET_COMMIT_INTERVAL: Duration = Duration::from_secs(30);
/// The most events between two commits.
pub const COMMIT_EVENTS_MAX: usize = 10_000;
/// How many events are read at once.
const PAGE_EVENTS: usize = 2_000;
/// The shortest time between two reads of the log.
const READ_INTERVAL: Duration = Duration::from_millis(25);
/// How long to wait before the log is tried again after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Why the search failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The cursor is not one of ours, or of another sort.
    #[error("the cursor does not belong to this search")]
    InvalidCursor,
    /// A filter names more than [`FILTER_VALUES_MAX`] values.
    #[error("a filter names more than {FILTER_VALUES_MAX} values")]
    TooManyFilterValues,
    /// The log cannot be read.
    #[error("the search cannot read the log")]
    Store(#[from] StoreError),
    /// An event cannot be folded; going on would show a wrong catalogue.
    #[error("the event at position {position} cannot be folded: {reason}")]
    Event {
        /// Where it is.
        position: Position,
        /// What is wrong with it.
        reason: String,
    },
    /// The index failed.
    #[error("the search index failed")]
    Index(#[from] tantivy::TantivyError),
    /// A record in the index is not what was written.
    #[error("a record in the search index cannot be read")]
    Record(#[from] serde_json::Error),
    /// The folder of the index cannot be changed.
    #[error("the folder of the search index cannot be changed")]
    Folder(#[from] std::io::Error),
    /// The index holds something that cannot be.
    #[error("the search index is damaged: {0}")]
    Damaged(String),
    /// The indexing task ended without an answer.
    #[error("the indexing task was cut off")]
    Interrupted,
}

impl SearchError {
    fn event(event: &RecordedEvent, reason: &str) -> Self {
        Self::Event { position: event.position, reason: reason.to_owned() }
    }
}

/// The search of one process. Clones share the index.
#[derive(Clone)]
pub struct SearchIndex {
    store: Arc<dyn EventStore>,
    feeder: Arc<Mutex<Feeder>>,
    shared: Arc<Shared>,
}

/// What readers look at.
struct Shared {
    snapshot: RwLock<Arc<Snapshot>>,
    position: watch::Sender<Position>,
}

impl SearchIndex {
    /// Opens the index in a folder of this process alone, or one in memory, at the position it has reached.
    ///
    /// An index of another fold or of another log is built anew from the log before this returns, in a sibling folder
    /// that then takes the old one's place; a new folder starts empty and is filled by [`SearchIndex::run`].
    ///
    /// # Errors
    /// [`SearchError`] when the folder is in use or cannot be written, or when the log fails during a build.
    pub async fn open(dir: Option<PathBuf>, store: Arc<dyn EventStore>) -> Result<Self, SearchError> {
        let Some(dir) = dir else { return Self::start(&folder::create(&Place::Memory)?, Reached::nothing(), store) };
        if !folder::is_there(&dir) {
            return Self::start(&folder::create(&Place::Folder(dir))?, Reached::nothing(), store);
        }
        if let Some((index, reached)) = folder::open(&dir, store.as_ref()).await? {
            return Self::start(&index, reached, store);
        }
        Self::build_anew(&dir, store.clone()).await?;
        let (index, reached) = folder::open(&dir, store.as_ref())
            .await?
            .ok_or_else(|| SearchError::Damaged("it cannot be opened after it was built".to_owned()))?;
        Self::start(&index, reached, store)
    }

    async fn build_anew(dir: &Path, store: Arc<dyn EventStore>) -> Result<(), SearchError> {
        let sibling = folder::sibling(dir);
        let index = folder::create(&Place::Folder(sibling.clone()))?;
        let built = Self::start(&index, Reached::nothing(), store)?;
        let position = built.catch_up().await?;
        // Its writer lets go of the folder, merges finished, before the folder moves.
        let feeder = Arc::into_inner(built.feeder).ok_or(SearchError::Interrupted)?.into_inner();
        blocking(move || feeder.close()).await?;
        folder::replace(dir, &sibling)?;
        tracing::info!(%position, version = VERSION, "the search index was built anew");
        Ok(())
    }

    fn start(index: &tantivy::Index, reached: Reached, store: Arc<dyn EventStore>) -> Result<Self, SearchError> {
        let feeder = Feeder::new(index, reached)?;
        let shared = Shared {
            snapshot: RwLock::new(Arc::new(feeder.snapshot()?)),
            position: watch::Sender::new(feeder.position()),
        };
        Ok(Self { store, feeder: Arc::new(Mutex::new(feeder)), shared: Arc::new(shared) })
    }

    /// Follows the log until `shutdown` is ready, then commits what is pending. One task of a process runs this.
    ///
    /// # Errors
    /// [`SearchError`] when the index fails or an event cannot be folded; an unavailable log is waited for.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), SearchError> {
        let mut shutdown = pin!(shutdown);
        let mut head = self.store.head();
        loop {
            head.borrow_and_update();
            let wait = match self.step().await {
                Ok(wait) => wait,
                Err(SearchError::Store(StoreError::Unavailable(error))) => {
                    tracing::warn!(%error, "the log is unavailable to the search");
                    Wait::Sleep(RETRY_INTERVAL)
                }
                Err(error) => return Err(error),
            };
            let rest = async {
                match wait {
                    Wait::Sleep(pause) => tokio::time::sleep(pause).await,
                    Wait::Head(at_most) => {
                        tokio::time::sleep(READ_INTERVAL).await;
                        // Either the log has grown, or what is pending has waited long enough; both are looked at next.
                        let _either = tokio::time::timeout(at_most, head.changed()).await;
                    }
                }
            };
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = rest => {}
            }
        }
        self.feed(Feeding::CommitNow).await?;
        Ok(())
    }

    /// Reads up to what is now the end of the log, commits, and returns the position reached.
    ///
    /// # Errors
    /// [`SearchError`] when the log or the index fails or an event cannot be folded.
    pub async fn catch_up(&self) -> Result<Position, SearchError> {
        let mut goal = None;
        loop {
            let fed = self.feed(Feeding::Read).await?;
            if fed.is_anew {
                goal = None;
            } else if fed.position >= *goal.get_or_insert(fed.head) {
                break;
            }
        }
        Ok(self.feed(Feeding::CommitNow).await?.position)
    }

    /// Watches the position that answers have reached.
    pub fn position(&self) -> watch::Receiver<Position> {
        self.shared.position.subscribe()
    }

    /// Answers a request from the last committed state. Bound by the processor, up to some milliseconds for a text or
    /// facets: call it directly for lists, through `spawn_blocking` where the runtime must not wait.
    ///
    /// # Errors
    /// [`SearchError::InvalidCursor`] and [`SearchError::TooManyFilterValues`] for the request, others for the index.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        // The position first: a state that is taken later has reached it all the more.
        let position = *self.shared.position.borrow();
        let snapshot = self.shared.snapshot();
        answer::answer(&snapshot, request, position)
    }

    /// Reads once, commits when it is time, and tells what to wait for.
    async fn step(&self) -> Result<Wait, SearchError> {
        let fed = self.feed(Feeding::Read).await?;
        if fed.is_anew || fed.position < fed.head {
            return Ok(Wait::Sleep(Duration::ZERO));
        }
        let due = match (fed.pending, fed.visible) {
            (0, _) => return Ok(Wait::Head(if fed.refreshed { COMMIT_INTERVAL } else { QUIET_COMMIT_INTERVAL })),
            (_, true) => COMMIT_INTERVAL,
            (_, false) => QUIET_COMMIT_INTERVAL,
        };
        let left = due.saturating_sub(fed.since_commit);
        Ok(if fed.visible { Wait::Sleep(left) } else { Wait::Head(left) })
    }

    /// Does one piece of feeding. Once begun it is finished even when this future is dropped.
    async fn feed(&self, feeding: Feeding) -> Result<Fed, SearchError> {
        let mut feeder = self.feeder.clone().lock_owned().await;
        let page = match feeding {
            Feeding::Read => match self.store.read_on(feeder.cursor(), PAGE_EVENTS, &kinds()).await {
                Err(error @ StoreError::LogRewound { .. }) => {
                    tracing::error!(%error, "what the search has read is gone: it goes back before that");
                    return self.step_back(feeder).await;
                }
                page => Some(page?),
            },
            Feeding::CommitNow => None,
        };
        let shared = self.shared.clone();
        blocking(move || {
            let head = page.as_ref().map_or(feeder.position(), |page| page.head);
            if let Some(page) = &page {
                feeder.apply(page)?;
            }
            let due = match feeding {
                Feeding::CommitNow => feeder.pending > 0,
                Feeding::Read => feeder.is_due(),
            };
            let mut refreshed = false;
            if due {
                feeder.commit()?;
                shared.refresh(&feeder)?;
                refreshed = true;
            } else if feeder.pending == 0 && feeder.merged_since(&shared.snapshot())? {
                shared.refresh(&feeder)?;
                refreshed = true;
            }
            if !feeder.visible {
                shared.position.send_if_modified(|position| {
                    let moved = *position != feeder.position();
                    *position = feeder.position();
                    moved
                });
            }
            Ok(Fed {
                position: feeder.position(),
                head,
                pending: feeder.pending,
                visible: feeder.visible,
                since_commit: feeder.since_commit(),
                refreshed,
                is_anew: false,
            })
        })
        .await
    }
}

impl SearchIndex {
    /// Goes back before what is gone from the log; the next read finds out whether far enough.
    async fn step_back(&self, mut feeder: OwnedMutexGuard<Feeder>) -> Result<Fed, SearchError> {
        let shared = self.shared.clone();
        let head = *self.store.head().borrow();
        blocking(move || {
            feeder.step_back()?;
            shared.refresh(&feeder)?;
            shared.position.send_replace(feeder.position());
            let (position, since_commit) = (feeder.position(), feeder.since_commit());
            Ok(Fed { position, head, pending: 0, visible: false, since_commit, refreshed: true, is_anew: true })
        })
        .await
    }
}

impl Shared {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows the last commit to readers, with ready what they asked for before.
    fn refresh(&self, feeder: &Feeder) -> Result<(), SearchError> {
        let snapshot = feeder.snapshot()?;
        snapshot.warm_like(&self.snapshot())?;
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        Ok(())
    }
}

/// A piece of feeding.
#[derive(Clone, Copy)]
enum Feeding {
    /// Read a page and commit when it is time.
    Read,
    /// Commit what is pending.
    CommitNow,
}

/// How a piece of feeding left things.
struct Fed {
    position: Position,
    head: Position,
    pending: usize,
    visible: bool,
    since_commit: Duration,
    refreshed: bool,
    /// It went back, and has to read again.
    is_anew: bool,
}

/// What to wait for before the next piece.
enum Wait {
    Sleep(Duration),
    /// The log to grow, but no longer than this.
    Head(Duration),
}

fn kinds() -> Filter {
    Filter { kinds: feeder::KINDS.map(str::to_owned).to_vec() }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SearchError::Interrupted)?
}
