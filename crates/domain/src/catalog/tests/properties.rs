//! What holds for any name and any sequence of wishes.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;
use crate::decider::Decider;

fn any_command() -> impl Strategy<Value = ProductCommand> {
    let name = || prop_oneof![Just(french("")), Just(french("Romans")), Just(both("Romans", "Novels"))];
    prop_oneof![
        name().prop_map(|name| ProductCommand::Create { slug: "a".to_owned(), name }),
        name().prop_map(|name| ProductCommand::Rename { name }),
        name().prop_map(|summary| ProductCommand::Summarise { summary }),
        prop::collection::vec(0_u128..4, 0..4).prop_map(|numbers| ProductCommand::Categorise {
            categories: numbers.into_iter().map(category_id).collect()
        }),
        "[ab]{0,2}"
            .prop_map(|key| ProductCommand::SetAttributes { attributes: BTreeMap::from([(key, "1".to_owned())]) }),
        "[ab]{0,2}".prop_map(|text| ProductCommand::AddEditorialReview {
            locale: Locale::Fr,
            author: author(),
            text,
            published_at: Timestamp::from_micros(7),
        }),
        Just(ProductCommand::Publish),
        Just(ProductCommand::Unpublish),
    ]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_name_makes_a_slug_that_a_product_accepts(name in ".{0,200}") {
        let slug = slugify(&name, "02q");
        prop_assert!(slug.len() <= 80 + 1 + 3, "{}", slug);
        prop_assert!(!slug.starts_with('-') && !slug.contains("--"), "{}", slug);
        let create = ProductCommand::Create { slug, name: french("Romans") };
        prop_assert_eq!(Product::default().decide(&create).map(|events| events.len()), Ok(1));
    }

    #[test]
    fn what_is_shown_has_a_name_and_a_category_and_a_repeat_changes_nothing(
        commands in prop::collection::vec(any_command(), 0..40)
    ) {
        let mut product = Product::default();
        for command in commands {
            let events = product.decide(&command).unwrap_or_default();
            for event in &events {
                stored_name(event);
                product.evolve(event);
            }
            if !events.is_empty() {
                prop_assert_eq!(product.decide(&command), Ok(vec![]));
            }
            let tellable = !product.name().get(Locale::Fr).trim().is_empty() && !product.categories().is_empty();
            prop_assert!(!product.is_published() || tellable, "{:?}", product);
        }
        let json = serde_json::to_string(&product).expect("a state is JSON");
        prop_assert_eq!(serde_json::from_str::<Product>(&json).expect("its own JSON"), product);
    }
}
