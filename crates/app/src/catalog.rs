//! Use cases of the catalogue: staff change it, carts are priced from it.

use std::collections::BTreeSet;

use domain::catalog::{Category, CategoryCommand, Product, ProductCommand, Variant, VariantCommand, slugify};
use domain::values::{CategoryId, Currency, Localized, Money, ProductId, Sku, VatRate};

use crate::Shop;
use crate::actor::{Actor, Permission};
use crate::as_of::AsOf;
use crate::bus::{Loaded, Outcome, Request};
use crate::error::{AppError, Refused};

/// How deep the category tree may be.
const CATEGORY_DEPTH_MAX: usize = 16;
/// How many characters of a product's id its address ends in.
const SLUG_TAIL_LENGTH: usize = 6;

/// What a shopper is offered: a variant of a published product at its present price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The SKU.
    pub sku: Sku,
    /// The product.
    pub product: ProductId,
    /// Product and variant, such as `Les Misérables, poche`.
    pub name: Localized,
    /// A unit's price, VAT included.
    pub price: Money,
    /// The rate inside the price.
    pub vat_rate: VatRate,
}

/// Finds what a SKU is offered at.
///
/// # Errors
/// `NOT_FOUND` for a SKU that shoppers cannot see, `VARIANT_DISCONTINUED`, `NO_PRICE` in that currency.
pub async fn offer(shop: &Shop, sku: &Sku, currency: Currency) -> Result<Offer, AppError> {
    let variant = shop.bus.load::<Variant>(sku.as_str()).await?.state;
    let unknown = || Refused::new("NOT_FOUND", format!("there is no variant {sku} for sale")).with("sku", sku);
    let product_id = variant.product().ok_or_else(unknown)?.clone();
    let product = shop.bus.load::<Product>(product_id.as_str()).await?.state;
    if !product.is_published() {
        return Err(unknown().into());
    }
    if variant.is_discontinued() {
        return Err(Refused::new("VARIANT_DISCONTINUED", format!("{sku} is not sold any more"))
            .with("sku", sku)
            .into());
    }
    let no_price = || Refused::new("NO_PRICE", format!("{sku} has no price in {currency}")).with("sku", sku);
    let (price, vat_rate) = variant.price(currency).ok_or_else(no_price)?;
    let name = joined(product.name(), variant.name());
    Ok(Offer { sku: sku.clone(), product: product_id, name, price, vat_rate })
}

/// Returns the categories that a product stands in, and all above them.
///
/// # Errors
/// [`AppError`] when the store fails.
pub(crate) async fn categories_of(shop: &Shop, product: &ProductId) -> Result<BTreeSet<CategoryId>, AppError> {
    let product = shop.bus.load::<Product>(product.as_str()).await?.state;
    let mut found = BTreeSet::new();
    for category in product.categories() {
        let mut next = Some(category.clone());
        // What is above a category that was found is found too, so that a circle, should two moves make one, ends as well.
        while let Some(id) = next.filter(|id| !found.contains(id)) {
            next = shop.bus.load::<Category>(id.as_str()).await?.state.parent().cloned();
            found.insert(id);
        }
    }
    Ok(found)
}

