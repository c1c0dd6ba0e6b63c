//! Counting the ways to narrow hits down. Disjunctive: a facet is counted over what all *other* filters leave, so that
//! choosing one author still shows how many products the other authors have.

use std::sync::Arc;

use domain::values::{CategoryId, Currency, Locale};

use super::SearchError;
use super::bits::Bits;
use super::request::{Facet, FacetValue, SearchRequest};
use super::schema::FACET_ATTRIBUTES;
use super::snapshot::{Filter, Snapshot, TermColumn};

/// The most values of a facet that are returned, the most frequent first; selected ones always are.
const VALUES_MAX: usize = 50;
/// The bounds of the price ranges in minor units.
const PRICE_BOUNDS: [i64; 5] = [500, 1_000, 2_000, 5_000, 10_000];

/// Which filter of a request a set of documents comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GroupKey {
    Category,
    Attribute(String),
    Price,
    Availability,
}

/// What one filter of a request leaves.
pub(super) struct Group {
    pub(super) key: GroupKey,
    pub(super) bits: Arc<Bits>,
}

/// Counts every facet of a request. `base` is what the text matches, before any filter.
pub(super) fn count(
    snapshot: &Snapshot,
    request: &SearchRequest,
    base: &Bits,
    groups: &[Group],
) -> Result<Vec<Facet>, SearchError> {
    let counter = Counter { snapshot, request, base, groups };
    let mut facets = vec![counter.categories()?];
    for index in 0..FACET_ATTRIBUTES.len() {
        facets.push(counter.attribute(index)?);
    }
    facets.push(counter.prices());
    facets.push(counter.availability()?);
    facets.retain(|facet| !facet.values.is_empty());
    Ok(facets)
}

struct Counter<'a> {
    snapshot: &'a Snapshot,
    request: &'a SearchRequest,
    base: &'a Bits,
    groups: &'a [Group],
}

