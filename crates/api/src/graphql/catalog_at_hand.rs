//! The catalogue at hand: what lists and pages show again and again is read once for each state of the catalogue.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use projections::catalog::ProductView;
use projections::{ReadError, ReadModels};

use super::catalog::Tree;

/// The most products kept at hand.
const PRODUCTS_MAX: usize = 2_000;

/// A state of the catalogue: the epoch of the log, and the position at which its read model changed last.
type At = (u64, u64);

/// The catalogue as its read model held it at one position.
#[derive(Debug, Default)]
struct Kept {
    position: At,
    by_id: HashMap<String, Arc<ProductView>>,
    ids_by_slug: HashMap<String, String>,
    tree: Option<Arc<Tree>>,
}

/// Products and categories at hand, forgotten when the catalogue's read model moves on.
#[derive(Debug, Default)]
pub(crate) struct CatalogAtHand(RwLock<Kept>);

/// Returns where the catalogue's read model stands. To be asked before it is read: what is read is at least as new.
fn position_of(reads: &ReadModels) -> At {
    reads.status_of("catalog").map_or((0, 0), |status| (status.epoch, status.changed.0))
}

impl CatalogAtHand {
    /// Returns products in the order of their ids as given; unknown ones are left out.
    ///
    /// # Errors
    /// [`ReadError`] when the read model does not answer.
    pub(crate) async fn get(&self, reads: &ReadModels, ids: &[&str]) -> Result<Vec<Arc<ProductView>>, ReadError> {
        let position = position_of(reads);
        let (mut found, missing) = self.kept(position, ids);
        if !missing.is_empty() {
            for view in reads.catalog().products(&missing).await? {
                let view = Arc::new(view);
                self.keep(position, &view);
                found.insert(view.id.clone(), view);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(*id)).collect())
    }

    /// Returns a product by its address.
    ///
    /// # Errors
    /// [`ReadError`] when the read model does not answer.
    pub(crate) async fn by_slug(&self, reads: &ReadModels, slug: &str) -> Result<Option<Arc<ProductView>>, ReadError> {
        let position = position_of(reads);
        if let Some(view) = self.kept_by_slug(position, slug) {
            return Ok(Some(view));
        }
        let view = reads.catalog().product_by_slug(slug).await?.map(Arc::new);
        view.iter().for_each(|view| self.keep(position, view));
        Ok(view)
    }

    /// Returns the tree of categories.
    ///
    /// # Errors
    /// [`ReadError`] when the read model does not answer.
    pub(crate) async fn tree(&self, reads: &ReadModels) -> Result<Arc<Tree>, ReadError> {
        let position = position_of(reads);
        if let Some(tree) = self.kept_tree(position) {
            return Ok(tree);
        }
        let tree = Arc::new(Tree::new(reads.catalog().category_tree().await?));
        self.at(position, |kept| kept.tree = Some(tree.clone()));
        Ok(tree)
    }

    fn kept_by_slug(&self, position: At, slug: &str) -> Option<Arc<ProductView>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let id = kept.ids_by_slug.get(slug).filter(|_| kept.position == position)?;
        kept.by_id.get(id).cloned()
    }

    fn kept_tree(&self, position: At) -> Option<Arc<Tree>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.tree.clone().filter(|_| kept.position == position)
    }

    fn kept<'a>(&self, position: At, ids: &[&'a str]) -> (HashMap<String, Arc<ProductView>>, Vec<&'a str>) {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = HashMap::with_capacity(ids.len());
        if kept.position != position {
            return (found, ids.to_vec());
        }
        let mut missing = Vec::new();
        for id in ids {
            match kept.by_id.get(*id) {
                Some(view) => drop(found.insert((*id).to_owned(), view.clone())),
                None => missing.push(*id),
            }
        }
        (found, missing)
    }

    fn keep(&self, position: At, view: &Arc<ProductView>) {
        self.at(position, |kept| {
            if kept.by_id.len() >= PRODUCTS_MAX {
                kept.by_id.clear();
                kept.ids_by_slug.clear();
            }
            kept.ids_by_slug.insert(view.slug.clone(), view.id.clone());
            kept.by_id.insert(view.id.clone(), view.clone());
        });
    }

    /// Adds what was read at a position, unless something newer is at hand; what is older is forgotten.
    fn at(&self, position: At, add: impl FnOnce(&mut Kept)) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.position > position {
            return;
        }
        if kept.position < position {
            *kept = Kept { position, ..Kept::default() };
        }
        add(&mut kept);
    }
}

#[cfg(test)]
mod tests {
    use domain::values::Localized;

    use super::*;

    fn product(id: &str) -> Arc<ProductView> {
        Arc::new(ProductView {
            id: id.to_owned(),
            slug: id.to_owned(),
            name: Localized::new(id, None),
            summary: None,
            attributes_json: "{}".to_owned(),
            published: true,
            published_at: None,
            categories: Vec::new(),
            variants: Vec::new(),
            reviews: Vec::new(),
            version: 1,
        })
    }

    #[test]
    fn products_are_at_hand_until_the_catalogue_moves_on() {
        let catalog = CatalogAtHand::default();
        catalog.keep((1, 7), &product("a"));
        assert_eq!(catalog.kept((1, 7), &["a", "b"]).1, ["b"]);
        assert_eq!(catalog.kept((1, 8), &["a"]).1, ["a"], "an older state is not shown");
        catalog.keep((1, 8), &product("b"));
        catalog.keep((1, 7), &product("c"));
        assert_eq!(catalog.kept((1, 8), &["a", "b", "c"]).1, ["a", "c"], "what was read before is not kept after");
        assert!(catalog.kept_by_slug((1, 8), "b").is_some());
        assert_eq!(catalog.kept((2, 8), &["a"]).1, ["a"], "the same position after a failover is another state");
        assert!(catalog.kept_by_slug((1, 9), "b").is_none() && catalog.kept_by_slug((1, 8), "a").is_none());
    }

    #[test]
    fn the_tree_is_at_hand_until_the_catalogue_moves_on() {
        let catalog = CatalogAtHand::default();
        catalog.at((1, 7), |kept| kept.tree = Some(Arc::new(Tree::new(Vec::new()))));
        assert!(catalog.kept_tree((1, 7)).is_some() && catalog.kept_tree((1, 8)).is_none());
        catalog.keep((1, 8), &product("a"));
        assert!(catalog.kept_tree((1, 8)).is_none(), "the tree of another state is not shown");
    }

    #[test]
    fn no_more_products_than_allowed_are_at_hand() {
        let catalog = CatalogAtHand::default();
        for number in 0..PRODUCTS_MAX + 5 {
            catalog.keep((1, 1), &product(&number.to_string()));
        }
        assert!(catalog.0.read().expect("no panic").by_id.len() <= PRODUCTS_MAX);
    }
}
