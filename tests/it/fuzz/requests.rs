//! What comes over the wire: GraphQL, in its body and its variables, cursors, and webhooks.

use app::actor::Role;
use comptoir::progress::Console;
use comptoir::verify::{self, Against};
use domain::order::Order;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine, Shopper, TestServer, TestShop};

use super::{Inputs, inputs};

/// Operations with everything that a parser has to know.
const OPERATIONS: [&str; 7] = [
    "query Q($a: String, $n: Int! = 5) @skip(if: false) { products(first: $n, after: $a, search: \"le \\u00e9t\\u00e9\", sort: NAME) { nodes { id } } }",
    "{ a: products(first: 1) { ...P pageInfo { hasNextPage } } __typename } fragment P on ProductConnection { nodes { id name } }",
    "mutation { cartCreate(input: { lines: [{ sku: \"LIV-1\", quantity: 1 }], currency: EUR }) { result { id } errors { code path } } }",
    "mutation($i: CartCreateInput!) { cartCreate(input: $i, idempotencyKey: \"k\") { result { id total { minorUnits } } errors { code } } }",
    "{ __schema { types { name fields(includeDeprecated: true) { name type { ofType { name } } } } } }",
    "query { node(id: \"\"\"block\n  string\"\"\") { id ... on Product { name(locale: FR) } } }",
    "subscription { events { position } }",
];

struct Scene {
    shop: TestShop,
    server: TestServer,
    guest: Client,
    staff: Client,
}

async fn scene() -> Scene {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    Book::publish(&shop.started.shop, "LIV-1", 500, &[5]).await;
    let server = TestServer::start(&shop.started).await;
    let (guest, staff) = (server.guest().await, server.of_role(Role::Staff));
    Scene { shop, server, guest, staff }
}

impl Scene {
    /// Asserts that an answer is JSON, no failure of the server, and that every error in it has a code.
    async fn check(&self, response: reqwest::Response, input: &[u8]) -> Value {
        let (status, input) = (response.status(), String::from_utf8_lossy(input));
        let body = response.bytes().await.expect("the answer arrives");
        assert!(!status.is_server_error(), "{status} to {input}: {}", String::from_utf8_lossy(&body));
        let answer: Value = serde_json::from_slice(&body).expect("the answer is JSON");
        for error in answer["errors"].as_array().into_iter().flatten() {
            let code = error["extensions"]["code"].as_str();
            assert!(code.is_some_and(|code| code != "INTERNAL"), "{input}: {answer}");
        }
        answer
    }

