//! How texts become terms: one cut into words for every language, then a chain for each.
//!
//! The cut drops elided articles (`l'`, `qu'`) and the English possessive (`'s`), lowers case and keeps letters and digits;
//! accents are folded before stemming, so that a shopper without accents on the keyboard finds the same.

use domain::values::Locale;
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, Stemmer, StopWordFilter, TextAnalyzer, Token, TokenFilter, TokenStream, Tokenizer,
    TokenizerManager,
};

/// The name of the chain that folds and does not stem, for names of people, prefixes and close spellings.
pub(super) const WORDS: &str = "words";
/// The name of the French chain.
pub(super) const FRENCH: &str = "french";
/// The name of the English chain.
pub(super) const ENGLISH: &str = "english";

/// The most characters of a word that count.
const WORD_CHARACTERS_MAX: usize = 64;

/// What stands before an apostrophe in French and carries no meaning of its own.
const ELISIONS: [&str; 14] =
    ["l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu"];

/// French words, folded, that a title is not searched by. Kept short: `elle`, `moi` or `tout` make titles.
const FRENCH_STOP: [&str; 24] = [
    "le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "au", "aux", "a", "et", "ou", "en", "dans", "par",
    "pour", "sur", "que", "qui", "ce", "se",
];

/// English words that a title is not searched by.
const ENGLISH_STOP: [&str; 20] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "that", "the",
    "to", "with",
];

/// Tells whether a folded word is left out of the terms of a language.
pub(super) fn is_stop_word(word: &str, locale: Locale) -> bool {
    match locale {
        Locale::Fr => FRENCH_STOP.contains(&word),
        Locale::En => ENGLISH_STOP.contains(&word),
    }
}

/// Returns the chain that folds and does not stem.
pub(super) fn words() -> TextAnalyzer {
    TextAnalyzer::builder(WordTokenizer).filter(AsciiFoldingFilter).build()
}

/// Returns the chain of a language: fold, drop stop words, stem.
pub(super) fn stems(locale: Locale) -> TextAnalyzer {
    let folded = TextAnalyzer::builder(WordTokenizer).filter(AsciiFoldingFilter);
    match locale {
        Locale::Fr => folded
            .filter(StopWordFilter::remove(FRENCH_STOP.map(str::to_owned)))
            .filter(Singular)
            .filter(Stemmer::new(Language::French))
            .build(),
        Locale::En => folded
            .filter(StopWordFilter::remove(ENGLISH_STOP.map(str::to_owned)))
            .filter(Stemmer::new(Language::English))
            .build(),
    }
}

/// Makes the chains known to an index.
pub(super) fn register(manager: &TokenizerManager) {
    manager.register(WORDS, words());
    manager.register(FRENCH, stems(Locale::Fr));
    manager.register(ENGLISH, stems(Locale::En));
}

/// Returns the terms a chain makes of a text, with their places.
pub(super) fn terms(chain: &mut TextAnalyzer, text: &str) -> Vec<(usize, String)> {
    let mut stream = chain.token_stream(text);
    let mut found = Vec::new();
    while let Some(token) = stream.next() {
        found.push((token.position, token.text.clone()));
    }
    found
}

/// Returns a text as it sorts: its words, folded, with one space between them, cut at `bytes_max`.
pub(super) fn sort_key(chain: &mut TextAnalyzer, text: &str, bytes_max: usize) -> String {
    let mut key = String::with_capacity(text.len());
    let mut stream = chain.token_stream(text);
    while let Some(token) = stream.next() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&token.text);
        if key.len() > bytes_max {
            break;
        }
    }
    let mut end = bytes_max.min(key.len());
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    key.truncate(end);
    key
}

/// Cuts a text into words.
#[derive(Clone, Default)]
struct WordTokenizer;

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream;

    fn token_stream(&mut self, text: &str) -> WordStream {
        WordStream { words: cut(text).into_iter(), token: Token::default(), position: 0 }
    }
}

/// The words of one text.
struct WordStream {
    words: std::vec::IntoIter<Word>,
    token: Token,
    position: usize,
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        let Some(word) = self.words.next() else { return false };
        self.token.offset_from = word.from;
        self.token.offset_to = word.to;
        self.token.position = self.position;
        self.token.text = word.text;
        self.position += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Takes the plural `s` or `x` and the feminine of `-gère`, `-chère`, `-ière`, `-euse` off folded French words. The Snowball
/// stemmer alone (<https://snowballstem.org/algorithms/french/stemmer.html>) sees an infinitive in `étranger` but not in
/// `étrangers`, and leaves `amis` and `dieux` as they are.
#[derive(Clone)]
struct Singular;

impl TokenFilter for Singular {
    type Tokenizer<T: Tokenizer> = SingularTokenizer<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> SingularTokenizer<T> {
        SingularTokenizer(tokenizer)
    }
}

#[derive(Clone)]
struct SingularTokenizer<T>(T);

impl<T: Tokenizer> Tokenizer for SingularTokenizer<T> {
    type TokenStream<'a> = SingularStream<T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        SingularStream(self.0.token_stream(text))
    }
}

struct SingularStream<S>(S);

impl<S: TokenStream> TokenStream for SingularStream<S> {
    fn advance(&mut self) -> bool {
        let more = self.0.advance();
        if more {
            singular(&mut self.0.token_mut().text);
        }
        more
    }

    fn token(&self) -> &Token {
        self.0.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.0.token_mut()
    }
}

