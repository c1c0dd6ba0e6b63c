//! An order, folded from its stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::additions::Addition;
use super::back_order::BackOrder;
use super::events::{AdditionEnd, FulfilmentStatus, OrderEvent, PaymentStatus, ReturnedLine, Sale, Withdrawal};
use super::line_cancellation::{LineCancellation, LineCancellationOutcome};
use super::withdrawal::withdrawal_ends_at;
use crate::values::{
    Currency, FulfilmentId, LineCancellationId, LineId, Money, OrderId, PaymentId, ReturnId, ShortText, Timestamp,
};

/// How far an order has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Not placed.
    #[default]
    Absent,
    /// It exists and is not owed yet.
    Placed,
    /// The shop owes the goods.
    Confirmed,
    /// It never became a sale.
    Rejected,
    /// It was called off.
    Cancelled,
    /// The time for withdrawal is over.
    Completed,
}

impl OrderStatus {
    /// Returns the status as one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            OrderStatus::Absent => "absent",
            OrderStatus::Placed => "placed",
            OrderStatus::Confirmed => "confirmed",
            OrderStatus::Rejected => "rejected",
            OrderStatus::Cancelled => "cancelled",
            OrderStatus::Completed => "completed",
        }
    }
}

/// The last thing heard about the goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FulfilmentRecord {
    pub(super) fulfilment: Option<FulfilmentId>,
    pub(super) at: Timestamp,
}

/// A return and whether its units are free again. A withdrawn one is remembered, so that it is not opened anew by a
/// command that arrives late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReturnRecord {
    pub(super) lines: Vec<ReturnedLine>,
    pub(super) reason: ShortText,
    pub(super) withdrawn: bool,
    pub(super) withdrawal: Option<Withdrawal>,
}

/// A withdrawal from the contract as it was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredWithdrawal {
    /// The return it becomes once it is confirmed.
    pub return_id: ReturnId,
    /// What it is about.
    pub lines: Vec<ReturnedLine>,
    /// When it was declared.
    pub declared_at: Timestamp,
}

/// What was sold, and where its money, its goods and its returns stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    status: OrderStatus,
    sale: Option<Box<Sale>>,
    placed_at: Option<Timestamp>,
    rejection: Option<(String, ShortText)>,
    cancellation_requested: bool,
    line_cancellations: Vec<LineCancellation>,
    payments: Vec<PaymentId>,
    payment_methods: Vec<ShortText>,
    payment_amounts_minor: Vec<i64>,
    is_paid_in_parts: bool,
    payment_status: PaymentStatus,
    authorised_minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
    fulfilment_status: FulfilmentStatus,
    fulfilment_record: Option<FulfilmentRecord>,
    delivered_at: Option<Timestamp>,
    returns: BTreeMap<ReturnId, ReturnRecord>,
    returns_opened: Vec<ReturnId>,
    withdrawals_declared: Vec<DeclaredWithdrawal>,
    back_order: Option<BackOrder>,
    additions: Vec<Addition>,
}

impl Order {
    /// Returns how far it has come.
    pub fn status(&self) -> OrderStatus {
        self.status
    }

    /// Returns what was agreed, once placed.
    pub fn sale(&self) -> Option<&Sale> {
        self.sale.as_deref()
    }

    /// Returns when it was placed.
    pub fn placed_at(&self) -> Option<Timestamp> {
        self.placed_at
    }

    /// Returns the attempts to pay it, in the order they were begun.
    pub fn payments(&self) -> &[PaymentId] {
        &self.payments
    }

    /// Returns the provider's token that an attempt is paid with.
    pub fn payment_method(&self, payment: &PaymentId) -> Option<&ShortText> {
        let index = self.payments.iter().position(|known| known == payment)?;
        self.payment_methods.get(index)
    }

    /// Returns what an attempt is to hold: its part, or what was payable when it was begun.
    pub fn payment_amount(&self, payment: &PaymentId) -> Option<Money> {
        let index = self.payments.iter().position(|known| known == payment)?;
        self.payment_amounts_minor.get(index).map(|minor| self.money(*minor))
    }

    /// Returns whether an attempt was ever to hold a part of the money only.
    pub fn is_paid_in_parts(&self) -> bool {
        self.is_paid_in_parts
    }

