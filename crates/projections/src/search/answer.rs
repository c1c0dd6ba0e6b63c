//! From a request to a page: text and filters become sets of documents, an order makes a page of them.

use std::sync::Arc;

use domain::values::ProductId;
use event_store::Position;
use tantivy::Score;

use super::SearchError;
use super::bits::Bits;
use super::facets::{self, Group, GroupKey};
use super::order::OrderKey;
use super::request::{
    Cursor, FILTER_VALUES_MAX, Facet, Filters, Hit, PAGE_HITS_MAX, SearchPage, SearchRequest, Sort, SortValue,
};
use super::snapshot::{Filter, Snapshot};
use super::text::{Closeness, Text};

/// Answers a request from one committed state.
pub(super) fn answer(
    snapshot: &Snapshot,
    request: &SearchRequest,
    position: Position,
) -> Result<SearchPage, SearchError> {
    check(request)?;
    let matches = match Text::parse(&request.text, request.locale) {
        Some(text) => Some(Matches::find(snapshot, &text)?),
        None => None,
    };
    let base = matches.as_ref().map_or(&*snapshot.shown, |matches| &matches.bits);
    let groups = groups(snapshot, request)?;
    let mut set = std::borrow::Cow::Borrowed(base);
    for group in &groups {
        set.to_mut().intersect(&group.bits);
    }
    let limit = request.first.min(PAGE_HITS_MAX);
    let (mut hits, total) = match &matches {
        Some(matches) if request.sort == Sort::Relevance => {
            (matches.best(snapshot, &set, request.after.as_ref(), limit + 1)?, set.count())
        }
        Some(_) | None => {
            let all_shown = matches.is_none() && groups.is_empty();
            let total = if all_shown { snapshot.shown_count } else { set.count() };
            (in_order(snapshot, request, &set, limit + 1)?, total)
        }
    };
    let has_next = hits.len() > limit;
    hits.truncate(limit);
    let facets = match (request.facets, &matches) {
        (true, None) => listed_facets(snapshot, request, base, &groups)?,
        (true, Some(_)) => facets::count(snapshot, request, base, &groups)?,
        (false, _) => Vec::new(),
    };
    Ok(SearchPage { hits, total, facets, position, has_next })
}

/// Counts the facets of a list without text once per commit: every shopper who opens a category asks for the same.
fn listed_facets(
    snapshot: &Snapshot,
    request: &SearchRequest,
    base: &Bits,
    groups: &[Group],
) -> Result<Vec<Facet>, SearchError> {
    let selection = (request.filters.clone(), request.locale, request.currency);
    if let Some(facets) = snapshot.known_facets(&selection) {
        return Ok(facets);
    }
    let facets = facets::count(snapshot, request, base, groups)?;
    snapshot.remember_facets(selection, &facets);
    Ok(facets)
}

fn check(request: &SearchRequest) -> Result<(), SearchError> {
    let Filters { categories, attributes, .. } = &request.filters;
    let largest = attributes.values().map(Vec::len).chain([categories.len(), attributes.len()]).max().unwrap_or(0);
    if largest > FILTER_VALUES_MAX {
        return Err(SearchError::TooManyFilterValues);
    }
    match &request.after {
        Some(cursor) if cursor.sort != request.sort => Err(SearchError::InvalidCursor),
        Some(_) | None => Ok(()),
    }
}

/// Resolves the filters of a request: alternatives united, one group for each filter.
fn groups(snapshot: &Snapshot, request: &SearchRequest) -> Result<Vec<Group>, SearchError> {
    let filters = &request.filters;
    let mut groups = Vec::new();
    if !filters.categories.is_empty() {
        let alternatives = filters.categories.iter().cloned().map(Filter::Category);
        groups.push(Group { key: GroupKey::Category, bits: united(snapshot, alternatives)? });
    }
    for (key, values) in filters.attributes.iter().filter(|(_, values)| !values.is_empty()) {
        let alternatives = values.iter().map(|value| Filter::Attribute(key.clone(), value.clone()));
        groups.push(Group { key: GroupKey::Attribute(key.clone()), bits: united(snapshot, alternatives)? });
    }
    if filters.price_min.is_some() || filters.price_max.is_some() {
        let (min, max) = (filters.price_min.unwrap_or(0).max(0), filters.price_max.unwrap_or(i64::MAX));
        let bits = if max < min {
            Arc::new(Bits::new(snapshot.bound()))
        } else {
            snapshot.passing(&Filter::Price(request.currency, min, max))?
        };
        groups.push(Group { key: GroupKey::Price, bits });
    }
    if let Some(wanted) = filters.in_stock {
        let mut bits = snapshot.passing(&Filter::InStock)?;
        if !wanted {
            let mut rest = Bits::clone(&snapshot.shown);
            rest.subtract(&bits);
            bits = Arc::new(rest);
        }
        groups.push(Group { key: GroupKey::Availability, bits });
    }
    Ok(groups)
}

