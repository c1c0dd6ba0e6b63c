//! Commands of staff on variants and categories.

use app::actor::Permission;
use app::bus::Outcome;
use app::error::AppError;
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::catalog::{Category as CategoryState, Variant as VariantState, VariantCommand};
use domain::values::{CategoryId, Localized, Money, ProductId, Sku, Timestamp, VatRate};

use super::types::{Category, Variant};
use crate::graphql::call::Call;
use crate::graphql::inputs::{Inputs, localized};
use crate::graphql::localized::LocalizedInput;
use crate::graphql::money::MoneyInput;
use crate::graphql::payload::Payload;
use crate::graphql::scalars::Decimal;

/// A price with the rate inside.
#[derive(Clone, Debug, InputObject)]
pub struct PriceInput {
    /// VAT included, 0 to 100,000,000.00.
    pub price: MoneyInput,
    /// The rate inside the price, 0 to 1, such as `"0.055"`.
    pub vat_rate: Decimal,
}

/// Adds a variant to a product.
#[derive(Clone, Debug, InputObject)]
pub struct VariantCreateInput {
    /// The product.
    pub product_id: ID,
    /// What it is called on shelves and invoices: 1 to 64 letters, digits, dots, dashes or underscores.
    pub sku: String,
    /// What tells it from its siblings; left out for an only child.
    pub name: Option<LocalizedInput>,
    /// Grams, 0 when unknown.
    #[graphql(default)]
    pub weight_grams: i32,
    /// Its prices, one a currency.
    #[graphql(default)]
    pub prices: Vec<PriceInput>,
}

/// Prices a variant in the price's currency.
#[derive(Clone, Debug, InputObject)]
pub struct VariantPriceSetInput {
    /// The variant.
    pub sku: String,
    /// VAT included, 0 to 100,000,000.00.
    pub price: MoneyInput,
    /// The rate inside the price, 0 to 1, such as `"0.055"`.
    pub vat_rate: Decimal,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Stops selling a variant, or sells it again.
#[derive(Clone, Debug, InputObject)]
pub struct VariantInput {
    /// The variant.
    pub sku: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Makes a category.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryCreateInput {
    /// Its address in the shop: lower-case letters, digits and dashes, 1 to 200.
    pub slug: String,
    /// What it is called.
    pub name: LocalizedInput,
    /// The category it stands in.
    pub parent_id: Option<ID>,
    /// Its place among its siblings, lower first.
    #[graphql(default)]
    pub rank: i32,
}

/// Calls a category otherwise.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryRenameInput {
    /// The category.
    pub category_id: ID,
    /// What to call it.
    pub name: LocalizedInput,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Puts a category elsewhere in the tree.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryMoveInput {
    /// The category.
    pub category_id: ID,
    /// The category it shall stand in; left out, the top.
    pub parent_id: Option<ID>,
    /// Its place among its siblings, lower first.
    #[graphql(default)]
    pub rank: i32,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of staff on variants.
#[derive(Clone, Copy, Debug, Default)]
pub struct VariantMutation;

#[Object]
impl VariantMutation {
    /// Adds a variant to a product. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, ALREADY_EXISTS.
    async fn variant_create(
        &self,
        ctx: &Context<'_>,
        input: VariantCreateInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Variant>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), None);
        let sku = inputs.parse::<Sku>(&["sku"], &input.sku);
        let commands = creation(&mut inputs, &input, call.state.shop.clock.now());
        call.answer(change_variant(call, inputs, sku, commands).await, Variant::of)
    }

    /// Prices a variant in the price's currency. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, VERSION_CONFLICT.
    async fn variant_price_set(
        &self,
        ctx: &Context<'_>,
        input: VariantPriceSetInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Variant>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let sku = inputs.parse::<Sku>(&["sku"], &input.sku);
        let price = inputs.money(&["price"], input.price);
        let rate = vat_rate(&mut inputs, &["vatRate"], input.vat_rate);
        let now = call.state.shop.clock.now();
        let command = price.zip(rate).map(|(price, vat_rate)| vec![VariantCommand::SetPrice { price, vat_rate, now }]);
        call.answer(change_variant(call, inputs, sku, command).await, Variant::of)
    }

    /// Stops selling a variant. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, VERSION_CONFLICT.
    async fn variant_discontinue(
        &self,
        ctx: &Context<'_>,
        input: VariantInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Variant>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let sku = inputs.parse::<Sku>(&["sku"], &input.sku);
        let changed = change_variant(call, inputs, sku, Some(vec![VariantCommand::Discontinue])).await;
        call.answer(changed, Variant::of)
    }

