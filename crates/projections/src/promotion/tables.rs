//! The tables of promotions.

use crate::rows::{Column, Table};

pub(super) static PROMOTIONS: Table = Table {
    name: "promotions",
    columns: &[
        Column::text("id"),
        Column::text("code").or_null(),
        Column::text("label"),
        Column::text("promotion_status"),
        Column::bool("combines"),
        Column::int("begins_at").or_null(),
        Column::int("ends_at").or_null(),
        Column::int("uses_max").or_null(),
        Column::int("uses_per_customer_max").or_null(),
        Column::int("uses"),
        Column::int("created_at"),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[&["created_at", "id"], &["promotion_status", "created_at", "id"]],
};

/// What a promotion took off the orders that count, by currency.
pub(super) static PROMOTION_TOTALS: Table = Table {
    name: "promotion_totals",
    columns: &[
        Column::text("promotion_id"),
        Column::text("currency"),
        Column::int("uses"),
        Column::int("discount_minor"),
    ],
    key: 2,
    indexes: &[],
};

/// What an order was given, until it can no longer be undone by the log.
pub(super) static PROMOTION_ORDERS: Table = Table {
    name: "promotion_orders",
    columns: &[Column::text("order_id"), Column::bool("confirmed"), Column::text("given_json")],
    key: 1,
    indexes: &[],
};

pub(super) static ALL: [&Table; 3] = [&PROMOTIONS, &PROMOTION_TOTALS, &PROMOTION_ORDERS];
