use super::{Api, STRICT, refused};
use crate::http::document::Document;
use crate::http::error::ErrorCode;
use crate::http::limits::{BRACKETS_OPEN_MAX, TOKENS_MAX, check_text};

fn deep(depth: usize) -> String {
    format!("{}hello{}", "{nested".repeat(depth - 1) + "{", "}".repeat(depth))
}

fn code(text: &str) -> Option<ErrorCode> {
    Document::parse(text).err().map(|failure| failure.code)
}

const TOO_COMPLEX: Option<ErrorCode> = Some(ErrorCode::QueryTooComplex);

#[tokio::test]
async fn each_limit_lets_its_number_pass_and_one_more_not() {
    let api = Api::new().await;
    let many = |count: usize, one: &dyn Fn(usize) -> String| {
        format!("{{{}}}", (0..count).map(|at| one(at) + " ").collect::<String>())
    };
    let aliases = |count| many(count, &|at| format!("a{at}: hello"));
    let directives = |count: usize| format!("{{hello {}}}", "@include(if: true) ".repeat(count));
    for (fits, exceeds, what) in [
        (deep(10), deep(11), "levels"),
        (deep(10), deep(50), "levels"),
        (aliases(15), aliases(16), "aliases"),
        (many(10, &|_| "hello @skip(if: false)".into()), many(11, &|_| "hello @skip(if: false)".into()), "directives"),
        ("{hello}".into(), directives(11), "directives"),
        ("{page(first: 1000)}".into(), "{page(first: 1001)}".into(), "costs"),
    ] {
        let answer = api.query(&fits).await;
        assert!(answer.json().get("errors").is_none(), "{fits}: {}", answer.text);
        let answer = api.query_with(&exceeds, &[STRICT]).await;
        assert_eq!(answer.refusal(), refused(400, "QUERY_TOO_COMPLEX"), "{exceeds}");
        assert!(answer.message().contains(what) && answer.message().contains(": "), "{}", answer.message());
    }
}

#[test]
fn tokens_are_counted_without_what_is_ignored() {
    let names = |count: usize| format!("{{{}}} # and a comment that is no token", "hello,\n".repeat(count));
    assert_eq!(check_text(&names(TOKENS_MAX - 2)), Ok(()));
    assert!(check_text(&names(TOKENS_MAX - 1)).is_err());
    let strings = r#"{ a(b: "x y \" z", c: """two "quoted" \""" words""", d: -1.5e+3) ...F }"#;
    let padding = |tokens: usize| format!("{strings}{}", " x".repeat(tokens));
    assert_eq!(check_text(&padding(TOKENS_MAX - 16)), Ok(()));
    assert!(check_text(&padding(TOKENS_MAX - 15)).is_err());
}

#[test]
fn brackets_are_counted_before_a_parser_recurses_on_them() {
    for open in ["{", "(", "["] {
        assert_eq!(check_text(&open.repeat(BRACKETS_OPEN_MAX)), Ok(()));
        assert!(check_text(&open.repeat(BRACKETS_OPEN_MAX + 1)).is_err());
    }
    assert_eq!(code(&"{a".repeat(500)), TOO_COMPLEX);
    assert_eq!(code(&format!("{{a(b: {}1{})}}", "[".repeat(400), "]".repeat(400))), TOO_COMPLEX);
    // Brackets in strings and comments are text.
    assert_eq!(check_text(&format!("{{ a(b: \"{}\") }} # {}", "{".repeat(99), "(".repeat(99))), Ok(()));
    assert_eq!(check_text("\"never closed \\"), Ok(()));
}

#[test]
fn fragments_are_counted_unfolded_but_in_the_time_of_the_text() {
    let mut bomb = "{...F0}".to_owned();
    for at in 0..60 {
        bomb += &format!("fragment F{at} on Query{{...F{0} ...F{0}}}", at + 1);
    }
    bomb += "fragment F60 on Query{hello}";
    assert_eq!(code(&bomb), TOO_COMPLEX);
    let levels = |count: usize| {
        let fragments = (0..count).map(|at| format!("fragment F{at} on Query{{nested{{...F{}}}}}", at + 1));
        format!("{{...F0}}{}fragment F{count} on Query{{hello}}", fragments.collect::<String>())
    };
    assert_eq!(code(&levels(9)), None);
    assert_eq!(code(&levels(10)), TOO_COMPLEX);
    let inline = |count: usize| format!("{{{}hello{}}}", "...{".repeat(count), "}".repeat(count));
    assert_eq!(code(&inline(31)), None);
    assert_eq!(code(&inline(32)), TOO_COMPLEX);
}

#[test]
fn fragments_in_a_circle_are_told() {
    let circle = "{...A} fragment A on Query{...B} fragment B on Query{nested{...A}}";
    let failure = Document::parse(circle).err().expect("a circle is refused");
    assert_eq!(failure.code, ErrorCode::BadRequest);
    assert!(failure.message.contains("contains itself"));
}

#[test]
fn an_unused_fragment_and_one_that_is_not_there_cost_nothing() {
    assert_eq!(code("{hello} fragment A on Query{...A}"), None);
    assert_eq!(code("{hello ...Missing}"), None);
}

/// The query GraphiQL sends when it opens, cut to what makes it deep.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { queryType { name } types { ...FullType }
    directives { name args(includeDeprecated: true) { ...InputValue } } } }
    fragment FullType on __Type { kind name fields(includeDeprecated: true) { name args { ...InputValue }
      type { ...TypeRef } } inputFields { ...InputValue } interfaces { ...TypeRef } enumValues { name }
      possibleTypes { ...TypeRef } }
    fragment InputValue on __InputValue { name type { ...TypeRef } defaultValue }
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
      ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn graphiql_s_introspection_passes() {
    let answer = Api::new().await.query(INTROSPECTION).await;
    assert_eq!(answer.json()["data"]["__schema"]["queryType"]["name"], "Query", "{}", answer.text);
}

#[tokio::test]
async fn introspection_that_grows_by_powers_does_not() {
    let api = Api::new().await;
    let powers =
        |lists: usize| format!("{{__schema{{types{{{}name{}}}}}}}", "fields{type{".repeat(lists), "}}".repeat(lists));
    assert!(api.query(&powers(2)).await.json().get("errors").is_none());
    assert_eq!(api.query(&powers(3)).await.refusal(), refused(200, "QUERY_TOO_COMPLEX"));
    // Beside ordinary fields introspection has their depth.
    assert_eq!(code(&INTROSPECTION.replacen("{ __schema", "{ hello __schema", 1)), TOO_COMPLEX);
}
