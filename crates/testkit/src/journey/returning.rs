//! What comes back, and money that goes back without it.

use domain::order::{Order, ReturnedLine};
use domain::returns::{Inspection, Return, ReturnCommand};
use domain::values::{Currency, Money, OrderId, ReturnId};

use super::{Journey, units, words};
use crate::{Book, Shopper, staff};

impl Journey<'_> {
    pub(super) async fn returning(&self, book: &Book) {
        let (shopper, (order, parcels)) = self.bought(book, 4, "pm_card_visa").await;
        self.deliver(&parcels[0]).await;
        let refused = self.ask(&shopper, &order, 1).await;
        self.answer(&refused, ReturnCommand::Refuse { reason: words("it was read") }).await;
        let called_off = self.ask(&shopper, &order, 1).await;
        let reason = words("I keep it");
        app::returns::cancel(self.write(), &shopper.request(), &called_off, reason).await.expect("is called off");
        self.rest().await;
        let sent = self.ask(&shopper, &order, 3).await;
        self.arrive(&sent, (1, 1, 1)).await;
        self.goodwill(&order).await;
        self.withdrawal(book).await;
        for (method, choices) in
            [("pm_card_refundFails", &["retry", "paid_by_hand"][..]), ("pm_card_refundPending", &[])]
        {
            let (shopper, (order, parcels)) = self.bought(book, 2, method).await;
            self.deliver(&parcels[0]).await;
            let sent = self.ask(&shopper, &order, 1).await;
            self.arrive(&sent, (1, 0, 0)).await;
            for choice in choices {
                self.decide("refund", choice).await;
            }
            self.goodwill(&order).await;
            for choice in choices {
                self.decide("refund", choice).await;
            }
        }
    }

    pub(super) async fn ask(&self, shopper: &Shopper, order: &OrderId, count: i64) -> ReturnId {
        let line = self.state::<Order>(order.as_str()).await.sale().expect("a sale").lines[0].line.clone();
        let lines = vec![ReturnedLine { line, quantity: units(count) }];
        let reason = words("a gift too many");
        let asked = app::returns::request(self.write(), &shopper.request(), order, lines, reason).await;
        self.rest().await;
        asked.expect("can be returned").0.id.parse().expect("a return id")
    }

    /// Goes back on a contract as a whole, in two steps.
    async fn withdrawal(&self, book: &Book) {
        let (shopper, (order, parcels)) = self.bought(book, 2, "pm_card_visa").await;
        self.deliver(&parcels[0]).await;
        let declared = app::returns::declare_withdrawal(self.write(), &shopper.request(), &order, None).await;
        let (_, declared) = declared.expect("is in time");
        let confirmed =
            app::returns::confirm_withdrawal(self.write(), &shopper.request(), &order, &declared.return_id).await;
        confirmed.expect("was declared");
        self.rest().await;
        let shipment = (words("colissimo"), words("8R00012345678"));
        let proved = app::returns::ship_back(self.write(), &shopper.request(), &declared.return_id, shipment).await;
        proved.expect("is on its way");
        self.rest().await;
        self.arrive(&declared.return_id, (2, 0, 0)).await;
    }

    async fn answer(&self, return_id: &ReturnId, command: ReturnCommand) {
        app::returns::change(self.write(), &staff(), return_id, command).await.expect("the return goes on");
        self.rest().await;
    }

    /// Lets the box arrive with units that can be sold, that are damaged, and that are missing.
    pub(super) async fn arrive(&self, return_id: &ReturnId, (resalable, damaged, missing): (u32, u32, u32)) {
        self.answer(return_id, ReturnCommand::Approve).await;
        let location = self.write().settings.locations[0].clone();
        self.answer(return_id, ReturnCommand::Receive { location }).await;
        let line = self.state::<Return>(return_id.as_str()).await.lines()[0].line.clone();
        let items = vec![Inspection { line, resalable, damaged, missing, deduction: None }];
        self.answer(return_id, ReturnCommand::Inspect { items }).await;
    }

    async fn goodwill(&self, order: &OrderId) {
        let payment = app::payment::captured_for(self.write(), order).await.expect("money was taken");
        let amount = Money::new(100, Currency::Eur);
        let reason = words("it came late");
        let asked = app::payment::request_refund(self.write(), &staff(), &payment, amount, reason).await;
        asked.expect("can be given back");
        self.rest().await;
    }
}
