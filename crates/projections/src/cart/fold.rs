//! From events of carts to rows.

use domain::cart::{CartEvent, CartLine, Coupon, LinePrice, ShippingChoice};
use domain::values::{Currency, CustomerId, LineId, Locale, Money, OrderId, Quantity, ShortText};

use super::tables::{ALL, CART_COUPONS, CART_LINES, CARTS};
use crate::event::{Body, Event};
use crate::projection::Projection;
use crate::rows::{Row, Table, Value, key};
use crate::working::{FoldError, Working};

pub(super) const OPEN: &str = "open";
pub(super) const CHECKING_OUT: &str = "checking_out";
const COMPLETED: &str = "completed";
const ABSORBED: &str = "absorbed";

/// The read model of carts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CartProjection;

impl Projection for CartProjection {
    fn name(&self) -> &'static str {
        "cart"
    }

    fn version(&self) -> i64 {
        2
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["cart"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        for event in events {
            if let Body::Cart(cart) = event.body()? {
                cart_keys(event, cart, rows)?;
            }
        }
        Ok(())
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        match event.body()? {
            Body::Cart(cart) => apply_cart(event, cart, rows),
            Body::Product(_)
            | Body::Variant(_)
            | Body::Category(_)
            | Body::Stock(_)
            | Body::Order(_)
            | Body::Payment(_)
            | Body::Fulfilment(_)
            | Body::Return(_)
            | Body::Documents(_)
            | Body::Promotion(_) => Ok(()),
        }
    }
}

fn cart_keys(event: &Event, cart: &CartEvent, rows: &mut Working) -> Result<(), FoldError> {
    let id = event.id();
    if event.is_first() {
        rows.expect_none(&CARTS, key([id]))?;
    } else {
        rows.want(&CARTS, key([id]))?;
    }
    match cart {
        CartEvent::LinesAdded { lines } | CartEvent::Merged { lines, .. } => {
            for line in lines {
                rows.expect_none(&CART_LINES, key([id, line.line.as_str()]))?;
            }
        }
        CartEvent::LinesRemoved { lines } => {
            for line in lines {
                rows.want(&CART_LINES, key([id, line.as_str()]))?;
            }
        }
        CartEvent::LineQuantityChanged { line, .. } | CartEvent::LineRepriced { line, .. } => {
            rows.want(&CART_LINES, key([id, line.as_str()]))?;
        }
        CartEvent::CouponApplied { coupon } => rows.want(&CART_COUPONS, key([id, coupon.code.as_str()]))?,
        CartEvent::CouponRemoved { code } => rows.want(&CART_COUPONS, key([id, code.as_str()]))?,
        CartEvent::Opened { .. }
        | CartEvent::LinesCategorised { .. }
        | CartEvent::PromotionAdded { .. }
        | CartEvent::PromotionWithheld { .. }
        | CartEvent::PromotionRemoved { .. }
        | CartEvent::ContactSet { .. }
        | CartEvent::AddressSet { .. }
        | CartEvent::ShippingChosen { .. }
        | CartEvent::AdditionBegun { .. }
        | CartEvent::AdditionEnded { .. }
        | CartEvent::PaymentMethodChosen { .. }
        | CartEvent::Absorbed { .. }
        | CartEvent::CheckoutStarted { .. }
        | CartEvent::CheckoutAbandoned { .. }
        | CartEvent::Completed { .. } => {}
    }
    Ok(())
}

