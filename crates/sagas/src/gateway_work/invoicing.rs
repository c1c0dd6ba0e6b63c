//! What invoicing asks for.

use app::bus::Request;
use app::error::AppError;
use app::fulfilment::parcel_id;
use app::invoicing::{Refund, RefundCause, Supply, creditable, issue_credit_note, issue_invoice};
use app::payment::{captured_for, refund_whole};
use async_trait::async_trait;
use domain::fulfilment::Fulfilment;
use domain::returns::Return;
use domain::values::{Money, OrderId, PaymentId};
use event_store::StreamId;

use super::{GatewayWork, order_id};
use crate::checkout::{LINES_PREFIX, REFUND_PREFIX as PARCEL_PREFIX};
use crate::engine::{StepError, Worker};
use crate::invoicing::{InvoicingInput, InvoicingStep, OrderToInvoice, refund_name};
use crate::refund::REFUND_PREFIX as GOODWILL_PREFIX;
use crate::returns::REFUND_PREFIX as RETURN_PREFIX;

#[async_trait]
impl Worker<OrderToInvoice> for GatewayWork {
    async fn perform(&self, id: &str, step: &InvoicingStep, request: &Request) -> Result<InvoicingInput, StepError> {
        let order = order_id(id)?;
        let issue = match step {
            InvoicingStep::IssueInvoice { fulfilment, payment, at } => {
                let supply = Supply { fulfilment: fulfilment.clone(), payment: payment.clone() };
                issue_invoice(&self.shop, request, &order, &supply, *at).await?
            }
            InvoicingStep::IssueCreditNote { payment, refund, amount, at } => {
                let mut refund = self.refund_of(&order, (payment.as_ref(), refund), *amount).await?;
                // What staff paid by hand and the provider gave back besides may be more than was ever paid, and of a parcel's
                // share a part may have been taken that was never invoiced: what is beyond the invoices corrects none of them.
                if let Some(left) = creditable(&self.shop, &order, &refund).await? {
                    if left.minor() == 0 {
                        return Ok(InvoicingInput::GaveUp);
                    }
                    refund.amount = refund.amount.min(left);
                }
                issue_credit_note(&self.shop, request, &order, &refund, *at).await?
            }
        };
        Ok(InvoicingInput::Issued { number: issue.number })
    }

    async fn owner(&self, stream: &StreamId) -> Result<Option<String>, AppError> {
        let order = match &*stream.kind {
            "payment" => return self.owning_order(stream).await,
            "return" => self.shop.bus.load::<Return>(&stream.id).await?.state.order().cloned(),
            "fulfilment" => {
                let parcel = self.shop.bus.load::<Fulfilment>(&stream.id).await?.state;
                // One that is paid is told by its capture, and what goes in the place of a lost one is invoiced with that.
                let is_unpaid = parcel.share().is_some_and(|share| share.minor() == 0);
                let is_first = |order: &&OrderId| {
                    parcel.location().is_some_and(|location| parcel_id(order, location).as_str() == &*stream.id)
                };
                parcel.order().filter(|_| is_unpaid).filter(is_first).cloned()
            }
            _ => None,
        };
        Ok(order.map(|order| order.to_string()))
    }
}

impl GatewayWork {
    /// Says by its name what a refund is for.
    async fn refund_of(
        &self,
        order: &OrderId,
        (payment, refund): (Option<&PaymentId>, &str),
        amount: Money,
    ) -> Result<Refund, StepError> {
        let not_ours = |_| StepError::Stuck(format!("{refund} is no refund of this shop"));
        let (whole, from) = refund_whole(refund);
        let cause = if let Some(id) = whole.strip_prefix(RETURN_PREFIX) {
            RefundCause::Return(id.parse().map_err(not_ours)?)
        } else if let Some(id) = whole.strip_prefix(PARCEL_PREFIX) {
            RefundCause::Parcel(id.parse().map_err(not_ours)?)
        } else if let Some(id) = whole.strip_prefix(LINES_PREFIX) {
            RefundCause::Lines(id.parse().map_err(not_ours)?)
        } else if refund.starts_with(GOODWILL_PREFIX) {
            RefundCause::Goodwill
        } else {
            RefundCause::Cancellation
        };
        let name = refund_name(payment, refund);
        let payment = match payment {
            Some(payment) => payment.clone(),
            None => captured_for(&self.shop, order).await?,
        };
        Ok(Refund { name, from, amount, payment, cause })
    }
}
