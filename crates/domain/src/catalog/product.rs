//! A product: what is told about it, and when it is shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::commands::ProductCommand;
use super::error::CatalogError;
use super::events::ProductEvent;
use super::slug::check_slug;
use super::text::{check_name, is_blank, is_nameless};
use crate::values::{CategoryId, Locale, Localized, ShortText, Timestamp};

/// The most characters of a summary in a language.
pub const SUMMARY_CHARACTERS_MAX: usize = 5_000;
/// The most categories of a product.
pub const CATEGORIES_MAX: usize = 20;
/// The most attributes of a product.
pub const ATTRIBUTES_MAX: usize = 50;
/// The most characters of an editorial review.
pub const EDITORIAL_REVIEW_CHARACTERS_MAX: usize = 10_000;
/// The most editorial reviews of a product.
pub const EDITORIAL_REVIEWS_MAX: usize = 50;

const ATTRIBUTE_KEY_CHARACTERS_MAX: usize = 50;
const ATTRIBUTE_VALUE_CHARACTERS_MAX: usize = 500;

type Decision = Result<Vec<ProductEvent>, CatalogError>;

/// What someone of the house wrote about a product, in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditorialReview {
    /// The language of the text.
    pub locale: Locale,
    /// Who wrote it.
    pub author: ShortText,
    /// The review.
    pub text: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// A product. Published implies a name and a category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    exists: bool,
    slug: String,
    name: Localized,
    summary: Localized,
    categories: Vec<CategoryId>,
    attributes: BTreeMap<String, String>,
    editorial_reviews: Vec<EditorialReview>,
    published: bool,
}

impl Product {
    /// Says whether the product was created.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Returns its address in the shop.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// Returns what it is called.
    pub fn name(&self) -> &Localized {
        &self.name
    }

    /// Returns its summary, empty until written.
    pub fn summary(&self) -> &Localized {
        &self.summary
    }

    /// Returns its categories, the main one first.
    pub fn categories(&self) -> &[CategoryId] {
        &self.categories
    }

    /// Returns its attributes by key.
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }

    /// Returns its editorial reviews in the order they were first added, one per author and language.
    pub fn editorial_reviews(&self) -> &[EditorialReview] {
        &self.editorial_reviews
    }

    /// Says whether shoppers see it.
    pub fn is_published(&self) -> bool {
        self.published
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::Created { slug, name } => {
                self.exists = true;
                self.slug = slug.clone();
                self.name = name.clone();
            }
            ProductEvent::Renamed { name } => self.name = name.clone(),
            ProductEvent::Summarised { summary } => self.summary = summary.clone(),
            ProductEvent::Categorised { categories } => self.categories = categories.clone(),
            ProductEvent::AttributesSet { attributes } => self.attributes = attributes.clone(),
            ProductEvent::EditorialReviewAdded { locale, author, text, published_at } => {
                self.put_review(EditorialReview {
                    locale: *locale,
                    author: author.clone(),
                    text: text.clone(),
                    published_at: *published_at,
                });
            }
            ProductEvent::Published {} => self.published = true,
            ProductEvent::Unpublished {} => self.published = false,
        }
    }

    fn review_by(&self, author: &ShortText, locale: Locale) -> Option<usize> {
        self.editorial_reviews.iter().position(|review| review.author == *author && review.locale == locale)
    }

    fn put_review(&mut self, review: EditorialReview) {
        match self.review_by(&review.author, review.locale) {
            Some(place) => self.editorial_reviews[place] = review,
            None => self.editorial_reviews.push(review),
        }
    }
}

pub(super) fn decide(product: &Product, command: &ProductCommand) -> Decision {
    match command {
        ProductCommand::Create { slug, name } => create(product, slug, name),
        ProductCommand::Rename { name } => rename(existing(product)?, name),
        ProductCommand::Summarise { summary } => summarise(existing(product)?, summary),
        ProductCommand::Categorise { categories } => categorise(existing(product)?, categories),
        ProductCommand::SetAttributes { attributes } => set_attributes(existing(product)?, attributes),
        ProductCommand::AddEditorialReview { locale, author, text, published_at } => {
            let (author, text) = (author.clone(), text.clone());
            let review = EditorialReview { locale: *locale, author, text, published_at: *published_at };
            add_review(existing(product)?, review)
        }
        ProductCommand::Publish => publish(existing(product)?),
        ProductCommand::Unpublish => unpublish(existing(product)?),
    }
}

