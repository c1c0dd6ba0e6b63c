//! The log as auditors read it.

use app::actor::Role;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::Hash;
use proof::checkpoint::Checkpoint;
use proof::consistency::is_consistent;
use proof::inclusion::root_from_path;
use proof::tree::hash_leaf;
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

const PROOFS: &str = "query($position: Position!, $first: SafeInt!) {
  checkpoint { size root note }
  inclusionProof(position: $position) { leafIndex leaf path event { type } checkpoint { note } }
  consistencyProof(first: $first) { path first { note } second { note } } }";

fn hashes(path: &Value) -> Vec<Hash> {
    let path = path.as_array().expect("a path");
    path.iter().map(|hash| hash.as_str().expect("a text").parse().expect("a hash")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_is_given_proofs_that_hold_without_the_shop() {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    Book::publish(&shop.started.shop, "LIV-1", 1_500, &[9]).await;
    let server = TestServer::start(&shop.started).await;
    let auditor = server.of_role(Role::Auditor);
    let store = shop.started.store.clone();
    let sealed = async || store.seals().expect("SQLite keeps seals").last_checkpoint().await.expect("is read");
    let limit = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while sealed().await.is_none_or(|last| last.size < 3) {
        assert!(tokio::time::Instant::now() < limit, "the log is sealed within a second");
        tokio::task::yield_now().await;
    }
    let events = auditor.call("{ events(first: 3) { nodes { position } } }", json!({})).await;
    let position = events["events"]["nodes"][2]["position"].clone();
    let proofs = auditor.call(PROOFS, json!({ "position": position, "first": 1 })).await;

    let key = app::seal::public_key(&*store).await.expect("the log has a key");
    let open = |note: &Value| Checkpoint::open(note.as_str().expect("a note"), &key).expect("it is signed");
    let (inclusion, checkpoint) = (&proofs["inclusionProof"], open(&proofs["inclusionProof"]["checkpoint"]["note"]));
    assert_eq!(inclusion["leafIndex"], json!(2));
    let leaf = STANDARD.decode(inclusion["leaf"].as_str().expect("a text")).expect("it is base64");
    let root = root_from_path(hash_leaf(&leaf), 2, checkpoint.size, &hashes(&inclusion["path"]));
    assert_eq!(root, Some(checkpoint.root));
    let consistency = &proofs["consistencyProof"];
    let (first, second) = (open(&consistency["first"]["note"]), open(&consistency["second"]["note"]));
    assert!(is_consistent((first.size, first.root), (second.size, second.root), &hashes(&consistency["path"])));

    let beyond = auditor.ask("{ checkpoint(size: 1000000) { size } }", json!({})).await;
    assert_eq!(beyond["errors"][0]["extensions"]["code"], json!("BAD_REQUEST"), "{beyond}");
    let staff = server.of_role(Role::Staff).ask("{ checkpoint { size } }", json!({})).await;
    assert_eq!(staff["errors"][0]["extensions"]["code"], json!("FORBIDDEN"), "{staff}");
}
