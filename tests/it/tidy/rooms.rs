//! Who may import whom. The compiler keeps the rest: what is not in a `Cargo.toml` cannot be used.

use super::Breach;
use super::source::{Audience, Source, is_word};
use super::tree::Tree;

/// A crate of ours and which others it may depend on.
struct Room {
    name: &'static str,
    manifest: &'static str,
    /// For the shop.
    may: &'static [&'static str],
    /// For its tests besides.
    may_in_tests: &'static [&'static str],
}

const ALL: &[&str] = &[
    "domain",
    "event_store",
    "event_store_kurrentdb",
    "proof",
    "app",
    "projections",
    "sagas",
    "gateways",
    "api",
    "simulator",
    "comptoir",
    "testkit",
    "test_postgres",
    "test_kurrentdb",
];

const fn room(
    name: &'static str,
    manifest: &'static str,
    may: &'static [&'static str],
    may_in_tests: &'static [&'static str],
) -> Room {
    Room { name, manifest, may, may_in_tests }
}

/// The house, from the pure room outwards.
const ROOMS: &[Room] = &[
    room("domain", "crates/domain", &[], &[]),
    room("event_store", "crates/event_store", &[], &["test_postgres"]),
    room("proof", "crates/proof", &[], &[]),
    // Beside the event store and not in it: nobody but the binary should wait for KurrentDB's client (docs/adr/0015).
    room("event_store_kurrentdb", "crates/event_store_kurrentdb", &["event_store"], &["test_kurrentdb"]),
    room("app", "crates/app", &["domain", "event_store", "proof"], &["test_postgres"]),
    room("projections", "crates/projections", &["domain", "event_store"], &["test_postgres"]),
    room("sagas", "crates/sagas", &["domain", "event_store", "app"], &[]),
    room("gateways", "crates/gateways", &["domain", "sagas"], &[]),
    room("api", "crates/api", &["domain", "app", "projections", "sagas"], &["event_store"]),
    // It opens shops of its own, on ports of its own: the binary only starts it.
    room(
        "simulator",
        "crates/simulator",
        &["domain", "event_store", "proof", "app", "projections", "sagas", "gateways", "api"],
        &[],
    ),
    room(
        "comptoir",
        "crates/comptoir",
        &[
            "domain",
            "event_store",
            "event_store_kurrentdb",
            "proof",
            "app",
            "projections",
            "sagas",
            "gateways",
            "api",
            "simulator",
        ],
        &[],
    ),
    room("test_postgres", "crates/test_postgres", &[], &[]),
    room("test_kurrentdb", "crates/test_kurrentdb", &[], &[]),
    room("testkit", "crates/testkit", ALL, &[]),
    room("comptoir-tests", "tests", &[], ALL),
    room("comptoir-benches", "benches", ALL, &[]),
];

/// Of some rooms, only a part is for others: who, whose, and which paths.
const DOORS: &[(&str, &str, &[&str])] = &[
    ("gateways", "domain", &["values"]),
    ("gateways", "sagas", &["ports"]),
    (
        "api",
        "sagas",
        &[
            "Processes",
            "checkout::CheckoutStatus",
            "engine::EngineError",
            "engine::OpenTask",
            "engine::RunnerStatus",
            "journey",
        ],
    ),
];

/// Libraries that belong to some rooms only: SQL, HTTP, search and so on stay where they are.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("anyhow", &["comptoir", "comptoir-benches"]),
    ("async-graphql", &["api"]),
    ("axum", &["api", "gateways", "comptoir", "simulator"]),
    ("clap", &["comptoir", "comptoir-benches"]),
    ("reqwest", &["gateways", "comptoir", "testkit"]),
    ("rusqlite", &["event_store", "projections", "comptoir-benches"]),
    ("sea-query", &["projections"]),
    ("sqlx", &["event_store", "projections", "comptoir-benches"]),
    ("tantivy", &["projections"]),
    (
        "tokio",
        &[
            "event_store",
            "event_store_kurrentdb",
            "test_kurrentdb",
            "app",
            "projections",
            "sagas",
            "gateways",
            "api",
            "comptoir",
            "simulator",
            "testkit",
            "comptoir-benches",
        ],
    ),
    ("eventstore", &["event_store_kurrentdb", "test_kurrentdb"]),
    ("tonic", &["test_kurrentdb"]),
    (
        "tracing",
        &[
            "event_store",
            "event_store_kurrentdb",
            "app",
            "projections",
            "sagas",
            "gateways",
            "api",
            "comptoir",
            "simulator",
        ],
    ),
];

