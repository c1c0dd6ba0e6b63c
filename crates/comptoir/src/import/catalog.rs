//! Loads the catalogue: departments and the categories in them, then every product with its one variant, many at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, bail};
use app::Shop;
use app::actor::Actor;
use app::bus::{Cause, CommandKey, Request};
use app::catalog::{change_product, change_variant, create_category};
use domain::catalog::{ProductCommand, VariantCommand, slugify};
use domain::values::{CategoryId, Currency, Localized, Money, VatRate};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::files::Product;
use super::names;
use crate::progress::{Console, per_second};

/// Products under way at once: enough for full group commits.
const PRODUCTS_AT_ONCE: usize = 64;
/// Where a product without a department stands.
const UNNAMED: &str = "UNCLASSIFIED";

/// What was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CatalogReport {
    /// Products in the file.
    pub products: u64,
    /// Products that were new to the shop.
    pub new: u64,
    /// Departments and categories.
    pub categories: u64,
    /// Products with a list price.
    pub priced: u64,
    /// Products of which the chosen baskets sell nothing: they have no price and cannot be bought.
    pub without_price: u64,
    /// Products without a category: they stand in their department itself.
    pub without_category: u64,
    /// How long it took, milliseconds.
    pub milliseconds: u64,
    /// Products a second.
    pub per_second: u64,
}

/// Categories by department and category; the department itself stands under an empty category.
type Tree = HashMap<(String, String), CategoryId>;

/// Loads every product; what is there already stays as it is.
///
/// # Errors
/// The first product or category that the shop refuses, by name.
pub(super) async fn load(
    shop: &Shop,
    products: &[Product],
    list_prices: &HashMap<u64, i64>,
    console: &Console,
) -> anyhow::Result<CatalogReport> {
    let tree = load_tree(shop, products).await?;
    let task = console.task("products", products.len() as u64);
    let loads = products.iter().map(|product| {
        let (tree, task) = (&tree, &task);
        let list_price = list_prices.get(&product.id).copied();
        async move {
            let is_new = load_product(shop, tree, product, list_price).await;
            let is_new = is_new.with_context(|| format!("product {} cannot be loaded", product.id))?;
            task.add(1);
            anyhow::Ok(u64::from(is_new))
        }
    });
    let new =
        stream::iter(loads).buffer_unordered(PRODUCTS_AT_ONCE).try_fold(0, async |sum, new| Ok(sum + new)).await?;
    let elapsed = task.finish();
    let count = products.len() as u64;
    let priced = products.iter().filter(|product| list_prices.contains_key(&product.id)).count() as u64;
    Ok(CatalogReport {
        products: count,
        new,
        categories: tree.len() as u64,
        priced,
        without_price: count - priced,
        without_category: products.iter().filter(|product| is_blank(&product.category)).count() as u64,
        milliseconds: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        per_second: per_second(count, elapsed),
    })
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn department_of(product: &Product) -> String {
    let department = product.department.trim();
    if department.is_empty() { UNNAMED.to_owned() } else { department.to_owned() }
}

/// Makes the tree; parents come first because an empty category sorts first.
async fn load_tree(shop: &Shop, products: &[Product]) -> anyhow::Result<Tree> {
    let mut wanted = BTreeSet::new();
    for product in products {
        wanted.insert((department_of(product), String::new()));
        wanted.insert((department_of(product), product.category.trim().to_owned()));
    }
    let mut tree = Tree::new();
    for (rank, (department, category)) in (0..).zip(wanted) {
        let parent = if category.is_empty() { None } else { tree.get(&(department.clone(), String::new())).cloned() };
        let title = if category.is_empty() { &department } else { &category };
        let path = format!("{department}/{category}");
        let slug = slugify(title, &names::short_hash(&format!("category/{path}")));
        let request = staff(&format!("cj-category/{path}"), Some(&path));
        let created = create_category(shop, &request, slug, text(title), (parent, rank)).await;
        let created = created.with_context(|| format!("category {path} cannot be made"))?;
        tree.insert((department, category), created.id.parse()?);
    }
    Ok(tree)
}

/// Makes a request of the import itself, at most once where it says with which input.
pub(super) fn staff(command: &str, once_with: Option<&str>) -> Request {
    let key = once_with.map(|input| CommandKey { key: command.to_owned(), fingerprint: input.to_owned() });
    Request::new(Actor::system("import"), Cause::of(command, command)).keyed(key)
}

/// Loads one product and says whether it was new.
async fn load_product(shop: &Shop, tree: &Tree, product: &Product, list_price: Option<i64>) -> anyhow::Result<bool> {
    let (id, sku) = (names::product(product.id), names::sku(product.id));
    let name = text(&name_of(product));
    let place = (department_of(product), product.category.trim().to_owned());
    let Some(category) = tree.get(&place) else { bail!("category {place:?} is missing") };
    let commands = [
        ProductCommand::Create { slug: slugify(name.get(domain::values::Locale::Fr), &product.id.to_string()), name },
        ProductCommand::Categorise { categories: vec![category.clone()] },
        ProductCommand::SetAttributes { attributes: attributes_of(product) },
        ProductCommand::Publish,
    ];
    let request = staff(&format!("cj-product/{}", product.id), None);
    let created = change_product(shop, &request, &id, &commands).await?;
    let mut commands = vec![VariantCommand::Create { product: id, name: Localized::default(), weight_grams: 0 }];
    if let Some(cents) = list_price {
        let price = Money::new(cents, Currency::Usd);
        commands.push(VariantCommand::SetPrice { price, vat_rate: VatRate::ZERO, now: shop.clock.now() });
    }
    change_variant(shop, &request, &sku, &commands).await?;
    Ok(created.position.is_some())
}

/// The file is in English and has no French: one text for both.
fn text(english: &str) -> Localized {
    Localized::new(english, Some(english.to_owned()))
}

/// Says what it is and how much of it: `Bread:italian/french, 22 LB`.
fn name_of(product: &Product) -> String {
    let what = [&product.kind, &product.category, &product.department].into_iter().find(|text| !is_blank(text));
    let what = what.map_or(UNNAMED, |text| text.trim());
    let mut letters = what.chars();
    let name: String = letters.next().into_iter().chain(letters.flat_map(char::to_lowercase)).collect();
    let size = product.package_size.trim();
    if size.is_empty() { name } else { format!("{name}, {size}") }
}

fn attributes_of(product: &Product) -> BTreeMap<String, String> {
    let all = [
        ("brand", &product.brand),
        ("manufacturer", &product.manufacturer),
        ("product_type", &product.kind),
        ("package_size", &product.package_size),
    ];
    let told = all.into_iter().filter(|(_, value)| !is_blank(value));
    told.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect()
}
