//! The fields of the index, and how a record becomes a document.

use domain::values::{Currency, Locale};
use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, IndexRecordOption, NumericOptions, STORED, Schema, SchemaBuilder, Term, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::TextAnalyzer;

use super::SearchError;
use super::analysis::{self, ENGLISH, FRENCH, WORDS};
use super::record::{CategoryRecord, ProductRecord, VariantRecord};

/// The version of the fold. Raise it whenever a document would come out differently: the index is then built anew.
pub const VERSION: u32 = 1;

/// The attribute that names who wrote or made it, ranked above the others.
pub(super) const AUTHOR: &str = "author";

/// The attributes that are counted as facets, with their labels in French and English.
pub(super) const FACET_ATTRIBUTES: [(&str, &str, &str); 6] = [
    (AUTHOR, "Auteur", "Author"),
    ("language", "Langue", "Language"),
    ("format", "Format", "Format"),
    ("brand", "Marque", "Brand"),
    ("publisher", "Éditeur", "Publisher"),
    ("collection", "Collection", "Collection"),
];

/// The flag of a document that shoppers see.
pub(super) const SHOWN: &str = "shown";
/// The flag of a product with a unit to sell.
pub(super) const IN_STOCK: &str = "in_stock";
/// The flag of a category.
pub(super) const CATEGORY: &str = "category";

/// Longer names sort by this many bytes.
const SORT_KEY_BYTES_MAX: usize = 120;
/// Between an attribute's key and its value: the unit separator of ASCII, which no attribute has.
const SEPARATOR: char = '\u{1f}';

/// The fields by name.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) key: Field,
    pub(super) sku: Field,
    pub(super) flag: Field,
    pub(super) state: Field,
    pub(super) category: Field,
    pub(super) attribute: Field,
    pub(super) names: [Field; 2],
    pub(super) summaries: [Field; 2],
    pub(super) words: Field,
    pub(super) other: Field,
    id_high: Field,
    id_low: Field,
    since: Field,
    sort_names: [Field; 2],
    prices: [Field; 4],
    facets: [Field; FACET_ATTRIBUTES.len()],
}

impl Fields {
    /// Returns the term that finds one document by its key.
    pub(super) fn key_term(&self, key: &str) -> Term {
        Term::from_field_text(self.key, key)
    }
}

/// Returns the place of a language in arrays by language.
pub(super) fn place(locale: Locale) -> usize {
    match locale {
        Locale::Fr => 0,
        Locale::En => 1,
    }
}

/// Returns the name of the fast field that holds a price.
pub(super) fn price_field(currency: Currency) -> &'static str {
    match currency {
        Currency::Eur => "price_eur",
        Currency::Usd => "price_usd",
        Currency::Gbp => "price_gbp",
        Currency::Chf => "price_chf",
    }
}

/// Returns the name of the fast field that counts an attribute.
pub(super) fn facet_field(key: &str) -> String {
    format!("facet_{key}")
}

/// The names of the fast fields a name is sorted by, French first.
pub(super) const SORT_NAME_FIELDS: [&str; 2] = ["sort_fr", "sort_en"];

/// Builds the schema and finds its fields.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let b = &mut builder;
    let fields = Fields {
        key: b.add_text_field("key", raw()),
        sku: b.add_text_field("sku", raw()),
        flag: b.add_text_field("flag", raw()),
        state: b.add_bytes_field("state", STORED),
        category: b.add_text_field("category", raw().set_fast("raw")),
        attribute: b.add_text_field("attribute", raw()),
        names: [with_positions(b, "name_fr", FRENCH), with_positions(b, "name_en", ENGLISH)],
        summaries: [with_counts(b, "summary_fr", FRENCH), with_counts(b, "summary_en", ENGLISH)],
        words: with_counts(b, "words", WORDS),
        other: with_counts(b, "other", WORDS),
        id_high: b.add_u64_field("id_high", FAST),
        id_low: b.add_u64_field("id_low", FAST),
        since: b.add_u64_field("since", FAST),
        sort_names: SORT_NAME_FIELDS.map(|name| b.add_text_field(name, TextOptions::default().set_fast("raw"))),
        prices: Currency::ALL.map(|currency| b.add_u64_field(price_field(currency), NumericOptions::from(FAST))),
        facets: FACET_ATTRIBUTES
            .map(|(key, _, _)| b.add_text_field(&facet_field(key), TextOptions::default().set_fast("raw"))),
    };
    (builder.build(), fields)
}

