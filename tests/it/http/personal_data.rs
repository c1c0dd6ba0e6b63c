//! Personal data: never in clear in the log, unreadable once its subject is forgotten.

use app::actor::Role;
use event_store::{Filter, PAGE_EVENTS_MAX, Position};
use serde_json::{Value, json};
use testkit::{Book, Engine, TestServer, TestShop};

use super::operations::buy;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_personal_is_sealed_and_gone_when_the_customer_is_forgotten() {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 500, &[5]).await;
    let server = TestServer::start(&shop.started).await;
    let client = server.guest().await;
    let placed = buy(&client, &[(&book, 1)], "pm_card_visa", "k").await;
    let id = placed["result"]["id"].clone();
    let page = shop.started.store.read_all(Position(0), PAGE_EVENTS_MAX, &Filter::default()).await.expect("reads");
    for event in &page.events {
        let stored = format!("{}{}", event.payload.get(), event.metadata.get());
        for word in ["camille", "Camille", "Martyrs", "75009", "example.org"] {
            assert!(!stored.contains(word), "{word} is in clear in {}", event.event_type);
        }
    }
    let query =
        "query($id: ID!) { me { customerId } order(id: $id) { email address { name city } total { minorUnits } } }";
    let shown = client.call(query, json!({ "id": id })).await;
    assert_eq!(
        (&shown["order"]["email"], &shown["order"]["address"]["name"]),
        (&json!("camille@example.org"), &json!("Camille Durand"))
    );
    let customer = shown["me"]["customerId"].as_str().expect("a customer");
    let staff = server.of_role(Role::Staff);
    let token = staff.token.clone().expect("a token");
    let url = server.url(&format!("/admin/forget/{customer}"));
    let forgotten = reqwest::Client::new().post(&url).bearer_auth(token).send().await.expect("answers");
    assert!(forgotten.status().is_success(), "{forgotten:?}");
    let denied =
        reqwest::Client::new().post(&url).bearer_auth(client.token.as_deref().unwrap_or_default()).send().await;
    assert_eq!(denied.expect("answers").status().as_u16(), 403);
    let shown = client.call(query, json!({ "id": id })).await;
    assert_eq!((&shown["order"]["email"], &shown["order"]["address"]), (&Value::Null, &Value::Null));
    assert!(shown["order"]["total"]["minorUnits"].is_number(), "the sale stands");
}
