//! What is asked of the payment provider, and what is recorded of its answers. A wish is recorded before it is sent.

use app::bus::Request;
use app::error::AppError;
use app::payment::record;
use domain::order::Order;
use domain::payment::{MovementState, Payment, PaymentCommand, PaymentStatus};
use domain::values::{Money, OrderId, PaymentId, ShortText};

use super::{GatewayWork, words};
use crate::checkout::{CheckoutInput as Input, UNDO_PREFIX};
use crate::engine::StepError;
use crate::ports::{
    AuthoriseAnswer, AuthoriseRequest, BuyerPresence, CaptureAnswer, CaptureRequest, RefundAnswer, RefundRequest,
    VoidAnswer,
};

/// What became of a wish to give money back.
pub(super) enum Refunded {
    /// It is on its way.
    Done,
    /// The provider will tell.
    Pending,
    /// It cannot go back this way.
    Failed(String),
}

/// Returns whether a capture takes all that was ever held, so that the provider may end the hold with it. Parts never do:
/// they are asked for side by side, and what is left at that moment is another number when one is asked for again under
/// its name, which a provider refuses.
fn takes_whole_hold(payment: &Payment, amount: Money) -> bool {
    amount == payment.authorised()
}

impl GatewayWork {
    pub(super) async fn authorise(
        &self,
        order: &OrderId,
        payment: &PaymentId,
        request: &Request,
    ) -> Result<Input, StepError> {
        let (wish, command) = self.wish_of(order, payment, BuyerPresence::There).await?;
        // The process has recorded what it asks for, so the provider may be asked while the payment's own record begins.
        let commands = [command];
        let initiated = self.shop.bus.begin_all::<Payment>(payment.as_str(), request, &commands);
        let (initiated, answer) = tokio::join!(initiated, self.payments.authorise(&wish));
        initiated?;
        let answer = answer?;
        self.record_authorisation(payment, &answer, request).await?;
        self.authorisation_input(payment).await
    }

    /// Says what is asked of the provider, and how the attempt's own record begins.
    pub(super) async fn wish_of(
        &self,
        order: &OrderId,
        payment: &PaymentId,
        buyer: BuyerPresence,
    ) -> Result<(AuthoriseRequest, PaymentCommand), StepError> {
        let (amount, method) = self.asked_amount(order, payment).await?;
        let command = PaymentCommand::Initiate { order: order.clone(), amount, method: method.clone() };
        let (payment, order, method) = (payment.clone(), order.clone(), method.to_string());
        Ok((AuthoriseRequest { payment, order, amount, method, buyer }, command))
    }

