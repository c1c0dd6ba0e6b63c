//! An attempt to pay.

use std::sync::Arc;

use app::as_of::AsOf;
use app::bus::{Loaded, Outcome};
use async_graphql::{Context, Enum, ID, Object, Result};
use domain::payment::Payment as PaymentState;

use crate::graphql::audit::types::Event;
use crate::graphql::connection::Connection;
use crate::graphql::history::history;
use crate::graphql::money::Money;
use crate::graphql::scalars::DateTime;

/// Where the hold on the buyer's money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::payment::PaymentStatus")]
pub enum PaymentStatus {
    /// Not begun.
    Absent,
    /// The provider is being asked.
    Initiated,
    /// The buyer must act at the bank.
    ActionRequired,
    /// The money is held.
    Authorised,
    /// The bank said no.
    Declined,
    /// What is held and not captured is to be let go.
    VoidRequested,
    /// Nothing is held any more.
    Voided,
    /// The hold ended by time.
    Expired,
}

/// An attempt to pay.
#[derive(Clone, Debug)]
pub struct Payment {
    id: String,
    version: u64,
    state: Arc<PaymentState>,
    as_of: AsOf,
}

impl Payment {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<PaymentState>) -> Self {
        Self { id: outcome.id.clone(), version: outcome.version, state: outcome.state.clone(), as_of: AsOf::Now }
    }

    /// Shows a payment that was loaded.
    pub(crate) fn loaded(id: &str, loaded: Loaded<PaymentState>) -> Self {
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

/// One attempt to pay one order.
#[Object]
impl Payment {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// How many events it has.
    async fn version(&self) -> u64 {
        self.version
    }

    /// Where the hold on the money stands.
    async fn status(&self) -> PaymentStatus {
        self.state.status().into()
    }

    /// The order it pays.
    async fn order_id(&self) -> Option<ID> {
        self.state.order().map(|order| ID(order.to_string()))
    }

    /// How much was asked for.
    async fn amount(&self) -> Option<Money> {
        self.state.amount().map(Into::into)
    }

    /// Money ever held.
    async fn authorised(&self) -> Money {
        self.state.authorised().into()
    }

    /// Money taken.
    async fn captured(&self) -> Money {
        self.state.captured().into()
    }

    /// Money asked to be taken and not answered.
    async fn capture_pending(&self) -> Money {
        self.state.capture_pending().into()
    }

    /// Money given back.
    async fn refunded(&self) -> Money {
        self.state.refunded().into()
    }

    /// Money asked to be given back and not answered.
    async fn refund_pending(&self) -> Money {
        self.state.refund_pending().into()
    }

    /// Money that can still be given back.
    async fn refundable(&self) -> Money {
        self.state.refundable().into()
    }

    /// Where the buyer goes, while the buyer must act.
    async fn action_url(&self) -> Option<&str> {
        self.state.action_url()
    }

    /// When the hold ends by itself.
    async fn expires_at(&self) -> Option<DateTime> {
        self.state.expires_at().map(Into::into)
    }

    /// The provider's name of it.
    async fn provider_reference(&self) -> Option<&str> {
        self.state.provider_reference().map(|reference| reference.as_str())
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<PaymentState>(ctx, &self.id, self.as_of, (first, after)).await
    }
}
