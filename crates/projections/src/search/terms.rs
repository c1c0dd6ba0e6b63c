//! The terms of a column over all segments: each segment numbers its own, here they get one numbering, in byte order.

use tantivy::columnar::StrColumn;

use super::SearchError;

/// One numbering of a column's terms.
pub(super) struct GlobalTerms {
    /// All terms, one after the other.
    text: String,
    /// Where each term ends in `text`.
    ends: Vec<u32>,
    /// For each segment, the global number of each of its terms.
    numbers: Vec<Vec<u32>>,
}

impl GlobalTerms {
    /// Reads the dictionaries of a column, one for each segment.
    pub(super) fn build<'a>(columns: impl Iterator<Item = Option<&'a StrColumn>>) -> Result<Self, SearchError> {
        let mut arena = Vec::new();
        let mut found: Vec<Found> = Vec::new();
        let mut numbers = Vec::new();
        for (segment, column) in columns.enumerate() {
            let Some(column) = column else {
                numbers.push(Vec::new());
                continue;
            };
            let mut stream = column.dictionary().stream().map_err(tantivy::TantivyError::from)?;
            let mut number = 0;
            while stream.advance() {
                let from = arena.len();
                arena.extend_from_slice(stream.key());
                found.push(Found { from, to: arena.len(), segment, number });
                number += 1;
            }
            numbers.push(vec![0; number]);
        }
        // Stable: it finds the sorted run of each segment and merges them.
        found.sort_by(|left, right| arena[left.from..left.to].cmp(&arena[right.from..right.to]));
        let mut global = Self { text: String::new(), ends: Vec::new(), numbers };
        let mut last: Option<&[u8]> = None;
        for term in &found {
            let bytes = &arena[term.from..term.to];
            if last != Some(bytes) {
                global.text.push_str(&String::from_utf8_lossy(bytes));
                global.ends.push(u32::try_from(global.text.len()).map_err(|_| too_large())?);
                last = Some(bytes);
            }
            global.numbers[term.segment][term.number] =
                u32::try_from(global.ends.len() - 1).map_err(|_| too_large())?;
        }
        Ok(global)
    }

    /// Returns how many terms there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a term by its number.
    pub(super) fn get(&self, number: usize) -> &str {
        let from = if number == 0 { 0 } else { self.ends.get(number - 1).copied().unwrap_or(0) };
        let to = self.ends.get(number).copied().unwrap_or(from);
        &self.text[from as usize..to as usize]
    }

    /// Returns the global numbers of a segment's terms.
    pub(super) fn of_segment(&self, segment: usize) -> &[u32] {
        &self.numbers[segment]
    }

    /// Returns the numbers alone, when the terms themselves are not needed any more.
    pub(super) fn into_numbers(self) -> Vec<Vec<u32>> {
        self.numbers
    }
}

/// A term of one segment.
struct Found {
    from: usize,
    to: usize,
    segment: usize,
    number: usize,
}

fn too_large() -> SearchError {
    SearchError::Damaged("a column's terms exceed 4 GiB".to_owned())
}
