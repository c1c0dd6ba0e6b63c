//! The tables of the catalogue.

use crate::rows::{Column, Table};

pub(super) static PRODUCTS: Table = Table {
    name: "products",
    columns: &[
        Column::text("id"),
        Column::text("slug"),
        Column::text("name_fr"),
        Column::text("name_en").or_null(),
        Column::text("summary_fr").or_null(),
        Column::text("summary_en").or_null(),
        Column::text("attributes_json"),
        Column::text("categories_json"),
        Column::bool("published"),
        Column::int("published_at"),
        Column::text("sort_fr"),
        Column::text("sort_en"),
        Column::int("created_at"),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[
        &["slug"],
        &["published", "published_at", "id"],
        &["published", "sort_fr", "id"],
        &["published", "sort_en", "id"],
    ],
};

/// Which product stands in which category; holds what lists are ordered by. `rank` 0 is the main category.
pub(super) static CATEGORY_PRODUCTS: Table = Table {
    name: "category_products",
    columns: &[
        Column::text("category_id"),
        Column::text("id"),
        Column::int("rank"),
        Column::bool("published"),
        Column::int("published_at"),
        Column::text("sort_fr"),
        Column::text("sort_en"),
    ],
    key: 2,
    indexes: &[
        &["category_id", "published", "published_at", "id"],
        &["category_id", "published", "sort_fr", "id"],
        &["category_id", "published", "sort_en", "id"],
    ],
};

pub(super) static PRODUCT_REVIEWS: Table = Table {
    name: "product_reviews",
    columns: &[
        Column::text("product_id"),
        Column::text("author"),
        Column::text("locale"),
        Column::text("text"),
        Column::int("published_at"),
    ],
    key: 3,
    indexes: &[],
};

pub(super) static VARIANTS: Table = Table {
    name: "variants",
    columns: &[
        Column::text("sku"),
        Column::text("product_id"),
        Column::text("name_fr"),
        Column::text("name_en").or_null(),
        Column::int("weight_grams"),
        Column::bool("discontinued"),
        Column::int("created_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[&["product_id"]],
};

pub(super) static VARIANT_PRICES: Table = Table {
    name: "variant_prices",
    columns: &[
        Column::text("sku"),
        Column::text("currency"),
        Column::int("price_minor"),
        Column::text("vat_rate"),
        Column::int("priced_at"),
    ],
    key: 2,
    indexes: &[],
};

/// What is announced to be lower than before, until its end or for as long as it stands here.
pub(super) static VARIANT_REDUCTIONS: Table = Table {
    name: "variant_reductions",
    columns: &[
        Column::text("sku"),
        Column::text("currency"),
        Column::int("reference_minor"),
        Column::int("starts_at"),
        Column::int("ends_at").or_null(),
    ],
    key: 2,
    indexes: &[],
};

pub(super) static CATEGORIES: Table = Table {
    name: "categories",
    columns: &[
        Column::text("id"),
        Column::text("slug"),
        Column::text("name_fr"),
        Column::text("name_en").or_null(),
        Column::text("parent_id").or_null(),
        Column::int("rank"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[&["slug"]],
};

/// A product may stand in a category before the log tells of the category itself, so that the count has its own table.
pub(super) static CATEGORY_COUNTS: Table = Table {
    name: "category_counts",
    columns: &[Column::text("category_id"), Column::int("products")],
    key: 1,
    indexes: &[],
};

pub(super) static ALL: [&Table; 8] = [
    &PRODUCTS,
    &CATEGORY_PRODUCTS,
    &PRODUCT_REVIEWS,
    &VARIANTS,
    &VARIANT_PRICES,
    &VARIANT_REDUCTIONS,
    &CATEGORIES,
    &CATEGORY_COUNTS,
];
