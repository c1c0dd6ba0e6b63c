//! One return, folded from its stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::ReturnError;
use super::events::{Inspection, LegalWithdrawal, ReturnEvent, ReturnLine};
use super::refund::{RefundLine, refund_lines, refund_of};
use crate::values::{CustomerId, FrenchDay, LocationId, Money, OrderId, ShortText, Sku, Timestamp};

/// Within how many days of a withdrawal from the contract its refund is due (Code de la consommation, article L221-24,
/// <https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000044563171>; directive 2011/83/EU, article 13, 1).
pub const REFUND_DAYS: i64 = 14;

/// Returns the first moment at which the refund of a withdrawal is late, for one that was declared at a moment: the day of the
/// declaration is not counted, and the last one counts whether or not it is worked, so that whoever keeps it is in time by any
/// reading of the law. The shop may wait longer only until the goods are back or proved to be on their way.
pub fn refund_due_at(declared_at: Timestamp) -> Timestamp {
    FrenchDay::of(declared_at).plus_days(REFUND_DAYS + 1).begins_at()
}

/// How far the return is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnStatus {
    /// Nobody asked for it yet.
    #[default]
    Absent,
    /// Someone asked; the shop has not answered.
    Requested,
    /// The shop agreed; the box is awaited.
    Approved,
    /// The shop did not agree. Terminal.
    Refused,
    /// The box arrived.
    Received,
    /// The box was looked into; the refund is known.
    Inspected,
    /// The money went back, or none was owed. Terminal.
    Resolved,
    /// The requester called it off. Terminal.
    Cancelled,
}

impl ReturnStatus {
    /// Every status, in the order of their declaration.
    pub const ALL: [ReturnStatus; 8] = [
        ReturnStatus::Absent,
        ReturnStatus::Requested,
        ReturnStatus::Approved,
        ReturnStatus::Refused,
        ReturnStatus::Received,
        ReturnStatus::Inspected,
        ReturnStatus::Resolved,
        ReturnStatus::Cancelled,
    ];

    /// Returns the name that refusals and read models show, `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            ReturnStatus::Absent => "absent",
            ReturnStatus::Requested => "requested",
            ReturnStatus::Approved => "approved",
            ReturnStatus::Refused => "refused",
            ReturnStatus::Received => "received",
            ReturnStatus::Inspected => "inspected",
            ReturnStatus::Resolved => "resolved",
            ReturnStatus::Cancelled => "cancelled",
        }
    }
}

/// Goods on their way back: `0 <= refund <= Σ paid + delivery`, and what is refunded is the refund.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    status: ReturnStatus,
    order: Option<OrderId>,
    customer: Option<CustomerId>,
    lines: Vec<ReturnLine>,
    reason: Option<ShortText>,
    withdrawal: Option<LegalWithdrawal>,
    #[serde(default)]
    shipment: Option<(ShortText, ShortText)>,
    location: Option<LocationId>,
    inspection: Vec<Inspection>,
    refund: Option<Money>,
    refunded: Option<Money>,
}

impl Return {
    /// Returns how far the return is.
    pub fn status(&self) -> ReturnStatus {
        self.status
    }

    /// Returns the order, once the return was asked for.
    pub fn order(&self) -> Option<&OrderId> {
        self.order.as_ref()
    }

    /// Returns who bought, once the return was asked for.
    pub fn customer(&self) -> Option<&CustomerId> {
        self.customer.as_ref()
    }

    /// Returns what was announced; empty until the return is asked for.
    pub fn lines(&self) -> &[ReturnLine] {
        &self.lines
    }

    /// Returns why the goods come back, once the return was asked for.
    pub fn reason(&self) -> Option<&ShortText> {
        self.reason.as_ref()
    }

    /// Returns its moments and what is given back of delivery, where it is a withdrawal from the contract.
    pub fn withdrawal(&self) -> Option<LegalWithdrawal> {
        self.withdrawal
    }

