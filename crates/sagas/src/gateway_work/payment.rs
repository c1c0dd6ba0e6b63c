//! What is asked of the payment provider, and what is recorded of its answers. A wish is recorded before it is sent.

use app::bus::Request;
use app::error::AppError;
use app::payment::record;
use domain::order::{Order, OrderCommand, OrderStatus, PaymentStatus as OrderPayment};
use domain::payment::{MovementState, Payment, PaymentCommand, PaymentStatus};
use domain::values::{Money, OrderId, PaymentId, ShortText};

use super::{GatewayWork, words};
use crate::checkout::{CheckoutInput as Input, UNDO_PREFIX};
use crate::engine::StepError;
use crate::ports::{
    AuthoriseAnswer, AuthoriseRequest, BuyerPresence, CaptureAnswer, CaptureRequest, RefundAnswer, RefundRequest,
    VoidAnswer,
};

/// How often a payment is looked at again while it moves.
const NOTES_MAX: u32 = 16;

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

    async fn void(&self, payment: &PaymentId, request: &Request) -> Result<(), StepError> {
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

    /// Notes on the order where its money stands, once it is confirmed whichever attempt has moved.
    pub(super) async fn note_payment(
        &self,
        order: &OrderId,
        payment: &PaymentId,
        request: &Request,
    ) -> Result<(), StepError> {
        let mut noted = None;
        for _ in 0..NOTES_MAX {
            let command = self.payment_record(order, payment).await?;
            // Looked at again after writing: of two notes side by side the last one to write has seen the last move.
            if command.is_none() || command == noted {
                return Ok(());
            }
            if let Some(command) = command.clone() {
                self.shop.bus.execute::<Order>(order.as_str(), request, command).await?;
            }
            noted = command;
        }
        Err(StepError::Later("the payment moves all the time".to_owned()))
    }

    /// Says what the order should note; nothing for an attempt that another has replaced before the order was confirmed.
    pub(super) async fn payment_record(
        &self,
        order: &OrderId,
        payment: &PaymentId,
    ) -> Result<Option<OrderCommand>, StepError> {
        let order = self.shop.bus.load::<Order>(order.as_str()).await?.state;
        if order.is_paid_in_parts() {
            return Ok(Some(self.record_of_parts(&order).await?));
        }
        let speaking = self.speaking_payment(&order).await?;
        let speaks = |speaking: &PaymentId| order.status() != OrderStatus::Placed || speaking == payment;
        let Some(speaking) = speaking.filter(speaks) else { return Ok(None) };
        let state = self.payment(&speaking).await?;
        let (authorised, captured, refunded) = (state.authorised(), state.captured(), state.refunded());
        Ok(Some(OrderCommand::RecordPayment {
            status: order_payment(&state, order.payable_left()),
            authorised,
            captured,
            refunded,
        }))
    }

    /// Says what the order should note of several payments: what they hold, have taken and given back together.
    async fn record_of_parts(&self, order: &Order) -> Result<OrderCommand, StepError> {
        let mut payments = Vec::with_capacity(order.payments().len());
        for payment in order.payments() {
            payments.push(self.payment(payment).await?);
        }
        let sum = |of: fn(&Payment) -> Money| payments.iter().map(|payment| of(payment).minor()).sum::<i64>();
        let owed = order.payable_left();
        let money = |minor| Money::new(minor, owed.currency());
        let (captured, refunded) = (money(sum(Payment::captured)), money(sum(Payment::refunded)));
        let authorised = money(sum(Payment::authorised) - sum(Payment::let_go));
        let status = match captured.minor() {
            0 if authorised >= owed => OrderPayment::Authorised,
            0 => unpaid_part(payments.last().map(|payment| payment.status()), authorised),
            _ => taken(captured, refunded, authorised.min(owed)),
        };
        Ok(OrderCommand::RecordPayment { status, authorised, captured, refunded })
    }

    pub(super) async fn payment(&self, payment: &PaymentId) -> Result<std::sync::Arc<Payment>, StepError> {
        Ok(self.shop.bus.load::<Payment>(payment.as_str()).await?.state)
    }
}

/// Says in the order's words where a payment stands of which an amount is owed.
fn order_payment(payment: &Payment, owed: Money) -> OrderPayment {
    let (authorised, captured, refunded) = (payment.authorised(), payment.captured(), payment.refunded());
    if captured.minor() > 0 {
        let whole = if payment.let_go().minor() == 0 { authorised.min(owed) } else { captured };
        return taken(captured, refunded, whole);
    }
    attempt_status(payment.status())
}

/// Says where money stands of which some was taken, and all once it is the whole.
fn taken(captured: Money, refunded: Money, whole: Money) -> OrderPayment {
    match refunded.minor() {
        0 if captured < whole => OrderPayment::PartiallyCaptured,
        0 => OrderPayment::Captured,
        _ if refunded < captured => OrderPayment::PartiallyRefunded,
        _ => OrderPayment::Refunded,
    }
}

/// Says where an order stands of which a part is not held: what the last attempt waits for or was told; else that a part is held.
fn unpaid_part(last: Option<PaymentStatus>, held: Money) -> OrderPayment {
    match last.map_or(OrderPayment::Pending, attempt_status) {
        OrderPayment::Authorised | OrderPayment::Pending | OrderPayment::Voided if held.minor() > 0 => {
            OrderPayment::PartiallyAuthorised
        }
        status => status,
    }
}

