//! What the checkout asks for.

use app::bus::Request;
use app::checkout::{needs, sale_of};
use app::error::AppError;
use app::promotion::{self, Withheld};
use app::stock::{self, Routed, ShortfallSettings};
use async_trait::async_trait;
use domain::cart::{Cart, CartCommand, CartStatus};
use domain::order::{Order, OrderCommand, OrderStatus};
use domain::values::{CartId, OrderId, PaymentId, PromotionId, ShortText, Timestamp};
use event_store::StreamId;

use super::{GatewayWork, derived, order_id, words};
use crate::SECONDS_PER_DAY;
use crate::checkout::{Awaited, Checkout, CheckoutInput as Input, CheckoutStep as Step};
use crate::engine::{StepError, Worker};

type Answer = Result<Input, StepError>;

#[async_trait]
impl Worker<Checkout> for GatewayWork {
    async fn perform(&self, id: &str, step: &Step, request: &Request) -> Answer {
        let order = order_id(id)?;
        match step {
            Step::Reserve { cart } => self.reserve(&order, cart, request).await,
            Step::ReservePromotions { cart, promotions } => {
                self.reserve_promotions(&order, cart, promotions, request).await
            }
            Step::AcceptAddition { to } => self.accept_addition(&order, to, request).await,
            Step::ReleaseAddition { to, end } => self.release_addition(&order, (to, *end), request).await,
            Step::ConfirmPromotions { promotions } => self.confirm_promotions(&order, promotions, request).await,
            Step::ReleasePromotions { promotions } => {
                let reason = words("the order is undone")?;
                promotion::release_all(&self.shop, request, &order, promotions, &reason).await?;
                Ok(Input::PromotionsReleased)
            }
            Step::Place { cart, placed_at } => self.place(&order, cart, *placed_at, request).await,
            Step::Authorise { payment, is_renewal: false } => self.authorise(&order, payment, request).await,
            Step::Authorise { is_renewal: true, .. }
            | Step::RenewHold { .. }
            | Step::ExpireHold { .. }
            | Step::LetGoRest { .. } => self.perform_on_hold(&order, step, request).await,
            Step::NotePayment { payment, .. } => {
                self.note_payment(&order, payment, request).await?;
                Ok(Input::Done)
            }
            Step::Allocate { cart, routed } => self.allocate(&order, cart, routed, request).await,
            Step::BackOrder { cart, since } => self.back_order(&order, cart, *since, request).await,
            Step::SettleBackOrder { cart, .. } => self.settle_back_order(&order, cart, request).await,
            Step::Confirm { payment, back_order } => self.confirm(&order, (payment, back_order), request).await,
            Step::CompleteCart { cart } => self.complete_cart(order, cart, request).await,
            Step::ReopenCart { cart, code, withheld } => self.reopen_cart(order, cart, (code, withheld), request).await,
            Step::ReleaseStock { cart } => self.release_stock(&order, cart, request).await,
            Step::UndoPayment { payment, round } => self.undo_payment(&order, payment, *round, request).await,
            Step::RejectOrder { code } => self.reject(&order, code, request).await,
            Step::CancelOrder { reason } => {
                self.order(&order, OrderCommand::Cancel { reason: words(reason)? }, request).await
            }
            Step::KeepOrder => {
                let reason = words("a parcel has left: return it when it arrives")?;
                self.order(&order, OrderCommand::RefuseCancellation { reason }, request).await
            }
            Step::CompleteOrder => self.complete(&order, request).await,
            Step::RequestFulfilments { .. }
            | Step::Capture { .. }
            | Step::ReleaseParcel { .. }
            | Step::Dispatch { .. }
            | Step::Reship { .. }
            | Step::ReleaseParcelStock { .. }
            | Step::NoteFulfilment { .. }
            | Step::RefundParcel { .. }
            | Step::CancelLines { .. }
            | Step::RefuseLines { .. }
            | Step::RefundLines { .. }
            | Step::CancelFulfilments { .. } => self.perform_on_parcels(&order, step, request).await,
        }
    }

    async fn owner(&self, stream: &StreamId) -> Result<Option<String>, AppError> {
        self.owning_order(stream).await
    }
}

fn rejection(code: &str) -> &'static str {
    match code {
        "PAYMENT_TIMEOUT" => "the order was not paid in time",
        "PAYMENT_DECLINED" => "the payment was declined and not tried again in time",
        "INSUFFICIENT_STOCK" => "the units were not there any more when the payment came",
        _ => "the order could not be carried out",
    }
}

impl GatewayWork {
    async fn reserve(&self, order: &OrderId, cart: &CartId, request: &Request) -> Answer {
        let needs = needs(&*self.cart(cart).await?)?;
        let expires_at = self.shop.clock.now().plus_seconds(self.shop.settings.reservation_seconds);
        Ok(match stock::reserve_all(&self.shop, request, order, &needs, expires_at).await? {
            Ok(routed) => Input::Reserved { routed },
            Err(shortages) => Input::Short { shortages },
        })
    }

    async fn reserve_promotions(
        &self,
        order: &OrderId,
        cart: &CartId,
        promotions: &[PromotionId],
        request: &Request,
    ) -> Answer {
        let cart = self.cart(cart).await?;
        Ok(match promotion::reserve_all(&self.shop, request, order, &cart, promotions).await? {
            Ok(()) => Input::PromotionsReserved,
            Err(refusals) => Input::PromotionsRefused { refusals },
        })
    }

    async fn confirm_promotions(&self, order: &OrderId, promotions: &[PromotionId], request: &Request) -> Answer {
        promotion::confirm_all(&self.shop, request, order, promotions).await?;
        Ok(Input::Done)
    }

