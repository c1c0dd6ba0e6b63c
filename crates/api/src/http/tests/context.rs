use serde_json::json;

use super::{Api, post};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_valid_traceparent_names_the_trace_and_an_invalid_one_does_not() {
    let api = Api::new().await;
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let trace = async |value: &str| {
        let answer = api.query_with("{ trace }", &[("traceparent", value)]).await;
        answer.json()["data"]["trace"].as_str().expect("a trace id").to_owned()
    };
    assert_eq!(trace(&parent).await, TRACE);
    assert_eq!(trace(&format!("01-{TRACE}-00f067aa0ba902b7-01-later")).await, TRACE);
    for bad in [
        String::new(),
        parent.replace("00-4", "ff-4"),
        parent.to_uppercase(),
        format!("{parent}-more"),
        parent.replace(TRACE, &"0".repeat(32)),
        parent.replace("00f067aa0ba902b7", "0000000000000000"),
        parent.replace("-01", "-1"),
    ] {
        let other = trace(&bad).await;
        assert!(other.len() == 32 && other != TRACE, "{bad}");
    }
    assert_ne!(trace("").await, trace("").await);
}

#[tokio::test]
async fn the_first_language_of_ours_is_taken() {
    let api = Api::new().await;
    for (accepted, language) in
        [("en-GB,en;q=0.9", "EN"), ("de,en;q=0.5,fr;q=0.4", "EN"), ("fr-CA", "FR"), ("de", "FR"), ("", "FR")]
    {
        let answer = api.query_with("{ language }", &[("accept-language", accepted)]).await;
        assert_eq!(answer.json()["data"]["language"], language, "{accepted}");
    }
}

#[tokio::test]
async fn the_position_comes_from_the_header_or_else_from_the_cookie() {
    let api = Api::new().await;
    let cookie = ("cookie", "a=b; comptoir_position=7; c=d");
    for (headers, position) in [
        (vec![cookie], json!("7")),
        (vec![cookie, ("after-position", "9")], json!("9")),
        (vec![("cookie", "other=7")], json!(null)),
        (vec![("after-position", "a b")], json!(null)),
        (vec![], json!(null)),
    ] {
        let answer = api.query_with("{ afterPosition }", &headers).await;
        assert_eq!(answer.json()["data"]["afterPosition"], position, "{headers:?}");
    }
}

#[tokio::test]
async fn a_write_tells_its_position_in_the_answer_and_in_a_cookie() {
    let api = Api::new().await;
    let answer = api.query("mutation { write }").await;
    let expected = json!({ "consistency": { "position": "42", "waitedMs": 3, "stale": false } });
    assert_eq!(answer.json()["extensions"], expected);
    assert_eq!(answer.header("set-cookie"), "comptoir_position=42; Path=/graphql; SameSite=Lax");
    let answer = api.query("{ hello }").await;
    assert!(!answer.headers.contains_key("set-cookie") && answer.json().get("extensions").is_none());
}

#[tokio::test]
async fn the_hook_prepares_each_request() {
    let answer = Api::new().await.send(post(&json!({ "query": "{ hooked }" }), &[])).await;
    assert_eq!(answer.json()["data"]["hooked"], true);
}
