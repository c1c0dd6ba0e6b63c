//! What a server did to its files and said to its callers, in order, as `disk.c` wrote it down.

/// One thing that was done.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// A file was made or a folder opened for the first time.
    Open { file: u32, path: &'a str, is_folder: bool },
    /// Bytes were written.
    Write { file: u32, offset: usize, bytes: &'a [u8] },
    /// A file was cut off or made longer.
    Length { file: u32, length: usize },
    /// A sync began; it has a number.
    SyncBegin { file: u32, sync: u64 },
    /// It ended: what was there when it began is on the disk.
    SyncEnd { sync: u64 },
    /// It failed.
    SyncFailed { sync: u64 },
    /// A name was removed.
    Unlink { path: &'a str },
    /// A name was changed.
    Rename { from: &'a str, to: &'a str },
    /// Something was said to a caller.
    Sent { bytes: &'a [u8] },
}

/// How many bytes a record has before its own.
const HEADER_BYTES: usize = 24;

/// Takes a journal apart.
pub fn records(journal: &[u8]) -> Vec<Record<'_>> {
    let (mut rest, mut records) = (journal, Vec::new());
    while let Some((header, behind)) = rest.split_at_checked(HEADER_BYTES) {
        let short = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let long = |at: usize| u64::from_ne_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let place = usize::try_from(long(8)).unwrap_or(usize::MAX);
        // The server was killed while it wrote its last record.
        let Some((bytes, next)) = behind.split_at_checked(usize::try_from(long(16)).expect("a length")) else { break };
        records.push(record(short(0), short(4), place, bytes));
        rest = next;
    }
    records
}

fn record(kind: u32, file: u32, place: usize, bytes: &[u8]) -> Record<'_> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let sync = place as u64;
    match kind {
        1 => Record::Open { file, path: text, is_folder: place == 1 },
        2 => Record::Write { file, offset: place, bytes },
        3 => Record::Length { file, length: place },
        4 => Record::SyncBegin { file, sync },
        5 => Record::SyncEnd { sync },
        6 => Record::SyncFailed { sync },
        7 => Record::Unlink { path: text },
        8 => {
            let (from, to) = text.split_once('\0').expect("two names");
            Record::Rename { from, to }
        }
        9 => Record::Sent { bytes },
        _ => panic!("record of kind {kind}"),
    }
}
