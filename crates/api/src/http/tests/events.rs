use super::{Api, refused};

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

#[tokio::test]
async fn a_subscription_streams_its_results_and_completes() {
    let answer = Api::new().await.query_with("subscription { count(to: 2) }", &[EVENTS]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    let expected = "event: next\ndata: {\"data\":{\"count\":1}}\n\nevent: next\ndata: {\"data\":{\"count\":2}}\n\n\
        event: complete\ndata:\n\n";
    assert_eq!(answer.text, expected);
}

#[tokio::test]
async fn a_query_and_a_mutation_have_one_result() {
    let api = Api::new().await;
    let answer = api.query_with("{ hello }", &[EVENTS]).await;
    assert_eq!(answer.text.matches("event: next").count(), 1);
    let answer = api.query_with("mutation { write }", &[EVENTS]).await;
    assert!(answer.text.contains(r#""consistency":{"position":"42""#), "{}", answer.text);
}

#[tokio::test]
async fn a_refused_request_is_answered_as_json() {
    let api = Api::new().await;
    assert_eq!(api.query_with("{", &[EVENTS]).await.refusal(), refused(400, "BAD_REQUEST"));
    let answer = api.query_with("{ hello }", &[EVENTS, ("authorization", "Bearer x")]).await;
    assert_eq!(answer.refusal(), refused(401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn a_document_the_schema_refuses_is_told_in_the_stream() {
    let answer = Api::new().await.query_with("subscription { unknown }", &[EVENTS]).await;
    assert!(answer.text.starts_with("event: next\ndata: {\"errors\":"), "{}", answer.text);
    assert!(answer.text.contains("BAD_REQUEST") && answer.text.ends_with("event: complete\ndata:\n\n"));
}

#[tokio::test]
async fn a_stream_that_panics_says_so_and_completes() {
    let answer = Api::new().await.query_with("subscription { breaks }", &[EVENTS]).await;
    assert!(answer.text.contains("INTERNAL") && answer.text.ends_with("event: complete\ndata:\n\n"), "{}", answer.text);
}

#[tokio::test]
async fn a_stream_ends_with_the_server() {
    let api = Api::new().await;
    api.shutdown.begin();
    let answer = api.query_with("subscription { endless }", &[EVENTS]).await;
    assert!(!answer.text.contains("complete"));
    api.shutdown.all_closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_that_it_lives() {
    let api = Api::new().await;
    let shutdown = api.shutdown.clone();
    let ending = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(40)).await;
        shutdown.begin();
    });
    let answer = api.query_with("subscription { endless }", &[EVENTS]).await;
    assert_eq!(answer.text, "event: next\ndata: {\"data\":{\"endless\":1}}\n\n:\n\n:\n\n");
    ending.await.expect("the end is begun");
}
