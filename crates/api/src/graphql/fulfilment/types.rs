//! A parcel.

use std::sync::Arc;

use app::as_of::AsOf;
use app::bus::{Loaded, Outcome};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use domain::fulfilment::Fulfilment as FulfilmentData;

use crate::graphql::audit::types::Event;
use crate::graphql::call::Call;
use crate::graphql::connection::Connection;
use crate::graphql::errors::failure;
use crate::graphql::history::history;
use crate::graphql::money::Money;
use crate::graphql::scalars::DateTime;

/// How far a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::fulfilment::FulfilmentState")]
pub enum FulfilmentStatus {
    /// Nobody asked for it yet.
    Absent,
    /// The warehouse was asked.
    Requested,
    /// The parcel is packed; it stays until its money is taken.
    Packed,
    /// A carrier has the parcel.
    HandedOver,
    /// The parcel arrived.
    Delivered,
    /// The carrier gave the parcel up.
    Lost,
    /// The work was called off.
    Cancelled,
}

/// The work of one warehouse for one order: a parcel.
#[derive(Clone, Debug)]
pub struct Fulfilment {
    id: String,
    version: u64,
    state: Arc<FulfilmentData>,
    as_of: AsOf,
}

/// What is in a parcel.
#[derive(Clone, Debug, SimpleObject)]
pub struct FulfilmentLine {
    /// The order's line.
    pub line_id: ID,
    /// What.
    pub sku: String,
    /// How many units.
    pub quantity: i64,
}

impl Fulfilment {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<FulfilmentData>) -> Self {
        Self { id: outcome.id.clone(), version: outcome.version, state: outcome.state.clone(), as_of: AsOf::Now }
    }

    /// Shows a parcel that was loaded.
    pub(crate) fn loaded(id: &str, loaded: Loaded<FulfilmentData>) -> Self {
        Self { id: id.to_owned(), version: loaded.version, state: loaded.state, as_of: AsOf::Now }
    }

    /// Returns whether it was asked for.
    pub(crate) fn exists(&self) -> bool {
        self.version > 0
    }

    /// Says that it is shown as it was, or as it is.
    pub(crate) fn shown_as_of(self, as_of: AsOf) -> Self {
        Self { as_of, ..self }
    }
}

/// The work of one warehouse for one order: a parcel.
#[Object]
impl Fulfilment {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// How many events it has.
    async fn version(&self) -> u64 {
        self.version
    }

    /// How far it is.
    async fn status(&self) -> FulfilmentStatus {
        self.state.state().into()
    }

    /// The order.
    async fn order_id(&self) -> Option<ID> {
        self.state.order().map(|order| ID(order.to_string()))
    }

    /// Other orders whose parcels go to the same door, as it is now: the order that its own was added to, and what else was. Pack
    /// together what of them is in the same warehouse.
    async fn ships_with_order_ids(&self, ctx: &Context<'_>) -> Result<Vec<ID>> {
        let Some(order) = self.state.order() else { return Ok(Vec::new()) };
        let along = app::order::goes_along_with(&Call::of(ctx)?.state.shop, order).await.map_err(failure)?;
        Ok(along.into_iter().map(|order| ID(order.to_string())).collect())
    }

    /// The warehouse.
    async fn location(&self) -> Option<&str> {
        self.state.location().map(|location| location.as_str())
    }

    /// What is in it.
    async fn lines(&self) -> Vec<FulfilmentLine> {
        let lines = self.state.lines().iter();
        lines
            .map(|line| FulfilmentLine {
                line_id: ID(line.line.to_string()),
                sku: line.sku.to_string(),
                quantity: line.quantity.units(),
            })
            .collect()
    }

    /// The share of what the buyer pays that is taken once it is packed.
    async fn share(&self) -> Option<Money> {
        self.state.share().map(Into::into)
    }

    /// Whether its money was taken, so that it may leave.
    async fn is_released(&self) -> bool {
        self.state.is_released()
    }

    /// The carrier: of the label that was booked, then the one that has the parcel.
    async fn carrier(&self) -> Option<&str> {
        let booked = self.state.label().map(|(carrier, _)| carrier);
        self.state.carrier().or(booked).map(|carrier| carrier.as_str())
    }

    /// The carrier's number of the parcel.
    async fn tracking(&self) -> Option<&str> {
        let booked = self.state.label().map(|(_, tracking)| tracking);
        self.state.tracking().or(booked).map(|tracking| tracking.as_str())
    }

    /// When a carrier took it.
    async fn handed_over_at(&self) -> Option<DateTime> {
        self.state.handed_over_at().map(Into::into)
    }

    /// When it arrived.
    async fn delivered_at(&self) -> Option<DateTime> {
        self.state.delivered_at().map(Into::into)
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<FulfilmentData>(ctx, &self.id, self.as_of, (first, after)).await
    }
}
