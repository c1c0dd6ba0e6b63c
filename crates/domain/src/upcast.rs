//! Old events: how what was stored long ago is read as the events of today.
//!
//! An event is stored as `{"<its name>": {<its fields>}}`, beside its name and the version of its fields, from 1. When the
//! fields of a name change so that the type of today cannot read the old ones, its context writes an [`Upcaster`]: a pure
//! function from the fields of one version to those of the next. They are chained, so each is written once and never
//! touched again, and the present version follows from them. Every reader of the log reads through [`read`]; what is
//! stored is never rewritten.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields of a stored event.
pub type Fields = Map<String, Value>;

/// Lifts the fields of one event from a version to the next. Where an old event has not what the new one needs, this is
/// where it is said what that means.
pub struct Upcaster {
    /// The stored name.
    pub event_type: &'static str,
    /// The version it reads; it writes the next one.
    pub from: u32,
    /// Changes the fields. Total: fields that it does not find are found missing when the event is read.
    pub lift: fn(&mut Fields),
}

/// The events of one kind of stream as the log holds them.
pub trait StoredEvent: Serialize + DeserializeOwned {
    /// What lifts old versions, in any order: for every name one for each version below the present one.
    const UPCASTERS: &'static [Upcaster] = &[];
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// A later release of this program wrote it.
    #[error(
        "{event_type} is stored at version {stored}, this release knows it up to version {known}: start a newer one"
    )]
    TooNew {
        /// The stored name.
        event_type: String,
        /// The version beside it.
        stored: String,
        /// The highest version known.
        known: u32,
    },
    /// It is not `{"<its name>": {<its fields>}}`.
    #[error("{event_type} is not stored under its name")]
    Misnamed {
        /// The stored name.
        event_type: String,
    },
    /// The fields are not those of the event.
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
}

/// Returns the present version of an event's fields.
pub fn version_of(upcasters: &[Upcaster], event_type: &str) -> u32 {
    let lifts = upcasters.iter().filter(|upcaster| upcaster.event_type == event_type);
    lifts.map(|upcaster| upcaster.from + 1).max().unwrap_or(1)
}

/// Reads a stored event of any version as its context knows it today.
///
/// # Errors
/// [`UnreadableEvent`], when it is of a later release or no such event.
pub fn read<E: StoredEvent>(event_type: &str, version: &str, payload: &str) -> Result<E, UnreadableEvent> {
    read_with(E::UPCASTERS, event_type, version, payload)
}

