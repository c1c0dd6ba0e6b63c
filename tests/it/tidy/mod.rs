//! The house keeps itself tidy: who imports whom, what is written where, how long it is and what it is called.
//!
//! Each rule reads the source tree and names every breach by file and line. What a rule lets pass stands in
//! [`exceptions`], with the reason; an exception that nothing needs any more is a breach too.

mod contexts;
mod documents;
mod exceptions;
mod names;
mod places;
mod rooms;
mod sizes;
mod source;
mod tree;
mod words;

use exceptions::EXCEPTIONS;
use tree::Tree;

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Rooms,
    Contexts,
    Words,
    Sizes,
    Names,
    Sql,
    Machines,
    Documents,
}

/// A place where a rule does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Breach {
    path: String,
    /// From 1; 0 when it is about the whole file.
    line: usize,
    what: String,
}

impl Breach {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }

    fn text(&self) -> String {
        if self.line == 0 {
            format!("{}: {}", self.path, self.what)
        } else {
            format!("{}:{}: {}", self.path, self.line, self.what)
        }
    }
}

/// Fails with every breach that no exception lets pass, and with every exception that lets nothing pass.
fn check(rule: Rule, breaches: &[Breach]) {
    let exceptions: Vec<_> = EXCEPTIONS.iter().filter(|exception| exception.rule == rule).collect();
    let passes = |breach: &&Breach| !exceptions.iter().any(|exception| exception.covers(breach));
    let mut lines: Vec<String> = breaches.iter().filter(passes).map(Breach::text).collect();
    for exception in exceptions {
        if !breaches.iter().any(|breach| exception.covers(breach)) {
            lines.push(format!("{}: the exception for {:?} lets nothing pass", exception.path, exception.what));
        }
    }
    assert!(lines.is_empty(), "{rule:?}:\n{}", lines.join("\n"));
}

#[test]
fn rooms_import_only_the_rooms_they_may() {
    check(Rule::Rooms, &rooms::breaches(Tree::shared()));
}

#[test]
fn contexts_stand_alone_and_are_registered_in_every_layer() {
    check(Rule::Contexts, &contexts::breaches(Tree::shared()));
}

#[test]
fn nothing_is_unfinished_silenced_sleeping_or_floating() {
    check(Rule::Words, &words::breaches(Tree::shared()));
}

#[test]
fn files_functions_and_argument_lists_are_short() {
    check(Rule::Sizes, &sizes::breaches(Tree::shared()));
}

#[test]
fn files_and_types_say_what_they_are() {
    check(Rule::Names, &names::breaches(Tree::shared()));
}

#[test]
fn sql_stands_in_the_log_and_in_the_rows_only() {
    check(Rule::Sql, &places::sql(Tree::shared()));
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    check(Rule::Machines, &places::machines(Tree::shared()));
}

#[test]
fn documents_lead_somewhere_and_name_every_event_and_refusal() {
    check(Rule::Documents, &documents::breaches(Tree::shared()));
}
