//! What holds after any sequence of commands.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::cases::cases;

const ORDERS: u128 = 4;
const RETURNS: u128 = 3;
const CANCELLATIONS: u128 = 5;

fn any_order() -> impl Strategy<Value = OrderId> {
    (0..ORDERS).prop_map(order)
}

fn any_units() -> impl Strategy<Value = Quantity> {
    (1_i64..=20).prop_map(units)
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..=20).prop_map(at)
}

fn any_command() -> impl Strategy<Value = StockCommand> {
    prop_oneof![
        3 => any_units().prop_map(|quantity| StockCommand::Receive { quantity, reference: text("delivery") }),
        4 => (any_order(), any_units(), any_moment())
            .prop_map(|(order, quantity, expires_at)| StockCommand::Reserve { order, quantity, expires_at }),
        1 => (any_order(), any_moment()).prop_map(|(order, expires_at)| StockCommand::Extend { order, expires_at }),
        1 => any_order().prop_map(|order| StockCommand::Release { order, reason: text("changed mind") }),
        1 => (any_order(), any_moment()).prop_map(|(order, now)| StockCommand::Expire { order, now }),
        3 => any_order().prop_map(|order| StockCommand::Allocate { order }),
        1 => any_order().prop_map(|order| StockCommand::ReleaseAllocation { order, reason: text("changed mind") }),
        2 => (any_order(), 0..CANCELLATIONS, any_units()).prop_map(|(order, number, quantity)| {
            StockCommand::ReduceAllocation { order, cancellation: cancellation(number), quantity }
        }),
        2 => any_order().prop_map(|order| StockCommand::Dispatch { order }),
        1 => (0..RETURNS, any_units())
            .prop_map(|(number, quantity)| StockCommand::Restock { return_id: return_id(number), quantity }),
        1 => any_units().prop_map(|quantity| StockCommand::WriteOff { quantity, reason: text("water damage") }),
        2 => (any_order(), any_units(), any_moment())
            .prop_map(|(order, quantity, since)| StockCommand::BackOrder { order, quantity, since }),
        2 => (any_order(), prop::option::of(any_units()))
            .prop_map(|(order, keep)| StockCommand::SettleBackOrder { order, keep }),
        1 => (0_u64..=40).prop_map(|counted| StockCommand::Recount { counted, reason: text("stocktaking") }),
    ]
}

/// Counts every movement on its own, from the events alone.
#[derive(Default)]
struct Ledger {
    units_in: i64,
    units_out: i64,
    promises: BTreeMap<OrderId, u32>,
    ends: BTreeMap<OrderId, u32>,
    shortfalls: BTreeSet<OrderId>,
    restocks: BTreeMap<ReturnId, u32>,
    reductions: BTreeMap<LineCancellationId, u32>,
}

impl Ledger {
    fn note(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Received { quantity, .. } => self.units_in += quantity.units(),
            StockEvent::Restocked { return_id, quantity } => {
                self.units_in += quantity.units();
                *self.restocks.entry(return_id.clone()).or_default() += 1;
            }
            StockEvent::WrittenOff { quantity, .. } => self.units_out += quantity.units(),
            StockEvent::Dispatched { order, quantity } => {
                self.units_out += quantity.units();
                *self.ends.entry(order.clone()).or_default() += 1;
            }
            StockEvent::ReservationReleased { order, .. }
            | StockEvent::ReservationExpired { order, .. }
            | StockEvent::ReservationBarred { order }
            | StockEvent::AllocationReleased { order, .. } => *self.ends.entry(order.clone()).or_default() += 1,
            StockEvent::Reserved { order, .. } => *self.promises.entry(order.clone()).or_default() += 1,
            StockEvent::AllocationReduced { cancellation, .. } => {
                *self.reductions.entry(cancellation.clone()).or_default() += 1;
            }
            // The promise is as if it had not been made.
            StockEvent::ShortfallDetected { order, .. } => {
                self.shortfalls.insert(order.clone());
                *self.promises.entry(order.clone()).or_default() -= 1;
            }
            StockEvent::BackOrderClosed { order, kept: None, .. } => *self.ends.entry(order.clone()).or_default() += 1,
            StockEvent::ReservationExtended { .. }
            | StockEvent::Allocated { .. }
            | StockEvent::BackOrdered { .. }
            | StockEvent::BackOrderFilled { .. }
            | StockEvent::BackOrderClosed { kept: Some(_), .. } => {}
        }
    }

    fn check(&self, stock: &Stock) {
        let orders: Vec<OrderId> = (0..ORDERS).map(order).collect();
        let reserved = orders.iter().filter_map(|order| stock.reservation(order)).map(|held| held.quantity.units());
        let allocated = orders.iter().filter_map(|order| stock.allocation(order)).map(Quantity::units);
        assert_eq!(stock.reserved(), reserved.sum::<i64>());
        assert_eq!(stock.allocated(), allocated.sum::<i64>());
        assert_eq!(stock.on_hand(), stock.available() + stock.reserved() + stock.allocated());
        for count in [stock.on_hand(), stock.available(), stock.reserved(), stock.allocated()] {
            assert!(count >= 0, "{stock:?}");
        }
        assert_eq!(self.units_in, stock.on_hand() + self.units_out);
        for counts in [&self.promises, &self.ends] {
            assert!(counts.values().all(|count| *count <= 1), "{counts:?}");
        }
        assert!(self.reductions.values().all(|count| *count <= 1), "{:?}", self.reductions);
        assert!(self.restocks.values().all(|count| *count <= 1), "{:?}", self.restocks);
        for order in orders {
            let waits = stock.back_order(&order).is_some();
            let live = waits || stock.reservation(&order).is_some() || stock.allocation(&order).is_some();
            assert!(!(live && self.ends.contains_key(&order)), "{order} lives on after its end");
        }
    }
}

