//! Goodwill refund: staff asked to give money back without a return → the provider is asked → done, or a task.
//!
//! Stream `goodwill_refund`, id `{payment}.{refund}`. Begun by `payment.refund_requested` under a goodwill name.

#[cfg(test)]
mod tests;

use app::bus::decode;
use app::error::AppError;
use domain::payment::PaymentEvent;
use domain::values::{PaymentId, Timestamp};
use event_store::RecordedEvent;
use serde::{Deserialize, Serialize};

use crate::engine::{Process, Reaction, Told};

/// The task of a refund that failed.
const TASK_REFUND: &str = "refund";

/// Goodwill refunds are named by this and an id.
pub const REFUND_PREFIX: &str = "goodwill-";

/// What the process is told. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundInput {
    /// Staff asked.
    #[serde(rename = "requested")]
    Requested {
        /// The payment.
        payment: PaymentId,
        /// The refund's name.
        refund: String,
    },
    /// The money went back.
    #[serde(rename = "refunded")]
    Refunded,
    /// The provider will tell.
    #[serde(rename = "pending")]
    Pending,
    /// The money could not go back.
    #[serde(rename = "failed")]
    Failed {
        /// The provider's code.
        code: String,
    },
    /// A human decided.
    #[serde(rename = "decided")]
    Decided {
        /// `retry` or `paid_by_hand`.
        choice: String,
    },
}

/// What the process asks for. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundStep {
    /// Ask the provider.
    #[serde(rename = "send")]
    Send {
        /// The payment.
        payment: PaymentId,
        /// The refund's name.
        refund: String,
        /// Which try, from 1.
        round: u32,
    },
}

/// One goodwill refund.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoodwillRefund {
    of: Option<(PaymentId, String)>,
    rounds: u32,
    failed_round: u32,
    is_over: bool,
}

impl GoodwillRefund {
    fn send(&mut self) -> Reaction<RefundStep> {
        self.rounds += 1;
        let round = self.rounds;
        let of = self.of.clone();
        Reaction::ask(of.map(|(payment, refund)| RefundStep::Send { payment, refund, round }))
    }
}

impl Process for GoodwillRefund {
    type Input = RefundInput;
    type Step = RefundStep;
    type Status = ();

    const KIND: &'static str = "goodwill_refund";
    const LISTENS: &'static [&'static str] = &["payment"];

    fn hear(event: &RecordedEvent) -> Result<Option<Told<RefundInput>>, AppError> {
        if !event.event_type.starts_with("payment.refund") {
            return Ok(None);
        }
        let payment: PaymentId = event.stream.id.parse().map_err(AppError::broken)?;
        let (refund, input) = match decode(event)? {
            PaymentEvent::RefundRequested { refund, .. } => {
                (refund.clone(), RefundInput::Requested { payment: payment.clone(), refund })
            }
            PaymentEvent::Refunded { refund, .. } => (refund, RefundInput::Refunded),
            PaymentEvent::RefundFailed { refund, code, .. } => (refund, RefundInput::Failed { code }),
            _ => return Ok(None),
        };
        let is_ours = refund.starts_with(REFUND_PREFIX);
        Ok(is_ours.then(|| Told::To(format!("{payment}.{refund}"), input)))
    }

    fn key(step: &RefundStep) -> String {
        let RefundStep::Send { round, .. } = step;
        format!("send/{round}")
    }

    fn begins(input: &RefundInput) -> bool {
        matches!(input, RefundInput::Requested { .. })
    }

    fn react(&mut self, input: &RefundInput, _at: Timestamp) -> Reaction<RefundStep> {
        match input {
            RefundInput::Requested { payment, refund } => match self.of {
                None => {
                    self.of = Some((payment.clone(), refund.clone()));
                    self.send()
                }
                // A further try under the same name is this process's own asking.
                Some(_) => Reaction::default(),
            },
            RefundInput::Refunded if self.is_over => Reaction::default(),
            RefundInput::Refunded => {
                self.is_over = true;
                Reaction::default().withdraw(TASK_REFUND).end("refunded")
            }
            RefundInput::Pending => Reaction::default(),
            // The provider answers and tells it once more by itself: one failure, one question.
            RefundInput::Failed { .. } if self.failed_round == self.rounds => Reaction::default(),
            // A bank may send money back days after it went: then it is owed again.
            RefundInput::Failed { code } => {
                self.failed_round = self.rounds;
                self.is_over = false;
                let question = format!("the refund failed ({code}): try again, or was it paid by hand?");
                Reaction::default().task(TASK_REFUND, question, &["retry", "paid_by_hand"])
            }
            // A refund that failed may have come through since: then nothing is sent again.
            RefundInput::Decided { .. } if self.is_over => Reaction::default(),
            RefundInput::Decided { choice } if choice == "retry" => self.send(),
            RefundInput::Decided { .. } => {
                self.is_over = true;
                Reaction::default().end("paid_by_hand")
            }
        }
    }

    fn timer_input(_name: &str) -> RefundInput {
        RefundInput::Pending
    }

    fn decision_input(_task: &str, choice: &str) -> RefundInput {
        RefundInput::Decided { choice: choice.to_owned() }
    }

    fn gave_up_input(_step: &RefundStep) -> RefundInput {
        RefundInput::Decided { choice: "paid_by_hand".to_owned() }
    }

    fn status(&self) {}
}