fn apply_cart(event: &Event, cart: &CartEvent, rows: &mut Working) -> Result<(), FoldError> {
    let id = event.id();
    if let CartEvent::Opened { owner, currency } = cart {
        return open(event, owner, *currency, rows);
    }
    let row = rows.update(&CARTS, &key([id]))?;
    row.set("updated_at", event.at())?;
    row.set("version", event.sequence())?;
    match cart {
        // What a promotion gives depends on all that is in the cart: the cart itself tells it.
        CartEvent::Opened { .. }
        | CartEvent::LinesCategorised { .. }
        | CartEvent::PromotionAdded { .. }
        | CartEvent::PromotionWithheld { .. }
        | CartEvent::PromotionRemoved { .. }
        | CartEvent::ContactSet { .. }
        | CartEvent::PaymentMethodChosen { .. } => Ok(()),
        CartEvent::LinesAdded { lines } | CartEvent::Merged { lines, .. } => add_lines(event, lines, rows),
        CartEvent::LineQuantityChanged { line, quantity } => change_quantity(id, line, *quantity, rows),
        CartEvent::LinesRemoved { lines } => lines.iter().try_for_each(|line| {
            let own = key([id, line.as_str()]);
            let row = rows.update(&CART_LINES, &own)?;
            let (units, gross) = (row.int("quantity")?, row.int("gross_minor")?);
            rows.delete(&CART_LINES, own)?;
            count(id, (-1, -units, -gross), rows)
        }),
        CartEvent::LineRepriced { line, price, vat_rate } => {
            let row = rows.update(&CART_LINES, &key([id, line.as_str()]))?;
            row.set("vat_rate", String::from(*vat_rate))?;
            let (unit, quantity) = (unit_price(*price), row.int("quantity")?);
            row.set("unit_price_minor", unit)?;
            let gross = gross(*price, quantity)?;
            reprice(id, line, gross.minor(), rows)
        }
        CartEvent::AddressSet { country, .. } => Ok(row.set("country", country.as_str())?),
        CartEvent::ShippingChosen { shipping } => set_shipping(row, Some(shipping)),
        CartEvent::AdditionBegun { to } => {
            row.set("adds_to_id", to.order.as_str())?;
            row.set("country", to.country.as_str())?;
            set_shipping(row, Some(&to.shipping))
        }
        CartEvent::AdditionEnded { .. } => {
            row.set("adds_to_id", None::<&str>)?;
            set_shipping(row, None)
        }
        CartEvent::CouponApplied { coupon } => apply_coupon(id, coupon, rows),
        CartEvent::CouponRemoved { code } => remove_coupon(id, code, rows),
        CartEvent::Absorbed { into } => {
            row.set("status", ABSORBED)?;
            Ok(row.set("absorbed_into", into.as_str())?)
        }
        CartEvent::CheckoutStarted { order, .. } => set_checkout(row, CHECKING_OUT, Some(order)),
        CartEvent::CheckoutAbandoned { .. } => set_checkout(row, OPEN, None),
        CartEvent::Completed { order } => set_checkout(row, COMPLETED, Some(order)),
    }
}

fn open(event: &Event, owner: &CustomerId, currency: Currency, rows: &mut Working) -> Result<(), FoldError> {
    let fields = [
        ("id", event.id().into()),
        ("owner_id", owner.as_str().into()),
        ("currency", currency.code().into()),
        ("status", OPEN.into()),
        ("line_count", Value::Int(0)),
        ("units", Value::Int(0)),
        ("gross_minor", Value::Int(0)),
        ("coupons_minor", Value::Int(0)),
        ("created_at", event.at().into()),
        ("updated_at", event.at().into()),
        ("version", event.sequence().into()),
    ];
    rows.insert(&CARTS, fields).map(|_row| ())
}

fn set_shipping(row: &mut Row, shipping: Option<&ShippingChoice>) -> Result<(), FoldError> {
    row.set("shipping_code", shipping.map(|choice| choice.code.as_str()))?;
    Ok(row.set("shipping_minor", shipping.map(|choice| choice.price.minor()))?)
}

fn set_checkout(row: &mut Row, status: &str, order: Option<&OrderId>) -> Result<(), FoldError> {
    row.set("status", status)?;
    Ok(row.set("order_id", order.map(OrderId::as_str))?)
}

