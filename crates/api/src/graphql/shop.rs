//! The shop itself: how it sends, where its stock is, what it sells in.

use async_graphql::{Context, Object, Result, SimpleObject};
use domain::values::Currency;

use super::call::{request, state};
use super::cart::types::ShippingLine;
use super::errors::internal;
use super::money::CurrencyCode;

/// The shop.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShopQuery;

/// How the shop is set up.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct ShopProfile {
    /// The warehouses, the preferred one first.
    pub locations: Vec<String>,
    /// What the shop sells in.
    pub currencies: Vec<CurrencyCode>,
}

#[async_graphql::ComplexObject]
impl ShopProfile {
    /// The ways to send a parcel, priced in a currency; those without a price in it are left out.
    async fn shipping_options(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "CurrencyCode::Eur")] currency: CurrencyCode,
    ) -> Result<Vec<ShippingLine>> {
        let (options, locale) = (&state(ctx)?.shop.settings.shipping, request(ctx)?.locale);
        let offered = options.iter().filter_map(|option| option.choice_in(currency.into()));
        offered
            .map(|choice| {
                let label = choice.label.get(locale).to_owned();
                let total = choice.vat_rate.split_gross(choice.price).map_err(internal)?;
                Ok(ShippingLine { code: choice.code, label, total: total.into() })
            })
            .collect()
    }
}

#[Object]
impl ShopQuery {
    /// How the shop is set up.
    async fn shop(&self, ctx: &Context<'_>) -> Result<ShopProfile> {
        let settings = &state(ctx)?.shop.settings;
        let sold_in =
            |currency: &Currency| settings.shipping.iter().any(|option| option.choice_in(*currency).is_some());
        Ok(ShopProfile {
            locations: settings.locations.iter().map(ToString::to_string).collect(),
            currencies: Currency::ALL.into_iter().filter(sold_in).map(CurrencyCode::from).collect(),
        })
    }
}
