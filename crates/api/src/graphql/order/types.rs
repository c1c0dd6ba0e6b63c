//! An order as its buyer and staff see it.

use std::sync::Arc;

use app::as_of::AsOf;
use app::bus::{Loaded, Outcome};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::order::{Order as OrderState, OrderLine as LineState, OrderPromotion, PromotionShare, Sale};
use domain::values::{Locale, Money as Amount, OrderId};
use futures_util::future::try_join_all;
use projections::order::OrderSummary;
use projections::{Edge, Page, Slice};

use super::additions::{added_to, additions};
use super::causality::{Causality, causality};
use super::lines::LineCancellation;
use super::status::{OrderFulfilmentStatus, OrderPaymentStatus, OrderStatus};
use super::timeline::{TimelineEntry, timeline};
use crate::graphql::address::Address;
use crate::graphql::audit::types::Event;
use crate::graphql::call::{Call, page_size, request};
use crate::graphql::cart::types::{Coupon, ShippingLine};
use crate::graphql::code::ErrorCode;
use crate::graphql::connection::{Connection, load_page};
use crate::graphql::consistency::wait;
use crate::graphql::errors::{failure, internal};
use crate::graphql::fulfilment::types::Fulfilment;
use crate::graphql::history::history;
use crate::graphql::invoicing::documents;
use crate::graphql::invoicing::types::{CreditNote, Invoice};
use crate::graphql::money::{CurrencyCode, Money, TaxedMoney};
use crate::graphql::payment::types::Payment;
use crate::graphql::promotion::types::{Discount, DiscountShare};
use crate::graphql::reading::read_failure;
use crate::graphql::returns::types::Return;
use crate::graphql::scalars::DateTime;

/// What was sold, and where its money, its goods and its returns stand.
#[derive(Clone, Debug)]
pub struct Order {
    id: String,
    version: u64,
    state: Arc<OrderState>,
    as_of: AsOf,
}

impl Order {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<OrderState>) -> Self {
        Self { id: outcome.id.clone(), version: outcome.version, state: outcome.state.clone(), as_of: AsOf::Now }
    }

    /// Shows an order that was loaded.
    pub(crate) fn loaded(id: &str, loaded: Loaded<OrderState>) -> Self {
        Self { id: id.to_owned(), version: loaded.version, state: loaded.state, as_of: AsOf::Now }
    }

    /// Says that it is shown as it was, or as it is.
    pub(crate) fn shown_as_of(self, as_of: AsOf) -> Self {
        Self { as_of, ..self }
    }

    fn sale(&self) -> Result<&Sale> {
        let missing = || internal(app::error::AppError::broken("an order without a sale is shown"));
        self.state.sale().ok_or_else(missing)
    }
}

/// Shows the orders of a page that a read model found.
pub(crate) async fn load_orders(call: Call<'_>, found: Page<Edge<OrderSummary>>) -> Result<Connection<Order>> {
    load_page(call, found, |summary| &summary.id, Order::loaded).await
}

/// What was sold, and where its money, its goods and its returns stand.
#[Object]
impl Order {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// How many events it has.
    async fn version(&self) -> u64 {
        self.version
    }

    /// Its number as people say it.
    async fn number(&self) -> Result<&str> {
        Ok(&self.sale()?.number)
    }

    /// How far it has come.
    async fn status(&self) -> OrderStatus {
        self.state.status().into()
    }

    /// Where the money stands.
    async fn payment_status(&self) -> OrderPaymentStatus {
        self.state.payment_status().into()
    }

    /// Where the goods stand.
    async fn fulfilment_status(&self) -> OrderFulfilmentStatus {
        self.state.fulfilment_status().into()
    }

    /// When it was placed.
    async fn placed_at(&self) -> Option<DateTime> {
        self.state.placed_at().map(Into::into)
    }

    /// When the last parcel that arrived did so: the time to return runs from here.
    async fn delivered_at(&self) -> Option<DateTime> {
        self.state.delivered_at().map(Into::into)
    }

    /// Until when the buyer may withdraw from the contract without a reason, for private customers in France; null before every
    /// parcel has arrived.
    async fn withdrawal_ends_at(&self) -> Option<DateTime> {
        self.state.withdrawal_ends_at().map(Into::into)
    }

    /// Until when the units are promised that it waits for; null unless it waits. Until they are there it goes to no warehouse.
    async fn back_ordered_until(&self) -> Option<DateTime> {
        self.state.back_order().map(|back_order| back_order.until.into())
    }

    /// Who bought.
    async fn customer_id(&self) -> Result<ID> {
        Ok(ID(self.sale()?.customer.to_string()))
    }

    /// The cart it came from.
    async fn cart_id(&self) -> Result<ID> {
        Ok(ID(self.sale()?.cart.to_string()))
    }

    /// The currency of every amount.
    async fn currency(&self) -> Result<CurrencyCode> {
        Ok(self.sale()?.currency.into())
    }