fn add_lines(event: &Event, lines: &[CartLine], rows: &mut Working) -> Result<(), FoldError> {
    for (rank, line) in (0_i64..).zip(lines) {
        let gross = gross(line.price, line.quantity.units())?;
        let fields = [
            ("cart_id", event.id().into()),
            ("line_id", line.line.as_str().into()),
            ("added_position", event.position().into()),
            ("added_rank", rank.into()),
            ("sku", line.sku.as_str().into()),
            ("product_id", line.product.as_str().into()),
            ("name_fr", line.name.get(Locale::Fr).into()),
            ("name_en", line.name.english().into()),
            ("quantity", line.quantity.units().into()),
            ("unit_price_minor", unit_price(line.price).into()),
            ("gross_minor", gross.minor().into()),
            ("currency", gross.currency().code().into()),
            ("vat_rate", String::from(line.vat_rate).into()),
            ("price_reason", line.price_reason.as_ref().map(ShortText::as_str).into()),
        ];
        rows.insert(&CART_LINES, fields)?;
        count(event.id(), (1, line.quantity.units(), gross.minor()), rows)?;
    }
    Ok(())
}

/// A line that is priced as a whole costs the same whatever its quantity.
fn change_quantity(cart: &str, line: &LineId, quantity: Quantity, rows: &mut Working) -> Result<(), FoldError> {
    let row = rows.update(&CART_LINES, &key([cart, line.as_str()]))?;
    let before = row.int("quantity")?;
    row.set("quantity", quantity.units())?;
    let gross = match row.int_or_null("unit_price_minor")? {
        Some(unit) => unit.checked_mul(quantity.units()).ok_or_else(out_of_range)?,
        None => row.int("gross_minor")?,
    };
    count(cart, (0, quantity.units() - before, 0), rows)?;
    reprice(cart, line, gross, rows)
}

fn reprice(cart: &str, line: &LineId, gross: i64, rows: &mut Working) -> Result<(), FoldError> {
    let row = rows.update(&CART_LINES, &key([cart, line.as_str()]))?;
    let before = row.int("gross_minor")?;
    row.set("gross_minor", gross)?;
    count(cart, (0, 0, gross - before), rows)
}

/// Moves the sums of the cart: lines, units, minor units.
fn count(cart: &str, (lines, units, gross): (i64, i64, i64), rows: &mut Working) -> Result<(), FoldError> {
    let row = rows.update(&CARTS, &key([cart]))?;
    row.add("line_count", lines)?;
    row.add("units", units)?;
    Ok(row.add("gross_minor", gross)?)
}

fn apply_coupon(cart: &str, coupon: &Coupon, rows: &mut Working) -> Result<(), FoldError> {
    remove_coupon(cart, &coupon.code, rows)?;
    let fields = [
        ("cart_id", cart.into()),
        ("code", coupon.code.as_str().into()),
        ("campaign", coupon.campaign.as_str().into()),
        ("amount_minor", coupon.amount.minor().into()),
        ("currency", coupon.amount.currency().code().into()),
    ];
    rows.insert(&CART_COUPONS, fields)?;
    Ok(rows.update(&CARTS, &key([cart]))?.add("coupons_minor", coupon.amount.minor())?)
}

fn remove_coupon(cart: &str, code: &ShortText, rows: &mut Working) -> Result<(), FoldError> {
    let own = key([cart, code.as_str()]);
    let Some(row) = rows.get(&CART_COUPONS, &own)? else {
        return Ok(());
    };
    let amount = row.int("amount_minor")?;
    rows.delete(&CART_COUPONS, own)?;
    Ok(rows.update(&CARTS, &key([cart]))?.add("coupons_minor", -amount)?)
}

fn unit_price(price: LinePrice) -> Option<i64> {
    match price {
        LinePrice::PerUnit(unit) => Some(unit.minor()),
        LinePrice::ForLine(_) => None,
    }
}

fn gross(price: LinePrice, quantity: i64) -> Result<Money, FoldError> {
    match price {
        LinePrice::PerUnit(unit) => Ok(unit.times(quantity)?),
        LinePrice::ForLine(whole) => Ok(whole),
    }
}

fn out_of_range() -> FoldError {
    FoldError::Impossible("the line's total is out of range".to_owned())
}
