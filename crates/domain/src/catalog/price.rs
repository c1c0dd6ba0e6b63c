//! What a variant has cost in one currency, as far back as the announcement of a reduction must look, and what is announced.
//!
//! The rule: whoever announces a reduction states the prior price, the lowest that was applied in the 30 days before the
//! reduction; while reductions follow each other it stays the price before the first. Directive 98/6/EC article 6a, put in by
//! directive (EU) 2019/2161 article 2 (<https://eur-lex.europa.eu/eli/dir/2019/2161/oj>); in France article L112-1-1 of the
//! Code de la consommation. A percentage is one of the prior price (Court of Justice, C-330/23, 26 September 2024).

use serde::{Deserialize, Serialize};

use crate::values::{Money, Timestamp};

/// How many days before a reduction count for its prior price.
pub const PRIOR_PRICE_DAYS: i64 = 30;
/// The most past prices kept in a currency. Only one that is higher than every earlier one is kept, for as long as it may still
/// count.
pub const PAST_PRICES_MAX: usize = 1_000;

const PERIOD_SECONDS: i64 = PRIOR_PRICE_DAYS * 24 * 60 * 60;

/// A reduction that is announced to shoppers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduction {
    /// The prior price, VAT included: what the reduction is one from.
    pub reference: Money,
    /// Since when it is announced.
    pub starts_at: Timestamp,
    /// The first moment at which it is not announced any more; none for one that lasts until it is ended.
    pub ends_at: Option<Timestamp>,
}

impl Reduction {
    /// Says whether it is announced at a moment.
    pub fn runs_at(&self, moment: Timestamp) -> bool {
        self.starts_at <= moment && self.ends_at.is_none_or(|end| moment < end)
    }

    /// Returns how much lower a price is, in whole per cent of the prior price, from 0 to 100. Rounded down: no more is told
    /// than is given.
    pub fn percentage(&self, price: Money) -> u8 {
        let less = i128::from(self.reference.minor()) - i128::from(price.minor());
        let percent = (less * 100).checked_div(i128::from(self.reference.minor())).unwrap_or(0);
        u8::try_from(percent.clamp(0, 100)).unwrap_or(0)
    }
}

/// A price that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    price: Money,
    /// None where it was set before prices were stored with their time.
    since: Option<Timestamp>,
}

/// A price that was in force until another one came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Past {
    price: Money,
    until: Timestamp,
}

/// What a variant has cost in one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PriceHistory {
    standing: Option<Standing>,
    /// Ever later and ever higher: a lower price that ended later counts wherever an earlier one would.
    past: Vec<Past>,
    /// The lowest of those that ended without a stored time. It may count until the first change with one.
    undated: Option<Money>,
    reduction: Option<Reduction>,
}

impl PriceHistory {
    /// Returns what was announced last and not ended; its own end may have passed.
    pub(super) fn reduction(&self) -> Option<Reduction> {
        self.reduction
    }

    /// Returns the earliest moment at which something may still happen to the price.
    pub(super) fn not_before(&self, moment: Timestamp) -> Timestamp {
        let since = self.standing.and_then(|standing| standing.since);
        let until = self.past.last().map(|past| past.until);
        [since, until].into_iter().flatten().fold(moment, Timestamp::max)
    }

    /// Returns the prior price of a reduction to the present price that is announced at a moment: the lowest price of the 30
    /// days before the present one came into force. Where that is 30 days ago, or nobody knows when it was, the present price
    /// itself was applied in all of them. None where nothing was applied in them.
    pub(super) fn reference_at(&self, moment: Timestamp) -> Option<Money> {
        let standing = self.standing?;
        let Some(since) = standing.since.filter(|since| moment < since.plus_seconds(PERIOD_SECONDS)) else {
            return Some(standing.price);
        };
        self.past.iter().find(|past| counts(past.until, since)).map(|past| past.price)
    }

    /// Puts a price in force. The same amount goes on: another VAT rate inside is no other price to a shopper.
    pub(super) fn set(&mut self, price: Money, at: Option<Timestamp>) {
        if self.standing.is_some_and(|standing| standing.price == price) {
            return;
        }
        self.end(at);
        self.standing = Some(Standing { price, since: at });
    }

    /// Ends the price in force.
    pub(super) fn end(&mut self, at: Option<Timestamp>) {
        let ended = self.standing.take().map(|standing| standing.price);
        let Some(lowest) = [self.undated.take(), ended].into_iter().flatten().min() else { return };
        match at {
            Some(until) => self.remember(Past { price: lowest, until }),
            None => self.undated = Some(lowest),
        }
    }

    /// Announces a reduction, or nothing any more.
    pub(super) fn announce(&mut self, reduction: Option<Reduction>) {
        self.reduction = reduction;
    }

    fn remember(&mut self, ended: Past) {
        while self.past.last().is_some_and(|past| past.price >= ended.price) {
            self.past.pop();
        }
        self.past.push(ended);
        self.past.retain(|past| counts(past.until, ended.until));
        if self.past.len() > PAST_PRICES_MAX {
            // The lower one of the two oldest is taken to have ended as late as the other: the prior price is never too high.
            let lowest = self.past.remove(0).price;
            self.past[0].price = lowest;
        }
    }
}

/// Says whether a price that ended then was applied in the 30 days before a moment.
fn counts(until: Timestamp, moment: Timestamp) -> bool {
    until.plus_seconds(PERIOD_SECONDS) > moment
}
