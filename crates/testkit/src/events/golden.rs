//! Golden pairs: every event of every version as it is stored, and as the types of today write it.
//!
//! `<folder>/<name>.v<version>[.<variant>].json` is what the log holds but for white space, and is never edited;
//! `….expected.json` beside it is what becomes of it. Both begin with the event's name, as it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::family::Family;

const EXPECTED: &str = ".expected.json";
const STORED: &str = ".json";
/// Beside the folders of golden pairs: whole logs.
const LOGS: &str = "logs";

/// Golden files by their path under `schema/events`.
pub type Files = BTreeMap<String, String>;

/// What the name of a golden file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Label<'a> {
    folder: &'a str,
    event_type: &'a str,
    version: u32,
}

impl<'a> Label<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let (folder, file) = path.split_once('/')?;
        let file = file.strip_suffix(STORED)?;
        // A name may have a word that begins with a v too, but none of digits only.
        file.match_indices(".v").find_map(|(at, mark)| {
            let version = file[at + mark.len()..].split('.').next()?.parse().ok()?;
            Some(Self { folder, event_type: &file[..at], version })
        })
    }
}

/// Reads every golden file of a folder such as `schema/events`.
///
/// # Panics
/// When it cannot be read.
pub fn files_in(root: &Path) -> Files {
    let mut files = Files::new();
    let folders = std::fs::read_dir(root).expect("the golden files are there").map(|entry| entry.expect("an entry"));
    for folder in folders.filter(|entry| entry.path().is_dir() && entry.file_name() != LOGS) {
        for entry in std::fs::read_dir(folder.path()).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("a path below").to_string_lossy().into_owned();
            if name.ends_with(STORED) {
                files.insert(name, std::fs::read_to_string(&path).expect("the file can be read"));
            }
        }
    }
    files
}

/// Returns the golden pair of a stored event: path and text, twice.
///
/// # Errors
/// Why the event cannot be read.
pub fn pair_of(
    family: &Family,
    event_type: &str,
    version: &str,
    payload: &str,
) -> Result<[(String, String); 2], String> {
    let stored: Value = serde_json::from_str(payload).map_err(|error| error.to_string())?;
    let variant = family.choices.iter().filter(|choice| choice.of.contains(&event_type));
    let variant = variant.filter_map(|choice| variant_at(&stored, event_type, choice.at)).next();
    let variant = variant.map(|variant| format!(".{variant}")).unwrap_or_default();
    let path = format!("{}/{event_type}.v{version}{variant}", family.folder);
    let expected = family.read(event_type, version, payload)?;
    // What is stored now is what is expected of it.
    Ok([(format!("{path}{STORED}"), expected.clone()), (format!("{path}{EXPECTED}"), expected)])
}

/// A golden event as it was stored.
pub struct Stored<'a> {
    /// What it is an event of.
    pub family: &'a Family,
    /// Its stored name.
    pub event_type: &'a str,
    /// Its version.
    pub version: u32,
    /// Its stored text.
    pub text: &'a str,
}

/// Returns the golden events that these families know.
pub fn stored_in<'a>(families: &'a [Family], files: &'a Files) -> Vec<Stored<'a>> {
    let stored = files.iter().filter(|(path, _)| !path.ends_with(EXPECTED));
    let known = stored.filter_map(|(path, text)| {
        let (label, family) = owned(families, path)?;
        Some(Stored { family, event_type: label.event_type, version: label.version, text })
    });
    known.collect()
}

fn owned<'a>(families: &'a [Family], path: &'a str) -> Option<(Label<'a>, &'a Family)> {
    let label = Label::read(path)?;
    let mine = |family: &&Family| family.folder == label.folder && family.names.contains(&label.event_type);
    let family = families.iter().find(mine).filter(|family| label.version <= family.version_of(label.event_type))?;
    Some((label, family))
}

/// Returns everything that is wrong with the golden pairs of these families: nothing, as long as every stored event of
/// every version can be read.
pub fn problems(families: &[Family], files: &Files) -> Vec<String> {
    let mut found = names(families);
    for family in families {
        found.extend(chain(family));
        found.extend(missing(family, files));
    }
    found.extend(files.iter().filter_map(|(path, text)| wrong(families, files, path, text)));
    found
}

