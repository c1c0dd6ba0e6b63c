//! What nobody writes: unfinished, silenced, sleeping, floating.

use super::source::{Audience, Source, find_word};
use super::tree::Tree;
use super::{Breach, Rule};

use Audience::{Measure, Product, Test};

struct Word {
    word: &'static str,
    /// Where it is forbidden.
    audiences: &'static [Audience],
    why: &'static str,
}

const fn word(word: &'static str, audiences: &'static [Audience], why: &'static str) -> Word {
    Word { word, audiences, why }
}

const EVERYWHERE: &[Audience] = &[Product, Test, Measure];
const UNFINISHED: &str = "finish it or leave it out";
const SILENCED: &str = "mend what it silences";
const SLEEPING: &str = "turn the clock or wait for a condition";
const FLOATING: &str = "count in whole units";

const WORDS: &[Word] = &[
    word(".unwrap()", &[Product, Measure], "say with expect why it holds, or handle it"),
    word("todo!", EVERYWHERE, UNFINISHED),
    word("unimplemented!", EVERYWHERE, UNFINISHED),
    word("dbg!", EVERYWHERE, UNFINISHED),
    word("#[allow", EVERYWHERE, SILENCED),
    word("#![allow", EVERYWHERE, SILENCED),
    word("#[expect", EVERYWHERE, SILENCED),
    word("#![expect", EVERYWHERE, SILENCED),
    word("#[ignore", EVERYWHERE, SILENCED),
    word("thread::sleep", EVERYWHERE, SLEEPING),
    word("sleep(", &[Test], SLEEPING),
    word("f32", &[Product, Test], FLOATING),
    word("f64", &[Product, Test], FLOATING),
];

/// Clocks, randomness and the machine have no business where the shop decides.
const IMPURE: [&str; 9] =
    ["SystemTime", "Instant", "now_v7", "new_v4", "std::env", "std::fs", "std::net", "std::process", "std::thread"];

/// Notes to oneself; a comment says why, not what is left to do.
const NOTES: [&str; 2] = ["TODO", "FIXME"];

pub(super) fn breaches(tree: &Tree) -> Vec<Breach> {
    let mut found: Vec<Breach> = tree.sources.iter().flat_map(in_source).collect();
    for (path, text) in tree.texts.iter().filter(|(path, _)| path.ends_with(".rs") && !path.contains("/tidy/")) {
        for (index, line) in text.lines().enumerate() {
            let notes = NOTES.iter().filter(|note| find_word(line, note).is_some());
            found.extend(notes.map(|note| Breach::new(path, index + 1, format!("{note}: {UNFINISHED}"))));
        }
    }
    found
}

fn in_source(source: &Source) -> Vec<Breach> {
    let mut found = Vec::new();
    for (line, code) in source.lines() {
        let audience = source.audience(line);
        for Word { word, audiences, why } in WORDS {
            if audiences.contains(&audience) && find_word(code, word).is_some() {
                found.push(Breach::new(&source.path, line, format!("{word}: {why}")));
            }
        }
        if audience == Product && source.path.starts_with("crates/domain/") {
            let impure = IMPURE.iter().filter(|impure| find_word(code, impure).is_some());
            found.extend(impure.map(|impure| {
                Breach::new(&source.path, line, format!("{impure}: the domain is told the time and given its ids"))
            }));
        }
    }
    found
}

#[test]
fn each_word_is_found_where_it_is_forbidden_and_only_there() {
    for Word { word, audiences, .. } in WORDS {
        let text = format!("fn a() {{ x{word}(1)\n; y {word} }} // {word}\nlet b = \"{word}\";");
        let places = [("crates/a/src/b.rs", Product), ("tests/it/a.rs", Test), ("benches/src/a.rs", Measure)];
        for (path, audience) in places {
            let found = breaches(&Tree::of_one(path, &text));
            assert_eq!(!found.is_empty(), audiences.contains(&audience), "{word} in {path}: {found:?}");
            assert!(found.iter().all(|breach| breach.line < 3), "{found:?}");
        }
    }
    let clock = "fn a() { std::time::SystemTime::now() }";
    assert_eq!(breaches(&Tree::of_one("crates/domain/src/a.rs", clock)).len(), 1);
    assert_eq!(breaches(&Tree::of_one("crates/app/src/a.rs", clock)).len(), 0);
    assert_eq!(breaches(&Tree::of_one("crates/app/src/a.rs", "// FIXME: later")).len(), 1);
}

#[test]
#[should_panic(expected = "crates/a/src/b.rs:1: todo!")]
fn a_breach_fails_the_test_with_its_place() {
    super::check(Rule::Words, &breaches(&Tree::of_one("crates/a/src/b.rs", "fn a() { todo!() }")));
}
