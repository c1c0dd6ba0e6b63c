//! The catalogue over GraphQL: searched in the index, shown from read models, changed on the write side.

mod categories;
mod list;
mod mutations;
mod past;
mod product_mutations;
mod queries;
mod reductions;
pub mod types;

pub use categories::CategoryQuery;
pub(crate) use categories::Tree;
pub use list::{Facet, FacetValue, ProductConnection, ProductEdge};
pub use mutations::{CategoryMutation, VariantMutation};
pub use product_mutations::ProductMutation;
pub use queries::CatalogQuery;
pub(crate) use queries::find_product;
pub use reductions::{PriceReduction, ReductionMutation};