/// Finds stored names that mean two things.
fn names(families: &[Family]) -> Vec<String> {
    let (mut owners, mut found) = (BTreeMap::new(), Vec::new());
    for family in families {
        let owner = if family.is_process { "process" } else { family.kind };
        let mut own = BTreeSet::new();
        for name in &family.names {
            let other = owners.insert(*name, owner).filter(|other| *other != owner);
            if let Some(other) = other.or((!own.insert(*name)).then_some(owner)) {
                let what =
                    format!("{name} of {owner} is a stored name of {other} already: choose a name that nothing had");
                found.push(what);
            }
        }
    }
    found
}

/// Finds versions that nothing lifts, and upcasters of nothing.
fn chain(family: &Family) -> Vec<String> {
    let mut found = Vec::new();
    for name in family.upcasters.iter().map(|upcaster| upcaster.event_type).collect::<BTreeSet<_>>() {
        if !family.names.contains(&name) {
            found.push(format!("an upcaster of {} lifts {name}, which is no event of it", family.kind));
        }
        for from in 1..family.version_of(name) {
            let count = family.upcasters.iter().filter(|up| up.event_type == name && up.from == from).count();
            if count != 1 {
                found.push(format!("{name} has {count} upcasters from version {from}, it needs one"));
            }
        }
    }
    found
}

/// Finds names, versions and variants without a golden pair.
fn missing(family: &Family, files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    let stored = |event_type: &str, version: Option<u32>| {
        let paths = files.iter().filter(|(path, _)| !path.ends_with(EXPECTED));
        let (folder, event_type) = (family.folder, event_type.to_owned());
        paths.filter(move |(path, _)| {
            Label::read(path).is_some_and(|label| {
                let is_version = version.is_none_or(|version| label.version == version);
                label.folder == folder && label.event_type == event_type && is_version
            })
        })
    };
    for name in &family.needed {
        for version in 1..=family.version_of(name) {
            if stored(name, Some(version)).next().is_none() {
                found.push(format!(
                    "{name} version {version} has no golden pair {}/{name}.v{version}.json",
                    family.folder
                ));
            }
        }
    }
    for choice in &family.choices {
        let texts = choice.of.iter().flat_map(|name| stored(name, None).map(move |(_, text)| (*name, text)));
        let values = texts.filter_map(|(name, text)| variant_at(&serde_json::from_str(text).ok()?, name, choice.at));
        let seen: BTreeSet<String> = values.collect();
        for variant in choice.variants.iter().filter(|variant| !seen.contains(**variant)) {
            let names = choice.of.join(" or ");
            found.push(format!("{variant} at {} of {names} has no golden pair in {}", choice.at, family.folder));
        }
    }
    found
}

/// Returns the stored name of the variant at a place in an event's fields.
fn variant_at(event: &Value, event_type: &str, at: &str) -> Option<String> {
    match event.get(event_type)?.pointer(at)? {
        Value::String(name) => Some(name.clone()),
        Value::Object(tagged) => tagged.keys().next().cloned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// Says what is wrong with one golden file.
fn wrong(families: &[Family], files: &Files, path: &str, text: &str) -> Option<String> {
    if let Some(stem) = path.strip_suffix(EXPECTED) {
        let is_alone = !files.contains_key(&format!("{stem}{STORED}"));
        return is_alone.then(|| format!("{path}: nothing is stored that becomes this"));
    }
    let Some((label, family)) = owned(families, path) else {
        return Some(format!("{path}: no event of this name and version is known any more, and yet it is stored"));
    };
    let beside = path.strip_suffix(STORED).map(|stem| format!("{stem}{EXPECTED}"));
    let expected = beside.and_then(|path| files.get(&path)).map(String::as_str).unwrap_or_default();
    match family.read(label.event_type, &label.version.to_string(), text) {
        Ok(read) if read == expected => None,
        Ok(read) => Some(format!(
            "{path}: it is read as something else than stands beside it. Where that is meant, and nothing that was \
             known is lost, let {} say:\n{read}",
            path.replace(STORED, EXPECTED)
        )),
        Err(error) => Some(format!(
            "{path}: stored events cannot be read any more: {error}. Make the new field optional, or lift the old \
             version by an upcaster (docs/adding-a-context.md)"
        )),
    }
}
