//! Invoices and credit notes: a parcel was paid → its invoice is issued; money went back → its credit note is.
//!
//! Stream `order_to_invoice`, id the order's id. Begun by the first capture of an order, or by a parcel that leaves with
//! nothing to pay. The documents of an order are issued one by one, in the order of what they are about: a credit note
//! names the invoices that it corrects. It ends whenever nothing is to be issued, and goes on when something is again.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use app::bus::decode;
use app::error::AppError;
use app::payment::{refund_part, refund_whole};
use domain::invoicing::{Document, DocumentNumber};
use domain::payment::PaymentEvent;
use domain::returns::ReturnEvent;
use domain::values::{FulfilmentId, Money, PaymentId, ReturnId, Timestamp};
use event_store::RecordedEvent;
use serde::{Deserialize, Serialize};

use crate::checkout::{UNDO_PREFIX, captured_parcel};
use crate::engine::{Process, Reaction, Told};
use crate::returns::REFUND_PREFIX as RETURN_PREFIX;

/// What the process is told. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoicingInput {
    /// A parcel's share of the money was taken.
    #[serde(rename = "captured")]
    Captured {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// The payment.
        payment: PaymentId,
    },
    /// A parcel may leave for which nothing is to be paid.
    #[serde(rename = "released_unpaid")]
    ReleasedUnpaid {
        /// The parcel.
        fulfilment: FulfilmentId,
    },
    /// Money went back.
    #[serde(rename = "refunded")]
    Refunded {
        /// The payment.
        payment: PaymentId,
        /// The refund's name.
        refund: String,
        /// How much.
        amount: Money,
    },
    /// A return was resolved; what was refunded for it may have been paid by hand.
    #[serde(rename = "return_resolved")]
    ReturnResolved {
        /// The return.
        return_id: ReturnId,
        /// How much went back.
        amount: Money,
    },
    /// A document is issued.
    #[serde(rename = "issued")]
    Issued {
        /// Its number.
        number: DocumentNumber,
    },
    /// There is no document: nothing is left to credit, or a human gave it up and writes it elsewhere.
    #[serde(rename = "gave_up")]
    GaveUp,
}

/// What the process asks for. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoicingStep {
    /// Issue the invoice of a parcel.
    #[serde(rename = "issue_invoice")]
    IssueInvoice {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// The payment; none where nothing was to be paid.
        payment: Option<PaymentId>,
        /// When it was asked for: the day and the year of the number.
        at: Timestamp,
    },
    /// Issue the credit note of a refund.
    #[serde(rename = "issue_credit_note")]
    IssueCreditNote {
        /// The payment; none where it is the one that the order was paid with.
        payment: Option<PaymentId>,
        /// The refund's name.
        refund: String,
        /// How much went back.
        amount: Money,
        /// When it was asked for: the day and the year of the number.
        at: Timestamp,
    },
}

/// What is to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Due {
    Invoice { fulfilment: FulfilmentId, payment: Option<PaymentId> },
    CreditNote { payment: Option<PaymentId>, refund: String, amount: Money },
}

impl Due {
    fn document(&self) -> Document {
        match self {
            Due::Invoice { fulfilment, .. } => Document::Invoice(fulfilment.clone()),
            Due::CreditNote { payment, refund, .. } => Document::CreditNote(refund_name(payment.as_ref(), refund)),
        }
    }

    fn step(&self, at: Timestamp) -> InvoicingStep {
        match self.clone() {
            Due::Invoice { fulfilment, payment } => InvoicingStep::IssueInvoice { fulfilment, payment, at },
            Due::CreditNote { payment, refund, amount } => {
                InvoicingStep::IssueCreditNote { payment, refund, amount, at }
            }
        }
    }
}

/// Names a refund among those of an order: an attempt is undone under names that another one has too.
pub(crate) fn refund_name(payment: Option<&PaymentId>, refund: &str) -> String {
    match payment {
        Some(payment) if refund.starts_with(UNDO_PREFIX) => format!("{payment}.{refund}"),
        Some(_) | None => refund.to_owned(),
    }
}

/// The documents of one order on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderToInvoice {
    known: BTreeSet<Document>,
    /// The first one is asked for.
    due: VecDeque<Due>,
    /// What has its credit notes of a refund that goes back through several payments, minor units.
    credited: BTreeMap<String, i64>,
}

impl OrderToInvoice {
    /// Issues a document once, after all that were due before it.
    fn is_due(&mut self, due: Due, at: Timestamp) -> Reaction<InvoicingStep> {
        if !self.known.insert(due.document()) {
            return Reaction::default();
        }
        self.due.push_back(due);
        if self.due.len() > 1 { Reaction::default() } else { self.ask(at) }
    }

