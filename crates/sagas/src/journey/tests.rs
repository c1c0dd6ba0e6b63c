use event_store::{Position, RecordedEvent, StreamId};
use serde_json::json;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use super::tree::linked;
use super::{Happening, Journey, Link};

/// Makes the event at a position; its id is the position's.
fn event(position: u64, stream: &str, cause: Option<&str>) -> RecordedEvent {
    let (kind, id) = stream.split_once('-').expect("a kind and an id");
    RecordedEvent {
        position: Position(position),
        stream: StreamId::new(kind, id),
        sequence: 1,
        event_id: id_of(position),
        event_type: format!("{kind}.happened"),
        event_version: "1".to_owned(),
        payload: to_raw_value(&json!({})).expect("JSON"),
        metadata: to_raw_value(&json!({ "causation_id": cause })).expect("JSON"),
        recorded_at: 0,
    }
}

fn id_of(position: u64) -> Uuid {
    Uuid::from_u128(u128::from(position))
}

/// Returns position, parent's position, link and depth, in the order of the tree.
fn shape(happenings: &[Happening]) -> Vec<(u64, u64, Link, u32)> {
    let position_of = |index: usize| happenings[index].event.position.0;
    let row = |one: &Happening| (one.event.position.0, one.parent.map_or(0, position_of), one.link, one.depth);
    happenings.iter().map(row).collect()
}

#[test]
fn an_event_stands_under_its_cause_its_request_or_what_came_before_in_its_stream() {
    let (asked, first) = (id_of(4).to_string(), id_of(1).to_string());
    let events = vec![
        event(1, "cart-a", Some("request-1")),
        event(2, "cart-a", Some("request-2")),
        event(3, "stock-s", Some(&asked)),
        event(4, "checkout-o", Some(&first)),
        event(5, "order-o", Some(&asked)),
        event(6, "order-o", Some("request-3")),
        event(7, "return-r", Some("request-3")),
        event(8, "payment-p", Some("checkout-o")),
        event(9, "payment-p", None),
    ];
    let expected = [
        (1, 0, Link::Beginning, 0),
        (2, 1, Link::Stream, 1),
        (4, 1, Link::Cause, 1),
        (3, 4, Link::Cause, 2),
        (5, 4, Link::Cause, 2),
        (6, 5, Link::Stream, 3),
        (7, 6, Link::Request, 4),
        (8, 4, Link::Cause, 2),
        (9, 8, Link::Stream, 3),
    ];
    let happenings = linked(events);
    assert_eq!(shape(&happenings), expected);
    for (index, one) in happenings.iter().enumerate() {
        assert!(one.children.iter().all(|child| happenings[*child].parent == Some(index)));
    }
}

#[test]
fn what_belongs_to_nothing_is_a_beginning_of_its_own() {
    let happenings = linked(vec![event(1, "cart-a", None), event(2, "order-o", Some("elsewhere"))]);
    assert_eq!(shape(&happenings), [(1, 0, Link::Beginning, 0), (2, 0, Link::Beginning, 0)]);
}

#[test]
fn mermaid_draws_causes_as_lines_and_what_follows_as_dots() {
    let cause = id_of(1).to_string();
    let events = vec![event(1, "cart-a", None), event(2, "cart-a", None), event(3, "order-o", Some(&cause))];
    let journey = Journey { happenings: linked(events), is_complete: true };
    let expected = "flowchart TD\n  e1[\"cart.happened<br/>cart · 1\"]\n  e2[\"cart.happened<br/>cart · 2\"]\n  e1 -.-> e2\n  \
        e3[\"order.happened<br/>order · 3\"]\n  e1 --> e3\n";
    assert_eq!(journey.mermaid(), expected);
}
