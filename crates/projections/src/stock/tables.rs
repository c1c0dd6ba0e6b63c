//! The table of availability.

use crate::rows::{Column, Table};

pub(super) static STOCK_LEVELS: Table = Table {
    name: "stock_levels",
    columns: &[
        Column::text("sku"),
        Column::text("location"),
        Column::int("on_hand"),
        Column::int("reserved"),
        Column::int("allocated"),
        Column::int("available"),
        Column::int("back_ordered"),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 2,
    indexes: &[&["location", "sku"]],
};

pub(super) static ALL: [&Table; 1] = [&STOCK_LEVELS];
