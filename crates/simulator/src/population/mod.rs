//! Who comes to the shop, and who works in it. Everybody speaks GraphQL to whichever process answers.

mod bank;
mod courier;
mod desk;
mod merchant;
mod shelves;
mod shopper;
mod staff;
mod wire;

pub(crate) use bank::keep_bank;
pub(crate) use courier::deliver_webhooks;
pub(crate) use desk::Desk;
pub(crate) use merchant::{mind_shop, stock_up};
pub(crate) use shopper::shop;

/// What every buyer is called: no stored byte may hold it in clear.
pub(crate) const BUYER: &str = "Camille Durand-Lefebvre";
/// Where every buyer is written to: no stored byte may hold it in clear.
pub(crate) const BUYER_EMAIL: &str = "camille.durand@example.org";

/// What is for sale: its price in cents, its rate of VAT, and how many units stand at each location.
pub(crate) const SHELF: [(&str, i64, &str, [i64; 2]); 6] = [
    ("LIV-1", 3_823, "0.2", [400, 300]),
    ("LIV-2", 1_055, "0.055", [60, 40]),
    ("LIV-3", 799, "0.055", [25, 400]),
    ("LIV-4", 1, "0.021", [500, 0]),
    ("LIV-5", 12_999, "0.1", [12, 9]),
    ("LIV-6", 2_490, "0.055", [3, 4]),
];

/// The code of a coupon that few get, and of one that everybody gets.
pub(crate) const CODES: [&str; 2] = ["SIX-DEUX", "TOUJOURS"];
/// How often the first may be used.
pub(crate) const RARE_USES: u32 = 4;

/// For how many days buyers come.
pub(crate) const DAYS_OPEN: i64 = 3;
