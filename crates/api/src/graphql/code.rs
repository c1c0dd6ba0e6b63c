//! Codes of refusals: one list for the whole shop.

use async_graphql::{Enum, Name, Value};

/// Why a command was refused. The list grows: handle codes that you do not know by their message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ErrorCode {
    /// An input is not valid; `path` says which, `rule` what is allowed.
    Validation,
    /// Nothing of that kind is there, or nothing that you may see.
    NotFound,
    /// It exists already, with other content.
    AlreadyExists,
    /// Someone else changed it first: load it again.
    VersionConflict,
    /// The idempotency key was used with another input.
    IdempotencyKeyReused,
    /// The state it is in does not allow this.
    IllegalTransition,
    /// The customer asked to be forgotten.
    CustomerForgotten,

    /// The log has not reached that position.
    AsOfBeyondEnd,
    /// That time has not come.
    AsOfInFuture,
    /// What was read last is gone: an older copy of the log has taken over. Begin again from what is there now.
    LogRewound,
    /// The log names positions of its own making, and knows none like this.
    PositionUnknown,
    /// This part of the log, or this log, is not sealed.
    NotSealed,

    /// The product lacks what shoppers must see.
    NotPublishable,
    /// The category would stand in itself.
    CategoryCycle,
    /// There is no price in this currency.
    NoPrice,
    /// The variant is not sold any more.
    VariantDiscontinued,
    /// The price is not lower than the lowest of the 30 days before it: that is no reduction.
    PriceNotReduced,
    /// It had no price in the 30 days before the present one: there is nothing to reduce.
    NoPriorPrice,

    /// Fewer units are free than were asked for.
    InsufficientStock,
    /// The promise of units has ended.
    ReservationOver,
    /// No units are promised to this order.
    ReservationUnknown,
    /// Fewer units are sold to this order than are to be freed.
    AllocationExceeded,
    /// Other units are promised to this order.
    ReservationDiffers,
    /// The promise still holds.
    ReservationNotExpired,
    /// No units are sold to this order.
    AllocationUnknown,
    /// The units have left.
    AlreadyDispatched,
    /// Fewer units were counted than are sold and have not left: call orders off first.
    SoldUnitsMissing,
    /// The count is too far from what is known.
    CountImplausible,
    /// The order does not wait for units there.
    BackOrderUnknown,
    /// The order has its units by now, in another number.
    BackOrderSettled,
    /// More orders wait for units than may.
    BackOrderLimit,
    /// More units than a place can count.
    StockLimit,

    /// The cart is an order, or part of another cart, for ever.
    CartClosed,
    /// The cart is frozen while its order is placed.
    CheckoutUnderWay,
    /// The cart knows of no such checkout.
    CheckoutUnknown,
    /// This checkout has ended.
    CheckoutOver,
    /// The cart lacks what checkout asks for.
    CheckoutIncomplete,
    /// The total is not what the shopper saw.
    PriceChanged,
    /// There is no such line.
    LineNotFound,
    /// A line of this id is there with other content.
    LineExists,
    /// The command asks for nothing.
    NothingAsked,
    /// More lines than a cart may have.
    TooManyLines,
    /// The line was priced as a whole: its quantity is fixed.
    LinePriceFixed,
    /// The amount is in another currency.
    WrongCurrency,
    /// The amount is out of range.
    AmountOutOfRange,
    /// It is not a country code (ISO 3166-1 alpha-2).
    InvalidCountry,
    /// A card number has no business here: send the provider's token.
    CardNumberRefused,
    /// The cart adds to an order and goes as that goes: take it off the order to choose another e-mail, address or shipping.
    CartGoesAlong,
    /// The coupon is applied already.
    CouponApplied,
    /// More coupons than a cart may have.
    TooManyCoupons,
    /// There is no such coupon code, or the cart has none.
    CouponUnknown,
    /// More promotions than a cart may have.
    TooManyPromotions,

    /// The terms of the promotion contradict themselves.
    PromotionInvalid,
    /// A limit of uses is out of range.
    PromotionLimitOutOfRange,
    /// The promotion has not begun.
    PromotionNotBegun,
    /// The promotion is over.
    PromotionExpired,
    /// The promotion is paused.
    PromotionPaused,
    /// All uses of the promotion are taken.
    PromotionUsedUp,
    /// This customer has used the promotion as often as they may.
    PromotionUsedByCustomer,
    /// Too many promotions apply by themselves.
    PromotionBoardFull,
    /// The order's use of the promotion is over.
    PromotionUseOver,
    /// The order has no use of the promotion.
    PromotionUseUnknown,
    /// The lines come to less than what the promotion asks for.
    PromotionMinimumNotReached,
    /// There is nothing in the cart that the promotion takes something off.
    PromotionNothingReduced,
    /// The promotion does not go together with others, which give more.
    PromotionNotCombinable,

    /// There is nothing in it.
    NoLines,
    /// The amounts do not add up.
    TotalsDisagree,
    /// A parcel has left: send it back instead.
    AlreadyShipped,
    /// The warehouses are being asked: try again in a moment.
    FulfilmentPending,
    /// Units of the order are waited for: cancel it whole, or wait until they are there.
    BackOrdered,
    /// Name each line once, and at least one.
    LinesInvalid,
    /// Fewer units of the line are left than were asked to be cancelled.
    NotCancellable,
    /// Another cancellation of this order has no answer yet: wait for it.
    CancellationUnderWay,
    /// The order has no such cancellation of lines.
    LineCancellationNotFound,
    /// The cancellation of lines is known already, with other content.
    LineCancellationDiffers,
    /// More cancellations of lines than an order may have.
    LineCancellationLimit,
    /// The order was called off.
    OrderCancelled,
    /// Nothing can be added to the order: take the cart off it, and check out as usual.
    OrderCannotBeAddedTo,
    /// Another order was added to this one: cancel that first.
    OrderHasAdditions,
    /// An attempt to pay is not answered yet.
    PaymentUnderWay,
    /// A payment is to hold nothing, more than is due, or another currency.
    PaymentAmountInvalid,
    /// More attempts to pay than an order may have.
    TooManyPayments,

    /// The bank said no.
    PaymentDeclined,
    /// The buyer must act at the bank.
    PaymentActionRequired,
    /// The order was not paid in time.
    PaymentTimeout,
    /// Staff gave the checkout up.
    GivenUp,
    /// The amount must be above zero.
    AmountNotPositive,
    /// More than what is held.
    CaptureExceedsAuthorised,
    /// More than what was taken and not given back.
    RefundExceedsCaptured,
    /// The amount is another one than before under this name.
    AmountDiffers,
    /// There is no such capture.
    CaptureNotFound,
    /// There is no such refund.
    RefundNotFound,
    /// The name stands for another amount.
    NameReused,
    /// The hold on the money stands.
    AuthorisationNotExpired,
    /// The provider calls the payment otherwise.
    ReferenceDiffers,
    /// More captures or refunds than a payment may have.
    MovementLimit,

    /// The parcel's money is not taken yet.
    ParcelNotPaid,
    /// No label is booked yet.
    LabelMissing,
    /// Fewer units are in the parcel than are to be taken out.
    NotInParcel,
    /// The units are said to stand for more than the parcel does.
    ShareExceeded,

    /// The goods have not arrived.
    NotDelivered,
    /// Fewer units can come back than were asked for.
    NotReturnable,
    /// The time to return is over.
    ReturnWindowClosed,
    /// The period of withdrawal from the contract is over; a return may still be granted.
    WithdrawalPeriodOver,
    /// The withdrawal was declared more than a day ago: declare it again.
    WithdrawalLapsed,
    /// A withdrawal from the contract cannot be refused.
    WithdrawalStands,
    /// The lines of the return are not valid.
    ReturnLinesInvalid,
    /// The order knows of no such return.
    ReturnNotFound,
    /// The return is there with other content.
    ReturnDiffers,
    /// The return was withdrawn.
    ReturnWithdrawn,
    /// More returns than an order may have.
    ReturnLimit,
    /// The amounts of the return are not valid.
    AmountsInvalid,
    /// Resalable, damaged and missing units do not sum to what was announced.
    CountDiffers,
    /// More is to be deducted than was paid for the damaged units, or nothing.
    DeductionInvalid,
    /// The refund is not what is owed.
    RefundDiffers,

    /// More is to be credited than was invoiced and is not credited yet.
    CreditExceedsInvoiced,
    /// A credit note credits more than zero.
    NothingToCredit,
    /// More documents than an order may have.
    TooManyDocuments,
    /// The number is of another series.
    SeriesDiffers,
    /// The series has no further number.
    SeriesFull,
}

