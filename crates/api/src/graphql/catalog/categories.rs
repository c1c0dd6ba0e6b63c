//! The tree of categories.

use std::collections::HashMap;
use std::sync::Arc;

use app::bus::Outcome;
use async_graphql::{Context, ID, Object, Result};
use domain::catalog::Category as CategoryState;
use projections::catalog::CategoryView;

use crate::graphql::call::{request, state};
use crate::graphql::consistency::wait;
use crate::graphql::localized::{LocaleCode, Translations};
use crate::graphql::reading::read_failure;
use crate::graphql::scalars::SafeInt;

/// All categories, siblings in their order.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    all: Vec<CategoryView>,
    by_id: HashMap<String, usize>,
}

impl Tree {
    pub(crate) fn new(all: Vec<CategoryView>) -> Self {
        let by_id = all.iter().enumerate().map(|(index, category)| (category.id.clone(), index)).collect();
        Self { all, by_id }
    }

    /// Finds a category.
    pub(super) fn by_id(self: &Arc<Self>, id: &str) -> Option<Category> {
        self.by_id.get(id).map(|index| Category::within(self, *index))
    }

    fn below(self: &Arc<Self>, parent: Option<&str>) -> Vec<Category> {
        let siblings = self.all.iter().enumerate().filter(|(_, category)| category.parent.as_deref() == parent);
        siblings.map(|(index, _)| Category::within(self, index)).collect()
    }
}

/// Returns the tree of categories.
pub(crate) async fn category_tree(ctx: &Context<'_>) -> Result<Arc<Tree>> {
    let state = state(ctx)?;
    state.catalog.tree(&state.reads).await.map_err(read_failure)
}

#[derive(Clone, Debug)]
enum Source {
    /// A place in the tree.
    Within(Arc<Tree>, usize),
    /// What a command led to.
    Alone(Arc<CategoryView>),
}

/// A place in the tree that products stand in.
#[derive(Clone, Debug)]
pub struct Category(Source);

impl Category {
    fn within(tree: &Arc<Tree>, index: usize) -> Self {
        Self(Source::Within(tree.clone(), index))
    }

    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<CategoryState>) -> Self {
        Self::alone(&outcome.id, &outcome.state)
    }

    /// Shows a category that was folded from the log.
    pub(super) fn alone(id: &str, state: &CategoryState) -> Self {
        Self(Source::Alone(Arc::new(CategoryView {
            id: id.to_owned(),
            slug: state.slug().to_owned(),
            name: state.name().clone(),
            parent: state.parent().map(ToString::to_string),
            rank: i64::from(state.rank()),
            products: 0,
        })))
    }

    fn view(&self) -> &CategoryView {
        match &self.0 {
            Source::Within(tree, index) => &tree.all[*index],
            Source::Alone(view) => view,
        }
    }

    async fn tree(&self, ctx: &Context<'_>) -> Result<Arc<Tree>> {
        match &self.0 {
            Source::Within(tree, _) => Ok(tree.clone()),
            Source::Alone(_) => category_tree(ctx).await,
        }
    }
}

/// A place in the tree that products stand in.
#[Object]
impl Category {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.view().id.clone())
    }

    /// Its address in the shop.
    async fn slug(&self) -> &str {
        &self.view().slug
    }

    /// What it is called, in the language of the request or in another.
    async fn name(&self, ctx: &Context<'_>, locale: Option<LocaleCode>) -> Result<&str> {
        Ok(self.view().name.get(locale.map_or(request(ctx)?.locale, Into::into)))
    }

    /// What it is called in every language.
    async fn translations(&self) -> Translations {
        (&self.view().name).into()
    }

    /// Its place among its siblings, lower first.
    async fn rank(&self) -> SafeInt {
        SafeInt(self.view().rank)
    }

    /// Published products that stand in it directly.
    async fn product_count(&self, ctx: &Context<'_>) -> Result<SafeInt> {
        let tree = self.tree(ctx).await?;
        let known = tree.by_id.get(&self.view().id).map(|index| tree.all[*index].products);
        Ok(SafeInt(known.unwrap_or_default()))
    }

    /// The category it stands in; null at the top.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        match &self.view().parent {
            Some(parent) => Ok(self.tree(ctx).await?.by_id(parent)),
            None => Ok(None),
        }
    }

    /// The categories that stand in it, in their order.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn children(&self, ctx: &Context<'_>) -> Result<Vec<Category>> {
        Ok(self.tree(ctx).await?.below(Some(&self.view().id)))
    }
}

/// Questions about categories.
#[derive(Clone, Copy, Debug, Default)]
pub struct CategoryQuery;

#[Object]
impl CategoryQuery {
    /// The categories at the top of the tree, in their order; ask for their `children`.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn categories(&self, ctx: &Context<'_>) -> Result<Vec<Category>> {
        wait(ctx, &["catalog"]).await?;
        Ok(category_tree(ctx).await?.below(None))
    }

    /// A category by its address.
    async fn category(&self, ctx: &Context<'_>, slug: String) -> Result<Option<Category>> {
        wait(ctx, &["catalog"]).await?;
        let tree = category_tree(ctx).await?;
        let index = tree.all.iter().position(|category| category.slug == slug);
        Ok(index.map(|index| Category::within(&tree, index)))
    }
}
