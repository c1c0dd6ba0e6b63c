//! Commands of staff on products.

use std::collections::BTreeMap;

use app::actor::Permission;
use app::bus::Outcome;
use app::error::{AppError, Refused};
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::catalog::{Product as ProductState, ProductCommand};
use domain::values::{CategoryId, ProductId, ShortText};

use super::types::Product;
use crate::graphql::call::Call;
use crate::graphql::inputs::{Inputs, localized};
use crate::graphql::localized::{LocaleCode, LocalizedInput};
use crate::graphql::payload::Payload;
use crate::graphql::scalars::DateTime;

/// Something known about a product.
#[derive(Clone, Debug, InputObject)]
pub struct AttributeInput {
    /// What, such as `author`, 1 to 50 characters.
    pub key: String,
    /// The value, 1 to 500 characters.
    pub value: String,
}

/// What someone of the house writes about a product.
#[derive(Clone, Debug, InputObject)]
pub struct EditorialReviewInput {
    /// The language of the text.
    pub locale: LocaleCode,
    /// Who writes it.
    pub author: String,
    /// The review, 1 to 10,000 characters; another by the same author in the same language takes its place.
    pub text: String,
    /// When it is published; left out, now.
    pub published_at: Option<DateTime>,
}

/// Takes a product in.
#[derive(Clone, Debug, InputObject)]
pub struct ProductCreateInput {
    /// What it is called.
    pub name: LocalizedInput,
    /// Its summary, at most 5,000 characters a language.
    pub summary: Option<LocalizedInput>,
    /// Its categories, at most 20, the main one first.
    pub categories: Option<Vec<ID>>,
    /// What is known about it, at most 50.
    pub attributes: Option<Vec<AttributeInput>>,
    /// Shows it to shoppers at once.
    #[graphql(default)]
    pub publish: bool,
}

/// Changes a product, all or nothing; what is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct ProductUpdateInput {
    /// The product.
    pub product_id: ID,
    /// What to call it.
    pub name: Option<LocalizedInput>,
    /// Its summary, at most 5,000 characters a language.
    pub summary: Option<LocalizedInput>,
    /// Its categories and no others, 1 to 20, the main one first.
    pub categories: Option<Vec<ID>>,
    /// All that is known about it, at most 50.
    pub attributes: Option<Vec<AttributeInput>>,
    /// A review of the house to add.
    pub review: Option<EditorialReviewInput>,
    /// Shows it to shoppers, or hides it.
    pub published: Option<bool>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of staff on products.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProductMutation;

#[Object]
impl ProductMutation {
    /// Takes a product in. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_PUBLISHABLE.
    async fn product_create(
        &self,
        ctx: &Context<'_>,
        input: ProductCreateInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Product>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), None);
        call.answer(create(call, inputs, &input).await, Product::of)
    }

    /// Changes a product, all or nothing. Needs `CATALOG_WRITE`. Codes: VALIDATION, NOT_FOUND, NOT_PUBLISHABLE,
    /// NOTHING_ASKED, VERSION_CONFLICT.
    async fn product_update(
        &self,
        ctx: &Context<'_>,
        input: ProductUpdateInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Product>> {
        let call = Call::with(ctx, Permission::CatalogWrite)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(update(call, inputs, &input).await, Product::of)
    }
}

type Changed = Result<Outcome<ProductState>, AppError>;

async fn create(call: Call<'_>, mut inputs: Inputs, input: &ProductCreateInput) -> Changed {
    let mut commands = Vec::new();
    commands.extend(summarise(input.summary.as_ref()));
    commands.extend(categorise(&mut inputs, input.categories.as_deref().filter(|ids| !ids.is_empty())));
    commands.extend(describe(input.attributes.as_deref()));
    commands.extend(input.publish.then_some(ProductCommand::Publish));
    let request = call.command_of_new(&inputs.command()?);
    app::catalog::create_product(&call.state.shop, &request, localized(&input.name), commands).await
}

async fn update(call: Call<'_>, mut inputs: Inputs, input: &ProductUpdateInput) -> Changed {
    let product = inputs.parse::<ProductId>(&["productId"], &input.product_id);
    let mut commands = Vec::new();
    commands.extend(input.name.as_ref().map(|name| ProductCommand::Rename { name: localized(name) }));
    commands.extend(summarise(input.summary.as_ref()));
    commands.extend(categorise(&mut inputs, input.categories.as_deref()));
    commands.extend(describe(input.attributes.as_deref()));
    commands.extend(review(call, &mut inputs, input.review.as_ref()));
    commands
        .extend(input.published.map(|shown| if shown { ProductCommand::Publish } else { ProductCommand::Unpublish }));
    let Some(product) = product else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, product.as_str());
    if commands.is_empty() {
        return Err(Refused::new("NOTHING_ASKED", "the update changes nothing: name what to change").into());
    }
    app::catalog::change_product(&call.state.shop, &request, &product, &commands).await
}

fn summarise(summary: Option<&LocalizedInput>) -> Option<ProductCommand> {
    summary.map(|summary| ProductCommand::Summarise { summary: localized(summary) })
}

fn categorise(inputs: &mut Inputs, ids: Option<&[ID]>) -> Option<ProductCommand> {
    let categories = inputs.list("categories", ids?, |inputs, path, id| inputs.parse::<CategoryId>(path, id))?;
    Some(ProductCommand::Categorise { categories })
}

fn describe(attributes: Option<&[AttributeInput]>) -> Option<ProductCommand> {
    let attributes = attributes?.iter().map(|one| (one.key.clone(), one.value.clone()));
    Some(ProductCommand::SetAttributes { attributes: attributes.collect::<BTreeMap<_, _>>() })
}

fn review(call: Call<'_>, inputs: &mut Inputs, input: Option<&EditorialReviewInput>) -> Option<ProductCommand> {
    let input = input?;
    let author = inputs.parse::<ShortText>(&["review", "author"], &input.author)?;
    let published_at = input.published_at.map_or_else(|| call.state.shop.clock.now(), |moment| moment.0);
    let (locale, text) = (input.locale.into(), input.text.clone());
    Some(ProductCommand::AddEditorialReview { locale, author, text, published_at })
}
