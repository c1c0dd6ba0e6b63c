//! Where the money of an order stands, as the order notes it: what its payment says, or several of them together.

use app::bus::Request;
use domain::order::{Order, OrderCommand, OrderStatus, PaymentStatus as OrderPayment};
use domain::payment::{Payment, PaymentStatus};
use domain::values::{Money, OrderId, PaymentId};

use super::GatewayWork;
use crate::engine::StepError;

/// How often a payment is looked at again while it moves.
const NOTES_MAX: u32 = 16;

impl GatewayWork {
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

    /// Returns the attempt whose money is an order's: the one that was taken from, else the one that holds; else the last
    /// one while the order may be paid, and the last one that ever held when it is over. Until it is confirmed, the last.
    async fn speaking_payment(&self, order: &Order) -> Result<Option<PaymentId>, StepError> {
        let payments = order.payments();
        if payments.len() < 2 || order.status() == OrderStatus::Placed {
            return Ok(payments.last().cloned());
        }
        let (mut holding, mut held) = (None, None);
        for payment in payments.iter().rev() {
            let state = self.payment(payment).await?;
            if state.captured().minor() > 0 {
                return Ok(Some(payment.clone()));
            }
            if state.status() == PaymentStatus::Authorised {
                holding = holding.or(Some(payment));
            }
            if state.authorised().minor() > 0 {
                held = held.or(Some(payment));
            }
        }
        let is_owed = order.status() == OrderStatus::Confirmed;
        Ok(holding.or(held.filter(|_| !is_owed)).or(payments.last()).cloned())
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
pub(super) mod tests {
    use domain::decider::Decider;
    use domain::payment::PaymentCommand;
    use domain::values::{Currency, ShortText, Timestamp};
    use uuid::Uuid;

    use super::super::words;
    use super::*;

    pub(in crate::gateway_work) fn euro(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    pub(in crate::gateway_work) fn tell(payment: &mut Payment, command: &PaymentCommand) {
        for fact in payment.decide(command).expect("the payment allows it") {
            payment.evolve(&fact);
        }
    }

    pub(in crate::gateway_work) fn held() -> Payment {
        let mut payment = Payment::default();
        let method: ShortText = "pm_card_visa".parse().expect("it is a text");
        let order = OrderId::from_uuid(Uuid::from_u128(1));
        tell(&mut payment, &PaymentCommand::Initiate { order, amount: euro(1_243), method: method.clone() });
        let expires_at = Timestamp::from_micros(1);
        let held = PaymentCommand::RecordAuthorisation { provider_reference: method, amount: euro(1_243), expires_at };
        tell(&mut payment, &held);
        payment
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
