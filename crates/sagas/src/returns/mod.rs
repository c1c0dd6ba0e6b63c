//! Return to refund: begin the return → (staff approve, receive, inspect) → refund → restock or write off → resolve; a
//! refused or cancelled return gives its units free to be returned again. The refund of a withdrawal from the contract has a
//! deadline, for which the process keeps a timer.
//!
//! Stream `return_to_refund`, id the return's id. Begun by `order.return_opened`.

mod deadline;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use app::bus::decode;
use app::error::AppError;
use app::payment::refund_whole;
pub use app::returns::REFUND_PREFIX;
use domain::order::OrderEvent;
use domain::payment::PaymentEvent;
use domain::returns::{ReturnEvent, refund_due_at};
use domain::values::{Money, OrderId, ReturnId, Timestamp};
use event_store::RecordedEvent;
use serde::{Deserialize, Serialize};

pub use self::deadline::TASK_REFUND_DUE;
use self::deadline::{Deadline, TIMER_REFUND_DUE};
use crate::engine::{Process, Reaction, Told};

/// The task of a refund that failed.
pub const TASK_REFUND: &str = "refund";

/// What the process is told. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnInput {
    /// The order opened a return.
    #[serde(rename = "opened")]
    Opened {
        /// The order.
        order: OrderId,
        /// The return.
        return_id: ReturnId,
        /// From when its refund is late, where it is a withdrawal from the contract.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_due_at: Option<Timestamp>,
    },
    /// The box arrived, or is proved to be on its way.
    #[serde(rename = "sent_back")]
    SentBack,
    /// The shop refused it, or its requester called it off.
    #[serde(rename = "called_off")]
    CalledOff,
    /// The box was looked into.
    #[serde(rename = "inspected")]
    Inspected {
        /// What is owed.
        refund: Money,
    },
    /// All the money went back.
    #[serde(rename = "refunded")]
    Refunded,
    /// Money went back through a payment: all of it, or its part.
    #[serde(rename = "part_refunded")]
    PartRefunded {
        /// From which minor unit of the whole it begins.
        from: i64,
        /// How much.
        amount: Money,
    },
    /// The money could not go back, or a part of it.
    #[serde(rename = "refund_failed")]
    RefundFailed {
        /// The provider's code.
        code: String,
        /// From which minor unit of the whole the part begins.
        #[serde(default, skip_serializing_if = "crate::is_beginning")]
        from: i64,
        /// How much; none for all of it, as in what was stored before there were parts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// The units are counted in or written off.
    #[serde(rename = "stock_moved")]
    StockMoved,
    /// The return is resolved.
    #[serde(rename = "resolved")]
    Resolved,
    /// A step that needs no word but that it is done.
    #[serde(rename = "done")]
    Done,
    /// From now on the refund of a withdrawal is late, unless the shop may wait for the box.
    #[serde(rename = "refund_due")]
    RefundDue,
    /// A human decided what to do about a refund that is late.
    #[serde(rename = "refund_due_decided")]
    RefundDueDecided {
        /// `ask_tomorrow` or `settled`.
        choice: String,
    },
    /// A human decided what to do about a failed refund.
    #[serde(rename = "refund_decided")]
    RefundDecided {
        /// `retry` or `paid_by_hand`.
        choice: String,
    },
}

/// What the process asks for. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnStep {
    /// Begin the return, if a crash kept the requester from it.
    #[serde(rename = "open")]
    Open {
        /// The order.
        order: OrderId,
    },
    /// Give the money back.
    #[serde(rename = "refund")]
    Refund {
        /// The order.
        order: OrderId,
        /// How much.
        amount: Money,
        /// Which try, from 1.
        round: u32,
    },
    /// Count units in, and damaged ones out again.
    #[serde(rename = "move_stock")]
    MoveStock,
    /// Note that the return is resolved.
    #[serde(rename = "resolve")]
    Resolve {
        /// What went back.
        refunded: Money,
    },
    /// Give the units free to be returned again.
    #[serde(rename = "withdraw")]
    Withdraw {
        /// The order.
        order: OrderId,
    },
}

/// One return on its way to its refund.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnToRefund {
    order: Option<OrderId>,
    deadline: Option<Deadline>,
    refund: Option<Money>,
    /// What went back, minor units, by the minor unit of the whole from which it begins, as far as that was told part by part.
    parts: BTreeMap<i64, i64>,
    /// What went back besides, minor units.
    back_minor: i64,
    rounds: u32,
    failed_round: u32,
    is_refunded: bool,
    is_stock_moved: bool,
    is_over: bool,
}

