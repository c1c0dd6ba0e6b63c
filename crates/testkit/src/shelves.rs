//! Puts books on a test shop's shelves.

use app::Shop;
use app::actor::Actor;
use app::bus::{Cause, Request};
use domain::catalog::{ProductCommand, VariantCommand};
use domain::stock::StockCommand;
use domain::values::{Currency, Localized, LocationId, Money, ProductId, Quantity, Sku, VatRate};

/// A book for sale.
#[derive(Clone, Debug)]
pub struct Book {
    /// Its product.
    pub product: ProductId,
    /// Its only variant.
    pub sku: Sku,
    /// What a unit costs, VAT included.
    pub price: Money,
}

/// Makes a request of the shop itself.
pub(crate) fn request() -> Request {
    Request::new(Actor::system("test"), Cause::of("test", "test"))
}

impl Book {
    /// Publishes a book at a price in euro cents, with units at the shop's locations in their order.
    ///
    /// # Panics
    /// When the shop refuses.
    pub async fn publish(shop: &Shop, sku: &str, price_minor: i64, units: &[i64]) -> Self {
        let sku: Sku = sku.parse().expect("a SKU");
        let name = Localized::new(format!("Livre {sku}"), Some(format!("Book {sku}")));
        let (slug, shelf) = ("livres".to_owned(), Localized::new("Livres", None));
        let category = app::catalog::create_category(shop, &request(), slug, shelf, (None, 0)).await;
        let category = category.expect("a category").id.parse().expect("its id");
        let further = vec![ProductCommand::Categorise { categories: vec![category] }, ProductCommand::Publish];
        let product = app::catalog::create_product(shop, &request(), name, further).await.expect("a product");
        let product: ProductId = product.id.parse().expect("its id");
        let price = Money::new(price_minor, Currency::Eur);
        let vat_rate: VatRate = "0.055".parse().expect("a rate");
        let commands = [
            VariantCommand::Create { product: product.clone(), name: Localized::new("Poche", None), weight_grams: 200 },
            VariantCommand::SetPrice { price, vat_rate, now: shop.clock.now() },
        ];
        app::catalog::change_variant(shop, &request(), &sku, &commands).await.expect("a variant");
        for (location, units) in shop.settings.locations.clone().iter().zip(units).filter(|(_, units)| **units > 0) {
            receive(shop, &sku, location, *units).await;
        }
        Self { product, sku, price }
    }
}

async fn receive(shop: &Shop, sku: &Sku, location: &LocationId, units: i64) {
    let quantity = Quantity::new(units).expect("a quantity");
    let command = StockCommand::Receive { quantity, reference: "test".parse().expect("a reference") };
    app::stock::change(shop, &request(), (sku, location), command).await.expect("stock is received");
}
