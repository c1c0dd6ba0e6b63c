//! How what was typed becomes a query. It is built from words, never parsed, so no input can be malformed.

use std::collections::HashMap;

use domain::values::Locale;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, FuzzyTermQuery, Occur, PhraseQuery,
    Query, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{Score, TantivyError};

use super::SearchError;
use super::analysis;
use super::schema::{Fields, place};
use super::snapshot::Snapshot;

/// The characters of a text that count.
const CHARACTERS_MAX: usize = 200;
/// The words of a text that count.
const WORDS_MAX: usize = 16;
/// The shortest beginning of a word that is completed.
const PREFIX_CHARACTERS_MIN: usize = 2;
/// How many completions of the last word are looked for, the most frequent ones.
const COMPLETIONS_MAX: usize = 64;
/// How many terms of a segment are looked at for completions.
const COMPLETIONS_SEEN_MAX: usize = 2_000;
/// The shortest word that may be one letter off.
const FUZZY_CHARACTERS_MIN: usize = 5;

/// Scores: a match in a name weighs more than one in an author, that one more than one in a summary.
const NAME: Score = 4.0;
const NAME_OTHER_LANGUAGE: Score = 2.0;
const NAME_OR_AUTHOR: Score = 2.5;
const SUMMARY: Score = 1.0;
const SUMMARY_OTHER_LANGUAGE: Score = 0.5;
const OTHER: Score = 1.0;
const COMPLETION: Score = 0.5;
const CLOSE: Score = 1.0;
const PHRASE: Score = 4.0;
/// How much the lesser matches of one word add to its best one.
const TIE_BREAKER: Score = 0.1;

/// How exactly words must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closeness {
    /// Word by word after analysis, the last one by its beginning too.
    Exact,
    /// Long words may be one letter off.
    OneOff,
}

/// The words of a text.
#[derive(Debug)]
pub(super) struct Text {
    words: Vec<String>,
    /// Whether the last word may go on.
    open_end: bool,
    locale: Locale,
}

impl Text {
    /// Cuts a text into words; nothing when it is blank.
    pub(super) fn parse(text: &str, locale: Locale) -> Option<Self> {
        let end = text.char_indices().nth(CHARACTERS_MAX).map_or(text.len(), |(at, _)| at);
        let text = text[..end].trim_start();
        if text.is_empty() {
            return None;
        }
        let found = analysis::terms(&mut analysis::words(), text);
        let open_end = text.chars().next_back().is_some_and(char::is_alphanumeric) && found.len() <= WORDS_MAX;
        let mut words: Vec<String> = found.into_iter().take(WORDS_MAX).map(|(_, word)| word).collect();
        // Words that say nothing need not match, unless there are no others; the last may be the start of one that does.
        let says_something = |word: &String| !analysis::is_stop_word(word, locale);
        if words.iter().any(says_something) {
            words.retain(says_something);
        }
        Some(Self { words, open_end, locale })
    }

    /// Builds the query; one that finds nothing when there was no word in the text.
    pub(super) fn query(&self, snapshot: &Snapshot, closeness: Closeness) -> Result<Box<dyn Query>, SearchError> {
        let fields = &snapshot.fields;
        let mut chains = [Locale::Fr, Locale::En].map(|locale| (locale, analysis::stems(locale)));
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let mut phrases: [Vec<Term>; 2] = Default::default();
        for (index, word) in self.words.iter().enumerate() {
            let mut ways = self.plain_ways(fields, word);
            for (locale, chain) in &mut chains {
                let stem = analysis::terms(chain, word).into_iter().next();
                let Some((_, stem)) = stem else { continue };
                let at = place(*locale);
                let own = *locale == self.locale;
                let (name, summary) = if own { (NAME, SUMMARY) } else { (NAME_OTHER_LANGUAGE, SUMMARY_OTHER_LANGUAGE) };
                ways.push(boosted(fields.names[at], &stem, name));
                ways.push(boosted(fields.summaries[at], &stem, summary));
                phrases[at].push(Term::from_field_text(fields.names[at], &stem));
            }
            if self.open_end && index + 1 == self.words.len() {
                ways.extend(completions(snapshot, fields.words, word)?);
            }
            if closeness == Closeness::OneOff && word.chars().count() >= FUZZY_CHARACTERS_MIN {
                ways.extend([fields.words, fields.other].map(|field| close(field, word)));
            }
            clauses.push((Occur::Must, Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, TIE_BREAKER))));
        }
        if clauses.is_empty() {
            return Ok(Box::new(EmptyQuery));
        }
        for terms in phrases.into_iter().filter(|terms| terms.len() > 1) {
            let phrase = Box::new(PhraseQuery::new_with_offset_and_slop(places(terms), PHRASE_SLOP));
            clauses.push((Occur::Should, Box::new(BoostQuery::new(phrase, PHRASE))));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    fn plain_ways(&self, fields: &Fields, word: &str) -> Vec<Box<dyn Query>> {
        vec![boosted(fields.words, word, NAME_OR_AUTHOR), boosted(fields.other, word, OTHER)]
    }
}

/// Stop words leave holes between the words of a phrase: up to this many in all.
const PHRASE_SLOP: u32 = 2;

fn places(terms: Vec<Term>) -> Vec<(usize, Term)> {
    terms.into_iter().enumerate().collect()
}

fn boosted(field: Field, text: &str, boost: Score) -> Box<dyn Query> {
    let term = TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs);
    Box::new(BoostQuery::new(Box::new(term), boost))
}

fn close(field: Field, word: &str) -> Box<dyn Query> {
    const LETTERS_OFF: u8 = 1;
    const SWAP_IS_ONE: bool = true;
    let fuzzy = FuzzyTermQuery::new(Term::from_field_text(field, word), LETTERS_OFF, SWAP_IS_ONE);
    Box::new(ConstScoreQuery::new(Box::new(fuzzy), CLOSE))
}

/// Finds the most frequent words that begin like this one.
fn completions(snapshot: &Snapshot, field: Field, start: &str) -> Result<Option<Box<dyn Query>>, SearchError> {
    if start.chars().count() < PREFIX_CHARACTERS_MIN {
        return Ok(None);
    }
    let mut frequencies: HashMap<Vec<u8>, u64> = HashMap::new();
    for reader in snapshot.searcher.segment_readers() {
        let inverted = reader.inverted_index(field)?;
        let mut stream = inverted.terms().range().ge(start).into_stream().map_err(TantivyError::from)?;
        for _ in 0..COMPLETIONS_SEEN_MAX {
            if !stream.advance() || !stream.key().starts_with(start.as_bytes()) {
                break;
            }
            *frequencies.entry(stream.key().to_vec()).or_default() += u64::from(stream.value().doc_freq);
        }
    }
    let mut found: Vec<(u64, Vec<u8>)> = frequencies.into_iter().map(|(word, count)| (count, word)).collect();
    found.sort_unstable_by(|left, right| right.cmp(left));
    found.truncate(COMPLETIONS_MAX);
    if found.is_empty() {
        return Ok(None);
    }
    let terms = found.iter().map(|(_, word)| Term::from_field_text(field, &String::from_utf8_lossy(word)));
    Ok(Some(Box::new(ConstScoreQuery::new(Box::new(TermSetQuery::new(terms)), COMPLETION))))
}
