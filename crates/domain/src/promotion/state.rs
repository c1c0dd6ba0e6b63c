//! A promotion, folded from its stream.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::events::{PromotionEvent, PromotionLimits};
use crate::values::{BlindIndex, OrderId, PromotionTerms};

/// How many uses that were taken back a promotion remembers, to refuse one that arrives late. One that arrives later
/// still is caught by its command id.
pub const RELEASED_REMEMBERED_MAX: usize = 4_096;

/// Where a promotion is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PromotionStatus {
    /// It was never made.
    #[default]
    Absent,
    /// It holds, within its time and its limits.
    Active,
    /// It rests.
    Paused,
    /// It is over for good.
    Ended,
}

/// A use that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) customer: BlindIndex,
    pub(super) is_confirmed: bool,
}

/// What is promised, and who uses it: no more than its limits, whatever is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    status: PromotionStatus,
    terms: Option<Box<PromotionTerms>>,
    limits: PromotionLimits,
    uses: BTreeMap<OrderId, Use>,
    confirmed: u32,
    per_customer: BTreeMap<BlindIndex, u32>,
    released: VecDeque<OrderId>,
}

impl Promotion {
    /// Returns where it is in its life.
    pub fn status(&self) -> PromotionStatus {
        self.status
    }

    /// Returns what it promises; none before it is made.
    pub fn terms(&self) -> Option<&PromotionTerms> {
        self.terms.as_deref()
    }

    /// Returns when it holds, and how often.
    pub fn limits(&self) -> PromotionLimits {
        self.limits
    }

    /// Returns whether its uses are promised one by one. Without a limit nobody has to wait for anybody.
    pub fn is_counted(&self) -> bool {
        self.limits.uses_max.is_some() || self.limits.uses_per_customer_max.is_some()
    }

    /// Returns the uses promised to orders that are no sale yet.
    pub fn uses_reserved(&self) -> u32 {
        self.uses_standing().saturating_sub(self.confirmed)
    }

    /// Returns the uses of orders that are sales.
    pub fn uses_confirmed(&self) -> u32 {
        self.confirmed
    }

    /// Returns the uses that stand, promised and counted.
    pub fn uses_standing(&self) -> u32 {
        u32::try_from(self.uses.len()).unwrap_or(u32::MAX)
    }

    /// Returns the uses of one customer that stand.
    pub fn uses_of(&self, customer: &BlindIndex) -> u32 {
        self.per_customer.get(customer).copied().unwrap_or(0)
    }

    /// Returns whether an order has a use that stands.
    pub fn has_use(&self, order: &OrderId) -> bool {
        self.uses.contains_key(order)
    }

    pub(super) fn standing(&self, order: &OrderId) -> Option<&Use> {
        self.uses.get(order)
    }

    pub(super) fn was_released(&self, order: &OrderId) -> bool {
        self.released.contains(order)
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &PromotionEvent) {
        match event {
            PromotionEvent::Created { terms, limits } => {
                self.status = PromotionStatus::Active;
                self.terms = Some(terms.clone());
                self.limits = *limits;
            }
            PromotionEvent::Paused { .. } => self.status = PromotionStatus::Paused,
            PromotionEvent::Resumed {} => self.status = PromotionStatus::Active,
            PromotionEvent::Ended { .. } => self.status = PromotionStatus::Ended,
            PromotionEvent::UseReserved { order, customer } => {
                self.uses.insert(order.clone(), Use { customer: customer.clone(), is_confirmed: false });
                *self.per_customer.entry(customer.clone()).or_default() += 1;
            }
            PromotionEvent::UseConfirmed { order } => {
                if let Some(standing) = self.uses.get_mut(order) {
                    standing.is_confirmed = true;
                    self.confirmed += 1;
                }
            }
            PromotionEvent::UseReleased { order, .. } => {
                self.let_go(order);
                self.remember(order);
            }
            PromotionEvent::UseBarred { order } => self.remember(order),
        }
    }

    fn let_go(&mut self, order: &OrderId) {
        let Some(gone) = self.uses.remove(order) else { return };
        self.confirmed -= u32::from(gone.is_confirmed);
        if let Some(count) = self.per_customer.get_mut(&gone.customer) {
            *count -= 1;
            if *count == 0 {
                self.per_customer.remove(&gone.customer);
            }
        }
    }

    fn remember(&mut self, order: &OrderId) {
        self.released.push_back(order.clone());
        if self.released.len() > RELEASED_REMEMBERED_MAX {
            self.released.pop_front();
        }
    }
}
