//! Measures the search: products indexed a second, and how long texts, lists and facets take.
//!
//! `cargo run --release -p projections --example search_bench -- [products] [folder]`; 100,000 products in memory by
//! default. The figures are those of one thread.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::catalog::{CategoryEvent, ProductEvent, VariantEvent};
use domain::stock::StockEvent;
use domain::values::{CategoryId, Currency, Locale, Localized, Money, ProductId, Quantity};
use event_store::memory::MemoryStore;
use event_store::{Commit, EventStore, NewEvent, StreamId};
use projections::search::{Filters, SearchIndex, SearchRequest, Sort};
use serde::Serialize;
use serde_json::value::RawValue;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

const WORDS: [&str; 48] = [
    "fleurs",
    "mal",
    "étranger",
    "misérables",
    "cheval",
    "maison",
    "nuit",
    "jardin",
    "rivière",
    "montagne",
    "lumière",
    "ombre",
    "voyage",
    "secret",
    "enfants",
    "guerre",
    "paix",
    "amour",
    "haine",
    "mort",
    "vie",
    "histoire",
    "contes",
    "nouvelles",
    "poèmes",
    "théâtre",
    "roman",
    "chanson",
    "rêve",
    "forêt",
    "océan",
    "désert",
    "ville",
    "village",
    "royaume",
    "dragon",
    "sorcière",
    "détective",
    "énigme",
    "cuisine",
    "jardinage",
    "peinture",
    "musique",
    "science",
    "étoiles",
    "planète",
    "mémoire",
    "silence",
];
const CATEGORIES: u64 = 60;
const ROUNDS: usize = 2_000;

/// Numbers that look random and are the same each time (xorshift64, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// A word out of 30,000, the lower numbers far more often: about what Zipf's law says of a language.
    fn rare_word(&mut self) -> String {
        const SYLLABLES: [&str; 32] = [
            "ba", "ché", "da", "fon", "gui", "jou", "ka", "lau", "mi", "nor", "pé", "quo", "ri", "sal", "tou", "val",
            "bri", "cor", "del", "fra", "gli", "lan", "mar", "nel", "plu", "ran", "ser", "tri", "vou", "zan", "eau",
            "or",
        ];
        let exponent = self.roll(15);
        let mut rest = self.roll(2 << exponent);
        let mut word = String::new();
        for _ in 0..3 {
            word.push_str(SYLLABLES[usize::try_from(rest % 32).unwrap_or(0)]);
            rest /= 32;
        }
        word
    }

    fn rare_words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.rare_word()).collect::<Vec<_>>().join(" ")
    }

    fn words(&mut self, count: usize) -> String {
        // The square of a throw makes some words common and others rare, as in a real catalogue.
        let word = |dice: &mut Dice| WORDS[usize::try_from(dice.roll(48) * dice.roll(48) / 48).unwrap_or(0)];
        (0..count).map(|_| word(self)).collect::<Vec<_>>().join(" ")
    }
}

fn hex(number: u64) -> String {
    format!("{number:032x}")
}

fn category(number: u64) -> Result<CategoryId, AnyError> {
    Ok(CategoryId::from_uuid(hex(number + 1).parse()?))
}

/// Appends the events of one stream.
async fn tell<E: Serialize>(store: &MemoryStore, kind: &str, id: &str, facts: &[E]) -> Result<(), AnyError> {
    let start = store.head().borrow().0;
    let mut events = Vec::with_capacity(facts.len());
    for (offset, fact) in (1_u64..).zip(facts) {
        events.push(NewEvent {
            event_id: hex(start + offset).parse()?,
            event_type: kind.to_owned(),
            event_version: "1".to_owned(),
            payload: serde_json::value::to_raw_value(fact)?,
            metadata: RawValue::from_string("{}".to_owned())?,
        });
    }
    let stream = StreamId::new(kind, id);
    let commit = Commit { stream, expected: 0, events, command: None, recorded_at: 0, epoch: None };
    store.append(commit).await?;
    Ok(())
}

async fn fill(store: &MemoryStore, products: u64) -> Result<(), AnyError> {
    let mut dice = Dice(88_172_645_463_325_252);
    for number in 0..CATEGORIES {
        let parent = if number < 6 { None } else { Some(category(number % 6)?) };
        let name = Localized::new(format!("Rayon {number}"), None);
        let created = CategoryEvent::Created { slug: format!("rayon-{number}"), name, parent, rank: 0 };
        tell(store, "category", category(number)?.as_str(), &[created]).await?;
    }
    for number in 0..products {
        let id = ProductId::from_uuid(hex(number + 1).parse()?);
        let attributes = BTreeMap::from([
            ("author".to_owned(), format!("Auteur{} {}", dice.roll(20_000), dice.words(1))),
            ("language".to_owned(), ["fr", "en", "de"][usize::try_from(dice.roll(3))?].to_owned()),
            ("format".to_owned(), ["Poche", "Broché", "Relié"][usize::try_from(dice.roll(3))?].to_owned()),
            ("publisher".to_owned(), format!("Éditions {}", dice.roll(400))),
            ("isbn".to_owned(), format!("978{number:010}")),
        ]);
        let facts = [
            ProductEvent::Created {
                slug: format!("p-{number}"),
                name: Localized::new(format!("{} {}", dice.words(1), dice.rare_words(3)), None),
            },
            ProductEvent::Summarised {
                summary: Localized::new(format!("{} {}", dice.words(10), dice.rare_words(50)), None),
            },
            ProductEvent::Categorised { categories: vec![category(6 + dice.roll(CATEGORIES - 6))?] },
            ProductEvent::AttributesSet { attributes },
            ProductEvent::Published {},
        ];
        tell(store, "product", id.as_str(), &facts).await?;
        let sku = format!("SKU-{number}");
        let price = Money::new(i64::try_from(100 + dice.roll(9_900))?, Currency::Eur);
        let created = VariantEvent::Created { product: id, name: Localized::default(), weight_grams: 300 };
        tell(store, "variant", &sku, &[created, VariantEvent::Priced { price, vat_rate: "0.055".parse()?, at: None }])
            .await?;
        let quantity = Quantity::new(i64::try_from(1 + dice.roll(50))?)?;
        let received = StockEvent::Received { quantity, reference: "first".parse()? };
        tell(store, "stock", &format!("{sku}@paris"), &[received]).await?;
    }
    Ok(())
}

