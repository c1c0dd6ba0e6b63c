//! Every refusal, repeat and boundary of a product.

use super::*;

fn created() -> ProductEvent {
    ProductEvent::Created { slug: "l-etranger-02q".to_owned(), name: french("L’Étranger") }
}

fn create(slug: &str, name: Localized) -> ProductCommand {
    ProductCommand::Create { slug: slug.to_owned(), name }
}

fn categorised() -> ProductEvent {
    ProductEvent::Categorised { categories: vec![category_id(1)] }
}

fn categorise(numbers: impl IntoIterator<Item = u128>) -> ProductCommand {
    ProductCommand::Categorise { categories: numbers.into_iter().map(category_id).collect() }
}

fn reviewed(text: &str) -> ProductEvent {
    let published_at = Timestamp::from_micros(7);
    ProductEvent::EditorialReviewAdded { locale: Locale::Fr, author: author(), text: text.to_owned(), published_at }
}

fn review(text: &str) -> ProductCommand {
    let published_at = Timestamp::from_micros(7);
    ProductCommand::AddEditorialReview { locale: Locale::Fr, author: author(), text: text.to_owned(), published_at }
}

fn attributes(count: usize, key: &str, value: &str) -> ProductCommand {
    let numbered = |number: usize| (format!("{key}{number:02}"), value.to_owned());
    ProductCommand::SetAttributes { attributes: (0..count).map(numbered).collect() }
}

fn rename(name: &str) -> ProductCommand {
    ProductCommand::Rename { name: french(name) }
}

fn summarise(text: String) -> ProductCommand {
    ProductCommand::Summarise { summary: Localized::new(text, None) }
}

fn answered(given: Vec<ProductEvent>, when: ProductCommand) -> bool {
    TestFramework::<Product>::with(()).given(given).when(when).inspect_result().is_ok_and(|events| events.len() == 1)
}

pub(super) fn every_event() -> Vec<ProductEvent> {
    vec![
        created(),
        ProductEvent::Renamed { name: both("L’Étranger", "The Stranger") },
        ProductEvent::Summarised { summary: french("Un roman.") },
        categorised(),
        ProductEvent::AttributesSet { attributes: BTreeMap::from([("year".to_owned(), "1942".to_owned())]) },
        reviewed("Un grand livre."),
        ProductEvent::Published {},
        ProductEvent::Unpublished {},
    ]
}

#[test]
fn a_product_is_told_about_and_shown() {
    let year = BTreeMap::from([("year".to_owned(), "1942".to_owned())]);
    let commands = [
        create("l-etranger-02q", french("L’Étranger")),
        ProductCommand::Rename { name: both("L’Étranger", "The Stranger") },
        ProductCommand::Summarise { summary: french("Un roman.") },
        categorise([1]),
        ProductCommand::SetAttributes { attributes: year.clone() },
        review("Un grand livre."),
        ProductCommand::Publish,
        ProductCommand::Unpublish,
    ];
    for (index, (when, then)) in commands.into_iter().zip(every_event()).enumerate() {
        accepted::<Product>(every_event()[..index].to_vec(), when, vec![then]);
    }
    let product: Product = after(every_event());
    assert!(product.exists() && !product.is_published());
    assert_eq!((product.slug(), product.name().get(Locale::En)), ("l-etranger-02q", "The Stranger"));
    assert_eq!((product.summary(), product.categories()), (&french("Un roman."), &[category_id(1)][..]));
    assert_eq!((product.attributes(), product.editorial_reviews().len()), (&year, 1));
}

#[test]
fn every_repeat_changes_nothing() {
    let told = || every_event()[..6].to_vec();
    accepted::<Product>(vec![created()], create("l-etranger-02q", french("L’Étranger")), vec![]);
    accepted::<Product>(told(), ProductCommand::Rename { name: both("L’Étranger", "The Stranger") }, vec![]);
    accepted::<Product>(told(), ProductCommand::Summarise { summary: french("Un roman.") }, vec![]);
    accepted::<Product>(told(), categorise([1]), vec![]);
    let attributes = BTreeMap::from([("year".to_owned(), "1942".to_owned())]);
    accepted::<Product>(told(), ProductCommand::SetAttributes { attributes }, vec![]);
    accepted::<Product>(told(), review("Un grand livre."), vec![]);
    accepted::<Product>(every_event()[..7].to_vec(), ProductCommand::Publish, vec![]);
    accepted::<Product>(every_event(), ProductCommand::Unpublish, vec![]);
    accepted::<Product>(told(), ProductCommand::Unpublish, vec![]);
}

#[test]
fn another_product_of_the_same_id_is_refused() {
    let refusal = CatalogError::AlreadyExists { what: "product" };
    refused::<Product>(vec![created()], create("l-etranger-02q", french("La Peste")), refusal.clone());
    refused::<Product>(vec![created()], create("la-peste-02q", french("L’Étranger")), refusal);
}

#[test]
fn nothing_happens_to_a_product_that_does_not_exist() {
    let commands = [
        rename("La Peste"),
        summarise("Un roman.".to_owned()),
        categorise([1]),
        attributes(1, "year", "1942"),
        review("Un grand livre."),
        ProductCommand::Publish,
        ProductCommand::Unpublish,
    ];
    for when in commands {
        refused::<Product>(vec![], when, CatalogError::Unknown { what: "product" });
    }
}

