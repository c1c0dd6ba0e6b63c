//! What was agreed when the order was placed.

use domain::order::{FulfilmentStatus, OrderStatus, PaymentStatus, Sale};
use domain::values::{Locale, Money, OrderId};

use super::fold::name_of;
use super::tables::{ORDER_LINES, ORDERS};
use crate::event::Event;
use crate::rows::Value;
use crate::working::{FoldError, Working};

pub(super) fn place(event: &Event, sale: &Sale, placed_at: i64, rows: &mut Working) -> Result<(), FoldError> {
    let mut coupons = Money::zero(sale.currency);
    for coupon in &sale.coupons {
        coupons = coupons.plus(coupon.amount)?;
    }
    let (shipping, units) = (&sale.shipping, sale.lines.iter().map(|line| line.quantity.units()).sum::<i64>());
    let line_count = i64::try_from(sale.lines.len()).unwrap_or(i64::MAX);
    let fields = [
        ("id", event.id().into()),
        ("number", sale.number.as_str().into()),
        ("customer_id", sale.customer.as_str().into()),
        ("cart_id", sale.cart.as_str().into()),
        ("adds_to_id", sale.adds_to.as_ref().map(OrderId::as_str).into()),
        ("currency", sale.currency.code().into()),
        ("order_status", OrderStatus::Placed.name().into()),
        ("payment_status", name_of(&PaymentStatus::default())?),
        ("fulfilment_status", name_of(&FulfilmentStatus::default())?),
        ("cancellation_requested", false.into()),
        ("line_count", line_count.into()),
        ("units", units.into()),
        ("discount_minor", sale.promotions.iter().map(|given| given.amount.minor()).sum::<i64>().into()),
        ("total_minor", sale.total.minor().into()),
        ("coupons_minor", coupons.minor().into()),
        ("payable_minor", sale.payable.minor().into()),
        ("cancelled_minor", Value::Int(0)),
        ("shipping_code", shipping.code.as_str().into()),
        ("shipping_label_fr", shipping.label.get(Locale::Fr).into()),
        ("shipping_label_en", shipping.label.english().into()),
        ("shipping_net_minor", shipping.total.net.minor().into()),
        ("shipping_tax_minor", shipping.total.tax.minor().into()),
        ("shipping_gross_minor", shipping.total.gross.minor().into()),
        ("vat_rate", String::from(shipping.total.rate).into()),
        ("authorised_minor", Value::Int(0)),
        ("captured_minor", Value::Int(0)),
        ("refunded_minor", Value::Int(0)),
        ("country", sale.country.as_str().into()),
        ("email_subject", sale.email.subject().as_str().into()),
        ("email_ciphertext", sale.email.ciphertext().into()),
        ("address_subject", sale.address.subject().as_str().into()),
        ("address_ciphertext", sale.address.ciphertext().into()),
        ("placed_at", placed_at.into()),
        ("updated_at", event.at().into()),
        ("version", event.sequence().into()),
    ];
    rows.insert(&ORDERS, fields)?;
    place_lines(event, sale, rows)
}

fn place_lines(event: &Event, sale: &Sale, rows: &mut Working) -> Result<(), FoldError> {
    for (rank, line) in (0_i64..).zip(&sale.lines) {
        let fields = [
            ("order_id", event.id().into()),
            ("line_id", line.line.as_str().into()),
            ("rank", rank.into()),
            ("sku", line.sku.as_str().into()),
            ("product_id", line.product.as_str().into()),
            ("name_fr", line.name.get(Locale::Fr).into()),
            ("name_en", line.name.english().into()),
            ("quantity", line.quantity.units().into()),
            ("returned_quantity", Value::Int(0)),
            ("cancelled_quantity", Value::Int(0)),
            ("cancelled_gross_minor", Value::Int(0)),
            ("unit_price_minor", line.unit_price.map(Money::minor).into()),
            ("net_minor", line.total.net.minor().into()),
            ("tax_minor", line.total.tax.minor().into()),
            ("gross_minor", line.total.gross.minor().into()),
            ("discount_minor", line.discount.map_or(0, Money::minor).into()),
            ("currency", line.total.gross.currency().code().into()),
            ("vat_rate", String::from(line.total.rate).into()),
        ];
        rows.insert(&ORDER_LINES, fields)?;
    }
    Ok(())
}
