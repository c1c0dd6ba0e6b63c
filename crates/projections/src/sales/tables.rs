//! The tables of sales.

use crate::rows::{Column, Table};

pub(super) static SALES_BY_DAY: Table = Table {
    name: "sales_by_day",
    columns: &[
        Column::text("day"),
        Column::text("currency"),
        Column::int("orders"),
        Column::int("units"),
        Column::int("gross_minor"),
        Column::int("net_minor"),
        Column::int("tax_minor"),
        Column::int("shipping_gross_minor"),
        Column::int("shipping_net_minor"),
        Column::int("shipping_tax_minor"),
        Column::int("cancelled_orders"),
        Column::int("cancelled_units"),
        Column::int("cancelled_gross_minor"),
        Column::int("cancelled_net_minor"),
        Column::int("cancelled_tax_minor"),
        Column::int("cancelled_shipping_gross_minor"),
        Column::int("cancelled_shipping_net_minor"),
        Column::int("cancelled_shipping_tax_minor"),
        Column::int("refunds_minor"),
    ],
    key: 2,
    indexes: &[],
};

pub(super) static SALES_BY_PRODUCT: Table = Table {
    name: "sales_by_product",
    columns: &[
        Column::text("product_id"),
        Column::text("day"),
        Column::text("currency"),
        Column::int("orders"),
        Column::int("units"),
        Column::int("gross_minor"),
        Column::int("net_minor"),
        Column::int("tax_minor"),
        Column::int("cancelled_orders"),
        Column::int("cancelled_units"),
        Column::int("cancelled_gross_minor"),
        Column::int("cancelled_net_minor"),
        Column::int("cancelled_tax_minor"),
        Column::int("refunds_minor"),
    ],
    key: 3,
    indexes: &[&["currency", "day"]],
};

pub(super) static SALES_BY_CATEGORY: Table = Table {
    name: "sales_by_category",
    columns: &[
        Column::text("category_id"),
        Column::text("day"),
        Column::text("currency"),
        Column::int("orders"),
        Column::int("units"),
        Column::int("gross_minor"),
        Column::int("net_minor"),
        Column::int("tax_minor"),
        Column::int("cancelled_orders"),
        Column::int("cancelled_units"),
        Column::int("cancelled_gross_minor"),
        Column::int("cancelled_net_minor"),
        Column::int("cancelled_tax_minor"),
        Column::int("refunds_minor"),
    ],
    key: 3,
    indexes: &[&["currency", "day"]],
};

/// The main category of every product, for the sales to come.
pub(super) static SALE_PRODUCTS: Table = Table {
    name: "sale_products",
    columns: &[Column::text("product_id"), Column::text("category_id")],
    key: 1,
    indexes: &[],
};

/// What was sold with every order that may still be confirmed, cancelled or returned.
pub(super) static SALE_ORDERS: Table = Table {
    name: "sale_orders",
    columns: &[Column::text("order_id"), Column::bool("confirmed"), Column::text("sold_json")],
    key: 1,
    indexes: &[],
};

/// What every open return brings back.
pub(super) static SALE_RETURNS: Table = Table {
    name: "sale_returns",
    columns: &[
        Column::text("return_id"),
        Column::text("order_id"),
        Column::text("lines_json"),
        Column::text("inspection_json").or_null(),
    ],
    key: 1,
    indexes: &[],
};

pub(super) static ALL: [&Table; 6] =
    [&SALES_BY_DAY, &SALES_BY_PRODUCT, &SALES_BY_CATEGORY, &SALE_PRODUCTS, &SALE_ORDERS, &SALE_RETURNS];
