//! Folds events into records and writes the documents of the changed ones at a commit.
//!
//! Between commits only records in memory change. A commit writes their documents and the position reached in one go,
//! so that after a crash the events since the last commit are simply folded again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::catalog::{CategoryEvent, ProductEvent, VariantEvent};
use domain::stock::{self, StockEvent};
use domain::upcast::{self, StoredEvent};
use domain::values::{CategoryId, ProductId, Sku};
use event_store::{Cursor, Page, Position, RecordedEvent};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tantivy::schema::{IndexRecordOption, Term, Value};
use tantivy::{
    DocAddress, DocSet, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TERMINATED, TantivyDocument,
};

use super::folder::{self, LastEvent, Reached};
use super::record::{CategoryRecord, ProductRecord, VariantRecord};
use super::schema::{self, CATEGORY, DocumentWriter, Fields};
use super::snapshot::Snapshot;
use super::tree::CategoryTree;
use super::{COMMIT_EVENTS_MAX, COMMIT_INTERVAL, QUIET_COMMIT_INTERVAL, SearchError};

/// The stream kinds that are folded.
pub(super) const KINDS: [&str; 4] = ["product", "variant", "category", "stock"];
/// How many blocks of remembered records a searcher keeps for each segment.
const STATE_BLOCKS_KEPT: usize = 4;

/// A record that changed since the last commit, or was looked at.
struct Kept<T> {
    record: T,
    /// Whether a document of it is in the index.
    stored: bool,
    changed: bool,
}

/// Folds events into the index. Owns its writer.
pub(super) struct Feeder {
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    documents: DocumentWriter,
    /// What the last commit reached.
    committed: Reached,
    /// What the records in memory have reached.
    reached: Reached,
    tree: Arc<CategoryTree>,
    products: HashMap<ProductId, Kept<ProductRecord>>,
    categories: HashMap<CategoryId, Kept<CategoryRecord>>,
    /// SKUs whose product is not known yet. One that found its product is `None`.
    loose: HashMap<Sku, Kept<Option<VariantRecord>>>,
    owners: HashMap<Sku, ProductId>,
    /// Events folded since the last commit.
    pub(super) pending: usize,
    /// Whether one of them changes an answer.
    pub(super) visible: bool,
    committed_at: Option<Instant>,
}

impl Feeder {
    /// Goes on with an index from where it is.
    pub(super) fn new(index: &Index, reached: Reached) -> Result<Self, SearchError> {
        let (_, fields) = schema::schema();
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(STATE_BLOCKS_KEPT)
            .try_into()?;
        let mut feeder = Self {
            writer: folder::writer(index)?,
            reader,
            documents: DocumentWriter::new(fields.clone()),
            fields,
            committed: reached.clone(),
            reached,
            tree: Arc::default(),
            products: HashMap::new(),
            categories: HashMap::new(),
            loose: HashMap::new(),
            owners: HashMap::new(),
            pending: 0,
            visible: false,
            committed_at: None,
        };
        feeder.read_tree()?;
        Ok(feeder)
    }

    /// Returns where the records in memory are.
    pub(super) fn position(&self) -> Position {
        Position(self.reached.position)
    }

