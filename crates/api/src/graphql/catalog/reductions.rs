//! Reductions of prices: what shoppers are told of them, and the commands of staff.

use app::actor::Permission;
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::catalog::{Reduction, VariantCommand};
use domain::values::{Money as Amount, Sku};

use super::mutations::change_variant;
use super::types::Variant;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::money::{CurrencyCode, Money};
use crate::graphql::payload::Payload;
use crate::graphql::scalars::DateTime;

/// A price that is announced to be lower than before. Show the prior price wherever you show the reduction: the law asks for
/// it (directive 98/6/EC article 6a, in France article L112-1-1 of the Code de la consommation).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PriceReduction {
    /// The prior price, VAT included: the lowest of the 30 days before the first of the reductions that follow each other.
    pub prior_price: Money,
    /// How much lower the price is now, in whole per cent of the prior price, rounded down: 0 to 100.
    pub percentage: i32,
    /// Since when it is announced.
    pub starts_at: DateTime,
    /// The first moment at which it is not announced any more; null where it lasts until it is ended or the price rises.
    pub ends_at: Option<DateTime>,
}

impl PriceReduction {
    /// Shows what is announced of a price.
    pub(super) fn of(price: Amount, reduction: Reduction) -> Self {
        Self {
            prior_price: reduction.reference.into(),
            percentage: i32::from(reduction.percentage(price)),
            starts_at: reduction.starts_at.into(),
            ends_at: reduction.ends_at.map(Into::into),
        }
    }
}

/// Announces the present price as a reduction.
#[derive(Clone, Debug, InputObject)]
pub struct VariantReductionAnnounceInput {
    /// The variant.
    pub sku: String,
    /// In which currency.
    #[graphql(default_with = "CurrencyCode::Eur")]
    pub currency: CurrencyCode,
    /// The first moment at which it is not announced any more; left out, it lasts until it is ended or the price rises.
    pub ends_at: Option<DateTime>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Announces a reduction no more.
#[derive(Clone, Debug, InputObject)]
pub struct VariantReductionEndInput {
    /// The variant.
    pub sku: String,
    /// In which currency.
    #[graphql(default_with = "CurrencyCode::Eur")]
    pub currency: CurrencyCode,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of staff on reductions.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReductionMutation;

#[Object]
impl ReductionMutation {
    /// Announces the present price of a variant as a reduction from the lowest price of the 30 days before it; where one is
    /// announced already, until another moment. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, NO_PRICE,
    /// VARIANT_DISCONTINUED, PRICE_NOT_REDUCED, NO_PRIOR_PRICE, VERSION_CONFLICT.
    async fn variant_reduction_announce(
        &self,
        ctx: &Context<'_>,
        input: VariantReductionAnnounceInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Variant>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let sku = inputs.parse::<Sku>(&["sku"], &input.sku);
        let (ends_at, now) = (input.ends_at.map(|end| end.0), call.state.shop.clock.now());
        let command = VariantCommand::AnnounceReduction { currency: input.currency.into(), ends_at, now };
        call.answer(change_variant(call, inputs, sku, Some(vec![command])).await, Variant::of)
    }

    /// Announces a reduction no more; the price stays. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, VERSION_CONFLICT.
    async fn variant_reduction_end(
        &self,
        ctx: &Context<'_>,
        input: VariantReductionEndInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Variant>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let sku = inputs.parse::<Sku>(&["sku"], &input.sku);
        let now = call.state.shop.clock.now();
        let command = VariantCommand::EndReduction { currency: input.currency.into(), now };
        call.answer(change_variant(call, inputs, sku, Some(vec![command])).await, Variant::of)
    }
}
