//! What was sold, by day, product and category.

use app::actor::Permission;
use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use projections::automation::AutomationPeriod;
use projections::sales::{DaySales, Figures, Sales, SalesPeriod};

use super::automation::AutomationPoint;
use crate::graphql::call::{Call, page_size};
use crate::graphql::consistency::wait;
use crate::graphql::money::{CurrencyCode, Money};
use crate::graphql::reading::read_failure;
use crate::graphql::scalars::{Date, SafeInt};
use crate::http::error::ErrorCode as FailureCode;

/// What figures are summed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SalesBy {
    /// Each day, UTC, oldest first.
    Day,
    /// Each product, the one that brought most first.
    Product,
    /// Each category, the one that brought most first.
    Category,
}

/// Orders, units and money of lines, without shipping.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct SalesFigures {
    /// Orders.
    pub orders: SafeInt,
    /// Units.
    pub units: SafeInt,
    /// With VAT.
    pub gross: Money,
    /// Without VAT.
    pub net: Money,
    /// The VAT.
    pub tax: Money,
}

impl From<Figures> for SalesFigures {
    fn from(figures: Figures) -> Self {
        Self {
            orders: SafeInt(figures.orders),
            units: SafeInt(figures.units),
            gross: figures.gross.into(),
            net: figures.net.into(),
            tax: figures.tax.into(),
        }
    }
}

/// What was sold, called off and given back.
#[derive(Clone, Debug, SimpleObject)]
pub struct SalesPoint {
    /// The day as `YYYY-MM-DD`, the product's or the category's id; null for products without a category.
    pub key: Option<String>,
    /// Orders that were confirmed.
    pub sold: SalesFigures,
    /// Orders that were cancelled after they had been confirmed.
    pub cancelled: SalesFigures,
    /// What returns gave back.
    pub refunds: Money,
    /// Shipping of confirmed orders, VAT included; null where it belongs to no product or category.
    pub shipping: Option<Money>,
}

fn point(sales: Sales, shipping: Option<Money>) -> SalesPoint {
    SalesPoint {
        key: Some(sales.key).filter(|key| !key.is_empty()),
        sold: sales.sold.into(),
        cancelled: sales.cancelled.into(),
        refunds: sales.refunds.into(),
        shipping,
    }
}

/// Figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnalyticsQuery;

#[Object]
impl AnalyticsQuery {
    /// What was sold on some days, both ends included, in one currency. Needs `ANALYTICS_READ`.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn sales(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, UTC.")] from: Date,
        #[graphql(desc = "The last day, UTC.")] to: Date,
        #[graphql(desc = "What to sum by.", default_with = "SalesBy::Day")] by: SalesBy,
        #[graphql(desc = "The currency.", default_with = "CurrencyCode::Eur")] currency: CurrencyCode,
        #[graphql(default = 100, desc = "How many products or categories, 1 to 100; days are all told.")] first: i32,
    ) -> Result<Vec<SalesPoint>> {
        Call::with(ctx, Permission::AnalyticsRead)?;
        let first = page_size(first)? as u64;
        if from.0 > to.0 {
            return Err(FailureCode::BadRequest.error("from is after to"));
        }
        let reads = wait(ctx, &["sales"]).await?;
        let period = SalesPeriod { from: &from.0, to: &to.0, currency: currency.into() };
        let sales = reads.sales();
        let by_day = |day: DaySales| point(day.sales, Some(day.shipping.gross.into()));
        Ok(match by {
            SalesBy::Day => sales.by_day(period).await.map_err(read_failure)?.into_iter().map(by_day).collect(),
            SalesBy::Product => plain(sales.by_product(period, first).await.map_err(read_failure)?),
            SalesBy::Category => plain(sales.by_category(period, first).await.map_err(read_failure)?),
        })
    }

    /// How many flows ended on some days, both ends included, and how many of them without a human's decision. Needs
    /// `ANALYTICS_READ`.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn automation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, UTC.")] from: Date,
        #[graphql(desc = "The last day, UTC.")] to: Date,
    ) -> Result<Vec<AutomationPoint>> {
        Call::with(ctx, Permission::AnalyticsRead)?;
        if from.0 > to.0 {
            return Err(FailureCode::BadRequest.error("from is after to"));
        }
        let reads = wait(ctx, &["automation"]).await?;
        let days = reads.automation().by_day(AutomationPeriod { from: &from.0, to: &to.0 }).await;
        Ok(days.map_err(read_failure)?.into_iter().map(AutomationPoint::from).collect())
    }
}

fn plain(sales: Vec<Sales>) -> Vec<SalesPoint> {
    sales.into_iter().map(|sales| point(sales, None)).collect()
}
