//! The files of the project, as text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::source::Source;

/// Folders that hold nothing of ours where there is no git to say what is.
const FOREIGN_FOLDERS: [&str; 3] = [".git", "target", "comptoir-data"];

/// The text files of the project, by their path from its root, and the Rust files among them, taken apart.
#[derive(Clone)]
pub(super) struct Tree {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) sources: Vec<Source>,
}

impl Tree {
    /// Returns the project's own tree, read once.
    pub(super) fn shared() -> &'static Tree {
        static SHARED: OnceLock<Tree> = OnceLock::new();
        SHARED.get_or_init(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            let paths = tracked(&root).unwrap_or_else(|| walked(&root));
            let text = |path: String| Some((path.clone(), fs::read_to_string(root.join(path)).ok()?));
            let tree = Tree::of(paths.into_iter().filter_map(text));
            assert!(tree.sources.len() > 100, "only {} Rust files were found", tree.sources.len());
            tree
        })
    }

    /// Makes a tree of some files.
    pub(super) fn of(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let texts: BTreeMap<String, String> = texts.into_iter().collect();
        let rust = texts.iter().filter(|(path, _)| path.ends_with(".rs"));
        let mut sources: Vec<Source> = rust.map(|(path, text)| Source::read(path, text)).collect();
        let test_only: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
        for source in &mut sources {
            let is_of = |module: &String| {
                source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/"))
            };
            if test_only.iter().any(is_of) {
                source.set_test();
            }
        }
        Self { texts, sources }
    }

    /// Makes a tree of one file.
    #[cfg(test)]
    pub(super) fn of_one(path: &str, text: &str) -> Self {
        Self::of([(path.to_owned(), text.to_owned())])
    }

    /// Returns a file's text; nothing where there is no such file.
    pub(super) fn text(&self, path: &str) -> &str {
        self.texts.get(path).map_or("", String::as_str)
    }

    /// Returns whether there is such a file, or a folder with files in it.
    pub(super) fn holds(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.texts.contains_key(path) || self.texts.keys().any(|file| file.starts_with(&folder))
    }

    /// Returns the names of the folders in a folder.
    pub(super) fn folders(&self, folder: &str) -> Vec<&str> {
        let inside = self.texts.keys().filter_map(|path| path.strip_prefix(folder)?.split_once('/'));
        let mut names: Vec<&str> = inside.map(|(name, _)| name).collect();
        names.dedup();
        names
    }
}

/// Lists what git tracks and what it would; `None` where there is no git to ask.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    let names = String::from_utf8(listed.stdout).ok()?;
    let paths: Vec<String> = names.split_terminator('\0').map(str::to_owned).collect();
    (listed.status.success() && !paths.is_empty()).then_some(paths)
}

/// Lists every file below a folder.
fn walked(root: &Path) -> Vec<String> {
    let (mut folders, mut paths) = (vec![PathBuf::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder that can be read").flatten() {
            let path = folder.join(entry.file_name());
            if !entry.path().is_dir() {
                paths.push(path.to_string_lossy().replace('\\', "/"));
            } else if !FOREIGN_FOLDERS.iter().any(|foreign| entry.file_name() == *foreign) {
                folders.push(path);
            }
        }
    }
    paths
}

#[test]
fn walking_finds_what_git_tracks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let walked = walked(&root);
    for path in tracked(&root).unwrap_or_default() {
        assert!(walked.contains(&path) || !root.join(&path).exists(), "{path}");
    }
}