    /// What was sold; nothing that happens in the catalogue later shows through.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<OrderLine>> {
        let locale = request(ctx)?.locale;
        Ok(self.sale()?.lines.iter().map(|line| OrderLine::of(line, &self.state, locale)).collect())
    }

    /// How it is sent.
    async fn shipping(&self, ctx: &Context<'_>) -> Result<ShippingLine> {
        let (shipping, locale) = (&self.sale()?.shipping, request(ctx)?.locale);
        let label = shipping.label.get(locale).to_owned();
        Ok(ShippingLine { code: shipping.code.clone(), label, total: shipping.total.into() })
    }

    /// What each promotion took off, line by line.
    async fn discounts(&self) -> Result<Vec<Discount>> {
        let sale = self.sale()?;
        Ok(sale.promotions.iter().map(|sold| discount_of(sold, sale)).collect())
    }

    /// Coupons that their makers pay.
    async fn coupons(&self) -> Result<Vec<Coupon>> {
        let coupons = self.sale()?.coupons.iter().map(|coupon| Coupon {
            code: coupon.code.to_string(),
            campaign: coupon.campaign.to_string(),
            amount: coupon.amount.into(),
        });
        Ok(coupons.collect())
    }

    /// Lines and shipping, promotions taken off, VAT included.
    async fn total(&self) -> Result<Money> {
        Ok(self.sale()?.total.into())
    }

    /// The total less the coupons: what the buyer pays.
    async fn payable(&self) -> Result<Money> {
        Ok(self.sale()?.payable.into())
    }

    /// What the buyer pays, less what was cancelled.
    async fn payable_left(&self) -> Money {
        self.state.payable_left().into()
    }

    /// What is to be paid and no payment holds: pay it with `orderPay`.
    async fn payment_due(&self) -> Money {
        self.state.payment_due().into()
    }

    /// Wishes to cancel units of lines and what became of them, the oldest first.
    async fn line_cancellations(&self) -> Vec<LineCancellation> {
        self.state.line_cancellations().iter().map(LineCancellation::of).collect()
    }

    /// Money held or taken in all.
    async fn authorised(&self) -> Money {
        self.state.authorised().into()
    }

    /// Money taken.
    async fn captured(&self) -> Money {
        self.state.captured().into()
    }

    /// Money given back.
    async fn refunded(&self) -> Money {
        self.state.refunded().into()
    }

    /// Whether someone asked to cancel and has no answer yet.
    async fn cancellation_requested(&self) -> bool {
        self.state.cancellation_requested()
    }

    /// Why it never became a sale, where it did not.
    async fn rejection(&self) -> Option<Rejection> {
        let (code, reason) = self.state.rejection()?;
        Some(Rejection { code: ErrorCode::of(code), reason: reason.to_owned() })
    }

    /// Where to write to. For its buyer and for `PII_READ`; null for others and once the customer is forgotten.
    async fn email(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Call::of(ctx)?.open(&self.sale()?.email).await.map_err(failure)
    }

    /// Where to send to. For its buyer and for `PII_READ`; null for others and once the customer is forgotten.
    async fn address(&self, ctx: &Context<'_>) -> Result<Option<Address>> {
        Address::open(Call::of(ctx)?, &self.sale()?.address).await.map_err(failure)
    }

    /// The country it goes to, ISO 3166-1 alpha-2.
    async fn country(&self) -> Result<&str> {
        Ok(&self.sale()?.country)
    }

    /// Attempts to pay it, the oldest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn payments(&self, ctx: &Context<'_>) -> Result<Vec<Payment>> {
        let (shop, as_of) = (&Call::of(ctx)?.state.shop, self.as_of);
        let loads = self.state.payments().iter().map(|id| async move {
            let loaded = shop.bus.load_as_of::<domain::payment::Payment>(id.as_str(), as_of).await;
            loaded.map(|loaded| Payment::loaded(id.as_str(), loaded).shown_as_of(as_of))
        });
        let payments = try_join_all(loads).await.map_err(failure)?;
        // The order names an attempt before the attempt begins.
        Ok(payments.into_iter().filter(Payment::exists).collect())
    }

    /// Its parcels, the oldest first; a read model knows which they are.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn fulfilments(&self, ctx: &Context<'_>) -> Result<Vec<Fulfilment>> {
        let call = Call::of(ctx)?;
        let reads = wait(ctx, &["order"]).await?;
        let found = reads.orders().order(&self.id).await.map_err(read_failure)?;
        let ids: Vec<String> = found.into_iter().flat_map(|order| order.fulfilments).map(|parcel| parcel.id).collect();
        let as_of = self.as_of;
        let loads = ids.iter().map(|id| async move {
            let loaded = call.state.shop.bus.load_as_of::<domain::fulfilment::Fulfilment>(id, as_of).await;
            loaded.map(|loaded| Fulfilment::loaded(id, loaded).shown_as_of(as_of))
        });
        let fulfilments = try_join_all(loads).await.map_err(failure)?;
        Ok(fulfilments.into_iter().filter(Fulfilment::exists).collect())
    }

    /// Orders that were added to it and go along with it, the oldest first, those that were called off or have left since included.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn additions(&self, ctx: &Context<'_>) -> Result<Vec<Order>> {
        additions(Call::of(ctx)?, &self.state, self.as_of).await
    }

    /// The order that it was added to, with which it goes along; null for a usual order.
    async fn adds_to(&self, ctx: &Context<'_>) -> Result<Option<Order>> {
        added_to(Call::of(ctx)?, self.state.adds_to(), self.as_of).await
    }

    /// Its returns, the oldest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn returns(&self, ctx: &Context<'_>) -> Result<Vec<Return>> {
        let (shop, as_of) = (&Call::of(ctx)?.state.shop, self.as_of);
        let loads = self.state.returns_opened().iter().map(|id| async move {
            let loaded = shop.bus.load_as_of::<domain::returns::Return>(id.as_str(), as_of).await;
            loaded.map(|loaded| Return::loaded(id.as_str(), loaded).shown_as_of(as_of))
        });
        let returns = try_join_all(loads).await.map_err(failure)?;
        Ok(returns.into_iter().filter(Return::exists).collect())
    }

    /// Its invoices, one for each paid parcel, the oldest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn invoices(&self, ctx: &Context<'_>) -> Result<Vec<Invoice>> {
        Ok(documents(Call::of(ctx)?, &self.id, self.as_of).await?.invoices())
    }

    /// Its credit notes, one for each refund, the oldest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn credit_notes(&self, ctx: &Context<'_>) -> Result<Vec<CreditNote>> {
        Ok(documents(Call::of(ctx)?, &self.id, self.as_of).await?.credit_notes())
    }

    /// What happened to it, the oldest first; a read model keeps it.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<TimelineEntry>> {
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        Call::of(ctx)?;
        let reads = wait(ctx, &["order"]).await?;
        let mut page = timeline(&reads, &self.id, slice).await?;
        let had_happened = page.nodes.iter().take_while(|entry| self.as_of.includes(entry.position.into())).count();
        if had_happened < page.nodes.len() {
            page.nodes.truncate(had_happened);
            page.page_info.has_next_page = false;
        }
        Ok(page)
    }

    /// What led to what, from the first click to the refund, as it is now. Needs `AUDIT_READ`.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn causality(&self, ctx: &Context<'_>) -> Result<Option<Causality>> {
        causality(ctx, &self.id).await
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<OrderState>(ctx, &self.id, self.as_of, (first, after)).await
    }
}

