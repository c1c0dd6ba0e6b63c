//! Slugs of French titles.

use super::*;

#[test]
fn accents_and_ligatures_are_written_in_ascii() {
    assert_eq!(slugify("L’Œuvre au noir", "02q"), "l-oeuvre-au-noir-02q");
    assert_eq!(slugify("Ça, l'été — où ?", "x"), "ca-l-ete-ou-x");
    assert_eq!(slugify("ÆGYPTVS Noël naïf Lÿ", "x"), "aegyptvs-noel-naif-ly-x");
    assert_eq!(slugify("cafe\u{301}s", "x"), "cafes-x");
}

#[test]
fn what_has_no_ascii_form_separates_words_once() {
    assert_eq!(slugify("  --Guerre & paix!!  1812 ", "x"), "guerre-paix-1812-x");
    assert_eq!(slugify("a東京b", "x"), "a-b-x");
}

#[test]
fn a_name_without_letters_leaves_the_tail() {
    for name in ["", "   ", "東京", "…"] {
        assert_eq!(slugify(name, "02q"), "02q", "{name}");
    }
}

#[test]
fn at_most_eighty_characters_come_from_the_name() {
    assert_eq!(slugify(&"a".repeat(80), "x"), format!("{}-x", "a".repeat(80)));
    assert_eq!(slugify(&"a".repeat(81), "x"), format!("{}-x", "a".repeat(80)));
    assert_eq!(slugify(&format!("{} b", "a".repeat(79)), "x"), format!("{}-x", "a".repeat(79)));
    assert_eq!(slugify(&format!("{}œ", "a".repeat(79)), "x"), format!("{}-x", "a".repeat(79)));
    assert_eq!(slugify(&format!("{} b", "a".repeat(78)), "x"), format!("{}-b-x", "a".repeat(78)));
}
