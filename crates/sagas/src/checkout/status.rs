//! What a buyer may know of a checkout.

use app::promotion::Withheld;
use app::stock::Shortage;

/// Where a checkout stands, for whoever waits for its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CheckoutStatus {
    /// No answer yet.
    #[default]
    Pending,
    /// Not all units are there: no order exists, nothing is held, the cart is open again.
    OutOfStock {
        /// What lacks, and how much is left.
        shortages: Vec<Shortage>,
    },
    /// Promotions that the total was made with do not hold any more: no order exists, nothing is held, the cart is open
    /// again and says why.
    PromotionRefused {
        /// Which, and why.
        refusals: Vec<Withheld>,
    },
    /// The order exists; the buyer must act at the bank.
    ActionRequired {
        /// Where the buyer goes.
        url: String,
        /// Which attempt to pay, from 1.
        attempt: u32,
    },
    /// The order exists; the bank said no. The buyer may try another method until the order's time is over.
    Declined {
        /// The provider's code.
        code: String,
        /// Which attempt to pay, from 1.
        attempt: u32,
    },
    /// The order exists; part of its money is held, and the buyer pays the rest until the order's time is over.
    PartlyAuthorised {
        /// Which attempt to pay, from 1.
        attempt: u32,
    },
    /// The money is guaranteed, the units are the buyer's, the shop owes the goods.
    Confirmed,
    /// An order that the shop owes already is paid anew.
    PaidAnew {
        /// Which attempt to pay, from 1.
        attempt: u32,
    },
    /// The order never became a sale; whatever was held is given back.
    Rejected {
        /// A stable code, such as `PAYMENT_TIMEOUT`.
        code: String,
    },
    /// The order was called off; whatever was held or taken is given back.
    Cancelled,
}

impl CheckoutStatus {
    /// Returns whether it is an answer.
    pub fn is_answer(&self) -> bool {
        !matches!(self, CheckoutStatus::Pending)
    }
}
