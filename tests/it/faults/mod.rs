//! What may go wrong around a shop, done to the real binary: a second writer, a damaged file.

mod refusals;
