//! A category: a place in the tree that products stand in.

use serde::{Deserialize, Serialize};

use super::commands::CategoryCommand;
use super::error::CatalogError;
use super::events::CategoryEvent;
use super::slug::check_slug;
use super::text::{check_name, is_nameless};
use crate::values::{CategoryId, Localized};

/// The most categories above one: the depth of the tree.
pub const ANCESTORS_MAX: usize = 32;

type Decision = Result<Vec<CategoryEvent>, CatalogError>;

/// A category. It never stands in itself, nor below itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    exists: bool,
    slug: String,
    name: Localized,
    parent: Option<CategoryId>,
    rank: u32,
}

impl Category {
    /// Says whether the category was created.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Returns its address in the shop.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// Returns what it is called.
    pub fn name(&self) -> &Localized {
        &self.name
    }

    /// Returns the category it stands in; none at the top.
    pub fn parent(&self) -> Option<&CategoryId> {
        self.parent.as_ref()
    }

    /// Returns its place among its siblings, lower first.
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &CategoryEvent) {
        match event {
            CategoryEvent::Created { slug, name, parent, rank } => {
                self.exists = true;
                self.slug = slug.clone();
                self.name = name.clone();
                self.parent = parent.clone();
                self.rank = *rank;
            }
            CategoryEvent::Renamed { name } => self.name = name.clone(),
            CategoryEvent::Moved { parent, rank } => {
                self.parent = parent.clone();
                self.rank = *rank;
            }
        }
    }

    fn stands_at(&self, parent: Option<&CategoryId>, rank: u32) -> bool {
        self.parent.as_ref() == parent && self.rank == rank
    }
}

pub(super) fn decide(category: &Category, command: &CategoryCommand) -> Decision {
    match command {
        CategoryCommand::Create { slug, name, parent, rank } => {
            if category.exists {
                let same =
                    category.slug == *slug && category.name == *name && category.stands_at(parent.as_ref(), *rank);
                return if same { Ok(vec![]) } else { Err(CatalogError::AlreadyExists { what: "category" }) };
            }
            check_slug(slug)?;
            check_category_name(name)?;
            let (slug, name, parent) = (slug.clone(), name.clone(), parent.clone());
            Ok(vec![CategoryEvent::Created { slug, name, parent, rank: *rank }])
        }
        CategoryCommand::Rename { name } => rename(existing(category)?, name),
        CategoryCommand::Move { category: own_id, parent, ancestors, rank } => {
            if existing(category)?.stands_at(parent.as_ref(), *rank) {
                return Ok(vec![]);
            }
            check_ancestors(own_id, parent.as_ref(), ancestors)?;
            Ok(vec![CategoryEvent::Moved { parent: parent.clone(), rank: *rank }])
        }
    }
}

fn existing(category: &Category) -> Result<&Category, CatalogError> {
    if category.exists { Ok(category) } else { Err(CatalogError::Unknown { what: "category" }) }
}

fn rename(category: &Category, name: &Localized) -> Decision {
    if category.name == *name {
        return Ok(vec![]);
    }
    check_category_name(name)?;
    Ok(vec![CategoryEvent::Renamed { name: name.clone() }])
}

fn check_category_name(name: &Localized) -> Result<(), CatalogError> {
    if is_nameless(name) {
        return Err(CatalogError::Invalid { field: "name", rule: "a category needs a French name" });
    }
    check_name(name)
}

fn check_ancestors(
    own_id: &CategoryId,
    parent: Option<&CategoryId>,
    ancestors: &[CategoryId],
) -> Result<(), CatalogError> {
    if parent == Some(own_id) || ancestors.contains(own_id) {
        return Err(CatalogError::Cycle);
    }
    if ancestors.len() > ANCESTORS_MAX {
        return Err(CatalogError::Invalid { field: "ancestors", rule: "at most 32 categories above one" });
    }
    Ok(())
}
