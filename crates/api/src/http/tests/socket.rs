use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Error;
use axum::extract::ws::Message;
use axum::http::HeaderMap;
use futures_util::{Sink, Stream};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Api, get, refused};
use crate::http::context::RequestContext;
use crate::http::ws::{Connection, OPERATIONS_MAX, converse};

/// The server's end of a socket in memory.
struct Socket {
    incoming: UnboundedReceiver<Message>,
    outgoing: UnboundedSender<Message>,
}

impl Stream for Socket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_recv(context).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for Socket {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.outgoing.send(message).map_err(Error::new)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

/// The client's end.
struct Client {
    to: UnboundedSender<Message>,
    from: UnboundedReceiver<Message>,
    server: JoinHandle<()>,
}

impl Client {
    fn connect(api: &Api) -> Self {
        let (to, incoming) = unbounded_channel();
        let (outgoing, from) = unbounded_channel();
        let context = RequestContext::from_headers(&HeaderMap::new(), None);
        let connection = Connection::new(api.endpoint(), context, None);
        Self { to, from, server: tokio::spawn(converse(Socket { incoming, outgoing }, connection)) }
    }

    async fn acknowledged(api: &Api, init: &Value) -> Self {
        let mut client = Self::connect(api);
        client.send(init);
        assert_eq!(client.next().await, json!({ "type": "connection_ack" }));
        client
    }

    fn send(&self, message: &Value) {
        self.send_text(&message.to_string());
    }

    fn send_text(&self, text: &str) {
        self.to.send(Message::text(text)).expect("the server listens");
    }

    fn subscribe(&self, id: &str, query: &str) {
        self.send(&json!({ "type": "subscribe", "id": id, "payload": { "query": query } }));
    }