/// Says in the order's words where an attempt stands of which nothing was taken.
fn attempt_status(status: PaymentStatus) -> OrderPayment {
    match status {
        PaymentStatus::Absent | PaymentStatus::Initiated => OrderPayment::Pending,
        PaymentStatus::ActionRequired => OrderPayment::RequiresAction,
        PaymentStatus::Authorised => OrderPayment::Authorised,
        PaymentStatus::Declined => OrderPayment::Declined,
        PaymentStatus::VoidRequested | PaymentStatus::Voided | PaymentStatus::Expired => OrderPayment::Voided,
    }
}

#[cfg(test)]
mod tests {
    use domain::decider::Decider;
    use domain::values::{Currency, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn euro(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    fn tell(payment: &mut Payment, command: &PaymentCommand) {
        for fact in payment.decide(command).expect("the payment allows it") {
            payment.evolve(&fact);
        }
    }

    fn held() -> Payment {
        let mut payment = Payment::default();
        let method: ShortText = "pm_card_visa".parse().expect("it is a text");
        let order = OrderId::from_uuid(Uuid::from_u128(1));
        tell(&mut payment, &PaymentCommand::Initiate { order, amount: euro(1_243), method: method.clone() });
        let expires_at = Timestamp::from_micros(1);
        let held = PaymentCommand::RecordAuthorisation { provider_reference: method, amount: euro(1_243), expires_at };
        tell(&mut payment, &held);
        payment
    }

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

    fn take(payment: &mut Payment, capture: &str, minor: i64) {
        let capture = capture.to_owned();
        tell(payment, &PaymentCommand::RequestCapture { capture: capture.clone(), amount: euro(minor) });
        tell(payment, &PaymentCommand::RecordCapture { capture });
    }

    fn give_back(payment: &mut Payment, refund: &str, minor: i64) {
        let (refund, reason) = (refund.to_owned(), words("refund").expect("a reason"));
        tell(payment, &PaymentCommand::RequestRefund { refund: refund.clone(), amount: euro(minor), reason });
        tell(payment, &PaymentCommand::RecordRefund { refund });
    }

    fn let_go(payment: &mut Payment) {
        tell(payment, &PaymentCommand::RequestVoid { reason: words("no").expect("a reason") });
        tell(payment, &PaymentCommand::RecordVoid);
    }

    #[test]
    fn before_money_is_taken_an_order_says_what_its_payment_says() {
        let owed = euro(1_243);
        assert_eq!(order_payment(&Payment::default(), owed), OrderPayment::Pending);
        assert_eq!(order_payment(&held(), owed), OrderPayment::Authorised);
        let begun = || {
            let (mut payment, order) = (Payment::default(), OrderId::from_uuid(Uuid::from_u128(1)));
            let method = words("pm_card_visa").expect("a token");
            tell(&mut payment, &PaymentCommand::Initiate { order, amount: euro(1_243), method });
            payment
        };
        assert_eq!(order_payment(&begun(), owed), OrderPayment::Pending);
        let mut asked = begun();
        let (provider_reference, action_url) = (words("pi_1").expect("a name"), "https://bank.example".to_owned());
        tell(&mut asked, &PaymentCommand::RecordActionRequired { provider_reference, action_url });
        assert_eq!(order_payment(&asked, owed), OrderPayment::RequiresAction);
        tell(&mut asked, &PaymentCommand::RecordDecline { code: "lost_card".to_owned() });
        assert_eq!(order_payment(&asked, owed), OrderPayment::Declined);
        let mut voided = held();
        tell(&mut voided, &PaymentCommand::RequestVoid { reason: words("no").expect("a reason") });
        assert_eq!(order_payment(&voided, owed), OrderPayment::Voided);
        tell(&mut voided, &PaymentCommand::RecordVoid);
        assert_eq!(order_payment(&voided, owed), OrderPayment::Voided);
        let mut expired = held();
        tell(&mut expired, &PaymentCommand::RecordExpiry { now: Timestamp::from_micros(1) });
        assert_eq!(order_payment(&expired, owed), OrderPayment::Voided);
    }

    #[test]
    fn what_is_taken_is_taken_in_part_while_more_is_held_and_owed() {
        let mut payment = held();
        take(&mut payment, "one", 243);
        assert_eq!(order_payment(&payment, euro(1_243)), OrderPayment::PartiallyCaptured);
        assert_eq!(order_payment(&payment, euro(244)), OrderPayment::PartiallyCaptured);
        assert_eq!(order_payment(&payment, euro(243)), OrderPayment::Captured, "no more is owed");
        let mut stopped = payment.clone();
        let_go(&mut stopped);
        assert_eq!(order_payment(&stopped, euro(1_243)), OrderPayment::Captured, "no more is held");
        take(&mut payment, "two", 1_000);
        assert_eq!(order_payment(&payment, euro(1_243)), OrderPayment::Captured);
        give_back(&mut payment, "a", 1_242);
        assert_eq!(order_payment(&payment, euro(1_243)), OrderPayment::PartiallyRefunded);
        give_back(&mut payment, "b", 1);
        assert_eq!(order_payment(&payment, euro(1_243)), OrderPayment::Refunded);
    }
}
