//! Cards against a program that none of us wrote: the real server, its provider is localstripe (PyPI), an imitation of
//! Stripe that others keep. What localstripe cannot do, and what it shows, stands in `docs/contexts/payment.md`.
//!
//! Needs Python and localstripe: `.ci/run` installs them.

mod between;
mod provider;

use std::path::Path;
use std::sync::Arc;

use app::clock::SystemClock;
use app::ids::SystemIds;
use comptoir::config::Config;
use comptoir::open::OpenShop;
use serde_json::{Value, json};
use testkit::{Book, Client, TempFolder};

use crate::http::journey::{deliver, return_units, staff_step};
use crate::http::operations::{buy, first_task, order_when};
use crate::kill::program::{Program, Setup, WEBHOOK_SECRET, paid_at};
use between::{BANK, Between};
use provider::LocalStripe;

/// Test cards, as localstripe and Stripe know them (<https://docs.stripe.com/testing>): one that is good, one whose bank
/// asks its buyer, one whose bank asks its buyer and then refuses, and a token of one that is refused.
const GOOD: &str = "4242424242424242";
const ASKED: &str = "4000002500003155";
const ASKED_AND_REFUSED: &str = "4000008400001629";
const REFUSED: &str = "pm_card_chargeCustomerFail";

/// A real server that is paid at localstripe.
struct Scene {
    stripe: LocalStripe,
    program: Program,
    books: [Book; 2],
    shopper: Client,
    staff: Client,
    _between: Between,
    _folder: TempFolder,
}

impl Scene {
    /// Two books, each at a location of its own.
    async fn open() -> Option<Self> {
        let stripe = LocalStripe::start().await?;
        let between = Between::open(&stripe.url).await;
        let folder = TempFolder::new();
        let books = shelve(folder.path()).await;
        let mut environment = paid_at(&between.address);
        environment.push(("COMPTOIR_PAYMENT_RETURN_URL", "https://shop.example/paid".into()));
        environment.push(("COMPTOIR_LOG", "off".into()));
        let setup = Setup { environment, ..Setup::of_shop(folder.path(), None) };
        let program = Program::open_as(setup).await;
        stripe.tell("shop", &program.setup.address, WEBHOOK_SECRET).await;
        let url = format!("http://{}/graphql", program.setup.address);
        let mut staff = Client::anonymous(&url);
        staff.token = Some(program.staff_token());
        let shopper = Client::guest(&url).await;
        Some(Self { stripe, program, books, shopper, staff, _between: between, _folder: folder })
    }

    async fn buy(&self, lines: &[(&Book, i64)], method: &str) -> Value {
        buy(&self.shopper, lines, method, &uuid::Uuid::new_v4().to_string()).await
    }

    /// Buys with a good card; returns the order.
    async fn sell(&self, lines: &[(&Book, i64)]) -> Value {
        let method = self.stripe.card(GOOD).await;
        let mut placed = self.buy(lines, &method).await;
        assert_eq!((&placed["errors"], &placed["result"]["paymentStatus"]), (&json!([]), &json!("AUTHORISED")));
        placed["result"].take()
    }

    /// Returns the only intent of an order at localstripe.
    async fn intent(&self, order: &Value) -> Value {
        let listed = self.stripe.read("/v1/payment_intents?limit=100").await;
        let intents = listed["data"].as_array().expect("a list");
        let mut own = intents.iter().filter(|intent| intent["metadata"]["order"] == order["id"]);
        let found = own.next().expect("the order has an intent").clone();
        assert!(own.next().is_none(), "money is asked for once: {listed}");
        found
    }

