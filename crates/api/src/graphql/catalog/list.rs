//! A page of products and the ways to narrow it down.

use async_graphql::{Enum, ID, InputObject, SimpleObject};
use domain::values::{CategoryId, Locale};
use projections::search::{Filters, Sort};
use std::collections::BTreeMap;

use super::types::Product;
use crate::graphql::connection::PageInfo;
use crate::graphql::money::{CurrencyCode, MoneyInput};
use crate::graphql::scalars::{Decimal, SafeInt};

/// A product of a list.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProductEdge {
    /// Pass it as `after` to go on behind this product.
    pub cursor: String,
    /// The product.
    pub node: Product,
}

/// A page of products.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProductConnection {
    /// The products with their cursors.
    pub edges: Vec<ProductEdge>,
    /// The products.
    pub nodes: Vec<Product>,
    /// Where the page stands.
    pub page_info: PageInfo,
    /// How many products match on all pages.
    pub total_count: SafeInt,
    /// Ways to narrow the list down, with counts; counted only when asked for.
    pub facets: Vec<Facet>,
}

/// A way to narrow a list down.
#[derive(Clone, Debug, SimpleObject)]
pub struct Facet {
    /// `category`, an attribute's key, `price` or `availability`.
    pub key: String,
    /// What to call it.
    pub label: String,
    /// Its values; a selection in this facet does not lower the counts of this facet.
    pub values: Vec<FacetValue>,
}

/// A choice of a facet.
#[derive(Clone, Debug, SimpleObject)]
pub struct FacetValue {
    /// What to filter by: a category's id, an attribute's value, `min-max` in minor units, `true` or `false`.
    pub value: String,
    /// What to show.
    pub label: String,
    /// How many products there would be.
    pub count: SafeInt,
    /// Whether the list is narrowed by it.
    pub selected: bool,
}

impl From<projections::search::Facet> for Facet {
    fn from(facet: projections::search::Facet) -> Self {
        let values = facet.values.into_iter().map(|value| FacetValue {
            value: value.value,
            label: value.label,
            count: SafeInt(value.count as i64),
            selected: value.selected,
        });
        Self { key: facet.key, label: facet.label, values: values.collect() }
    }
}

/// What every product of a list must be; all of it.
#[derive(Clone, Debug, InputObject)]
pub struct ProductWhere {
    /// In one of these categories or below it, at most 100.
    pub category: Option<Vec<ID>>,
    /// The currency of the price filter, of both price orders and of the price facet.
    #[graphql(default_with = "CurrencyCode::Eur")]
    pub currency: CurrencyCode,
    /// Priced so, VAT included.
    pub price: Option<PriceFilter>,
    /// With these attributes, at most 100; different keys must all hold.
    pub attributes: Option<Vec<AttributeFilter>>,
    /// Whether some unit is free to sell.
    pub in_stock: Option<bool>,
}

/// From a price to a price, both included.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PriceFilter {
    /// At least.
    pub gte: Option<Decimal>,
    /// At most.
    pub lte: Option<Decimal>,
}

/// An attribute that has one of some values.
#[derive(Clone, Debug, InputObject)]
pub struct AttributeFilter {
    /// The attribute, such as `author`.
    pub key: String,
    /// One of these, at most 100.
    #[graphql(name = "in")]
    pub one_of: Vec<String>,
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ProductSort {
    /// Best match first; newest first where no text is searched.
    Relevance,
    /// Cheapest first.
    PriceAsc,
    /// Dearest first.
    PriceDesc,
    /// By name, accents and case aside.
    Name,
    /// Last published first.
    Newest,
}

impl ProductSort {
    /// Returns the search's order.
    pub(super) fn order(self, locale: Locale) -> Sort {
        match self {
            ProductSort::Relevance => Sort::Relevance,
            ProductSort::PriceAsc => Sort::PriceAsc,
            ProductSort::PriceDesc => Sort::PriceDesc,
            ProductSort::Name => Sort::Name(locale),
            ProductSort::Newest => Sort::Newest,
        }
    }
}

impl Default for ProductWhere {
    fn default() -> Self {
        Self { category: None, currency: CurrencyCode::Eur, price: None, attributes: None, in_stock: None }
    }
}

impl ProductWhere {
    /// Reads the filters, or says which is wrong.
    pub(super) fn filters(&self) -> Result<Filters, String> {
        let mut filters = Filters { in_stock: self.in_stock, ..Filters::default() };
        for id in self.category.iter().flatten() {
            let id: CategoryId = id.parse().map_err(|error: domain::values::InvalidValue| error.to_string())?;
            filters.categories.push(id);
        }
        let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for filter in self.attributes.iter().flatten() {
            attributes.entry(filter.key.clone()).or_default().extend(filter.one_of.iter().cloned());
        }
        filters.attributes = attributes;
        if let Some(price) = self.price {
            filters.price_min = bound(price.gte, self.currency)?;
            filters.price_max = bound(price.lte, self.currency)?;
        }
        Ok(filters)
    }
}

fn bound(amount: Option<Decimal>, currency: CurrencyCode) -> Result<Option<i64>, String> {
    let Some(amount) = amount else { return Ok(None) };
    let exact = MoneyInput { amount, currency }.exact();
    let exact = exact.ok_or_else(|| format!("{} is not an amount with at most two decimals", amount.0))?;
    Ok(Some(exact.minor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_exactly_or_refused() {
        let price = |text: &str| Some(Decimal(rust_decimal::Decimal::from_str_exact(text).expect("a decimal")));
        let range = PriceFilter { gte: price("5"), lte: price("10.50") };
        let filter = ProductWhere { price: Some(range), in_stock: Some(true), ..ProductWhere::default() };
        let filters = filter.filters().expect("valid");
        assert_eq!((filters.price_min, filters.price_max, filters.in_stock), (Some(500), Some(1_050), Some(true)));
        let half_a_cent = PriceFilter { gte: price("0.005"), lte: None };
        assert!(ProductWhere { price: Some(half_a_cent), ..ProductWhere::default() }.filters().is_err());
        let category = Some(vec![ID("x".to_owned())]);
        assert!(ProductWhere { category, ..ProductWhere::default() }.filters().is_err());
    }

    #[test]
    fn values_of_one_attribute_are_alternatives() {
        let filter = |key: &str, value: &str| AttributeFilter { key: key.to_owned(), one_of: vec![value.to_owned()] };
        let attributes = Some(vec![filter("author", "Hugo"), filter("author", "Zola"), filter("year", "1862")]);
        let filters = ProductWhere { attributes, ..ProductWhere::default() }.filters().expect("valid");
        assert_eq!(filters.attributes["author"], ["Hugo", "Zola"]);
        assert_eq!(filters.attributes.len(), 2);
    }
}
