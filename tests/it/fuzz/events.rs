//! Stored events that were damaged.

use testkit::events::families;
use testkit::events::golden::{files_in, stored_in};

use super::{Inputs, inputs};
use crate::events::folder;

/// Tries this many times the usual number: reading an event takes microseconds.
const TIMES: usize = 20;

#[test]
fn a_damaged_event_is_refused_or_read_as_something_that_can_be_stored() {
    let (families, files) = (families(), files_in(&folder("schema/events")));
    let stored = stored_in(&families, &files);
    let mut damaged = Inputs::of(stored.iter().map(|stored| stored.text.as_bytes().to_vec()).collect());
    let mut read = 0;
    for _ in 0..inputs() * TIMES {
        let (which, input) = damaged.next();
        let Ok(text) = String::from_utf8(input) else { continue };
        let stored = &stored[which];
        let version = stored.version.to_string();
        let Ok(found) = stored.family.read(stored.event_type, &version, &text) else { continue };
        read += 1;
        let today = stored.family.version_of(stored.event_type).to_string();
        let again = stored.family.read(stored.event_type, &today, &found);
        assert_eq!(again.as_ref(), Ok(&found), "read from {text}");
    }
    eprintln!("{} damaged events, of which {read} could be read all the same", inputs() * TIMES);
    assert!(read > 0, "some damage changes nothing that matters");
}
