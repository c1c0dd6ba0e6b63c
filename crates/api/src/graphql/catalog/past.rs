//! Products, variants and prices from the write side: as they are, and as they were.

use app::as_of::AsOf;
use async_graphql::{Context, Result};
use domain::catalog::Category as CategoryState;
use domain::values::{ProductId, Sku};

use super::types::{Category, Product, Variant, product_view, variant_view};
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::{request, state};
use crate::graphql::cart::types::or_null;
use crate::graphql::consistency::wait;
use crate::graphql::errors::failure;
use crate::graphql::reading::read_failure;

/// Finds a product that the actor may look at, as it was. Which variants it has a read model knows; what they were the log.
pub(super) async fn product_as_of(
    ctx: &Context<'_>,
    id: &str,
    (as_of, asked): (AsOf, Option<AsOfInput>),
) -> Result<Option<Product>> {
    let Ok(id) = id.parse::<ProductId>() else { return Ok(None) };
    let (state, actor) = (state(ctx)?, request(ctx)?.actor.as_ref());
    let found = app::catalog::look_up(&state.shop, actor, &id, as_of).await;
    let Some(loaded) = or_null(found)? else { return Ok(None) };
    wait(ctx, &["catalog"]).await?;
    let known = state.catalog.get(&state.reads, &[id.as_str()]).await.map_err(read_failure)?;
    let mut view = product_view(id.as_str(), loaded.version, &loaded.state);
    for sku in known.iter().flat_map(|known| &known.variants).map(|variant| variant.sku.as_str()) {
        let variant = state.shop.bus.load_as_of::<domain::catalog::Variant>(sku, as_of).await.map_err(failure)?;
        if variant.state.exists() {
            view.variants.push(variant_view(sku, variant.version, &variant.state));
        }
    }
    Ok(Some(Product::past(view, as_of, asked)))
}

/// Finds a variant of a product that the actor may look at.
pub(super) async fn variant_as_of(ctx: &Context<'_>, sku: &str, asked: Option<AsOfInput>) -> Result<Option<Variant>> {
    let Ok(sku) = sku.parse::<Sku>() else { return Ok(None) };
    let (state, actor) = (state(ctx)?, request(ctx)?.actor.as_ref());
    let as_of = resolve(state, asked).await?;
    let found = app::catalog::look_up_variant(&state.shop, actor, &sku, as_of).await;
    let found = or_null(found)?;
    Ok(found.map(|loaded| Variant::past(variant_view(sku.as_str(), loaded.version, &loaded.state), as_of, asked)))
}

/// Finds categories by id, as they were; the tree around them is the present one.
pub(super) async fn categories_as_of(ctx: &Context<'_>, ids: &[String], as_of: AsOf) -> Result<Vec<Category>> {
    let bus = &state(ctx)?.shop.bus;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let loaded = bus.load_as_of::<CategoryState>(id, as_of).await.map_err(failure)?;
        if loaded.state.exists() {
            found.push(Category::alone(id, &loaded.state));
        }
    }
    Ok(found)
}

/// Counts the free units of a SKU over all locations, as they were.
pub(super) async fn available_as_of(ctx: &Context<'_>, sku: &str, as_of: AsOf) -> Result<i64> {
    let Ok(sku) = sku.parse::<Sku>() else { return Ok(0) };
    let levels = app::stock::levels(&state(ctx)?.shop, &sku, as_of).await.map_err(failure)?;
    Ok(levels.iter().map(|(_, level)| level.state.available()).sum())
}
