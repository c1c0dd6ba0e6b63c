//! Every way in which two orders, two workers that both believe to lead, and two crashes can meet, on the real checkout and the
//! real moves of the engine: a model check with `stateright`.
//!
//! One unit is for sale, the bank decides as it likes, a buyer may call the order off at any time, and the time to pay may be
//! over at any time. A worker reads what is asked, does it, and stores the answer; between any two of these the other one may do
//! anything, and either may die. The chain ends where the warehouse is asked. Events of the feed are told in their order; what
//! a step does outside is done once under its key, as command ids and the provider's idempotency keys have it.
//!
//! What makes no difference is looked at once: orders are alike and workers are alike; storing is one moment, since who was
//! overtaken reads again; and a step that changes nothing outside is done and answered in one.

mod states;

use std::sync::RwLock;

use stateright::{Checker, Model, Property};

use super::*;
use states::{Answer, Fact, Key, Offer, States, Taken};

const ORDERS: usize = 2;
const WORKERS: usize = 2;
/// The most facts of an order: it is begun, decided upon and called off; a mistake lets the bank decide again.
const FACTS_MAX: usize = 6;
const FACTS_BEGUN: Facts = [Some(Fact::Started), None, None, None, None, None];
/// Seconds after the start at which the time to pay is over for sure.
const AFTER_PAYMENT_SECONDS: i64 = 10_000;

/// What a payment is at its provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Bank {
    #[default]
    Unasked,
    Undecided,
    Holds,
    Refused,
    /// Let go, or cancelled under its key before it was asked for: final.
    LetGo,
}

/// What a buyer and the bank have done, in the order of time.
type Facts = [Option<Fact>; FACTS_MAX];

