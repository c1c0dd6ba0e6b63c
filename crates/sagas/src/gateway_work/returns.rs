//! What returns and goodwill refunds ask for.

use app::bus::Request;
use app::error::AppError;
use app::payment::{RefundPart, refund_parts, refund_whole};
use async_trait::async_trait;
use domain::order::{Order, OrderCommand};
use domain::payment::Payment;
use domain::returns::{Return, ReturnCommand};
use domain::stock::{Stock, StockCommand, stream_id};
use domain::values::{Money, OrderId, Quantity, ReturnId};
use event_store::StreamId;

use super::payment::Refunded;
use super::{GatewayWork, words};
use crate::engine::{StepError, Worker};
use crate::refund::{GoodwillRefund, RefundInput, RefundStep};
use crate::returns::{REFUND_PREFIX, ReturnInput, ReturnStep, ReturnToRefund};

fn return_id(id: &str) -> Result<ReturnId, StepError> {
    id.parse().map_err(|error: domain::values::InvalidValue| StepError::Stuck(error.to_string()))
}

#[async_trait]
impl Worker<ReturnToRefund> for GatewayWork {
    async fn perform(&self, id: &str, step: &ReturnStep, request: &Request) -> Result<ReturnInput, StepError> {
        let return_id = return_id(id)?;
        match step {
            ReturnStep::Open { order } => {
                app::returns::open(&self.shop, request, order, &return_id).await?;
                Ok(ReturnInput::Done)
            }
            ReturnStep::Refund { order, amount, .. } => {
                self.refund_return(order, &format!("{REFUND_PREFIX}{id}"), *amount, request).await
            }
            ReturnStep::MoveStock => self.move_stock(&return_id, request).await,
            ReturnStep::Resolve { refunded } => {
                let command = ReturnCommand::Resolve { refunded: *refunded };
                self.shop.bus.execute::<Return>(id, request, command).await?;
                Ok(ReturnInput::Resolved)
            }
            ReturnStep::Withdraw { order } => {
                let command = OrderCommand::WithdrawReturn { return_id };
                self.shop.bus.execute::<Order>(order.as_str(), request, command).await?;
                Ok(ReturnInput::Done)
            }
        }
    }

    async fn owner(&self, _stream: &StreamId) -> Result<Option<String>, AppError> {
        Ok(None)
    }
}

impl GatewayWork {
    /// Gives back what a return owes, through each payment what it took.
    async fn refund_return(
        &self,
        order: &OrderId,
        refund: &str,
        amount: Money,
        request: &Request,
    ) -> Result<ReturnInput, StepError> {
        let mut answer = ReturnInput::Refunded;
        for RefundPart { payment, name, amount } in refund_parts(&self.shop, order, refund, amount).await? {
            let refunded = self.refund(&payment, &name, amount, request).await?;
            self.note_payment(order, &payment, request).await?;
            answer = match (refunded, answer) {
                (Refunded::Failed(code), _) => {
                    ReturnInput::RefundFailed { code, from: refund_whole(&name).1, amount: Some(amount) }
                }
                (Refunded::Pending, ReturnInput::Refunded) => ReturnInput::Done,
                (Refunded::Done | Refunded::Pending, answer) => answer,
            };
        }
        Ok(answer)
    }

    /// Counts in what arrived and takes out again what cannot be sold, so that the ledger shows both.
    async fn move_stock(&self, id: &ReturnId, request: &Request) -> Result<ReturnInput, StepError> {
        let state = self.shop.bus.load::<Return>(id.as_str()).await?.state;
        let location = state.location().ok_or_else(|| StepError::Stuck("the box has not arrived".to_owned()))?;
        let (resalable, damaged) = (state.resalable(), state.damaged());
        let mut arrived = std::collections::BTreeMap::<_, (i64, i64)>::new();
        resalable.into_iter().for_each(|(sku, units)| arrived.entry(sku).or_default().0 += units);
        damaged.into_iter().for_each(|(sku, units)| arrived.entry(sku).or_default().1 += units);
        for (sku, (resalable, damaged)) in arrived {
            let units = |count| Quantity::new(count).map_err(|error| StepError::Stuck(error.to_string()));
            let restock = StockCommand::Restock { return_id: id.clone(), quantity: units(resalable + damaged)? };
            let stream = stream_id(&sku, location);
            // Both in one commit: once the units are counted in, a repeat finds the damaged ones taken out too.
            let stock = self.shop.bus.load::<Stock>(&stream).await?.state;
            let mut commands = vec![restock];
            if damaged > 0 && stock.restock_of(id).is_none() {
                let reason = words(&format!("damaged, came back with {id}"))?;
                commands.push(StockCommand::WriteOff { quantity: units(damaged)?, reason });
            }
            self.shop.bus.execute_all::<Stock>(&stream, request, &commands).await?;
        }
        Ok(ReturnInput::StockMoved)
    }
}

#[async_trait]
impl Worker<GoodwillRefund> for GatewayWork {
    async fn perform(&self, _id: &str, step: &RefundStep, request: &Request) -> Result<RefundInput, StepError> {
        let RefundStep::Send { payment, refund, .. } = step;
        let state = self.shop.bus.load::<Payment>(payment.as_str()).await?.state;
        let unknown = || StepError::Stuck(format!("the payment has no refund {refund}"));
        let amount = state.refund(refund).ok_or_else(unknown)?.amount;
        let refunded = self.refund(payment, refund, amount, request).await?;
        if let Some(order) = state.order() {
            self.note_payment(order, payment, request).await?;
        }
        Ok(match refunded {
            Refunded::Done => RefundInput::Refunded,
            Refunded::Pending => RefundInput::Pending,
            Refunded::Failed(code) => RefundInput::Failed { code },
        })
    }

    async fn owner(&self, _stream: &StreamId) -> Result<Option<String>, AppError> {
        Ok(None)
    }
}
