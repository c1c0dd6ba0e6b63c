//! The merchant: puts books on the shelves, and changes their mind about prices, units and what is sold at all.

use std::sync::Arc;

use serde_json::{Value, json};

use super::wire::{Client, Mutation, key, mutation};
use super::{CODES, DAYS_OPEN, RARE_USES, SHELF};
use crate::clock::{BEGIN, DAY, HOUR};
use crate::world::World;

const CATEGORY: Mutation = mutation!("categoryCreate", "CategoryCreateInput", "id");
const PRODUCT: Mutation = mutation!("productCreate", "ProductCreateInput", "id");
const VARIANT: Mutation = mutation!("variantCreate", "VariantCreateInput", "sku");
const RECEIVE: Mutation = mutation!("stockReceive", "StockReceiveInput", "version");
const WRITE_OFF: Mutation = mutation!("stockWriteOff", "StockWriteOffInput", "version");
const PRICE: Mutation = mutation!("variantPriceSet", "VariantPriceSetInput", "sku");
const DISCONTINUE: Mutation = mutation!("variantDiscontinue", "VariantInput", "sku");
const REINSTATE: Mutation = mutation!("variantReinstate", "VariantInput", "sku");
const PROMOTION: Mutation = mutation!("promotionCreate", "PromotionCreateInput", "id");
const LOCATIONS: [&str; 2] = ["paris", "lyon"];

fn price(cents: i64) -> Value {
    json!({ "amount": format!("{}.{:02}", cents / 100, cents % 100), "currency": "EUR" })
}

fn received(sku: &str, location: &str, quantity: i64) -> Value {
    json!({ "sku": sku, "location": location, "quantity": quantity, "reference": "delivery" })
}

/// Puts the books on the shelves, before anyone comes.
pub(crate) async fn stock_up(world: &Arc<World>) -> Option<()> {
    let mut merchant = Client::staff(world, "merchant".to_owned(), world.dice("merchant", 0)).await;
    let category = json!({ "slug": "livres", "name": { "fr": "Livres" } });
    let category = merchant.mutate(&CATEGORY, category, "category").await?["result"]["id"].take();
    for (sku, cents, rate, units) in SHELF {
        let product = json!({ "name": { "fr": sku }, "categories": [category], "publish": true });
        let product = merchant.mutate(&PRODUCT, product, &format!("product/{sku}")).await?["result"]["id"].take();
        let prices = json!([{ "price": price(cents), "vatRate": rate }]);
        let variant = json!({ "productId": product, "sku": sku, "prices": prices });
        merchant.mutate(&VARIANT, variant, &format!("variant/{sku}")).await?;
        for (location, units) in LOCATIONS.into_iter().zip(units).filter(|(_, units)| *units > 0) {
            let key = format!("first/{sku}/{location}");
            merchant.mutate(&RECEIVE, received(sku, location, units), &key).await?;
        }
    }
    promise(&mut merchant).await
}

/// Makes a coupon that few get, and one that everybody gets.
async fn promise(merchant: &mut Client) -> Option<()> {
    let [rare, common] = CODES;
    let few = json!({ "label": "few", "code": rare, "percentage": "0.062", "usesMax": RARE_USES, "combines": true });
    merchant.mutate(&PROMOTION, few, "promotion/few").await?;
    let amount = price(150);
    let all = json!({ "label": "all", "code": common, "amount": amount, "skus": ["LIV-1", "LIV-4"], "combines": true });
    merchant.mutate(&PROMOTION, all, "promotion/all").await?;
    Some(())
}

/// Changes something in the shop several times a day.
pub(crate) async fn mind_shop(world: Arc<World>) {
    for round in 0..u64::try_from(DAYS_OPEN * 4).unwrap_or(0) {
        let mut dice = world.dice("merchant", round + 1);
        let hour = dice.one_of(&[1, 4, 9, 13]);
        let day = i64::try_from(round / 4).unwrap_or(0);
        world.clock.sleep_until(BEGIN.plus_seconds(day * DAY + hour * HOUR)).await;
        world.pause(std::time::Duration::from_millis(dice.below(4_000))).await;
        let merchant = Client::staff(&world, format!("merchant {round}"), dice).await;
        // Whoever gets no answer has said so.
        _ = change(merchant).await;
    }
}

async fn change(mut merchant: Client) -> Option<()> {
    let (sku, cents, rate, _) = merchant.dice.one_of(&SHELF);
    let location = merchant.dice.one_of(&LOCATIONS);
    let name = key(&merchant, "change");
    match merchant.dice.below(5) {
        0 | 1 => {
            let units = merchant.dice.between(1, 40);
            merchant.mutate(&RECEIVE, received(sku, location, units), &name).await?;
        }
        2 => {
            let units = merchant.dice.between(1, 5);
            let input = json!({ "sku": sku, "location": location, "quantity": units, "reason": "recounted" });
            merchant.mutate(&WRITE_OFF, input, &name).await?;
        }
        3 => {
            let cents = (cents + merchant.dice.between(-200, 300)).max(1);
            let input = json!({ "sku": sku, "price": price(cents), "vatRate": rate });
            merchant.mutate(&PRICE, input, &name).await?;
        }
        _ => {
            merchant.mutate(&DISCONTINUE, json!({ "sku": sku }), &name).await?;
            let pause = std::time::Duration::from_millis(merchant.dice.below(3_000));
            merchant.world.pause(pause).await;
            merchant.mutate(&REINSTATE, json!({ "sku": sku }), &key(&merchant, "back")).await?;
        }
    }
    Some(())
}