    /// Buys with a card whose bank asks its buyer, who answers; returns the order and localstripe's status.
    async fn ask_buyer(&self, card: &str, approves: bool) -> (Value, u16) {
        let method = self.stripe.card(card).await;
        let mut placed = self.buy(&[(&self.books[0], 1)], &method).await;
        let error = &placed["errors"][0];
        assert_eq!(error["code"], json!("PAYMENT_ACTION_REQUIRED"), "{placed}");
        let order = placed["result"].clone();
        assert_eq!((&order["status"], &order["paymentStatus"]), (&json!("PLACED"), &json!("REQUIRES_ACTION")));
        let intent = self.intent(&order).await;
        let id = intent["id"].as_str().expect("an id");
        assert_eq!(
            (&intent["status"], error["actionUrl"].as_str()),
            (&json!("requires_action"), Some(&*format!("{BANK}{id}")))
        );
        // What the bank's page does: localstripe's own script sends it.
        let answer = json!({ "client_secret": intent["client_secret"], "success": approves });
        let (status, _) = self.stripe.post(&format!("/v1/payment_intents/{id}/_authenticate"), answer).await;
        (placed["result"].take(), status)
    }

    /// Comes back from the bank; returns the order's errors.
    async fn come_back(&self, order: &Value) -> Value {
        let query = "mutation($i: OrderPaymentRefreshInput!) { orderPaymentRefresh(input: $i) { errors { code } } }";
        let mut answer = self.shopper.call(query, json!({ "i": { "orderId": order["id"] } })).await;
        answer["orderPaymentRefresh"]["errors"].take()
    }

    async fn order_when(&self, order: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        order_when(&self.shopper, order["id"].as_str().expect("an id"), wanted).await
    }
}

/// Fills a shop's log before anyone serves it.
async fn shelve(folder: &Path) -> [Book; 2] {
    let config = Config { data_dir: folder.join("data"), demo: false, ..Config::default() };
    let open = OpenShop::open(&config, Arc::new(SystemClock), Arc::new(SystemIds)).await.expect("the shop opens");
    let candide = Book::publish(&open.shop, "LIV-CANDIDE", 490, &[50, 0]).await;
    let germinal = Book::publish(&open.shop, "LIV-GERMINAL", 1_055, &[0, 50]).await;
    [candide, germinal]
}

