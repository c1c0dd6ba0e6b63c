//! The tables of carts.

use crate::rows::{Column, Table};

pub(super) static CARTS: Table = Table {
    name: "carts",
    columns: &[
        Column::text("id"),
        Column::text("owner_id"),
        Column::text("currency"),
        Column::text("status"),
        Column::int("line_count"),
        Column::int("units"),
        Column::int("gross_minor"),
        Column::int("coupons_minor"),
        Column::text("shipping_code").or_null(),
        Column::int("shipping_minor").or_null(),
        Column::text("country").or_null(),
        Column::text("adds_to_id").or_null(),
        Column::text("order_id").or_null(),
        Column::text("absorbed_into").or_null(),
        Column::int("created_at"),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[&["owner_id", "status", "updated_at"], &["status", "updated_at"]],
};

/// Lines stand in the order in which they came in: by position of the event, then by their place in it.
pub(super) static CART_LINES: Table = Table {
    name: "cart_lines",
    columns: &[
        Column::text("cart_id"),
        Column::text("line_id"),
        Column::int("added_position"),
        Column::int("added_rank"),
        Column::text("sku"),
        Column::text("product_id"),
        Column::text("name_fr"),
        Column::text("name_en").or_null(),
        Column::int("quantity"),
        Column::int("unit_price_minor").or_null(),
        Column::int("gross_minor"),
        Column::text("currency"),
        Column::text("vat_rate"),
        Column::text("price_reason").or_null(),
    ],
    key: 2,
    indexes: &[],
};

pub(super) static CART_COUPONS: Table = Table {
    name: "cart_coupons",
    columns: &[
        Column::text("cart_id"),
        Column::text("code"),
        Column::text("campaign"),
        Column::int("amount_minor"),
        Column::text("currency"),
    ],
    key: 2,
    indexes: &[],
};

pub(super) static ALL: [&Table; 3] = [&CARTS, &CART_LINES, &CART_COUPONS];
