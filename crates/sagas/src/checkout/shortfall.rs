//! What a checkout does about a paid order of which units are missing: it is voided, or it waits for them, or people choose. One
//! that waits is owed, and goes to no warehouse; who waits longest is served first, by the stock itself. Where the units have not
//! come by the day they are promised for, people are asked, again and again. It is called off at any time, like any other.

use app::stock::{Routed, Shortage, ShortfallPolicy};
use domain::values::Timestamp;

use super::parcels::cancel;
use super::state::{Checkout, Stage, Why};
use super::undo::undo;
use super::{Awaited, CheckoutStep as Step, TASK_BACK_ORDER, TASK_SHORTFALL};
use crate::SECONDS_PER_DAY;
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// The timer of people who are asked what to do about missing units.
pub(super) const TIMER_SHORTFALL: &str = "shortfall";
/// The timer of units that are waited for.
pub(super) const TIMER_BACK_ORDER: &str = "back_order";

/// How long people may think about an order of which units are missing, seconds: two days. Then it is voided, long before the
/// shortest hold of a card ends ([`super::RENEW_BEFORE_SECONDS`]).
pub const SHORTFALL_DECIDE_SECONDS: i64 = 2 * SECONDS_PER_DAY;
/// How much longer late units are waited for before people are asked again, seconds: a week.
pub const BACK_ORDER_AGAIN_SECONDS: i64 = 7 * SECONDS_PER_DAY;

/// Units are missing of a paid order. Who called it off meanwhile has their wish.
pub(super) fn short(checkout: &mut Checkout, shortages: &[Shortage], at: Timestamp) -> Reaction {
    checkout.shortages = shortages.to_vec();
    if let Some(reason) = checkout.cancellation.take() {
        return undo(checkout, Why::Cancelled { reason });
    }
    if shortages.is_empty() {
        // Its promises were called off for good: it can have no units.
        return reject(checkout);
    }
    match checkout.shortfall {
        ShortfallPolicy::Void => reject(checkout),
        ShortfallPolicy::BackOrder => begin_to_wait(checkout),
        ShortfallPolicy::Ask => {
            checkout.stage = Stage::Short;
            let question =
                format!("units of a paid order are missing ({}): wait for them, or void it?", told(shortages));
            let until = at.plus_seconds(SHORTFALL_DECIDE_SECONDS);
            Reaction::default().task(TASK_SHORTFALL, question, &["back_order", "void"]).wait(TIMER_SHORTFALL, until)
        }
    }
}

fn told(shortages: &[Shortage]) -> String {
    let told = shortages.iter().map(|short| format!("{} of {} {}", short.available, short.requested, short.sku));
    told.collect::<Vec<_>>().join(", ")
}

fn reject(checkout: &mut Checkout) -> Reaction {
    nobody_need_choose(undo(checkout, Why::Rejected { code: "INSUFFICIENT_STOCK".to_owned() }))
}

/// It is settled what becomes of the missing units.
fn nobody_need_choose(reaction: Reaction) -> Reaction {
    reaction.stop(TIMER_SHORTFALL).withdraw(TASK_SHORTFALL)
}

/// Somebody called it off while people were asked.
pub(super) fn cancelled(checkout: &mut Checkout, reason: &str) -> Reaction {
    nobody_need_choose(undo(checkout, Why::Cancelled { reason: reason.to_owned() }))
}

fn begin_to_wait(checkout: &mut Checkout) -> Reaction {
    let Some(since) = checkout.placed_at else { return reject(checkout) };
    checkout.stage = Stage::BackOrdering;
    let asked = Reaction::ask(checkout.cart.clone().map(|cart| Step::BackOrder { cart, since }));
    nobody_need_choose(asked)
}

/// People let it wait.
pub(super) fn back_order(checkout: &mut Checkout) -> Reaction {
    if checkout.stage == Stage::Short { begin_to_wait(checkout) } else { Reaction::default() }
}

/// People let it go, or nobody chose and the buyer has waited for an answer long enough.
pub(super) fn void(checkout: &mut Checkout) -> Reaction {
    if checkout.stage == Stage::Short { reject(checkout) } else { Reaction::default() }
}

/// What is there is the order's, and it waits for the rest: the shop owes it now.
pub(super) fn back_ordered(checkout: &mut Checkout, shortages: &[Shortage]) -> Reaction {
    if checkout.stage != Stage::BackOrdering {
        return Reaction::default();
    }
    if let Some(reason) = checkout.cancellation.take() {
        return undo(checkout, Why::Cancelled { reason });
    }
    checkout.shortages = shortages.to_vec();
    checkout.stage = Stage::Confirming;
    checkout.is_waiting = true;
    let until = checkout.back_order_until.filter(|_| !shortages.is_empty());
    let back_order = until.map(|until| Awaited { shortages: shortages.to_vec(), until });
    Reaction::ask([Step::Confirm { payment: checkout.first_paying().cloned(), back_order }])
}

/// A confirmed order goes to the warehouses, or waits for its units. A wish to call it off that came meanwhile has its turn.
pub(super) fn request_or_wait(checkout: &mut Checkout) -> Reaction {
    if !checkout.is_waiting {
        return Reaction::ask([Step::RequestFulfilments { routed: checkout.routed.clone() }]);
    }
    if let Some(reason) = checkout.cancellation.take() {
        return cancel(checkout, reason);
    }
    let reaction = look(checkout);
    match checkout.back_order_until {
        Some(until) => reaction.wait(TIMER_BACK_ORDER, until),
        None => reaction,
    }
}

/// Looks whether every unit is there.
pub(super) fn look(checkout: &mut Checkout) -> Reaction {
    if checkout.stage != Stage::Fulfilling || !checkout.is_waiting {
        return Reaction::default();
    }
    checkout.settlings += 1;
    let round = checkout.settlings;
    Reaction::ask(checkout.cart.clone().map(|cart| Step::SettleBackOrder { cart, round }))
}

/// Every unit is there: the order goes to the warehouses.
pub(super) fn filled(checkout: &mut Checkout, routed: &[Routed]) -> Reaction {
    if checkout.stage != Stage::Fulfilling || !std::mem::take(&mut checkout.is_waiting) {
        return Reaction::default();
    }
    checkout.routed = routed.to_vec();
    let asked = Reaction::ask([Step::RequestFulfilments { routed: routed.to_vec() }]);
    asked.stop(TIMER_BACK_ORDER).withdraw(TASK_BACK_ORDER)
}

/// The units have not come in time.
pub(super) fn late(checkout: &mut Checkout) -> Reaction {
    if checkout.stage != Stage::Fulfilling || !checkout.is_waiting {
        return Reaction::default();
    }
    let short = told(&checkout.shortages);
    let question = format!(
        "the units that an order waits for have not come in time (it had {short}): wait another week, or call it off?"
    );
    Reaction::default().task(TASK_BACK_ORDER, question, &["wait", "cancel_order"])
}

pub(super) fn wait_longer(checkout: &mut Checkout, at: Timestamp) -> Reaction {
    let reaction = look(checkout);
    if reaction.is_nothing() {
        return reaction;
    }
    reaction.wait(TIMER_BACK_ORDER, at.plus_seconds(BACK_ORDER_AGAIN_SECONDS))
}

/// People call it off. One that has its units by now goes on.
pub(super) fn call_off(checkout: &mut Checkout) -> Reaction {
    if !checkout.is_waiting {
        return Reaction::default();
    }
    cancel(checkout, "the units did not come in time".to_owned())
}
