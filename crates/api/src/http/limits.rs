//! What a document may cost. It is counted before anything is executed, each fragment once, so that counting costs
//! what the document is long, not what it would unfold to.
//!
//! The schema's builder uses [`COMPLEXITY_MAX`], [`NESTING_MAX`] and [`INTROSPECTION_DEPTH_MAX`]; the ordinary depth is
//! checked here, because the schema cannot tell introspection from other queries.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

use crate::http::error::{ErrorCode, Failure};

/// The deepest field, fields on its path.
pub const DEPTH_MAX: usize = 10;
/// The deepest field of a document that asks for nothing but the schema. For `SchemaBuilder::limit_depth`.
pub const INTROSPECTION_DEPTH_MAX: usize = 16;
/// The most lists of the schema inside each other: types of fields of types … grow by powers.
pub const INTROSPECTION_LISTS_MAX: usize = 2;
/// The most a query may cost. For `SchemaBuilder::limit_complexity`; also the most selections, fragments unfolded.
pub const COMPLEXITY_MAX: usize = 1_000;
/// The most selection sets inside each other, fragments unfolded. For `SchemaBuilder::limit_recursive_depth`.
pub const NESTING_MAX: usize = 32;
/// The most aliases of one operation, fragments unfolded.
pub const ALIASES_MAX: usize = 15;
/// The most directives of one operation, fragments unfolded.
pub const DIRECTIVES_MAX: usize = 10;
/// The most tokens of a document (GraphQL specification, section 2.1.6).
pub const TOKENS_MAX: usize = 1_000;
/// The most brackets open at once, any kind: a parser recurses on them.
pub const BRACKETS_OPEN_MAX: usize = 50;

fn too_complex(message: String) -> Failure {
    Failure::new(ErrorCode::QueryTooComplex, message)
}

/// Counts tokens and open brackets without parsing, in one pass and without a stack.
///
/// # Errors
/// QUERY_TOO_COMPLEX over [`TOKENS_MAX`] or [`BRACKETS_OPEN_MAX`].
pub fn check_text(text: &str) -> Result<(), Failure> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut open) = (0, 0, 0_usize);
    while let Some(byte) = bytes.get(at).copied() {
        let end = match byte {
            b'#' => at + bytes[at..].iter().take_while(|b| !matches!(b, b'\n' | b'\r')).count(),
            b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xEF | 0xBB | 0xBF => at + 1,
            _ => {
                tokens += 1;
                match byte {
                    b'{' | b'(' | b'[' => open += 1,
                    b'}' | b')' | b']' => open = open.saturating_sub(1),
                    _ => {}
                }
                token_end(bytes, at)
            }
        };
        at = end;
        if tokens > TOKENS_MAX {
            return Err(too_complex(format!(
                "the document has more than {TOKENS_MAX} tokens: split it, and pass values as variables"
            )));
        }
        if open > BRACKETS_OPEN_MAX {
            return Err(too_complex(format!(
                "the document opens more than {BRACKETS_OPEN_MAX} brackets inside each other: ask for less depth"
            )));
        }
    }
    Ok(())
}

fn token_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
    let length = match rest[0] {
        b'"' => string_length(rest),
        b'.' if rest.starts_with(b"...") => 3,
        b'-' => 1 + rest[1..].iter().take_while(|b| is_word(b) || matches!(b, b'.' | b'+' | b'-')).count(),
        b'0'..=b'9' => rest.iter().take_while(|b| is_word(b) || matches!(b, b'.' | b'+' | b'-')).count(),
        ref first if is_word(first) => rest.iter().take_while(|b| is_word(b)).count(),
        _ => 1,
    };
    at + length
}

fn string_length(rest: &[u8]) -> usize {
    let (quotes, mut at) = if rest.starts_with(b"\"\"\"") { (&b"\"\"\""[..], 3) } else { (&b"\""[..], 1) };
    while at < rest.len() && !rest[at..].starts_with(quotes) {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + quotes.len()).min(rest.len())
}

/// What a selection set costs with its fragments unfolded. Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cost {
    depth: usize,
    nesting: usize,
    selections: usize,
    aliases: usize,
    directives: usize,
    schema_lists: usize,
    schema_lists_asked: usize,
}