/// Says whether a command makes or lengthens a promise to an order that a shortfall took one from: it may have another one since.
fn promises_again(command: &StockCommand, ledger: &Ledger) -> bool {
    let is_touched = |order| ledger.shortfalls.contains(order);
    matches!(command, StockCommand::Reserve { order, .. } | StockCommand::Extend { order, .. } if is_touched(order))
}

/// Tells commands that name what they are about from those whose repeat only the command id tells from a second wish.
fn has_a_key(command: &StockCommand) -> bool {
    match command {
        StockCommand::Receive { .. } | StockCommand::Recount { .. } | StockCommand::WriteOff { .. } => false,
        StockCommand::Reserve { .. }
        | StockCommand::Extend { .. }
        | StockCommand::Release { .. }
        | StockCommand::Expire { .. }
        | StockCommand::Allocate { .. }
        | StockCommand::ReleaseAllocation { .. }
        | StockCommand::ReduceAllocation { .. }
        | StockCommand::Dispatch { .. }
        | StockCommand::BackOrder { .. }
        | StockCommand::SettleBackOrder { .. }
        | StockCommand::Restock { .. } => true,
    }
}

fn has_no_effect(stock: &Stock, command: &StockCommand) -> bool {
    stock.decide(command).map_or(true, |events| events.is_empty())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn units_are_never_lost_made_or_promised_twice(commands in prop::collection::vec(any_command(), 0..80)) {
        let (mut stock, mut ledger, mut done) = (Stock::default(), Ledger::default(), vec![]);
        for command in commands {
            let events = stock.decide(&command).unwrap_or_default();
            for event in &events {
                let json = serde_json::to_string(event).expect("an event is JSON");
                let read_back: StockEvent = serde_json::from_str(&json).expect("its own JSON");
                prop_assert_eq!(&read_back, event);
                prop_assert_eq!(event.event_type(), stored_name(event));
                stock.evolve(&read_back);
                ledger.note(event);
                ledger.check(&stock);
            }
            prop_assert!(stock.available() == 0 || stock.back_ordered() == 0, "units are free while somebody waits");
            if let (StockCommand::Recount { counted, .. }, false) = (&command, events.is_empty()) {
                prop_assert_eq!(u64::try_from(stock.on_hand()), Ok(*counted));
                prop_assert!(has_no_effect(&stock, &command), "{:?} twice", command);
            }
            if !events.is_empty() && has_a_key(&command) {
                prop_assert!(has_no_effect(&stock, &command), "{:?} twice", command);
                done.push(command);
            }
        }
        for command in done.into_iter().filter(|command| !promises_again(command, &ledger)) {
            prop_assert!(has_no_effect(&stock, &command), "{:?} repeated late", command);
        }
        let json = serde_json::to_string(&stock).expect("a state is JSON");
        prop_assert_eq!(serde_json::from_str::<Stock>(&json).expect("its own JSON"), stock);
    }
}
