//! Stands between the shop and localstripe and says in localstripe's words what Stripe takes and localstripe refuses. It
//! keeps nothing and decides nothing: what becomes of the money is localstripe's answer.
//!
//! * `return_url` is left out, and the bank's check, which localstripe then leaves to Stripe's script, is named as an
//!   address, as Stripe does for who gives one (<https://docs.stripe.com/api/payment_intents/object>, `next_action`);
//! * `final_capture` is left out: every capture of localstripe is the last;
//! * what a capture is called is written into the intent before it, and not with it;
//! * the search for an intent is a list that is looked through.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const INTENTS: &str = "/v1/payment_intents";
/// More than a test makes.
const INTENTS_MAX: usize = 100;
/// Where the bank asks its buyers, before the intent's id: an address that nobody is to go to.
pub const BANK: &str = "https://bank.example/";

type Form = Vec<(String, String)>;

/// A way to localstripe. It ends when this is dropped.
pub struct Between {
    /// Where it listens.
    pub address: String,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    to: String,
    http: reqwest::Client,
}

impl Between {
    /// Opens a way to the localstripe at an address.
    pub async fn open(localstripe: &str) -> Self {
        let way = Way { to: localstripe.to_owned(), http: reqwest::Client::new() };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address").to_string();
        let router = Router::new().fallback(hand_on).with_state(way);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, serving }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn hand_on(State(way): State<Way>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let form = read(if method == Method::POST { &body } else { uri.query().unwrap_or_default().as_bytes() });
    let path = uri.path();
    if path == format!("{INTENTS}/search") {
        return way.search(&headers, &form).await;
    }
    let (mut kept, mut named, mut returns) = (Form::new(), Form::new(), false);
    for (name, value) in form {
        match name.as_str() {
            "return_url" => returns = true,
            "final_capture" => {}
            "metadata[capture]" => named.push((name, value)),
            _ => kept.push((name, value)),
        }
    }
    if let Some(intent) = path.strip_suffix("/capture").filter(|_| !named.is_empty()) {
        let (status, answer) = way.send(Method::POST, intent, &headers, &named).await;
        assert_eq!(status, StatusCode::OK, "a capture can be given a name: {answer}");
    }
    let (status, answer) = way.send(method, path, &headers, &kept).await;
    said(status, &if returns { with_address(answer) } else { answer })
}

impl Way {
    async fn send(&self, method: Method, path: &str, headers: &HeaderMap, form: &Form) -> (StatusCode, Value) {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.to)).expect("an address");
        let encoded = url.query_pairs_mut().extend_pairs(form).finish().query().unwrap_or_default().to_owned();
        if method == Method::POST {
            url.set_query(None);
        }
        let mut request = self.http.request(method.clone(), url);
        for name in [header::AUTHORIZATION.as_str(), "idempotency-key", "stripe-version"] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded);
        }
        let answer = request.send().await.expect("localstripe answers");
        (answer.status(), answer.json().await.expect("localstripe speaks JSON"))
    }

    /// Answers `metadata['payment']:'pay_…'`.
    async fn search(&self, headers: &HeaderMap, form: &Form) -> Response {
        let query = form.iter().find(|(name, _)| name == "query").map_or("", |(_, query)| query);
        let wanted = query.strip_prefix("metadata['payment']:'").and_then(|rest| rest.strip_suffix('\''));
        let wanted = wanted.expect("only payments are searched for");
        let all = vec![("limit".to_owned(), INTENTS_MAX.to_string())];
        let (status, mut listed) = self.send(Method::GET, INTENTS, headers, &all).await;
        assert_eq!((status, &listed["has_more"]), (StatusCode::OK, &json!(false)), "every intent is listed");
        let intents = listed["data"].as_array_mut().expect("a list");
        intents.retain(|intent| intent["metadata"]["payment"] == wanted);
        let found: Vec<Value> = intents.drain(..).map(with_address).collect();
        said(status, &json!({ "object": "search_result", "data": found }))
    }
}

/// Names the bank's check of an intent as an address.
fn with_address(mut answer: Value) -> Value {
    if answer["next_action"]["type"] == "use_stripe_sdk" {
        let url = format!("{BANK}{}", answer["id"].as_str().expect("an intent has an id"));
        answer["next_action"] = json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url } });
    }
    answer
}

fn said(status: StatusCode, answer: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(answer.to_string())).into_response()
}

fn read(form: &[u8]) -> Form {
    let mut url = reqwest::Url::parse("http://localhost").expect("an address");
    url.set_query(Some(std::str::from_utf8(form).expect("a form is text")));
    url.query_pairs().into_owned().collect()
}
