//! The rules of promotions.

use super::commands::PromotionCommand;
use super::error::PromotionError;
use super::events::{PromotionEvent, PromotionLimits};
use super::state::{Promotion, PromotionStatus};
use crate::values::{BlindIndex, Money, OrderId, PromotionReach, PromotionTerms, Reduction, ShortText, Timestamp};

/// The highest limit of uses, and what stands in for a limit in all where only customers are limited.
pub const LIMIT_MAX: u32 = 1_000_000;

/// The most SKUs, the most products, and the most categories that one promotion names.
pub const REACHED_MAX: usize = 500;

/// The highest amount off, and the highest minimum, in minor units: 1,000,000,000.00.
const AMOUNT_MINOR_MAX: i64 = 100_000_000_000;

type Decision = Result<Vec<PromotionEvent>, PromotionError>;

pub(super) fn decide(promotion: &Promotion, command: &PromotionCommand) -> Decision {
    match command {
        PromotionCommand::Create { terms, limits } => create(promotion, terms, *limits),
        PromotionCommand::Pause { reason } => pause(promotion, reason),
        PromotionCommand::Resume => resume(promotion),
        PromotionCommand::End { reason } => end(promotion, reason),
        PromotionCommand::Reserve { order, customer, now } => reserve(promotion, order, customer, *now),
        PromotionCommand::Confirm { order } => confirm(promotion, order),
        PromotionCommand::Release { order, reason } => release(promotion, order, reason),
    }
}

impl Promotion {
    /// Accepts one further use now. Of a customer who is not known yet only the limit in all is asked.
    ///
    /// # Errors
    /// Why it gives nothing: unknown, not begun, over, paused, used up.
    pub fn usable(&self, now: Timestamp, customer: Option<&BlindIndex>) -> Result<(), PromotionError> {
        let limits = self.limits();
        match self.status() {
            PromotionStatus::Absent => return Err(PromotionError::Unknown),
            PromotionStatus::Ended => return Err(PromotionError::Expired),
            PromotionStatus::Paused => return Err(PromotionError::Paused),
            PromotionStatus::Active => {}
        }
        if limits.begins_at.is_some_and(|begins_at| now < begins_at) {
            return Err(PromotionError::NotBegun);
        }
        if limits.ends_at.is_some_and(|ends_at| now >= ends_at) {
            return Err(PromotionError::Expired);
        }
        let max = limits.uses_max.unwrap_or(LIMIT_MAX);
        if self.is_counted() && self.uses_standing() >= max {
            return Err(PromotionError::UsedUp { max });
        }
        match (limits.uses_per_customer_max, customer) {
            (Some(max), Some(customer)) if self.uses_of(customer) >= max => Err(PromotionError::UsedByCustomer { max }),
            _ => Ok(()),
        }
    }
}

fn create(promotion: &Promotion, terms: &PromotionTerms, limits: PromotionLimits) -> Decision {
    if let Some(known) = promotion.terms() {
        let same = known == terms && promotion.limits() == limits;
        return if same { Ok(vec![]) } else { Err(PromotionError::AlreadyExists) };
    }
    are_sound(terms)?;
    let counts = [limits.uses_max, limits.uses_per_customer_max];
    if counts.into_iter().flatten().any(|count| !(1..=LIMIT_MAX).contains(&count)) {
        return Err(PromotionError::LimitOutOfRange);
    }
    if let (Some(begins_at), Some(ends_at)) = (limits.begins_at, limits.ends_at)
        && ends_at <= begins_at
    {
        return Err(PromotionError::TermsInvalid { what: "it ends before it begins" });
    }
    Ok(vec![PromotionEvent::Created { terms: Box::new(terms.clone()), limits }])
}

fn are_sound(terms: &PromotionTerms) -> Result<(), PromotionError> {
    let invalid = |what| Err(PromotionError::TermsInvalid { what });
    if let PromotionReach::Lines { skus, products, categories } = &terms.reach {
        let counts = [skus.len(), products.len(), categories.len()];
        if counts == [0; 3] {
            return invalid("it names no SKU, no product and no category");
        }
        if counts.iter().any(|count| *count > REACHED_MAX) {
            return invalid("it names more than 500 SKUs, products or categories");
        }
    }
    let off = match terms.reduction {
        Reduction::Amount(amount) => Some(amount),
        Reduction::Percentage(_) => None,
    };
    let is_amount = |amount: &Money| (1..=AMOUNT_MINOR_MAX).contains(&amount.minor());
    if !off.iter().chain(&terms.minimum).all(is_amount) {
        return invalid("an amount is not from 1 to 100000000000 minor units");
    }
    if let (Some(off), Some(minimum)) = (off, terms.minimum)
        && off.currency() != minimum.currency()
    {
        return invalid("its amounts are in two currencies");
    }
    Ok(())
}

fn pause(promotion: &Promotion, reason: &ShortText) -> Decision {
    match promotion.status() {
        PromotionStatus::Absent => Err(PromotionError::Unknown),
        PromotionStatus::Ended => Err(PromotionError::Expired),
        PromotionStatus::Paused => Ok(vec![]),
        PromotionStatus::Active => Ok(vec![PromotionEvent::Paused { reason: reason.clone() }]),
    }
}

fn resume(promotion: &Promotion) -> Decision {
    match promotion.status() {
        PromotionStatus::Absent => Err(PromotionError::Unknown),
        PromotionStatus::Ended => Err(PromotionError::Expired),
        PromotionStatus::Active => Ok(vec![]),
        PromotionStatus::Paused => Ok(vec![PromotionEvent::Resumed {}]),
    }
}

fn end(promotion: &Promotion, reason: &ShortText) -> Decision {
    match promotion.status() {
        PromotionStatus::Absent => Err(PromotionError::Unknown),
        PromotionStatus::Ended => Ok(vec![]),
        PromotionStatus::Active | PromotionStatus::Paused => Ok(vec![PromotionEvent::Ended { reason: reason.clone() }]),
    }
}

fn reserve(promotion: &Promotion, order: &OrderId, customer: &BlindIndex, now: Timestamp) -> Decision {
    if promotion.has_use(order) {
        return Ok(vec![]);
    }
    if promotion.was_released(order) {
        return Err(PromotionError::UseOver { order: order.clone() });
    }
    promotion.usable(now, Some(customer))?;
    Ok(vec![PromotionEvent::UseReserved { order: order.clone(), customer: customer.clone() }])
}

fn confirm(promotion: &Promotion, order: &OrderId) -> Decision {
    match promotion.standing(order) {
        Some(standing) if standing.is_confirmed => Ok(vec![]),
        Some(_) => Ok(vec![PromotionEvent::UseConfirmed { order: order.clone() }]),
        None if promotion.was_released(order) => Err(PromotionError::UseOver { order: order.clone() }),
        None => Err(PromotionError::UseUnknown { order: order.clone() }),
    }
}

fn release(promotion: &Promotion, order: &OrderId, reason: &ShortText) -> Decision {
    if promotion.has_use(order) {
        return Ok(vec![PromotionEvent::UseReleased { order: order.clone(), reason: reason.clone() }]);
    }
    if promotion.was_released(order) {
        return Ok(vec![]);
    }
    Ok(vec![PromotionEvent::UseBarred { order: order.clone() }])
}
