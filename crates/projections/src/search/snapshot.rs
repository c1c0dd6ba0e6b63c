//! One committed state of the index, opened for reading, with what is worth computing once per commit.
//!
//! Documents of all segments are numbered through: number = first number of the segment + document id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::values::{CategoryId, Currency, Locale};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{EnableScoring, Query, TermQuery, TermSetQuery};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{Score, Searcher, SegmentReader};

use super::SearchError;
use super::bits::Bits;
use super::order::{Direction, Order, OrderKey};
use super::request::{Facet, Filters};
use super::schema::{self, FACET_ATTRIBUTES, Fields, IN_STOCK, SHOWN, SORT_NAME_FIELDS};
use super::terms::GlobalTerms;
use super::tree::CategoryTree;

/// The most filters whose documents are remembered per commit, each one bit per document.
const FILTERS_REMEMBERED_MAX: usize = 256;
/// The most selections whose facets are remembered per commit.
const FACETS_REMEMBERED_MAX: usize = 64;

/// The columns of one segment.
pub(super) struct SegmentColumns {
    /// The number of the segment's first document.
    pub(super) first: u32,
    pub(super) since: Column<u64>,
    pub(super) prices: [Column<u64>; Currency::ALL.len()],
    pub(super) names: [Option<StrColumn>; SORT_NAME_FIELDS.len()],
    pub(super) categories: Option<StrColumn>,
    pub(super) facets: [Option<StrColumn>; FACET_ATTRIBUTES.len()],
    id_high: Column<u64>,
    id_low: Column<u64>,
}

/// A filter on documents; alternatives within one filter are united by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Filter {
    /// In a category or below it.
    Category(CategoryId),
    /// An attribute has a value.
    Attribute(String, String),
    /// A price within bounds, both included.
    Price(Currency, i64, i64),
    /// A unit is free to sell.
    InStock,
}

/// A column of terms that is counted or sorted over all segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TermColumn {
    /// The category ids.
    Categories,
    /// The attribute at this place of [`FACET_ATTRIBUTES`].
    Attribute(usize),
}

/// One committed state of the index.
pub(super) struct Snapshot {
    pub(super) searcher: Searcher,
    pub(super) fields: Fields,
    pub(super) tree: Arc<CategoryTree>,
    pub(super) segments: Vec<SegmentColumns>,
    /// The documents shoppers see.
    pub(super) shown: Arc<Bits>,
    pub(super) shown_count: usize,
    orders: [Mutex<Option<Arc<Order>>>; OrderKey::COUNT],
    filters: Mutex<HashMap<Filter, Arc<Bits>>>,
    terms: Mutex<HashMap<TermColumn, Arc<GlobalTerms>>>,
    facets: Mutex<HashMap<Selection, Vec<Facet>>>,
}

/// What the facets of a list depend on when no text is asked for.
pub(super) type Selection = (Filters, Locale, Currency);

impl Snapshot {
    /// Opens what a searcher sees.
    pub(super) fn open(searcher: Searcher, fields: Fields, tree: Arc<CategoryTree>) -> Result<Self, SearchError> {
        let mut segments = Vec::with_capacity(searcher.segment_readers().len());
        let mut first = 0;
        for reader in searcher.segment_readers() {
            segments.push(SegmentColumns::open(reader, first)?);
            first += reader.max_doc();
        }
        let mut snapshot = Self {
            searcher,
            fields,
            tree,
            segments,
            shown: Arc::default(),
            shown_count: 0,
            orders: std::array::from_fn(|_| Mutex::default()),
            filters: Mutex::default(),
            terms: Mutex::default(),
            facets: Mutex::default(),
        };
        let shown = snapshot.matching(&snapshot.term_query(snapshot.fields.flag, SHOWN))?;
        snapshot.shown_count = shown.count();
        snapshot.shown = Arc::new(shown);
        Ok(snapshot)
    }

    /// Computes what the state before it was asked for, so that no shopper waits for it.
    pub(super) fn warm_like(&self, before: &Snapshot) -> Result<(), SearchError> {
        for key in OrderKey::all() {
            if lock(&before.orders[key.index()]).is_some() {
                self.order(key)?;
            }
        }
        let columns: Vec<TermColumn> = lock(&before.terms).keys().copied().collect();
        for column in columns {
            self.global_terms(column)?;
        }
        Ok(())
    }

    /// Returns how many document numbers there are, deleted ones included.
    pub(super) fn bound(&self) -> u32 {
        self.searcher.segment_readers().iter().map(SegmentReader::max_doc).sum()
    }

    /// Returns the columns of the segment a document is in, and its id there.
    pub(super) fn locate(&self, number: u32) -> (&SegmentColumns, u32) {
        let after = self.segments.partition_point(|segment| segment.first <= number);
        let segment = &self.segments[after.saturating_sub(1)];
        (segment, number - segment.first)
    }

    /// Returns a document's product id.
    pub(super) fn product(&self, number: u32) -> u128 {
        let (segment, document) = self.locate(number);
        segment.product(document)
    }

    /// Returns the products in an order, built at the first use.
    pub(super) fn order(&self, key: OrderKey) -> Result<Arc<Order>, SearchError> {
        // Held while building, so that a crowd of readers builds it once.
        let mut kept = lock(&self.orders[key.index()]);
        if let Some(order) = kept.as_ref() {
            return Ok(order.clone());
        }
        let order = Arc::new(Order::build(self, key)?);
        *kept = Some(order.clone());
        Ok(order)
    }

