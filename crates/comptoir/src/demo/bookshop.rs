//! The data of the demo shop, as `demo/README.md` describes it, compiled in and parsed into values.

use std::collections::HashSet;

use anyhow::{Context, ensure};
use domain::values::{Localized, ShortText, Sku};
use serde::Deserialize;

const CATEGORIES: &str = include_str!("../../demo/categories.toml");
const BOOKS: &str = include_str!("../../demo/books.toml");

/// Everything the demo shop sells.
pub(super) struct Bookshop {
    /// The category tree, parents first.
    pub(super) categories: Vec<CategoryEntry>,
    /// The books.
    pub(super) books: Vec<Book>,
}

/// A category.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryEntry {
    pub(super) slug: String,
    pub(super) parent: Option<String>,
    name_fr: String,
    name_en: String,
}

/// A book.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    pub(super) slug: String,
    pub(super) title_fr: String,
    title_en: String,
    pub(super) author: String,
    pub(super) author_sort: String,
    /// Of the first publication; negative before our era.
    pub(super) year: i32,
    pub(super) language: String,
    pub(super) original_title: String,
    pub(super) category: String,
    #[serde(default)]
    pub(super) categories_more: Vec<String>,
    summary_fr: String,
    summary_en: String,
    review_fr: Option<String>,
    review_en: Option<String>,
    review_author: Option<ShortText>,
    #[serde(rename = "variant")]
    pub(super) variants: Vec<BookVariant>,
}

/// What one of the house wrote about a book.
pub(super) struct Review<'a> {
    pub(super) author: &'a ShortText,
    pub(super) french: &'a str,
    pub(super) english: &'a str,
}

/// A variant of a book.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookVariant {
    pub(super) sku: Sku,
    format: Format,
    /// Euro cents, VAT included.
    pub(super) price_cents: u32,
    pub(super) weight_grams: u32,
    pub(super) stock_paris: u32,
    pub(super) stock_lyon: u32,
}

/// How a book is bound.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Poche,
    #[serde(rename = "broché")]
    Broche,
    #[serde(rename = "relié")]
    Relie,
}

impl CategoryEntry {
    pub(super) fn name(&self) -> Localized {
        Localized::new(&self.name_fr, Some(self.name_en.clone()))
    }
}

impl Book {
    pub(super) fn title(&self) -> Localized {
        Localized::new(&self.title_fr, Some(self.title_en.clone()))
    }

    pub(super) fn summary(&self) -> Localized {
        Localized::new(&self.summary_fr, Some(self.summary_en.clone()))
    }

    /// Returns the slugs of its categories, the main one first.
    pub(super) fn categories(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.category).chain(&self.categories_more).map(String::as_str)
    }

    pub(super) fn review(&self) -> Option<Review<'_>> {
        match (&self.review_author, &self.review_fr, &self.review_en) {
            (Some(author), Some(french), Some(english)) => Some(Review { author, french, english }),
            _ => None,
        }
    }
}

impl BookVariant {
    pub(super) fn name(&self) -> Localized {
        let (french, english) = match self.format {
            Format::Poche => ("Poche", "Pocket paperback"),
            Format::Broche => ("Broché", "Paperback"),
            Format::Relie => ("Relié", "Hardback"),
        };
        Localized::new(french, Some(english.to_owned()))
    }
}

#[derive(Deserialize)]
struct CategoryFile {
    category: Vec<CategoryEntry>,
}

#[derive(Deserialize)]
struct BookFile {
    book: Vec<Book>,
}

impl Bookshop {
    /// Reads the data.
    ///
    /// # Errors
    /// Says what is wrong with the files; never in a build whose tests passed.
    pub(super) fn read() -> anyhow::Result<Self> {
        let CategoryFile { category: categories } =
            toml::from_str(CATEGORIES).context("the demo's categories cannot be read")?;
        let BookFile { book: books } = toml::from_str(BOOKS).context("the demo's books cannot be read")?;
        let data = Self { categories, books };
        data.check()?;
        Ok(data)
    }

    fn check(&self) -> anyhow::Result<()> {
        let mut known = HashSet::new();
        for category in &self.categories {
            if let Some(parent) = &category.parent {
                ensure!(known.contains(parent.as_str()), "category {} comes before its parent", category.slug);
            }
            ensure!(known.insert(category.slug.as_str()), "category {} comes twice", category.slug);
        }
        let (mut slugs, mut skus) = (HashSet::new(), HashSet::new());
        for book in &self.books {
            ensure!(slugs.insert(&book.slug), "book {} comes twice", book.slug);
            ensure!(book.categories().all(|slug| known.contains(slug)), "book {} has no such category", book.slug);
            ensure!(!book.variants.is_empty(), "book {} has no variant", book.slug);
            let parts = [book.review_author.is_some(), book.review_fr.is_some(), book.review_en.is_some()];
            ensure!(parts.iter().all(|part| *part == parts[0]), "the review of {} is not whole", book.slug);
            for variant in &book.variants {
                ensure!(skus.insert(&variant.sku), "SKU {} comes twice", variant.sku);
            }
        }
        Ok(())
    }
}
