//! The consumer's right to go back on a distance contract without a reason, in two steps: it is declared, then confirmed.
//!
//! Code de la consommation, articles L221-18 to L221-21
//! (<https://www.legifrance.gouv.fr/codes/section_lc/LEGITEXT000006069565/LEGISCTA000032226832>); the second step is that of
//! directive (EU) 2023/2673, article 11a.

use super::decide::{RETURNS_MAX, are_returnable, may_come_back, may_open_return};
use super::error::OrderError;
use super::events::{OrderEvent, ReturnedLine, Withdrawal};
use super::state::{Order, OrderStatus};
use crate::values::{FrenchDay, ReturnId, ShortText, Timestamp};

/// How many days the right lasts. The day of receipt is not counted, and a period that would end on a day that is not
/// worked ends with the next one that is (article L221-19).
pub const WITHDRAWAL_DAYS: i64 = 14;

/// How long after the first step the second may come, seconds: a day. The moment of the first is the one that counts.
pub const WITHDRAWAL_CONFIRM_SECONDS: i64 = 24 * 60 * 60;

/// Why the goods come back, as the law lets nobody ask.
const REASON: &str = "withdrawal";

type Decision = Result<Vec<OrderEvent>, OrderError>;

/// Returns the first moment at which it is too late, for goods of which the last parcel arrived at a moment.
pub fn withdrawal_ends_at(received_at: Timestamp) -> Timestamp {
    let mut last = FrenchDay::of(received_at).plus_days(WITHDRAWAL_DAYS);
    while !last.is_worked() {
        last = last.plus_days(1);
    }
    last.plus_days(1).begins_at()
}

pub(super) fn declare(order: &Order, return_id: &ReturnId, lines: &[ReturnedLine], now: Timestamp) -> Decision {
    if let Some(known) = order.withdrawal_declared(return_id) {
        return if known.lines == lines { Ok(vec![]) } else { Err(OrderError::ReturnDiffers) };
    }
    may_come_back(order)?;
    let ends_at = order.withdrawal_ends_at().ok_or(OrderError::NotDelivered)?;
    if now >= ends_at {
        return Err(OrderError::WithdrawalPeriodOver { ended_at: ends_at });
    }
    are_returnable(order, lines)?;
    if order.withdrawals_declared().len() >= RETURNS_MAX {
        return Err(OrderError::TooManyReturns { max: RETURNS_MAX });
    }
    Ok(vec![OrderEvent::WithdrawalDeclared { return_id: return_id.clone(), lines: lines.to_vec(), declared_at: now }])
}

pub(super) fn confirm(order: &Order, return_id: &ReturnId, now: Timestamp) -> Decision {
    if order.status() == OrderStatus::Absent {
        return Err(OrderError::Unknown);
    }
    if let Some(known) = order.returns().get(return_id) {
        return if known.withdrawn { Err(OrderError::ReturnWithdrawn) } else { Ok(vec![]) };
    }
    let declared = order.withdrawal_declared(return_id).ok_or(OrderError::ReturnUnknown)?;
    if now > declared.declared_at.plus_seconds(WITHDRAWAL_CONFIRM_SECONDS) {
        return Err(OrderError::WithdrawalLapsed);
    }
    may_come_back(order)?;
    may_open_return(order, &declared.lines)?;
    let reason: ShortText = REASON.parse().map_err(|_| OrderError::ReturnLinesInvalid)?;
    let withdrawal = Some(Withdrawal { declared_at: declared.declared_at, confirmed_at: now });
    let (return_id, lines) = (return_id.clone(), declared.lines.clone());
    Ok(vec![OrderEvent::ReturnOpened { return_id, lines, reason, withdrawal }])
}