    /// Returns from where the log is read on.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor { position: self.position(), event: self.reached.seen }
    }

    /// Goes back before what is gone from the log, one step for each time that it is found to be: to the last commit, to the
    /// last event that the index holds, and to the beginning.
    pub(super) fn step_back(&mut self) -> Result<(), SearchError> {
        if self.reached != self.committed {
            self.forget();
            return Ok(());
        }
        let last = self.committed.last.as_ref().map(LastEvent::cursor);
        if let Some(last) = last.filter(|last| last.position < self.position()) {
            (self.committed.position, self.committed.seen) = (last.position.0, last.event);
            self.reached = self.committed.clone();
            return Ok(());
        }
        tracing::warn!(position = %self.position(), "the search index holds what is gone from the log and is built anew");
        self.writer.delete_all_documents()?;
        self.reached = Reached::nothing();
        self.clear();
        self.commit()?;
        self.read_tree()
    }

    /// Opens what the last commit holds.
    pub(super) fn snapshot(&self) -> Result<Snapshot, SearchError> {
        self.reader.reload()?;
        Snapshot::open(self.reader.searcher(), self.fields.clone(), self.tree.clone())
    }

    /// Tells whether it is time to commit.
    pub(super) fn is_due(&self) -> bool {
        let interval = if self.visible { COMMIT_INTERVAL } else { QUIET_COMMIT_INTERVAL };
        self.pending >= COMMIT_EVENTS_MAX || (self.pending > 0 && self.since_commit() >= interval)
    }

    /// Returns the time since the last commit, or since it was opened.
    pub(super) fn since_commit(&self) -> Duration {
        self.committed_at.map_or(COMMIT_INTERVAL, |at| at.elapsed())
    }

    /// Lets go of the folder when the merges under way are done.
    pub(super) fn close(self) -> Result<(), SearchError> {
        Ok(self.writer.wait_merging_threads()?)
    }

    /// Tells whether segments were merged since a snapshot was opened.
    pub(super) fn merged_since(&self, snapshot: &Snapshot) -> Result<bool, SearchError> {
        let now = self.writer.index().searchable_segment_ids()?;
        Ok(now.len() != snapshot.segments.len())
    }

    /// Folds a page of events. After an error all since the last commit is forgotten and will be read again.
    pub(super) fn apply(&mut self, page: &Page) -> Result<(), SearchError> {
        for event in &page.events {
            if let Err(error) = self.fold(event) {
                self.forget();
                return Err(error);
            }
            self.pending += 1;
        }
        if let Some(last) = page.events.last() {
            self.reached.last = Some(LastEvent::of(last));
        }
        if page.next.0 >= self.reached.position {
            (self.reached.position, self.reached.seen) = (page.next.0, page.next_event);
        }
        Ok(())
    }

    /// Writes what changed, durably when the index is in a folder.
    pub(super) fn commit(&mut self) -> Result<(), SearchError> {
        let written = self.write();
        if written.is_err() {
            self.forget();
            self.writer.rollback()?;
        }
        written
    }

    fn write(&mut self) -> Result<(), SearchError> {
        for (id, kept) in self.products.iter().filter(|(_, kept)| kept.changed) {
            let document = self.documents.product(&kept.record)?;
            put(&self.writer, self.fields.key_term(id.as_str()), kept.stored, Some(document))?;
        }
        for (id, kept) in self.categories.iter().filter(|(_, kept)| kept.changed) {
            let document = self.documents.category(&kept.record)?;
            put(&self.writer, self.fields.key_term(id.as_str()), kept.stored, Some(document))?;
        }
        for (sku, kept) in self.loose.iter().filter(|(_, kept)| kept.changed) {
            let key = loose_key(sku);
            let document = kept.record.as_ref().map(|record| self.documents.loose(&key, record)).transpose()?;
            put(&self.writer, self.fields.key_term(&key), kept.stored, document)?;
        }
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&serde_json::to_string(&self.reached)?);
        commit.commit()?;
        self.reader.reload()?;
        self.committed = self.reached.clone();
        self.committed_at = Some(Instant::now());
        self.clear();
        Ok(())
    }

    /// Goes back to the last commit.
    fn forget(&mut self) {
        self.reached = self.committed.clone();
        self.clear();
        if let Err(error) = self.read_tree() {
            tracing::error!(%error, "the category tree cannot be read from the search index");
        }
    }

    fn clear(&mut self) {
        self.products.clear();
        self.categories.clear();
        self.loose.clear();
        self.owners.clear();
        self.pending = 0;
        self.visible = false;
    }

    fn fold(&mut self, event: &RecordedEvent) -> Result<(), SearchError> {
        let id = event.stream.id.as_ref();
        match event.stream.kind.as_ref() {
            "product" => {
                let fact: ProductEvent = parse(event)?;
                let id = id.parse().map_err(|_| SearchError::event(event, "its stream is no product"))?;
                self.change_product(&id, |product| product.apply(fact, event.position))?;
                self.visible = true;
            }
            "variant" => {
                let fact: VariantEvent = parse(event)?;
                let sku = id.parse().map_err(|_| SearchError::event(event, "its stream is no SKU"))?;
                if let VariantEvent::Created { product, .. } = &fact {
                    self.adopt(&sku, product)?;
                }
                self.change_variant(&sku, |variant| {
                    variant.apply(fact);
                })?;
                self.visible = true;
            }
            "category" => {
                let fact: CategoryEvent = parse(event)?;
                let id = id.parse().map_err(|_| SearchError::event(event, "its stream is no category"))?;
                self.change_category(id, fact)?;
                self.visible = true;
            }
            "stock" => {
                let fact: StockEvent = parse(event)?;
                let (sku, _) = stock::parse_stream_id(id)
                    .ok_or_else(|| SearchError::event(event, "its stream is no SKU at a location"))?;
                self.visible |= self.change_variant(&sku, |variant| variant.count(&fact))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn change_product(&mut self, id: &ProductId, change: impl FnOnce(&mut ProductRecord)) -> Result<(), SearchError> {
        let kept = self.product(id)?;
        change(&mut kept.record);
        kept.changed = true;
        Ok(())
    }

    fn product(&mut self, id: &ProductId) -> Result<&mut Kept<ProductRecord>, SearchError> {
        if !self.products.contains_key(id) {
            let found = self.load(self.fields.key_term(id.as_str()))?;
            let stored = found.is_some();
            let record = found.unwrap_or_else(|| ProductRecord::new(id.clone()));
            self.products.insert(id.clone(), Kept { record, stored, changed: false });
        }
        self.products.get_mut(id).ok_or_else(|| SearchError::Damaged("a product was lost".to_owned()))
    }

    /// Changes a variant where it is kept and tells whether its product went in or out of stock by it.
    fn change_variant(&mut self, sku: &Sku, change: impl FnOnce(&mut VariantRecord)) -> Result<bool, SearchError> {
        if let Some(owner) = self.owner(sku)? {
            let mut flipped = false;
            self.change_product(&owner, |product| {
                let before = product.in_stock();
                change(product.variants.entry(sku.clone()).or_default());
                flipped = product.shown && before != product.in_stock();
            })?;
            return Ok(flipped);
        }
        let kept = self.loose(sku)?;
        change(kept.record.get_or_insert_default());
        kept.changed = true;
        Ok(false)
    }

    /// Gives a SKU to its product, with what was told of it before.
    fn adopt(&mut self, sku: &Sku, owner: &ProductId) -> Result<(), SearchError> {
        let kept = self.loose(sku)?;
        let record = kept.record.take();
        kept.changed = kept.stored;
        self.owners.insert(sku.clone(), owner.clone());
        self.change_product(owner, |product| {
            product.variants.insert(sku.clone(), record.unwrap_or_default());
        })
    }

    fn loose(&mut self, sku: &Sku) -> Result<&mut Kept<Option<VariantRecord>>, SearchError> {
        if !self.loose.contains_key(sku) {
            let record = self.load(self.fields.key_term(&loose_key(sku)))?;
            let stored = record.is_some();
            self.loose.insert(sku.clone(), Kept { record, stored, changed: false });
        }
        self.loose.get_mut(sku).ok_or_else(|| SearchError::Damaged("a SKU was lost".to_owned()))
    }

    /// Returns the product a SKU belongs to.
    fn owner(&mut self, sku: &Sku) -> Result<Option<ProductId>, SearchError> {
        if let Some(owner) = self.owners.get(sku) {
            return Ok(Some(owner.clone()));
        }
        let searcher = self.reader.searcher();
        let term = Term::from_field_text(self.fields.sku, sku.as_str());
        let Some(address) = find(&searcher, &term)? else { return Ok(None) };
        let document: Stored = state(&searcher, address, &self.fields)?;
        self.owners.insert(sku.clone(), document.id.clone());
        Ok(Some(document.id))
    }

    fn change_category(&mut self, id: CategoryId, fact: CategoryEvent) -> Result<(), SearchError> {
        if !self.categories.contains_key(&id) {
            let known = self.tree.get(&id).cloned();
            let stored = known.is_some();
            let record = known.unwrap_or_else(|| CategoryRecord::new(id.clone()));
            self.categories.insert(id.clone(), Kept { record, stored, changed: false });
        }
        if let Some(kept) = self.categories.get_mut(&id) {
            kept.record.apply(fact);
            kept.changed = true;
            Arc::make_mut(&mut self.tree).put(kept.record.clone());
        }
        Ok(())
    }

    fn load<T: DeserializeOwned>(&self, key: Term) -> Result<Option<T>, SearchError> {
        let searcher = self.reader.searcher();
        let Some(address) = find(&searcher, &key)? else { return Ok(None) };
        state(&searcher, address, &self.fields).map(Some)
    }

    /// Reads the category tree of the last commit.
    fn read_tree(&mut self) -> Result<(), SearchError> {
        let searcher = self.reader.searcher();
        let mut tree = CategoryTree::default();
        let flag = Term::from_field_text(self.fields.flag, CATEGORY);
        for address in find_all(&searcher, &flag)? {
            tree.put(state(&searcher, address, &self.fields)?);
        }
        self.tree = Arc::new(tree);
        Ok(())
    }
}

/// The part of a product's record that names it.
#[derive(Deserialize)]
struct Stored {
    id: ProductId,
}

fn loose_key(sku: &Sku) -> String {
    format!("sku:{sku}")
}

fn parse<T: StoredEvent>(event: &RecordedEvent) -> Result<T, SearchError> {
    let RecordedEvent { event_type, event_version, payload, .. } = event;
    upcast::read(event_type, event_version, payload.get())
        .map_err(|error| SearchError::event(event, &error.to_string()))
}

/// Puts a document in the place of the one with the same key.
fn put(writer: &IndexWriter, key: Term, stored: bool, document: Option<TantivyDocument>) -> Result<(), SearchError> {
    // A delete is looked up in every segment, so it is left out where nothing can be there.
    if stored {
        writer.delete_term(key);
    }
    if let Some(document) = document {
        writer.add_document(document)?;
    }
    Ok(())
}

fn find(searcher: &Searcher, term: &Term) -> Result<Option<DocAddress>, SearchError> {
    Ok(find_some(searcher, term, 1)?.pop())
}

fn find_all(searcher: &Searcher, term: &Term) -> Result<Vec<DocAddress>, SearchError> {
    find_some(searcher, term, usize::MAX)
}

fn find_some(searcher: &Searcher, term: &Term, limit: usize) -> Result<Vec<DocAddress>, SearchError> {
    let mut found = Vec::new();
    for (segment, reader) in (0_u32..).zip(searcher.segment_readers()) {
        let inverted = reader.inverted_index(term.field())?;
        let Some(mut postings) =
            inverted.read_postings(term, IndexRecordOption::Basic).map_err(tantivy::TantivyError::from)?
        else {
            continue;
        };
        while postings.doc() != TERMINATED && found.len() < limit {
            if !reader.is_deleted(postings.doc()) {
                found.push(DocAddress::new(segment, postings.doc()));
            }
            postings.advance();
        }
    }
    Ok(found)
}

fn state<T: DeserializeOwned>(searcher: &Searcher, address: DocAddress, fields: &Fields) -> Result<T, SearchError> {
    let document: TantivyDocument = searcher.doc(address)?;
    let state = document.get_first(fields.state);
    let bytes = state.as_ref().and_then(Value::as_bytes);
    let bytes = bytes.ok_or_else(|| SearchError::Damaged("a document has no record".to_owned()))?;
    Ok(serde_json::from_slice(bytes)?)
}