/// An order's process, and what the world knows of the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct OrderState {
    /// The process as its records make it, by its number in [`States`].
    process: u16,
    facts: Facts,
    /// A bit for each key of a step that was done.
    done: u64,
    bank: Bank,
    /// Units promised or sold to it.
    units: u8,
    was_reserved: bool,
    is_placed: bool,
    /// Whether a step did what must never be done.
    is_wrong: bool,
}

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum WorkerState {
    Idle,
    /// It has read that a step of an order is asked for.
    Asked(usize, Key),
    /// It has done a step and will store the answer.
    Answered(usize, Key, Answer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shop {
    orders: [OrderState; ORDERS],
    workers: [WorkerState; WORKERS],
    stock: u8,
    crashes_left: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Any worker stores it: a fact of the feed, the timer, or a step that changes nothing outside, with its answer.
    Take(usize, Taken),
    Read(usize, usize, Key),
    /// Does the step outside.
    Do(usize),
    Store(usize),
    Crash(usize),
    BankDecides(usize, bool),
    BuyerCancels(usize),
}

/// What is made wrong, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    None,
    /// A cancellation at the provider forgets its key, so that what was cancelled first can be held afterwards.
    ForgottenClaim,
    /// Steps are done as often as they are performed.
    NoKeys,
}

struct TwoWorkers {
    crashes: u8,
    orders: usize,
    mistake: Mistake,
    states: RwLock<States>,
}

impl TwoWorkers {
    fn new(orders: usize, crashes: u8, mistake: Mistake) -> Self {
        let mut states = States::default();
        states.number(Folded::default());
        Self { crashes, orders, mistake, states: RwLock::new(states) }
    }

    fn offer(&self, order: &OrderState) -> Offer {
        self.states.read().expect("nobody panics").processes[usize::from(order.process)].1
    }

    fn key(&self, key: Key) -> String {
        self.states.read().expect("nobody panics").keys[usize::from(key)].clone()
    }

    /// Moves a process on as the engine does, and returns its number.
    fn moved(&self, process: u16, taken: Taken) -> u16 {
        if let Some(number) = self.states.read().expect("nobody panics").moves.get(&(process, taken)) {
            return *number;
        }
        self.states.write().expect("nobody panics").moved(process, taken)
    }

    /// Does a step outside, once under its key, and returns what came of it.
    fn perform(&self, shop: &mut Shop, number: usize, key: Key) -> Answer {
        let order = &mut shop.orders[number];
        let is_first = order.done & (1 << key) == 0 || self.mistake == Mistake::NoKeys;
        order.done |= 1 << key;
        match self.key(key).split('/').next().unwrap_or_default() {
            "reserve" => {
                if is_first && shop.stock > 0 {
                    (shop.stock, order.units, order.was_reserved) = (shop.stock - 1, order.units + 1, true);
                }
                if order.was_reserved { Answer::Reserved } else { Answer::Short }
            }
            "place" => {
                order.is_placed = true;
                Answer::Placed
            }
            "authorise" => {
                let is_claimed = order.bank == Bank::LetGo && self.mistake != Mistake::ForgottenClaim;
                if is_first && !is_claimed {
                    order.bank = Bank::Undecided;
                }
                Answer::Done
            }
            "allocate" => {
                order.is_wrong |= is_first && order.units != 1;
                Answer::Allocated
            }
            "confirm" => {
                order.is_wrong |= is_first && (order.units != 1 || order.bank != Bank::Holds);
                Answer::Confirmed
            }
            "request_fulfilments" => {
                order.is_wrong |= is_first && (order.units != 1 || order.bank != Bank::Holds);
                Answer::Requested
            }
            "undo_payment" => {
                if is_first && order.bank != Bank::Refused {
                    order.bank = Bank::LetGo;
                }
                Answer::Undone
            }
            "release_stock" => {
                if is_first {
                    (shop.stock, order.units) = (shop.stock + order.units, 0);
                }
                Answer::Released
            }
            other => panic!("{other} changes nothing outside"),
        }
    }

    /// Nothing moves any more: what was begun is a sale with its money and its unit, or nothing at all.
    fn is_right_at_rest(&self, shop: &Shop) -> bool {
        let sold: u8 = shop.orders.iter().map(|order| order.units).sum();
        let begun = shop.orders.iter().filter(|order| order.facts[0].is_some());
        let mut are_right = begun.map(|order| {
            let offer = self.offer(order);
            if offer.is_confirmed {
                return order.units == 1 && order.bank == Bank::Holds;
            }
            offer.has_ended && order.units == 0 && order.bank != Bank::Holds && order.bank != Bank::Undecided
        });
        shop.stock + sold == 1 && are_right.all(|is_right| is_right)
    }
}

/// Adds a fact behind those there are.
fn add(facts: &mut Facts, fact: Fact) {
    *facts.iter_mut().find(|known| known.is_none()).expect("the bank decides once, but for a mistake or two") =
        Some(fact);
}

/// Of states that differ in the numbers of orders or workers alone, returns one.
fn representative(mut shop: Shop) -> Shop {
    if shop.orders[0] > shop.orders[1] {
        shop.orders.swap(0, 1);
        for worker in &mut shop.workers {
            match worker {
                WorkerState::Idle => {}
                WorkerState::Asked(order, _) | WorkerState::Answered(order, ..) => *order = 1 - *order,
            }
        }
    }
    shop.workers.sort();
    shop
}

impl Model for TwoWorkers {
    type State = Shop;
    type Action = Act;

    fn init_states(&self) -> Vec<Shop> {
        let begun = OrderState { facts: FACTS_BEGUN, ..OrderState::default() };
        let mut orders = [OrderState::default(), OrderState::default()];
        orders[..self.orders].fill(begun);
        let workers = [WorkerState::Idle, WorkerState::Idle];
        vec![representative(Shop { orders, workers, stock: 1, crashes_left: self.crashes })]
    }

    fn actions(&self, shop: &Shop, acts: &mut Vec<Act>) {
        // Idle workers are alike: one of them is enough.
        let idle = shop.workers.iter().position(|worker| *worker == WorkerState::Idle);
        for (number, order) in shop.orders.iter().enumerate() {
            let offer = self.offer(order);
            let next = order.facts.get(offer.told).copied().flatten();
            acts.extend(next.map(|fact| Act::Take(number, Taken::Fact(fact))));
            acts.extend(offer.waits_for_payment.then_some(Act::Take(number, Taken::TimeOver)));
            acts.extend(offer.idle.map(|(key, answer)| Act::Take(number, Taken::Answer(key, answer))));
            if let Some(worker) = idle {
                let asked = (0..64).filter(|key| offer.working & (1 << key) != 0);
                acts.extend(asked.map(|key| Act::Read(worker, number, key)));
            }
            if order.bank == Bank::Undecided {
                acts.extend([true, false].map(|is_held| Act::BankDecides(number, is_held)));
            }
            if order.is_placed && !order.facts.contains(&Some(Fact::CancellationRequested)) {
                acts.push(Act::BuyerCancels(number));
            }
        }
        for (number, worker) in shop.workers.iter().enumerate() {
            match worker {
                WorkerState::Idle => continue,
                WorkerState::Asked(..) => acts.push(Act::Do(number)),
                WorkerState::Answered(..) => acts.push(Act::Store(number)),
            }
            if shop.crashes_left > 0 {
                acts.push(Act::Crash(number));
            }
        }
    }

    fn next_state(&self, shop: &Shop, act: Act) -> Option<Shop> {
        let mut shop = *shop;
        match act {
            Act::Take(order, taken) => shop.orders[order].process = self.moved(shop.orders[order].process, taken),
            Act::Read(worker, order, key) => shop.workers[worker] = WorkerState::Asked(order, key),
            Act::Do(worker) => {
                let WorkerState::Asked(order, key) = shop.workers[worker] else { return None };
                shop.workers[worker] = WorkerState::Answered(order, key, self.perform(&mut shop, order, key));
            }
            Act::Store(worker) => {
                let WorkerState::Answered(order, key, answer) = shop.workers[worker] else { return None };
                shop.workers[worker] = WorkerState::Idle;
                shop.orders[order].process = self.moved(shop.orders[order].process, Taken::Answer(key, answer));
            }
            Act::Crash(worker) => {
                shop.workers[worker] = WorkerState::Idle;
                shop.crashes_left -= 1;
            }
            Act::BankDecides(order, is_held) => {
                let order = &mut shop.orders[order];
                order.bank = if is_held { Bank::Holds } else { Bank::Refused };
                add(&mut order.facts, if is_held { Fact::Authorised } else { Fact::Declined });
            }
            Act::BuyerCancels(order) => add(&mut shop.orders[order].facts, Fact::CancellationRequested),
        }
        Some(representative(shop))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no step is done that must not be", |_, shop: &Shop| {
                shop.orders.iter().all(|order| !order.is_wrong && order.units <= 1)
            }),
            Property::always("whatever comes to rest is a sale or nothing", |model: &Self, shop: &Shop| {
                let mut acts = Vec::new();
                model.actions(shop, &mut acts);
                let is_at_rest = acts.iter().all(|act| matches!(act, Act::BuyerCancels(_)));
                !is_at_rest || model.is_right_at_rest(shop)
            }),
            Property::sometimes("one order gets the unit", |model: &Self, shop: &Shop| {
                shop.orders.iter().any(|order| model.offer(order).is_confirmed)
            }),
            Property::sometimes("a sale is undone", |model: &Self, shop: &Shop| {
                shop.orders.iter().any(|order| model.offer(order).has_ended && order.was_reserved)
            }),
        ]
    }
}

