//! A context is a folder of the domain. It imports nothing of the domain but values and the contract of deciders, and
//! every layer knows it: the lines are those of `docs/adding-a-context.md`.

use std::collections::BTreeSet;

use super::Breach;
use super::source::find_word;
use super::tree::Tree;

/// Folders of the domain that are no contexts.
const SHARED: [&str; 1] = ["values"];
/// What a context may name of its own crate, besides itself.
const OPEN_TO_CONTEXTS: [&str; 4] = ["values", "decider", "upcast", "cases"];
/// The files of a context in the domain.
const FILES: [&str; 4] = ["mod.rs", "commands.rs", "events.rs", "error.rs"];
/// The files of its one aggregate.
const AGGREGATE_FILES: [&str; 2] = ["state.rs", "decide.rs"];
/// Contexts of several aggregates: each aggregate has one file with its state and its rules.
const SEVERAL_AGGREGATES: [&str; 2] = ["catalog", "invoicing"];
/// Contexts without a read model of their own: the order's read model folds their events, since nobody looks for a
/// payment, a parcel or a return but from its order.
const SHOWN_BY_ORDERS: [&str; 3] = ["payment", "fulfilment", "returns"];

const DOMAIN: &str = "crates/domain/src";
const APP: &str = "crates/app/src";
const PROJECTIONS: &str = "crates/projections/src";
const GRAPHQL: &str = "crates/api/src/graphql";
/// The families of events that have golden pairs.
const FAMILIES: &str = "crates/testkit/src/events/family.rs";

/// Returns the contexts of the shop.
pub(super) fn contexts(tree: &Tree) -> Vec<&str> {
    let folders = tree.folders("crates/domain/src/");
    folders.into_iter().filter(|name| !SHARED.contains(name)).collect()
}

pub(super) fn breaches(tree: &Tree) -> Vec<Breach> {
    let mut found = imports(tree);
    for context in contexts(tree) {
        for part in parts_of(context) {
            if !part.is_there(tree) {
                found.push(Breach::new(&part.path, 0, format!("the context {context} lacks {}", part.what())));
            }
        }
    }
    found
}

/// Finds what contexts name of their own crate: only values, the contract of deciders and themselves are theirs.
fn imports(tree: &Tree) -> Vec<Breach> {
    let known: BTreeSet<&str> = contexts(tree).into_iter().collect();
    let mut found = Vec::new();
    for source in &tree.sources {
        let inside = source.path.strip_prefix("crates/domain/src/").and_then(|rest| rest.split_once('/'));
        let Some((context, _)) = inside else { continue };
        for (line, code) in source.lines() {
            for (at, _) in code.match_indices("crate::") {
                let name: String =
                    code[at + 7..].chars().take_while(|letter| super::source::is_word(*letter)).collect();
                let is_own = name == context && known.contains(context);
                if !is_own && !OPEN_TO_CONTEXTS.contains(&name.as_str()) {
                    let what = format!("{context} may not use crate::{name}: contexts meet in app");
                    found.push(Breach::new(&source.path, line, what));
                }
            }
        }
    }
    found
}

/// A file of a context, or the line that makes one known.
#[derive(Clone, Debug)]
struct Part {
    path: String,
    /// Stands in the file; empty when the file itself is the part.
    line: String,
}

impl Part {
    fn file(folder: &str, context: &str, name: &str) -> Self {
        Self { path: format!("{folder}/{context}/{name}"), line: String::new() }
    }

    fn line(path: &str, line: String) -> Self {
        Self { path: path.to_owned(), line }
    }

    fn what(&self) -> &str {
        if self.line.is_empty() { "this file" } else { &self.line }
    }

    fn is_there(&self, tree: &Tree) -> bool {
        if self.line.is_empty() {
            return tree.holds(&self.path);
        }
        let source = tree.sources.iter().find(|source| source.path == self.path);
        source.is_some_and(|source| source.lines().any(|(_, code)| find_word(code, &self.line).is_some()))
    }
}

/// Lists everything a context consists of beside its rules.
fn parts_of(context: &str) -> Vec<Part> {
    let module = format!("pub mod {context};");
    let mut parts: Vec<Part> = FILES.iter().map(|name| Part::file(DOMAIN, context, name)).collect();
    if !SEVERAL_AGGREGATES.contains(&context) {
        parts.extend(AGGREGATE_FILES.iter().map(|name| Part::file(DOMAIN, context, name)));
    }
    parts.push(Part::file(DOMAIN, context, "tests.rs"));
    parts.push(Part::line(&format!("{DOMAIN}/{context}/mod.rs"), "mod tests;".to_owned()));
    parts.push(Part::line(&format!("{DOMAIN}/lib.rs"), module.clone()));
    parts.push(Part { path: format!("{APP}/{context}.rs"), line: String::new() });
    parts.push(Part::line(&format!("{APP}/lib.rs"), module.clone()));
    if !SHOWN_BY_ORDERS.contains(&context) {
        let files = ["mod.rs", "tables.rs", "fold.rs", "queries.rs", "tests.rs"];
        parts.extend(files.iter().map(|name| Part::file(PROJECTIONS, context, name)));
        parts.push(Part::line(&format!("{PROJECTIONS}/lib.rs"), module.clone()));
        parts.push(Part::line(&format!("{PROJECTIONS}/lib.rs"), format!("Arc::new({context}::")));
    }
    parts.extend(["mod.rs", "types.rs"].iter().map(|name| Part::file(GRAPHQL, context, name)));
    parts.push(Part::line(&format!("{GRAPHQL}/mod.rs"), module));
    parts.push(Part::line(&format!("{GRAPHQL}/mod.rs"), format!("    {context}::")));
    parts.push(Part::line(FAMILIES, format!("Family::of::<domain::{context}::")));
    parts.push(Part { path: format!("docs/contexts/{context}.md"), line: String::new() });
    parts
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    /// Returns the project's tree without one part.
    fn without(part: &Part) -> Tree {
        let mut tree = Tree::shared().clone();
        let text = tree.texts.remove(&part.path).expect("the part is there");
        tree.sources.retain(|source| source.path != part.path);
        if !part.line.is_empty() {
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains(&part.line)).collect();
            tree.sources.push(Source::read(&part.path, &lines.join("\n")));
        }
        tree
    }

    #[test]
    fn each_missing_file_and_line_of_a_context_is_found() {
        for part in parts_of("stock") {
            let found = breaches(&without(&part));
            assert!(found.iter().any(|breach| breach.path == part.path), "{part:?}: {found:?}");
        }
    }

    #[test]
    fn a_context_that_imports_another_is_found() {
        let text = "use crate::values::Sku;\nuse crate::cart::Cart;\nuse crate::{stock, order};";
        let found = breaches(&Tree::of([
            ("crates/domain/src/stock/mod.rs".to_owned(), text.to_owned()),
            ("crates/domain/src/values/mod.rs".to_owned(), "use crate::stock::Stock;".to_owned()),
        ]));
        let imports = found.iter().filter(|breach| breach.what.contains("may not use")).count();
        assert_eq!(imports, 3, "{found:?}");
    }
}