    /// Returns what is to be paid and no payment holds, has taken or is known to be given, in the sale's currency. What another
    /// attempt waits for at a bank is due until it is held.
    pub fn payment_due(&self) -> Money {
        let payable = self.payable_left().minor();
        let held = match self.payment_status {
            PaymentStatus::Pending
            | PaymentStatus::RequiresAction
            | PaymentStatus::PartiallyAuthorised
            | PaymentStatus::Voided
            | PaymentStatus::Declined => {
                // Of an order that is paid at once the amount is what was ever held.
                if self.is_paid_in_parts { self.authorised_minor } else { 0 }
            }
            PaymentStatus::Authorised
            | PaymentStatus::PartiallyCaptured
            | PaymentStatus::Captured
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded => payable,
        };
        self.money((payable - held).max(0))
    }

    /// Returns what is to be paid and was not taken, or went back, in the sale's currency.
    pub fn untaken(&self) -> Money {
        let kept = self.captured_minor - self.refunded_minor;
        self.money((self.payable_left().minor() - kept).max(0))
    }

    /// Returns where the money stands.
    pub fn payment_status(&self) -> PaymentStatus {
        self.payment_status
    }

    /// Returns where the goods stand.
    pub fn fulfilment_status(&self) -> FulfilmentStatus {
        self.fulfilment_status
    }

    /// Returns the money held or taken in all, in the sale's currency; zero euro before there is a sale.
    pub fn authorised(&self) -> Money {
        self.money(self.authorised_minor)
    }

    /// Returns the money taken, in the sale's currency; zero euro before there is a sale.
    pub fn captured(&self) -> Money {
        self.money(self.captured_minor)
    }

    /// Returns the money given back, in the sale's currency; zero euro before there is a sale.
    pub fn refunded(&self) -> Money {
        self.money(self.refunded_minor)
    }

    /// Returns when the last parcel that arrived did so: the time to return runs from here.
    pub fn delivered_at(&self) -> Option<Timestamp> {
        self.delivered_at
    }

    /// Returns the first moment at which it is too late to withdraw from the contract, once every parcel has arrived.
    pub fn withdrawal_ends_at(&self) -> Option<Timestamp> {
        let is_delivered = self.fulfilment_status == FulfilmentStatus::Delivered;
        self.delivered_at.filter(|_| is_delivered).map(withdrawal_ends_at)
    }

    /// Returns the withdrawals that were declared, in their order, whether confirmed or not.
    pub fn withdrawals_declared(&self) -> &[DeclaredWithdrawal] {
        &self.withdrawals_declared
    }

    /// Returns a withdrawal that was declared, whether confirmed or not.
    pub fn withdrawal_declared(&self, return_id: &ReturnId) -> Option<&DeclaredWithdrawal> {
        self.withdrawals_declared.iter().find(|declared| declared.return_id == *return_id)
    }

    /// Returns the two moments of a return that is a withdrawal from the contract.
    pub fn withdrawal(&self, return_id: &ReturnId) -> Option<Withdrawal> {
        self.returns.get(return_id)?.withdrawal
    }

    /// Returns whether with this withdrawal the buyer has withdrawn from all of the contract: then delivery is given back
    /// too.
    pub fn is_withdrawn_whole(&self, return_id: &ReturnId) -> bool {
        let Some(upto) = self.returns_opened.iter().position(|opened| opened == return_id) else { return false };
        let records = self.returns_opened[..=upto].iter().filter_map(|opened| self.returns.get(opened));
        let standing: Vec<_> = records.filter(|record| !record.withdrawn && record.withdrawal.is_some()).collect();
        let units_of = |line: &LineId| -> i64 {
            let lines = standing.iter().flat_map(|record| &record.lines).filter(|returned| returned.line == *line);
            lines.map(|returned| returned.quantity.units()).sum()
        };
        let mut sold = self.sale.iter().flat_map(|sale| &sale.lines);
        self.withdrawal(return_id).is_some() && sold.all(|line| units_of(&line.line) == self.units_left(&line.line))
    }

    /// Returns whether someone asked to cancel and has no answer yet.
    pub fn cancellation_requested(&self) -> bool {
        self.cancellation_requested
    }

    /// Returns the wishes to cancel units of lines, in the order they were asked for.
    pub fn line_cancellations(&self) -> &[LineCancellation] {
        &self.line_cancellations
    }

