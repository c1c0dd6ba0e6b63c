//! The shop as it was: every aggregate at every position, the roots of the API, what led to what.

mod causality;
mod histories;
mod replay;
mod roots;
