//! What the checkout asks about a hold that ends before its parcels are paid.

use app::bus::Request;
use app::error::AppError;
use app::payment::record;
use domain::order::{Order, OrderCommand};
use domain::payment::{PaymentCommand, PaymentStatus};
use domain::values::{Money, OrderId, PaymentId};

use super::GatewayWork;
use crate::checkout::{CheckoutInput as Input, CheckoutStep as Step};
use crate::engine::StepError;
use crate::ports::{AuthoriseAnswer, BuyerPresence, GatewayError};

type Answer = Result<Input, StepError>;

impl GatewayWork {
    pub(super) async fn perform_on_hold(&self, order: &OrderId, step: &Step, request: &Request) -> Answer {
        match step {
            Step::RenewHold { payment, paid_by, amount } => {
                self.renew_hold(order, payment, (paid_by, *amount), request).await
            }
            Step::Authorise { payment, .. } => self.authorise_anew(order, payment, request).await,
            Step::ExpireHold { payment } => self.expire_hold(order, payment, request).await,
            Step::LetGoRest { payment } => self.let_go_rest(order, payment, request).await,
            other => Err(StepError::Stuck(format!("{other:?} is no work on holds"))),
        }
    }

    /// Begins another attempt with the card of one that pays by now.
    async fn renew_hold(
        &self,
        order: &OrderId,
        payment: &PaymentId,
        (paid_by, amount): (&PaymentId, Option<Money>),
        request: &Request,
    ) -> Answer {
        let state = self.shop.bus.load::<Order>(order.as_str()).await?.state;
        let method = state.payment_method(paid_by).cloned();
        let method = method.ok_or_else(|| StepError::Stuck(format!("the order has no payment {paid_by}")))?;
        let payment = payment.clone();
        let command = OrderCommand::RenewPayment { payment: payment.clone(), method, amount };
        match self.shop.bus.execute::<Order>(order.as_str(), request, command).await {
            Ok(_) => Ok(Input::PaymentRequested { payment, amount }),
            Err(AppError::Refused(refused)) => {
                tracing::info!(%order, code = refused.code, "the hold of an order is not renewed");
                Ok(Input::NotRenewed { payment })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks to hold money without its buyer. A card that the provider does not let us use again is a no, and no mistake.
    async fn authorise_anew(&self, order: &OrderId, payment: &PaymentId, request: &Request) -> Answer {
        let (wish, initiate) = self.wish_of(order, payment, BuyerPresence::Away).await?;
        record(&self.shop, request, payment, initiate).await?;
        let answer = match self.payments.authorise(&wish).await {
            Err(GatewayError::Rejected { code, .. }) => AuthoriseAnswer::Declined { code },
            answer => answer?,
        };
        self.record_authorisation(payment, &answer, request).await?;
        self.authorisation_input(payment).await
    }

    /// Lets go what is held and was not taken. What was taken stays, and where all was taken there is nothing to let go.
    async fn let_go_rest(&self, order: &OrderId, payment: &PaymentId, request: &Request) -> Answer {
        let state = self.payment(payment).await?;
        if state.capture_pending().minor() > 0 {
            return Err(StepError::Later("a capture is under way: its answer says what is to be let go".to_owned()));
        }
        if state.status() == PaymentStatus::VoidRequested || state.capturable().minor() > 0 {
            self.void(payment, request).await?;
        }
        self.note_payment(order, payment, request).await?;
        Ok(Input::Done)
    }

    async fn expire_hold(&self, order: &OrderId, payment: &PaymentId, request: &Request) -> Answer {
        let command = PaymentCommand::RecordExpiry { now: self.shop.clock.now() };
        match record(&self.shop, request, payment, command).await {
            Ok(_) => {}
            // The clock that woke the process was another process's.
            Err(AppError::Refused(refused)) if refused.code == "AUTHORISATION_NOT_EXPIRED" => {
                return Err(StepError::Later(refused.message));
            }
            Err(error) => return Err(error.into()),
        }
        self.note_payment(order, payment, request).await?;
        Ok(Input::HoldExpired { payment: payment.clone() })
    }
}