impl Cost {
    fn beside(&mut self, other: Cost) {
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.schema_lists = self.schema_lists.max(other.schema_lists);
        self.schema_lists_asked = self.schema_lists_asked.max(other.schema_lists_asked);
    }
}

struct Counter<'a> {
    document: &'a ExecutableDocument,
    /// What each fragment costs; `None` while it is being counted.
    fragments: HashMap<&'a Name, Option<Cost>>,
}

/// Checks every operation of a document against every limit.
///
/// # Errors
/// QUERY_TOO_COMPLEX names the limit; BAD_REQUEST when fragments go round in a circle.
pub fn check_document(document: &ExecutableDocument) -> Result<(), Failure> {
    let mut counter = Counter { document, fragments: HashMap::new() };
    for (_, operation) in document.operations.iter() {
        check_operation(&mut counter, &operation.node)?;
    }
    Ok(())
}

fn check_operation<'a>(counter: &mut Counter<'a>, operation: &'a OperationDefinition) -> Result<(), Failure> {
    let mut cost = counter.selection_set(&operation.selection_set.node)?;
    cost.directives = cost.directives.saturating_add(operation.directives.len());
    for variable in &operation.variable_definitions {
        cost.directives = cost.directives.saturating_add(variable.node.directives.len());
    }
    let introspects = introspects_only(&operation.selection_set.node);
    let depth_max = if introspects { INTROSPECTION_DEPTH_MAX } else { DEPTH_MAX };
    let limits = [
        (cost.depth, depth_max, "levels of fields", "ask for less depth, or by id in a second request"),
        (cost.nesting, NESTING_MAX, "selection sets inside each other", "use fewer fragments inside fragments"),
        (cost.selections, COMPLEXITY_MAX, "selections with fragments unfolded", "ask for fewer fields"),
        (cost.aliases, ALIASES_MAX, "aliases", "ask for lists, or send several requests"),
        (cost.directives, DIRECTIVES_MAX, "directives", "build the document without them"),
        (cost.schema_lists_asked, INTROSPECTION_LISTS_MAX, "schema lists inside each other", "ask for type names"),
    ];
    match limits.into_iter().find(|(count, max, _, _)| count > max) {
        Some((_, max, what, advice)) => Err(too_complex(format!("the query has more than {max} {what}: {advice}"))),
        None => Ok(()),
    }
}

/// Returns whether the root selects nothing but fields of the introspection system.
fn introspects_only(root: &SelectionSet) -> bool {
    root.items.iter().all(|item| match &item.node {
        Selection::Field(field) => field.node.name.node.starts_with("__"),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
    })
}

impl<'a> Counter<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet) -> Result<Cost, Failure> {
        let mut cost = Cost::default();
        for item in &set.items {
            let mut one = match &item.node {
                Selection::Field(field) => self.field(field)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
                Selection::InlineFragment(inline) => self.selection_set(&inline.node.selection_set.node)?,
            };
            one.selections = one.selections.saturating_add(1);
            one.directives = one.directives.saturating_add(item.node.directives().len());
            one.nesting = one.nesting.saturating_add(1);
            cost.beside(one);
        }
        Ok(cost)
    }

    fn field(&mut self, field: &'a Positioned<Field>) -> Result<Cost, Failure> {
        let field = &field.node;
        let mut cost = self.selection_set(&field.selection_set.node)?;
        cost.depth = cost.depth.saturating_add(1);
        cost.aliases = cost.aliases.saturating_add(usize::from(field.alias.is_some()));
        match field.name.node.as_str() {
            "fields" | "interfaces" | "possibleTypes" | "inputFields" => cost.schema_lists += 1,
            "__schema" | "__type" => cost.schema_lists_asked = cost.schema_lists,
            _ => {}
        }
        Ok(cost)
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Cost, Failure> {
        match self.fragments.get(name) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => {
                return Err(Failure::bad_request(format!("the fragment {name} contains itself: break the circle")));
            }
            None => {}
        }
        // Validation tells of a fragment that is not there; it costs nothing.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else { return Ok(Cost::default()) };
        self.fragments.insert(name, None);
        let mut cost = self.selection_set(&fragment.node.selection_set.node)?;
        cost.directives = cost.directives.saturating_add(fragment.node.directives.len());
        self.fragments.insert(name, Some(cost));
        Ok(cost)
    }
}
