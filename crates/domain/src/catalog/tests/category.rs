//! Every refusal, repeat and boundary of a category.

use super::*;

fn created() -> CategoryEvent {
    CategoryEvent::Created { slug: "romans".to_owned(), name: french("Romans"), parent: Some(category_id(9)), rank: 3 }
}

fn create(slug: &str, name: &str, parent: Option<u128>, rank: u32) -> CategoryCommand {
    CategoryCommand::Create { slug: slug.to_owned(), name: french(name), parent: parent.map(category_id), rank }
}

fn rename(name: &str) -> CategoryCommand {
    CategoryCommand::Rename { name: french(name) }
}

fn move_below(parent: Option<u128>, ancestors: impl IntoIterator<Item = u128>, rank: u32) -> CategoryCommand {
    CategoryCommand::Move {
        category: category_id(1),
        parent: parent.map(category_id),
        ancestors: ancestors.into_iter().map(category_id).collect(),
        rank,
    }
}

fn moved(parent: Option<u128>, rank: u32) -> CategoryEvent {
    CategoryEvent::Moved { parent: parent.map(category_id), rank }
}

pub(super) fn every_event() -> Vec<CategoryEvent> {
    vec![created(), CategoryEvent::Renamed { name: french("Fiction") }, moved(None, 1)]
}

#[test]
fn a_category_is_made_renamed_and_moved() {
    let commands = [create("romans", "Romans", Some(9), 3), rename("Fiction"), move_below(None, [], 1)];
    for (index, (when, then)) in commands.into_iter().zip(every_event()).enumerate() {
        accepted::<Category>(every_event()[..index].to_vec(), when, vec![then]);
    }
    let category: Category = after(vec![created()]);
    assert!(category.exists());
    assert_eq!((category.slug(), category.name()), ("romans", &french("Romans")));
    assert_eq!((category.parent(), category.rank()), (Some(&category_id(9)), 3));
}

#[test]
fn every_repeat_changes_nothing() {
    accepted::<Category>(vec![created()], create("romans", "Romans", Some(9), 3), vec![]);
    accepted::<Category>(vec![created()], rename("Romans"), vec![]);
    accepted::<Category>(vec![created()], move_below(Some(9), [9], 3), vec![]);
    accepted::<Category>(vec![created(), moved(None, 1)], move_below(None, [], 1), vec![]);
}

#[test]
fn another_category_of_the_same_id_is_refused() {
    for when in [
        create("poesie", "Romans", Some(9), 3),
        create("romans", "Poésie", Some(9), 3),
        create("romans", "Romans", None, 3),
        create("romans", "Romans", Some(9), 4),
    ] {
        refused::<Category>(vec![created()], when, CatalogError::AlreadyExists { what: "category" });
    }
}

#[test]
fn nothing_happens_to_a_category_that_does_not_exist() {
    for when in [rename("Fiction"), move_below(None, [], 1)] {
        refused::<Category>(vec![], when, CatalogError::Unknown { what: "category" });
    }
}

#[test]
fn a_category_cannot_stand_in_itself_or_below_itself() {
    for when in [move_below(Some(1), [], 3), move_below(Some(2), [2, 1], 3), move_below(Some(2), [1, 2, 5], 3)] {
        refused::<Category>(vec![created()], when, CatalogError::Cycle);
    }
}

#[test]
fn a_category_can_change_its_rank_alone_or_its_parent_alone() {
    accepted::<Category>(vec![created()], move_below(Some(9), [9], 4), vec![moved(Some(9), 4)]);
    accepted::<Category>(vec![created()], move_below(Some(8), [8], 3), vec![moved(Some(8), 3)]);
}

#[test]
fn the_tree_has_a_depth() {
    let deepest = 2..2 + ANCESTORS_MAX as u128;
    accepted::<Category>(vec![created()], move_below(Some(2), deepest, 3), vec![moved(Some(2), 3)]);
    invalid::<Category>(vec![created()], move_below(Some(2), 2..=2 + ANCESTORS_MAX as u128, 3), "ancestors");
}

#[test]
fn a_category_has_a_name_and_a_slug() {
    invalid::<Category>(vec![], create("", "Romans", None, 0), "slug");
    for name in ["", " ", &letters(NAME_CHARACTERS_MAX + 1)] {
        invalid::<Category>(vec![], create("romans", name, None, 0), "name");
        invalid::<Category>(vec![created()], rename(name), "name");
    }
}
