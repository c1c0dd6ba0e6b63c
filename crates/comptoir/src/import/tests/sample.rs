//! The sample that lies in the project.

use super::folder::{TestShop, sample};
use crate::import::files::{Recorded, read};
use crate::import::plan::{Oddity, Plan, Refusal};
use crate::import::{RedemptionOutcome, import};

/// Baskets that are played: enough for both warehouses, dirty lines and coupon discounts, and quick without optimisation.
const BASKETS: usize = 60;

/// The first baskets of the sample and only their products, so that the catalogue is small too.
fn first_baskets() -> Recorded {
    let mut recorded = read(&sample(), BASKETS).expect("the sample is read");
    let is_named = |id| recorded.baskets.iter().any(|basket| basket.lines.iter().any(|line| line.product == id));
    recorded.products.retain(|product| is_named(product.id));
    recorded
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_baskets_come_out_right_to_the_cent_and_the_unit() {
    let (recorded, shop) = (first_baskets(), TestShop::open().await);
    let options = super::folder::options(&sample(), BASKETS);
    let report = Box::pin(import(&options, &recorded, &shop.started)).await.expect("the import ends");
    assert!(report.is_right(), "{report}");
    assert_eq!((report.lines.all.lines, report.money.recorded_cents), (514, 149_137));
    assert_eq!(report.money.revenue_cents + report.money.refused_cents, 149_137);
    assert_eq!(report.search.products, recorded.products.len() as u64);
    assert_eq!(report.search.without_hits, 0, "every text is made of a product's own words");
    assert_eq!(report.projections.len(), shop.started.models.status().len());
    assert!(report.to_json().expect("a report is JSON").contains("\"revenue_cents\""));
    let events = shop.events();
    let again = Box::pin(import(&options, &recorded, &shop.started)).await.expect("the import ends");
    assert!(again.is_right(), "{again}");
    assert_eq!((again.baskets.imported, shop.events()), (0, events));
    shop.stop().await;
}

#[test]
fn the_whole_sample_has_an_outcome_for_every_line_and_redemption() {
    let plan = Plan::of(&read(&sample(), usize::MAX).expect("the sample is read"));
    let lines = &plan.lines;
    let refused: u64 = lines.refused.values().map(|count| count.lines).sum();
    assert_eq!((lines.all.lines, lines.sold.lines + refused), (10_449, 10_449));
    assert_eq!(lines.refused[&Refusal::QuantityNotPositive].lines, 61);
    assert!(lines.refused[&Refusal::ProductUnknown].lines <= 24);
    assert!(lines.odd[&Oddity::LineAmountNotDivisible] > 0);
    assert_eq!(plan.coupons.redemptions.values().sum::<u64>(), 3);
    assert_eq!(plan.coupons.redemptions[&RedemptionOutcome::Applied], 3);
    let cents: i64 = lines.refused.values().map(|count| count.cents).sum();
    assert_eq!(lines.sold.cents + cents, lines.all.cents);
}
