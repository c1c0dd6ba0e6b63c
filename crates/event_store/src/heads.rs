//! The last sequences of streams that a writer has stored to, so that it need not look them up again.

use std::collections::HashMap;

use crate::StreamId;

/// The most streams known; all are forgotten when there would be more.
const STREAMS_MAX: usize = 65_536;

/// What a writer knows of its streams.
#[derive(Debug, Default)]
pub(crate) struct StreamHeads(HashMap<StreamId, u64>);

impl StreamHeads {
    pub(crate) fn get(&self, stream: &StreamId) -> Option<u64> {
        self.0.get(stream).copied()
    }

    pub(crate) fn keep(&mut self, stream: &StreamId, sequence: u64) {
        if let Some(known) = self.0.get_mut(stream) {
            *known = sequence;
            return;
        }
        if self.0.len() >= STREAMS_MAX {
            self.0.clear();
        }
        self.0.insert(stream.clone(), sequence);
    }

    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}