fn united(snapshot: &Snapshot, alternatives: impl Iterator<Item = Filter>) -> Result<Arc<Bits>, SearchError> {
    let mut union: Option<Arc<Bits>> = None;
    for filter in alternatives {
        let bits = snapshot.passing(&filter)?;
        match &mut union {
            Some(union) => Arc::make_mut(union).unite(&bits),
            None => union = Some(bits),
        }
    }
    Ok(union.unwrap_or_default())
}

fn in_order(snapshot: &Snapshot, request: &SearchRequest, set: &Bits, limit: usize) -> Result<Vec<Hit>, SearchError> {
    let key = OrderKey::of(request.sort, request.currency);
    let numbers = snapshot.order(key)?.first(snapshot, set, request.after.as_ref(), limit)?;
    let mut hits = Vec::with_capacity(numbers.len());
    for number in numbers {
        let (segment, document) = snapshot.locate(number);
        hits.push(hit(request.sort, key.value(segment, document)?, segment.product(document))?);
    }
    Ok(hits)
}

fn hit(sort: Sort, value: SortValue, product: u128) -> Result<Hit, SearchError> {
    let uuid = format!("{product:032x}").parse().map_err(|_| SearchError::Damaged("a product has no id".to_owned()))?;
    Ok(Hit { product: ProductId::from_uuid(uuid).into(), cursor: Cursor { sort, value, product } })
}

/// What a text matches.
struct Matches {
    bits: Bits,
    /// Each match: its score turned so that lower is better, and its number.
    scored: Vec<(u32, u32)>,
}

impl Matches {
    /// Finds what matches word by word, or failing that what is one letter off.
    fn find(snapshot: &Snapshot, text: &Text) -> Result<Self, SearchError> {
        let exact = Self::find_close(snapshot, text, Closeness::Exact)?;
        if exact.scored.is_empty() { Self::find_close(snapshot, text, Closeness::OneOff) } else { Ok(exact) }
    }

    fn find_close(snapshot: &Snapshot, text: &Text, closeness: Closeness) -> Result<Self, SearchError> {
        let query = text.query(snapshot, closeness)?;
        let mut matches = Self { bits: Bits::new(snapshot.bound()), scored: Vec::new() };
        snapshot.scored(query.as_ref(), |number, score| {
            if snapshot.shown.contains(number) {
                matches.bits.insert(number);
                matches.scored.push((turned(score), number));
            }
        })?;
        Ok(matches)
    }

    /// Returns the best matches of a set behind a cursor.
    fn best(
        &self,
        snapshot: &Snapshot,
        set: &Bits,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Hit>, SearchError> {
        let mut rows: Vec<(u32, u32)> =
            self.scored.iter().copied().filter(|(_, number)| set.contains(*number)).collect();
        if let Some(cursor) = after {
            rows.retain(|(score, number)| {
                let value = SortValue::Number(u64::from(*score));
                (&value, snapshot.product(*number)) > (&cursor.value, cursor.product)
            });
        }
        let by_score = |left: &(u32, u32), right: &(u32, u32)| {
            left.0.cmp(&right.0).then_with(|| snapshot.product(left.1).cmp(&snapshot.product(right.1)))
        };
        if rows.len() > limit {
            rows.select_nth_unstable_by(limit, by_score);
            rows.truncate(limit);
        }
        rows.sort_unstable_by(by_score);
        let hits = rows.into_iter();
        hits.map(|(score, number)| hit(Sort::Relevance, SortValue::Number(u64::from(score)), snapshot.product(number)))
            .collect()
    }
}

/// Turns a score into a number that is lower for a better match: the bits of floats above zero order as they do.
fn turned(score: Score) -> u32 {
    u32::MAX - score.max(0.0).to_bits()
}