/// Returns what localstripe has taken of an intent and kept: of a capture in part it gives the rest back.
fn kept(intent: &Value) -> i64 {
    let charge = &intent["latest_charge"];
    assert_eq!(charge["captured"], json!(true), "{intent}");
    let minor = |value: &Value| value.as_i64().expect("an amount");
    minor(&charge["amount"]) - minor(&charge["amount_refunded"])
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_held_taken_and_given_back_at_a_provider_of_others() {
    let Some(scene) = Scene::open().await else { return };
    let order = scene.sell(&[(&scene.books[0], 2)]).await;
    let payable = order["payable"]["minorUnits"].as_i64().expect("an amount");
    let intent = scene.intent(&order).await;
    assert_eq!((&intent["status"], intent["amount"].as_i64()), (&json!("requires_capture"), Some(payable)));
    assert_eq!((&intent["currency"], &intent["capture_method"]), (&json!("eur"), &json!("manual")));

    let order = deliver(&scene.shopper, &scene.staff, order["id"].as_str().expect("an id")).await;
    let intent = scene.intent(&order).await;
    assert_eq!((&intent["status"], kept(&intent)), (&json!("succeeded"), payable));
    // Its notice of the capture was signed, and the shop took it: it says nothing new.
    scene.stripe.told("\"payment_intent.succeeded\" successfully delivered", 1).await;

    let line = order["lines"][0]["id"].clone();
    return_units((&scene.shopper, &scene.staff), &order, &line, (1, 0)).await;
    let order = scene.order_when(&order, |order| order["paymentStatus"] == "PARTIALLY_REFUNDED").await;
    let intent = scene.intent(&order).await;
    let refunds = &intent["latest_charge"]["refunds"]["data"];
    assert_eq!((refunds.as_array().map(Vec::len), &refunds[0]["amount"]), (Some(1), &json!(490)), "{refunds}");
    assert_eq!(kept(&intent), payable - 490);
    scene.program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_takes_its_share_and_what_is_refused_waits_for_a_human() {
    let Some(scene) = Scene::open().await else { return };
    let [candide, germinal] = &scene.books;
    let order = scene.sell(&[(candide, 1), (germinal, 1)]).await;
    let order =
        scene.order_when(&order, |order| order["fulfilments"].as_array().is_some_and(|all| all.len() == 2)).await;
    let parcel = |nth: usize| json!({ "fulfilmentId": order["fulfilments"][nth]["id"] });
    staff_step(&scene.staff, "fulfilmentPack", parcel(0)).await;
    let order = scene.order_when(&order, |order| order["paymentStatus"] == "PARTIALLY_CAPTURED").await;
    let captured = order["payments"][0]["captured"]["minorUnits"].as_i64().expect("an amount");
    let taken = kept(&scene.intent(&order).await);
    assert_eq!(taken, captured);
    assert!(0 < taken && taken < order["payable"]["minorUnits"].as_i64().expect("an amount"));

    // localstripe takes money of an intent once, and so refuses the second parcel's.
    staff_step(&scene.staff, "fulfilmentPack", parcel(1)).await;
    let task = first_task(&scene.staff).await;
    assert!(task["question"].is_string(), "{task}");
    assert_eq!(kept(&scene.intent(&order).await), captured, "nothing is taken twice");
    scene.program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_called_off_lets_go_of_the_money_and_a_refused_card_holds_none() {
    let Some(scene) = Scene::open().await else { return };
    let order = scene.sell(&[(&scene.books[1], 1)]).await;
    // Until the warehouse is asked nothing is to be called off: the order says when it is.
    scene.order_when(&order, |order| order["fulfilments"][0]["id"].is_string()).await;
    let cancel = "mutation($i: OrderCancelInput!) { orderCancel(input: $i) { errors { code } } }";
    let asked = scene.shopper.call(cancel, json!({ "i": { "orderId": order["id"], "reason": "a gift" } })).await;
    assert_eq!(asked["orderCancel"]["errors"], json!([]));
    scene.order_when(&order, |order| order["status"] == "CANCELLED" && order["paymentStatus"] == "VOIDED").await;
    assert_eq!(scene.intent(&order).await["status"], json!("canceled"));

    let placed = scene.buy(&[(&scene.books[0], 1)], REFUSED).await;
    let error = &placed["errors"][0];
    assert_eq!((&error["code"], &error["declineCode"]), (&json!("PAYMENT_DECLINED"), &json!("card_declined")));
    scene.stripe.told("\"payment_intent.payment_failed\" successfully delivered", 1).await;
    let intent = scene.intent(&placed["result"]).await;
    assert_eq!(intent["status"], json!("requires_payment_method"), "nothing is held");
    scene.program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_is_asked_by_the_bank_and_the_order_goes_by_the_answer() {
    let Some(scene) = Scene::open().await else { return };
    let (order, status) = scene.ask_buyer(ASKED, true).await;
    assert_eq!((status, scene.come_back(&order).await), (200, json!([])));
    let order = scene.order_when(&order, |order| order["status"] == "CONFIRMED").await;
    assert_eq!(order["paymentStatus"], json!("AUTHORISED"));
    assert_eq!(scene.intent(&order).await["status"], json!("requires_capture"));

    let (order, status) = scene.ask_buyer(ASKED, false).await;
    assert_eq!((status, scene.come_back(&order).await), (200, json!([{ "code": "PAYMENT_DECLINED" }])));
    let order = scene.order_when(&order, |order| order["paymentStatus"] == "DECLINED").await;
    assert_eq!(order["status"], json!("PLACED"), "it waits for another card");
    scene.program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_notice_moves_an_order_that_nobody_asks_for_and_a_forged_one_moves_none() {
    let Some(scene) = Scene::open().await else { return };
    scene.stripe.tell("forger", &scene.program.setup.address, "whsec_of_someone_else").await;
    // The bank refuses after its buyer has approved: only localstripe's notice says so.
    let (order, status) = scene.ask_buyer(ASKED_AND_REFUSED, true).await;
    assert_eq!(status, 402);
    scene.order_when(&order, |order| order["paymentStatus"] == "DECLINED").await;
    scene.stripe.told("\"payment_intent.payment_failed\" successfully delivered", 1).await;
    scene.stripe.told("\"payment_intent.payment_failed\" failed with response code 400", 1).await;
    scene.program.stop().await;
}
