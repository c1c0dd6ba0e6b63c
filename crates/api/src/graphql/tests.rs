//! What the schema promises as a whole.

use std::path::Path;

use async_graphql::Request;

use super::{builder, sdl};

const OPERATIONS: &str = include_str!("../../assets/graphiql/operations.graphql");

#[test]
fn the_schema_file_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/graphql/schema.graphql");
    let written = std::fs::read_to_string(&path).expect("schema/graphql/schema.graphql is there");
    assert!(written == sdl(), "the schema has changed: run `cargo run -p api --example export_schema`");
}

#[test]
fn every_payload_is_a_command_payload_and_no_amount_is_a_float() {
    let sdl = sdl();
    for line in sdl.lines().filter(|line| line.starts_with("type ") && line.contains("Payload")) {
        assert!(line.contains("implements CommandPayload"), "{line}");
    }
    assert!(!sdl.contains("Float"), "money and counts are never floats");
}

#[test]
fn money_and_stock_mutations_require_a_key() {
    let sdl = sdl();
    let mutations = sdl.split("type Mutation {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("mutations");
    for name in [
        "checkoutComplete",
        "orderPay",
        "paymentRefund",
        "stockReceive",
        "stockWriteOff",
        "stockRecount",
        "cartMerge",
        "returnRequest",
        "returnInspect",
    ] {
        let line = mutations.lines().find(|line| line.trim_start().starts_with(&format!("{name}("))).expect(name);
        assert!(line.contains("idempotencyKey: String!"), "{line}");
    }
}

/// Returns the ready-made operations with their variables.
fn operations() -> Vec<(String, async_graphql::Variables)> {
    let pieces = OPERATIONS.split("# --- ").skip(1);
    pieces
        .map(|piece| {
            let variables = piece.lines().find_map(|line| line.strip_prefix("# variables: ")).unwrap_or("{}");
            let document = piece.split_once('\n').map(|(_, document)| document.to_owned()).unwrap_or_default();
            (document, serde_json::from_str(variables).expect("variables are JSON"))
        })
        .collect()
}

#[tokio::test]
async fn every_ready_made_operation_is_valid_and_within_the_limits() {
    let schema = builder().finish();
    let operations = operations();
    assert!(operations.len() > 20);
    for (document, variables) in operations {
        crate::http::limits::check_text(&document).expect("short enough");
        let parsed = async_graphql::parser::parse_query(&document).expect("it is GraphQL");
        crate::http::limits::check_document(&parsed).expect("within the limits");
        let mut results = std::pin::pin!(schema.execute_stream(Request::new(document.clone()).variables(variables)));
        let result = futures_util::StreamExt::next(&mut results).await.expect("a result");
        // There is no shop behind this schema: resolvers fail, which has a path; an operation that is not valid has none.
        for error in &result.errors {
            let is_valid = !error.path.is_empty() || error.message.contains("does not exist");
            assert!(is_valid, "{}: {document}", error.message);
        }
    }
}