fn existing(product: &Product) -> Result<&Product, CatalogError> {
    if product.exists { Ok(product) } else { Err(CatalogError::Unknown { what: "product" }) }
}

fn create(product: &Product, slug: &str, name: &Localized) -> Decision {
    if product.exists {
        let same = product.slug == slug && product.name == *name;
        return if same { Ok(vec![]) } else { Err(CatalogError::AlreadyExists { what: "product" }) };
    }
    check_slug(slug)?;
    check_name(name)?;
    Ok(vec![ProductEvent::Created { slug: slug.to_owned(), name: name.clone() }])
}

fn rename(product: &Product, name: &Localized) -> Decision {
    if product.name == *name {
        return Ok(vec![]);
    }
    check_name(name)?;
    if product.published && is_nameless(name) {
        return Err(CatalogError::NotPublishable { missing: "a name" });
    }
    Ok(vec![ProductEvent::Renamed { name: name.clone() }])
}

fn summarise(product: &Product, summary: &Localized) -> Decision {
    if product.summary == *summary {
        return Ok(vec![]);
    }
    let too_long = |locale| summary.get(locale).chars().count() > SUMMARY_CHARACTERS_MAX;
    if too_long(Locale::Fr) || too_long(Locale::En) {
        return Err(CatalogError::Invalid { field: "summary", rule: "at most 5000 characters a language" });
    }
    Ok(vec![ProductEvent::Summarised { summary: summary.clone() }])
}

fn categorise(product: &Product, categories: &[CategoryId]) -> Decision {
    if product.categories == categories && !categories.is_empty() {
        return Ok(vec![]);
    }
    let distinct: BTreeSet<&CategoryId> = categories.iter().collect();
    if !(1..=CATEGORIES_MAX).contains(&categories.len()) || distinct.len() != categories.len() {
        return Err(CatalogError::Invalid { field: "categories", rule: "1 to 20 categories, none twice" });
    }
    Ok(vec![ProductEvent::Categorised { categories: categories.to_vec() }])
}

fn set_attributes(product: &Product, attributes: &BTreeMap<String, String>) -> Decision {
    if product.attributes == *attributes {
        return Ok(vec![]);
    }
    let rule = "at most 50 attributes, keys of 1 to 50 characters, values of 1 to 500";
    let fits = |text: &str, max: usize| !is_blank(text) && text.chars().count() <= max;
    let valid = attributes
        .iter()
        .all(|(key, value)| fits(key, ATTRIBUTE_KEY_CHARACTERS_MAX) && fits(value, ATTRIBUTE_VALUE_CHARACTERS_MAX));
    if !valid || attributes.len() > ATTRIBUTES_MAX {
        return Err(CatalogError::Invalid { field: "attributes", rule });
    }
    Ok(vec![ProductEvent::AttributesSet { attributes: attributes.clone() }])
}

fn add_review(product: &Product, review: EditorialReview) -> Decision {
    let place = product.review_by(&review.author, review.locale);
    if place.is_some_and(|place| product.editorial_reviews[place] == review) {
        return Ok(vec![]);
    }
    if is_blank(&review.text) || review.text.chars().count() > EDITORIAL_REVIEW_CHARACTERS_MAX {
        return Err(CatalogError::Invalid { field: "text", rule: "1 to 10000 characters" });
    }
    if place.is_none() && product.editorial_reviews.len() >= EDITORIAL_REVIEWS_MAX {
        return Err(CatalogError::Invalid { field: "editorial_reviews", rule: "at most 50 reviews a product" });
    }
    let EditorialReview { locale, author, text, published_at } = review;
    Ok(vec![ProductEvent::EditorialReviewAdded { locale, author, text, published_at }])
}

fn publish(product: &Product) -> Decision {
    if product.published {
        return Ok(vec![]);
    }
    if is_nameless(&product.name) {
        return Err(CatalogError::NotPublishable { missing: "a name" });
    }
    if product.categories.is_empty() {
        return Err(CatalogError::NotPublishable { missing: "a category" });
    }
    Ok(vec![ProductEvent::Published {}])
}

fn unpublish(product: &Product) -> Decision {
    if !product.published {
        return Ok(vec![]);
    }
    Ok(vec![ProductEvent::Unpublished {}])
}