pub(super) fn breaches(tree: &Tree) -> Vec<Breach> {
    let manifests = tree.texts.iter().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    let mut found: Vec<Breach> = manifests.flat_map(|(path, text)| in_manifest(path, text)).collect();
    found.extend(tree.sources.iter().flat_map(in_source));
    found
}

fn in_manifest(path: &str, text: &str) -> Vec<Breach> {
    let Some(room) = ROOMS.iter().find(|room| path.strip_suffix("/Cargo.toml") == Some(room.manifest)) else {
        return vec![Breach::new(path, 0, "this room is not in the table of rooms: say who may import it")];
    };
    let (mut section, mut found) = ("", Vec::new());
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            continue;
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        let refuse = |what: String| Breach::new(path, index + 1, what);
        let for_shop = section == "dependencies" || section == "build-dependencies";
        if !(for_shop || section == "dev-dependencies") || name.is_empty() {
            continue;
        }
        let may = room.may.contains(&name) || (!for_shop && room.may_in_tests.contains(&name));
        if ALL.contains(&name) && !may {
            found.push(refuse(format!("{} may not import {name}", room.name)));
        }
        let owners = LIBRARIES.iter().find(|(library, _)| *library == name).map(|(_, owners)| *owners);
        if for_shop && owners.is_some_and(|owners| !owners.contains(&room.name)) {
            found.push(refuse(format!("{name} has no business in {}", room.name)));
        }
    }
    found
}

fn in_source(source: &Source) -> Vec<Breach> {
    let folder = |room: &str| format!("crates/{room}/src/");
    let mut found = Vec::new();
    for (who, whose, allowed) in DOORS.iter().filter(|(who, _, _)| source.path.starts_with(&folder(who))) {
        for (line, path) in uses(source, whose) {
            let is_open = allowed.iter().any(|door| path == *door || path.starts_with(&format!("{door}::")));
            if !is_open && source.audience(line) == Audience::Product {
                let what = format!("{who} may not use {whose}::{path}: only {}", allowed.join(", "));
                found.push(Breach::new(&source.path, line, what));
            }
        }
    }
    found
}

/// Returns every path that is named of a crate, behind its name, and where.
fn uses(source: &Source, room: &str) -> Vec<(usize, String)> {
    let begin = format!("{room}::");
    let mut found = Vec::new();
    for (line, code) in source.lines() {
        for (at, _) in code.match_indices(&begin) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|letter| is_word(letter) || letter == ':') {
                continue;
            }
            let rest = source.code[line..].iter().map(String::as_str);
            let text: String = std::iter::once(&code[at + begin.len()..]).chain(rest).collect();
            found.extend(paths(&text).into_iter().map(|path| (line, path)));
        }
    }
    found
}

/// Returns the paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let Some(inside) = text.strip_prefix('{') else {
        let end = text.find(|letter| !is_word(letter) && letter != ':').unwrap_or(text.len());
        let head = text[..end].trim_end_matches(':');
        let group = text[end..].starts_with('{') && text[..end].ends_with("::");
        return match group {
            true => paths(&text[end..]).iter().map(|tail| format!("{head}::{tail}")).collect(),
            false => vec![head.to_owned()],
        };
    };
    let (mut depth, mut begin, mut found) = (0, 0, Vec::new());
    for (at, letter) in inside.char_indices() {
        let ends = depth == 0 && matches!(letter, ',' | '}');
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if ends {
            let part = inside[begin..at].trim();
            begin = at + 1;
            if !part.is_empty() {
                found.extend(paths(part));
            }
        }
        if depth < 0 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_asks_for_another_room_or_library_is_found() {
        let text = "[dependencies]\napp.workspace = true\nserde = \"1\"\nsqlx = { workspace = true }\n\n[dev-dependencies]\ntokio.workspace = true\n";
        let found = breaches(&Tree::of_one("crates/domain/Cargo.toml", text));
        assert_eq!(found.iter().map(|breach| breach.line).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(breaches(&Tree::of_one("crates/attic/Cargo.toml", "")).len(), 1);
    }

    #[test]
    fn a_closed_door_is_found_in_imports_and_in_paths() {
        let text = "use sagas::ports::{\n    Label,\n};\nuse sagas::{ports, engine::{Runner, Process}};\nfn a() { sagas::checkout::start() }";
        let found = breaches(&Tree::of_one("crates/gateways/src/a.rs", text));
        assert_eq!(found.iter().map(|breach| breach.line).collect::<Vec<_>>(), [4, 4, 5]);
        assert_eq!(breaches(&Tree::of_one("crates/api/src/a.rs", "use sagas::Processes;")).len(), 0);
    }
}
