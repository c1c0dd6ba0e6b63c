//! The tree as text that Mermaid draws.

use std::fmt::Write;

use super::{Happening, Link};

/// Writes a flowchart: a box an event, with its name, its stream's kind and its position.
pub(super) fn flowchart(happenings: &[Happening]) -> String {
    let mut text = String::from("flowchart TD\n");
    for Happening { event, parent, link, .. } in happenings {
        let (position, name, kind) = (event.position, &event.event_type, &event.stream.kind);
        // Writing to a text cannot fail.
        _ = writeln!(text, "  e{position}[\"{name}<br/>{kind} · {position}\"]");
        let line = match link {
            Link::Beginning => continue,
            Link::Cause => "-->",
            Link::Request | Link::Stream => "-.->",
        };
        if let Some(parent) = parent.and_then(|parent| happenings.get(parent)) {
            _ = writeln!(text, "  e{} {line} e{position}", parent.event.position);
        }
    }
    text
}