    /// Records what a provider says of an attempt. What is known already, or overtaken, changes nothing.
    pub(super) async fn record_authorisation(
        &self,
        payment: &PaymentId,
        answer: &AuthoriseAnswer,
        request: &Request,
    ) -> Result<(), StepError> {
        let command = match answer {
            AuthoriseAnswer::Authorised { provider_reference, amount, expires_at } => {
                PaymentCommand::RecordAuthorisation {
                    provider_reference: words(provider_reference)?,
                    amount: *amount,
                    expires_at: *expires_at,
                }
            }
            AuthoriseAnswer::ActionRequired { provider_reference, action_url } => {
                PaymentCommand::RecordActionRequired {
                    provider_reference: words(provider_reference)?,
                    action_url: action_url.clone(),
                }
            }
            AuthoriseAnswer::Declined { code } => PaymentCommand::RecordDecline { code: code.clone() },
            AuthoriseAnswer::Cancelled => return Ok(()),
        };
        match record(&self.shop, request, payment, command).await {
            Ok(_) => Ok(()),
            Err(AppError::Refused(refused)) if refused.code == "ILLEGAL_TRANSITION" => {
                tracing::info!(%payment, code = refused.code, "an answer of the provider was overtaken");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Says where an attempt stands by what is recorded of it.
    pub(super) async fn authorisation_input(&self, payment: &PaymentId) -> Result<Input, StepError> {
        let state = self.payment(payment).await?;
        let payment = payment.clone();
        if state.late_authorisation().is_some() {
            return Ok(Input::AuthorisedTooLate { payment });
        }
        Ok(match state.status() {
            PaymentStatus::Authorised => Input::Authorised { payment, expires_at: state.expires_at() },
            PaymentStatus::ActionRequired => {
                Input::ActionRequired { payment, url: state.action_url().unwrap_or_default().to_owned() }
            }
            PaymentStatus::Declined => {
                Input::Declined { payment, code: state.decline_code().unwrap_or_default().to_owned() }
            }
            PaymentStatus::Absent
            | PaymentStatus::Initiated
            | PaymentStatus::VoidRequested
            | PaymentStatus::Voided
            | PaymentStatus::Expired => Input::Done,
        })
    }

    async fn asked_amount(&self, order: &OrderId, payment: &PaymentId) -> Result<(Money, ShortText), StepError> {
        let state = self.shop.bus.load::<Order>(order.as_str()).await.map_err(StepError::from)?.state;
        let missing = || StepError::Stuck(format!("the order has no payment {payment}"));
        let amount = state.payment_amount(payment).ok_or_else(missing)?;
        let method = state.payment_method(payment).cloned().ok_or_else(missing)?;
        Ok((amount, method))
    }

    /// Takes a share of the held money; `None` when it is taken, else the provider's code.
    pub(super) async fn capture(
        &self,
        payment: &PaymentId,
        (capture, amount): (&str, Money),
        is_last: bool,
        request: &Request,
    ) -> Result<Option<String>, StepError> {
        let command = PaymentCommand::RequestCapture { capture: capture.to_owned(), amount };
        let state = match record(&self.shop, request, payment, command).await {
            Ok(outcome) => outcome.state,
            Err(AppError::Refused(refused)) => return Ok(Some(refused.code.to_owned())),
            Err(error) => return Err(error.into()),
        };
        if state.capture(capture).is_some_and(|movement| movement.state == MovementState::Done) {
            return Ok(None);
        }
        let reference = state.provider_reference().map(ToString::to_string).unwrap_or_default();
        let is_final = is_last || takes_whole_hold(&state, amount);
        let wish = CaptureRequest {
            payment: payment.clone(),
            provider_reference: reference,
            capture: capture.to_owned(),
            amount,
            is_final,
        };
        let (command, failure) = match self.payments.capture(&wish).await? {
            CaptureAnswer::Captured => (PaymentCommand::RecordCapture { capture: capture.to_owned() }, None),
            CaptureAnswer::Failed { code } => {
                let capture = capture.to_owned();
                (PaymentCommand::RecordCaptureFailure { capture, code: code.clone() }, Some(code))
            }
        };
        record(&self.shop, request, payment, command).await?;
        Ok(failure)
    }

    /// Gives money back under a name; the wish may be recorded already.
    pub(super) async fn refund(
        &self,
        payment: &PaymentId,
        refund: &str,
        amount: Money,
        request: &Request,
    ) -> Result<Refunded, StepError> {
        let reason = words("refund")?;
        let command = PaymentCommand::RequestRefund { refund: refund.to_owned(), amount, reason };
        let state = record(&self.shop, request, payment, command).await?.state;
        if state.refund(refund).is_some_and(|movement| movement.state == MovementState::Done) {
            return Ok(Refunded::Done);
        }
        let wish = RefundRequest {
            payment: payment.clone(),
            provider_reference: state.provider_reference().map(ToString::to_string).unwrap_or_default(),
            refund: refund.to_owned(),
            amount,
        };
        let refund = refund.to_owned();
        let (command, answer) = match self.payments.refund(&wish).await? {
            RefundAnswer::Refunded => (PaymentCommand::RecordRefund { refund }, Refunded::Done),
            RefundAnswer::Failed { code } => {
                (PaymentCommand::RecordRefundFailure { refund, code: code.clone() }, Refunded::Failed(code))
            }
            RefundAnswer::Pending => return Ok(Refunded::Pending),
        };
        record(&self.shop, request, payment, command).await?;
        Ok(answer)
    }

    /// Lets go what an attempt holds, or may still come to hold, and gives back what it took.
    pub(super) async fn undo_payment(
        &self,
        order: &OrderId,
        payment: &PaymentId,
        round: u32,
        request: &Request,
    ) -> Result<Input, StepError> {
        let (amount, method) = self.asked_amount(order, payment).await?;
        // The attempt may not have begun: then it begins here and is called off at once, so that a late one is refused.
        let command = PaymentCommand::Initiate { order: order.clone(), amount, method };
        let mut state = record(&self.shop, request, payment, command).await?.state;
        if state.capture_pending().minor() > 0 {
            return Err(StepError::Later("a capture is under way: its answer says what is to be undone".to_owned()));
        }
        let is_asked = state.status() == PaymentStatus::VoidRequested;
        if is_asked || state.capturable().minor() > 0 || state.captured().minor() == 0 {
            self.void(payment, request).await?;
            state = self.payment(payment).await?;
        }
        let name = format!("{UNDO_PREFIX}{round}");
        // What was asked for before and had no answer is asked for again as it was: it is no longer refundable, it is pending.
        let asked = state.refund(&name).filter(|asked| asked.state == MovementState::Requested);
        let taken = asked.map_or_else(|| state.refundable(), |asked| asked.amount);
        let mut input = Input::PaymentUndone { payment: payment.clone() };
        if taken.minor() > 0 {
            match self.refund(payment, &name, taken, request).await? {
                Refunded::Done | Refunded::Pending => {}
                Refunded::Failed(code) => input = Input::PaymentNotUndone { payment: payment.clone(), code },
            }
        }
        self.note_payment(order, payment, request).await?;
        Ok(input)
    }

    pub(super) async fn void(&self, payment: &PaymentId, request: &Request) -> Result<(), StepError> {
        let reason = words("the order is undone")?;
        record(&self.shop, request, payment, PaymentCommand::RequestVoid { reason }).await?;
        let state = self.payment(payment).await?;
        let reference = state.late_authorisation().or(state.provider_reference()).map(ToString::to_string);
        match self.payments.void(payment, reference.as_deref()).await? {
            VoidAnswer::Voided => _ = record(&self.shop, request, payment, PaymentCommand::RecordVoid).await?,
            // The rest of what was taken in part is let go, and none of it is under way.
            VoidAnswer::AlreadyCaptured if state.captured().minor() > 0 => {
                _ = record(&self.shop, request, payment, PaymentCommand::RecordVoid).await?;
            }
            // The provider took the money under a name of ours: its notice will say which, and that can be refunded.
            VoidAnswer::AlreadyCaptured => {
                return Err(StepError::Later("the provider has captured and not told it yet".to_owned()));
            }
        }
        Ok(())
    }

    pub(super) async fn payment(&self, payment: &PaymentId) -> Result<std::sync::Arc<Payment>, StepError> {
        Ok(self.shop.bus.load::<Payment>(payment.as_str()).await?.state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::standing::tests::{euro, held, tell};
    use super::*;

    #[test]
    fn a_part_asks_for_the_same_however_far_the_others_are() {
        let mut payment = held();
        let mut asked = Vec::new();
        for (capture, minor) in [("one", 244), ("two", 999)] {
            tell(&mut payment, &PaymentCommand::RequestCapture { capture: capture.to_owned(), amount: euro(minor) });
            asked.push([244, 999].map(|minor| takes_whole_hold(&payment, euro(minor))));
        }
        tell(&mut payment, &PaymentCommand::RecordCapture { capture: "two".to_owned() });
        asked.push([244, 999].map(|minor| takes_whole_hold(&payment, euro(minor))));
        assert_eq!(asked, [[false, false]; 3]);
    }

    #[test]
    fn a_capture_of_everything_ends_the_hold() {
        let mut payment = held();
        tell(&mut payment, &PaymentCommand::RequestCapture { capture: "all".to_owned(), amount: euro(1_243) });
        assert!(takes_whole_hold(&payment, euro(1_243)));
    }
}
