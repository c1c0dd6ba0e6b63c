//! Which lines a promotion of categories reaches. A cart knows the products of its lines and not where they stand: it is told, and
//! only where a promotion asks. It is told again with each line, each promotion, and when its checkout starts.

use std::collections::{BTreeMap, BTreeSet};

use domain::cart::{Cart, CartCommand, CartLine, LineCategories};
use domain::values::{CategoryId, PromotionTerms};

use crate::Shop;
use crate::catalog;
use crate::error::AppError;

/// Returns what a cart must be told of where its lines stand, with the lines and the promotions that commands are about to put
/// in; none where it knows, or where no promotion asks.
///
/// # Errors
/// [`AppError`] when the store fails.
pub(crate) async fn categories_for(
    shop: &Shop,
    cart: Option<&Cart>,
    commands: &[CartCommand],
) -> Result<Option<CartCommand>, AppError> {
    let (mut terms, mut lines) = (Vec::new(), Vec::new());
    for command in commands {
        if let CartCommand::AddPromotion { promotion } = command {
            terms.push(&promotion.terms);
        } else if let CartCommand::AddLines { lines: added } = command {
            lines.extend(added);
        }
    }
    if let Some(cart) = cart {
        terms.extend(cart.promotions().iter().map(|held| &held.added.terms));
        lines.extend(cart.lines());
    }
    let mut places = places_of(shop, &terms, &lines).await?;
    places.retain(|place| place.categories != cart.map_or(&[][..], |cart| cart.categories_of(&place.line)));
    Ok((!places.is_empty()).then_some(CartCommand::CategoriseLines { lines: places }))
}

/// Returns of each line which categories that promotions name its product stands in or below; nothing where none names one.
///
/// # Errors
/// [`AppError`] when the store fails.
pub(crate) async fn places_of(
    shop: &Shop,
    terms: &[&PromotionTerms],
    lines: &[&CartLine],
) -> Result<Vec<LineCategories>, AppError> {
    let named: BTreeSet<&CategoryId> = terms.iter().flat_map(|terms| terms.reach.categories()).collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let mut of_products = BTreeMap::new();
    let mut places = Vec::with_capacity(lines.len());
    for line in lines {
        if !of_products.contains_key(&line.product) {
            let mut categories = catalog::categories_of(shop, &line.product).await?;
            categories.retain(|category| named.contains(category));
            of_products.insert(line.product.clone(), categories.into_iter().collect::<Vec<_>>());
        }
        let categories = of_products.get(&line.product).cloned().unwrap_or_default();
        places.push(LineCategories { line: line.line.clone(), categories });
    }
    Ok(places)
}
