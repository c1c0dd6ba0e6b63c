//! Covers are well formed, stay the same, and their texts fit.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use uuid::Uuid;

use super::super::bookshop::Bookshop;
use super::drawing::{self, Cover, Design};
use super::typesetting::{Room, Style, escape, set};
use super::{NAMESPACE, answer, palette, path};

fn covers() -> Vec<(String, Cover)> {
    let books = Bookshop::read().expect("the data is valid").books;
    books.iter().map(|book| (book.slug.clone(), Cover::of(book))).collect()
}

/// Asserts that a text is XML whose tags are closed in order, with no character that XML 1.0 forbids.
fn assert_well_formed(name: &str, svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg.trim_end();
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>'), "{name}: {text:?}");
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{name}: {tag}");
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(closed), _) => assert_eq!(open.pop(), Some(closed), "{name}"),
            (None, true) => {}
            (None, false) => open.push(tag.split(' ').next().expect("a tag has a name")),
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.is_empty(), "{name}: {open:?} {rest:?}");
    let allowed = |letter: char| !letter.is_control() || letter == '\n';
    assert!(svg.chars().all(allowed), "{name} has a control character");
    for entity in svg.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)), "{name}: &{entity}");
    }
}

#[test]
fn every_cover_is_well_formed_and_loads_nothing() {
    for (slug, cover) in covers() {
        let svg = drawing::draw(&cover);
        assert_well_formed(&slug, &svg);
        assert_eq!(svg.matches("http").count(), 1, "{slug}: the name space and nothing else");
        assert!(!svg.contains("href") && !svg.contains("<script"), "{slug}");
        assert!(svg.len() < 16_384, "{slug} has {} bytes", svg.len());
    }
}

#[test]
fn a_cover_is_the_same_for_ever() {
    let of = |name: &str| covers().into_iter().find(|(slug, _)| slug == name).expect("the book is there").1;
    let svg = drawing::draw(&of("les-miserables"));
    assert_eq!(svg, drawing::draw(&of("les-miserables")));
    assert_eq!(Uuid::new_v5(&NAMESPACE, svg.as_bytes()).to_string(), "43c04ebb-cd72-5782-83ca-032c6aec49b1");
    assert_ne!(svg, drawing::draw(&of("notre-dame-de-paris")));
}

#[test]
fn every_text_fits_its_room_and_can_be_read() {
    for (slug, cover) in covers() {
        for design in Design::ALL {
            let (texts, room) = drawing::texts(&cover, design);
            for (text, smallest) in
                [(Some(&texts.title), 170), (texts.subtitle.as_ref(), 110), (Some(&texts.author), 88)]
            {
                let Some(text) = text else { continue };
                assert!(text.width_tenths() <= room.width * 10, "{slug}, {design:?}: {:?}", text.lines);
                assert!(text.size >= smallest, "{slug}, {design:?}: {:?} at {}", text.lines, text.size);
            }
            assert!(texts.title_height() <= room.height, "{slug}, {design:?}: {}", texts.title_height());
        }
    }
}

#[test]
fn every_design_is_used_and_every_category_has_its_colours() {
    let mut used = [0; Design::ALL.len()];
    for (_, cover) in covers() {
        let design = Design::of(&cover);
        used[Design::ALL.iter().position(|other| *other == design).expect("a known design")] += 1;
    }
    assert!(used.iter().all(|count| *count >= 20), "{used:?}");
    for category in Bookshop::read().expect("the data is valid").categories {
        assert!(palette::has_own(&category.slug), "{}", category.slug);
    }
}

#[test]
fn lines_break_where_french_does() {
    let style = Style { size_max: 400, spacing: 0, leading: 1_080 };
    let lines = |text: &str| set(text, style, Room { width: 224, height: 130 }).lines;
    assert_eq!(lines("Le Comte de Monte-Cristo"), ["Le Comte", "de Monte-Cristo"]);
    assert_eq!(lines("Le Rouge et le Noir"), ["Le Rouge", "et le Noir"]);
    assert_eq!(lines("E. T. A. Hoffmann"), ["E. T. A. Hoffmann"]);
    assert_eq!(lines("Qui vive\u{202f}?"), ["Qui vive\u{202f}?"]);
    assert_eq!(lines(""), [""; 0]);
    let endless = "mot ".repeat(60);
    assert!(set(&endless, style, Room { width: 224, height: 130 }).size > 0);
}

#[test]
fn what_xml_reads_as_markup_is_escaped() {
    assert_eq!(escape("<Toi> & \"moi\"\u{7}"), "&lt;Toi&gt; &amp; &quot;moi&quot;");
}

#[tokio::test]
async fn covers_are_served_with_their_headers_and_others_are_unknown() {
    use axum::extract::{Path, State};
    use axum::http::HeaderMap;
    assert!(super::router().is_ok(), "the routes are made");
    let known: super::Covers = std::sync::Arc::new(covers().into_iter().collect());
    let file = path("les-miserables").trim_start_matches("/covers/").to_owned();
    let ask = |file: &str, headers: HeaderMap| answer(State(known.clone()), Path(file.to_owned()), headers);
    let response = ask(&file, HeaderMap::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], "image/svg+xml");
    assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=86400");
    assert!(response.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").starts_with("default-src 'none'"));
    let headers = HeaderMap::from_iter([(IF_NONE_MATCH, response.headers()[ETAG].clone())]);
    assert_eq!(ask(&file, headers).await.status(), StatusCode::NOT_MODIFIED);
    for unknown in ["les-miserables", "les-miserables.png", "nobody.svg", ".svg", "../books.toml"] {
        assert_eq!(ask(unknown, HeaderMap::new()).await.status(), StatusCode::NOT_FOUND, "{unknown}");
    }
}
