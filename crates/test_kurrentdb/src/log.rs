//! The fake's log: records in one order, each at a byte offset, with the server's rules for expected revisions and for
//! repeated appends. The server's own events stand between those of its users, as in a real log.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// What a record takes beside its own bytes.
const RECORD_BYTES: u64 = 64;
/// After so many appends the server writes an event of its own.
const STATISTICS_EVERY: usize = 5;
const STATISTICS: &[u8] = b"$stats-127.0.0.1:2113";

/// An event as it was proposed.
#[derive(Clone, Debug)]
pub(crate) struct Proposed {
    pub(crate) id: Uuid,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) custom_metadata: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Proposed {
    /// Returns what the server counts against its limit.
    pub(crate) fn size(&self) -> usize {
        self.data.len() + self.custom_metadata.len() + self.metadata.get("type").map_or(0, String::len)
    }
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) position: u64,
    pub(crate) stream: Vec<u8>,
    pub(crate) revision: u64,
    pub(crate) created_ticks: u128,
    pub(crate) event: Proposed,
}

/// What a stream must be at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    Any,
    Exists,
    NoStream,
    Revision(u64),
}

/// How an append ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its last event, now or when it was stored first.
    Stored { revision: u64, position: u64 },
    /// The stream's last revision, if there is a stream.
    WrongExpectedVersion { current: Option<u64> },
}

/// All records, and where each stream's are.
#[derive(Debug)]
pub(crate) struct Log {
    records: Vec<Record>,
    streams: HashMap<Vec<u8>, Vec<usize>>,
    /// Where each event id was stored; the last one counts.
    ids: HashMap<Uuid, usize>,
    end: u64,
    appends: usize,
}

impl Log {
    /// Makes a log that holds what a new server writes by itself.
    pub(crate) fn new() -> Self {
        let (records, streams, ids) = (Vec::new(), HashMap::new(), HashMap::new());
        // Before the first event there is the record of the epoch.
        let mut log = Self { records, streams, ids, end: 128, appends: 0 };
        log.write_statistics();
        log
    }

    fn write_statistics(&mut self) {
        let metadata = [("type", "$statsCollected"), ("content-type", "application/json")];
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let event =
            Proposed { id: Uuid::new_v4(), metadata, custom_metadata: Vec::new(), data: b"{\"proc\":1}".to_vec() };
        self.write(STATISTICS, event);
    }

    fn write(&mut self, stream: &[u8], event: Proposed) {
        let of_stream = self.streams.entry(stream.to_owned()).or_default();
        let revision = count(of_stream.len());
        of_stream.push(self.records.len());
        self.ids.insert(event.id, self.records.len());
        let position = self.end;
        self.end += RECORD_BYTES + count(event.size() + stream.len());
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.records.push(Record {
            position,
            stream: stream.to_owned(),
            revision,
            created_ticks: since.as_nanos() / 100,
            event,
        });
    }

    /// Appends events to a stream, unless they are there already or the stream is not as expected.
    ///
    /// The server's rules: an append at an exact revision that has passed is a repeat when the events right behind that
    /// revision have the same ids, in the same order, however long ago; anything else there is a wrong version. With any
    /// revision it is a repeat when every event id is in the stream already.
    pub(crate) fn append(&mut self, stream: &[u8], expected: Expected, events: Vec<Proposed>) -> Outcome {
        let current = self.streams.get(stream).and_then(|records| count(records.len()).checked_sub(1));
        let wrong = Outcome::WrongExpectedVersion { current };
        let last = match expected {
            Expected::Exists if current.is_none() => return wrong,
            Expected::Any | Expected::Exists => match self.repeated_anywhere(stream, &events) {
                Repeat::Whole(index) => return self.stored(index),
                Repeat::Part => return wrong,
                Repeat::No => current,
            },
            Expected::NoStream => None,
            Expected::Revision(revision) => Some(revision),
        };
        if last != current {
            return self.repeated_behind(stream, last, &events).map_or(wrong, |index| self.stored(index));
        }
        for event in events {
            self.write(stream, event);
        }
        let stored = self.stored(self.records.len() - 1);
        self.appends += 1;
        if self.appends.is_multiple_of(STATISTICS_EVERY) {
            self.write_statistics();
        }
        stored
    }

    fn stored(&self, index: usize) -> Outcome {
        let record = &self.records[index];
        Outcome::Stored { revision: record.revision, position: record.position }
    }

    /// Finds the last of these events right behind a revision.
    fn repeated_behind(&self, stream: &[u8], last: Option<u64>, events: &[Proposed]) -> Option<usize> {
        let first = last.map_or(0, |revision| usize::try_from(revision).unwrap_or(usize::MAX).saturating_add(1));
        let there = self.streams.get(stream)?.get(first..)?;
        let is_repeat = events.len() <= there.len()
            && events.iter().zip(there).all(|(event, index)| self.records[*index].event.id == event.id);
        is_repeat.then(|| there[events.len() - 1])
    }

    fn repeated_anywhere(&self, stream: &[u8], events: &[Proposed]) -> Repeat {
        let (mut found, mut last) = (0, 0);
        for event in events {
            match self.ids.get(&event.id) {
                Some(index) if self.records[*index].stream == stream => (found, last) = (found + 1, *index),
                Some(_) | None if found > 0 => return Repeat::Part,
                Some(_) | None => return Repeat::No,
            }
        }
        Repeat::Whole(last)
    }

    /// Returns all records, in order.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Returns a stream's records, in order, if there is such a stream.
    pub(crate) fn stream(&self, stream: &[u8]) -> Option<impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator> {
        self.streams.get(stream).map(|indexes| indexes.iter().map(|index| &self.records[*index]))
    }

    /// Returns the index of the record that begins at a position, or where the next one will begin. A real server reads a
    /// record's length at the offset it is given, and finds nonsense anywhere else.
    pub(crate) fn index_at(&self, position: u64) -> Option<usize> {
        match self.records.binary_search_by_key(&position, |record| record.position) {
            Ok(index) => Some(index),
            Err(index) => (position == self.end).then_some(index),
        }
    }
}

enum Repeat {
    /// Every event is there; the last one at this index.
    Whole(usize),
    Part,
    No,
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
