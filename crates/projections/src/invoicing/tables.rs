//! The tables of documents.

use crate::rows::{Column, Table};

pub(super) static DOCUMENTS: Table = Table {
    name: "documents",
    columns: &[
        Column::text("order_id"),
        Column::text("document"),
        Column::text("kind"),
        Column::bool("is_issued"),
        Column::text("number").or_null(),
        Column::text("date").or_null(),
        Column::int("issued_at").or_null(),
        Column::text("order_number"),
        Column::text("customer_id"),
        Column::text("country"),
        Column::text("currency"),
        Column::int("total_minor"),
        Column::int("coupons_minor"),
        Column::int("payable_minor"),
        Column::text("reason").or_null(),
        Column::text("payment_id").or_null(),
        Column::int("version"),
    ],
    key: 2,
    indexes: &[&["number"], &["is_issued", "issued_at", "number"], &["is_issued", "kind", "issued_at", "number"]],
};

pub(super) static DOCUMENT_VAT: Table = Table {
    name: "document_vat",
    columns: &[
        Column::text("order_id"),
        Column::text("document"),
        Column::text("vat_rate"),
        Column::text("currency"),
        Column::int("net_minor"),
        Column::int("tax_minor"),
        Column::int("gross_minor"),
    ],
    key: 3,
    indexes: &[],
};

pub(super) static ALL: [&Table; 2] = [&DOCUMENTS, &DOCUMENT_VAT];
