//! What a resolver is called with: the shop, the request, the actor; and how a mutation becomes a command's request.

use app::actor::{Actor, Permission};
use app::bus::{Cause, CommandKey, Request};
use app::error::AppError;
use async_graphql::{Context, Error, Result};
use domain::order::Order;
use domain::values::{Archived, CustomerId, OrderId, Sealed};

use super::ApiState;
use super::errors::failure;
use crate::http::context::RequestContext;
use crate::http::error::ErrorCode as FailureCode;

/// The most items of one page.
pub(crate) const PAGE_MAX: i32 = 100;

/// A resolver's surroundings where the actor is known.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) state: &'a ApiState,
    pub(crate) request: &'a RequestContext,
    pub(crate) actor: &'a Actor,
}

/// Returns the state of the API.
///
/// # Errors
/// INTERNAL when the schema was built without it.
pub(crate) fn state<'a>(ctx: &Context<'a>) -> Result<&'a ApiState> {
    ctx.data::<ApiState>()
}

/// Returns what the request brought along.
///
/// # Errors
/// INTERNAL when the adapter did not add it.
pub(crate) fn request<'a>(ctx: &Context<'a>) -> Result<&'a RequestContext> {
    ctx.data::<RequestContext>()
}

impl<'a> Call<'a> {
    /// Finds the surroundings of a resolver.
    ///
    /// # Errors
    /// UNAUTHENTICATED without an actor.
    pub(crate) fn of(ctx: &Context<'a>) -> Result<Self> {
        let request = request(ctx)?;
        let message = "this needs an access token: send Authorization: Bearer TOKEN; sessionStart gives guests one";
        let actor = request.actor.as_ref().ok_or_else(|| FailureCode::Unauthenticated.error(message))?;
        Ok(Self { state: state(ctx)?, request, actor })
    }

    /// Finds the surroundings of a resolver for someone who holds a permission.
    ///
    /// # Errors
    /// UNAUTHENTICATED without an actor, FORBIDDEN without the permission.
    pub(crate) fn with(ctx: &Context<'a>, permission: Permission) -> Result<Self> {
        let call = Self::of(ctx)?;
        call.actor.require(permission).map_err(|forbidden| failure(forbidden.into()))?;
        Ok(call)
    }

    /// Finds the surroundings of a resolver for someone who holds one of two permissions; the first is named where neither
    /// is held.
    ///
    /// # Errors
    /// UNAUTHENTICATED without an actor, FORBIDDEN without a permission.
    pub(crate) fn with_either(ctx: &Context<'a>, one: Permission, other: Permission) -> Result<Self> {
        if request(ctx)?.actor.as_ref().is_some_and(|actor| actor.may(other)) {
            return Self::of(ctx);
        }
        Self::with(ctx, one)
    }

    /// Returns the customer the actor is.
    ///
    /// # Errors
    /// FORBIDDEN for everyone but shoppers.
    pub(crate) fn customer(&self) -> Result<&'a CustomerId> {
        let message = "this is for shoppers: use a shopper's token";
        self.actor.customer().ok_or_else(|| FailureCode::Forbidden.error(message))
    }

    /// Opens sealed data for its subject and for whoever may read personal data; nobody else is shown any.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or the data is damaged.
    pub(crate) async fn open(&self, sealed: &Sealed) -> Result<Option<String>, AppError> {
        if !self.actor.may_see(sealed.subject(), Permission::PersonalDataRead) {
            return Ok(None);
        }
        Ok(self.state.shop.vault.open(sealed).await?)
    }

    /// Opens what a legal document keeps sealed, for whom [`Call::open`] opens what is sealed.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or the data is damaged.
    pub(crate) async fn open_archived(&self, archived: &Archived) -> Result<Option<String>, AppError> {
        if !self.actor.may_see(archived.subject(), Permission::PersonalDataRead) {
            return Ok(None);
        }
        Ok(self.state.shop.vault.open_archived(archived).await?)
    }

    /// Returns the conversation that an order belongs to: its cart's id, or its own where it is not placed.
    ///
    /// # Errors
    /// [`AppError`] when the store fails.
    pub(crate) async fn correlation_of(&self, order: &OrderId) -> Result<String, AppError> {
        let loaded = self.state.shop.bus.load::<Order>(order.as_str()).await?;
        Ok(loaded.state.sale().map_or_else(|| order.to_string(), |sale| sale.cart.to_string()))
    }

    /// Makes the request of a command that makes something: the conversation is named after it, further in.
    pub(crate) fn command_of_new(&self, command: &Command) -> Request {
        self.command(command, String::new())
    }

    /// Makes a command's request: its key, its cause, the version the client saw.
    pub(crate) fn command(&self, command: &Command, correlation: impl Into<String>) -> Request {
        let name = command.key.as_ref().map_or_else(|| self.state.shop.ids.uuid().to_string(), |key| key.key.clone());
        let cause = Cause::of(name, correlation).because_of(self.request.trace_id.clone());
        Request::new(self.actor.clone(), cause).keyed(command.key.clone()).expecting(command.expected_version)
    }
}

/// What identifies a mutation's command, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Command {
    pub(crate) key: Option<CommandKey>,
    pub(crate) expected_version: Option<u64>,
}

/// Reads the size of a page: 1 to [`PAGE_MAX`].
///
/// # Errors
/// BAD_REQUEST outside of it.
pub(crate) fn page_size(first: i32) -> Result<usize, Error> {
    match usize::try_from(first) {
        Ok(size @ 1..) if first <= PAGE_MAX => Ok(size),
        _ => Err(FailureCode::BadRequest.error(format!("first is {first}: ask for 1 to {PAGE_MAX}"))),
    }
}
