//! What each payment method token makes the simulator do. The table is in the module above.

use super::outbox::Delivery;

/// How the simulator treats a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Approve,
    Decline { code: &'static str },
    Challenge,
    AnswerLost,
    RequestLost,
    Unavailable,
    RenewalFails,
    CaptureFails,
    RefundFails,
    RefundPending,
    Deliver(Delivery),
}

impl Behaviour {
    /// Returns the behaviour of a token, unless there is no such token.
    pub(super) fn of(token: &str) -> Option<Self> {
        Some(match token {
            "pm_card_visa" | "pm_card_mastercard" | "pm_card_amex" => Self::Approve,
            "pm_card_chargeDeclined" => Self::Decline { code: "generic_decline" },
            "pm_card_chargeDeclinedInsufficientFunds" => Self::Decline { code: "insufficient_funds" },
            "pm_card_threeDSecure2Required" => Self::Challenge,
            "pm_card_timeout" => Self::AnswerLost,
            "pm_card_timeoutBefore" => Self::RequestLost,
            "pm_card_unavailable" => Self::Unavailable,
            "pm_card_renewalFails" => Self::RenewalFails,
            "pm_card_captureFails" => Self::CaptureFails,
            "pm_card_refundFails" => Self::RefundFails,
            "pm_card_refundPending" => Self::RefundPending,
            "pm_card_webhooksTwice" => Self::Deliver(Delivery::Twice),
            "pm_card_webhooksLate" => Self::Deliver(Delivery::Late),
            "pm_card_webhooksReordered" => Self::Deliver(Delivery::Swapped),
            _ => return None,
        })
    }

    /// Returns how the webhooks of such a payment are delivered.
    pub(super) fn delivery(self) -> Delivery {
        match self {
            Self::Deliver(delivery) => delivery,
            Self::Approve
            | Self::Decline { .. }
            | Self::Challenge
            | Self::AnswerLost
            | Self::RequestLost
            | Self::Unavailable
            | Self::RenewalFails
            | Self::CaptureFails
            | Self::RefundFails
            | Self::RefundPending => Delivery::Once,
        }
    }
}
