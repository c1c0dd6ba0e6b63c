//! Bad input has a code and a message and changes nothing.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine, TestServer, TestShop};

use super::operations::{CART, create};

struct Scene {
    shop: TestShop,
    server: TestServer,
    client: Client,
    book: Book,
    cart: Value,
}

async fn scene() -> Scene {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 500, &[5]).await;
    let server = TestServer::start(&shop.started).await;
    let client = server.guest().await;
    let cart = create(&client, &[(&book, 1)]).await["result"]["id"].clone();
    Scene { shop, server, client, book, cart }
}

impl Scene {
    fn head(&self) -> u64 {
        self.shop.started.store.head().borrow().0
    }

    /// Asserts that an operation is refused as data, and that the log stands where it stood.
    async fn refused(&self, client: &Client, field: &str, query: &str, variables: Value) -> Value {
        let before = self.head();
        let payload = client.call(query, variables).await[field].take();
        assert_eq!((self.head(), &payload["result"]), (before, &Value::Null), "{payload}");
        let message = payload["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.len() > 10, "{payload}");
        payload["errors"].clone()
    }

    async fn add(&self, client: &Client, input: Value) -> Value {
        let query = format!(
            "mutation($i: CartLinesAddInput!, $k: String) {{ cartLinesAdd(input: $i, idempotencyKey: $k)
               {{ result {{ ...C }} errors {{ ...E }} }} }} {CART}"
        );
        self.refused(client, "cartLinesAdd", &query, json!({ "i": input })).await
    }

    fn line(&self, quantity: i64) -> Value {
        json!({ "cartId": self.cart, "lines": [{ "sku": self.book.sku.as_str(), "quantity": quantity }] })
    }

    /// Posts a body and returns the status and the first error.
    async fn posted(&self, body: String) -> (u16, Value) {
        let response = self.client.post(body, "application/json").await;
        let status = response.status().as_u16();
        let answer: Value = response.json().await.expect("the answer is JSON");
        (status, answer["errors"][0].clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_sku_and_an_impossible_quantity_are_refused_with_their_path() {
    let scene = scene().await;
    let lines = json!([{ "sku": "LIV-NONE", "quantity": 1 }, { "sku": "not a sku", "quantity": 1 }]);
    let errors = scene.add(&scene.client, json!({ "cartId": scene.cart, "lines": lines })).await;
    let codes: Vec<_> = errors.as_array().expect("errors").iter().map(|error| error["code"].clone()).collect();
    assert!(codes.contains(&json!("NOT_FOUND")) || codes.contains(&json!("VALIDATION")), "{errors}");
    for quantity in [0, -1, 1_000_000_000] {
        let errors = scene.add(&scene.client, scene.line(quantity)).await;
        assert_eq!(errors[0]["code"], json!("VALIDATION"), "{errors}");
        assert!(errors[0]["path"].to_string().contains("quantity"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_sku_alone_is_not_found() {
    let scene = scene().await;
    let input = json!({ "cartId": scene.cart, "lines": [{ "sku": "LIV-NONE", "quantity": 1 }] });
    let errors = scene.add(&scene.client, input).await;
    assert_eq!(errors[0]["code"], json!("NOT_FOUND"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_else_s_cart_is_not_there() {
    let scene = scene().await;
    let stranger = scene.server.guest().await;
    let errors = scene.add(&stranger, scene.line(1)).await;
    assert_eq!(errors[0]["code"], json!("NOT_FOUND"), "{errors}");
    let read = stranger.call("query($id: ID!) { cart(id: $id) { id } }", json!({ "id": scene.cart })).await;
    assert_eq!(read["cart"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_names_both_versions() {
    let scene = scene().await;
    let mut input = scene.line(1);
    input["expectedVersion"] = json!(99);
    let errors = scene.add(&scene.client, input).await;
    assert_eq!((&errors[0]["code"], &errors[0]["expected"]), (&json!("VERSION_CONFLICT"), &json!(99)), "{errors}");
    assert!(errors[0]["actual"].is_number(), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_with_two_inputs_is_refused() {
    let scene = scene().await;
    let query = format!(
        "mutation($i: CartLinesAddInput!, $k: String) {{ cartLinesAdd(input: $i, idempotencyKey: $k)
           {{ result {{ ...C }} errors {{ ...E }} replayed }} }} {CART}"
    );
    let first = scene.client.call(&query, json!({ "i": scene.line(1), "k": "one" })).await;
    assert_eq!(first["cartLinesAdd"]["errors"], json!([]), "{first}");
    let again = scene.client.call(&query, json!({ "i": scene.line(1), "k": "one" })).await;
    assert_eq!(again["cartLinesAdd"]["replayed"], json!(true), "{again}");
    assert_eq!(again["cartLinesAdd"]["result"], first["cartLinesAdd"]["result"]);
    let other = json!({ "i": scene.line(2), "k": "one" });
    let errors = scene.refused(&scene.client, "cartLinesAdd", &query, other).await;
    assert_eq!(errors[0]["code"], json!("IDEMPOTENCY_KEY_REUSED"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_in_the_wrong_currency_or_of_another_amount_is_refused() {
    let scene = scene().await;
    let id = scene.cart.as_str().expect("a cart");
    super::operations::fill(&scene.client, id, "pm_card_visa").await;
    let query = "mutation($i: CheckoutCompleteInput!) { checkoutComplete(input: $i, idempotencyKey: \"k\")
        { result { id } errors { code message path } } }";
    for (amount, currency) in [("8.90", "USD"), ("0.01", "EUR"), ("8.905", "EUR")] {
        let input = json!({ "cartId": id, "expectedTotal": { "amount": amount, "currency": currency } });
        let errors = scene.refused(&scene.client, "checkoutComplete", query, json!({ "i": input })).await;
        let code = errors[0]["code"].as_str().expect("a code");
        assert!(["WRONG_CURRENCY", "PRICE_CHANGED", "VALIDATION"].contains(&code), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_at_all_is_told_so() {
    let scene = scene().await;
    let (status, error) = scene.posted("{\"query\":".to_owned()).await;
    assert_eq!((status, &error["extensions"]["code"]), (400, &json!("BAD_REQUEST")), "{error}");
    let (status, error) = scene.posted(json!({ "query": "x".repeat(1 << 20) }).to_string()).await;
    assert_eq!((status, &error["extensions"]["code"]), (413, &json!("BAD_REQUEST")), "{error}");
    let deep = format!("{{ categories {}{{ id }}{} }}", "{ children ".repeat(50), " }".repeat(50));
    let (_, error) = scene.posted(json!({ "query": deep }).to_string()).await;
    assert_eq!(error["extensions"]["code"], json!("QUERY_TOO_COMPLEX"), "{error}");
    assert!(error["extensions"]["traceId"].is_string(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_so_and_nothing_changes() {
    let scene = scene().await;
    let before = scene.head();
    let receive =
        "mutation { stockReceive(input: { sku: \"LIV-1\", location: \"paris\", quantity: 1, reference: \"x\" },
        idempotencyKey: \"k\") { result { onHand } errors { code } } }";
    let shopper = scene.client.ask(receive, json!({})).await;
    assert_eq!(shopper["errors"][0]["extensions"]["code"], json!("FORBIDDEN"), "{shopper}");
    let anonymous = scene.server.anonymous().ask(receive, json!({})).await;
    assert_eq!(anonymous["errors"][0]["extensions"]["code"], json!("UNAUTHENTICATED"), "{anonymous}");
    let mut stolen = scene.server.anonymous();
    stolen.token = Some("ct1.x.y".to_owned());
    let answer = stolen.ask("{ me { role } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], json!("UNAUTHENTICATED"), "{answer}");
    let auditor = scene.server.of_role(Role::Auditor);
    let audit = auditor.ask("{ events(first: 2) { nodes { type } } }", json!({})).await;
    assert_eq!(audit["data"]["events"]["nodes"].as_array().map(Vec::len), Some(2), "{audit}");
    let staff = scene.server.of_role(Role::Staff).ask("{ events(first: 1) { nodes { type } } }", json!({})).await;
    assert_eq!(staff["errors"][0]["extensions"]["code"], json!("FORBIDDEN"), "{staff}");
    assert_eq!(scene.head(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_variable_that_is_not_sent_is_the_sender_s_mistake() {
    let scene = scene().await;
    let query = "mutation($i: CartCreateInput!) { cartCreate(input: $i) { result { id } } }";
    let (status, error) = scene.posted(json!({ "query": query }).to_string()).await;
    assert_eq!((status, &error["extensions"]["code"]), (200, &json!("BAD_REQUEST")), "{error}");
    assert_eq!(error["message"], json!("Variable i is not defined."));
}
