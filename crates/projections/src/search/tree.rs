//! The category tree, small enough to be kept in memory whole.

use std::collections::HashMap;

use domain::values::{CategoryId, Locale};

use super::record::CategoryRecord;

/// The deepest a tree is followed: a bound against a cycle in the log.
const DEPTH_MAX: usize = 32;

/// Every category by id, with its children.
#[derive(Clone, Debug, Default)]
pub(super) struct CategoryTree {
    categories: HashMap<CategoryId, CategoryRecord>,
    children: HashMap<CategoryId, Vec<CategoryId>>,
}

impl CategoryTree {
    /// Returns a category.
    pub(super) fn get(&self, id: &CategoryId) -> Option<&CategoryRecord> {
        self.categories.get(id)
    }

    /// Puts a category in its place, or moves it there.
    pub(super) fn put(&mut self, category: CategoryRecord) {
        let id = category.id.clone();
        let parent = category.parent.clone();
        if let Some(before) = self.categories.insert(id.clone(), category).and_then(|before| before.parent)
            && let Some(siblings) = self.children.get_mut(&before)
        {
            siblings.retain(|sibling| *sibling != id);
        }
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().push(id);
        }
    }

    /// Returns a category and all below it, itself first.
    pub(super) fn with_descendants(&self, id: &CategoryId) -> Vec<CategoryId> {
        let mut found = vec![id.clone()];
        let mut level = vec![id.clone()];
        for _ in 0..DEPTH_MAX {
            let below: Vec<CategoryId> =
                level.iter().filter_map(|parent| self.children.get(parent)).flatten().cloned().collect();
            if below.is_empty() {
                break;
            }
            found.extend(below.iter().cloned());
            level = below;
        }
        found
    }

    /// Returns a category and all above it, itself first.
    pub(super) fn with_ancestors(&self, id: &CategoryId) -> Vec<CategoryId> {
        let mut found = vec![id.clone()];
        let mut at = id;
        while let Some(parent) = self.categories.get(at).and_then(|category| category.parent.as_ref()) {
            if found.len() > DEPTH_MAX || found.contains(parent) {
                break;
            }
            found.push(parent.clone());
            at = parent;
        }
        found
    }

    /// Returns what a category is called, or its id when it is unknown.
    pub(super) fn label(&self, id: &CategoryId, locale: Locale) -> String {
        self.categories.get(id).map_or_else(|| id.to_string(), |category| category.name.get(locale).to_owned())
    }
}
