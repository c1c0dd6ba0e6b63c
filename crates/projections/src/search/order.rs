//! All shown products in one order. Built once per commit, it makes every list a walk: intersect the filters' bits,
//! start behind the cursor, take the first documents whose bit is set.

use domain::values::{Currency, Locale};

use super::SearchError;
use super::bits::Bits;
use super::request::{Cursor, Sort, SortValue};
use super::schema::place;
use super::snapshot::{SegmentColumns, Snapshot};
use super::terms::GlobalTerms;

/// Below this share of all products (one in so many) the matches are gathered and sorted instead of walked to.
const WALK_SHARE_MIN: usize = 100;
/// The rank of a document that is not shown.
const NO_RANK: u32 = u32::MAX;

/// What an order is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderKey {
    Newest,
    Name(Locale),
    Price(Currency, Direction),
}

/// Which end of the prices comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

impl OrderKey {
    /// How many orders there are.
    pub(super) const COUNT: usize = 3 + 2 * Currency::ALL.len();

    /// Returns the order behind a sort; without a text to match, relevance is newness.
    pub(super) fn of(sort: Sort, currency: Currency) -> Self {
        match sort {
            Sort::Relevance | Sort::Newest => OrderKey::Newest,
            Sort::Name(locale) => OrderKey::Name(locale),
            Sort::PriceAsc => OrderKey::Price(currency, Direction::Up),
            Sort::PriceDesc => OrderKey::Price(currency, Direction::Down),
        }
    }

    /// Goes through every order.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let prices = Currency::ALL
            .into_iter()
            .flat_map(|currency| [Direction::Up, Direction::Down].map(|way| OrderKey::Price(currency, way)));
        [OrderKey::Newest, OrderKey::Name(Locale::Fr), OrderKey::Name(Locale::En)].into_iter().chain(prices)
    }

    /// Returns its place below [`OrderKey::COUNT`].
    pub(super) fn index(self) -> usize {
        Self::all().position(|key| key == self).unwrap_or(0)
    }

    /// Returns what a document is sorted by, turned so that lower comes first.
    pub(super) fn value(self, segment: &SegmentColumns, document: u32) -> Result<SortValue, SearchError> {
        Ok(match self {
            OrderKey::Newest => SortValue::Number(newness(segment, document)),
            OrderKey::Price(currency, direction) => SortValue::Number(price(segment, document, currency, direction)),
            OrderKey::Name(locale) => {
                let mut name = Vec::new();
                if let Some(column) = &segment.names[place(locale)]
                    && let Some(term) = column.ords().first(document)
                {
                    column.dictionary().ord_to_term(term, &mut name).map_err(tantivy::TantivyError::from)?;
                }
                SortValue::Text(name)
            }
        })
    }
}

fn newness(segment: &SegmentColumns, document: u32) -> u64 {
    !segment.since.first(document).unwrap_or(0)
}

fn price(segment: &SegmentColumns, document: u32, currency: Currency, direction: Direction) -> u64 {
    let index = Currency::ALL.iter().position(|one| *one == currency).unwrap_or(0);
    match (segment.prices[index].first(document), direction) {
        (Some(minor), Direction::Up) => minor,
        // One less than the highest, so that a price of nothing still comes before no price.
        (Some(minor), Direction::Down) => (u64::MAX - 1).saturating_sub(minor),
        (None, Direction::Up | Direction::Down) => u64::MAX,
    }
}

/// All shown products in one order.
pub(super) struct Order {
    key: OrderKey,
    /// Document numbers, first to last.
    sequence: Vec<u32>,
    /// The place in `sequence` by document number.
    ranks: Vec<u32>,
}

impl Order {
    /// Sorts the shown products of a snapshot.
    pub(super) fn build(snapshot: &Snapshot, key: OrderKey) -> Result<Self, SearchError> {
        let names = match key {
            OrderKey::Name(locale) => {
                let columns = snapshot.segments.iter().map(|segment| segment.names[place(locale)].as_ref());
                GlobalTerms::build(columns)?.into_numbers()
            }
            OrderKey::Newest | OrderKey::Price(..) => Vec::new(),
        };
        let mut rows: Vec<(u64, [u64; 2], u32)> = Vec::with_capacity(snapshot.shown_count);
        let mut at = 0;
        for number in snapshot.shown.iter() {
            while snapshot.segments.get(at + 1).is_some_and(|next| next.first <= number) {
                at += 1;
            }
            let segment = &snapshot.segments[at];
            let document = number - segment.first;
            let value = match key {
                OrderKey::Newest => newness(segment, document),
                OrderKey::Price(currency, direction) => price(segment, document, currency, direction),
                OrderKey::Name(locale) => segment.names[place(locale)]
                    .as_ref()
                    .and_then(|column| column.ords().first(document))
                    .and_then(|term| names[at].get(usize::try_from(term).ok()?))
                    .map_or(0, |name| u64::from(*name)),
            };
            let product = segment.product(document);
            // Two halves instead of one 128-bit number: the row is 32 bytes instead of 48.
            rows.push((value, [(product >> 64) as u64, product as u64], number));
        }
        rows.sort_unstable();
        let sequence: Vec<u32> = rows.iter().map(|row| row.2).collect();
        let mut ranks = vec![NO_RANK; snapshot.bound() as usize];
        for (rank, number) in (0_u32..).zip(&sequence) {
            ranks[*number as usize] = rank;
        }
        Ok(Self { key, sequence, ranks })
    }

    /// Returns the first documents of a set behind a cursor, in this order, at most `limit`.
    pub(super) fn first(
        &self,
        snapshot: &Snapshot,
        set: &Bits,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<u32>, SearchError> {
        let start = match after {
            Some(cursor) => self.behind(snapshot, cursor)?,
            None => 0,
        };
        let count = set.count();
        if count >= self.sequence.len() / WALK_SHARE_MIN {
            let rest = self.sequence.iter().skip(start).copied();
            return Ok(rest.filter(|number| set.contains(*number)).take(limit).collect());
        }
        let mut ranks: Vec<u32> = Vec::with_capacity(count);
        ranks.extend(
            set.iter()
                .map(|number| self.ranks[number as usize])
                .filter(|rank| *rank != NO_RANK && *rank as usize >= start),
        );
        if ranks.len() > limit {
            ranks.select_nth_unstable(limit);
            ranks.truncate(limit);
        }
        ranks.sort_unstable();
        Ok(ranks.into_iter().map(|rank| self.sequence[rank as usize]).collect())
    }

    /// Returns the products with a price within bounds, both included, when this is the order of rising prices.
    pub(super) fn priced(&self, snapshot: &Snapshot, currency: Currency, bounds: [i64; 2]) -> Bits {
        let [min, max] = bounds.map(|bound| u64::try_from(bound).unwrap_or(0));
        let price_of = |number: u32| {
            let (segment, document) = snapshot.locate(number);
            price(segment, document, currency, Direction::Up)
        };
        let from = self.sequence.partition_point(|number| price_of(*number) < min);
        let to = self.sequence.partition_point(|number| price_of(*number) <= max);
        let mut bits = Bits::new(snapshot.bound());
        self.sequence.get(from..to).unwrap_or_default().iter().for_each(|number| bits.insert(*number));
        bits
    }

    /// Returns the place of the first document behind a cursor.
    fn behind(&self, snapshot: &Snapshot, cursor: &Cursor) -> Result<usize, SearchError> {
        let (mut low, mut high) = (0, self.sequence.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let (segment, document) = snapshot.locate(self.sequence[middle]);
            let value = self.key.value(segment, document)?;
            if (&value, segment.product(document)) <= (&cursor.value, cursor.product) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}