    /// Returns the units of a line that were sold and not cancelled; zero for a line the order does not have.
    pub fn units_left(&self, line: &LineId) -> i64 {
        let cancelled = self.cancelled_of(line).map(|cancelled| cancelled.quantity.units());
        self.lines_sold(line).sum::<i64>() - cancelled.sum::<i64>()
    }

    /// Returns the units of a line that were sold, were not cancelled and are in no return; zero for a line the order does
    /// not have.
    pub fn returnable(&self, line: &LineId) -> i64 {
        let left = self.units_left(line);
        let standing = self.returns.values().filter(|record| !record.withdrawn);
        let in_returns: i64 = standing
            .flat_map(|record| &record.lines)
            .filter(|returned| returned.line == *line)
            .map(|returned| returned.quantity.units())
            .sum();
        left - in_returns
    }

    /// Returns what comes back with a return, open or done; none when it was withdrawn or never opened.
    pub fn return_lines(&self, return_id: &ReturnId) -> Option<&[ReturnedLine]> {
        self.returns.get(return_id).filter(|record| !record.withdrawn).map(|record| record.lines.as_slice())
    }

    /// Returns the returns in the order they were opened, withdrawn ones included.
    pub fn returns_opened(&self) -> &[ReturnId] {
        &self.returns_opened
    }

    /// Returns what was to come back with a return, and why; also when it was withdrawn.
    pub fn opened_return(&self, return_id: &ReturnId) -> Option<(&[ReturnedLine], &ShortText)> {
        self.returns.get(return_id).map(|record| (record.lines.as_slice(), &record.reason))
    }

    /// Returns the units of a line that are in standing returns opened before this one.
    pub fn returned_before(&self, return_id: &ReturnId, line: &LineId) -> i64 {
        let before = self.returns_opened.iter().take_while(|opened| *opened != return_id);
        let standing = before.filter_map(|opened| self.returns.get(opened)).filter(|record| !record.withdrawn);
        let lines = standing.flat_map(|record| &record.lines).filter(|returned| returned.line == *line);
        lines.map(|returned| returned.quantity.units()).sum()
    }

    /// Returns why it was rejected: the code, and the reason in words.
    pub fn rejection(&self) -> Option<(&str, &str)> {
        self.rejection.as_ref().map(|(code, reason)| (code.as_str(), reason.as_str()))
    }

    /// Returns what it waited for, also when that is there by now.
    pub(super) fn any_back_order(&self) -> Option<&BackOrder> {
        self.back_order.as_ref()
    }

    /// Returns the orders that were to go along with it, also those that were given up before they were accepted.
    pub(super) fn additions_known(&self) -> &[Addition] {
        &self.additions
    }

    pub(super) fn fulfilment_record(&self) -> Option<&FulfilmentRecord> {
        self.fulfilment_record.as_ref()
    }

    pub(super) fn returns(&self) -> &BTreeMap<ReturnId, ReturnRecord> {
        &self.returns
    }

