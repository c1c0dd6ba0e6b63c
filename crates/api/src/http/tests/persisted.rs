use std::sync::Arc;

use serde_json::json;

use super::{Api, STRICT, get, post, refused};
use crate::http::cache::Cache;

/// `printf '{ hello }' | sha256sum`
const HASH: &str = "001c3174e099bd72b729d0c0a529ba9f5a740c446e2a6e1d71b283cb84ec3065";

fn by_hash(query: Option<&str>, hash: &str) -> serde_json::Value {
    let mut body = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    if let Some(query) = query {
        body["query"] = json!(query);
    }
    body
}

#[tokio::test]
async fn a_document_is_found_by_its_hash_once_it_came_with_its_text() {
    let api = Api::new().await;
    let answer = api.send(post(&by_hash(None, HASH), &[STRICT])).await;
    assert_eq!(answer.refusal(), refused(400, "PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(answer.message(), "PersistedQueryNotFound");
    let answer = api.send(post(&by_hash(Some("{ hello }"), HASH), &[])).await;
    assert_eq!(answer.json()["data"]["hello"], "world", "{}", answer.text);
    for hash in [HASH, &HASH.to_uppercase()] {
        assert_eq!(api.send(post(&by_hash(None, hash), &[])).await.json()["data"]["hello"], "world");
    }
    let extensions = format!("%7B%22persistedQuery%22:%7B%22version%22:1,%22sha256Hash%22:%22{HASH}%22%7D%7D");
    let by_get = api.send(get(&format!("/graphql?extensions={extensions}"), &[])).await;
    assert_eq!(by_get.json()["data"]["hello"], "world");
}

#[tokio::test]
async fn a_hash_of_another_text_or_of_another_form_is_refused() {
    let api = Api::new().await;
    let wrong = by_hash(Some("{ me }"), HASH);
    assert_eq!(api.send(post(&wrong, &[STRICT])).await.refusal(), refused(400, "BAD_REQUEST"));
    for persisted in
        [json!(1), json!({}), json!({ "version": 2, "sha256Hash": HASH }), json!({ "version": 1, "sha256Hash": "abc" })]
    {
        let body = json!({ "query": "{ hello }", "extensions": { "persistedQuery": persisted } });
        assert_eq!(api.send(post(&body, &[STRICT])).await.refusal(), refused(400, "BAD_REQUEST"), "{body}");
    }
}

#[test]
fn a_cache_forgets_what_was_used_longest_ago() {
    let cache = Cache::new(32);
    for at in 0..1_000 {
        cache.insert("kept", Arc::new(0));
        cache.insert(&format!("key {at}"), Arc::new(at));
        assert!(cache.get("kept").is_some());
        assert_eq!(cache.get(&format!("key {at}")).as_deref(), Some(&at));
    }
    assert!(cache.len() <= 32);
    assert_eq!(cache.get("key 0"), None);
}