impl ErrorCode {
    /// Returns the code of a refusal, if it is one of the list.
    pub fn of(code: &str) -> Option<Self> {
        async_graphql::resolver_utils::parse_enum(Value::Enum(Name::new(code))).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::ErrorCode;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                sources(&path, found);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                found.push(path);
            }
        }
    }

    /// Finds every literal in capitals that stands where a code does.
    fn codes_in(text: &str) -> BTreeSet<String> {
        let mut codes = BTreeSet::new();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for marker in ["=> \"", "Refused::new(\"", "code: \"", "reopen(\""] {
            for (at, _) in text.match_indices(marker) {
                let literal = text[at + marker.len()..].split('"').next().unwrap_or_default();
                if literal.len() > 4 && literal.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
                    codes.insert(literal.to_owned());
                }
            }
        }
        codes
    }

    #[test]
    fn every_code_that_the_shop_refuses_with_is_in_the_list() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let (mut files, mut checked) = (Vec::new(), 0);
        for folder in ["domain/src", "app/src", "sagas/src", "api/src/graphql"] {
            sources(&crates.join(folder), &mut files);
        }
        for file in files.iter().filter(|file| !file.ends_with("actor.rs")) {
            for code in codes_in(&std::fs::read_to_string(file).expect("a source")) {
                assert!(ErrorCode::of(&code).is_some(), "{code} of {} is not in the list", file.display());
                checked += 1;
            }
        }
        assert!(checked > 60, "only {checked} codes were found: the search looks at the wrong places");
    }

    #[test]
    fn every_code_that_a_cart_withholds_a_promotion_with_is_in_the_list() {
        use domain::cart::{MINIMUM_NOT_REACHED, NOT_COMBINABLE, NOTHING_REDUCED, WRONG_CURRENCY};
        for code in [MINIMUM_NOT_REACHED, NOT_COMBINABLE, NOTHING_REDUCED, WRONG_CURRENCY] {
            assert!(ErrorCode::of(code).is_some(), "{code}");
        }
    }

    #[test]
    fn a_code_of_no_one_is_none() {
        assert_eq!(ErrorCode::of("NOT_A_CODE"), None);
        assert_eq!(ErrorCode::of("INSUFFICIENT_STOCK"), Some(ErrorCode::InsufficientStock));
    }
}
