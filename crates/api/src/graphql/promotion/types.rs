//! A promotion as staff see it, and what it gives as shoppers see it.

use std::sync::Arc;

use app::as_of::AsOf;
use app::bus::{Loaded, Outcome};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use domain::promotion::Promotion as PromotionState;
use domain::values::{PromotionReach as Reach, PromotionTerms, Reduction};

use crate::graphql::audit::types::Event;
use crate::graphql::code::ErrorCode;
use crate::graphql::connection::Connection;
use crate::graphql::consistency::wait;
use crate::graphql::errors::internal;
use crate::graphql::history::history;
use crate::graphql::money::Money;
use crate::graphql::reading::read_failure;
use crate::graphql::scalars::{DateTime, Decimal, SafeInt};

/// Where a promotion is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::promotion::PromotionStatus")]
pub enum PromotionStatus {
    /// It was never made.
    Absent,
    /// It holds, within its time and its limits.
    Active,
    /// It rests.
    Paused,
    /// It is over for good.
    Ended,
}

/// What a promotion reaches.
#[derive(Clone, Debug, SimpleObject)]
pub struct PromotionReach {
    /// Whether it reaches every line; never the shipping.
    pub whole_order: bool,
    /// The SKUs that it reaches, where it does not reach all.
    pub skus: Vec<String>,
    /// The products whose variants it reaches, where it does not reach all.
    pub product_ids: Vec<ID>,
    /// The categories of which it reaches everything in and below them, where it does not reach all.
    pub category_ids: Vec<ID>,
}

/// A promotion.
#[derive(Clone, Debug)]
pub struct Promotion {
    id: String,
    version: u64,
    state: Arc<PromotionState>,
    as_of: AsOf,
}

impl Promotion {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<PromotionState>) -> Self {
        Self { id: outcome.id.clone(), version: outcome.version, state: outcome.state.clone(), as_of: AsOf::Now }
    }

    /// Shows a promotion that was loaded.
    pub(crate) fn loaded(id: &str, loaded: Loaded<PromotionState>) -> Self {
        Self { id: id.to_owned(), version: loaded.version, state: loaded.state, as_of: AsOf::Now }
    }

    /// Says that it is shown as it was, or as it is.
    pub(crate) fn shown_as_of(self, as_of: AsOf) -> Self {
        Self { as_of, ..self }
    }

    fn terms(&self) -> Result<&PromotionTerms> {
        let missing = || internal(app::error::AppError::broken("a promotion without terms is shown"));
        self.state.terms().ok_or_else(missing)
    }
}

/// What is taken off whose price, until when, and how often. Its terms never change.
#[Object]
impl Promotion {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// How many events it has: pass it as `expectedVersion` to change nothing that you have not seen.
    async fn version(&self) -> u64 {
        self.version
    }

    /// Where it is in its life.
    async fn status(&self) -> PromotionStatus {
        self.state.status().into()
    }

    /// What shoppers read.
    async fn label(&self) -> Result<&str> {
        Ok(self.terms()?.label.as_str())
    }

    /// The code to type, in capitals; null where it applies by itself.
    async fn code(&self) -> Result<Option<&str>> {
        Ok(self.terms()?.code.as_ref().map(domain::values::CouponCode::as_str))
    }

    /// The share that is taken off, such as `"0.1"`; null where it is an amount.
    async fn percentage(&self) -> Result<Option<Decimal>> {
        Ok(match self.terms()?.reduction {
            Reduction::Percentage(rate) => Some(Decimal(rate.decimal())),
            Reduction::Amount(_) => None,
        })
    }

    /// The amount that is taken off, VAT included; null where it is a share.
    async fn amount(&self) -> Result<Option<Money>> {
        Ok(match self.terms()?.reduction {
            Reduction::Percentage(_) => None,
            Reduction::Amount(amount) => Some(amount.into()),
        })
    }

    /// What it is taken off.
    async fn reach(&self) -> Result<PromotionReach> {
        Ok(match &self.terms()?.reach {
            Reach::Order => PromotionReach {
                whole_order: true,
                skus: Vec::new(),
                product_ids: Vec::new(),
                category_ids: Vec::new(),
            },
            Reach::Lines { skus, products, categories } => PromotionReach {
                whole_order: false,
                skus: skus.iter().map(ToString::to_string).collect(),
                product_ids: products.iter().map(|product| ID(product.to_string())).collect(),
                category_ids: categories.iter().map(|category| ID(category.to_string())).collect(),
            },
        })
    }

    /// What all lines must come to before any promotion, VAT included.
    async fn minimum(&self) -> Result<Option<Money>> {
        Ok(self.terms()?.minimum.map(Into::into))
    }

    /// Whether it goes together with others that do so too.
    async fn combines(&self) -> Result<bool> {
        Ok(self.terms()?.combines)
    }

    /// Its first moment.
    async fn begins_at(&self) -> Option<DateTime> {
        self.state.limits().begins_at.map(Into::into)
    }

    /// The first moment at which it holds no more.
    async fn ends_at(&self) -> Option<DateTime> {
        self.state.limits().ends_at.map(Into::into)
    }

    /// The most uses in all.
    async fn uses_max(&self) -> Option<u32> {
        self.state.limits().uses_max
    }

    /// The most uses of one customer, told apart by their e-mail address.
    async fn uses_per_customer_max(&self) -> Option<u32> {
        self.state.limits().uses_per_customer_max
    }

    /// Uses promised to orders that are no sale yet; null where no limit makes them count.
    async fn uses_reserved(&self) -> Option<u32> {
        self.state.is_counted().then(|| self.state.uses_reserved())
    }

    /// Uses of orders that are sales; null where no limit makes them count.
    async fn uses_confirmed(&self) -> Option<u32> {
        self.state.is_counted().then(|| self.state.uses_confirmed())
    }

    /// Orders that it lowered, confirmed and not cancelled since, and what it took off them, by currency; a read model
    /// keeps it, as it is now.
    async fn totals(&self, ctx: &Context<'_>) -> Result<Vec<PromotionTotal>> {
        let reads = wait(ctx, &["promotion"]).await?;
        let totals = reads.promotions().totals(&self.id).await.map_err(read_failure)?;
        let shown = totals.into_iter();
        Ok(shown.map(|total| PromotionTotal { uses: SafeInt(total.uses), discount: total.discount.into() }).collect())
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<PromotionState>(ctx, &self.id, self.as_of, (first, after)).await
    }
}

/// What a promotion took off in one currency.
#[derive(Clone, Debug, SimpleObject)]
pub struct PromotionTotal {
    /// Orders that it lowered.
    pub uses: SafeInt,
    /// What it took off them.
    pub discount: Money,
}

/// What a promotion takes off a cart or took off an order, line by line, or why it takes off nothing.
#[derive(Clone, Debug, SimpleObject)]
pub struct Discount {
    /// The promotion.
    pub promotion_id: ID,
    /// The code it was added by; null where it applies by itself.
    pub code: Option<String>,
    /// What it is called.
    pub label: String,
    /// What it takes off in all, VAT included: the sum of its shares.
    pub amount: Money,
    /// Its share of each line that it lowers.
    pub shares: Vec<DiscountShare>,
    /// Why it takes off nothing; null where it takes off something.
    pub withheld: Option<ErrorCode>,
}

/// What a promotion takes off a line.
#[derive(Clone, Debug, SimpleObject)]
pub struct DiscountShare {
    /// The line.
    pub line_id: ID,
    /// Its share, VAT included.
    pub amount: Money,
}