/// Accepts categories that there are.
///
/// # Errors
/// `NOT_FOUND` for each of the others, at once, with its place in the list.
pub(crate) async fn are_known(shop: &Shop, categories: &[CategoryId]) -> Result<(), AppError> {
    let mut refused = Vec::new();
    for (index, id) in categories.iter().enumerate() {
        if !shop.bus.load::<Category>(id.as_str()).await?.state.exists() {
            refused.push(Refused::not_found("category").at(&["categoryIds", &index.to_string()]));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(AppError::Invalid(refused)) }
}

/// Returns whether the actor may look at a product: what shoppers see now is everyone's, and so is how it was then. One that
/// is or was hidden is for those only who change the catalogue or read the log.
fn may_look_at(actor: Option<&Actor>, now: &Product, then: &Product) -> bool {
    let is_shown = now.is_published() && then.is_published();
    is_shown || actor.is_some_and(|actor| actor.may(Permission::CatalogWrite) || actor.may(Permission::AuditRead))
}

/// Loads a product that the actor may look at, as it is or as it was.
///
/// # Errors
/// `NOT_FOUND` for a product that is unknown or was not taken in yet, and for one that is hidden from the actor alike.
pub async fn look_up(
    shop: &Shop,
    actor: Option<&Actor>,
    product: &ProductId,
    as_of: AsOf,
) -> Result<Loaded<Product>, AppError> {
    let then = shop.bus.load_as_of::<Product>(product.as_str(), as_of).await?;
    let now = shop.bus.load::<Product>(product.as_str()).await?;
    if then.version == 0 || !may_look_at(actor, &now.state, &then.state) {
        return Err(Refused::not_found("product").into());
    }
    Ok(then)
}

/// Loads a variant of a product that the actor may look at, as it is or as it was.
///
/// # Errors
/// As [`look_up`].
pub async fn look_up_variant(
    shop: &Shop,
    actor: Option<&Actor>,
    sku: &Sku,
    as_of: AsOf,
) -> Result<Loaded<Variant>, AppError> {
    let then = shop.bus.load_as_of::<Variant>(sku.as_str(), as_of).await?;
    let product = then.state.product().ok_or_else(|| Refused::not_found("variant"))?;
    look_up(shop, actor, product, as_of).await?;
    Ok(then)
}

fn joined(product: &Localized, variant: &Localized) -> Localized {
    use domain::values::Locale::{En, Fr};
    let join = |product: &str, variant: &str| {
        if variant.is_empty() { product.to_owned() } else { format!("{product}, {variant}") }
    };
    let english =
        (product.english().is_some() || variant.english().is_some()).then(|| join(product.get(En), variant.get(En)));
    Localized::new(join(product.get(Fr), variant.get(Fr)), english)
}

/// Takes a product in, with an address made from its name and id.
///
/// # Errors
/// [`AppError::Forbidden`] without `CATALOG_WRITE`; the catalogue's refusals.
pub async fn create_product(
    shop: &Shop,
    request: &Request,
    name: Localized,
    further: Vec<ProductCommand>,
) -> Result<Outcome<Product>, AppError> {
    request.actor.require(Permission::CatalogWrite)?;
    let id = ProductId::from_uuid(shop.ids.uuid());
    let tail = &id.as_str()[id.as_str().len() - SLUG_TAIL_LENGTH..];
    let slug = slugify(name.get(domain::values::Locale::Fr), tail);
    let mut commands = vec![ProductCommand::Create { slug, name }];
    commands.extend(further);
    shop.bus.begin_all(id.as_str(), &request.of_conversation(id.as_str()), &commands).await
}

/// Changes a product.
///
/// # Errors
/// [`AppError::Forbidden`] without `CATALOG_WRITE`; the catalogue's refusals.
pub async fn change_product(
    shop: &Shop,
    request: &Request,
    id: &ProductId,
    commands: &[ProductCommand],
) -> Result<Outcome<Product>, AppError> {
    request.actor.require(Permission::CatalogWrite)?;
    shop.bus.execute_all(id.as_str(), request, commands).await
}

/// Changes a variant, or creates it under its SKU.
///
/// # Errors
/// [`AppError::Forbidden`] without `CATALOG_WRITE`; `NOT_FOUND` where the product is unknown; the catalogue's refusals.
pub async fn change_variant(
    shop: &Shop,
    request: &Request,
    sku: &Sku,
    commands: &[VariantCommand],
) -> Result<Outcome<Variant>, AppError> {
    request.actor.require(Permission::CatalogWrite)?;
    for command in commands {
        if let VariantCommand::Create { product, .. } = command
            && !shop.bus.load::<Product>(product.as_str()).await?.state.exists()
        {
            return Err(Refused::not_found("product").at(&["productId"]).into());
        }
    }
    shop.bus.execute_all(sku.as_str(), request, commands).await
}

/// Makes a category.
///
/// # Errors
/// [`AppError::Forbidden`] without `CATALOG_WRITE`; `NOT_FOUND` where the parent is unknown; the catalogue's refusals.
pub async fn create_category(
    shop: &Shop,
    request: &Request,
    slug: String,
    name: Localized,
    place: (Option<CategoryId>, u32),
) -> Result<Outcome<Category>, AppError> {
    request.actor.require(Permission::CatalogWrite)?;
    let (parent, rank) = place;
    ancestors(shop, parent.as_ref()).await?;
    let id = CategoryId::from_uuid(shop.ids.uuid());
    let commands = [CategoryCommand::Create { slug, name, parent, rank }];
    shop.bus.begin_all(id.as_str(), &request.of_conversation(id.as_str()), &commands).await
}

/// Calls a category otherwise.
///
/// # Errors
/// [`AppError::Forbidden`] without `CATALOG_WRITE`; the catalogue's refusals.
pub async fn rename_category(
    shop: &Shop,
    request: &Request,
    id: &CategoryId,
    name: Localized,
) -> Result<Outcome<Category>, AppError> {
    request.actor.require(Permission::CatalogWrite)?;
    shop.bus.execute(id.as_str(), request, CategoryCommand::Rename { name }).await
}

/// Puts a category elsewhere in the tree.
///
/// # Errors
/// [`AppError::Forbidden`] without `CATALOG_WRITE`; `CATEGORY_CYCLE`; `NOT_FOUND` where the parent is unknown.
pub async fn move_category(
    shop: &Shop,
    request: &Request,
    id: &CategoryId,
    place: (Option<CategoryId>, u32),
) -> Result<Outcome<Category>, AppError> {
    request.actor.require(Permission::CatalogWrite)?;
    let (parent, rank) = place;
    let ancestors = ancestors(shop, parent.as_ref()).await?;
    let command = CategoryCommand::Move { category: id.clone(), parent, ancestors, rank };
    shop.bus.execute(id.as_str(), request, command).await
}

/// Returns a category and everything above it, the nearest first.
async fn ancestors(shop: &Shop, category: Option<&CategoryId>) -> Result<Vec<CategoryId>, AppError> {
    let mut found = Vec::new();
    let mut next = category.cloned();
    while let Some(id) = next {
        if found.len() == CATEGORY_DEPTH_MAX {
            let message = format!("the category tree is limited to {CATEGORY_DEPTH_MAX} levels");
            return Err(Refused::new("VALIDATION", message).at(&["parentId"]).into());
        }
        let category = shop.bus.load::<Category>(id.as_str()).await?.state;
        if !category.exists() {
            return Err(Refused::not_found("category").at(&["parentId"]).into());
        }
        found.push(id);
        next = category.parent().cloned();
    }
    Ok(found)
}
