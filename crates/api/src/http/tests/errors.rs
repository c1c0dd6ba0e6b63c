use super::{Api, STRICT, refused};
use crate::http::error::ErrorCode;

#[tokio::test]
async fn an_internal_failure_shows_a_trace_id_and_nothing_else() {
    let answer = Api::new().await.query_with("{ hello fails }", &[STRICT]).await;
    assert_eq!(answer.refusal(), refused(200, "INTERNAL"));
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    assert_eq!(answer.json()["errors"][0]["path"][0], "fails");
    assert_eq!(answer.json()["data"]["hello"], "world");
}

#[tokio::test]
async fn a_panic_is_the_failure_of_one_request() {
    let api = Api::new().await;
    assert_eq!(api.query("{ panics }").await.refusal(), refused(500, "INTERNAL"));
    assert_eq!(api.query("{ hello }").await.status, 200);
}

#[tokio::test]
async fn a_resolver_s_own_code_and_message_stay() {
    let answer = Api::new().await.query("{ forbidden }").await;
    assert_eq!(answer.refusal(), refused(200, "FORBIDDEN"));
    assert_eq!(answer.message(), "this needs the permission ORDERS_READ");
}

#[tokio::test]
async fn an_argument_that_does_not_parse_is_the_client_s_fault() {
    let answer = Api::new().await.query("{ page(first: 99999999999) }").await;
    assert_eq!(answer.refusal(), refused(200, "BAD_REQUEST"), "{}", answer.text);
}

#[test]
fn every_code_has_its_own_name_and_is_found_by_it() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::of_name(code.name()), Some(code));
    }
    assert_eq!(ErrorCode::of_name("NONE"), None);
}

#[test]
fn what_may_succeed_later_is_retryable() {
    let retryable = ErrorCode::ALL.into_iter().filter(|code| code.retryable()).collect::<Vec<_>>();
    assert_eq!(retryable, [ErrorCode::Throttled, ErrorCode::ProjectionBehind, ErrorCode::Unavailable]);
}