    /// Whatever came, the shop still sells, and no aggregate is other than it may be.
    async fn end(self) {
        let create = "mutation($i: CartCreateInput!) { cartCreate(input: $i) { result { id } errors { message } } }";
        let lines = json!({ "currency": "EUR", "lines": [{ "sku": "LIV-1", "quantity": 1 }] });
        let made = self.guest.call(create, json!({ "i": lines })).await;
        assert!(made["cartCreate"]["result"]["id"].is_string(), "{made}");
        let report = verify::check(&*self.shop.started.store, &Against::default(), &Console::silent()).await;
        assert_eq!(report.expect("the log is read").finding.map(|finding| finding.to_string()), None);
        self.server.stop().await;
        let mut shop = self.shop;
        shop.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_graphql_request_is_answered_or_refused_with_a_code() {
    let scene = scene().await;
    let variables =
        json!({ "a": "AAAA", "n": 3, "i": { "currency": "EUR", "lines": [{ "sku": "LIV-1", "quantity": 2 }] } });
    let body =
        |query: &&str| json!({ "query": query, "variables": variables, "operationName": null }).to_string().into();
    let mut damaged = Inputs::of(OPERATIONS.iter().map(body).collect());
    for number in 0..inputs() {
        let (_, input) = damaged.next();
        let client = if number % 2 == 0 { &scene.guest } else { &scene.staff };
        let response = client.post(input.clone(), "application/json").await;
        scene.check(response, &input).await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_operation_in_a_sound_body_is_answered_or_refused_with_a_code() {
    let scene = scene().await;
    let mut damaged = Inputs::of(OPERATIONS.iter().map(|text| text.as_bytes().to_vec()).collect());
    for _ in 0..inputs() {
        let (_, input) = damaged.next();
        let body = json!({ "query": String::from_utf8_lossy(&input), "variables": { "n": 2 } });
        let response = scene.guest.post(body.to_string(), "application/json").await;
        scene.check(response, &input).await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_cursor_is_used_or_refused_with_a_code() {
    let scene = scene().await;
    for number in 2..6 {
        Book::publish(&scene.shop.started.shop, &format!("LIV-{number}"), 500, &[]).await;
    }
    let page = "query($after: String) { products(first: 2, after: $after, sort: NAME) { nodes { id } pageInfo { endCursor } } }";
    let first = loop {
        let page = scene.guest.call(page, json!({})).await["products"].take();
        if page["nodes"].as_array().is_some_and(|nodes| nodes.len() == 2) {
            break page["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
        }
    };
    let mut damaged = Inputs::of(vec![first.into_bytes()]);
    for _ in 0..inputs() {
        let (_, input) = damaged.next();
        let body = json!({ "query": page, "variables": { "after": String::from_utf8_lossy(&input) } });
        let answer = scene.check(scene.guest.post(body.to_string(), "application/json").await, &input).await;
        let is_refused = answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST";
        assert!(is_refused || answer["data"]["products"]["nodes"].is_array(), "{answer}");
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_amount_is_taken_as_it_was_meant_or_refused() {
    let scene = scene().await;
    let set = "mutation($i: VariantPriceSetInput!) { variantPriceSet(input: $i)
        { result { price { gross { minorUnits currency } } } errors { code } } }";
    let right = ["12.50", "0.01", "99999999.99", "100000000.00"].map(|text| text.as_bytes().to_vec());
    let mut damaged = Inputs::of(right.to_vec());
    let mut taken = 0;
    for _ in 0..inputs() {
        let (_, input) = damaged.next();
        let amount = String::from_utf8_lossy(&input);
        let price = json!({ "amount": amount, "currency": "EUR" });
        let variables = json!({ "i": { "sku": "LIV-1", "vatRate": "0.055", "price": price } });
        let body = json!({ "query": set, "variables": variables });
        let answer = scene.check(scene.staff.post(body.to_string(), "application/json").await, &input).await;
        let Some(minor) = answer["data"]["variantPriceSet"]["result"]["price"]["gross"]["minorUnits"].as_i64() else {
            let code = &answer["data"]["variantPriceSet"]["errors"][0]["code"];
            let failure = &answer["errors"][0]["extensions"]["code"];
            assert!(code == "VALIDATION" || failure == "BAD_REQUEST", "{amount}: {answer}");
            continue;
        };
        taken += 1;
        assert_eq!(Some(minor), cents(&amount), "{amount}");
    }
    eprintln!("{} damaged amounts, of which {taken} were amounts all the same", inputs());
    assert!(taken > 0, "some damage leaves an amount");
    scene.end().await;
}

/// Reads an amount with two decimals at most, digit by digit.
fn cents(text: &str) -> Option<i64> {
    let (euros, cents) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{euros}{cents:0<2}");
    (cents.len() <= 2 || cents[2..].bytes().all(|digit| digit == b'0'))
        .then(|| digits[..euros.len() + 2].parse().ok())
        .flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_webhook_is_taken_or_refused() {
    let scene = scene().await;
    let shopper = Shopper::of(&scene.shop);
    let sku = "LIV-1".parse().expect("a SKU");
    let cart = shopper.cart(&[(&sku, 1)], "pm_card_visa").await;
    let (order, _) = shopper.check_out(&scene.shop, &cart).await;
    let order = scene.shop.started.shop.bus.load::<Order>(order.as_str()).await.expect("loads").state;
    let payment = order.payments().first().expect("a payment").to_string();
    let mut damaged = Inputs::of(notices(&payment));
    let simulator = scene.shop.simulator();
    let (url, http) = (scene.server.url("/webhooks/stripe"), reqwest::Client::new());
    let mut taken = 0;
    for number in 0..inputs() {
        let (_, input) = damaged.next();
        let mut signature = simulator.sign(&input);
        let is_signed = number % 4 > 0;
        if !is_signed {
            signature.truncate(signature.len() - 1);
        }
        let response = http.post(&url).header("stripe-signature", signature).body(input.clone()).send().await;
        let status = response.expect("the server answers").status().as_u16();
        assert!(status == 400 || (is_signed && status == 200), "{status} to {}", String::from_utf8_lossy(&input));
        taken += usize::from(status == 200);
    }
    eprintln!("{} damaged webhooks, of which {taken} were taken", inputs());
    assert!(taken > 0, "some damage changes nothing that matters");
    scene.end().await;
}

/// What the provider might say of a payment.
fn notices(payment: &str) -> Vec<Vec<u8>> {
    let intent = json!({ "id": "pi_1", "object": "payment_intent", "amount": 990, "amount_capturable": 990, "amount_received": 0,
        "currency": "eur", "status": "requires_capture", "metadata": { "payment": payment } });
    let refund = json!({ "id": "re_1", "object": "refund", "payment_intent": "pi_1", "amount": 990, "status": "failed",
        "failure_reason": "expired_or_canceled_card", "metadata": { "payment": payment, "refund": "r" } });
    let notice = |(number, (kind, object)): (usize, (&str, &Value))| {
        json!({ "id": format!("evt_{number}"), "object": "event", "type": kind, "data": { "object": object } })
            .to_string()
    };
    let kinds = [
        ("payment_intent.amount_capturable_updated", &intent),
        ("payment_intent.canceled", &intent),
        ("payment_intent.payment_failed", &intent),
        ("payment_intent.succeeded", &intent),
        ("refund.failed", &refund),
        ("charge.dispute.created", &refund),
    ];
    kinds.into_iter().enumerate().map(notice).map(String::into_bytes).collect()
}
