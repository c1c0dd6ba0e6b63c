//! A disk that loses its power: what was synced is there, of the rest any part may be.
//!
//! Files: what was written before a sync began is on the disk when it has ended. What was written after it may be there
//! whole, torn between sectors, in any order, or not at all. After a sync that failed, what it was to bring to the disk is
//! there or not, and a later sync does not bring it: Linux takes the pages for clean
//! (<https://wiki.postgresql.org/wiki/Fsync_Errors>). Names: made, changed and removed in order, as ext4 and XFS do, and on
//! the disk when any later sync has ended.

use std::collections::BTreeMap;

use event_store::contract::Random;

use super::journal::Record;

/// A disk writes whole sectors.
const SECTOR_BYTES: usize = 512;

/// The payment provider is another house, with a disk and power of its own.
pub const PROVIDER: &str = crate::kill::JOURNAL;

fn coin(random: &mut Random) -> bool {
    random.below(2) == 0
}

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is lost.
    Lost,
    /// It is all there, as after `kill -9`.
    Kept,
    /// What was written first is there; the last write of it is torn.
    Prefix,
    /// Any of the writes are there.
    Some,
    /// Any of the sectors are there.
    Sectors,
}

/// Every fate.
pub const FATES: [Fate; 5] = [Fate::Lost, Fate::Kept, Fate::Prefix, Fate::Some, Fate::Sectors];

#[derive(Clone, Copy, Debug)]
enum Change<'a> {
    Write(usize, &'a [u8]),
    Length(usize),
}

#[derive(Debug, Default)]
struct Content<'a> {
    durable: Vec<u8>,
    /// By the number of their record, ascending.
    pending: Vec<(usize, Change<'a>)>,
}

#[derive(Clone, Copy, Debug)]
enum Naming<'a> {
    Made(&'a str, u32),
    Removed(&'a str),
    Changed(&'a str, &'a str),
}

type Names<'a> = BTreeMap<&'a str, u32>;

/// The disk, at one moment of a journal.
#[derive(Debug)]
pub struct Platter<'a> {
    contents: BTreeMap<u32, Content<'a>>,
    names: Names<'a>,
    pending_names: Vec<(usize, Naming<'a>)>,
    /// The syncs under way: of which file, and since which record.
    syncs: BTreeMap<u64, (u32, usize)>,
    seen: usize,
    /// A disk that takes no sync, for the control.
    forgetful: bool,
    random: Random,
}

impl<'a> Platter<'a> {
    /// Makes an empty disk. A forgetful one says that it has synced, and has not.
    pub fn new(forgetful: bool, random: Random) -> Self {
        let (contents, names, syncs) = (BTreeMap::new(), Names::new(), BTreeMap::new());
        Self { contents, names, pending_names: Vec::new(), syncs, seen: 0, forgetful, random }
    }

    /// Does what a record says.
    pub fn apply(&mut self, record: &Record<'a>) {
        let now = self.seen;
        self.seen += 1;
        match *record {
            Record::Open { is_folder: true, .. } | Record::Sent { .. } => {}
            Record::Open { file, path, .. } => self.pending_names.push((now, Naming::Made(path, file))),
            Record::Unlink { path } => self.pending_names.push((now, Naming::Removed(path))),
            Record::Rename { from, to } => self.pending_names.push((now, Naming::Changed(from, to))),
            Record::Write { file, offset, bytes } => self.change(file, Change::Write(offset, bytes)),
            Record::Length { file, length } => self.change(file, Change::Length(length)),
            Record::SyncBegin { file, sync } => {
                self.syncs.insert(sync, (file, now));
            }
            Record::SyncEnd { sync } => self.end_sync(sync, |_| true),
            Record::SyncFailed { sync } => self.end_sync(sync, coin),
        }
    }

    fn change(&mut self, file: u32, change: Change<'a>) {
        self.contents.entry(file).or_default().pending.push((self.seen - 1, change));
    }

    /// Brings to the disk, for good, what a sync stood for; what `keep` says no to is lost, for good.
    fn end_sync(&mut self, sync: u64, mut keep: impl FnMut(&mut Random) -> bool) {
        let Some((file, since)) = self.syncs.remove(&sync) else { return };
        if self.forgetful {
            return;
        }
        let random = &mut self.random;
        if let Some(content) = self.contents.get_mut(&file) {
            let behind = content.pending.partition_point(|(at, _)| *at < since);
            for (_, change) in content.pending.drain(..behind) {
                if keep(random) {
                    change.write(&mut content.durable);
                }
            }
        }
        let behind = self.pending_names.partition_point(|(at, _)| *at < since);
        for (_, naming) in self.pending_names.drain(..behind) {
            naming.write(&mut self.names);
        }
    }

    /// Cuts the power: returns every file that is there, by its path.
    pub fn cut(&mut self, fate: Fate) -> BTreeMap<&'a str, Vec<u8>> {
        let mut random = Random(self.random.below(usize::MAX) as u64);
        let last = match fate {
            Fate::Prefix => random.below(self.seen + 1),
            _ => usize::MAX,
        };
        let named = match fate {
            Fate::Lost => 0,
            Fate::Kept => self.pending_names.len(),
            Fate::Prefix => self.pending_names.partition_point(|(at, _)| *at < last),
            Fate::Some | Fate::Sectors => random.below(self.pending_names.len() + 1),
        };
        let mut names = self.names.clone();
        self.pending_names[..named].iter().for_each(|(_, naming)| naming.write(&mut names));
        // The provider's journal is there whatever becomes of ours.
        let provider = self.pending_names.iter().filter_map(|(_, naming)| match naming {
            Naming::Made(path, file) if path.ends_with(PROVIDER) => Some((*path, *file)),
            _ => None,
        });
        names.extend(provider);
        let files = names.into_iter().map(|(path, file)| {
            let fate = if path.ends_with(PROVIDER) { Fate::Kept } else { fate };
            (path, self.contents.get(&file).map_or_else(Vec::new, |content| content.cut(fate, last, &mut random)))
        });
        files.collect()
    }
}

