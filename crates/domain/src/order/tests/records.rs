//! What is recorded about the money and the goods.

use super::*;

fn record_payment(status: PaymentStatus, amounts: [Money; 3]) -> OrderCommand {
    let [authorised, captured, refunded] = amounts;
    OrderCommand::RecordPayment { status, authorised, captured, refunded }
}

fn record_fulfilment(status: FulfilmentStatus, number: Option<u128>, at: Timestamp) -> OrderCommand {
    OrderCommand::RecordFulfilment { status, fulfilment: number.map(fulfilment_id), at }
}

fn histories() -> Vec<Vec<OrderEvent>> {
    let rejected = OrderEvent::Rejected { code: "EXPIRED".to_owned(), reason: text("not paid in time") };
    let cancelled = OrderEvent::Cancelled { reason: text("changed my mind") };
    vec![
        vec![placed()],
        vec![placed(), OrderEvent::Confirmed {}],
        vec![placed(), rejected],
        vec![placed(), cancelled],
        vec![placed(), OrderEvent::Confirmed {}, delivered(), OrderEvent::Completed {}],
    ]
}

#[test]
fn nothing_is_recorded_about_an_unknown_order() {
    let payment = record_payment(PaymentStatus::Authorised, [eur(1), eur(0), eur(0)]);
    let fulfilment = record_fulfilment(FulfilmentStatus::Packed, None, DELIVERED_AT);
    assert_eq!(Order::default().decide(&payment), Err(OrderError::Unknown));
    assert_eq!(Order::default().decide(&fulfilment), Err(OrderError::Unknown));
}

#[test]
fn the_money_is_recorded_in_every_status() {
    for history in histories() {
        let mut order = given(&history);
        let record = record_payment(PaymentStatus::PartiallyRefunded, [eur(2_800), eur(2_800), eur(500)]);
        assert_eq!(accept(&mut order, &record).len(), 1);
        assert_eq!(order.payment_status(), PaymentStatus::PartiallyRefunded);
        assert_eq!((order.authorised(), order.captured(), order.refunded()), (eur(2_800), eur(2_800), eur(500)));
    }
}

#[test]
fn money_not_yet_recorded_is_zero_in_the_currency_of_the_sale() {
    let mut in_francs = sale();
    in_francs.currency = Currency::Chf;
    let order = given(&[OrderEvent::Placed { sale: Box::new(in_francs), placed_at: PLACED_AT }]);
    assert_eq!([order.authorised(), order.captured(), order.refunded()], [Money::zero(Currency::Chf); 3]);
    assert_eq!(Order::default().authorised(), Money::zero(Currency::Eur));
    let same = record_payment(PaymentStatus::Pending, [Money::zero(Currency::Chf); 3]);
    assert_eq!(order.decide(&same), Ok(vec![]));
}

#[test]
fn one_changed_value_is_news() {
    let order = given(&[placed()]);
    let changes = [
        record_payment(PaymentStatus::RequiresAction, [eur(0), eur(0), eur(0)]),
        record_payment(PaymentStatus::Pending, [eur(1), eur(0), eur(0)]),
        record_payment(PaymentStatus::Pending, [eur(1), eur(1), eur(0)]),
        record_payment(PaymentStatus::Pending, [eur(1), eur(1), eur(1)]),
    ];
    for change in changes {
        assert_eq!(outcome(&order, &change), "order.payment_recorded", "{change:?}");
    }
}

#[test]
fn amounts_that_cannot_be_are_refused() {
    let order = given(&[placed()]);
    let usd = Money::new(1, Currency::Usd);
    let cases = [
        ([eur(1), eur(2), eur(0)], "more is captured than authorised"),
        ([eur(2), eur(1), eur(2)], "more is refunded than captured"),
        ([eur(0), eur(0), eur(-1)], "an amount is negative"),
        ([eur(-1), eur(-1), eur(-1)], "an amount is negative"),
        ([usd, eur(0), eur(0)], "an amount is in another currency than the sale"),
        ([eur(1), usd, eur(0)], "an amount is in another currency than the sale"),
        ([eur(1), eur(1), usd], "an amount is in another currency than the sale"),
    ];
    for (amounts, what) in cases {
        let answer = order.decide(&record_payment(PaymentStatus::Captured, amounts));
        assert_eq!(answer, Err(OrderError::TotalsDisagree { what }));
    }
}

#[test]
fn the_goods_are_recorded_in_every_status() {
    for history in histories() {
        let mut order = given(&history);
        let record = record_fulfilment(FulfilmentStatus::Lost, Some(1), DELIVERED_AT);
        assert_eq!(accept(&mut order, &record).len(), 1);
        assert_eq!(order.fulfilment_status(), FulfilmentStatus::Lost);
    }
}

#[test]
fn another_fulfilment_or_another_moment_is_news() {
    let mut order = given(&[placed()]);
    accept(&mut order, &record_fulfilment(FulfilmentStatus::PartiallyShipped, Some(1), DELIVERED_AT));
    let changes = [
        record_fulfilment(FulfilmentStatus::Shipped, Some(1), DELIVERED_AT),
        record_fulfilment(FulfilmentStatus::PartiallyShipped, Some(2), DELIVERED_AT),
        record_fulfilment(FulfilmentStatus::PartiallyShipped, None, DELIVERED_AT),
        record_fulfilment(FulfilmentStatus::PartiallyShipped, Some(1), DELIVERED_AT.plus_seconds(1)),
    ];
    for change in changes {
        assert_eq!(outcome(&order, &change), "order.fulfilment_recorded", "{change:?}");
    }
}

#[test]
fn the_last_delivery_counts_in_whatever_order_it_is_told() {
    let early = DELIVERED_AT;
    let late = DELIVERED_AT.plus_seconds(60);
    let mut order = given(&[placed(), fulfilment(FulfilmentStatus::Shipped, late)]);
    assert_eq!(order.delivered_at(), None);
    order.evolve(&fulfilment(FulfilmentStatus::PartiallyDelivered, early));
    assert_eq!(order.delivered_at(), Some(early));
    order.evolve(&fulfilment(FulfilmentStatus::PartiallyDelivered, late));
    order.evolve(&fulfilment(FulfilmentStatus::Delivered, early));
    assert_eq!(order.delivered_at(), Some(late));
    order.evolve(&fulfilment(FulfilmentStatus::Lost, late.plus_seconds(60)));
    assert_eq!(order.delivered_at(), Some(late));
}
