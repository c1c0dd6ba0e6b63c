//! The simulator's books, for tests and auditors.

use domain::values::{Currency, Money};

use super::intent::{Intent, IntentStatus};

/// What became of the money of one intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// The provider's name.
    pub reference: String,
    /// The shop's name of the payment; empty when the shop gave none.
    pub payment: String,
    /// The shop's name of the order; empty when the shop gave none, as in a claim on a key.
    pub order: String,
    /// What was asked for.
    pub amount: Money,
    /// What was once held: all or nothing.
    pub authorised: Money,
    /// What is held now.
    pub held: Money,
    /// What was taken.
    pub captured: Money,
    /// What went back or is on its way back.
    pub refunded: Money,
    /// Where the intent stands.
    pub status: IntentStatus,
}

impl LedgerLine {
    pub(super) fn of(intent: &Intent) -> Option<Self> {
        let currency: Currency = intent.currency.to_ascii_uppercase().parse().ok()?;
        let name = |key: &str| intent.metadata.get(key).cloned().unwrap_or_default();
        Some(Self {
            reference: intent.id.clone(),
            payment: name("payment"),
            order: name("order"),
            amount: Money::new(intent.amount, currency),
            authorised: Money::new(intent.authorised, currency),
            held: Money::new(intent.capturable, currency),
            captured: Money::new(intent.received, currency),
            refunded: Money::new(intent.refunded, currency),
            status: intent.status,
        })
    }
}