    /// Returns the terms of a column over all segments, built at the first use.
    pub(super) fn global_terms(&self, column: TermColumn) -> Result<Arc<GlobalTerms>, SearchError> {
        let mut kept = lock(&self.terms);
        if let Some(terms) = kept.get(&column) {
            return Ok(terms.clone());
        }
        let terms = Arc::new(GlobalTerms::build(self.segments.iter().map(|segment| segment.term_column(column)))?);
        kept.insert(column, terms.clone());
        Ok(terms)
    }

    /// Returns the documents that pass a filter, shown or not.
    pub(super) fn passing(&self, filter: &Filter) -> Result<Arc<Bits>, SearchError> {
        if let Some(bits) = lock(&self.filters).get(filter) {
            return Ok(bits.clone());
        }
        let bits = Arc::new(self.pass(filter)?);
        let mut kept = lock(&self.filters);
        if kept.len() >= FILTERS_REMEMBERED_MAX {
            kept.clear();
        }
        kept.insert(filter.clone(), bits.clone());
        Ok(bits)
    }

    /// Returns the facets of a selection without text, if they were counted before.
    pub(super) fn known_facets(&self, selection: &Selection) -> Option<Vec<Facet>> {
        lock(&self.facets).get(selection).cloned()
    }

    /// Remembers the facets of a selection without text.
    pub(super) fn remember_facets(&self, selection: Selection, facets: &[Facet]) {
        let mut kept = lock(&self.facets);
        if kept.len() >= FACETS_REMEMBERED_MAX {
            kept.clear();
        }
        kept.insert(selection, facets.to_vec());
    }

    /// Calls back with every living document that matches a query and its score.
    pub(super) fn scored(&self, query: &dyn Query, mut found: impl FnMut(u32, Score)) -> Result<(), SearchError> {
        let weight = query.weight(EnableScoring::enabled_from_searcher(&self.searcher))?;
        for (reader, columns) in self.searcher.segment_readers().iter().zip(&self.segments) {
            weight.for_each(reader, &mut |document, score| found(columns.first + document, score))?;
        }
        Ok(())
    }

    /// Returns the living documents that match a query.
    pub(super) fn matching(&self, query: &dyn Query) -> Result<Bits, SearchError> {
        let weight = query.weight(EnableScoring::disabled_from_searcher(&self.searcher))?;
        let mut bits = Bits::new(self.bound());
        for (reader, columns) in self.searcher.segment_readers().iter().zip(&self.segments) {
            let alive = reader.alive_bitset();
            weight.for_each_no_score(reader, &mut |documents| {
                for document in documents {
                    if alive.is_none_or(|alive| alive.is_alive(*document)) {
                        bits.insert(columns.first + document);
                    }
                }
            })?;
        }
        Ok(bits)
    }

    fn term_query(&self, field: Field, text: &str) -> TermQuery {
        TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic)
    }

    fn pass(&self, filter: &Filter) -> Result<Bits, SearchError> {
        let query: Box<dyn Query> = match filter {
            Filter::Category(category) => Box::new(TermSetQuery::new(
                self.tree
                    .with_descendants(category)
                    .iter()
                    .map(|id| Term::from_field_text(self.fields.category, id.as_str())),
            )),
            Filter::Attribute(key, value) => {
                Box::new(self.term_query(self.fields.attribute, &schema::attribute_term(key, value)))
            }
            Filter::InStock => Box::new(self.term_query(self.fields.flag, IN_STOCK)),
            // The products in the order of their prices are at hand: a range of prices is a slice of them.
            Filter::Price(currency, min, max) => {
                let order = self.order(OrderKey::Price(*currency, Direction::Up))?;
                return Ok(order.priced(self, *currency, [*min, *max]));
            }
        };
        self.matching(query.as_ref())
    }
}

impl SegmentColumns {
    fn open(reader: &SegmentReader, first: u32) -> Result<Self, SearchError> {
        let fast = reader.fast_fields();
        let number = |name: &str| -> Result<Column<u64>, SearchError> {
            Ok(fast.column_opt(name)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())))
        };
        let prices = Currency::ALL.map(|currency| number(schema::price_field(currency)));
        let names = SORT_NAME_FIELDS.map(|name| fast.str(name));
        let facets = FACET_ATTRIBUTES.map(|(key, _, _)| fast.str(&schema::facet_field(key)));
        Ok(Self {
            first,
            since: number("since")?,
            prices: all(prices)?,
            names: all(names)?,
            categories: fast.str("category")?,
            facets: all(facets)?,
            id_high: number("id_high")?,
            id_low: number("id_low")?,
        })
    }

    /// Returns a document's product id.
    pub(super) fn product(&self, document: u32) -> u128 {
        let part = |column: &Column<u64>| u128::from(column.first(document).unwrap_or(0));
        part(&self.id_high) << 64 | part(&self.id_low)
    }

    /// Returns a column of terms.
    pub(super) fn term_column(&self, column: TermColumn) -> Option<&StrColumn> {
        match column {
            TermColumn::Categories => self.categories.as_ref(),
            TermColumn::Attribute(index) => self.facets.get(index).and_then(Option::as_ref),
        }
    }
}

fn all<T, E, const N: usize>(results: [Result<T, E>; N]) -> Result<[T; N], SearchError>
where
    SearchError: From<E>,
{
    let found = results.into_iter().collect::<Result<Vec<T>, E>>()?;
    found.try_into().map_err(|_| SearchError::Damaged("a column is missing".to_owned()))
}

/// A panic while a cache was filled leaves it as it was: an entry is put in whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
