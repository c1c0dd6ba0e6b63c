//! Reading after one's own writes.

use serde_json::json;
use testkit::{Book, Engine, TestServer, TestShop};

use super::operations::create;

const QUERY: &str = "{ categories { id } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_query_waits_for_a_position_and_says_or_refuses_when_it_is_behind() {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 500, &[5]).await;
    let server = TestServer::start(&shop.started).await;
    let client = server.guest().await;
    let created = create(&client, &[(&book, 1)]).await;
    let written = created["position"].as_str().expect("a position");

    let fresh = client.ask_with(&[("After-Position", written), ("Consistency", "strict")], QUERY, json!({})).await;
    assert_eq!(fresh["extensions"]["consistency"]["stale"], json!(false), "{fresh}");
    assert!(fresh["extensions"]["consistency"]["position"].as_str() >= Some(written), "{fresh}");

    // Positions are texts of one length in order: this one is far ahead of any log.
    let ahead = format!("{}1{}", &written[..1], &written[2..]);
    let ahead = ahead.as_str();
    let stale = client.ask_with(&[("After-Position", ahead)], QUERY, json!({})).await;
    assert_eq!(stale["extensions"]["consistency"]["stale"], json!(true), "{stale}");
    assert!(stale["data"]["categories"].is_array(), "{stale}");
    let refused = client.ask_with(&[("After-Position", ahead), ("Consistency", "strict")], QUERY, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], json!("PROJECTION_BEHIND"), "{refused}");
}