fn singular(word: &mut String) {
    const SHORTEST: usize = 4;
    if word.len() < SHORTEST {
        return;
    }
    let plural_s = word.ends_with('s') && !word.ends_with("ss");
    if plural_s || word.ends_with("eux") || word.ends_with("oux") {
        word.pop();
    }
    if ["gere", "chere", "iere"].iter().any(|ending| word.ends_with(ending)) {
        word.pop();
    }
    if word.ends_with("euse") {
        word.truncate(word.len() - "se".len());
    }
}

/// A word in lower case and where it stood.
struct Word {
    from: usize,
    to: usize,
    text: String,
}

fn cut(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open: Option<(Word, usize)> = None;
    // The byte after the last apostrophe that closed a word.
    let mut after_apostrophe = None;
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        if is_combining_mark(character) {
            continue;
        }
        if character.is_alphanumeric() && !is_apostrophe(character) {
            if open.is_none() && after_apostrophe == Some(at) {
                drop_elision(&mut words);
            }
            let (word, length) = open.get_or_insert((Word { from: at, to: end, text: String::new() }, 0));
            word.to = end;
            *length += 1;
            if *length <= WORD_CHARACTERS_MAX {
                word.text.extend(character.to_lowercase().filter(|lower| !is_combining_mark(*lower)));
            }
            continue;
        }
        if let Some((word, _)) = open.take() {
            close(&mut words, word, after_apostrophe);
            after_apostrophe = is_apostrophe(character).then_some(end);
        }
    }
    if let Some((word, _)) = open {
        close(&mut words, word, after_apostrophe);
    }
    words
}

/// Keeps a word that ended, unless it is the possessive `'s`.
fn close(words: &mut Vec<Word>, word: Word, after_apostrophe: Option<usize>) {
    let possessive = word.text == "s" && after_apostrophe == Some(word.from);
    if !possessive {
        words.push(word);
    }
}

fn drop_elision(words: &mut Vec<Word>) {
    if words.last().is_some_and(|word| ELISIONS.contains(&word.text.as_str())) {
        words.pop();
    }
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{FF07}')
}

/// Accents that stand as characters of their own after the letter they belong to (Unicode block U+0300 to U+036F).
fn is_combining_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn french(text: &str) -> Vec<String> {
        terms(&mut stems(Locale::Fr), text).into_iter().map(|(_, term)| term).collect()
    }

    fn english(text: &str) -> Vec<String> {
        terms(&mut stems(Locale::En), text).into_iter().map(|(_, term)| term).collect()
    }

    #[test]
    fn french_folds_these_alike() {
        for (left, right) in [
            ("Les Fleurs du mal", "fleur du mal"),
            ("L'Étranger", "etranger"),
            ("l’étranger", "etrangers"),
            ("étrangère", "ETRANGER"),
            ("étrangères", "étrangers"),
            ("boulangers", "boulangère"),
            ("rochers", "rocher"),
            ("amis", "ami"),
            ("rois", "roi"),
            ("bijoux", "bijou"),
            ("dieux", "dieu"),
            ("jeux", "jeu"),
            ("heureuse", "heureux"),
            ("châteaux", "château"),
            ("romans policiers", "roman policier"),
            ("première", "premier"),
            ("Misérables", "miserable"),
            ("œuvres complètes", "oeuvre complete"),
            ("Œuvre", "œuvres"),
            ("les chevaux", "cheval"),
            ("journaux", "journal"),
            ("livres d'enfants", "livre enfant"),
            ("contes de Noël", "conte noel"),
            ("e\u{301}te\u{301}", "été"),
            ("qu'une vie", "vie"),
            ("Cyrano de Bergerac", "cyrano bergerac"),
            ("nouvelles", "nouvelle"),
            ("français", "francais"),
            ("française", "francais"),
            ("naïve", "naive"),
            ("garçons", "garcon"),
            ("cœur", "coeurs"),
            ("d'Artagnan", "artagnan"),
            ("rouge-gorge", "rouges gorges"),
        ] {
            assert_eq!(french(left), french(right), "{left} and {right}");
        }
    }

    #[test]
    fn french_keeps_these_apart() {
        for (left, right) in [
            ("poisson", "poison"),
            ("chat", "château"),
            ("mer", "mère et fils"),
            ("cheval", "chevalier"),
            ("dessert", "désert"),
            ("rouge", "rougeole"),
            ("Paris", "pâtes"),
            ("conte", "comte"),
        ] {
            assert_ne!(french(left), french(right), "{left} and {right}");
        }
    }

    #[test]
    fn english_folds_these_alike() {
        for (left, right) in [
            ("The Flowers of Evil", "flower evil"),
            ("Harry's", "harry"),
            ("running shoes", "run shoe"),
            ("Brontë", "bronte"),
            ("stories", "story"),
        ] {
            assert_eq!(english(left), english(right), "{left} and {right}");
        }
    }

    #[test]
    fn a_name_sorts_by_its_folded_words() {
        let mut chain = words();
        assert_eq!(sort_key(&mut chain, "  L'Été – À  Paris ! ", 100), "ete a paris");
        assert_eq!(sort_key(&mut chain, "abcdefghij", 4), "abcd");
        assert_eq!(sort_key(&mut chain, "!!!", 4), "");
    }

    #[test]
    fn a_word_without_end_is_cut() {
        let found = terms(&mut words(), &"a".repeat(10_000));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.len(), WORD_CHARACTERS_MAX);
    }
}
