//! How streams and commands are named in KurrentDB, and which ids their events have.
//!
//! The stream `stock-A1` of the log `comptoir` is `comptoir.stock-A1`: KurrentDB's own category projection takes what is
//! before the first `-`, so that is escaped in kinds. What commands claim is in streams of another beginning,
//! `comptoir:command-…`, which no reader of the log is shown.

use event_store::{CommandId, StoreError, StreamId};
use uuid::Uuid;

/// The most bytes of a log's name.
const NAME_BYTES_MAX: usize = 64;
/// The namespace of ids that are made of names (RFC 9562, version 5); chosen once, by chance.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f0e_4c1b_7d52_4a39_9c66_0b1d_e3a5_72f4);

/// The names of one log.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    log: String,
}

impl Names {
    /// Takes the name of a log: small letters, digits and `_`, so that no log's names begin as another one's.
    pub(crate) fn new(log: &str) -> Option<Self> {
        let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
        let is_name = (1..=NAME_BYTES_MAX).contains(&log.len()) && log.bytes().all(is_plain);
        is_name.then(|| Self { log: log.to_owned() })
    }

    /// Returns how the names of all streams begin.
    pub(crate) fn prefix(&self) -> String {
        format!("{}.", self.log)
    }

    /// Returns how the names of all streams of a kind begin.
    pub(crate) fn prefix_of_kind(&self, kind: &str) -> String {
        format!("{}.{}-", self.log, kind.replace('%', "%25").replace('-', "%2D"))
    }

    pub(crate) fn stream(&self, stream: &StreamId) -> String {
        format!("{}{}", self.prefix_of_kind(&stream.kind), stream.id)
    }

    /// Reads a name back.
    pub(crate) fn parse(&self, name: &str) -> Result<StreamId, StoreError> {
        let parts = name.strip_prefix(&self.prefix()).and_then(|rest| rest.split_once('-'));
        let (kind, id) = parts.ok_or_else(|| StoreError::Corrupt(format!("{name} is no stream of {}", self.log)))?;
        Ok(StreamId::new(&kind.replace("%2D", "-").replace("%25", "%"), id))
    }

    /// Returns the stream of what one command claims. Its id may be of any length and script, so the name holds a hash.
    pub(crate) fn claims(&self, command: &str) -> String {
        format!("{}:command-{}", self.log, Uuid::new_v5(&NAMESPACE, command.as_bytes()))
    }
}

/// Returns the id that the nth event of a command in a stream has, whoever stores it and how often.
pub(crate) fn event_id(command: &CommandId, stream: &StreamId, nth: usize) -> Uuid {
    // No name holds a NUL, so no two triples are joined to the same text.
    let text = format!("{}\0{}\0{}\0{nth}", command.id, stream.kind, stream.id);
    Uuid::new_v5(&NAMESPACE, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_found_by_its_name_again() {
        let names = Names::new("shop_1").expect("it is a name");
        for (kind, id) in [("stock", "A1"), ("gift-wrap", "a-b"), ("100%-%2D", "-"), ("vérif", " ")] {
            let stream = StreamId::new(kind, id);
            let name = names.stream(&stream);
            assert_eq!(names.parse(&name).expect("it is a name"), stream, "{name}");
            assert!(name.starts_with(&names.prefix_of_kind(kind)));
        }
        assert!(!names.stream(&StreamId::new("stock-take", "1")).starts_with(&names.prefix_of_kind("stock")));
        assert!(!names.claims("key").starts_with(&names.prefix()), "readers of the log see no claims");
    }

    #[test]
    fn logs_of_one_server_do_not_see_one_another() {
        for wrong in ["", "a.b", "a-b", "A", "é", "$a"] {
            assert!(Names::new(wrong).is_none(), "{wrong:?}");
        }
        let (one, other) = (Names::new("shop").expect("a name"), Names::new("shop2").expect("a name"));
        assert!(other.parse(&one.stream(&StreamId::new("stock", "1"))).is_err());
        assert!(!other.prefix().starts_with(&one.prefix()));
    }

    const ID_FOR_EVER: u128 = 0x1afe_418e_bf94_56b1_ac8b_0677_b8a2_a3f1;

    #[test]
    fn event_ids_depend_on_command_stream_and_place_and_on_nothing_else() {
        let command = |id: &str| CommandId { id: id.to_owned(), fingerprint: "any".to_owned() };
        let stream = StreamId::new("stock", "1");
        let id = event_id(&command("a"), &stream, 0);
        assert_eq!(id, Uuid::from_u128(ID_FOR_EVER), "a repeat is recognised by it for ever");
        for other in [
            event_id(&command("b"), &stream, 0),
            event_id(&command("a"), &StreamId::new("stock", "2"), 0),
            event_id(&command("a"), &stream, 1),
        ] {
            assert_ne!(id, other);
        }
    }
}
