//! The same over a real port, and the bank's page.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use gateways::stripe::{HttpTransport, StripeGateway, TransportSetupError};
use sagas::ports::{AuthoriseAnswer, PaymentGateway, VoidAnswer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::support::*;

/// Serves a bank on a port of its own.
async fn serve(bank: &Bank) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = bank.simulator.router();
    (address, tokio::spawn(async move { axum::serve(listener, router).await }))
}

fn over_http(address: SocketAddr) -> StripeGateway {
    let transport = HttpTransport::new(&format!("http://{address}"), "sk_test_secret").expect("an address");
    assert!(!format!("{transport:?}").contains("sk_test"));
    gateway(Arc::new(transport))
}

#[tokio::test]
async fn a_payment_is_held_found_captured_and_cancelled_over_http() {
    let bank = bank();
    let (address, server) = serve(&bank).await;
    let gateway = over_http(address);
    let answer = gateway.authorise(&request(1, "pm_card_visa")).await.expect("an answer");
    assert!(matches!(answer, AuthoriseAnswer::Authorised { .. }), "{answer:?}");
    assert_eq!(gateway.authorise(&request(1, "pm_card_visa")).await, Ok(answer.clone()));
    assert_eq!(gateway.find(&payment(1)).await, Ok(Some(answer)));
    assert_eq!(gateway.authorise(&request(2, "pm_card_chargeDeclined")).await, Ok(declined("generic_decline")));
    assert_eq!(gateway.void(&payment(1), None).await, Ok(VoidAnswer::Voided));
    assert_eq!(gateway.authorise(&request(1, "pm_card_visa")).await, Ok(AuthoriseAnswer::Cancelled));
    server.abort();
    assert!(server.await.is_err_and(|error| error.is_cancelled()));
}

#[tokio::test]
async fn a_broken_answer_is_unknown_and_a_closed_port_is_unavailable() {
    let bank = bank();
    let (address, server) = serve(&bank).await;
    let gateway = over_http(address);
    assert_eq!(gateway.authorise(&request(1, "pm_card_timeout")).await, Err(UNKNOWN));
    assert_eq!(bank.line().held, euros(10_000));
    server.abort();
    assert!(server.await.is_err_and(|error| error.is_cancelled()));
    let closed = over_http(free_port().await);
    assert_eq!(closed.authorise(&request(1, "pm_card_visa")).await, Err(UNAVAILABLE));
}

#[tokio::test]
async fn a_lost_answer_breaks_off_on_the_wire() {
    let bank = bank();
    let (address, server) = serve(&bank).await;
    let form = "amount=5&currency=eur&capture_method=manual&payment_method=pm_card_timeoutBefore&confirm=true";
    let sent = reqwest::Client::new().post(format!("http://{address}/v1/payment_intents")).body(form).send().await;
    let read = match sent {
        Ok(response) => response.bytes().await,
        Err(error) => Err(error),
    };
    assert!(read.is_err(), "{read:?}");
    server.abort();
    assert!(server.await.is_err_and(|error| error.is_cancelled()));
}

async fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.and_then(|listener| listener.local_addr()).expect("a free port")
}

#[test]
fn an_address_must_be_an_origin_and_a_key_must_be_there() {
    for address in ["", "ftp://a", "https://a/v1", "https://a?b", "https://user@a"] {
        let error = HttpTransport::new(address, "sk_test").err();
        assert!(matches!(error, Some(TransportSetupError::AddressInvalid)), "{address}: {error:?}");
    }
    for key in ["", "line\nbreak"] {
        let error = HttpTransport::new("https://a", key).err();
        assert!(matches!(error, Some(TransportSetupError::KeyInvalid)), "{error:?}");
    }
}

async fn browse(bank: &Bank, method: &str, path: &str) -> (StatusCode, String, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
    let response = bank.simulator.router().oneshot(request).await.expect("an answer");
    let location = response.headers().get("location").map(|to| to.to_str().expect("text").to_owned());
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, location.unwrap_or_default(), String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn the_bank_page_needs_no_script_and_sends_the_buyer_back() {
    for (button, outcome) in [("approve", "succeeded"), ("decline", "failed")] {
        let bank = bank();
        bank.authorise(1, "pm_card_threeDSecure2Required").await.expect("an answer");
        let reference = bank.line().reference;
        let path = format!("/simulator/3ds/{reference}");
        let (status, _, page) = browse(&bank, "GET", &path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("100.00 EUR") && page.contains(&format!("action=\"{path}/{button}\"")), "{page}");
        assert!(!page.contains("<script"), "{page}");
        let (status, location, _) = browse(&bank, "POST", &format!("{path}/{button}")).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let expected = format!("https://shop.example/paid?payment_intent={reference}&redirect_status={outcome}");
        assert_eq!(location, expected);
        assert_eq!(bank.line().held, euros(if button == "approve" { 10_000 } else { 0 }));
        let (_, _, page) = browse(&bank, "GET", &path).await;
        assert!(!page.contains("<form"), "{page}");
    }
    assert_eq!(browse(&bank(), "GET", "/simulator/3ds/pi_none").await.0, StatusCode::NOT_FOUND);
    assert_eq!(browse(&bank(), "POST", "/simulator/3ds/pi_none/approve").await.0, StatusCode::NOT_FOUND);
}
