//! `asOf` and `history` as clients see them.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine, TestServer, TestShop};

use crate::http::operations::{buy, create, order_when};

struct Scene {
    shop: TestShop,
    server: TestServer,
    book: Book,
    shopper: Client,
    auditor: Client,
    /// The payload of the placed order.
    placed: Value,
}

async fn scene() -> Scene {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_500, &[9]).await;
    let server = TestServer::start(&shop.started).await;
    let (shopper, auditor) = (server.guest().await, server.of_role(Role::Auditor));
    let mut placed = buy(&shopper, &[(&book, 2)], "pm_card_visa", "k-1").await;
    let placed = placed["result"].take();
    Scene { shop, server, book, shopper, auditor, placed }
}

impl Scene {
    fn order(&self) -> &str {
        self.placed["id"].as_str().expect("an order")
    }

    async fn set_price(&self, amount: &str) -> Value {
        let query =
            "mutation($i: VariantPriceSetInput!) { variantPriceSet(input: $i) { result { version } position } }";
        let input = json!({ "sku": self.book.sku.as_str(), "price": { "amount": amount, "currency": "EUR" },
            "vatRate": "0.055" });
        self.server.of_role(Role::Staff).call(query, json!({ "i": input })).await["variantPriceSet"]["position"].take()
    }
}

