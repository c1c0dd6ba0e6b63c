use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};

use crate::http::media::Media;

fn accepted(values: &[&'static str]) -> Option<Media> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(ACCEPT, HeaderValue::from_static(value));
    }
    Media::accepted(&headers).ok()
}

#[test]
fn the_best_quality_wins_and_on_a_tie_what_says_more() {
    for (values, media) in [
        (vec![], Some(Media::Json)),
        (vec!["*/*"], Some(Media::Json)),
        (vec!["application/*;q=0.1"], Some(Media::Json)),
        (vec!["text/html, application/xml;q=0.9, */*;q=0.8"], Some(Media::Json)),
        (vec!["application/json", "application/graphql-response+json"], Some(Media::GraphqlResponse)),
        (vec!["application/json;q=0.9, application/graphql-response+json;q=0.89"], Some(Media::Json)),
        (vec!["TEXT/Event-Stream"], Some(Media::EventStream)),
        (vec!["application/json;q=0.000"], None),
        (vec!["application/json;q=2"], None),
        (vec!["application/json;q=0.1234"], None),
        (vec![""], None),
    ] {
        assert_eq!(accepted(&values), media, "{values:?}");
    }
}
