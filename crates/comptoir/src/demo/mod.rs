//! The demo shop: a French bookshop of real works in the public domain. Fills an empty shop with books, prices and stock,
//! and draws the covers.
//!
//! Everything comes from two files compiled in, `demo/categories.toml` and `demo/books.toml`. Every id follows from them
//! and every command has a key, so filling may stop anywhere and go on later, and nothing is ever added twice.

mod bookshop;
pub mod covers;
mod seed;
#[cfg(test)]
mod tests;

pub use seed::{SeedReport, is_needed, seed};
