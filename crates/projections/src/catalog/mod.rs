//! The catalogue as shoppers see it: products with variants, prices and reviews, and the tree of categories.
//!
//! Reads the streams `product`, `variant` and `category`. Prices are minor units, VAT included; moments microseconds
//! since 1970; weights grams. A category counts the published products that stand in it directly.

mod fold;
mod queries;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::CatalogProjection;
pub use queries::{
    CatalogQueries, CategoryView, ListedProduct, PriceView, ProductOrder, ProductView, ReviewView, VariantView,
};