/// Why an order never became a sale.
#[derive(Clone, Debug, SimpleObject)]
pub struct Rejection {
    /// What to branch on.
    pub code: Option<ErrorCode>,
    /// Why, in words.
    pub reason: String,
}

/// A line as it was sold.
#[derive(Clone, Debug, SimpleObject)]
pub struct OrderLine {
    /// Its id, the same as in the cart.
    pub id: ID,
    /// What was sold.
    pub sku: String,
    /// The product it was a variant of.
    pub product_id: ID,
    /// What it was called.
    pub name: String,
    /// How many units.
    pub quantity: i64,
    /// Units that were cancelled.
    pub quantity_cancelled: i64,
    /// Units that are waited for.
    pub quantity_back_ordered: i64,
    /// Units that were not cancelled and are in no return.
    pub quantity_returnable: i64,
    /// The price of a unit, VAT included; none where the line was sold as a whole.
    pub unit_price: Option<Money>,
    /// What promotions took off the line, VAT included.
    pub discount: Money,
    /// The whole line with its VAT; promotions are taken off.
    pub total: TaxedMoney,
}

fn discount_of(sold: &OrderPromotion, sale: &Sale) -> Discount {
    let shares = sale.lines.iter().flat_map(|line| line.promotions.iter().map(move |share| (line, share)));
    let own = shares.filter(|(_, share)| share.promotion == sold.promotion);
    let shown = |(line, share): (&LineState, &PromotionShare)| DiscountShare {
        line_id: ID(line.line.to_string()),
        amount: share.amount.into(),
    };
    Discount {
        promotion_id: ID(sold.promotion.to_string()),
        code: sold.code.as_ref().map(ToString::to_string),
        label: sold.label.to_string(),
        amount: sold.amount.into(),
        shares: own.map(shown).collect(),
        withheld: None,
    }
}

impl OrderLine {
    fn of(line: &LineState, order: &OrderState, locale: Locale) -> Self {
        Self {
            id: ID(line.line.to_string()),
            sku: line.sku.to_string(),
            product_id: ID(line.product.to_string()),
            name: line.name.get(locale).to_owned(),
            quantity: line.quantity.units(),
            quantity_cancelled: line.quantity.units() - order.units_left(&line.line),
            quantity_back_ordered: order.units_back_ordered(&line.line),
            quantity_returnable: order.returnable(&line.line),
            unit_price: line.unit_price.map(Into::into),
            discount: line.discount.unwrap_or(Amount::zero(line.total.gross.currency())).into(),
            total: line.total.into(),
        }
    }
}

/// Loads an order that the actor may look at.
pub(crate) async fn load_order(call: Call<'_>, id: &OrderId, as_of: AsOf) -> Result<Order, app::error::AppError> {
    let loaded = app::order::look_up(&call.state.shop, call.actor, id, as_of).await?;
    Ok(Order::loaded(id.as_str(), loaded).shown_as_of(as_of))
}
