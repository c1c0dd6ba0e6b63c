//! How many flows ended by themselves.

use async_graphql::SimpleObject;
use projections::automation::DayAutomation;
use rust_decimal::Decimal as Number;

use crate::graphql::scalars::{Date, Decimal, SafeInt};

/// Digits behind the point of a rate, rounded half to even.
const RATE_DIGITS: u32 = 4;

/// The flows of a kind that ended on a day.
#[derive(Clone, Debug, SimpleObject)]
pub struct AutomationPoint {
    /// The day, UTC.
    pub day: Date,
    /// The kind of flow: `checkout` from the cart to the end of the time to return, `return_to_refund`, `goodwill_refund`.
    pub flow: String,
    /// How many ended.
    pub ended: SafeInt,
    /// How many of them without a human's decision.
    pub automatic: SafeInt,
    /// The share of these, 0 to 1, to four digits.
    pub rate: Decimal,
}

impl From<DayAutomation> for AutomationPoint {
    fn from(day: DayAutomation) -> Self {
        // Only days on which something ended are told.
        let rate = Number::from(day.automatic) / Number::from(day.ended.max(1));
        Self {
            day: Date(day.day),
            flow: day.flow,
            ended: SafeInt(day.ended),
            automatic: SafeInt(day.automatic),
            rate: Decimal(rate.round_dp(RATE_DIGITS)),
        }
    }
}
