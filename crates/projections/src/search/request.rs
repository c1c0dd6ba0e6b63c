//! What is asked of the search and what it answers.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use domain::values::{CategoryId, Currency, Locale};
use event_store::Position;

use super::SearchError;

/// The most hits of one page; a larger `first` is lowered to it.
pub const PAGE_HITS_MAX: usize = 100;
/// The most values one filter may name, and the most attributes that may be filtered by.
pub const FILTER_VALUES_MAX: usize = 100;

/// A question of a shopper.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// What was typed; blank finds everything. Only the first 200 characters and 16 words count.
    pub text: String,
    /// The language of the labels, and the one whose texts count more.
    pub locale: Locale,
    /// The currency of the price filter, sort and facet.
    pub currency: Currency,
    /// What every hit must be.
    pub filters: Filters,
    /// The order of the hits.
    pub sort: Sort,
    /// How many hits, at most [`PAGE_HITS_MAX`].
    pub first: usize,
    /// Go on behind this hit.
    pub after: Option<Cursor>,
    /// Whether facets are counted. Lists without them are much faster.
    pub facets: bool,
}

impl SearchRequest {
    /// Asks for the first 20 products of the whole shop, without facets.
    pub fn new(locale: Locale, currency: Currency) -> Self {
        Self {
            text: String::new(),
            locale,
            currency,
            filters: Filters::default(),
            sort: Sort::Relevance,
            first: 20,
            after: None,
            facets: false,
        }
    }
}

/// What every hit must be. Values of one filter are alternatives; different filters must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filters {
    /// In one of these categories or below it; empty for any.
    pub categories: Vec<CategoryId>,
    /// For each attribute key, one of these values; keys without values do not count.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// The lowest price in minor units, itself included.
    pub price_min: Option<i64>,
    /// The highest price in minor units, itself included.
    pub price_max: Option<i64>,
    /// Whether some unit is free to sell.
    pub in_stock: Option<bool>,
}

/// The order of hits. Equals stand by product id; a product without a price comes last in both price orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Best match first; newest first when no text is asked for.
    #[default]
    Relevance,
    /// Cheapest first.
    PriceAsc,
    /// Dearest first.
    PriceDesc,
    /// By the name in a language, case and accents aside.
    Name(Locale),
    /// Last published first.
    Newest,
}

/// A page of hits.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// The hits in order.
    pub hits: Vec<Hit>,
    /// How many products match on all pages.
    pub total: usize,
    /// The facets, when asked for.
    pub facets: Vec<Facet>,
    /// Every event up to here is in the answer.
    pub position: Position,
    /// Whether hits follow behind this page.
    pub has_next: bool,
}

/// A product that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The product's id as text.
    pub product: String,
    /// Where it stands, to go on behind it.
    pub cursor: Cursor,
}

/// A way to narrow the hits down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// `category`, an attribute's key, `price` or `availability`.
    pub key: String,
    /// What to call it in the asked language.
    pub label: String,
    /// Its values; a selection in this facet does not lower the counts of this facet.
    pub values: Vec<FacetValue>,
}

/// One choice of a facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetValue {
    /// What to filter by: a category id, an attribute's value, `min-max` in minor units (open when an end is missing),
    /// or `true` and `false` for availability.
    pub value: String,
    /// What to show.
    pub label: String,
    /// How many products there would be.
    pub count: usize,
    /// Whether the request selects it.
    pub selected: bool,
}

/// Where a hit stands in its order. Opaque as text. Survives changes of the index: it is a sort value and a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) sort: Sort,
    pub(super) value: SortValue,
    pub(super) product: u128,
}

/// What a hit is sorted by, so turned that lower comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortValue {
    Number(u64),
    Text(Vec<u8>),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:032x}", tag(self.sort), self.product)?;
        match &self.value {
            SortValue::Number(number) => write!(f, "{number:016x}"),
            SortValue::Text(text) => text.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl FromStr for Cursor {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Self, SearchError> {
        parse(text).ok_or(SearchError::InvalidCursor)
    }
}

fn parse(text: &str) -> Option<Cursor> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) || text.len() > 1_000 {
        return None;
    }
    let (tag_text, rest) = text.split_at_checked(1)?;
    let (product, value) = rest.split_at_checked(32)?;
    let sort = [
        Sort::Relevance,
        Sort::PriceAsc,
        Sort::PriceDesc,
        Sort::Name(Locale::Fr),
        Sort::Name(Locale::En),
        Sort::Newest,
    ]
    .into_iter()
    .find(|sort| tag(*sort).to_string() == tag_text)?;
    let value = match sort {
        Sort::Name(_) if value.len() % 2 == 1 => return None,
        Sort::Name(_) => SortValue::Text(
            value
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect::<Option<_>>()?,
        ),
        Sort::Relevance | Sort::PriceAsc | Sort::PriceDesc | Sort::Newest => {
            SortValue::Number(u64::from_str_radix(value, 16).ok()?)
        }
    };
    Some(Cursor { sort, value, product: u128::from_str_radix(product, 16).ok()? })
}

fn tag(sort: Sort) -> char {
    match sort {
        Sort::Relevance => 'r',
        Sort::PriceAsc => 'p',
        Sort::PriceDesc => 'q',
        Sort::Name(Locale::Fr) => 'f',
        Sort::Name(Locale::En) => 'e',
        Sort::Newest => 'n',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_text_and_back() {
        for cursor in [
            Cursor { sort: Sort::PriceAsc, value: SortValue::Number(1999), product: 7 },
            Cursor { sort: Sort::Name(Locale::Fr), value: SortValue::Text("été".into()), product: u128::MAX },
            Cursor { sort: Sort::Name(Locale::En), value: SortValue::Text(Vec::new()), product: 0 },
        ] {
            assert_eq!(cursor.to_string().parse::<Cursor>().expect("own text parses"), cursor);
        }
    }

    #[test]
    fn a_text_that_is_no_cursor_is_refused() {
        let long = "f".repeat(5_000);
        for text in
            ["", "p", "x00", "é", "p+000000000000000000000000000000000", "f00000000000000000000000000000000f", &long]
        {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
