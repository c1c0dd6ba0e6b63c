//! The metadata of events: what it looks like, and that all who read it see the same.

use app::actor::{Actor, Role};
use app::bus::{Cause, metadata_text};
use projections::Metadata;
use serde_json::{Value, json};

use super::folder;

fn golden(name: &str) -> String {
    std::fs::read_to_string(folder("schema/events").join(name)).expect("the golden file is there")
}

#[test]
fn metadata_is_written_as_it_always_was() {
    let actor = Actor::of_role(Role::Staff, "ada");
    let cause = Cause::of("key-1", "ord_1").because_of("cart-cart_1");
    let alone = Cause::of("key-1", "ord_1");
    for (name, cause) in [("metadata.v1.json", cause), ("metadata.v1.alone.json", alone)] {
        let written = metadata_text(&actor, &cause).expect("it is JSON");
        let written: Value = serde_json::from_str(written.get()).expect("JSON");
        let stored: Value = serde_json::from_str(&golden(name)).expect("JSON");
        assert_eq!(written, stored, "{name}: add a field, never rename or drop one");
    }
}

#[test]
fn metadata_of_every_release_is_read() {
    let read = |name: &str| serde_json::from_str::<Metadata>(&golden(name)).expect("can be read");
    let told = |metadata: Metadata| {
        json!([
            metadata.actor_kind,
            metadata.actor_id,
            metadata.correlation_id,
            metadata.causation_id,
            metadata.command_id
        ])
    };
    assert_eq!(told(read("metadata.v1.json")), json!(["staff", "ada", "ord_1", "cart-cart_1", "key-1"]));
    assert_eq!(told(read("metadata.v1.alone.json")), json!(["staff", "ada", "ord_1", null, "key-1"]));
}
