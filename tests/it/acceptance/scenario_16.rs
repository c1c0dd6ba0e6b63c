//! Invoices in parallel with random crashes: their numbers are 1, 2, 3 …, none missing, none twice, and credit notes have
//! a series of their own.
//!
//! A log that holds paid parcels and refunds without documents is given to the real server, which issues them all at once;
//! it is killed (SIGKILL) again and again at moments that a seed chooses, until everything is issued. 200 orders and 3
//! kills an engine; 1,000 and 20 with `COMPTOIR_RELEASE_GATE=1`; `COMPTOIR_INVOICES` and `COMPTOIR_INVOICE_KILLS` name any
//! other count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::Shop;
use app::actor::Actor;
use app::bus::{Cause, Request, decode};
use app::clock::SystemClock;
use app::fulfilment::{parcel_id, shares_of};
use app::ids::SystemIds;
use comptoir::config::{Config, StoreKind};
use comptoir::open::{OpenShop, read_only_log};
use domain::fulfilment::{Fulfilment, FulfilmentCommand, FulfilmentLine};
use domain::invoicing::{Document, DocumentKind, OrderDocuments, SeriesEvent};
use domain::order::{Order, OrderCommand, OrderLine, OrderShipping, Sale};
use domain::payment::{Payment, PaymentCommand};
use domain::values::{
    CartId, Currency, CustomerId, LineId, Localized, Money, OrderId, PaymentId, ProductId, Quantity, Sealed, ShortText,
    Timestamp, VatRate,
};
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position};
use futures_util::future::join_all;
use sagas::checkout::capture_name;
use test_postgres::TestPostgres;
use testkit::TempFolder;
use uuid::Uuid;

use crate::faults::times;
use crate::kill::program::Program;

/// Orders written at once.
const SIDE_BY_SIDE: usize = 100;
/// Every so many orders one is refunded.
const REFUNDED_EVERY: usize = 5;
/// How long the server may take to issue everything that is left.
const PATIENCE: Duration = Duration::from_secs(120);

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn words(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn config_of(folder: &Path, database_url: Option<&str>) -> Config {
    let store = if database_url.is_some() { StoreKind::Postgres } else { StoreKind::Sqlite };
    let database_url = database_url.map(str::to_owned);
    Config { data_dir: folder.join("data"), store, database_url, demo: false, ..Config::default() }
}

/// What is sold: two books and their shipping; each order costs something else.
fn sale_of(order: &OrderId, address: &Sealed, number: usize) -> Sale {
    let taxed = |minor, rate: &str| rate.parse::<VatRate>().expect("a rate").split_gross(eur(minor)).expect("fits");
    let price = 1_000 + i64::try_from(number).expect("fits");
    let line = OrderLine {
        line: LineId::from_uuid(order.uuid()),
        sku: "LIV-1".parse().expect("a SKU"),
        product: ProductId::from_uuid(order.uuid()),
        name: Localized::new("Livre", None),
        quantity: Quantity::new(2).expect("a quantity"),
        unit_price: Some(eur(price)),
        total: taxed(2 * price, "0.055"),
        discount: None,
        promotions: Vec::new(),
    };
    let total = eur(2 * price + 390);
    Sale {
        number: app::checkout::number_of(order),
        customer: address.subject().clone(),
        cart: CartId::from_uuid(order.uuid()),
        currency: Currency::Eur,
        lines: vec![line],
        shipping: OrderShipping {
            code: "standard".to_owned(),
            label: Localized::new("Livraison", None),
            total: taxed(390, "0.2"),
        },
        promotions: Vec::new(),
        coupons: Vec::new(),
        total,
        payable: total,
        email: address.clone(),
        address: address.clone(),
        country: "FR".to_owned(),
        adds_to: None,
    }
}

/// Writes an order whose only parcel is paid, and where it is refunded, a refund of a part.
async fn write_order(shop: &Shop, address: &Sealed, number: usize) {
    let order = OrderId::from_uuid(shop.ids.uuid());
    let payment = PaymentId::from_uuid(order.uuid());
    let request = Request::new(Actor::system("test"), Cause::of("test", order.as_str()));
    let sale = sale_of(&order, address, number);
    let location = shop.settings.locations[0].clone();
    let parcel = parcel_id(&order, &location);
    let sold = &sale.lines[0];
    let lines = vec![FulfilmentLine { line: sold.line.clone(), sku: sold.sku.clone(), quantity: sold.quantity }];
    let share = shares_of(&sale, &[vec![(sold.line.clone(), sold.quantity.units())]]).expect("splits");
    let share = share[0].payable(&sale).expect("fits");
    let address = sale.address.clone();
    let place = OrderCommand::Place { sale: Box::new(sale), placed_at: shop.clock.now() };
    shop.bus.execute::<Order>(order.as_str(), &request, place).await.expect("is placed");
    let ask = FulfilmentCommand::Request { order: order.clone(), location, lines, address, share };
    shop.bus.execute::<Fulfilment>(parcel.as_str(), &request, ask).await.expect("is asked for");
    let (provider_reference, capture) = (words("pi_1"), capture_name(&parcel, 1));
    let mut commands = vec![
        PaymentCommand::Initiate { order, amount: share, method: words("pm_card_visa") },
        PaymentCommand::RecordAuthorisation {
            provider_reference,
            amount: share,
            expires_at: Timestamp::from_micros(i64::MAX),
        },
        PaymentCommand::RequestCapture { capture: capture.clone(), amount: share },
        PaymentCommand::RecordCapture { capture },
    ];
    if number.is_multiple_of(REFUNDED_EVERY) {
        let (refund, amount) = ("undo-1".to_owned(), eur(501));
        commands.push(PaymentCommand::RequestRefund { refund: refund.clone(), amount, reason: words("refund") });
        commands.push(PaymentCommand::RecordRefund { refund });
    }
    shop.bus.execute_all::<Payment>(payment.as_str(), &request, &commands).await.expect("is paid");
}

/// Fills a shop's log before anyone serves it.
async fn write_orders(config: &Config, count: usize) {
    let open = OpenShop::open(config, Arc::new(SystemClock), Arc::new(SystemIds)).await.expect("the shop opens");
    let customer = CustomerId::from_uuid(Uuid::from_u128(1));
    let address = open.shop.vault.seal(&customer, "{}").await.expect("seals");
    for first in (0..count).step_by(SIDE_BY_SIDE) {
        let numbers = first..count.min(first + SIDE_BY_SIDE);
        join_all(numbers.map(|number| write_order(&open.shop, &address, number))).await;
    }
}

/// Reads the numbers that were taken so far, by kind, in the order they were taken.
struct Numbers {
    log: Arc<dyn EventStore>,
    after: Position,
    taken: Vec<SeriesEvent>,
}

impl Numbers {
    async fn of(config: &Config) -> Self {
        let log = read_only_log(config).await.expect("the log can be read");
        Self { log, after: Position(0), taken: Vec::new() }
    }

    async fn read(&mut self) -> usize {
        let filter = Filter { kinds: vec!["document_series".to_owned()] };
        loop {
            let page = self.log.read_all(self.after, PAGE_EVENTS_MAX, &filter).await.expect("the log can be read");
            self.taken.extend(page.events.iter().map(|event| decode(event).expect("decodes")));
            self.after = page.next;
            if page.next >= page.head {
                return self.taken.len();
            }
        }
    }

    /// Waits until so many numbers are taken.
    async fn wait_for(&mut self, count: usize) {
        let taken = async { while self.read().await < count {} };
        tokio::time::timeout(PATIENCE, taken).await.expect("the documents are issued in time");
    }
}

/// Each series counts from 1, in order of date, and each document has one number.
fn check(taken: &[SeriesEvent], orders: usize) {
    let (mut series, mut documents) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new());
    for SeriesEvent::NumberTaken { number, order, document, date, .. } in taken {
        series.entry(number.series()).or_default().push((number.count(), *date));
        assert!(documents.insert((order.clone(), document.clone())), "{document} of {order} has two numbers");
    }
    for (series, numbers) in &series {
        let counts: Vec<_> = numbers.iter().map(|(count, _)| *count).collect();
        let expected: Vec<_> = (1..=u32::try_from(numbers.len()).expect("fits")).collect();
        assert_eq!(counts, expected, "{series}: none is missing, none is there twice");
        assert!(numbers.iter().map(|(_, date)| date).is_sorted(), "{series}: in order of date");
    }
    let of = |kind: DocumentKind| documents.iter().filter(|(_, document)| document.kind() == kind).count();
    assert_eq!((of(DocumentKind::Invoice), of(DocumentKind::CreditNote)), (orders, orders.div_ceil(REFUNDED_EVERY)));
}