/// Reads a stored event as [`read`] does, with upcasters that its type cannot name by itself.
///
/// # Errors
/// As [`read`].
pub fn read_with<E: DeserializeOwned>(
    upcasters: &[Upcaster],
    event_type: &str,
    version: &str,
    payload: &str,
) -> Result<E, UnreadableEvent> {
    let known = version_of(upcasters, event_type);
    let too_new = || UnreadableEvent::TooNew { event_type: event_type.to_owned(), stored: version.to_owned(), known };
    let stored = version.parse::<u32>().ok().filter(|stored| (1..=known).contains(stored)).ok_or_else(too_new)?;
    if stored == known {
        return Ok(serde_json::from_str(payload)?);
    }
    let misnamed = || UnreadableEvent::Misnamed { event_type: event_type.to_owned() };
    let mut event: Fields = serde_json::from_str(payload)?;
    let fields = event.get_mut(event_type).and_then(Value::as_object_mut).ok_or_else(misnamed)?;
    for from in stored..known {
        let next = |upcaster: &&Upcaster| upcaster.event_type == event_type && upcaster.from == from;
        if let Some(upcaster) = upcasters.iter().find(next) {
            (upcaster.lift)(fields);
        }
    }
    Ok(serde_json::from_value(Value::Object(event))?)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    /// A kettle whose events have changed twice: first it was filled with "cups", then with millilitres, then it was said
    /// with what; and what was called warm is a temperature now.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    enum KettleEvent {
        #[serde(rename = "kettle.filled")]
        Filled { millilitres: u32, with: String },
        #[serde(rename = "kettle.heated")]
        Heated { degrees: u32 },
        #[serde(rename = "kettle.emptied")]
        Emptied {},
    }

    const MILLILITRES_PER_CUP: u64 = 250;

    fn cups_are_millilitres(fields: &mut Fields) {
        let cups = fields.remove("cups").and_then(|cups| cups.as_u64());
        fields.extend(cups.map(|cups| ("millilitres".to_owned(), json!(cups * MILLILITRES_PER_CUP))));
    }

    fn it_was_always_water(fields: &mut Fields) {
        fields.insert("with".to_owned(), json!("water"));
    }

    fn warm_is_sixty_degrees(fields: &mut Fields) {
        let is_warm = fields.remove("warm") == Some(json!(true));
        fields.insert("degrees".to_owned(), json!(if is_warm { 60 } else { 100 }));
    }

    impl StoredEvent for KettleEvent {
        const UPCASTERS: &'static [Upcaster] = &[
            Upcaster { event_type: "kettle.filled", from: 2, lift: it_was_always_water },
            Upcaster { event_type: "kettle.heated", from: 1, lift: warm_is_sixty_degrees },
            Upcaster { event_type: "kettle.filled", from: 1, lift: cups_are_millilitres },
        ];
    }

    fn filled(millilitres: u32, with: &str) -> KettleEvent {
        KettleEvent::Filled { millilitres, with: with.to_owned() }
    }

    fn read_kettle(event_type: &str, version: &str, fields: Value) -> Result<KettleEvent, UnreadableEvent> {
        let payload = json!({ event_type: fields }).to_string();
        read(event_type, version, &payload)
    }

    #[test]
    fn each_version_is_lifted_step_by_step_to_the_present_one() {
        let versions = [
            ("1", json!({ "cups": 2 }), filled(500, "water")),
            ("2", json!({ "millilitres": 300 }), filled(300, "water")),
            ("3", json!({ "millilitres": 300, "with": "milk" }), filled(300, "milk")),
        ];
        for (version, fields, expected) in versions {
            assert_eq!(read_kettle("kettle.filled", version, fields).expect("an old kettle is read"), expected);
        }
        let heated = read_kettle("kettle.heated", "1", json!({ "warm": true })).expect("an old kettle is read");
        assert_eq!(heated, KettleEvent::Heated { degrees: 60 });
    }

    #[test]
    fn each_name_has_its_own_version() {
        let versions = ["kettle.filled", "kettle.heated", "kettle.emptied"];
        let versions = versions.map(|name| version_of(KettleEvent::UPCASTERS, name));
        assert_eq!(versions, [3, 2, 1]);
    }

    #[test]
    fn a_version_of_a_later_release_is_refused_and_says_what_to_do() {
        for version in ["4", "0", "-1", "1.0", ""] {
            let error = read_kettle("kettle.filled", version, json!({ "millilitres": 1, "with": "tea" }));
            let error = error.expect_err("nobody knows that version yet").to_string();
            assert!(error.contains("up to version 3: start a newer one"), "{error}");
        }
    }

    #[test]
    fn an_old_event_that_lacks_what_it_had_or_has_another_name_is_refused() {
        let empty = read_kettle("kettle.filled", "1", json!({})).expect_err("no cups");
        assert!(empty.to_string().contains("millilitres"), "{empty}");
        let foreign = read::<KettleEvent>("kettle.filled", "1", r#"{"kettle.heated":{"warm":true}}"#);
        assert!(matches!(foreign, Err(UnreadableEvent::Misnamed { .. })));
        let fields = read::<KettleEvent>("kettle.filled", "1", r#"{"kettle.filled":[1]}"#);
        assert!(matches!(fields, Err(UnreadableEvent::Misnamed { .. })));
    }
}