    pub(super) fn has_line(&self, line: &LineId) -> bool {
        self.lines_sold(line).next().is_some()
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Placed { sale, placed_at } => {
                self.status = OrderStatus::Placed;
                self.sale = Some(sale.clone());
                self.placed_at = Some(*placed_at);
            }
            OrderEvent::PaymentRequested { payment, method, amount } => self.begin_payment(payment, method, *amount),
            OrderEvent::Confirmed {} => self.status = OrderStatus::Confirmed,
            OrderEvent::Rejected { code, reason } => {
                self.end_as(OrderStatus::Rejected);
                self.rejection = Some((code.clone(), reason.clone()));
            }
            OrderEvent::CancellationRequested { .. } => self.cancellation_requested = true,
            OrderEvent::CancellationRefused { .. } => self.cancellation_requested = false,
            OrderEvent::Cancelled { .. } => self.call_off(),
            OrderEvent::LineCancellationRequested { cancellation, lines, reason } => {
                self.line_cancellations.push(LineCancellation::asked(cancellation, lines, reason));
            }
            OrderEvent::LineCancellationRefused { cancellation, code, reason } => {
                self.answer(cancellation, LineCancellationOutcome::refused(code, reason));
            }
            OrderEvent::LinesCancelled { cancellation, lines, refund } => {
                self.answer(cancellation, LineCancellationOutcome::done(lines, *refund));
            }
            OrderEvent::AdditionAccepted { addition } => {
                self.additions.push(Addition { order: addition.clone(), was_accepted: true, end: None });
            }
            OrderEvent::AdditionReleased { addition, end } => self.release(addition, *end),
            OrderEvent::BackOrdered { lines, until } => self.back_order = Some(BackOrder::begun(lines, *until)),
            OrderEvent::BackOrderFilled {} => self.back_order.iter_mut().for_each(BackOrder::fill),
            OrderEvent::PaymentRecorded { status, authorised, captured, refunded } => {
                self.payment_status = *status;
                self.authorised_minor = authorised.minor();
                self.captured_minor = captured.minor();
                self.refunded_minor = refunded.minor();
            }
            OrderEvent::FulfilmentRecorded { status, fulfilment, at } => {
                self.fulfilment_status = *status;
                self.fulfilment_record = Some(FulfilmentRecord { fulfilment: fulfilment.clone(), at: *at });
                self.note_delivery(*status, *at);
            }
            OrderEvent::WithdrawalDeclared { return_id, lines, declared_at } => {
                let (return_id, lines, declared_at) = (return_id.clone(), lines.clone(), *declared_at);
                self.withdrawals_declared.push(DeclaredWithdrawal { return_id, lines, declared_at });
            }
            OrderEvent::ReturnOpened { return_id, lines, reason, withdrawal } => {
                let (lines, reason, withdrawal) = (lines.clone(), reason.clone(), *withdrawal);
                let record = ReturnRecord { lines, reason, withdrawn: false, withdrawal };
                self.returns.insert(return_id.clone(), record);
                self.returns_opened.push(return_id.clone());
            }
            OrderEvent::ReturnWithdrawn { return_id } => {
                if let Some(record) = self.returns.get_mut(return_id) {
                    record.withdrawn = true;
                }
            }
            OrderEvent::Completed {} => self.end_as(OrderStatus::Completed),
        }
    }

    fn begin_payment(&mut self, payment: &PaymentId, method: &ShortText, part: Option<Money>) {
        self.payments.push(payment.clone());
        self.payment_methods.push(method.clone());
        self.payment_amounts_minor.push(part.unwrap_or(self.payable_left()).minor());
        self.is_paid_in_parts |= part.is_some();
    }

    fn call_off(&mut self) {
        self.end_as(OrderStatus::Cancelled);
        self.line_cancellations.iter_mut().for_each(LineCancellation::overtake);
    }

    fn answer(&mut self, cancellation: &LineCancellationId, outcome: LineCancellationOutcome) {
        if let Some(asked) = self.line_cancellations.iter_mut().find(|asked| asked.id == *cancellation) {
            asked.outcome = outcome;
        }
    }

    fn release(&mut self, addition: &OrderId, end: AdditionEnd) {
        match self.additions.iter_mut().find(|known| known.order == *addition) {
            Some(known) => known.end = Some(end),
            None => self.additions.push(Addition { order: addition.clone(), was_accepted: false, end: Some(end) }),
        }
    }

    fn end_as(&mut self, status: OrderStatus) {
        self.status = status;
        self.cancellation_requested = false;
    }

    /// Keeps the latest moment, because carriers report out of order and the last parcel to arrive counts.
    fn note_delivery(&mut self, status: FulfilmentStatus, at: Timestamp) {
        match status {
            FulfilmentStatus::PartiallyDelivered | FulfilmentStatus::Delivered => {
                self.delivered_at = self.delivered_at.max(Some(at));
            }
            FulfilmentStatus::Unfulfilled
            | FulfilmentStatus::Requested
            | FulfilmentStatus::Packed
            | FulfilmentStatus::PartiallyShipped
            | FulfilmentStatus::Shipped
            | FulfilmentStatus::Lost
            | FulfilmentStatus::Cancelled => {}
        }
    }

    fn lines_sold(&self, line: &LineId) -> impl Iterator<Item = i64> {
        let lines = self.sale.iter().flat_map(|sale| &sale.lines);
        lines.filter(move |sold| sold.line == *line).map(|sold| sold.quantity.units())
    }

    pub(super) fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.sale.as_ref().map_or(Currency::Eur, |sale| sale.currency))
    }
}
