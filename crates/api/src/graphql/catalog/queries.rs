//! Questions to the catalogue.

use std::sync::Arc;

use app::actor::Permission;
use app::as_of::AsOf;
use async_graphql::{Context, ID, Object, Result};
use projections::ReadModels;
use projections::catalog::ProductView;
use projections::search::{SearchPage, SearchRequest};

use super::list::{Facet, ProductConnection, ProductEdge, ProductSort, ProductWhere};
use super::past::{product_as_of, variant_as_of};
use super::types::{Product, Stocks, Variant};
use crate::graphql::ApiState;
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::{page_size, request, state};
use crate::graphql::connection::PageInfo;
use crate::graphql::consistency::{SEARCH, reads, wait};
use crate::graphql::errors::internal;
use crate::graphql::order::one_of;
use crate::graphql::reading::{read_failure, search_failure};
use crate::graphql::scalars::SafeInt;
use crate::http::error::ErrorCode as FailureCode;

/// The longest text searched for, characters; the search counts fewer.
const SEARCH_CHARACTERS_MAX: usize = 500;

/// Questions to the catalogue.
#[derive(Clone, Copy, Debug, Default)]
pub struct CatalogQuery;

/// Finds a product that the actor may see.
pub(crate) async fn find_product(ctx: &Context<'_>, id: &str) -> Result<Option<Product>> {
    wait(ctx, &["catalog"]).await?;
    let state = state(ctx)?;
    let found = state.catalog.get(&state.reads, &[id]).await.map_err(read_failure)?;
    visible(ctx, found.into_iter().next())
}

/// Shows a product that is not published to those only who may change it or read the log.
fn visible(ctx: &Context<'_>, found: Option<Arc<ProductView>>) -> Result<Option<Product>> {
    let may =
        |permission| request(ctx).map(|request| request.actor.as_ref().is_some_and(|actor| actor.may(permission)));
    let sees_all = may(Permission::CatalogWrite)? || may(Permission::AuditRead)?;
    let found = found.filter(|product| product.published || sees_all);
    Ok(found.map(|view| Product::shown(view, None)))
}

#[Object]
impl CatalogQuery {
    /// A product by its id or by its address, as it is or as it was; null for an unknown one, for one that was not taken in
    /// yet and for one that is not, or was not, published.
    async fn product(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: Option<ID>,
        #[graphql(desc = "Its address in the shop.")] slug: Option<String>,
        #[graphql(desc = "As it was then; left out, as it is.")] as_of: Option<AsOfInput>,
    ) -> Result<Option<Product>> {
        let then = (resolve(state(ctx)?, as_of).await?, as_of);
        match (id, slug, then.0) {
            (Some(id), None, AsOf::Now) => find_product(ctx, &id).await,
            (Some(id), None, AsOf::Position(_)) => product_as_of(ctx, &id, then).await,
            (None, Some(slug), _) => {
                wait(ctx, &["catalog"]).await?;
                let state = state(ctx)?;
                let found = state.catalog.by_slug(&state.reads, &slug).await.map_err(read_failure)?;
                match (found, then.0) {
                    // An address never changes, so that it leads to the same product at any time.
                    (Some(found), AsOf::Position(_)) => product_as_of(ctx, &found.id, then).await,
                    (found, _) => visible(ctx, found),
                }
            }
            (Some(_), Some(_), _) | (None, None, _) => Err(one_of("id", "slug")),
        }
    }