impl ReturnToRefund {
    fn inspected(&mut self, refund: Money) -> Reaction<ReturnStep> {
        if self.refund.is_some() || self.order.is_none() || self.is_over {
            return Reaction::default();
        }
        self.refund = Some(refund);
        self.is_refunded = refund.minor() == 0;
        let mut reaction = Reaction::ask([ReturnStep::MoveStock]);
        if self.is_refunded {
            return self.without_deadline(reaction);
        }
        reaction.asks.extend(self.ask_refund());
        reaction
    }

    /// A refund that failed may have come through since: then nothing is sent again.
    fn ask_refund(&mut self) -> Option<ReturnStep> {
        if self.is_refunded {
            return None;
        }
        self.rounds += 1;
        Some(ReturnStep::Refund { order: self.order.clone()?, amount: self.refund?, round: self.rounds })
    }

    /// Resolves the return once the money is back and the units are counted.
    fn resolve(&mut self) -> Reaction<ReturnStep> {
        match self.refund {
            Some(refunded) if self.is_refunded && self.is_stock_moved && !self.is_over => {
                Reaction::ask([ReturnStep::Resolve { refunded }])
            }
            Some(_) | None => Reaction::default(),
        }
    }

    /// Lets something happen to the deadline, where there is one and the refund is still open.
    fn about_deadline(&mut self, happens: impl FnOnce(&mut Deadline) -> Reaction<ReturnStep>) -> Reaction<ReturnStep> {
        if self.is_refunded || self.is_over {
            return Reaction::default();
        }
        self.deadline.as_mut().map(happens).unwrap_or_default()
    }

    /// Nothing can be late any more, and nobody need be asked about it.
    fn without_deadline(&self, reaction: Reaction<ReturnStep>) -> Reaction<ReturnStep> {
        if self.deadline.is_none() {
            return reaction;
        }
        reaction.stop(TIMER_REFUND_DUE).withdraw(TASK_REFUND_DUE)
    }

    /// Counts a part that went back; with the last one all of it has.
    fn part_refunded(&mut self, from: i64, amount: Money) -> Reaction<ReturnStep> {
        if self.is_refunded {
            return Reaction::default();
        }
        self.parts.insert(from, amount.minor());
        let is_all = self.refund.is_some_and(|refund| self.back_minor + self.told_minor() >= refund.minor());
        if is_all { self.refunded() } else { Reaction::default() }
    }

    fn told_minor(&self) -> i64 {
        self.parts.values().sum()
    }

    fn refund_failed(&mut self, code: &str, from: i64, amount: Option<Money>) -> Reaction<ReturnStep> {
        if self.is_refunded {
            self.back_minor = self.refund.map_or(0, Money::minor) - self.told_minor();
        }
        if self.parts.remove(&from).is_none() {
            self.back_minor = amount.map_or(0, |amount| (self.back_minor - amount.minor()).max(0));
        }
        // The provider answers and tells it once more by itself: one failure, one question.
        if self.failed_round == self.rounds {
            return Reaction::default();
        }
        // A bank may send money back days after it went: then it is owed again, also of a return that is resolved.
        self.failed_round = self.rounds;
        self.is_refunded = false;
        let question = format!("the refund failed ({code}): try again, or was it paid by hand?");
        Reaction::default().task(TASK_REFUND, question, &["retry", "paid_by_hand"])
    }

    fn refunded(&mut self) -> Reaction<ReturnStep> {
        if self.is_refunded || self.refund.is_none() {
            return Reaction::default();
        }
        self.is_refunded = true;
        let mut reaction = self.resolve();
        if self.failed_round == self.rounds {
            // It came through after all.
            reaction = reaction.withdraw(TASK_REFUND);
        }
        self.without_deadline(reaction)
    }
}

impl Process for ReturnToRefund {
    type Input = ReturnInput;
    type Step = ReturnStep;
    type Status = ();