fn raw() -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    TextOptions::default().set_indexing_options(indexing)
}

fn with_counts(builder: &mut SchemaBuilder, name: &str, tokenizer: &str) -> Field {
    let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(IndexRecordOption::WithFreqs);
    builder.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
}

fn with_positions(builder: &mut SchemaBuilder, name: &str, tokenizer: &str) -> Field {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(tokenizer)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    builder.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
}

/// Returns the term an attribute's value is found by.
pub(super) fn attribute_term(key: &str, value: &str) -> String {
    format!("{key}{SEPARATOR}{value}")
}

/// Writes documents.
pub(super) struct DocumentWriter {
    fields: Fields,
    words: TextAnalyzer,
}

impl DocumentWriter {
    /// Makes a writer of documents with these fields.
    pub(super) fn new(fields: Fields) -> Self {
        Self { fields, words: analysis::words() }
    }

    /// Writes a product's document. One that is not shown is found by its key and SKUs only.
    pub(super) fn product(&mut self, record: &ProductRecord) -> Result<TantivyDocument, SearchError> {
        let id = record.id.uuid().as_u128();
        let mut document = self.document(id, record.id.as_str(), &serde_json::to_vec(record)?);
        for sku in record.variants.keys() {
            document.add_text(self.fields.sku, sku.as_str());
        }
        if !record.shown {
            return Ok(document);
        }
        document.add_u64(self.fields.since, record.since);
        document.add_text(self.fields.flag, SHOWN);
        if record.in_stock() {
            document.add_text(self.fields.flag, IN_STOCK);
        }
        for category in &record.categories {
            document.add_text(self.fields.category, category.as_str());
        }
        for (currency, field) in Currency::ALL.into_iter().zip(self.fields.prices) {
            if let Some(price) = record.price(currency).and_then(|minor| u64::try_from(minor).ok()) {
                document.add_u64(field, price);
            }
        }
        self.texts(&mut document, record);
        self.attributes(&mut document, record);
        Ok(document)
    }

    /// Writes a category's document.
    pub(super) fn category(&self, record: &CategoryRecord) -> Result<TantivyDocument, SearchError> {
        let mut document = self.document(0, record.id.as_str(), &serde_json::to_vec(record)?);
        document.add_text(self.fields.flag, CATEGORY);
        Ok(document)
    }

    /// Writes the document of a SKU whose product is not known yet.
    pub(super) fn loose(&self, key: &str, record: &VariantRecord) -> Result<TantivyDocument, SearchError> {
        Ok(self.document(0, key, &serde_json::to_vec(record)?))
    }

    /// Every document has the id columns: a column without holes is read faster.
    fn document(&self, id: u128, key: &str, state: &[u8]) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        document.add_text(self.fields.key, key);
        document.add_bytes(self.fields.state, state);
        document.add_u64(self.fields.id_high, (id >> 64) as u64);
        document.add_u64(self.fields.id_low, id as u64);
        document
    }

    fn texts(&mut self, document: &mut TantivyDocument, record: &ProductRecord) {
        let fields = &self.fields;
        for locale in [Locale::Fr, Locale::En] {
            let key = analysis::sort_key(&mut self.words, record.name.get(locale), SORT_KEY_BYTES_MAX);
            document.add_text(fields.sort_names[place(locale)], key);
        }
        document.add_text(fields.names[0], record.name.get(Locale::Fr));
        document.add_text(fields.words, record.name.get(Locale::Fr));
        document.add_text(fields.summaries[0], record.summary.get(Locale::Fr));
        if let Some(name) = record.name.english() {
            document.add_text(fields.names[1], name);
            document.add_text(fields.words, name);
        }
        if let Some(summary) = record.summary.english() {
            document.add_text(fields.summaries[1], summary);
        }
    }

    fn attributes(&self, document: &mut TantivyDocument, record: &ProductRecord) {
        let fields = &self.fields;
        for (key, value) in &record.attributes {
            document.add_text(fields.attribute, attribute_term(key, value));
            if key == AUTHOR {
                document.add_text(fields.words, value);
            } else {
                document.add_text(fields.other, value);
            }
        }
        for ((key, _, _), field) in FACET_ATTRIBUTES.into_iter().zip(fields.facets) {
            if let Some(value) = record.attributes.get(key) {
                document.add_text(field, value);
            }
        }
        for sku in record.variants.keys() {
            document.add_text(fields.other, sku.as_str());
        }
    }
}
