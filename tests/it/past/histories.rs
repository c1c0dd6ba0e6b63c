//! Whatever happened, an aggregate as of a position is the fold of its events until there.

use app::as_of::{AsOf, Past, Position};
use app::cart::LineWish;
use app::catalog::{change_product, change_variant, rename_category};
use domain::catalog::{Category, Product, ProductCommand, Variant, VariantCommand};
use domain::decider::{Decider, Refusal};
use domain::order::{FulfilmentStatus, Order, OrderStatus};
use domain::stock::StockCommand;
use domain::values::{Localized, Money, OrderId, Quantity};
use event_store::contract::Random;
use event_store::{Filter, RecordedEvent};
use testkit::{Book, Engine, TestShop};

use crate::processes::returns::{arrive, request};
use crate::processes::shopper::{Shopper, deliver, order_when, staff};

/// How the cards of random shoppers behave.
const CARDS: [&str; 5] =
    ["pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined", "pm_card_webhooksTwice", "pm_card_refundPending"];

/// Returns how many units are bought, from one to a most.
fn units(chance: &mut Random, most: usize) -> i64 {
    1 + i64::try_from(chance.below(most)).expect("a small number")
}

/// Lets a random shopper buy, and the order go a random way.
async fn buy(shop: &TestShop, books: &[Book], chance: &mut Random) {
    let shopper = Shopper::of(shop);
    let write = &shop.started.shop;
    let (book, other) = (&books[chance.below(books.len())], &books[chance.below(books.len())]);
    let cart = shopper.cart(&[(&book.sku, units(chance, 3))], CARDS[chance.below(CARDS.len())]).await;
    if chance.below(2) == 0 {
        let quantity = Quantity::new(units(chance, 2)).expect("a quantity");
        let wish = LineWish { sku: other.sku.clone(), quantity, agreed: None };
        app::cart::add_lines(write, &shopper.request(), &cart, &[wish]).await.expect("a line more");
    }
    if chance.below(5) == 0 {
        return;
    }
    let (order, _) = shopper.check_out(shop, &cart).await;
    let found = write.bus.load::<Order>(order.as_str()).await.expect("loads").state;
    if found.status() != OrderStatus::Confirmed {
        return;
    }
    match chance.below(4) {
        0 => {
            let reason = "changed my mind".parse().expect("a reason");
            app::order::request_cancellation(write, &shopper.request(), &order, reason).await.expect("is asked");
            order_when(shop, &order, |order| order.status() == OrderStatus::Cancelled).await;
        }
        1 => {}
        _ => come_back(shop, &shopper, &order, chance).await,
    }
}

/// Delivers an order; some of it may come back.
async fn come_back(shop: &TestShop, shopper: &Shopper, order: &OrderId, chance: &mut Random) {
    deliver(shop, order).await;
    if chance.below(2) == 0 {
        let return_id = request(shop, shopper, order, 1).await;
        let damaged = u32::from(chance.below(2) == 0);
        arrive(shop, &return_id, 1 - damaged, damaged).await;
    }
    order_when(shop, order, |order| order.fulfilment_status() == FulfilmentStatus::Delivered).await;
}

/// Lets staff do something to a random book.
async fn tend(shop: &TestShop, books: &[Book], chance: &mut Random) {
    let (write, staff) = (&shop.started.shop, staff());
    let book = &books[chance.below(books.len())];
    let name = Localized::new(format!("Livre {}", chance.below(1_000_000)), None);
    match chance.below(5) {
        0 => {
            let price = Money::new(units(chance, 5_000), book.price.currency());
            let vat_rate = "0.055".parse().expect("a rate");
            let command = VariantCommand::SetPrice { price, vat_rate, now: write.clock.now() };
            change_variant(write, &staff, &book.sku, &[command]).await.expect("a price");
        }
        1 => {
            _ = change_product(write, &staff, &book.product, &[ProductCommand::Rename { name }]).await.expect("a name")
        }
        2 => {
            let product = write.bus.load::<Product>(book.product.as_str()).await.expect("loads").state;
            rename_category(write, &staff, &product.categories()[0], name).await.expect("a name");
        }
        3 => {
            let quantity = Quantity::new(units(chance, 20)).expect("a quantity");
            let command = StockCommand::Receive { quantity, reference: "delivery".parse().expect("a text") };
            move_units(shop, book, command).await;
        }
        _ => {
            let command = StockCommand::WriteOff {
                quantity: Quantity::new(1).expect("a quantity"),
                reason: "water damage".parse().expect("a reason"),
            };
            move_units(shop, book, command).await;
        }
    }
}