    const KIND: &'static str = "return_to_refund";
    const LISTENS: &'static [&'static str] = &["order", "return", "payment"];

    fn hear(event: &RecordedEvent) -> Result<Option<Told<ReturnInput>>, AppError> {
        match event.event_type.as_str() {
            "order.return_opened" => {
                let OrderEvent::ReturnOpened { return_id, withdrawal, .. } = decode(event)? else { return Ok(None) };
                let order = event.stream.id.parse().map_err(AppError::broken)?;
                let refund_due_at = withdrawal.map(|withdrawal| refund_due_at(withdrawal.declared_at));
                let input = ReturnInput::Opened { order, return_id: return_id.clone(), refund_due_at };
                Ok(Some(Told::To(return_id.to_string(), input)))
            }
            "return.refused" | "return.cancelled" => {
                Ok(Some(Told::To(event.stream.id.to_string(), ReturnInput::CalledOff)))
            }
            "return.shipped_back" | "return.received" => {
                Ok(Some(Told::To(event.stream.id.to_string(), ReturnInput::SentBack)))
            }
            "return.inspected" => {
                let ReturnEvent::Inspected { refund, .. } = decode(event)? else { return Ok(None) };
                Ok(Some(Told::To(event.stream.id.to_string(), ReturnInput::Inspected { refund })))
            }
            "payment.refunded" | "payment.refund_failed" => hear_refund(event),
            _ => Ok(None),
        }
    }

    fn key(step: &ReturnStep) -> String {
        match step {
            ReturnStep::Open { .. } => "open".to_owned(),
            ReturnStep::Refund { round, .. } => format!("refund/{round}"),
            ReturnStep::MoveStock => "move_stock".to_owned(),
            ReturnStep::Resolve { .. } => "resolve".to_owned(),
            ReturnStep::Withdraw { .. } => "withdraw".to_owned(),
        }
    }

    fn begins(input: &ReturnInput) -> bool {
        matches!(input, ReturnInput::Opened { .. })
    }

    fn react(&mut self, input: &ReturnInput, at: Timestamp) -> Reaction<ReturnStep> {
        match input {
            ReturnInput::Opened { .. } if self.order.is_some() => Reaction::default(),
            ReturnInput::Opened { order, refund_due_at, .. } => {
                self.order = Some(order.clone());
                self.deadline = refund_due_at.map(Deadline::at);
                let begun = Reaction::ask([ReturnStep::Open { order: order.clone() }]);
                match refund_due_at {
                    Some(due_at) => begun.wait(TIMER_REFUND_DUE, *due_at),
                    None => begun,
                }
            }
            ReturnInput::SentBack => self.about_deadline(Deadline::sent_back),
            ReturnInput::RefundDue => self.about_deadline(Deadline::came),
            ReturnInput::RefundDueDecided { choice } if choice == deadline::ASK_TOMORROW => {
                self.about_deadline(|deadline| deadline.ask_again(at))
            }
            ReturnInput::RefundDueDecided { .. } => Reaction::default(),
            ReturnInput::CalledOff if self.is_over || self.refund.is_some() => Reaction::default(),
            ReturnInput::CalledOff => {
                self.is_over = true;
                let reaction = Reaction::ask(self.order.clone().map(|order| ReturnStep::Withdraw { order }));
                self.without_deadline(reaction).end("called_off")
            }
            ReturnInput::Inspected { refund } => self.inspected(*refund),
            ReturnInput::Refunded => self.refunded(),
            ReturnInput::PartRefunded { from, amount } => self.part_refunded(*from, *amount),
            ReturnInput::RefundFailed { code, from, amount } => self.refund_failed(code, *from, *amount),
            ReturnInput::StockMoved if self.is_stock_moved => Reaction::default(),
            ReturnInput::StockMoved => {
                self.is_stock_moved = true;
                self.resolve()
            }
            ReturnInput::Resolved if self.is_over => Reaction::default(),
            ReturnInput::Resolved => {
                self.is_over = true;
                Reaction::default().end("resolved")
            }
            ReturnInput::Done => Reaction::default(),
            ReturnInput::RefundDecided { choice } if choice == "retry" => Reaction::ask(self.ask_refund()),
            ReturnInput::RefundDecided { .. } => self.refunded(),
        }
    }

    fn timer_input(name: &str) -> ReturnInput {
        if name == TIMER_REFUND_DUE { ReturnInput::RefundDue } else { ReturnInput::Done }
    }

    fn decision_input(task: &str, choice: &str) -> ReturnInput {
        let choice = choice.to_owned();
        if task == TASK_REFUND_DUE {
            ReturnInput::RefundDueDecided { choice }
        } else {
            ReturnInput::RefundDecided { choice }
        }
    }

    fn gave_up_input(step: &ReturnStep) -> ReturnInput {
        match step {
            ReturnStep::Refund { .. } => ReturnInput::Refunded,
            ReturnStep::MoveStock => ReturnInput::StockMoved,
            ReturnStep::Resolve { .. } => ReturnInput::Resolved,
            ReturnStep::Open { .. } | ReturnStep::Withdraw { .. } => ReturnInput::Done,
        }
    }

    fn status(&self) {}
}

/// The provider may tell late what became of a refund: then it comes by the feed.
fn hear_refund(event: &RecordedEvent) -> Result<Option<Told<ReturnInput>>, AppError> {
    let (refund, answer) = match decode(event)? {
        PaymentEvent::Refunded { refund, amount } => (refund, Ok(amount)),
        PaymentEvent::RefundFailed { refund, code, amount } => (refund, Err((code, Some(amount)))),
        _ => return Ok(None),
    };
    let (whole, from) = refund_whole(&refund);
    let input = match answer {
        Ok(amount) => ReturnInput::PartRefunded { from, amount },
        Err((code, amount)) => ReturnInput::RefundFailed { code, from, amount },
    };
    Ok(whole.strip_prefix(REFUND_PREFIX).map(|id| Told::To(id.to_owned(), input)))
}