/// Looks at every state there is; returns how many, and what was found wrong.
fn check(orders: usize, crashes: u8, mistake: Mistake) -> (usize, Vec<String>) {
    let begun = std::time::Instant::now();
    let checker = TwoWorkers::new(orders, crashes, mistake).checker().threads(2).spawn_bfs().join();
    let states = checker.unique_state_count();
    eprintln!("{orders} orders, {WORKERS} workers, {crashes} crashes: {states} states in {:.1?}", begun.elapsed());
    let found = checker.discoveries();
    let wrong = checker.model().properties().into_iter().filter(|property| match property.expectation {
        stateright::Expectation::Always => found.contains_key(property.name),
        stateright::Expectation::Sometimes | stateright::Expectation::Eventually => !found.contains_key(property.name),
    });
    let wrong = wrong.map(|property| {
        let how = found.get(property.name).map(|path| format!("{:?}", path.clone().into_actions()));
        format!("{}: {}", property.name, how.unwrap_or_default())
    });
    (states, wrong.collect())
}

#[test]
fn of_two_orders_two_workers_and_two_crashes_every_interleaving_ends_as_a_sale_or_as_nothing() {
    let is_release = std::env::var("COMPTOIR_RELEASE_GATE").is_ok_and(|value| value == "1");
    let (states, wrong) = check(2, if is_release { 2 } else { 0 }, Mistake::None);
    assert_eq!(wrong, [""; 0]);
    assert!(states > 10_000, "{states}");
}

#[test]
fn what_would_be_wrong_is_found() {
    for mistake in [Mistake::ForgottenClaim, Mistake::NoKeys] {
        let (_, wrong) = check(1, 1, mistake);
        assert!(!wrong.is_empty(), "{mistake:?}");
    }
}
