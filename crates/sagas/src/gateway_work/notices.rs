//! What the payment provider tells by itself. Its webhook and the browser that comes back from the bank feed one process.

use app::actor::Actor;
use app::bus::{Cause, CommandKey, Request};
use app::error::AppError;
use app::payment::record;
use domain::order::Order;
use domain::payment::PaymentCommand;
use domain::values::OrderId;

use super::{GatewayWork, words};
use crate::engine::StepError;
use crate::ports::{NoticeError, PaymentNotice, PaymentNoticeKind};

/// The longest id of a notice, bytes. Stripe's have at most 255 (<https://docs.stripe.com/upgrades>).
const NOTICE_ID_BYTES_MAX: usize = 255;

/// Why a notice was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum NoticeFailure {
    /// It is not accepted; telling it again cannot help.
    #[error(transparent)]
    NotAccepted(#[from] NoticeError),
    /// It could not be stored; the provider should tell it again.
    #[error("the notice could not be stored")]
    NotStored(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl GatewayWork {
    pub(crate) async fn receive_notice(&self, signature: &str, body: &[u8]) -> Result<(), NoticeFailure> {
        let notice = self.payments.read_notice(signature, body, self.shop.clock.now())?;
        let failed = |error: StepError| NoticeFailure::NotStored(error.to_string().into());
        let Some(command) = command_of(&notice)? else { return Ok(()) };
        // The provider's id of the notice is the command's: however often it is told, it counts once.
        let key = CommandKey { key: notice.id.clone(), fingerprint: notice.id.clone() };
        let Some(conversation) = self.conversation_of(&notice).await.map_err(failed)? else {
            let (notice, payment) = (&notice.id, &notice.payment);
            tracing::info!(notice, %payment, "a notice came before its payment began, whose own answer says the same");
            return Ok(());
        };
        let cause = Cause::of(notice.id.clone(), conversation);
        let request = Request::new(Actor::system("payment_provider"), cause).keyed(Some(key));
        match record(&self.shop, &request, &notice.payment, command).await {
            Ok(_) => Ok(()),
            Err(AppError::Refused(refused)) => {
                let (payment, code) = (&notice.payment, refused.code);
                tracing::info!(notice = notice.id, %payment, code, "a notice was overtaken by what is known");
                Ok(())
            }
            Err(error) => Err(NoticeFailure::NotStored(error.into())),
        }
    }

    /// Returns the conversation of a payment's order; none where the payment has not begun. The provider may tell of it while
    /// its beginning is still being stored.
    async fn conversation_of(&self, notice: &PaymentNotice) -> Result<Option<String>, StepError> {
        let payment = self.payment(&notice.payment).await?;
        let Some(order) = payment.order() else { return Ok(None) };
        let order_state = self.shop.bus.load::<Order>(order.as_str()).await;
        let cart = order_state.ok().and_then(|order| order.state.sale().map(|sale| sale.cart.to_string()));
        Ok(Some(cart.unwrap_or_else(|| order.to_string())))
    }

    pub(crate) async fn refresh_payment(&self, order: &OrderId, request: &Request) -> Result<(), AppError> {
        let found = app::order::find(&self.shop, &request.actor, order).await?.state;
        let Some(payment) = found.payments().last() else {
            return Err(app::error::Refused::not_found("payment").into());
        };
        let answer = self
            .payments
            .find(payment)
            .await
            .map_err(|error| AppError::Unavailable { in_doubt: false, source: Box::new(error) })?;
        if let Some(answer) = answer {
            self.record_authorisation(payment, &answer, request).await.map_err(failure)?;
        }
        Ok(())
    }
}

/// Says to whoever asked why nothing could be recorded: what may go well later is no failure inside.
fn failure(error: StepError) -> AppError {
    match error {
        StepError::Later(_) => AppError::Unavailable { in_doubt: true, source: Box::new(error) },
        StepError::Stuck(_) => AppError::broken(error),
    }
}

/// Says what to record of a notice; nothing for kinds the shop does not act on.
fn command_of(notice: &PaymentNotice) -> Result<Option<PaymentCommand>, NoticeError> {
    // What can never be stored is no notice: refused as one that may be told again, it would come for days.
    let is_name = notice.id.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_name || !(1..=NOTICE_ID_BYTES_MAX).contains(&notice.id.len()) {
        return Err(NoticeError::BodyMalformed);
    }
    let provider_reference = words(&notice.provider_reference).map_err(|_| NoticeError::BodyMalformed)?;
    Ok(Some(match &notice.kind {
        PaymentNoticeKind::Authorised { amount, expires_at } => {
            PaymentCommand::RecordAuthorisation { provider_reference, amount: *amount, expires_at: *expires_at }
        }
        PaymentNoticeKind::ActionRequired { action_url } => {
            PaymentCommand::RecordActionRequired { provider_reference, action_url: action_url.clone() }
        }
        PaymentNoticeKind::Declined { code } => PaymentCommand::RecordDecline { code: code.clone() },
        PaymentNoticeKind::Voided => PaymentCommand::RecordVoid,
        PaymentNoticeKind::Captured { capture } => PaymentCommand::RecordCapture { capture: capture.clone() },
        PaymentNoticeKind::Refunded { refund } => PaymentCommand::RecordRefund { refund: refund.clone() },
        PaymentNoticeKind::RefundFailed { refund, code } => {
            PaymentCommand::RecordRefundFailure { refund: refund.clone(), code: code.clone() }
        }
        PaymentNoticeKind::Other { name } => {
            tracing::debug!(notice = notice.id, name, "a notice of a kind that needs nothing");
            return Ok(None);
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_fails_for_a_moment_is_unavailable_and_nothing_worse() {
        assert!(matches!(failure(StepError::Later("no log".to_owned())), AppError::Unavailable { in_doubt: true, .. }));
        assert!(matches!(failure(StepError::Stuck("no order".to_owned())), AppError::Broken(_)));
    }
    #[test]
    fn a_notice_that_can_never_be_stored_is_refused_for_good() {
        let kind = PaymentNoticeKind::Voided;
        let payment: domain::values::PaymentId = domain::values::PaymentId::from_uuid(uuid::Uuid::from_u128(7));
        let notice = |id: &str, reference: &str| {
            let (id, provider_reference) = (id.to_owned(), reference.to_owned());
            command_of(&PaymentNotice { id, payment: payment.clone(), provider_reference, kind: kind.clone() })
        };
        assert!(matches!(notice("evt_1", "pi_1"), Ok(Some(PaymentCommand::RecordVoid))));
        for (id, reference) in [("", "pi_1"), (&"e".repeat(256), "pi_1"), ("evt\0", "pi_1"), ("evt_1", "")] {
            assert_eq!(notice(id, reference).err(), Some(NoticeError::BodyMalformed), "{id:?} {reference:?}");
        }
    }
}
