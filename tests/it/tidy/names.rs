//! What files and types are called: words that say nothing are none.

use super::Breach;
use super::source::{Audience, find_word, is_word};
use super::tree::Tree;

/// Words that would fit anything.
const EMPTY_WORDS: [&str; 11] =
    ["manager", "helper", "helpers", "util", "utils", "utility", "common", "misc", "stuff", "data", "info"];
/// Terms of the field that hold such a word and say something all the same.
const TERMS: [&str; 3] = ["personal_data", "personal-data", "PersonalData"];
const KEYWORDS: [&str; 5] = ["struct ", "enum ", "trait ", "type ", "mod "];

pub(super) fn breaches(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for path in tree.texts.keys() {
        let stem = path.rsplit_once('.').map_or(path.as_str(), |(stem, _)| stem);
        let parts = stem.split('/').flat_map(words);
        found.extend(
            parts
                .filter_map(|word| empty(&word))
                .map(|word| Breach::new(path, 0, format!("a file or folder called {word} could hold anything"))),
        );
    }
    for source in &tree.sources {
        for (line, code) in source.lines() {
            for name in KEYWORDS.iter().filter_map(|keyword| declared(code, keyword)) {
                if let Some(word) = words(name).iter().find_map(|word| empty(word)) {
                    found.push(Breach::new(&source.path, line, format!("{name}: {word} says nothing")));
                }
            }
            if source.audience(line) != Audience::Test
                && let Some(name) = declared(code, "fn ")
                && name.rsplit_once('_').is_some_and(|(_, tail)| tail.bytes().all(|byte| byte.is_ascii_digit()))
            {
                found.push(Breach::new(&source.path, line, format!("{name}: a number is no name")));
            }
        }
    }
    found
}

fn empty(word: &str) -> Option<&'static str> {
    EMPTY_WORDS.into_iter().find(|known| *known == word)
}

/// Returns the name behind a keyword.
fn declared<'a>(code: &'a str, keyword: &str) -> Option<&'a str> {
    let behind = &code[find_word(code, keyword)? + keyword.len()..];
    let end = behind.find(|letter| !is_word(letter)).unwrap_or(behind.len());
    (end > 0).then_some(&behind[..end])
}

/// Splits `PageInfo`, `page_info` and `page-info` into `page` and `info`.
fn words(name: &str) -> Vec<String> {
    let name = TERMS.iter().fold(name.to_owned(), |name, term| name.replace(term, "_"));
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        if letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

#[test]
fn empty_words_are_found_in_files_types_and_modules_and_terms_are_not() {
    let text = "struct StockManager;\nmod helpers;\nstruct Metadata(PersonalData);\nfn handle_2() {}\nlet util = 1;";
    let found = breaches(&Tree::of_one("crates/a/src/common/b.rs", text));
    assert_eq!(found.iter().map(|breach| breach.line).collect::<Vec<_>>(), [0, 1, 2, 4]);
}
