//! The bank's check, a second card, a task for a human: what goes beside the straight way.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine, TestServer, TestShop};

use super::operations::{ORDER, buy, create, fill, first_task, order_when};

async fn scene(units: i64) -> (TestShop, TestServer, Book) {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[units]).await;
    let server = TestServer::start(&shop.started).await;
    (shop, server, book)
}

async fn pay(client: &Client, order: &Value, method: &str) -> Value {
    let query = format!(
        "mutation($i: OrderPayInput!) {{ orderPay(input: $i, idempotencyKey: \"{method}\")
           {{ result {{ ...O }} errors {{ ...E }} }} }} {ORDER}"
    );
    let input = json!({ "orderId": order["id"], "paymentMethodToken": method });
    client.call(&query, json!({ "i": input })).await["orderPay"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_goes_to_the_bank_s_page_and_comes_back() {
    let (_shop, server, book) = scene(1).await;
    let client = server.guest().await;
    let placed = buy(&client, &[(&book, 1)], "pm_card_threeDSecure2Required", "k").await;
    let error = &placed["errors"][0];
    assert_eq!(error["code"], json!("PAYMENT_ACTION_REQUIRED"), "{placed}");
    assert_eq!(
        (&placed["result"]["status"], &placed["result"]["paymentStatus"]),
        (&json!("PLACED"), &json!("REQUIRES_ACTION"))
    );
    let url = error["actionUrl"].as_str().expect("an address");
    let path = &url[url.find("/simulator").expect("the simulated bank")..];
    let http = reqwest::Client::new();
    let page = http.get(server.url(path)).send().await.expect("answers");
    assert!(page.status().is_success(), "{page:?}");
    let approved = http.post(server.url(&format!("{path}/approve"))).send().await.expect("answers");
    assert!(!approved.status().is_server_error() && !approved.status().is_client_error(), "{approved:?}");
    let id = placed["result"]["id"].as_str().expect("an order");
    let order = order_when(&client, id, |order| order["status"] == "CONFIRMED").await;
    assert_eq!(order["paymentStatus"], json!("AUTHORISED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_order_waits_for_another_card() {
    let (shop, server, book) = scene(1).await;
    let client = server.guest().await;
    let placed = buy(&client, &[(&book, 1)], "pm_card_chargeDeclined", "k").await;
    assert_eq!(placed["errors"][0]["code"], json!("PAYMENT_DECLINED"), "{placed}");
    assert_eq!(placed["errors"][0]["declineCode"], json!("generic_decline"), "{placed}");
    let order = &placed["result"];
    assert_eq!((&order["status"], &order["paymentStatus"]), (&json!("PLACED"), &json!("DECLINED")));
    let paid = pay(&client, order, "pm_card_visa").await;
    assert_eq!((&paid["errors"], &paid["result"]["status"]), (&json!([]), &json!("CONFIRMED")), "{paid}");
    let held: Vec<_> =
        shop.simulator().ledger().iter().map(|line| line.held.minor()).filter(|held| *held > 0).collect();
    assert_eq!(held, [1_445]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_listed_decided_and_its_process_goes_on() {
    let (_shop, server, book) = scene(1).await;
    let (client, staff) = (server.guest().await, server.of_role(Role::Staff));
    let placed = buy(&client, &[(&book, 1)], "pm_card_captureFails", "k").await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let order = order_when(&client, &id, |order| order["fulfilments"][0]["id"].is_string()).await;
    let pack = "mutation($i: FulfilmentPackInput!) { fulfilmentPack(input: $i) { errors { code } } }";
    staff.call(pack, json!({ "i": { "fulfilmentId": order["fulfilments"][0]["id"] } })).await;
    let task = first_task(&staff).await;
    assert_eq!(task["choices"], json!(["retry", "cancel_order"]));
    let decide = "mutation($i: TaskDecideInput!) { taskDecide(input: $i) { errors { code message } } }";
    let wrong = json!({ "i": { "taskId": task["id"], "choice": "shrug", "reason": "why not" } });
    let refused = staff.call(decide, wrong).await;
    assert!(refused["taskDecide"]["errors"][0]["code"].is_string(), "{refused}");
    let input = json!({ "i": { "taskId": task["id"], "choice": "cancel_order", "reason": "the card is empty" } });
    let decided = staff.call(decide, input.clone()).await;
    assert_eq!(decided["taskDecide"]["errors"], json!([]), "{decided}");
    order_when(&client, &id, |order| order["status"] == "CANCELLED").await;
    let again = staff.call(decide, input).await;
    assert_eq!(again["taskDecide"]["errors"][0]["code"], json!("NOT_FOUND"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_s_cart_goes_into_the_customer_s_when_they_sign_in() {
    let (_shop, server, book) = scene(9).await;
    let (guest, customer) = (server.guest().await, server.guest().await);
    let from = create(&guest, &[(&book, 1), (&book, 2)]).await["result"]["id"].clone();
    let into = create(&customer, &[(&book, 3)]).await["result"]["id"].clone();
    let query = "mutation($i: CartMergeInput!) { cartMerge(input: $i, idempotencyKey: \"sign-in\")
        { result { id lines { quantity } } errors { code message } } }";
    let input = json!({ "guestToken": guest.token, "guestCartId": from, "cartId": into });
    for _ in 0..2 {
        let merged = customer.call(query, json!({ "i": input })).await["cartMerge"].take();
        let quantities: Vec<_> =
            merged["result"]["lines"].as_array().expect("lines").iter().map(|line| line["quantity"].clone()).collect();
        assert_eq!(quantities, [json!(3), json!(1), json!(2)], "{merged}");
    }
    let stolen = json!({ "guestToken": "ct1.x.y", "guestCartId": from, "cartId": into });
    let refused = customer.ask(query, json!({ "i": stolen })).await;
    assert!(refused["data"]["cartMerge"]["errors"][0]["code"].is_string() || refused["errors"].is_array(), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wrote_can_read_it_by_position() {
    let (_shop, server, book) = scene(9).await;
    let client = server.guest().await;
    let created = create(&client, &[(&book, 1)]).await;
    let cart = fill(&client, created["result"]["id"].as_str().expect("a cart"), "pm_card_visa").await;
    let placed = super::operations::complete(&client, &cart, "k").await;
    let body = json!({ "query": "{ me { orders(first: 1) { nodes { id } } } }",
        "extensions": { "consistency": { "after": placed["position"] } } });
    let answer: Value = client.post(body.to_string(), "application/json").await.json().await.expect("JSON");
    assert_eq!(answer["data"]["me"]["orders"]["nodes"][0]["id"], placed["result"]["id"], "{answer}");
    assert_eq!(answer["extensions"]["consistency"]["stale"], json!(false), "{answer}");
}