impl Content<'_> {
    fn cut(&self, fate: Fate, last: usize, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (at, change) in &self.pending {
            match fate {
                Fate::Lost => {}
                Fate::Kept => change.write(&mut bytes),
                Fate::Prefix if *at < last => change.write(&mut bytes),
                Fate::Prefix => {
                    change.tear(&mut bytes, |_| coin(random));
                    break;
                }
                Fate::Some if coin(random) => change.write(&mut bytes),
                Fate::Some => {}
                Fate::Sectors => change.tear(&mut bytes, |_| coin(random)),
            }
        }
        bytes
    }
}

impl Change<'_> {
    fn write(&self, file: &mut Vec<u8>) {
        self.tear(file, |_| true);
    }

    /// Writes the sectors that are wanted.
    fn tear(&self, file: &mut Vec<u8>, mut wanted: impl FnMut(usize) -> bool) {
        match *self {
            Change::Length(length) if wanted(0) => file.resize(length, 0),
            Change::Length(_) => {}
            Change::Write(offset, bytes) => {
                let mut from = offset;
                while from < offset + bytes.len() {
                    let until = (from / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES).min(offset + bytes.len());
                    if wanted(from) {
                        file.resize(file.len().max(until), 0);
                        file[from..until].copy_from_slice(&bytes[from - offset..until - offset]);
                    }
                    from = until;
                }
            }
        }
    }
}

impl<'a> Naming<'a> {
    fn write(&self, names: &mut Names<'a>) {
        match *self {
            Naming::Made(path, file) => {
                names.insert(path, file);
            }
            Naming::Removed(path) => {
                names.remove(path);
            }
            Naming::Changed(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to, file);
                }
            }
        }
    }
}
