//! Which redemption belongs to which basket, and what it is worth there.
//!
//! The file tells a household, a day and a coupon's code of each redemption, and of each basket how much makers paid for
//! coupons in all. A redemption belongs to the first basket of its household on its day that has such an amount. The
//! basket's amount, never more than the basket comes to, is split evenly over its redemptions by largest remainder. Every
//! redemption ends in one named outcome, and so does every basket's amount. The rule looks at nothing later than the
//! basket's own day, so a longer import of the same file decides the same for the baskets that both have.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::values::{Currency, Money, ShortText};
use serde::Serialize;

use super::files::Redemption;
use super::plan::PlannedBasket;
use domain::cart::COUPONS_MAX;

/// What became of a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedemptionOutcome {
    /// It lowers what the household pays.
    Applied,
    /// Its day comes after the last basket.
    AfterTheLastBasket,
    /// The household bought nothing on that day.
    NoBasketThatDay,
    /// No basket of that day has a coupon discount.
    BasketWithoutCouponDiscount,
    /// The baskets that have one have no line that can be sold.
    BasketNotSold,
    /// The baskets that have one come to nothing.
    BasketWithoutAmount,
    /// The same household redeemed the same code before on that day.
    Duplicate,
    /// Its code or campaign is no text.
    CodeNotValid,
    /// The basket has as many coupons as a cart may have.
    TooManyCoupons,
    /// Its share of the basket's amount is below one cent.
    ShareBelowOneCent,
}

/// What became of what makers paid, by basket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiscountCount {
    /// Baskets.
    pub baskets: u64,
    /// US cents.
    pub cents: i64,
}

/// What became of all coupons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CouponCounts {
    /// Redemptions by outcome.
    pub redemptions: BTreeMap<RedemptionOutcome, u64>,
    /// Amounts that became coupons.
    pub applied: DiscountCount,
    /// Amounts without a redemption: the household pays the whole price.
    pub without_redemption: DiscountCount,
    /// The part of amounts with a redemption that is above what the basket comes to.
    pub above_total: DiscountCount,
    /// Amounts of baskets that were not sold.
    pub not_sold: DiscountCount,
}

/// A coupon to be applied to a basket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedCoupon {
    /// The code.
    pub code: ShortText,
    /// The campaign.
    pub campaign: ShortText,
    /// What the maker pays, US cents, at least 1.
    pub cents: i64,
}

/// Gives redemptions to baskets.
pub(super) fn assign(baskets: &mut [PlannedBasket], redemptions: &[Redemption]) -> CouponCounts {
    let mut counts = CouponCounts::default();
    let by_day = by_household_and_day(baskets);
    let last_day = baskets.last().map(|basket| basket.day.clone()).unwrap_or_default();
    let mut given: BTreeMap<usize, Vec<&Redemption>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for redemption in redemptions {
        let outcome = match find_basket(baskets, &by_day, redemption, &last_day) {
            Err(outcome) => outcome,
            Ok(_) if !seen.insert((redemption.household, redemption.day(), redemption.code.trim())) => {
                RedemptionOutcome::Duplicate
            }
            Ok(_) if texts(redemption).is_none() => RedemptionOutcome::CodeNotValid,
            Ok(index) => {
                let of_basket = given.entry(index).or_default();
                if of_basket.len() < COUPONS_MAX {
                    of_basket.push(redemption);
                    continue;
                }
                RedemptionOutcome::TooManyCoupons
            }
        };
        *counts.redemptions.entry(outcome).or_default() += 1;
    }
    for (index, redemptions) in given {
        apply(&mut baskets[index], &redemptions, &mut counts);
    }
    for basket in baskets.iter().filter(|basket| basket.discount_cents > 0 && basket.coupons.is_empty()) {
        let count = if basket.lines.is_empty() { &mut counts.not_sold } else { &mut counts.without_redemption };
        count.add(basket.discount_cents);
    }
    counts
}

type ByDay = HashMap<(u64, String), Vec<usize>>;

fn by_household_and_day(baskets: &[PlannedBasket]) -> ByDay {
    let mut by_day = ByDay::new();
    for (index, basket) in baskets.iter().enumerate() {
        by_day.entry((basket.household, basket.day.clone())).or_default().push(index);
    }
    by_day
}

fn find_basket(
    baskets: &[PlannedBasket],
    by_day: &ByDay,
    redemption: &Redemption,
    last_day: &str,
) -> Result<usize, RedemptionOutcome> {
    let Some(that_day) = by_day.get(&(redemption.household, redemption.day().to_owned())) else {
        let is_later = redemption.day() > last_day;
        return Err(if is_later { RedemptionOutcome::AfterTheLastBasket } else { RedemptionOutcome::NoBasketThatDay });
    };
    let mut reason = RedemptionOutcome::BasketWithoutCouponDiscount;
    for index in that_day.iter().filter(|index| baskets[**index].discount_cents > 0) {
        let basket = &baskets[*index];
        if basket.total_cents > 0 {
            return Ok(*index);
        }
        let is_sold = !basket.lines.is_empty();
        reason = if is_sold { RedemptionOutcome::BasketWithoutAmount } else { RedemptionOutcome::BasketNotSold };
    }
    Err(reason)
}

fn texts(redemption: &Redemption) -> Option<(ShortText, ShortText)> {
    Some((redemption.code.parse().ok()?, redemption.campaign.parse().ok()?))
}

fn apply(basket: &mut PlannedBasket, redemptions: &[&Redemption], counts: &mut CouponCounts) {
    let amount = basket.discount_cents.min(basket.total_cents);
    let shares = Money::new(amount, Currency::Usd).allocate(&vec![1; redemptions.len()]);
    let shares = shares.expect("there is a redemption, and ones fit");
    for (redemption, share) in redemptions.iter().zip(shares) {
        let Some((code, campaign)) = texts(redemption) else { continue };
        let outcome = if share.minor() > 0 {
            basket.coupons.push(PlannedCoupon { code, campaign, cents: share.minor() });
            RedemptionOutcome::Applied
        } else {
            RedemptionOutcome::ShareBelowOneCent
        };
        *counts.redemptions.entry(outcome).or_default() += 1;
    }
    counts.applied.add(amount);
    if basket.discount_cents > amount {
        counts.above_total.add(basket.discount_cents - amount);
    }
}

impl DiscountCount {
    fn add(&mut self, cents: i64) {
        self.baskets += 1;
        self.cents += cents;
    }
}