impl Counter<'_> {
    /// Returns what all filters but one leave.
    fn without(&self, key: &GroupKey) -> Bits {
        let mut bits = self.base.clone();
        for group in self.groups.iter().filter(|group| group.key != *key) {
            bits.intersect(&group.bits);
        }
        bits
    }

    fn label(&self, french: &str, english: &str) -> String {
        match self.request.locale {
            Locale::Fr => french.to_owned(),
            Locale::En => english.to_owned(),
        }
    }

    fn categories(&self) -> Result<Facet, SearchError> {
        let docs = self.without(&GroupKey::Category);
        let terms = self.snapshot.global_terms(TermColumn::Categories)?;
        let mut tally = Tally::default();
        // For each category a product can be in, the places in the tally of itself and of those above it.
        let mut slots: Vec<Vec<usize>> = Vec::with_capacity(terms.len());
        for number in 0..terms.len() {
            let id: Option<CategoryId> = terms.get(number).parse().ok();
            let above = id.map(|id| self.snapshot.tree.with_ancestors(&id)).unwrap_or_default();
            slots.push(above.into_iter().map(|id| tally.slot(id)).collect());
        }
        self.each_term(&docs, TermColumn::Categories, &terms, |document, number| {
            slots[number].iter().for_each(|slot| tally.add(*slot, document));
        });
        let chosen = &self.request.filters.categories;
        for id in chosen {
            tally.slot(id.clone());
        }
        let values = tally.ids.into_iter().zip(tally.counts).map(|(id, count)| FacetValue {
            label: self.snapshot.tree.label(&id, self.request.locale),
            selected: chosen.contains(&id),
            value: id.into(),
            count,
        });
        Ok(Facet {
            key: "category".to_owned(),
            label: self.label("Catégorie", "Category"),
            values: most_frequent(values.collect()),
        })
    }

    fn attribute(&self, index: usize) -> Result<Facet, SearchError> {
        let (key, french, english) = FACET_ATTRIBUTES[index];
        let docs = self.without(&GroupKey::Attribute(key.to_owned()));
        let column = TermColumn::Attribute(index);
        let terms = self.snapshot.global_terms(column)?;
        let mut counts = vec![0_usize; terms.len()];
        self.each_term(&docs, column, &terms, |_, number| counts[number] += 1);
        let chosen = self.request.filters.attributes.get(key).map(Vec::as_slice).unwrap_or_default();
        // Numbers only until the few that are returned are known: there may be tens of thousands of authors.
        let mut numbers: Vec<usize> = (0..counts.len()).filter(|number| counts[*number] > 0).collect();
        if numbers.len() > VALUES_MAX {
            numbers.select_nth_unstable_by_key(VALUES_MAX, |number| (usize::MAX - counts[*number], *number));
            numbers.truncate(VALUES_MAX);
        }
        let value = |text: &str, count| FacetValue {
            value: text.to_owned(),
            label: text.to_owned(),
            count,
            selected: chosen.iter().any(|one| one == text),
        };
        let mut values: Vec<FacetValue> =
            numbers.into_iter().map(|number| value(terms.get(number), counts[number])).collect();
        for text in chosen {
            if !values.iter().any(|one| one.value == *text) {
                let passing = self.snapshot.passing(&Filter::Attribute(key.to_owned(), text.clone()))?;
                values.push(value(text, docs.count_common(&passing)));
            }
        }
        Ok(Facet { key: key.to_owned(), label: self.label(french, english), values: most_frequent(values) })
    }

    fn prices(&self) -> Facet {
        let docs = self.without(&GroupKey::Price);
        let currency = self.request.currency;
        let index = Currency::ALL.iter().position(|one| *one == currency).unwrap_or(0);
        let mut counts = [0_usize; PRICE_BOUNDS.len() + 1];
        for number in docs.iter() {
            let (segment, document) = self.snapshot.locate(number);
            if let Some(minor) = segment.prices[index].first(document) {
                counts[PRICE_BOUNDS.partition_point(|bound| bound.unsigned_abs() <= minor)] += 1;
            }
        }
        let mut values = Vec::new();
        for (place, count) in counts.into_iter().enumerate() {
            let min = place.checked_sub(1).map(|before| PRICE_BOUNDS[before]);
            let max = PRICE_BOUNDS.get(place).map(|bound| bound - 1);
            let filters = &self.request.filters;
            let selected = (filters.price_min.is_some() || filters.price_max.is_some())
                && filters.price_min.unwrap_or(0) == min.unwrap_or(0)
                && filters.price_max == max;
            if count > 0 || selected {
                let text = |bound: Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
                let value = format!("{}-{}", text(min), text(max));
                values.push(FacetValue { value, label: self.price_label(place), count, selected });
            }
        }
        Facet { key: "price".to_owned(), label: self.label("Prix", "Price"), values }
    }

    /// Names a price range by its bounds in whole units, such as `5 à 10 EUR`.
    fn price_label(&self, place: usize) -> String {
        let whole = |place: usize| PRICE_BOUNDS[place] / 100;
        let code = self.request.currency.code();
        if place == 0 {
            let most = whole(0);
            return self.label(&format!("Moins de {most} {code}"), &format!("Under {most} {code}"));
        }
        let least = whole(place - 1);
        if place == PRICE_BOUNDS.len() {
            return self.label(&format!("{least} {code} et plus"), &format!("{least} {code} and over"));
        }
        let most = whole(place);
        self.label(&format!("{least} à {most} {code}"), &format!("{least} to {most} {code}"))
    }

    fn availability(&self) -> Result<Facet, SearchError> {
        let docs = self.without(&GroupKey::Availability);
        let available = docs.count_common(&*self.snapshot.passing(&Filter::InStock)?);
        let value = |wanted: bool, label: String, count| FacetValue {
            value: wanted.to_string(),
            label,
            count,
            selected: self.request.filters.in_stock == Some(wanted),
        };
        let mut values = vec![
            value(true, self.label("En stock", "In stock"), available),
            value(false, self.label("Épuisé", "Out of stock"), docs.count() - available),
        ];
        values.retain(|value| value.count > 0 || value.selected);
        Ok(Facet { key: "availability".to_owned(), label: self.label("Disponibilité", "Availability"), values })
    }

    /// Calls back with each document of a set and the global number of each of its terms.
    fn each_term(
        &self,
        docs: &Bits,
        column: TermColumn,
        terms: &super::terms::GlobalTerms,
        mut found: impl FnMut(u32, usize),
    ) {
        let segments = &self.snapshot.segments;
        let mut at = 0;
        for number in docs.iter() {
            while segments.get(at + 1).is_some_and(|next| next.first <= number) {
                at += 1;
            }
            let Some(values) = segments[at].term_column(column) else { continue };
            let numbers = terms.of_segment(at);
            for term in values.ords().values_for_doc(number - segments[at].first) {
                if let Some(global) = usize::try_from(term).ok().and_then(|term| numbers.get(term)) {
                    found(number, *global as usize);
                }
            }
        }
    }
}

/// Counts of categories, each document once for each category however many ways lead up to it.
#[derive(Default)]
struct Tally {
    ids: Vec<CategoryId>,
    counts: Vec<usize>,
    /// The last document counted, plus one.
    last: Vec<u64>,
}

impl Tally {
    fn slot(&mut self, id: CategoryId) -> usize {
        self.ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.ids.push(id);
            self.counts.push(0);
            self.last.push(0);
            self.ids.len() - 1
        })
    }

    fn add(&mut self, slot: usize, document: u32) {
        let mark = u64::from(document) + 1;
        if self.last[slot] != mark {
            self.last[slot] = mark;
            self.counts[slot] += 1;
        }
    }
}

/// Sorts values by count, keeps the most frequent and the selected ones.
fn most_frequent(mut values: Vec<FacetValue>) -> Vec<FacetValue> {
    values.retain(|value| value.count > 0 || value.selected);
    values.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.label.cmp(&right.label)));
    let mut kept = 0;
    values.retain(|value| {
        kept += 1;
        kept <= VALUES_MAX || value.selected
    });
    values
}
