//! Documents: their links lead somewhere, and a context's page names its every event and refusal.

use super::Breach;
use super::contexts::contexts;
use super::tree::Tree;

pub(super) fn breaches(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for (path, text) in tree.texts.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (index, line) in text.lines().enumerate() {
            let lost = links(line).into_iter().filter(|link| !leads_somewhere(tree, path, link));
            found.extend(lost.map(|link| Breach::new(path, index + 1, format!("{link} leads nowhere"))));
        }
    }
    for context in contexts(tree) {
        let page = format!("docs/contexts/{context}.md");
        let folder = format!("crates/domain/src/{context}");
        for (file, is_name) in [("mod.rs", is_event as fn(&str) -> bool), ("error.rs", is_code)] {
            let Some(source) = tree.sources.iter().find(|source| source.path == format!("{folder}/{file}")) else {
                continue;
            };
            let unnamed = source.texts.iter().filter(|(_, text)| is_name(text) && !names(tree.text(&page), text));
            found.extend(unnamed.map(|(line, text)| Breach::new(&source.path, *line, format!("{page} lacks {text}"))));
        }
    }
    found
}

/// An event's stored name: `stock.reserved`.
fn is_event(text: &str) -> bool {
    text.split_once('.').is_some_and(|(context, fact)| is_lower(context) && is_lower(fact))
}

fn is_lower(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// A refusal's code: `INSUFFICIENT_STOCK`.
fn is_code(text: &str) -> bool {
    text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn names(page: &str, name: &str) -> bool {
    page.contains(&format!("`{name}`"))
}

/// Returns where the links of a line lead, without addresses and places within the page.
fn links(line: &str) -> Vec<&str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let is_ours = |target: &&str| !target.contains("://") && !target.starts_with('#');
    targets.filter(is_ours).map(|target| target.split('#').next().unwrap_or_default()).collect()
}

/// Follows a link from the folder of the page it stands on.
fn leads_somewhere(tree: &Tree, page: &str, link: &str) -> bool {
    let mut place: Vec<&str> = page.split('/').collect();
    place.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." if place.pop().is_none() => return false,
            ".." => {}
            name => place.push(name),
        }
    }
    place.is_empty() || tree.holds(&place.join("/"))
}

#[test]
fn a_link_to_nowhere_and_an_event_without_a_word_are_found() {
    let tree = Tree::of(
        [
            ("docs/contexts/a.md", "[x](../b.md) [y](../c.md) [z](https://x.org/y) `a.done`"),
            ("docs/b.md", "[up](../docs/) [out](../../x)"),
            ("crates/domain/src/a/mod.rs", "const A: [&str; 2] = [\"a.done\", \"a.undone\"];"),
            ("crates/domain/src/a/error.rs", "const B: &str = \"NOT_DONE\";"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned())),
    );
    let mut found: Vec<String> = breaches(&tree).iter().map(Breach::text).collect();
    found.sort();
    let expected = [
        "crates/domain/src/a/error.rs:1: docs/contexts/a.md lacks NOT_DONE",
        "crates/domain/src/a/mod.rs:1: docs/contexts/a.md lacks a.undone",
        "docs/b.md:1: ../../x leads nowhere",
        "docs/contexts/a.md:1: ../c.md leads nowhere",
    ];
    assert_eq!(found, expected);
}
