//! A return.

use std::sync::Arc;

use app::as_of::AsOf;
use app::bus::{Loaded, Outcome};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use domain::returns::{Deduction as DeductionState, Return as ReturnState};
use domain::values::{ReturnId, paris_time};

use super::explain::RefundExplained;
use crate::graphql::audit::types::Event;
use crate::graphql::call::Call;
use crate::graphql::connection::Connection;
use crate::graphql::errors::failure;
use crate::graphql::history::history;
use crate::graphql::money::Money;
use crate::graphql::scalars::DateTime;

/// How far a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::returns::ReturnStatus")]
pub enum ReturnStatus {
    /// Nobody asked for it yet.
    Absent,
    /// Someone asked; the shop has not answered.
    Requested,
    /// The shop agreed; the box is awaited.
    Approved,
    /// The shop did not agree.
    Refused,
    /// The box arrived.
    Received,
    /// The box was looked into; the refund is known.
    Inspected,
    /// The money went back, or none was owed.
    Resolved,
    /// The requester called it off.
    Cancelled,
}

/// Goods on their way back.
#[derive(Clone, Debug)]
pub struct Return {
    id: String,
    version: u64,
    state: Arc<ReturnState>,
    as_of: AsOf,
}

/// Units of an order's line that come back.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReturnLine {
    /// The order's line.
    pub line_id: ID,
    /// What comes back.
    pub sku: String,
    /// How many units.
    pub quantity: i64,
    /// What was paid for these units.
    pub paid: Money,
}

/// What was found in the box.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReturnInspection {
    /// The order's line.
    pub line_id: ID,
    /// Units that go back on the shelf.
    pub resalable: u32,
    /// Units that arrived and cannot be sold.
    pub damaged: u32,
    /// Units that were announced and did not arrive.
    pub missing: u32,
    /// What is kept back for the damaged ones, and why; null where nothing is.
    pub deduction: Option<Deduction>,
}

/// What is kept back of a refund for damaged units.
#[derive(Clone, Debug, SimpleObject)]
pub struct Deduction {
    /// How much, VAT included.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

impl From<&DeductionState> for Deduction {
    fn from(deduction: &DeductionState) -> Self {
        Self { amount: deduction.amount.into(), reason: deduction.reason.to_string() }
    }
}

/// The proof that a box is on its way.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReturnShipment {
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    pub tracking: String,
}

/// The dated acknowledgement of a withdrawal from the contract.
#[derive(Clone, Debug, SimpleObject)]
pub struct LegalWithdrawal {
    /// When it was declared.
    pub declared_at: DateTime,
    /// When it was confirmed, and so acknowledged.
    pub acknowledged_at: DateTime,
    /// The moment of the declaration as a clock in Paris showed it, in ISO 8601.
    pub declared_in_paris: String,
    /// What is given back of delivery beside the goods.
    pub delivery: Money,
}

impl Return {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<ReturnState>) -> Self {
        Self { id: outcome.id.clone(), version: outcome.version, state: outcome.state.clone(), as_of: AsOf::Now }
    }

    /// Shows a return that was loaded.
    pub(crate) fn loaded(id: &str, loaded: Loaded<ReturnState>) -> Self {
        Self { id: id.to_owned(), version: loaded.version, state: loaded.state, as_of: AsOf::Now }
    }

    /// Says that it is shown as it was, or as it is.
    pub(crate) fn shown_as_of(self, as_of: AsOf) -> Self {
        Self { as_of, ..self }
    }

    /// Returns whether it was begun.
    pub(crate) fn exists(&self) -> bool {
        self.version > 0
    }
}

/// Goods on their way back.
#[Object]
impl Return {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// How many events it has.
    async fn version(&self) -> u64 {
        self.version
    }

    /// How far it is.
    async fn status(&self) -> ReturnStatus {
        self.state.status().into()
    }

    /// The order.
    async fn order_id(&self) -> Option<ID> {
        self.state.order().map(|order| ID(order.to_string()))
    }

    /// Who bought.
    async fn customer_id(&self) -> Option<ID> {
        self.state.customer().map(|customer| ID(customer.to_string()))
    }

    /// Why the goods come back.
    async fn reason(&self) -> Option<&str> {
        self.state.reason().map(|reason| reason.as_str())
    }

    /// Its moments and what is given back of delivery, where it is a withdrawal from the contract: the acknowledgement that the
    /// buyer keeps.
    async fn withdrawal(&self) -> Option<LegalWithdrawal> {
        let withdrawal = self.state.withdrawal()?;
        Some(LegalWithdrawal {
            declared_at: withdrawal.declared_at.into(),
            acknowledged_at: withdrawal.acknowledged_at.into(),
            declared_in_paris: paris_time(withdrawal.declared_at),
            delivery: withdrawal.delivery.into(),
        })
    }

    /// The first moment at which the refund of a withdrawal from the contract is late: after the fourteenth day from its
    /// declaration, in Paris. The shop may wait longer only until the goods are back or proved to be on their way (Code de la
    /// consommation, article L221-24); then a task `refund_due` is opened. Null for any other return.
    async fn refund_due_at(&self) -> Option<DateTime> {
        self.state.refund_due_at().map(Into::into)
    }

    /// The proof that the box is on its way, once there is one.
    async fn shipment(&self) -> Option<ReturnShipment> {
        let (carrier, tracking) = self.state.shipment()?;
        Some(ReturnShipment { carrier: carrier.to_string(), tracking: tracking.to_string() })
    }

    /// What was announced.
    async fn lines(&self) -> Vec<ReturnLine> {
        let lines = self.state.lines().iter();
        lines
            .map(|line| ReturnLine {
                line_id: ID(line.line.to_string()),
                sku: line.sku.to_string(),
                quantity: line.quantity.units(),
                paid: line.paid.into(),
            })
            .collect()
    }

    /// Where the box arrived.
    async fn location(&self) -> Option<&str> {
        self.state.location().map(|location| location.as_str())
    }

    /// What was found in the box, each line once.
    async fn inspection(&self) -> Vec<ReturnInspection> {
        let items = self.state.inspection().iter();
        items
            .map(|item| ReturnInspection {
                line_id: ID(item.line.to_string()),
                resalable: item.resalable,
                damaged: item.damaged,
                missing: item.missing,
                deduction: item.deduction.as_ref().map(Into::into),
            })
            .collect()
    }

    /// What is owed, once the box was looked into.
    async fn refund(&self) -> Option<Money> {
        self.state.refund().map(Into::into)
    }

    /// Why the refund is what it is, line by line; null until the box is looked into.
    async fn refund_explained(&self, ctx: &Context<'_>) -> Result<Option<RefundExplained>> {
        let call = Call::of(ctx)?;
        let Ok(id) = self.id.parse::<ReturnId>() else { return Ok(None) };
        let explained = app::returns::explained(&call.state.shop, &id, &self.state, self.as_of).await;
        let explained = explained.map_err(failure)?;
        Ok(explained.map(|explained| RefundExplained::of(explained, call.request.locale)))
    }

    /// What went back to the buyer, once it did.
    async fn refunded(&self) -> Option<Money> {
        self.state.refunded().map(Into::into)
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<ReturnState>(ctx, &self.id, self.as_of, (first, after)).await
    }
}
