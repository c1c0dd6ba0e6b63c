//! What a mutation answers: what it led to, folded from the write side, or why not.

use app::bus::Outcome;
use app::error::AppError;
use async_graphql::{Enum, ID, Interface, OutputType, Result, SimpleObject};

use super::call::Call;
use super::cart::types::Cart;
use super::catalog::types::{Category, Product, Variant};
use super::errors::{DomainError, refusals};
use super::fulfilment::types::Fulfilment;
use super::order::types::Order;
use super::payment::types::Payment;
use super::promotion::types::Promotion;
use super::returns::types::Return;
use super::returns::withdraw::Withdrawal;
use super::scalars::Position;
use super::session::types::{AccessToken, Session};
use super::stock::types::StockLevel;
use super::tasks::types::Task;

/// What the server did on its own or has not finished yet. The list grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum WarningCode {
    /// The checkout has no answer yet: follow the order.
    CheckoutPending,
}

/// A change that the server made on its own, or something it has not finished yet.
#[derive(Clone, Debug, SimpleObject)]
pub struct Warning {
    /// What to branch on.
    pub code: WarningCode,
    /// For people who build clients.
    pub message: String,
    /// What it is about.
    pub target: Option<ID>,
}

/// What a command led to.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(concrete(name = "CartPayload", params(Cart)))]
#[graphql(concrete(name = "OrderPayload", params(Order)))]
#[graphql(concrete(name = "PaymentPayload", params(Payment)))]
#[graphql(concrete(name = "FulfilmentPayload", params(Fulfilment)))]
#[graphql(concrete(name = "ReturnPayload", params(Return)))]
#[graphql(concrete(name = "WithdrawalPayload", params(Withdrawal)))]
#[graphql(concrete(name = "PromotionPayload", params(Promotion)))]
#[graphql(concrete(name = "StockPayload", params(StockLevel)))]
#[graphql(concrete(name = "ProductPayload", params(Product)))]
#[graphql(concrete(name = "VariantPayload", params(Variant)))]
#[graphql(concrete(name = "CategoryPayload", params(Category)))]
#[graphql(concrete(name = "TaskPayload", params(Task)))]
#[graphql(concrete(name = "SessionPayload", params(Session)))]
#[graphql(concrete(name = "TokenPayload", params(AccessToken)))]
pub struct Payload<T: OutputType> {
    /// What it led to, folded from the events it wrote; null where it was refused.
    pub result: Option<T>,
    /// Why it was refused; empty where it was not.
    pub errors: Vec<DomainError>,
    /// What the server changed on its own or has not finished yet.
    pub warnings: Vec<Warning>,
    /// Read after this position to see it; null where nothing changed.
    pub position: Option<Position>,
    /// Whether this is the answer of an earlier command under the same idempotency key.
    pub replayed: bool,
}

/// What every command answers, beside its result.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "errors", ty = "&Vec<DomainError>", desc = "Why it was refused; empty where it was not."),
    field(
        name = "warnings",
        ty = "&Vec<Warning>",
        desc = "What the server changed on its own or has not finished yet."
    ),
    field(name = "position", ty = "&Option<Position>", desc = "Read after this position to see it."),
    field(name = "replayed", ty = "&bool", desc = "Whether this is the answer of an earlier command.")
)]
pub enum CommandPayload {
    /// A cart.
    Cart(Payload<Cart>),
    /// An order.
    Order(Payload<Order>),
    /// A payment.
    Payment(Payload<Payment>),
    /// A parcel.
    Fulfilment(Payload<Fulfilment>),
    /// A return.
    Return(Payload<Return>),
    /// A withdrawal from the contract.
    Withdrawal(Payload<Withdrawal>),
    /// A stock level.
    Stock(Payload<StockLevel>),
    /// A promotion.
    Promotion(Payload<Promotion>),
    /// A product.
    Product(Payload<Product>),
    /// A variant.
    Variant(Payload<Variant>),
    /// A category.
    Category(Payload<Category>),
    /// A task.
    Task(Payload<Task>),
    /// A session.
    Session(Payload<Session>),
    /// A token.
    Token(Payload<AccessToken>),
}

impl<T: OutputType> Payload<T> {
    /// Makes the payload of a command that was refused.
    pub(crate) fn refused(errors: Vec<DomainError>) -> Self {
        Self { result: None, errors, warnings: Vec::new(), position: None, replayed: false }
    }

    /// Makes the payload of a command that led to something outside the log.
    pub(crate) fn done(result: T) -> Self {
        Self { result: Some(result), errors: Vec::new(), warnings: Vec::new(), position: None, replayed: false }
    }
}

impl Call<'_> {
    /// Answers with what a command led to, or with its refusals.
    ///
    /// # Errors
    /// Failures, as top-level errors.
    pub(crate) fn answer<D, T: OutputType>(
        &self,
        outcome: Result<Outcome<D>, AppError>,
        show: impl FnOnce(&Outcome<D>) -> T,
    ) -> Result<Payload<T>> {
        match outcome {
            Ok(outcome) => {
                let result = show(&outcome);
                Ok(self.stored(result, outcome.position.map(|position| Position(position.0)), outcome.replayed))
            }
            Err(error) => Ok(Payload::refused(refusals(error)?)),
        }
    }

    /// Answers with something that is stored at a position.
    pub(crate) fn stored<T: OutputType>(&self, result: T, position: Option<Position>, replayed: bool) -> Payload<T> {
        if let Some(position) = position {
            self.request.set_written(position.text());
        }
        Payload { position, replayed, ..Payload::done(result) }
    }
}