    /// Returns the first moment at which the refund is late, where it is a withdrawal from the contract; see [`refund_due_at`].
    pub fn refund_due_at(&self) -> Option<Timestamp> {
        self.withdrawal.map(|withdrawal| refund_due_at(withdrawal.declared_at))
    }

    /// Returns the carrier and its number, once the box was proved to be on its way.
    pub fn shipment(&self) -> Option<(&ShortText, &ShortText)> {
        self.shipment.as_ref().map(|(carrier, tracking)| (carrier, tracking))
    }

    /// Returns where the box arrived, if it did.
    pub fn location(&self) -> Option<&LocationId> {
        self.location.as_ref()
    }

    /// Returns what was found, each line once; empty until the box is looked into.
    pub fn inspection(&self) -> &[Inspection] {
        &self.inspection
    }

    /// Returns what is owed, once the box was looked into.
    pub fn refund(&self) -> Option<Money> {
        self.refund
    }

    /// Returns what is owed for each line and why; empty until the box is looked into. The refunds sum to the refund, but for
    /// what is given back of delivery.
    pub fn refund_lines(&self) -> Vec<RefundLine> {
        // What was inspected was counted right.
        refund_lines(&self.lines, &self.inspection).unwrap_or_default()
    }

    /// Returns the return as it would be if this were found in the box, whether or not it has arrived.
    ///
    /// # Errors
    /// What `Inspect` would be refused with for such a finding; `NOT_FOUND` before the return is asked for.
    pub fn if_inspected(&self, items: &[Inspection]) -> Result<Self, ReturnError> {
        if self.status == ReturnStatus::Absent {
            return Err(ReturnError::Unknown);
        }
        let refund = refund_of(self, items)?;
        let mut found = self.clone();
        found.move_on(&ReturnEvent::Inspected { items: items.to_vec(), refund });
        Ok(found)
    }

    /// Returns what went back to the customer, once it did.
    pub fn refunded(&self) -> Option<Money> {
        self.refunded
    }

    /// Returns the units to put back on the shelf, summed per SKU, sorted by SKU, none of them zero.
    pub fn resalable(&self) -> Vec<(Sku, i64)> {
        self.units_per_sku(|item| item.resalable)
    }

    /// Returns the units that arrived and cannot be sold, summed per SKU, sorted by SKU, none of them zero.
    pub fn damaged(&self) -> Vec<(Sku, i64)> {
        self.units_per_sku(|item| item.damaged)
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &ReturnEvent) {
        match event {
            ReturnEvent::Requested { order, customer, lines, reason, withdrawal } => {
                self.withdrawal = *withdrawal;
                self.status = ReturnStatus::Requested;
                self.order = Some(order.clone());
                self.customer = Some(customer.clone());
                self.lines = lines.clone();
                self.reason = Some(reason.clone());
            }
            ReturnEvent::Approved {} => self.status = ReturnStatus::Approved,
            ReturnEvent::Refused { .. } => self.status = ReturnStatus::Refused,
            ReturnEvent::ShippedBack { carrier, tracking } => self.shipment = Some((carrier.clone(), tracking.clone())),
            ReturnEvent::Received { location } => {
                self.status = ReturnStatus::Received;
                self.location = Some(location.clone());
            }
            ReturnEvent::Inspected { items, refund } => {
                self.status = ReturnStatus::Inspected;
                self.inspection = items.clone();
                self.refund = Some(*refund);
            }
            ReturnEvent::Resolved { refunded } => {
                self.status = ReturnStatus::Resolved;
                self.refunded = Some(*refunded);
            }
            ReturnEvent::Cancelled { .. } => self.status = ReturnStatus::Cancelled,
        }
    }

    fn units_per_sku(&self, units_of: fn(&Inspection) -> u32) -> Vec<(Sku, i64)> {
        let mut sums: BTreeMap<Sku, i64> = BTreeMap::new();
        for item in &self.inspection {
            let units = i64::from(units_of(item));
            let announced = self.lines.iter().find(|line| line.line == item.line);
            if let Some(line) = announced
                && units > 0
            {
                *sums.entry(line.sku.clone()).or_default() += units;
            }
        }
        sums.into_iter().collect()
    }
}
