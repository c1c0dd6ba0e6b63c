//! What promotions take off, line by line.
//!
//! A promotion of some lines comes before one of the whole order, and each counts on what the ones before it left. What one
//! takes off is rounded once, half away from zero, and apportioned over its lines by the largest remainder (Hamilton's
//! method), equal remainders going to the earlier line: so the shares always sum to what is taken off. One that does not
//! combine goes alone: the cart takes whatever gives the shopper most.

use super::events::CartLine;
use super::state::HeldPromotion;
use crate::values::{CategoryId, Currency, LineId, Money, MoneyError, PromotionId, PromotionReach, Reduction};

/// The lines come to less than what the promotion asks for.
pub const MINIMUM_NOT_REACHED: &str = "PROMOTION_MINIMUM_NOT_REACHED";
/// There is nothing in the cart that the promotion takes something off.
pub const NOTHING_REDUCED: &str = "PROMOTION_NOTHING_REDUCED";
/// The promotion does not go together with others, which give more.
pub const NOT_COMBINABLE: &str = "PROMOTION_NOT_COMBINABLE";
/// The promotion is in another currency.
pub const WRONG_CURRENCY: &str = "WRONG_CURRENCY";

/// What one promotion takes off a cart, or why nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartDiscount {
    /// The promotion.
    pub promotion: PromotionId,
    /// What it takes off in all.
    pub amount: Money,
    /// Its share of each line that it lowers, in the cart's order: they sum to the amount.
    pub shares: Vec<(LineId, Money)>,
    /// The stable code of why it takes off nothing; none where it takes off something.
    pub withheld: Option<String>,
}

/// A line and what it costs before promotions.
pub(super) struct Priced<'a> {
    pub(super) line: &'a CartLine,
    /// What promotions ask of where its product stands.
    pub(super) categories: &'a [CategoryId],
    pub(super) gross: Money,
}

impl Priced<'_> {
    fn is_reached_by(&self, reach: &PromotionReach) -> bool {
        reach.covers(&self.line.sku, &self.line.product, self.categories)
    }
}

/// What a set of promotions takes off: for each, by its place in the cart, a share of every line.
struct Taken {
    shares: Vec<(usize, Vec<Money>)>,
    sum: Money,
}

pub(super) fn discounts(
    held: &[HeldPromotion],
    lines: &[Priced<'_>],
    subtotal: Money,
) -> Result<Vec<CartDiscount>, MoneyError> {
    let refusals: Vec<Option<String>> = held.iter().map(|promotion| refusal(promotion, lines, subtotal)).collect();
    let usable = |index: &usize| refusals[*index].is_none();
    let combining: Vec<usize> =
        (0..held.len()).filter(usable).filter(|index| held[*index].added.terms.combines).collect();
    let mut best = take(held, &combining, lines, subtotal.currency())?;
    for alone in (0..held.len()).filter(usable).filter(|index| !held[*index].added.terms.combines) {
        let taken = take(held, &[alone], lines, subtotal.currency())?;
        if taken.sum > best.sum {
            best = taken;
        }
    }
    let answers = held.iter().zip(refusals).enumerate().map(|(index, (promotion, refusal))| {
        let shares = best.shares.iter().find(|(taken, _)| *taken == index).map(|(_, shares)| shares.as_slice());
        // Where nothing gives anything, nothing stands in the way of anything.
        let refusal = refusal.or_else(|| match shares {
            Some(_) => None,
            None if best.sum.minor() == 0 => Some(NOTHING_REDUCED.to_owned()),
            None => Some(NOT_COMBINABLE.to_owned()),
        });
        answer(&promotion.added.promotion, shares.unwrap_or_default(), refusal, (lines, subtotal.currency()))
    });
    answers.collect()
}

/// Returns what promotions take off a line in all.
pub(super) fn off_line(discounts: &[CartDiscount], line: &LineId, currency: Currency) -> Result<Money, MoneyError> {
    let shares = discounts.iter().flat_map(|discount| &discount.shares).filter(|(of, _)| of == line);
    shares.into_iter().try_fold(Money::zero(currency), |sum, (_, share)| sum.plus(*share))
}

/// Says why a promotion cannot take off anything, whatever else is in the cart.
fn refusal(held: &HeldPromotion, lines: &[Priced<'_>], subtotal: Money) -> Option<String> {
    let terms = &held.added.terms;
    if held.withheld.is_some() {
        return held.withheld.clone();
    }
    let code = if terms.currency().is_some_and(|currency| currency != subtotal.currency()) {
        WRONG_CURRENCY
    } else if terms.minimum.is_some_and(|minimum| subtotal < minimum) {
        MINIMUM_NOT_REACHED
    } else if !lines.iter().any(|priced| priced.is_reached_by(&terms.reach)) {
        NOTHING_REDUCED
    } else {
        return None;
    };
    Some(code.to_owned())
}

fn take(held: &[HeldPromotion], set: &[usize], lines: &[Priced<'_>], currency: Currency) -> Result<Taken, MoneyError> {
    let mut left: Vec<Money> = lines.iter().map(|priced| priced.gross).collect();
    let mut taken = Taken { shares: Vec::with_capacity(set.len()), sum: Money::zero(currency) };
    let is_whole = |index: &usize| held[*index].added.terms.reach == PromotionReach::Order;
    let (whole, some): (Vec<usize>, Vec<usize>) = set.iter().copied().partition(is_whole);
    for index in some.into_iter().chain(whole) {
        let terms = &held[index].added.terms;
        let mut weights = Vec::with_capacity(lines.len());
        for (priced, left) in lines.iter().zip(&left) {
            weights.push(if priced.is_reached_by(&terms.reach) { left.minor().unsigned_abs() } else { 0 });
        }
        let base = i64::try_from(weights.iter().sum::<u64>()).map_err(|_| MoneyError::Overflow)?;
        let base = Money::new(base, currency);
        let off = match terms.reduction {
            Reduction::Percentage(rate) => rate.of(base)?,
            Reduction::Amount(amount) => amount.min(base),
        };
        let shares = if lines.is_empty() { Vec::new() } else { off.allocate(&weights)? };
        for (left, share) in left.iter_mut().zip(&shares) {
            *left = left.minus(*share)?;
        }
        taken.sum = taken.sum.plus(off)?;
        taken.shares.push((index, shares));
    }
    Ok(taken)
}

fn answer(
    promotion: &PromotionId,
    shares: &[Money],
    refusal: Option<String>,
    (lines, currency): (&[Priced<'_>], Currency),
) -> Result<CartDiscount, MoneyError> {
    let given = lines.iter().zip(shares).filter(|(_, share)| share.minor() > 0);
    let given: Vec<(LineId, Money)> = given.map(|(priced, share)| (priced.line.line.clone(), *share)).collect();
    let amount = given.iter().try_fold(Money::zero(currency), |sum, (_, share)| sum.plus(*share))?;
    let withheld = refusal.or_else(|| given.is_empty().then(|| NOTHING_REDUCED.to_owned()));
    Ok(CartDiscount { promotion: promotion.clone(), amount, shares: given, withheld })
}
