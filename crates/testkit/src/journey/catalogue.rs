//! What staff do to the catalogue.

use std::collections::BTreeMap;

use app::catalog;
use domain::catalog::{ProductCommand, VariantCommand};
use domain::values::{CategoryId, Currency, Locale, Localized, Money, ProductId, Sku};

use super::{Journey, SECONDS_PER_DAY, words};
use crate::staff;

fn localized(fr: &str, en: &str) -> Localized {
    Localized::new(fr, Some(en.to_owned()))
}

impl Journey<'_> {
    /// Builds a small catalogue and changes its mind about everything in it.
    pub(super) async fn catalogue(&self) {
        let novels = self.category("romans", localized("Romans", "Novels")).await;
        let crime = self.category("policiers", localized("Policiers", "Crime")).await;
        let write = self.write();
        let name = localized("Romans policiers", "Crime novels");
        catalog::rename_category(write, &staff(), &crime, name).await.expect("is renamed");
        catalog::move_category(write, &staff(), &crime, (Some(novels.clone()), 1)).await.expect("is moved");
        let name = localized("Le Rouge et le Noir", "The Red and the Black");
        let further = vec![
            ProductCommand::Summarise { summary: localized("Chronique de 1830", "A chronicle of 1830") },
            ProductCommand::Categorise { categories: vec![novels, crime] },
            ProductCommand::SetAttributes {
                attributes: BTreeMap::from([("author".to_owned(), "Stendhal".to_owned())]),
            },
            self.review(Locale::Fr, "Un miroir que l'on promène le long d'un chemin."),
            self.review(Locale::En, "A mirror carried along a high road."),
            ProductCommand::Publish,
        ];
        let product = catalog::create_product(write, &staff(), name, further).await.expect("a product");
        let product: ProductId = product.id.parse().expect("its id");
        let commands = [ProductCommand::Rename { name: localized("Le Rouge", "The Red") }, ProductCommand::Unpublish];
        catalog::change_product(write, &staff(), &product, &commands).await.expect("is changed");
        self.variant(product).await;
        self.rest().await;
    }

    fn review(&self, locale: Locale, text: &str) -> ProductCommand {
        let (author, published_at) = (words("Ada"), self.write().clock.now());
        ProductCommand::AddEditorialReview { locale, author, text: text.to_owned(), published_at }
    }

    async fn category(&self, slug: &str, name: Localized) -> CategoryId {
        let made = catalog::create_category(self.write(), &staff(), slug.to_owned(), name, (None, 0)).await;
        made.expect("a category").id.parse().expect("its id")
    }

    async fn variant(&self, product: ProductId) {
        let sku: Sku = "ROUGE-POCHE".parse().expect("a SKU");
        let now = self.write().clock.now();
        let price_of = |minor, currency| VariantCommand::SetPrice {
            price: Money::new(minor, currency),
            vat_rate: "0.055".parse().expect("a rate"),
            now,
        };
        let price = |currency| price_of(890, currency);
        let announce = |currency, ends_at| VariantCommand::AnnounceReduction { currency, ends_at, now };
        let commands = [
            VariantCommand::Create { product, name: localized("Poche", "Paperback"), weight_grams: 320 },
            price(Currency::Eur),
            price(Currency::Usd),
            price(Currency::Gbp),
            price(Currency::Chf),
            VariantCommand::RemovePrice { currency: Currency::Usd, now },
            price_of(690, Currency::Eur),
            announce(Currency::Eur, None),
            price_of(690, Currency::Chf),
            announce(Currency::Chf, Some(now.plus_seconds(SECONDS_PER_DAY))),
            VariantCommand::EndReduction { currency: Currency::Chf, now },
            VariantCommand::Discontinue,
            VariantCommand::Reinstate,
        ];
        catalog::change_variant(self.write(), &staff(), &sku, &commands).await.expect("a variant");
    }
}
