//! Products at hand: what lists show again and again is read once for each state of the catalogue.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use projections::catalog::ProductView;
use projections::{ReadError, ReadModels};

/// The most products kept at hand.
const PRODUCTS_MAX: usize = 2_000;

/// Products as the catalogue's read model held them at one position.
#[derive(Debug, Default)]
struct Kept {
    position: u64,
    by_id: HashMap<String, Arc<ProductView>>,
}

/// Products at hand, forgotten when the catalogue's read model moves on.
#[derive(Debug, Default)]
pub(crate) struct Products(RwLock<Kept>);

impl Products {
    /// Returns products in the order of their ids as given; unknown ones are left out.
    ///
    /// # Errors
    /// [`ReadError`] when the read model does not answer.
    pub(crate) async fn get(&self, reads: &ReadModels, ids: &[&str]) -> Result<Vec<Arc<ProductView>>, ReadError> {
        // The position first: what is read afterwards is at least as new.
        let position = reads.status_of("catalog").map_or(0, |status| status.changed.0);
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

    fn kept<'a>(&self, position: u64, ids: &[&'a str]) -> (HashMap<String, Arc<ProductView>>, Vec<&'a str>) {
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

    fn keep(&self, position: u64, view: &Arc<ProductView>) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.position > position {
            return;
        }
        if kept.position < position || kept.by_id.len() >= PRODUCTS_MAX {
            kept.by_id.clear();
            kept.position = position;
        }
        kept.by_id.insert(view.id.clone(), view.clone());
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
        let products = Products::default();
        products.keep(7, &product("a"));
        assert_eq!(products.kept(7, &["a", "b"]).1, ["b"]);
        assert_eq!(products.kept(8, &["a"]).1, ["a"], "an older state is not shown");
        products.keep(8, &product("b"));
        products.keep(7, &product("c"));
        assert_eq!(products.kept(8, &["a", "b", "c"]).1, ["a", "c"], "what was read before is not kept after");
    }

    #[test]
    fn no_more_products_than_allowed_are_at_hand() {
        let products = Products::default();
        for number in 0..PRODUCTS_MAX + 5 {
            products.keep(1, &product(&number.to_string()));
        }
        assert!(products.0.read().expect("no panic").by_id.len() <= PRODUCTS_MAX);
    }
}