    async fn next(&mut self) -> Value {
        loop {
            match self.from.recv().await.expect("the server says something") {
                Message::Text(text) => return serde_json::from_str(&text).expect("messages are JSON"),
                Message::Ping(_) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    async fn close_code(mut self) -> u16 {
        loop {
            match self.from.recv().await.expect("the server closes") {
                Message::Close(Some(frame)) => {
                    drop(self.to);
                    self.server.await.expect("the server ends well");
                    return frame.code;
                }
                _ => continue,
            }
        }
    }
}

fn init() -> Value {
    json!({ "type": "connection_init" })
}

#[tokio::test]
async fn messages_out_of_order_or_form_close_with_their_codes() {
    let api = Api::new().await;
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": "subscription { endless }" } });
    let init = init();
    for (messages, code) in [
        (vec!["not json".to_owned()], 4_400),
        (vec![r#"["connection_init"]"#.to_owned()], 4_400),
        (vec![r#"{"type":"wat"}"#.to_owned()], 4_400),
        (vec![r#"{"type":"subscribe","id":"1"}"#.to_owned()], 4_400),
        (vec![init.to_string(), subscribe.to_string().replace("\"1\"", "\"\"")], 4_400),
        (vec![subscribe.to_string()], 4_401),
        (vec![r#"{"type":"connection_init","payload":{"authorization":"Bearer x"}}"#.to_owned()], 4_403),
        (vec![init.to_string(), subscribe.to_string(), subscribe.to_string()], 4_409),
        (vec![init.to_string(), init.to_string()], 4_429),
    ] {
        let client = Client::connect(&api);
        messages.iter().for_each(|message| client.send_text(message));
        assert_eq!(client.close_code().await, code, "{messages:?}");
    }
    let client = Client::connect(&api);
    client.to.send(Message::binary(vec![1])).expect("the server listens");
    assert_eq!(client.close_code().await, 4_400);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_initialise_in_three_seconds_is_closed() {
    let api = Api::new().await;
    let started = Instant::now();
    assert_eq!(Client::connect(&api).close_code().await, 4_408);
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn results_come_with_their_id_and_an_end() {
    let api = Api::new().await;
    let mut client = Client::acknowledged(&api, &init()).await;
    client.send(&json!({ "type": "ping" }));
    assert_eq!(client.next().await, json!({ "type": "pong" }));
    client.subscribe("a", "subscription { count(to: 2) }");
    for count in 1..=2 {
        assert_eq!(
            client.next().await,
            json!({ "type": "next", "id": "a", "payload": { "data": { "count": count } } })
        );
    }
    assert_eq!(client.next().await, json!({ "type": "complete", "id": "a" }));
    client.subscribe("a", "{ hello }");
    assert_eq!(client.next().await["payload"]["data"]["hello"], "world");
    assert_eq!(client.next().await["type"], "complete");
}

#[tokio::test]
async fn the_token_of_connection_init_says_who_asks() {
    let api = Api::new().await;
    let with_token = json!({ "type": "connection_init", "payload": { "authorization": api.token() } });
    let mut client = Client::acknowledged(&api, &with_token).await;
    client.subscribe("a", "{ me }");
    assert_eq!(client.next().await["payload"]["data"]["me"], "ada");
    api.clock.advance_seconds(60);
    client.subscribe("b", "{ me }");
    assert_eq!(client.close_code().await, 4_403);
}

#[tokio::test]
async fn an_operation_that_is_not_executed_is_an_error_and_no_end_follows() {
    let api = Api::new().await;
    let mut client = Client::acknowledged(&api, &init()).await;
    for query in ["{", "{ unknown }", "subscription { unknown }", "{}"] {
        client.subscribe("a", query);
        let message = client.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("a")), "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], "BAD_REQUEST", "{message}");
    }
    client.subscribe("a", "{ fails }");
    let message = client.next().await;
    assert_eq!((&message["type"], &message["payload"]["data"]["fails"]), (&json!("next"), &Value::Null));
    assert_eq!(client.next().await["type"], "complete");
}

#[tokio::test]
async fn one_operation_more_than_the_limit_is_throttled_until_one_is_completed() {
    let api = Api::new().await;
    let mut client = Client::acknowledged(&api, &init()).await;
    for at in 0..OPERATIONS_MAX {
        client.subscribe(&at.to_string(), "subscription { endless }");
        assert_eq!(client.next().await["type"], "next");
    }
    client.subscribe("more", "subscription { endless }");
    assert_eq!(client.next().await["payload"][0]["extensions"]["code"], "THROTTLED");
    client.send(&json!({ "type": "complete", "id": "0" }));
    client.subscribe("more", "subscription { endless }");
    assert_eq!(client.next().await["id"], "more");
}

#[tokio::test(start_paused = true)]
async fn a_query_that_takes_too_long_fails_and_the_connection_lives() {
    let api = Api::new().await;
    let mut client = Client::acknowledged(&api, &init()).await;
    client.subscribe("a", "{ never }");
    let message = client.next().await;
    assert_eq!(
        (&message["type"], &message["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("UNAVAILABLE"))
    );
    client.subscribe("a", "{ hello }");
    assert_eq!(client.next().await["type"], "next");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_asked_and_then_dropped() {
    let api = Api::new().await;
    let mut client = Client::acknowledged(&api, &init()).await;
    assert!(matches!(client.from.recv().await, Some(Message::Ping(_))));
    client.to.send(Message::Pong(axum::body::Bytes::new())).expect("the server listens");
    assert!(matches!(client.from.recv().await, Some(Message::Ping(_))));
    assert_eq!(client.from.recv().await, None);
    client.server.await.expect("the server ends well");
}

#[tokio::test(start_paused = true)]
async fn a_connection_does_not_outlive_its_token() {
    let api = Api::new().await;
    let with_token = json!({ "type": "connection_init", "payload": { "Authorization": api.token() } });
    let mut client = Client::acknowledged(&api, &with_token).await;
    client.subscribe("a", "subscription { endless }");
    client.next().await;
    api.clock.advance_seconds(60);
    assert_eq!(client.close_code().await, 4_403);
}

#[tokio::test]
async fn the_end_of_the_server_closes_connections() {
    let api = Api::new().await;
    let client = Client::acknowledged(&api, &init()).await;
    api.shutdown.begin();
    assert_eq!(client.close_code().await, 1_001);
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_open_a_socket() {
    let api = Api::new().await;
    let upgrade = |origin| {
        let headers = [
            ("upgrade", "websocket"),
            ("connection", "upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("host", "Shop.example"),
            ("origin", origin),
        ];
        get("/graphql", &headers)
    };
    for origin in
        ["https://evil.example", "null", "https://shop.example:8443", "ftp://shop.example", "https://shop.example.evil"]
    {
        assert_eq!(api.send(upgrade(origin)).await.refusal(), refused(403, "FORBIDDEN"), "{origin}");
    }
    // Without a connection there is nothing to upgrade, which is said after the origin has been let pass.
    for origin in ["https://shop.example", "http://shop.example", "https://shop.example:443"] {
        assert_eq!(api.send(upgrade(origin)).await.refusal(), refused(400, "BAD_REQUEST"), "{origin}");
    }
}