async fn move_units(shop: &TestShop, book: &Book, command: StockCommand) {
    let write = &shop.started.shop;
    let place = (&book.sku, &write.settings.locations[0]);
    app::stock::change(write, &staff(), place, command).await.expect("units move");
}

/// Lets things happen, by chance; returns the log.
async fn happen(shop: &TestShop, seed: u64, acts: usize) -> Vec<RecordedEvent> {
    let mut chance = Random(seed);
    let mut books = Vec::new();
    for number in 0..3 {
        let price = units(&mut chance, 3_000);
        books.push(Book::publish(&shop.started.shop, &format!("LIV-{number}"), price, &[40, 40]).await);
    }
    for _act in 0..acts {
        if chance.below(3) == 0 {
            tend(shop, &books, &mut chance).await;
        } else {
            buy(shop, &books, &mut chance).await;
        }
    }
    let (mut events, mut after) = (Vec::new(), Position(0));
    loop {
        let page = shop.started.store.read_all(after, 1_000, &Filter::default()).await.expect("the log reads");
        events.extend(page.events.iter().map(|event| RecordedEvent::clone(event)));
        if page.next >= page.head {
            return events;
        }
        after = page.next;
    }
}

/// Compares every aggregate of a kind, at every position where anything happened to anyone, with a fold written here.
/// Returns how many states were compared.
async fn agree<D>(shop: &TestShop, log: &[RecordedEvent]) -> usize
where
    D: Decider + PartialEq + std::fmt::Debug,
    D::Error: Refusal,
{
    let mut compared = 0;
    let mut ids: Vec<&str> = log.iter().filter(|e| *e.stream.kind == *D::TYPE).map(|e| &*e.stream.id).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let (mut expected, mut version) = (D::default(), 0);
        for event in log {
            if *event.stream.kind == *D::TYPE && *event.stream.id == *id {
                let fact: D::Event = serde_json::from_str(event.payload.get()).expect("an event");
                expected.evolve(&fact);
                version += 1;
            }
            let as_of = AsOf::Position(event.position);
            let found = shop.started.shop.bus.load_as_of::<D>(id, as_of).await.expect("loads");
            assert_eq!((found.version, &*found.state), (version, &expected), "{} {id} as of {as_of:?}", D::TYPE);
            compared += 1;
        }
    }
    compared
}

async fn histories(engine: Engine, seeds: std::ops::Range<u64>, acts: usize) {
    for seed in seeds {
        let Some(mut shop) = TestShop::open(engine).await else { return };
        let log = happen(&shop, seed, acts).await;
        let compared = [
            agree::<domain::cart::Cart>(&shop, &log).await,
            agree::<Order>(&shop, &log).await,
            agree::<Product>(&shop, &log).await,
            agree::<Variant>(&shop, &log).await,
            agree::<Category>(&shop, &log).await,
            agree::<domain::stock::Stock>(&shop, &log).await,
            agree::<domain::payment::Payment>(&shop, &log).await,
            agree::<domain::fulfilment::Fulfilment>(&shop, &log).await,
            agree::<domain::returns::Return>(&shop, &log).await,
        ];
        assert!(compared[..7].iter().all(|states| *states > 0), "seed {seed}: {compared:?}");
        times_agree(&shop, &log, seed).await;
        shop.stop().await;
    }
}

/// A time is the longest beginning of the log that holds nothing recorded later.
async fn times_agree(shop: &TestShop, log: &[RecordedEvent], seed: u64) {
    let latest = log.iter().map(|event| event.recorded_at).max();
    // The shop is open: only where something later is in the log does the answer stand.
    for event in log.iter().filter(|event| Some(event.recorded_at) < latest) {
        let time = domain::values::Timestamp::from_micros(event.recorded_at);
        let until = log.iter().take_while(|other| other.recorded_at <= event.recorded_at).count();
        let found = app::as_of::resolve(&shop.started.shop, Past::Time(time)).await.expect("is past");
        assert_eq!(found, AsOf::Position(Position(until as u64)), "seed {seed}, position {}", event.position);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_as_of_a_position_is_the_fold_of_its_events_until_there() {
    histories(Engine::Memory, 0..8, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_as_of_a_position_is_the_fold_of_its_events_until_there_on_sqlite() {
    histories(Engine::Sqlite, 100..103, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_as_of_a_position_is_the_fold_of_its_events_until_there_on_postgres() {
    histories(Engine::Postgres, 200..201, 5).await;
}