/// Every number's document says what its order and its payment say.
async fn check_documents(config: &Config, taken: &[SeriesEvent]) {
    let open = OpenShop::open(config, Arc::new(SystemClock), Arc::new(SystemIds)).await.expect("the shop opens");
    for SeriesEvent::NumberTaken { number, order, document, total, .. } in taken {
        let documents = open.shop.bus.load::<OrderDocuments>(order.as_str()).await.expect("loads").state;
        assert_eq!(documents.issue(document).map(|issue| issue.number), Some(*number), "{document}");
        let payment = open.shop.bus.load::<Payment>(PaymentId::from_uuid(order.uuid()).as_str()).await;
        let payment = payment.expect("loads").state;
        let owed = match document {
            Document::Invoice(_) => payment.captured(),
            Document::CreditNote(_) => payment.refunded(),
        };
        assert_eq!((documents.total(document), *total), (Some(owed), owed), "{document} of {order}");
    }
}

async fn issue_under_kills(database_url: Option<String>, engine: &str) {
    let (orders, kills) = (times("COMPTOIR_INVOICES", 200, 1_000), times("COMPTOIR_INVOICE_KILLS", 3, 20));
    let folder = TempFolder::new();
    let config = config_of(folder.path(), database_url.as_deref());
    write_orders(&config, orders).await;
    let all = orders + orders.div_ceil(REFUNDED_EVERY);
    let mut program = Program::open(folder.path(), database_url.as_deref()).await;
    let began = Instant::now();
    let mut numbers = Numbers::of(&config).await;
    for kill in 0..kills {
        // Somewhere in the share of the documents that this kill is for.
        let (share, chance) = (all / (kills + 1), kill * 7_919 % 101);
        numbers.wait_for(share * kill + share * chance / 101).await;
        program.kill();
        program = program.open_again().await;
    }
    numbers.wait_for(all).await;
    let seconds = began.elapsed().as_secs();
    program.stop().await;
    numbers.read().await;
    eprintln!("{engine}: {all} documents of {orders} orders under {kills} kills in {seconds} s");
    check(&numbers.taken, orders);
    check_documents(&config, &numbers.taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_16_invoices_in_parallel_with_crashes_are_gapless_on_sqlite() {
    Box::pin(issue_under_kills(None, "SQLite")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_16_invoices_in_parallel_with_crashes_are_gapless_on_postgres() {
    let Some(cluster) = TestPostgres::start_durable() else { return };
    Box::pin(issue_under_kills(Some(cluster.create_database()), "PostgreSQL")).await;
}