    /// Sells a variant again. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, VERSION_CONFLICT.
    async fn variant_reinstate(
        &self,
        ctx: &Context<'_>,
        input: VariantInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Variant>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let sku = inputs.parse::<Sku>(&["sku"], &input.sku);
        let changed = change_variant(call, inputs, sku, Some(vec![VariantCommand::Reinstate])).await;
        call.answer(changed, Variant::of)
    }
}

/// Commands of staff on categories.
#[derive(Clone, Copy, Debug, Default)]
pub struct CategoryMutation;

#[Object]
impl CategoryMutation {
    /// Makes a category. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND.
    async fn category_create(
        &self,
        ctx: &Context<'_>,
        input: CategoryCreateInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Category>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), None);
        let place = tree_place(&mut inputs, input.parent_id.as_ref(), input.rank);
        call.answer(create_category(call, inputs, &input, place).await, Category::of)
    }

    /// Calls a category otherwise. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, VERSION_CONFLICT.
    async fn category_rename(
        &self,
        ctx: &Context<'_>,
        input: CategoryRenameInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Category>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let id = inputs.parse::<CategoryId>(&["categoryId"], &input.category_id);
        call.answer(rename_category(call, inputs, id, localized(&input.name)).await, Category::of)
    }

    /// Puts a category elsewhere in the tree. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, CATEGORY_CYCLE,
    /// VERSION_CONFLICT.
    async fn category_move(
        &self,
        ctx: &Context<'_>,
        input: CategoryMoveInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Category>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let mut inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        let id = inputs.parse::<CategoryId>(&["categoryId"], &input.category_id);
        let place = tree_place(&mut inputs, input.parent_id.as_ref(), input.rank);
        call.answer(move_category(call, inputs, id, place).await, Category::of)
    }
}

fn vat_rate(inputs: &mut Inputs, path: &[&str], rate: Decimal) -> Option<VatRate> {
    inputs.parse::<VatRate>(path, &rate.0.to_string())
}

fn creation(inputs: &mut Inputs, input: &VariantCreateInput, now: Timestamp) -> Option<Vec<VariantCommand>> {
    let product = inputs.parse::<ProductId>(&["productId"], &input.product_id);
    let weight_grams = u32::try_from(input.weight_grams).ok();
    if weight_grams.is_none() {
        inputs.refuse(&["weightGrams"], "the weight is below nothing", "a whole number of grams from 0");
    }
    let prices: Option<Vec<(Money, VatRate)>> = if input.prices.is_empty() {
        Some(Vec::new())
    } else {
        inputs.list("prices", &input.prices, |inputs, path, price| {
            let amount = inputs.money(&[path, &["price"]].concat(), price.price);
            amount.zip(vat_rate(inputs, &[path, &["vatRate"]].concat(), price.vat_rate))
        })
    };
    let (product, weight_grams, prices) = (product?, weight_grams?, prices?);
    let name = input.name.as_ref().map_or_else(Localized::default, localized);
    let mut commands = vec![VariantCommand::Create { product, name, weight_grams }];
    commands.extend(prices.into_iter().map(|(price, vat_rate)| VariantCommand::SetPrice { price, vat_rate, now }));
    Some(commands)
}

pub(super) async fn change_variant(
    call: Call<'_>,
    inputs: Inputs,
    sku: Option<Sku>,
    commands: Option<Vec<VariantCommand>>,
) -> Result<Outcome<VariantState>, AppError> {
    let (Some(sku), Some(commands)) = (sku, commands) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, sku.as_str());
    app::catalog::change_variant(&call.state.shop, &request, &sku, &commands).await
}

type TreePlace = (Option<CategoryId>, u32);
type Changed = Result<Outcome<CategoryState>, AppError>;

fn tree_place(inputs: &mut Inputs, parent: Option<&ID>, rank: i32) -> Option<TreePlace> {
    let parent = inputs.parse_if::<CategoryId>(&["parentId"], parent.map(|parent| parent.as_str()));
    let place = u32::try_from(rank).ok();
    if place.is_none() {
        inputs.refuse(&["rank"], "the rank is below nothing", "a whole number from 0");
    }
    parent.zip(place)
}

async fn create_category(
    call: Call<'_>,
    inputs: Inputs,
    input: &CategoryCreateInput,
    place: Option<TreePlace>,
) -> Changed {
    let Some(place) = place else { return Err(inputs.refused()) };
    let request = call.command_of_new(&inputs.command()?);
    let (slug, name) = (input.slug.clone(), localized(&input.name));
    app::catalog::create_category(&call.state.shop, &request, slug, name, place).await
}

async fn rename_category(call: Call<'_>, inputs: Inputs, id: Option<CategoryId>, name: Localized) -> Changed {
    let Some(id) = id else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, id.as_str());
    app::catalog::rename_category(&call.state.shop, &request, &id, name).await
}

async fn move_category(call: Call<'_>, inputs: Inputs, id: Option<CategoryId>, place: Option<TreePlace>) -> Changed {
    let (Some(id), Some(place)) = (id, place) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, id.as_str());
    app::catalog::move_category(&call.state.shop, &request, &id, place).await
}
