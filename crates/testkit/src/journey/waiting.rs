//! A paid order whose units are not there, and come late.

use domain::stock::StockCommand;
use sagas::checkout::{CheckoutStatus, TASK_BACK_ORDER, TASK_SHORTFALL};

use super::{Journey, SECONDS_PER_DAY, units, words};
use crate::{Book, Shopper, parcels_of, staff};

impl Journey<'_> {
    /// While a buyer is at the bank, the only unit is not found. People let the order wait, and are asked again when it is late; the
    /// unit comes before they have decided.
    pub(super) async fn waiting(&self) {
        let book = Book::publish(self.write(), "LIV-9", 1_055, &[1]).await;
        let shopper = Shopper::of(self.shop);
        let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_threeDSecure2Required").await;
        let (order, answer) = shopper.check_out(self.shop, &cart).await;
        let CheckoutStatus::ActionRequired { url, .. } = answer else { panic!("{answer:?}") };
        self.rest().await;
        self.move_stock(&book, StockCommand::Recount { counted: 0, reason: words("stocktaking") }).await;
        let reference = url.rsplit('/').next().expect("a reference");
        self.shop.simulator().approve_challenge(reference).expect("the bank asks");
        self.rest().await;
        self.decide(TASK_SHORTFALL, "back_order").await;
        self.pass(SECONDS_PER_DAY).await;
        assert!(self.is_asked(TASK_BACK_ORDER));
        let quantity = units(2);
        self.move_stock(&book, StockCommand::Receive { quantity, reference: words("delivery note 9") }).await;
        assert!(!self.is_asked(TASK_BACK_ORDER));
        self.deliver(&parcels_of(self.shop, &order).await[0]).await;
    }

    fn is_asked(&self, task: &str) -> bool {
        self.shop.started.processes.tasks().iter().any(|open| open.task.name == task)
    }

    async fn move_stock(&self, book: &Book, command: StockCommand) {
        let place = (&book.sku, &self.write().settings.locations[0]);
        app::stock::change(self.write(), &staff(), place, command).await.expect("stock moves");
        self.rest().await;
    }
}