    /// A variant with its prices, by its SKU, as it is or as it was; null for an unknown one, for one that was not taken in
    /// yet and for one whose product is not, or was not, published.
    async fn variant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The SKU.")] sku: String,
        #[graphql(desc = "As it was then; left out, as it is.")] as_of: Option<AsOfInput>,
    ) -> Result<Option<Variant>> {
        variant_as_of(ctx, &sku, as_of).await
    }

    /// The published products, searched, narrowed down and ordered.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "What to look for; accents, case and plurals aside.")] search: Option<String>,
        #[graphql(name = "where", desc = "What every product must be.")] filter: Option<ProductWhere>,
        #[graphql(desc = "The order.", default_with = "ProductSort::Relevance")] sort: ProductSort,
    ) -> Result<ProductConnection> {
        let (state, locale) = (state(ctx)?, request(ctx)?.locale);
        let text = search.unwrap_or_default();
        if text.chars().count() > SEARCH_CHARACTERS_MAX {
            let message = format!("search for at most {SEARCH_CHARACTERS_MAX} characters");
            return Err(FailureCode::BadRequest.error(message));
        }
        let filter = filter.unwrap_or_default();
        let mut asked = SearchRequest::new(locale, filter.currency.into());
        asked.filters = filter.filters().map_err(|message| FailureCode::BadRequest.error(message))?;
        asked.text = text;
        asked.sort = sort.order(locale);
        asked.first = page_size(first)?;
        asked.after = after.map(|cursor| cursor.parse()).transpose().map_err(search_failure)?;
        asked.facets = ctx.look_ahead().field("facets").exists();
        wait(ctx, &["catalog", SEARCH]).await?;
        let page = answer(state, asked).await?;
        connection(ctx, state, page).await
    }
}

/// Asks the index. A text or facets may take milliseconds: the runtime does not wait for those.
async fn answer(state: &ApiState, asked: SearchRequest) -> Result<SearchPage> {
    if asked.text.trim().is_empty() && !asked.facets {
        return state.search.search(&asked).map_err(search_failure);
    }
    let search = state.search.clone();
    let answered = tokio::task::spawn_blocking(move || search.search(&asked)).await;
    answered.map_err(internal)?.map_err(search_failure)
}

/// Shows a page of hits: everything a list needs is read at once.
async fn connection(ctx: &Context<'_>, state: &ApiState, page: SearchPage) -> Result<ProductConnection> {
    let ids: Vec<&str> = page.hits.iter().map(|hit| hit.product.as_str()).collect();
    let views = state.catalog.get(&state.reads, &ids).await.map_err(read_failure)?;
    let stocks = if asks_for_stock(ctx) { Some(stocks(&reads(ctx)?, &views).await?) } else { None };
    let end_cursor = page.hits.last().map(|hit| hit.cursor.to_string());
    let (wants_edges, wants_nodes) =
        (ctx.look_ahead().field("edges").exists(), ctx.look_ahead().field("nodes").exists());
    let products: Vec<Product> = views.into_iter().map(|view| Product::shown(view, stocks.clone())).collect();
    let mut edges = Vec::new();
    if wants_edges {
        for product in &products {
            let hit = page.hits.iter().find(|hit| hit.product == product.view.id);
            let cursor = hit.map(|hit| hit.cursor.to_string()).unwrap_or_default();
            edges.push(ProductEdge { cursor, node: product.clone() });
        }
    }
    Ok(ProductConnection {
        edges,
        nodes: if wants_nodes { products } else { Vec::new() },
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        total_count: SafeInt(page.total as i64),
        facets: page.facets.into_iter().map(Facet::from).collect(),
    })
}

fn asks_for_stock(ctx: &Context<'_>) -> bool {
    let ahead = ctx.look_ahead();
    let in_nodes = ahead.field("nodes").field("variants").field("availability");
    let in_edges = ahead.field("edges").field("node").field("variants").field("availability");
    in_nodes.exists() || in_edges.exists()
}

async fn stocks(reads: &ReadModels, views: &[Arc<ProductView>]) -> Result<Stocks> {
    let skus: Vec<&str> = views.iter().flat_map(|view| &view.variants).map(|variant| variant.sku.as_str()).collect();
    let totals = reads.availability().totals(&skus).await.map_err(read_failure)?;
    Ok(Arc::new(totals.into_iter().map(|total| (total.sku, total.available)).collect()))
}