#[test]
fn a_slug_is_one_to_two_hundred_lower_case_letters_digits_and_dashes() {
    assert!(answered(vec![], create("a", french("A"))));
    assert!(answered(vec![], create(&"a".repeat(SLUG_LENGTH_MAX), french("A"))));
    for slug in ["", "A", "é", "a b", "a_b", &"a".repeat(SLUG_LENGTH_MAX + 1)] {
        invalid::<Product>(vec![], create(slug, french("A")), "slug");
    }
}

#[test]
fn a_name_is_bounded_in_both_languages() {
    let longest = letters(NAME_CHARACTERS_MAX);
    assert!(answered(vec![], create("a", both(&longest, &longest))));
    let longer = letters(NAME_CHARACTERS_MAX + 1);
    for name in [french(&longer), both("A", &longer), french("A\nB"), both("A", " ")] {
        invalid::<Product>(vec![], create("a", name.clone()), "name");
        invalid::<Product>(vec![created()], ProductCommand::Rename { name }, "name");
    }
}

#[test]
fn a_summary_is_bounded_in_both_languages() {
    assert!(answered(vec![created()], summarise(letters(SUMMARY_CHARACTERS_MAX))));
    invalid::<Product>(vec![created()], summarise(letters(SUMMARY_CHARACTERS_MAX + 1)), "summary");
    let summary = both("Un roman.", &letters(SUMMARY_CHARACTERS_MAX + 1));
    invalid::<Product>(vec![created()], ProductCommand::Summarise { summary }, "summary");
}

#[test]
fn a_product_stands_in_one_to_twenty_categories_and_in_none_twice() {
    let most = CATEGORIES_MAX as u128;
    assert!(answered(vec![created()], categorise(0..most)));
    invalid::<Product>(vec![created()], categorise([]), "categories");
    invalid::<Product>(vec![created()], categorise(0..=most), "categories");
    invalid::<Product>(vec![created()], categorise([1, 1]), "categories");
}

#[test]
fn the_order_of_categories_is_part_of_what_is_told() {
    let given = vec![created(), ProductEvent::Categorised { categories: vec![category_id(1), category_id(2)] }];
    assert!(answered(given, categorise([2, 1])));
}

#[test]
fn attributes_are_bounded_in_number_and_length() {
    let (key, value) = (letters(48), letters(500));
    assert!(answered(vec![created()], attributes(ATTRIBUTES_MAX, &key, &value)));
    let (long_key, long_value) = (letters(49), letters(501));
    for when in [
        attributes(ATTRIBUTES_MAX + 1, &key, &value),
        attributes(1, &long_key, &value),
        attributes(1, &key, &long_value),
        attributes(1, &key, ""),
        ProductCommand::SetAttributes { attributes: BTreeMap::from([(String::new(), value.clone())]) },
    ] {
        invalid::<Product>(vec![created()], when, "attributes");
    }
}

#[test]
fn attributes_can_be_emptied() {
    assert!(answered(every_event()[..6].to_vec(), attributes(0, "", "")));
}

#[test]
fn a_review_by_the_same_author_and_language_replaces_the_former() {
    let product: Product = after(vec![created(), reviewed("Un grand livre."), reviewed("Un très grand livre.")]);
    let texts: Vec<&str> = product.editorial_reviews().iter().map(|review| review.text.as_str()).collect();
    assert_eq!(texts, ["Un très grand livre."]);
    accepted::<Product>(vec![created(), reviewed("Bon.")], review("Très bon."), vec![reviewed("Très bon.")]);
}

#[test]
fn a_review_is_one_to_ten_thousand_characters() {
    assert!(answered(vec![created()], review("é")));
    assert!(answered(vec![created()], review(&letters(EDITORIAL_REVIEW_CHARACTERS_MAX))));
    for text in ["", "  ", &letters(EDITORIAL_REVIEW_CHARACTERS_MAX + 1)] {
        invalid::<Product>(vec![created()], review(text), "text");
    }
}

#[test]
fn a_product_has_at_most_fifty_reviews_and_they_can_still_be_replaced() {
    let by = |number: usize| ProductEvent::EditorialReviewAdded {
        locale: Locale::Fr,
        author: format!("Chroniqueur {number}").parse().expect("a short text"),
        text: "Bon.".to_owned(),
        published_at: Timestamp::from_micros(7),
    };
    let mut given = vec![created(), reviewed("Bon.")];
    given.extend((0..EDITORIAL_REVIEWS_MAX - 2).map(by));
    let author = || "Quelqu’un d’autre".parse().expect("a short text");
    let (locale, text, published_at) = (Locale::Fr, "Bon.".to_owned(), Timestamp::from_micros(7));
    let one_more = ProductCommand::AddEditorialReview { locale, author: author(), text, published_at };
    assert!(answered(given.clone(), one_more.clone()));
    given.push(by(EDITORIAL_REVIEWS_MAX));
    invalid::<Product>(given.clone(), one_more, "editorial_reviews");
    assert!(answered(given, review("Très bon.")));
}

#[test]
fn a_product_without_a_name_or_a_category_cannot_be_shown() {
    let nameless = ProductEvent::Created { slug: "02q".to_owned(), name: both("  ", "The Stranger") };
    let missing = |missing| CatalogError::NotPublishable { missing };
    refused::<Product>(vec![nameless, categorised()], ProductCommand::Publish, missing("a name"));
    refused::<Product>(vec![created()], ProductCommand::Publish, missing("a category"));
}

#[test]
fn a_product_that_is_shown_keeps_a_name() {
    let shown = || vec![created(), categorised(), ProductEvent::Published {}];
    refused::<Product>(shown(), rename(""), CatalogError::NotPublishable { missing: "a name" });
    assert!(answered(vec![created(), categorised()], rename("")));
}
