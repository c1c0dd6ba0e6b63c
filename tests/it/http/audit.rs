//! The log as auditors read it.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Engine, TestServer, TestShop};

use super::operations::{create, fill};

const EVENTS: &str = "query($stream: String!, $after: Position, $types: [String!]) {
  events(first: 2, stream: $stream, after: $after, types: $types) {
    nodes { type version correlationId } pageInfo { hasNextPage endCursor } } }";

fn types(page: &Value) -> Vec<&str> {
    page["nodes"].as_array().expect("a page").iter().filter_map(|event| event["type"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_read_page_by_page_and_is_one_conversation() {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_500, &[9]).await;
    let server = TestServer::start(&shop.started).await;
    let shopper = server.guest().await;
    let cart = create(&shopper, &[(&book, 1)]).await["result"]["id"].as_str().expect("a cart").to_owned();
    fill(&shopper, &cart, "pm_card_visa").await;

    let auditor = server.of_role(Role::Auditor);
    let read = async |stream: &str, after: &Value, types: &Value| {
        auditor.call(EVENTS, json!({ "stream": stream, "after": after, "types": types })).await["events"].take()
    };
    let name = format!("cart-{cart}");
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = read(&name, &after, &Value::Null).await;
        all.extend(types(&page).into_iter().map(str::to_owned));
        for event in page["nodes"].as_array().expect("a page") {
            assert_eq!(event["correlationId"], json!(cart), "{event}");
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(all[..2], ["cart.opened", "cart.lines_added"]);
    assert!(all.len() > 2, "{all:?}");
    assert_eq!(types(&read(&name, &Value::Null, &json!(["cart.lines_added"])).await), ["cart.lines_added"]);
    assert_eq!(types(&read(&cart, &Value::Null, &Value::Null).await), all[..2], "by its id alone too");
    assert_eq!(types(&read("cart-unknown", &Value::Null, &Value::Null).await), Vec::<&str>::new());
}