/// The position of the first event of a type, with its time.
async fn first_of(auditor: &Client, event_type: &str) -> (Value, Value) {
    let query = "query($types: [String!]) { events(first: 1, types: $types) { nodes { position time } } }";
    let mut found = auditor.call(query, json!({ "types": [event_type] })).await["events"]["nodes"][0].take();
    (found["position"].take(), found["time"].take())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_its_payments_and_parcels_is_shown_as_it_was() {
    let scene = scene().await;
    order_when(&scene.shopper, scene.order(), |order| order["fulfilments"][0]["id"].is_string()).await;
    let query = "query($id: ID!, $at: AsOf) { order(id: $id, asOf: $at) { status version total { minorUnits }
        payments { status } fulfilments { status } timeline { nodes { type } } } }";
    let ask =
        async |at: Value| scene.shopper.call(query, json!({ "id": scene.order(), "at": at })).await["order"].take();
    let now = ask(Value::Null).await;
    assert_eq!((&now["status"], &now["payments"][0]["status"]), (&json!("CONFIRMED"), &json!("AUTHORISED")), "{now}");
    let (placed_at, time) = first_of(&scene.auditor, "order.placed").await;
    for at in [json!({ "position": placed_at }), json!({ "time": time })] {
        let then = ask(at.clone()).await;
        let expected = json!(["PLACED", 3_000 + 390, [], []]);
        let found = json!([then["status"], then["total"]["minorUnits"], then["payments"], then["fulfilments"]]);
        assert_eq!(found, expected, "{at}: {then}");
        let told = then["timeline"]["nodes"].as_array().map_or(0, Vec::len);
        assert!(told <= 2, "what came later is not told: {then}");
    }
    let (opened_at, _) = first_of(&scene.auditor, "cart.opened").await;
    assert_eq!(ask(json!({ "position": opened_at })).await, Value::Null, "not placed yet");
    let stranger = scene.server.guest().await;
    let stolen = stranger.call(query, json!({ "id": scene.order(), "at": { "position": placed_at } })).await;
    assert_eq!(stolen["order"], Value::Null, "someone else's past is theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn cart_price_product_and_stock_are_shown_as_they_were() {
    let scene = scene().await;
    let before = scene.set_price("20.00").await;
    let after = scene.set_price("25.00").await;
    let anyone = scene.server.anonymous();
    let price = "query($sku: String!, $at: AsOf) { variant(sku: $sku, asOf: $at) { price { gross { minorUnits } }
        availability { quantity } } }";
    let sku = scene.book.sku.as_str();
    let (published, _) = first_of(&scene.auditor, "catalog.product_published").await;
    let (stocked, _) = first_of(&scene.auditor, "stock.received").await;
    for (at, cents, units) in [
        (json!({ "position": stocked }), json!(1_500), json!(9)),
        (json!({ "position": before }), json!(2_000), json!(7)),
        (json!({ "position": after }), json!(2_500), json!(7)),
    ] {
        let shown = anyone.call(price, json!({ "sku": sku, "at": at })).await["variant"].take();
        let found = (&shown["price"]["gross"]["minorUnits"], &shown["availability"]["quantity"]);
        assert_eq!(found, (&cents, &units), "{at}");
    }
    assert_eq!(
        anyone.call(price, json!({ "sku": sku, "at": { "position": published } })).await["variant"],
        Value::Null
    );

    let product = "query($id: ID!, $at: AsOf) { product(id: $id, asOf: $at) { name isPublished categories { slug }
        variants { sku price { gross { minorUnits } } } } }";
    let variables = json!({ "id": scene.book.product.as_str(), "at": { "position": before } });
    let shown = anyone.call(product, variables).await["product"].take();
    assert_eq!(shown["variants"], json!([{ "sku": sku, "price": { "gross": { "minorUnits": 2_000 } } }]), "{shown}");
    assert_eq!(shown["categories"].as_array().map(Vec::len), Some(1), "{shown}");

    let stock = "query($sku: String!, $at: AsOf) { stock(sku: $sku, asOf: $at) { location onHand available } }";
    let variables = json!({ "sku": sku, "at": { "position": stocked } });
    let levels = scene.auditor.call(stock, variables).await["stock"].take();
    assert_eq!(levels, json!([{ "location": "paris", "onHand": 9, "available": 9 }]));

    let created = create(&scene.shopper, &[(&scene.book, 1)]).await;
    let cart = "query($id: ID!, $at: AsOf) { cart(id: $id, asOf: $at) { version units } }";
    let id = &created["result"]["id"];
    let emptied = "mutation($i: CartLinesRemoveInput!) { cartLinesRemove(input: $i) { errors { code } } }";
    let line = &created["result"]["lines"][0]["id"];
    scene.shopper.call(emptied, json!({ "i": { "cartId": id, "lineIds": [line] } })).await;
    let at = json!({ "position": created["position"] });
    let shown = scene.shopper.call(cart, json!({ "id": id, "at": at })).await["cart"].take();
    assert_eq!(shown["units"], json!(1), "{shown}");
    assert_eq!(scene.shopper.call(cart, json!({ "id": id })).await["cart"]["units"], json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_shown_as_it_was_to_its_buyer_and_to_auditors() {
    let scene = scene().await;
    let (authorised, _) = first_of(&scene.auditor, "payment.authorised").await;
    let (initiated, _) = first_of(&scene.auditor, "payment.initiated").await;
    let streams = "{ events(first: 1, types: [\"payment.initiated\"]) { nodes { streamId } } }";
    let id = scene.auditor.call(streams, json!({})).await["events"]["nodes"][0]["streamId"].take();
    let query = "query($id: ID!, $at: AsOf) { payment(id: $id, asOf: $at) { status } }";
    for client in [&scene.shopper, &scene.auditor] {
        for (at, status) in [(&initiated, "INITIATED"), (&authorised, "AUTHORISED")] {
            let shown = client.call(query, json!({ "id": id, "at": { "position": at } })).await;
            assert_eq!(shown["payment"]["status"], json!(status));
        }
    }
    let stranger = scene.server.guest().await;
    assert_eq!(stranger.call(query, json!({ "id": id })).await["payment"], Value::Null);
    assert_eq!(stranger.call("{ return(id: \"ret_none\") { id } }", json!({})).await["return"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_past_is_refused_with_a_code_and_a_reason() {
    let scene = scene().await;
    let query = "query($id: ID!, $at: AsOf) { order(id: $id, asOf: $at) { status } }";
    let beyond = json!({ "position": "p00000000zzzzz" });
    for (at, reason) in [
        (beyond.clone(), json!("AS_OF_BEYOND_END")),
        (json!({ "time": "2999-01-01T00:00:00Z" }), json!("AS_OF_IN_FUTURE")),
        (json!({}), Value::Null),
        (json!({ "time": "2020-01-01T00:00:00Z", "position": beyond["position"] }), Value::Null),
        (json!({ "time": "yesterday" }), Value::Null),
    ] {
        let answer = scene.shopper.ask(query, json!({ "id": scene.order(), "at": at })).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["reason"]), (&json!("BAD_REQUEST"), &reason), "{at}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_says_who_when_and_why_page_by_page() {
    let scene = scene().await;
    let query =
        "query($id: ID!, $at: AsOf, $after: String) { order(id: $id, asOf: $at) { history(first: 2, after: $after) {
        nodes { type version time actorKind actorId commandId causationId correlationId reason }
        pageInfo { hasNextPage endCursor } } } }";
    let cancel = "mutation($i: OrderCancelInput!) { orderCancel(input: $i) { errors { code } } }";
    let input = json!({ "orderId": scene.order(), "reason": "bought twice" });
    scene.shopper.call(cancel, json!({ "i": input })).await;
    order_when(&scene.shopper, scene.order(), |order| order["status"] == "CANCELLED").await;
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let page =
            scene.auditor.call(query, json!({ "id": scene.order(), "after": after })).await["order"]["history"].take();
        all.extend(page["nodes"].as_array().expect("a page").clone());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    let versions: Vec<_> = all.iter().filter_map(|event| event["version"].as_u64()).collect();
    assert_eq!(versions, (1..=all.len() as u64).collect::<Vec<_>>(), "every event once, in order");
    assert_eq!(all[0]["type"], json!("order.placed"));
    let asked = all.iter().find(|event| event["type"] == "order.cancellation_requested").expect("it was asked");
    assert_eq!((&asked["reason"], &asked["actorKind"]), (&json!("bought twice"), &json!("shopper")), "{asked}");
    assert!(all.iter().all(|event| event["correlationId"].is_string() && event["commandId"].is_string()));

    let (placed_at, _) = first_of(&scene.auditor, "order.placed").await;
    let variables = json!({ "id": scene.order(), "at": { "position": placed_at } });
    let then = scene.auditor.call(query, variables).await["order"]["history"].take();
    let types: Vec<_> = then["nodes"].as_array().into_iter().flatten().map(|event| event["type"].clone()).collect();
    assert_eq!(
        (types, &then["pageInfo"]["hasNextPage"]),
        (vec![json!("order.placed")], &json!(false)),
        "as it was then"
    );

    for client in [&scene.shopper, &scene.server.of_role(Role::Staff)] {
        let answer = client.ask(query, json!({ "id": scene.order() })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], json!("FORBIDDEN"), "{answer}");
    }
    let bent = scene.auditor.ask(query, json!({ "id": scene.order(), "after": "x" })).await;
    assert_eq!(bent["errors"][0]["extensions"]["code"], json!("BAD_REQUEST"), "{bent}");
    let text = serde_json::to_string(&all).expect("a text");
    assert!(!text.contains("camille") && !text.contains("Martyrs"), "no personal data in clear");
    drop(scene.shop);
}
