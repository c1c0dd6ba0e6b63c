use axum::body::Body;
use axum::http::Request;
use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Api, get};
use crate::http::server::serve;
use crate::http::webhook::WEBHOOK_BYTES_MAX;

#[tokio::test]
async fn health_says_alive_and_ready_says_why_not() {
    let api = Api::with_readiness(Err("the search index is being built".to_owned())).await;
    let answer = api.get("/health").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, r#"{"status":"alive"}"#));
    let answer = api.get("/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["reason"], "the search index is being built");
    assert_eq!(Api::new().await.get("/ready").await.text, r#"{"status":"ready"}"#);
}

#[tokio::test]
async fn metrics_count_operations_by_kind_and_outcome() {
    let api = Api::new().await;
    for query in ["{ hello }", "{ hello }", "{ fails }", "mutation { write }", "{ unknown }", "{"] {
        api.query(query).await;
    }
    let orders = Counter::<u64>::default();
    orders.inc();
    api.metrics.register_with(|registry| registry.register("orders", "Orders placed", orders));
    let answer = api.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        r#"comptoir_graphql_requests_total{operation="query",status="ok"} 2"#,
        r#"comptoir_graphql_requests_total{operation="query",status="errors"} 1"#,
        r#"comptoir_graphql_requests_total{operation="query",status="refused"} 1"#,
        r#"comptoir_graphql_requests_total{operation="mutation",status="ok"} 1"#,
        r#"comptoir_graphql_requests_total{operation="unknown",status="refused"} 1"#,
        r#"comptoir_graphql_request_duration_seconds_bucket{le="+Inf"} 6"#,
        "comptoir_graphql_request_duration_seconds_count 6",
        "comptoir_graphql_requests_in_flight 0",
        "comptoir_orders_total 1",
        "# EOF",
    ] {
        assert!(answer.text.lines().any(|one| one == line), "{line} is not in\n{}", answer.text);
    }
}

#[tokio::test]
async fn every_answer_keeps_browsers_from_guessing_framing_and_telling() {
    let api = Api::new().await;
    for path in ["/", "/graphql?query=%7Bhello%7D", "/health", "/nowhere", "/assets/graphiql/comptoir.js"] {
        let answer = api.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn graphiql_loads_from_here_only() {
    let api = Api::new().await;
    let page = api.get("/").await;
    assert!(page.header("content-security-policy").starts_with("default-src 'self';"));
    assert!(!page.header("content-security-policy").contains("script-src"));
    assert!(page.text.contains("<title>Comptoir</title>"));
    let links = page.text.split('"').filter(|part| part.starts_with("/assets/")).collect::<Vec<_>>();
    assert_eq!(links.len(), 7);
    for link in links {
        let answer = api.get(link).await;
        assert_eq!(answer.status, 200, "{link}");
        let again = api.send(get(link, &[("if-none-match", answer.header("etag"))])).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{link}");
    }
    assert!(!page.text.contains("<script>") && !page.text.contains("http"));
    assert_eq!(api.get("/assets/graphiql/README.md").await.status, 404);
}

#[tokio::test]
async fn every_ready_made_operation_has_a_title_and_is_graphql() {
    let text = Api::new().await.get("/assets/graphiql/operations.graphql").await.text;
    let pieces = text.split("\n# --- ").skip(1).collect::<Vec<_>>();
    assert!(!pieces.is_empty());
    for piece in pieces {
        let (title, operation) = piece.split_once(" ---\n").expect("a title ends with three dashes");
        if let Err(error) = async_graphql::parser::parse_query(operation) {
            panic!("{title}: {error}");
        }
        for setting in
            operation.lines().filter_map(|line| line.strip_prefix("# variables: ").or(line.strip_prefix("# headers: ")))
        {
            assert!(serde_json::from_str::<serde_json::Value>(setting).is_ok_and(|value| value.is_object()), "{title}");
        }
    }
}

#[tokio::test]
async fn webhooks_go_on_as_they_came() {
    let api = Api::new().await;
    let hook = async |provider: &str, body: Vec<u8>| {
        let request = Request::post(format!("/webhooks/{provider}")).header("stripe-signature", "t=1,v1=x");
        api.send(request.body(Body::from(body)).expect("the request is well formed")).await.status.as_u16()
    };
    assert_eq!(hook("stripe", b"{}".to_vec()).await, 200);
    assert_eq!(hook("stripe", b"{ }".to_vec()).await, 400);
    assert_eq!(hook("other", b"{}".to_vec()).await, 404);
    assert_eq!(hook("down", b"{}".to_vec()).await, 503);
    assert_eq!(hook("stripe", vec![b' '; WEBHOOK_BYTES_MAX + 1]).await, 413);
    assert_eq!(api.get("/webhooks/stripe").await.status, 405);
}

/// Serves on a free port.
async fn listening(api: &Api) -> (TcpStream, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let server = tokio::spawn(serve(listener, api.router.clone(), api.shutdown.clone()));
    (TcpStream::connect(address).await.expect("it listens"), server)
}

async fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        read.push(stream.read_u8().await.expect("the server says more"));
    }
    read
}

#[tokio::test]
async fn a_running_request_is_answered_before_the_server_ends() {
    let api = Api::new().await;
    let (mut stream, server) = listening(&api).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\
        expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    // It asks for the body: it has begun to answer.
    read_until(&mut stream, b"100 Continue\r\n\r\n").await;
    api.shutdown.begin();
    stream.write_all(br#"{"query":"{ hello }"}"#).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers and closes");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"data":{"hello":"world"}}"#), "{answer}");
    server.await.expect("the server does not panic").expect("the listener did not fail");
}

#[tokio::test]
async fn a_socket_is_closed_before_the_server_ends() {
    let api = Api::new().await;
    let (mut stream, server) = listening(&api).await;
    let handshake = "GET /graphql HTTP/1.1\r\nhost: x\r\norigin: http://x\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    stream.write_all(handshake.as_bytes()).await.expect("the server reads");
    let answer = String::from_utf8(read_until(&mut stream, b"\r\n\r\n").await).expect("heads are ASCII");
    assert!(answer.starts_with("HTTP/1.1 101") && answer.contains("sec-websocket-protocol: graphql-transport-ws"));
    api.shutdown.begin();
    // A close frame (RFC 6455, section 5.5.1): its opcode, its length, and code 1001.
    let mut frame = [0; 4];
    stream.read_exact(&mut frame).await.expect("the server closes the socket");
    assert_eq!((frame[0], u16::from_be_bytes([frame[2], frame[3]])), (0x88, 1_001));
    drop(stream);
    server.await.expect("the server does not panic").expect("the listener did not fail");
}