    async fn place(&self, order: &OrderId, cart_id: &CartId, placed_at: Timestamp, request: &Request) -> Answer {
        let cart = self.cart(cart_id).await?;
        let sale = Box::new(sale_of(cart_id, &cart, order)?);
        let (payable, amount) = (sale.payable, cart.pay_first());
        let payment = (payable.minor() > 0).then(|| PaymentId::from_uuid(derived(order, "payment")));
        let mut commands = vec![OrderCommand::Place { sale, placed_at }];
        if let Some(payment) = payment.clone() {
            let method = cart.payment_method().cloned();
            let method = method.ok_or_else(|| StepError::Stuck("the cart has no payment method".to_owned()))?;
            commands.push(OrderCommand::RequestPayment { payment, method, amount });
        }
        self.shop.bus.begin_all::<Order>(order.as_str(), request, &commands).await?;
        let pay_until = placed_at.plus_seconds(self.shop.settings.payment_seconds);
        let ShortfallSettings { policy: shortfall, back_order_days } = self.shop.settings.shortfall;
        let until = placed_at.plus_seconds(back_order_days * SECONDS_PER_DAY);
        let back_order_until = (!shortfall.is_void()).then_some(until);
        let payable = Some(payable);
        Ok(Input::Placed { payment, amount, payable, pay_until, shortfall, back_order_until })
    }

    /// Sells the promised units; where a promise has ended meanwhile, looks for the units anew.
    async fn allocate(&self, order: &OrderId, cart: &CartId, routed: &[Routed], request: &Request) -> Answer {
        let needs = needs(&*self.cart(cart).await?)?;
        Ok(match stock::allocate_all(&self.shop, request, order, &needs, routed.to_vec()).await {
            Ok(Ok(routed)) => Input::Allocated { routed },
            Ok(Err(shortages)) => Input::Short { shortages },
            // The promise was called off for good: this order cannot have units any more.
            Err(AppError::Refused(_)) => Input::Short { shortages: Vec::new() },
            Err(error) => return Err(error.into()),
        })
    }

    async fn confirm(
        &self,
        order: &OrderId,
        (payment, back_order): (&Option<PaymentId>, &Option<Awaited>),
        request: &Request,
    ) -> Answer {
        let mut commands = Vec::new();
        if let Some(payment) = payment {
            commands.extend(self.payment_record(order, payment).await?);
        }
        commands.push(OrderCommand::Confirm);
        if let Some(awaited) = back_order {
            commands.push(self.record_of(order, awaited).await?);
        }
        self.shop.bus.execute_all::<Order>(order.as_str(), request, &commands).await?;
        Ok(Input::Confirmed)
    }

    /// Ends an order that did not become a sale. One that a crash left unplaced needs nothing, and one that it left
    /// confirmed is called off.
    async fn reject(&self, order: &OrderId, code: &str, request: &Request) -> Answer {
        let reason = words(rejection(code))?;
        let status = self.shop.bus.load::<Order>(order.as_str()).await?.state.status();
        let command = match status {
            OrderStatus::Absent => return Ok(Input::Done),
            OrderStatus::Confirmed => OrderCommand::Cancel { reason },
            OrderStatus::Placed | OrderStatus::Rejected | OrderStatus::Cancelled | OrderStatus::Completed => {
                OrderCommand::Reject { code: code.to_owned(), reason }
            }
        };
        self.order(order, command, request).await
    }

    /// Ends an order that is settled, and whatever was promised to it beside what it was sold.
    async fn complete(&self, order: &OrderId, request: &Request) -> Answer {
        let state = self.shop.bus.load::<Order>(order.as_str()).await?.state;
        if let Some(sale) = state.sale() {
            stock::expire_promises(&self.shop, request, order, &sale.skus()).await?;
        }
        self.order(order, OrderCommand::Complete, request).await
    }

    async fn complete_cart(&self, order: OrderId, cart: &CartId, request: &Request) -> Answer {
        self.shop.bus.execute::<Cart>(cart.as_str(), request, CartCommand::Complete { order }).await?;
        Ok(Input::Done)
    }

    async fn reopen_cart(
        &self,
        order: OrderId,
        cart: &CartId,
        (code, withheld): (&str, &[Withheld]),
        request: &Request,
    ) -> Answer {
        let status = self.cart(cart).await?.status();
        // A confirmed order's cart is closed for good, and one that was never frozen for this order is not ours.
        if matches!(&status, CartStatus::CheckingOut { order: under_way, .. } if *under_way == order) {
            let mut commands = vec![CartCommand::AbandonCheckout { order, reason: words(code)? }];
            commands.extend(withheld.iter().map(|refused| promotion::withhold(&refused.promotion, &refused.code)));
            self.shop.bus.execute_all::<Cart>(cart.as_str(), request, &commands).await?;
        }
        Ok(Input::Done)
    }

    async fn release_stock(&self, order: &OrderId, cart: &CartId, request: &Request) -> Answer {
        let skus: Vec<_> = needs(&*self.cart(cart).await?)?.into_iter().map(|(sku, _)| sku).collect();
        let reason: ShortText = words("the order is undone")?;
        stock::release_all(&self.shop, request, order, &skus, &reason).await?;
        Ok(Input::StockReleased)
    }

    async fn order(&self, order: &OrderId, command: OrderCommand, request: &Request) -> Answer {
        self.shop.bus.execute::<Order>(order.as_str(), request, command).await?;
        Ok(Input::Done)
    }

    pub(super) async fn cart(&self, cart: &CartId) -> Result<std::sync::Arc<Cart>, StepError> {
        Ok(self.shop.bus.load::<Cart>(cart.as_str()).await?.state)
    }
}
