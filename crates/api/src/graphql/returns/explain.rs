//! A refund explained line by line: before it is decided, and after.

use app::returns::{ExplainedLine, ExplainedRefund};
use async_graphql::{Context, ID, InputObject, Result, SimpleObject};
use domain::values::{Locale, ReturnId};

use super::inspect::{InspectionInput, inspections};
use super::types::Deduction;
use crate::graphql::call::Call;
use crate::graphql::errors::{DomainError, refusals};
use crate::graphql::inputs::Inputs;
use crate::graphql::money::{Money, TaxedMoney};
use crate::graphql::scalars::Decimal;

/// What might be found in a box.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnRefundPreviewInput {
    /// The return, also before its box arrived.
    pub return_id: ID,
    /// What would be found, each line once.
    pub items: Vec<InspectionInput>,
}

/// What would be refunded, or why that could not be found in the box.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReturnRefundPreview {
    /// What would be refunded; null where it is refused.
    pub result: Option<RefundExplained>,
    /// Why `returnInspect` would refuse it; empty where it would not.
    pub errors: Vec<DomainError>,
}

/// What a return gives back, and why it is that much: `Σ lines.refund + delivery = refund`.
#[derive(Clone, Debug, SimpleObject)]
pub struct RefundExplained {
    /// Each line that was announced.
    pub lines: Vec<RefundLine>,
    /// What is given back of delivery: by a withdrawal from everything.
    pub delivery: Money,
    /// What is owed in all.
    pub refund: Money,
    /// Net, VAT and gross for each rate as sold, the lowest rate first: the credit note's, written or to be. Null before the
    /// parcels are invoiced.
    pub vat: Option<Vec<TaxedMoney>>,
}

/// What a line gives back: `price − promotions − coupons = paid` and `paid − missing − deduction = refund`.
#[derive(Clone, Debug, SimpleObject)]
pub struct RefundLine {
    /// The order's line.
    pub line_id: ID,
    /// What comes back.
    pub sku: String,
    /// What it was called.
    pub name: String,
    /// How many units were announced.
    pub quantity: i64,
    /// What these units cost as they were sold, before promotions.
    pub price: Money,
    /// What promotions took off them.
    pub promotions: Money,
    /// What others paid of them, by coupons.
    pub coupons: Money,
    /// What the buyer paid for them.
    pub paid: Money,
    /// What was paid for those that did not arrive.
    pub missing: Money,
    /// What is kept back for damage, and why; null where nothing is.
    pub deduction: Option<Deduction>,
    /// What is owed for the line.
    pub refund: Money,
    /// The rate of VAT at which it was sold.
    pub tax_rate: Decimal,
}

impl RefundExplained {
    pub(super) fn of(explained: ExplainedRefund, locale: Locale) -> Self {
        let vat = explained.vat.map(|rates| rates.into_iter().map(Into::into).collect());
        let lines = explained.lines.into_iter().map(|line| RefundLine::of(line, locale)).collect();
        Self { lines, delivery: explained.delivery.into(), refund: explained.refund.into(), vat }
    }
}

impl RefundLine {
    fn of(line: ExplainedLine, locale: Locale) -> Self {
        let ExplainedLine { sku, name, quantity, price, promotions, coupons, rate, owed } = line;
        Self {
            line_id: ID(owed.line.to_string()),
            sku: sku.to_string(),
            name: name.get(locale).to_owned(),
            quantity: quantity.units(),
            price: price.into(),
            promotions: promotions.into(),
            coupons: coupons.into(),
            paid: owed.paid.into(),
            missing: owed.missing.into(),
            deduction: owed.deduction.as_ref().map(Into::into),
            refund: owed.refund.into(),
            tax_rate: Decimal(rate.decimal()),
        }
    }
}

/// Answers what would be refunded. Only what cannot be read at all is a failure.
pub(super) async fn preview(ctx: &Context<'_>, input: &ReturnRefundPreviewInput) -> Result<ReturnRefundPreview> {
    let call = Call::of(ctx)?;
    let mut inputs = Inputs::of(ctx, input, None, None);
    let id = inputs.parse::<ReturnId>(&["returnId"], &input.return_id);
    let items = inspections(&mut inputs, &input.items);
    let explained = match id.zip(items) {
        Some((id, items)) => app::returns::preview(&call.state.shop, call.actor, &id, &items).await,
        None => Err(inputs.refused()),
    };
    Ok(match explained {
        Ok(explained) => {
            let result = RefundExplained::of(explained, call.request.locale);
            ReturnRefundPreview { result: Some(result), errors: Vec::new() }
        }
        Err(error) => ReturnRefundPreview { result: None, errors: refusals(error)? },
    })
}
