//! The search as a shopper and an operator see it, over a log in memory.

mod facets;
mod finding;
mod following;
mod lists;
mod shop;
