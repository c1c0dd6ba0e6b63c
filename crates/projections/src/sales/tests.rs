use domain::catalog::ProductEvent;
use domain::values::{Currency, Localized};

use super::{SalesPeriod, SalesProjection};
use crate::testing::{DAY, Ending, Story, UNIT_PRICE, category, euro, product};
use crate::tests::models_of;

const PRODUCTS: u128 = 3;
const JANUARY: SalesPeriod<'static> = SalesPeriod { from: "2026-01-01", to: "2026-01-31", currency: Currency::Eur };

#[tokio::test]
async fn a_sale_counts_when_it_is_confirmed_and_a_cancellation_beside_it() {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    story.order(0, PRODUCTS, Ending::Delivered).await;
    story.order(3, PRODUCTS, Ending::Placed).await;
    story.order(6, PRODUCTS, Ending::Rejected).await;
    story.now += DAY;
    story.order(9, PRODUCTS, Ending::Cancelled).await;
    story.order(12, PRODUCTS, Ending::Returned).await;
    let models = models_of(&story, SalesProjection).await;

    let days = models.sales().by_day(JANUARY).await.expect("the store answers");
    assert_eq!(days.iter().map(|day| day.sales.key.as_str()).collect::<Vec<_>>(), ["2026-01-01", "2026-01-02"]);
    let first = &days[0].sales;
    assert_eq!((first.sold.orders, first.sold.units, first.sold.gross), (1, 3, euro(3 * UNIT_PRICE)));
    assert_eq!((first.sold.net, first.sold.tax), (euro(3_000), euro(165)));
    assert_eq!((first.cancelled.orders, first.refunds), (0, euro(0)));
    assert_eq!((days[0].shipping.gross, days[0].shipping.net, days[0].shipping.tax), (euro(480), euro(400), euro(80)));
    let second = &days[1].sales;
    assert_eq!((second.sold.orders, second.cancelled.orders, second.cancelled.units), (2, 1, 3));
    assert_eq!((second.refunds, days[1].cancelled_shipping.gross), (euro(UNIT_PRICE), euro(480)));
}

#[tokio::test]
async fn products_and_categories_sum_to_the_days() {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    for number in 0..6 {
        story.order(number, PRODUCTS, if number % 2 == 0 { Ending::Returned } else { Ending::Delivered }).await;
        story.now += DAY;
    }
    let models = models_of(&story, SalesProjection).await;
    let days = models.sales().by_day(JANUARY).await.expect("the store answers");
    let (gross, refunds) = days.iter().fold((0, 0), |(gross, refunds), day| {
        (gross + day.sales.sold.gross.minor(), refunds + day.sales.refunds.minor())
    });
    assert_eq!((gross, refunds), (6 * 3 * UNIT_PRICE, 3 * UNIT_PRICE));
    let products = models.sales().by_product(JANUARY, 10).await.expect("the store answers");
    let categories = models.sales().by_category(JANUARY, 10).await.expect("the store answers");
    for sums in [products, categories] {
        assert_eq!(sums.len(), 3);
        assert_eq!(sums.iter().map(|sum| sum.sold.gross.minor()).sum::<i64>(), gross);
        assert_eq!(sums.iter().map(|sum| sum.refunds.minor()).sum::<i64>(), refunds);
    }
    let best = models.sales().by_product(JANUARY, 1).await.expect("the store answers");
    assert_eq!(best.len(), 1);
}

#[tokio::test]
async fn a_sale_keeps_the_category_that_its_product_had() {
    let mut story = Story::new();
    let created = ProductEvent::Created { slug: "a".into(), name: Localized::new("A", None) };
    let into = |number| ProductEvent::Categorised { categories: vec![category(number)] };
    story.order(0, 1, Ending::Delivered).await;
    story.add("product", product(0).as_str(), &[created, into(1)]).await;
    story.order(1, 1, Ending::Delivered).await;
    story.add("product", product(0).as_str(), &[into(2)]).await;
    story.order(2, 1, Ending::Delivered).await;
    story.order(3, 1, Ending::Delivered).await;
    let models = models_of(&story, SalesProjection).await;
    let categories = models.sales().by_category(JANUARY, 10).await.expect("the store answers");
    let seen: Vec<_> = categories.iter().map(|sum| (sum.key.clone(), sum.sold.orders)).collect();
    assert_eq!(seen, [(category(2).to_string(), 2), (String::new(), 1), (category(1).to_string(), 1)]);
}

#[tokio::test]
async fn a_return_counts_on_its_own_day_after_the_sale_was_stored() {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    story.order(0, PRODUCTS, Ending::Returned).await;
    for batch in [1, 2, 5, 1_000] {
        let models = crate::tests::models_in_batches(&story, batch).await;
        let days = models.sales().by_day(JANUARY).await.expect("the store answers");
        assert_eq!(days[0].sales.refunds, euro(UNIT_PRICE), "batches of {batch}");
    }
}
