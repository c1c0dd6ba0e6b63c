//! What stands where: SQL in two places, names of machines and of registries nowhere.

use super::Breach;
use super::source::{find_word, is_word};
use super::tree::Tree;

/// Where SQL is written: the log, the rows, their schemas; and the measure of the log, which asks an engine for its weight
/// and lets others insert.
const SQL_PLACES: [&str; 4] = ["crates/event_store/", "crates/projections/src/rows/", "schema/", "benches/src/log/"];
/// How SQL begins, in capitals as we write it.
const SQL_WORDS: [&str; 12] = [
    "SELECT ",
    "INSERT INTO",
    "UPDATE ",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "CREATE VIEW",
    "ALTER TABLE",
    "DROP ",
    "PRAGMA ",
    "VACUUM",
    "BEGIN IMMEDIATE",
];

/// Finds SQL in the texts of Rust files, and files of SQL.
pub(super) fn sql(tree: &Tree) -> Vec<Breach> {
    let is_elsewhere = |path: &str| !SQL_PLACES.iter().any(|place| path.starts_with(place));
    let files = tree.texts.keys().filter(|path| path.ends_with(".sql") && is_elsewhere(path));
    let mut found: Vec<Breach> = files.map(|path| Breach::new(path, 0, "a file of SQL stands in schema/")).collect();
    for source in tree.sources.iter().filter(|source| is_elsewhere(&source.path)) {
        for (line, text) in &source.texts {
            let words = SQL_WORDS.iter().filter(|word| find_word(text, word).is_some());
            found.extend(words.map(|word| {
                Breach::new(&source.path, *line, format!("{word}: SQL stands in event_store and projections::rows"))
            }));
        }
    }
    found
}

/// Folders in which only one machine has our files. In pieces, so that this file has none of them either.
const MACHINE_FOLDERS: [&str; 6] = [
    concat!("/work", "/"),
    concat!("/root", "/"),
    concat!("/home", "/"),
    concat!("/farm", "/"),
    concat!("/Users", "/"),
    concat!("C:", "\\"),
];
/// How a registry, a mirror of one, or its configuration is written.
const REGISTRY_MARKS: [&str; 8] = [
    "sparse+",
    "registry+",
    "replace-with",
    "index-url",
    "static.crates.io",
    "index.crates.io",
    "pypi.org",
    "registry.npmjs",
];
/// What the lock file says of each dependency: the one registry, by the name everyone knows it by.
const LOCK: (&str, &str) = ("Cargo.lock", "registry+https://github.com/rust-lang/crates.io-index");

/// Finds absolute paths of a machine, and hosts of registries.
pub(super) fn machines(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.texts.iter().filter(|(path, _)| !path.contains(".min.")) {
        for (index, line) in text.lines().enumerate() {
            let line = if path == LOCK.0 { line.replace(LOCK.1, "") } else { line.to_owned() };
            let folders = MACHINE_FOLDERS.iter().filter(|folder| begins_path(&line, folder));
            found
                .extend(folders.map(|folder| Breach::new(path, index + 1, format!("{folder}: a path of one machine"))));
            let marks = REGISTRY_MARKS.iter().filter(|mark| line.contains(**mark));
            found.extend(
                marks.map(|mark| Breach::new(path, index + 1, format!("{mark}: a registry is the builder's choice"))),
            );
        }
    }
    found
}

/// Returns whether a folder stands in a line as the beginning of a path, not inside of one or of an address.
fn begins_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|letter| is_word(letter) || matches!(letter, '.' | '/' | '-' | '}' | ')' | '*' | '$'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_found_in_texts_outside_of_its_places() {
        let text = "// SELECT 1\nconst A: &str = \"SELECT 1\";";
        assert_eq!(sql(&Tree::of_one("crates/app/src/a.rs", text)).len(), 1);
        assert_eq!(sql(&Tree::of_one("crates/event_store/src/a.rs", text)).len(), 0);
        assert_eq!(sql(&Tree::of_one("crates/app/src/a.sql", "")).len(), 1);
    }

    #[test]
    fn machines_and_registries_are_found_in_any_text() {
        let folders = [concat!("see /home", "/ada/x"), concat!("[\"C:", "\\x\"]")];
        for text in folders.into_iter().chain(["replace-with = \"mirror\"", "sparse+https://x"]) {
            assert_eq!(machines(&Tree::of_one("docs/a.md", text)).len(), 1, "{text}");
        }
        let lock = format!("source = \"{}\"", LOCK.1);
        assert_eq!(machines(&Tree::of_one("Cargo.lock", &lock)).len(), 0);
        assert_eq!(machines(&Tree::of_one("docs/a.md", "https://example.org/home/x crates/app/work/x")).len(), 0);
    }
}
