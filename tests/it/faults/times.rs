//! Time that goes wrong: a wall clock that jumps by a day under a shop that sells, and a payment provider whose answers
//! take longer than anyone waits.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event_store::sqlite::SqliteStore;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position};
use testkit::TempFolder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::clock::WallClock;
use super::failing::{Probe, sell_while};
use super::times;
use crate::kill::program::{Program, Setup, free_address, paid_at, signal};
use crate::kill::shoppers::Shoppers;
use crate::kill::{JOURNAL, SETTLE_SECONDS_MAX, books, remember, stock_up};

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Where the clock stands after each jump, seconds from the truth: a day forward, back, a day back, and forward again.
const JUMPS: [i64; 4] = [DAY_SECONDS, 0, -DAY_SECONDS, 0];

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_a_day_changes_no_order_and_no_payment() {
    let (clock, folder, jumps) = (WallClock::new(), TempFolder::new(), Cell::new(0));
    let fault = async |_: &Probe| {
        clock.set(JUMPS[jumps.get() % JUMPS.len()]);
        jumps.set(jumps.get() + 1);
    };
    sell_while("the clock jumps by a day", (None, clock.environment()), &folder, fault).await;
    let log = SqliteStore::open_read_only(folder.path().join("data/log.sqlite")).await.expect("the log is there");
    let (mut position, mut earliest, mut latest) = (Position(0), i64::MAX, i64::MIN);
    loop {
        let page = log.read_all(position, PAGE_EVENTS_MAX, &Filter::default()).await.expect("the log can be read");
        for event in &page.events {
            (earliest, latest) = (earliest.min(event.recorded_at), latest.max(event.recorded_at));
        }
        position = page.next;
        if page.next >= page.head {
            break;
        }
    }
    assert!(latest - earliest >= DAY_SECONDS * 1_000_000, "the shop saw the clock jump");
}

/// How many answers of the provider are late, how late, and how long all of it may take, seconds. A request to the provider
/// is given up after 30 s; a buyer is told to ask again after 4.
const LATE_SECONDS: (usize, usize) = (6, 31);
const SELL_SECONDS_MAX: u64 = 240;
const BUFFER_BYTES: usize = 16 << 10;

/// Stands between a shop and its provider, and hands the first answers on late.
struct LateAnswers {
    address: String,
    /// Ends them when it is dropped.
    _connections: JoinSet<()>,
}

impl LateAnswers {
    async fn of(provider: String, count: usize, late: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address").to_string();
        let left = Arc::new(AtomicUsize::new(count));
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((shop, _)) = listener.accept().await {
                let provider = TcpStream::connect(&provider).await.expect("the provider listens");
                let ((asked, told), (answers, asks)) = (shop.into_split(), provider.into_split());
                open.spawn(hand_on(asked, asks, None));
                open.spawn(hand_on(answers, told, Some((left.clone(), late))));
            }
        });
        Self { address, _connections: connections }
    }
}

/// Hands bytes on until one side closes, the first answers late.
async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, late: Option<(Arc<AtomicUsize>, Duration)>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if let Some((left, late)) = &late
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            // Nothing ever comes: it is the time that passes.
            assert!(tokio::time::timeout(*late, std::future::pending::<()>()).await.is_err());
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_answers_late_takes_no_money_twice_and_loses_no_order() {
    let (buyers, seconds) =
        (times("COMPTOIR_FAULTS", 3, 100), times("COMPTOIR_LATE_SECONDS", LATE_SECONDS.0, LATE_SECONDS.1));
    let folder = TempFolder::new();
    // Its notices are lost: nothing but the late answers says what became of a payment.
    let mut setup = Setup::of_payments(&folder.path().join("payments"), &free_address());
    setup.environment.push(("COMPTOIR_LOG", "off".into()));
    let payments = Program::open_as(setup).await;
    let late = Duration::from_secs(seconds as u64);
    let between = LateAnswers::of(payments.setup.address.clone(), buyers, late).await;
    let mut environment = paid_at(&between.address);
    environment.push(("COMPTOIR_LOG", "off".into()));
    let program = Program::open_with(&folder.path().join("shop"), None, environment).await;
    stock_up(&program.wire, &program.staff_token()).await;
    let mut shoppers = Shoppers::arrive(&program.wire, buyers).await;
    let (wire, process) = (program.wire.clone(), program.id());
    let selling = shoppers.shop_until(&wire, 2 * buyers, || signal(process, "KILL"));
    let answered = tokio::time::timeout(Duration::from_secs(SELL_SECONDS_MAX), selling).await.expect("they are served");
    let slowest = answered.iter().max_by_key(|placed| placed.waited).expect("something was answered").clone();
    let told = answered.iter().filter(|placed| placed.told_to_wait > 0).count();
    eprintln!(
        "{buyers} answers of the provider {seconds} s late: {told} buyers were told CHECKOUT_PENDING, the slowest {} times, \
         and had their order after {:.1?}",
        slowest.told_to_wait, slowest.waited
    );
    assert!(told > 0 && slowest.waited >= late.min(Duration::from_secs(30)), "somebody waited for the provider");
    let mut placed = BTreeMap::new();
    remember(&mut placed, answered);
    let program = program.open_again().await;
    remember(&mut placed, shoppers.repeat(&program.wire).await);
    shoppers.ask_again(&program.wire, &placed).await;
    let sums = books::check(&program, &payments.data(JOURNAL), &placed, Duration::from_secs(SETTLE_SECONDS_MAX)).await;
    eprintln!("late answers: {} orders confirmed, {} payments held, the books agree", sums.confirmed, sums.held);
    program.stop().await;
    payments.stop().await;
}
