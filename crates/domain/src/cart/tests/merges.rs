//! What comes into a cart with a guest's: lines, coupons and codes, all or nothing.

use super::*;

fn held(number: u128, withheld: Option<&str>) -> HeldPromotion {
    HeldPromotion { added: promotion(number, percent("0.1")), withheld: withheld.map(str::to_owned) }
}

fn ten_percent(number: u128) -> CartEvent {
    promotion_added(promotion(number, percent("0.1")))
}

fn with_promotions(promotions: impl IntoIterator<Item = HeldPromotion>) -> CartCommand {
    merge_all(GuestCart { promotions: promotions.into_iter().collect(), ..guest(2, [line(2)]) })
}

#[test]
fn the_codes_of_a_guest_come_along() {
    let codes = || with_promotions([held(1, None), held(2, Some("PROMOTION_USED_UP"))]);
    let came = || vec![merged(2, [line(2)]), ten_percent(1), ten_percent(2), withheld(2, "PROMOTION_USED_UP")];
    accepted(vec![opened(), added([line(1)])], codes(), came());
    let after: Vec<_> = [opened(), added([line(1)])].into_iter().chain(came()).collect();
    assert_eq!(cart_after(&after).totals().expect("sums").discount, euros(400), "both lines are lowered, once");
    accepted(after, codes(), vec![]);
}

#[test]
fn a_code_that_was_taken_out_after_the_merge_does_not_come_back_with_a_repeat() {
    let removed = CartEvent::PromotionRemoved { promotion: promotion_id(1) };
    let given = vec![opened(), merged(2, [line(2)]), ten_percent(1), removed];
    accepted(given, with_promotions([held(1, None)]), vec![]);
}

#[test]
fn a_code_that_both_have_stays_as_it_is_or_gives_something_again() {
    let merged = || merged(2, [line(2)]);
    accepted(vec![opened(), ten_percent(1)], with_promotions([held(1, None)]), vec![merged()]);
    accepted(vec![opened(), ten_percent(1)], with_promotions([held(1, Some("PROMOTION_PAUSED"))]), vec![merged()]);
    let out = || vec![opened(), ten_percent(1), withheld(1, "PROMOTION_USED_UP")];
    accepted(out(), with_promotions([held(1, None)]), vec![merged(), ten_percent(1)]);
    accepted(out(), with_promotions([held(1, Some("PROMOTION_PAUSED"))]), vec![merged()]);
}

#[test]
fn the_coupons_of_a_guest_come_along_and_count_once() {
    let coupons = vec![coupon("TEN", euros(1_000)), coupon("FIVE", euros(500))];
    let when = merge_all(GuestCart { coupons, ..guest(2, [line(2)]) });
    let then = vec![merged(2, [line(2)]), coupon_applied("FIVE", 500)];
    accepted(vec![opened(), coupon_applied("TEN", 1_000)], when, then);
}

#[test]
fn where_lines_stand_is_told_of_those_that_came_and_those_that_were_there() {
    let categories = places([(1, vec![7]), (2, vec![8]), (3, vec![7])]);
    let when = merge_all(GuestCart { categories, ..guest(2, [line(2)]) });
    let then = vec![merged(2, [line(2)]), categorised([(1, vec![7]), (2, vec![8])])];
    accepted(vec![opened(), added([line(1)])], when, then);
}

#[test]
fn what_does_not_fit_leaves_both_carts_as_they_are() {
    let full: Vec<_> = [opened()].into_iter().chain((3..).take(PROMOTIONS_MAX).map(ten_percent)).collect();
    refused(full.clone(), with_promotions([held(1, None)]), CartError::TooManyPromotions { max: PROMOTIONS_MAX });
    accepted(full.clone(), with_promotions([held(3, None)]), vec![merged(2, [line(2)])]);
    let one_left = full[..PROMOTIONS_MAX].to_vec();
    let two = with_promotions([held(1, None), held(2, None)]);
    refused(one_left, two, CartError::TooManyPromotions { max: PROMOTIONS_MAX });
    let codes: Vec<_> = (0..COUPONS_MAX).map(|number| coupon_applied(&format!("C{number}"), 1)).collect();
    let given: Vec<_> = [opened()].into_iter().chain(codes).collect();
    let with_coupon =
        |code: &str| merge_all(GuestCart { coupons: vec![coupon(code, euros(1))], ..guest(2, [line(2)]) });
    refused(given.clone(), with_coupon("NEW"), CartError::TooManyCoupons { max: COUPONS_MAX });
    accepted(given, with_coupon("C0"), vec![merged(2, [line(2)])]);
    let nothing = merge_all(GuestCart { coupons: vec![coupon("NEW", euros(0))], ..guest(2, []) });
    refused(vec![opened()], nothing, CartError::AmountOutOfRange { min: 1, max: AMOUNT_MINOR_MAX });
}
