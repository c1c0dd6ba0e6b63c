//! The tables of orders.

use crate::rows::{Column, Table};

pub(super) static ORDERS: Table = Table {
    name: "orders",
    columns: &[
        Column::text("id"),
        Column::text("number"),
        Column::text("customer_id"),
        Column::text("cart_id"),
        Column::text("currency"),
        Column::text("order_status"),
        Column::text("payment_status"),
        Column::text("fulfilment_status"),
        Column::bool("cancellation_requested"),
        Column::text("rejection_code").or_null(),
        Column::int("line_count"),
        Column::int("units"),
        Column::int("discount_minor"),
        Column::int("total_minor"),
        Column::int("coupons_minor"),
        Column::int("payable_minor"),
        Column::text("shipping_code"),
        Column::text("shipping_label_fr"),
        Column::text("shipping_label_en").or_null(),
        Column::int("shipping_net_minor"),
        Column::int("shipping_tax_minor"),
        Column::int("shipping_gross_minor"),
        Column::text("vat_rate"),
        Column::int("authorised_minor"),
        Column::int("captured_minor"),
        Column::int("refunded_minor"),
        Column::text("country"),
        Column::text("email_subject"),
        Column::text("email_ciphertext"),
        Column::text("address_subject"),
        Column::text("address_ciphertext"),
        Column::int("placed_at"),
        Column::int("confirmed_at").or_null(),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[
        &["number"],
        &["customer_id", "placed_at", "id"],
        &["placed_at", "id"],
        &["order_status", "placed_at", "id"],
        &["payment_status", "placed_at", "id"],
        &["fulfilment_status", "placed_at", "id"],
    ],
};

pub(super) static ORDER_LINES: Table = Table {
    name: "order_lines",
    columns: &[
        Column::text("order_id"),
        Column::text("line_id"),
        Column::int("rank"),
        Column::text("sku"),
        Column::text("product_id"),
        Column::text("name_fr"),
        Column::text("name_en").or_null(),
        Column::int("quantity"),
        Column::int("returned_quantity"),
        Column::int("unit_price_minor").or_null(),
        Column::int("net_minor"),
        Column::int("tax_minor"),
        Column::int("gross_minor"),
        Column::int("discount_minor"),
        Column::text("currency"),
        Column::text("vat_rate"),
    ],
    key: 2,
    indexes: &[],
};

pub(super) static ORDER_PAYMENTS: Table = Table {
    name: "order_payments",
    columns: &[
        Column::text("id"),
        Column::text("order_id"),
        Column::text("status"),
        Column::text("currency"),
        Column::int("amount_minor"),
        Column::int("authorised_minor"),
        Column::int("captured_minor"),
        Column::int("refunded_minor"),
        Column::text("provider_reference").or_null(),
        Column::text("action_url").or_null(),
        Column::text("decline_code").or_null(),
        Column::int("expires_at").or_null(),
        Column::int("initiated_at"),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[&["order_id", "initiated_at"]],
};

pub(super) static ORDER_FULFILMENTS: Table = Table {
    name: "order_fulfilments",
    columns: &[
        Column::text("id"),
        Column::text("order_id"),
        Column::text("location"),
        Column::text("status"),
        Column::bool("released"),
        Column::text("currency"),
        Column::int("share_minor"),
        Column::text("lines_json"),
        Column::text("carrier").or_null(),
        Column::text("tracking").or_null(),
        Column::int("requested_at"),
        Column::int("packed_at").or_null(),
        Column::int("handed_over_at").or_null(),
        Column::int("delivered_at").or_null(),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[&["order_id", "requested_at"], &["location", "status"]],
};

/// A return is told of by the order, which keeps its units from being returned twice, and by its own stream; whichever
/// comes first makes the row.
pub(super) static ORDER_RETURNS: Table = Table {
    name: "order_returns",
    columns: &[
        Column::text("id"),
        Column::text("order_id"),
        Column::text("status"),
        Column::text("currency").or_null(),
        Column::int("refund_minor").or_null(),
        Column::int("refunded_minor").or_null(),
        Column::text("location").or_null(),
        Column::text("lines_json"),
        Column::text("inspection_json").or_null(),
        Column::int("opened_at"),
        Column::int("updated_at"),
        Column::int("version"),
    ],
    key: 1,
    indexes: &[&["order_id", "opened_at"], &["status", "opened_at"]],
};

pub(super) static ORDER_TIMELINE: Table = Table {
    name: "order_timeline",
    columns: &[
        Column::text("order_id"),
        Column::int("position"),
        Column::int("at"),
        Column::text("event_type"),
        Column::text("stream_kind"),
        Column::text("stream_id"),
        Column::int("sequence"),
        Column::text("actor_kind").or_null(),
        Column::text("actor_id").or_null(),
        Column::text("detail_json"),
    ],
    key: 2,
    indexes: &[],
};

pub(super) static ALL: [&Table; 6] =
    [&ORDERS, &ORDER_LINES, &ORDER_PAYMENTS, &ORDER_FULFILMENTS, &ORDER_RETURNS, &ORDER_TIMELINE];
