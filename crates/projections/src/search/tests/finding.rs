//! What a text finds, and in which order.

use domain::catalog::ProductEvent;
use domain::values::{Currency, Locale, Localized};

use super::shop::{Shop, numbers, product, text};
use crate::search::SearchRequest;

async fn library() -> Shop {
    let mut shop = Shop::new().await;
    shop.book(1, "Les Fleurs du mal", "Charles Baudelaire", 590).await;
    shop.book(2, "L'Étranger", "Albert Camus", 790).await;
    shop.book(3, "Les Misérables, tome 1", "Victor Hugo", 990).await;
    shop.book(4, "Œuvres complètes", "Arthur Rimbaud", 6900).await;
    shop.book(5, "Le Cheval d'orgueil", "Pierre-Jakez Hélias", 1250).await;
    shop.book(6, "Elle et lui", "George Sand", 450).await;
    shop
}

#[tokio::test]
async fn a_shopper_finds_with_and_without_accents_in_both_numbers() {
    let shop = library().await;
    for (typed, wanted) in [
        ("fleurs du mal", 1),
        ("fleur du mal", 1),
        ("LES FLEURS DU MAL", 1),
        ("fleurs mal", 1),
        ("etranger", 2),
        ("l’étranger", 2),
        ("étrangère", 2),
        ("misérable", 3),
        ("les miserables tome", 3),
        ("oeuvre complete", 4),
        ("œuvres", 4),
        ("chevaux", 5),
        ("helias", 5),
        ("camus", 2),
        ("camus étranger", 2),
        ("SKU-3", 3),
        ("elle et", 6),
    ] {
        assert_eq!(shop.found(&text(typed)).await, [wanted], "{typed}");
    }
}

#[tokio::test]
async fn every_word_must_match() {
    let shop = library().await;
    assert_eq!(shop.found(&text("camus fleurs")).await, []);
}

#[tokio::test]
async fn the_last_word_may_be_unfinished() {
    let shop = library().await;
    for (typed, wanted) in [("fle", 1), ("les fleurs du ma", 1), ("baud", 1), ("étr", 2), ("victor hu", 3)] {
        assert_eq!(shop.found(&text(typed)).await, [wanted], "{typed}");
    }
    assert_eq!(shop.found(&text("victor hu ")).await, [], "a space ends the word");
}

#[tokio::test]
async fn a_slip_of_one_letter_is_forgiven_when_nothing_else_is_found() {
    let shop = library().await;
    for (typed, wanted) in [("misérabels", 3), ("baudelarie", 1), ("rimbeau", 0), ("rimbaut", 4), ("cheavl", 5)] {
        let expected = if wanted == 0 { vec![] } else { vec![wanted] };
        assert_eq!(shop.found(&text(typed)).await, expected, "{typed}");
    }
    assert_eq!(shop.found(&text("hugi ")).await, [], "short words are taken as they are");
}

#[tokio::test]
async fn a_name_weighs_more_than_an_author_and_an_author_more_than_a_summary() {
    let mut shop = Shop::new().await;
    for (number, name, author) in
        [(1, "Une vie", "Guy de Maupassant"), (2, "Poèmes", "Jean Racine"), (3, "Racine", "Lucien Febvre")]
    {
        shop.book(number, name, author, 1000).await;
    }
    let summary = Localized::new("Une étude sur Racine et son théâtre.", None);
    shop.product_event(1, ProductEvent::Summarised { summary }).await;
    assert_eq!(shop.found(&text("racine")).await, [3, 2, 1]);
}

#[tokio::test]
async fn the_words_in_their_order_come_first() {
    let mut shop = Shop::new().await;
    shop.book(1, "Mal de fleurs", "A", 1000).await;
    shop.book(2, "Les Fleurs du mal", "B", 1000).await;
    assert_eq!(shop.found(&text("fleurs du mal")).await, [2, 1]);
}

#[tokio::test]
async fn english_is_searched_in_english() {
    let mut shop = Shop::new().await;
    shop.draft(1, Localized::new("Les Fleurs du mal", Some("The Flowers of Evil".to_owned()))).await;
    shop.product_event(1, ProductEvent::Published {}).await;
    shop.book(2, "Le Thé", "A", 100).await;
    let english =
        |words: &str| SearchRequest { text: words.to_owned(), ..SearchRequest::new(Locale::En, Currency::Eur) };
    for typed in ["the flower of evil", "flowers evil", "fleurs du mal"] {
        assert_eq!(shop.found(&english(typed)).await, [1], "{typed}");
    }
    assert_eq!(shop.found(&text("flowers of evil")).await, [1], "the other language is found too");
    assert_eq!(shop.found(&text("thé")).await[0], 2, "what English leaves out is a word in French");
}

#[tokio::test]
async fn no_input_is_an_error() {
    let shop = library().await;
    let long = "fleurs ".repeat(1_500);
    let endless = "x".repeat(10_240);
    for typed in [
        "\"",
        "\"fleurs du",
        "(((",
        "]]}{[",
        "name:fleurs AND NOT (mal OR *)",
        "+-!^~*?:\\/",
        "' OR 1=1 --",
        "🌹🌹🌹",
        "🌹 fleurs 🌹",
        "le la les du de",
        "l'",
        "'s",
        "\u{0}\u{1}\u{feff}",
        "e\u{301}",
        "日本語",
        "\u{202e}slruelf",
        long.as_str(),
        endless.as_str(),
    ] {
        let page = shop.page(&text(typed)).await;
        assert!(page.hits.len() <= page.total, "{typed}");
    }
    assert_eq!(shop.found(&text("🌹 fleurs 🌹")).await, [1]);
    assert_eq!(shop.found(&text("🌹🌹🌹")).await, []);
    assert_eq!(shop.page(&text("   ")).await.total, 6, "a blank text finds everything");
    assert_eq!(shop.found(&text(&long)).await, [1], "only the first words count");
}

#[tokio::test]
async fn only_stop_words_find_names_made_of_them() {
    let shop = library().await;
    let found = shop.found(&text("les du ")).await;
    assert_eq!(found, [1]);
}

#[tokio::test]
async fn a_hit_is_a_product_id() {
    let shop = library().await;
    let page = shop.page(&text("camus")).await;
    assert_eq!(page.hits[0].product, product(2).as_str());
    assert_eq!(numbers(&page), [2]);
}
