//! Processes by number: what each offers, and where it goes from what is taken in, by the real moves of the engine.

use std::collections::HashMap;

use app::stock::{Routed, Shortage, ShortfallPolicy};
use domain::values::{CartId, Currency, FulfilmentId, LocationId, Money, PaymentId};

use super::*;
use crate::checkout::{Checkout, CheckoutInput, CheckoutStatus};
use crate::engine::advance::Move;
use crate::engine::instance::{Heard, Incoming};

/// What the feed tells an order's process, in this order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Fact {
    Started,
    Authorised,
    Declined,
    CancellationRequested,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Answer {
    Reserved,
    Short,
    Placed,
    Allocated,
    Confirmed,
    Requested,
    CalledOff,
    Undone,
    Released,
    Done,
}

/// The number of a step's key in [`States`].
pub(super) type Key = u8;

/// What a process takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Taken {
    Fact(Fact),
    TimeOver,
    Answer(Key, Answer),
}

/// What a process that is known by its number offers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) told: usize,
    pub(super) waits_for_payment: bool,
    /// A bit for each step that is asked for and changes something outside.
    pub(super) working: u64,
    /// The first step that is asked for and changes nothing outside.
    pub(super) idle: Option<(Key, Answer)>,
    pub(super) is_confirmed: bool,
    pub(super) has_ended: bool,
}

/// Processes and keys by number, and where each process goes from what is taken in: states are compared and moved on by
/// number.
#[derive(Default)]
pub(super) struct States {
    numbers: HashMap<String, u16>,
    pub(super) processes: Vec<(Arc<Folded<Checkout>>, Offer)>,
    pub(super) keys: Vec<String>,
    pub(super) moves: HashMap<(u16, Taken), u16>,
}

impl States {
    fn key(&mut self, key: &str) -> Key {
        let known = self.keys.iter().position(|known| known == key);
        let number = known.unwrap_or_else(|| {
            self.keys.push(key.to_owned());
            self.keys.len() - 1
        });
        assert!(number < 64, "a bit for each key");
        Key::try_from(number).expect("it is small")
    }

    pub(super) fn number(&mut self, mut folded: Folded<Checkout>) -> u16 {
        // Whether anything was stored matters, how much does not.
        folded.version = folded.version.min(1);
        let name = format!("{folded:?}");
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let offer = self.offer(&folded);
        let number = u16::try_from(self.processes.len()).expect("they are few");
        self.processes.push((Arc::new(folded), offer));
        self.numbers.insert(name, number);
        number
    }

    /// Moves a process on as the engine does, and returns its number.
    pub(super) fn moved(&mut self, process: u16, taken: Taken) -> u16 {
        let folded = (*self.processes[usize::from(process)].0).clone();
        let told = folded.told + 1;
        let at = if taken == Taken::TimeOver { start().plus_seconds(AFTER_PAYMENT_SECONDS) } else { start() };
        let mut step = Move::of("order", folded, at, Arc::new(NoIds));
        match taken {
            Taken::Fact(fact) => {
                let cause = "fact".to_owned();
                step.hear(&Heard { input: input_of(fact), position: told, correlation: cause.clone(), cause });
                // What has no consequence is not recorded; here it is told all the same, once.
                step.folded.told = told;
            }
            Taken::TimeOver => step.take(Incoming::Timer { name: "payment".to_owned() }),
            Taken::Answer(key, answer) => {
                let key = self.keys[usize::from(key)].clone();
                step.take(Incoming::Answer { key, answer: Ok(input_told(answer)) });
            }
        }
        let number = self.number(step.folded);
        self.moves.insert((process, taken), number);
        number
    }

    fn offer(&mut self, folded: &Folded<Checkout>) -> Offer {
        let (working, idle): (Vec<&String>, Vec<&String>) = folded.asks.keys().partition(|key| works_outside(key));
        let working = working.into_iter().fold(0, |bits, key| bits | 1 << self.key(key));
        // In which order they are done makes no difference: nothing outside shows it and no process moves on by it.
        let idle = idle.first().map(|key| {
            let answer = if *key == "cancel_fulfilments" { Answer::CalledOff } else { Answer::Done };
            (self.key(key), answer)
        });
        Offer {
            told: usize::try_from(folded.told).expect("few"),
            waits_for_payment: folded.timers.contains_key("payment"),
            working,
            idle,
            is_confirmed: folded.process.status() == CheckoutStatus::Confirmed,
            has_ended: folded.outcome.is_some(),
        }
    }
}

/// Ids that say nothing, so that what is the same is equal.
struct NoIds;

impl app::ids::Ids for NoIds {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }

    fn secret(&self) -> [u8; 32] {
        [0; 32]
    }
}

fn payment() -> PaymentId {
    PaymentId::from_uuid(uuid::Uuid::from_u128(1))
}

fn routed() -> Vec<Routed> {
    vec![Routed { sku: "livre".parse().expect("a SKU"), location: paris(), quantity: units(1) }]
}

fn paris() -> LocationId {
    "paris".parse().expect("a location")
}

fn input_of(fact: Fact) -> CheckoutInput {
    match fact {
        Fact::Started => CheckoutInput::Started {
            cart: CartId::from_uuid(uuid::Uuid::from_u128(2)),
            promotions: Vec::new(),
            adds_to: None,
        },
        Fact::Authorised => CheckoutInput::Authorised { payment: payment(), expires_at: None },
        Fact::Declined => CheckoutInput::Declined { payment: payment(), code: "no".to_owned() },
        Fact::CancellationRequested => CheckoutInput::CancellationRequested { reason: "no more".to_owned() },
    }
}

fn input_told(answer: Answer) -> CheckoutInput {
    match answer {
        Answer::Reserved => CheckoutInput::Reserved { routed: routed() },
        Answer::Short => {
            let sku = "livre".parse().expect("a SKU");
            CheckoutInput::Short { shortages: vec![Shortage { sku, requested: 1, available: 0 }] }
        }
        Answer::Placed => CheckoutInput::Placed {
            payment: Some(payment()),
            amount: None,
            payable: Some(Money::new(500, Currency::Eur)),
            pay_until: start().plus_seconds(AFTER_PAYMENT_SECONDS / 2),
            shortfall: ShortfallPolicy::Void,
            back_order_until: None,
        },
        Answer::Allocated => CheckoutInput::Allocated { routed: routed() },
        Answer::Confirmed => CheckoutInput::Confirmed,
        Answer::Requested => {
            let parcel = FulfilmentId::from_uuid(uuid::Uuid::from_u128(3));
            CheckoutInput::FulfilmentsRequested { parcels: vec![(parcel, paris(), Money::new(500, Currency::Eur))] }
        }
        Answer::CalledOff => CheckoutInput::FulfilmentsCancelled,
        Answer::Undone => CheckoutInput::PaymentUndone { payment: payment() },
        Answer::Released => CheckoutInput::StockReleased,
        Answer::Done => CheckoutInput::Done,
    }
}

/// Says whether a step changes something outside that another step or an invariant looks at.
fn works_outside(key: &str) -> bool {
    let name = key.split('/').next().unwrap_or_default();
    let working = ["reserve", "place", "authorise", "allocate", "confirm", "request_fulfilments"];
    working.contains(&name) || ["undo_payment", "release_stock"].contains(&name)
}