    /// A refund that went the ordinary way was told before, and has its credit note; what was paid by hand has none.
    fn resolved(&mut self, return_id: &ReturnId, amount: Money, at: Timestamp) -> Reaction<InvoicingStep> {
        let refund = format!("{RETURN_PREFIX}{return_id}");
        let credited = self.credited.get(&refund).copied().unwrap_or_default();
        if credited >= amount.minor() {
            return Reaction::default();
        }
        let (refund, amount) =
            (refund_part(&refund, credited), Money::new(amount.minor() - credited, amount.currency()));
        self.is_due(Due::CreditNote { payment: None, refund, amount }, at)
    }

    fn ask(&self, at: Timestamp) -> Reaction<InvoicingStep> {
        match self.due.front() {
            Some(due) => Reaction::ask([due.step(at)]),
            None => Reaction::default().end("issued"),
        }
    }
}

impl Process for OrderToInvoice {
    type Input = InvoicingInput;
    type Step = InvoicingStep;
    type Status = ();

    const KIND: &'static str = "order_to_invoice";
    const LISTENS: &'static [&'static str] = &["payment", "fulfilment", "return"];

    fn hear(event: &RecordedEvent) -> Result<Option<Told<InvoicingInput>>, AppError> {
        let input = match event.event_type.as_str() {
            "payment.captured" | "payment.refunded" => hear_payment(event)?,
            // Its owner is told only where nothing is to be paid for it.
            "fulfilment.released_for_shipping" => {
                let fulfilment = event.stream.id.parse().map_err(AppError::broken)?;
                Some(InvoicingInput::ReleasedUnpaid { fulfilment })
            }
            "return.resolved" => match decode(event)? {
                ReturnEvent::Resolved { refunded } if refunded.minor() > 0 => {
                    let return_id = event.stream.id.parse().map_err(AppError::broken)?;
                    Some(InvoicingInput::ReturnResolved { return_id, amount: refunded })
                }
                _ => None,
            },
            _ => None,
        };
        Ok(input.map(Told::ToOwner))
    }

    fn key(step: &InvoicingStep) -> String {
        match step {
            InvoicingStep::IssueInvoice { fulfilment, .. } => Document::Invoice(fulfilment.clone()).to_string(),
            InvoicingStep::IssueCreditNote { payment, refund, .. } => {
                Document::CreditNote(refund_name(payment.as_ref(), refund)).to_string()
            }
        }
    }

    fn begins(input: &InvoicingInput) -> bool {
        match input {
            InvoicingInput::Captured { .. }
            | InvoicingInput::ReleasedUnpaid { .. }
            | InvoicingInput::Refunded { .. }
            | InvoicingInput::ReturnResolved { .. } => true,
            InvoicingInput::Issued { .. } | InvoicingInput::GaveUp => false,
        }
    }

    fn react(&mut self, input: &InvoicingInput, at: Timestamp) -> Reaction<InvoicingStep> {
        match input.clone() {
            InvoicingInput::Captured { fulfilment, payment } => {
                self.is_due(Due::Invoice { fulfilment, payment: Some(payment) }, at)
            }
            InvoicingInput::ReleasedUnpaid { fulfilment } => {
                self.is_due(Due::Invoice { fulfilment, payment: None }, at)
            }
            InvoicingInput::Refunded { payment, refund, amount } => {
                let due = Due::CreditNote { payment: Some(payment), refund: refund.clone(), amount };
                if !self.known.contains(&due.document()) {
                    *self.credited.entry(refund_whole(&refund).0.to_owned()).or_default() += amount.minor();
                }
                self.is_due(due, at)
            }
            InvoicingInput::ReturnResolved { return_id, amount } => self.resolved(&return_id, amount, at),
            InvoicingInput::Issued { .. } | InvoicingInput::GaveUp => {
                self.due.pop_front();
                self.ask(at)
            }
        }
    }

    fn timer_input(_name: &str) -> InvoicingInput {
        InvoicingInput::GaveUp
    }

    fn decision_input(_task: &str, _choice: &str) -> InvoicingInput {
        InvoicingInput::GaveUp
    }

    fn gave_up_input(_step: &InvoicingStep) -> InvoicingInput {
        InvoicingInput::GaveUp
    }

    fn status(&self) {}
}

fn hear_payment(event: &RecordedEvent) -> Result<Option<InvoicingInput>, AppError> {
    let payment = event.stream.id.parse().map_err(AppError::broken)?;
    Ok(match decode(event)? {
        PaymentEvent::Captured { capture, .. } => {
            captured_parcel(&capture).map(|fulfilment| InvoicingInput::Captured { fulfilment, payment })
        }
        PaymentEvent::Refunded { refund, amount } => Some(InvoicingInput::Refunded { payment, refund, amount }),
        _ => None,
    })
}
