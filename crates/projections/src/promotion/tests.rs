use domain::order::{OrderEvent, OrderPromotion, PromotionShare, Sale};
use domain::promotion::{PromotionEvent, PromotionLimits};
use domain::values::{Money, PromotionId, PromotionReach, PromotionTerms, Reduction, Timestamp};
use uuid::Uuid;

use super::PromotionProjection;
use crate::testing::{Story, order, sale, value};
use crate::tests::models_of;
use crate::views::Slice;

fn promotion(number: u128) -> PromotionId {
    PromotionId::from_uuid(Uuid::from_u128(number))
}

fn created(code: &str) -> PromotionEvent {
    let terms = PromotionTerms {
        label: value("Dix pour cent"),
        code: Some(value(code)),
        reduction: Reduction::Percentage(value("0.1")),
        reach: PromotionReach::Order,
        minimum: None,
        combines: false,
    };
    let limits = PromotionLimits { uses_max: Some(9), ..PromotionLimits::default() };
    PromotionEvent::Created { terms: Box::new(terms), limits }
}

/// An order whose first line is so much cheaper by a promotion.
fn placed(number: u128, by: u128, minor: i64) -> OrderEvent {
    let mut sale: Sale = sale(number, 3);
    let amount = Money::new(minor, sale.currency);
    sale.lines[0].discount = Some(amount);
    sale.lines[0].promotions = vec![PromotionShare { promotion: promotion(by), amount }];
    sale.promotions = vec![OrderPromotion { promotion: promotion(by), code: None, label: value("ten"), amount }];
    OrderEvent::Placed { sale: Box::new(sale), placed_at: Timestamp::from_micros(1) }
}

fn cancelled() -> OrderEvent {
    OrderEvent::Cancelled { reason: value("no") }
}

#[tokio::test]
async fn a_use_is_an_order_that_was_confirmed_and_not_cancelled() {
    let mut story = Story::new();
    story.add("promotion", promotion(1).as_str(), &[created("ONE")]).await;
    story.add("promotion", promotion(2).as_str(), &[created("TWO")]).await;
    let confirmed = || OrderEvent::Confirmed {};
    story.add("order", order(1).as_str(), &[placed(1, 1, 100), confirmed()]).await;
    story.add("order", order(2).as_str(), &[placed(2, 1, 250)]).await;
    story.add("order", order(3).as_str(), &[placed(3, 1, 70), confirmed(), cancelled()]).await;
    let rejected = OrderEvent::Rejected { code: "PAYMENT_TIMEOUT".to_owned(), reason: value("late") };
    story.add("order", order(4).as_str(), &[placed(4, 1, 30), rejected]).await;
    story.add("order", order(2).as_str(), &[confirmed()]).await;
    let plain = OrderEvent::Placed { sale: Box::new(sale(5, 3)), placed_at: Timestamp::from_micros(1) };
    story.add("order", order(5).as_str(), &[plain, confirmed(), cancelled()]).await;
    story.add("promotion", promotion(2).as_str(), &[PromotionEvent::Paused { reason: value("wait") }]).await;
    let models = models_of(&story, PromotionProjection).await;

    let page = models.promotions().list(None, Slice::first(10)).await.expect("the store answers");
    let told: Vec<_> = page.items.iter().map(|edge| (edge.node.id.clone(), edge.node.uses)).collect();
    assert_eq!(told, [(promotion(2).to_string(), 0), (promotion(1).to_string(), 2)], "the newest first");
    let totals = models.promotions().totals(promotion(1).as_str()).await.expect("the store answers");
    assert_eq!((totals.len(), totals[0].uses, totals[0].discount.minor()), (1, 2, 350));
    let paused = models.promotions().list(Some("paused"), Slice::first(10)).await.expect("the store answers");
    assert_eq!(paused.items.len(), 1);
    assert_eq!((paused.items[0].node.id.as_str(), paused.items[0].node.version), (promotion(2).as_str(), 2));
}