/// Answers requests one after the other and prints how long they took.
fn measure(
    index: &SearchIndex,
    name: &str,
    rounds: usize,
    mut request: impl FnMut(&mut Dice) -> Result<SearchRequest, AnyError>,
) -> Result<(), AnyError> {
    let mut dice = Dice(1_181_783_497_276_652_981);
    let mut times = Vec::with_capacity(rounds);
    let mut total = 0;
    for _ in 0..rounds {
        let asked = request(&mut dice)?;
        let start = Instant::now();
        let page = black_box(index.search(&asked)?);
        times.push(start.elapsed());
        total += page.total;
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(Duration::ZERO);
    let mean = total / rounds.max(1);
    println!("{name:<44} p50 {:>9.1?}  p99 {:>9.1?}  mean total {mean}", at(50), at(99));
    Ok(())
}

fn report(index: &SearchIndex) -> Result<(), AnyError> {
    let plain = || SearchRequest::new(Locale::Fr, Currency::Eur);
    let sorts = [Sort::Newest, Sort::PriceAsc, Sort::PriceDesc, Sort::Name(Locale::Fr)];
    measure(index, "the four orders, first use", 1, |_| Ok(SearchRequest { sort: Sort::Newest, ..plain() }))?;
    for sort in sorts {
        index.search(&SearchRequest { sort, ..plain() })?;
    }
    measure(index, "all products, 20 in any order", ROUNDS, |dice| {
        Ok(SearchRequest { sort: sorts[usize::try_from(dice.roll(4))?], ..plain() })
    })?;
    measure(index, "a category, 20 in any order", ROUNDS, |dice| {
        let filters = Filters { categories: vec![category(dice.roll(CATEGORIES))?], ..Filters::default() };
        Ok(SearchRequest { filters, sort: sorts[usize::try_from(dice.roll(4))?], ..plain() })
    })?;
    measure(index, "a category, in stock, any price range", ROUNDS, |dice| {
        let low = i64::try_from(dice.roll(5_000))?;
        let filters = Filters {
            categories: vec![category(dice.roll(CATEGORIES))?],
            price_min: Some(low),
            price_max: Some(low + 1_000),
            in_stock: Some(true),
            ..Filters::default()
        };
        Ok(SearchRequest { filters, ..plain() })
    })?;
    measure(index, "all products with facets", ROUNDS / 20, |_| Ok(SearchRequest { facets: true, ..plain() }))?;
    measure(index, "a category with facets", ROUNDS / 10, |dice| {
        let filters = Filters { categories: vec![category(6 + dice.roll(CATEGORIES - 6))?], ..Filters::default() };
        Ok(SearchRequest { facets: true, filters, ..plain() })
    })?;
    for count in [1, 2, 3] {
        measure(index, &format!("text of {count} words"), ROUNDS / 2, |dice| {
            Ok(SearchRequest { text: format!("{} ", dice.rare_words(count)), ..plain() })
        })?;
        measure(index, &format!("text of {count} of the 48 commonest words"), ROUNDS / 2, |dice| {
            Ok(SearchRequest { text: format!("{} ", dice.words(count)), ..plain() })
        })?;
    }
    measure(index, "text, last word unfinished", ROUNDS / 2, |dice| {
        let text: String = dice.rare_words(2).chars().take(9).collect();
        Ok(SearchRequest { text, ..plain() })
    })?;
    measure(index, "author", ROUNDS / 2, |dice| {
        Ok(SearchRequest { text: format!("auteur{}", dice.roll(20_000)), ..plain() })
    })?;
    measure(index, "text with a slip", ROUNDS / 10, |dice| {
        Ok(SearchRequest { text: format!("auteux{} ", dice.roll(20_000)), ..plain() })
    })
}

/// Returns what the process holds in memory now and held at most, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let wanted = |line: &&str| ["VmRSS", "RssAnon", "RssFile", "VmHWM"].iter().any(|name| line.starts_with(name));
    status.lines().filter(wanted).collect::<Vec<_>>().join("  ").replace('\t', " ")
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut arguments = std::env::args().skip(1);
    let products: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let folder = arguments.next().map(PathBuf::from);
    let store = Arc::new(MemoryStore::new());
    fill(&store, products).await?;
    let events = store.head().borrow().0;
    println!("{products} products, {events} events; log in memory: {}", memory());
    let index = SearchIndex::open(folder.clone(), store.clone()).await?;
    if index.position().borrow().0 == events {
        println!("the folder held all of it: nothing was indexed");
    } else {
        let start = Instant::now();
        index.catch_up().await?;
        let seconds = start.elapsed().as_secs_f64();
        let rates = [products, events].map(|count| rate(count, seconds));
        println!("indexed in {seconds:.1} s: {:.0} products/s, {:.0} events/s", rates[0], rates[1]);
    }
    println!("after indexing: {}", memory());
    report(&index)?;
    println!("after searching: {}", memory());
    Ok(())
}

fn rate(count: u64, seconds: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
}
