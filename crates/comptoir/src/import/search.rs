//! How fast the catalogue is searched with everything in it: texts made of the products' own words.

use std::time::{Duration, Instant};

use anyhow::Context;
use domain::values::{Currency, Locale};
use projections::search::{SearchIndex, SearchRequest};
use serde::Serialize;

use super::files::Product;
use crate::progress::Console;

/// The fewest letters of a word worth searching for.
const WORD_LETTERS_MIN: usize = 3;
/// A step through the catalogue that meets every product once: a prime (Knuth's multiplicative hashing).
const STRIDE: usize = 2_654_435_761;

/// How long searches took, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half of them took at most so long.
    pub p50_micros: u64,
    /// 99 of 100 took at most so long.
    pub p99_micros: u64,
    /// The slowest one.
    pub max_micros: u64,
}

/// What was searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SearchReport {
    /// Products in the index.
    pub products: u64,
    /// Different texts searched for.
    pub queries: u64,
    /// Texts that found nothing.
    pub without_hits: u64,
    /// The first 20 hits of a text.
    pub text: Latency,
    /// The same with all facets counted.
    pub facets: Latency,
}

/// Searches for so many texts, one after the other, once everything is in the index.
///
/// # Errors
/// When the index fails.
pub(super) async fn measure(
    index: &SearchIndex,
    products: &[Product],
    queries: usize,
    console: &Console,
) -> anyhow::Result<SearchReport> {
    index.catch_up().await.context("the search index cannot catch up")?;
    let texts = texts(products, queries);
    let (index, console) = (index.clone(), console.clone());
    tokio::task::spawn_blocking(move || measure_texts(&index, &texts, &console)).await?
}

fn measure_texts(index: &SearchIndex, texts: &[String], console: &Console) -> anyhow::Result<SearchReport> {
    let mut request = SearchRequest::new(Locale::En, Currency::Usd);
    let total = index.search(&request)?.total;
    let task = console.task("searches", 2 * texts.len() as u64);
    let (mut plain, mut counted, mut without_hits) = (Vec::new(), Vec::new(), 0);
    for text in texts {
        request.text.clone_from(text);
        for facets in [false, true] {
            request.facets = facets;
            let begun = Instant::now();
            let page = index.search(&request)?;
            if facets { &mut counted } else { &mut plain }.push(begun.elapsed());
            without_hits += u64::from(!facets && page.total == 0);
            task.add(1);
        }
    }
    task.finish();
    Ok(SearchReport {
        products: total as u64,
        queries: texts.len() as u64,
        without_hits,
        text: latency(plain),
        facets: latency(counted),
    })
}

/// Makes texts of one word, two words, a brand and a word: from products all over the file, always the same.
fn texts(products: &[Product], count: usize) -> Vec<String> {
    if products.is_empty() {
        return Vec::new();
    }
    let nth = |index: usize| &products[index.wrapping_mul(STRIDE) % products.len()];
    (0..count)
        .map(|index| {
            let product = nth(index);
            let mut words = words(&product.kind);
            if words.is_empty() {
                words = self::words(&product.department);
            }
            match index % 3 {
                0 => words.truncate(1),
                1 => words.truncate(2),
                _ => {
                    words.truncate(1);
                    words.push(product.brand.to_lowercase());
                }
            }
            words.join(" ")
        })
        .collect()
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric());
    parts.filter(|word| word.chars().count() >= WORD_LETTERS_MIN).map(str::to_lowercase).collect()
}

fn latency(mut taken: Vec<Duration>) -> Latency {
    taken.sort();
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    // The nearest rank: the smallest time that so many of 100 do not exceed.
    let at = |percent: usize| taken.get((taken.len() * percent).div_ceil(100).max(1) - 1).copied().map_or(0, micros);
    Latency { p50_micros: at(50), p99_micros: at(99), max_micros: at(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_is_taken() {
        let taken = (1..=200).rev().map(Duration::from_micros).collect();
        assert_eq!(latency(taken), Latency { p50_micros: 100, p99_micros: 198, max_micros: 200 });
        assert_eq!(latency(Vec::new()), Latency::default());
    }
}
