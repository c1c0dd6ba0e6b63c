//! A promotion of a category lowers what stands in it or below it, follows the catalogue, and comes along with the cart of a guest
//! who signs in.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine};

use super::promotions::{add_code, promise};
use super::{Stage, on_both_engines};
use crate::http::operations::{complete, create, fill};

/// Makes a category, below another where one is named, and returns its id.
async fn category(staff: &Client, slug: &str, parent: Option<&Value>) -> Value {
    let query = "mutation($i: CategoryCreateInput!) { categoryCreate(input: $i) { result { id } errors { code } } }";
    let input = json!({ "slug": slug, "name": { "fr": slug }, "parentId": parent });
    staff.call(query, json!({ "i": input })).await["categoryCreate"]["result"]["id"].take()
}

async fn stands_in(staff: &Client, book: &Book, category: &Value) {
    let query = "mutation($i: ProductUpdateInput!) { productUpdate(input: $i) { errors { code message } } }";
    let input = json!({ "productId": book.product.as_str(), "categories": [category] });
    assert_eq!(staff.call(query, json!({ "i": input })).await["productUpdate"]["errors"], json!([]));
}

/// Moves the guest's cart into the customer's; returns the payload.
async fn sign_in(customer: &Client, guest: &Client, from: &Value, into: &Value) -> Value {
    let query = "mutation($i: CartMergeInput!) { cartMerge(input: $i, idempotencyKey: \"sign-in\")
        { result { id payable { amount currency minorUnits } subtotal { minorUnits } discount { minorUnits }
          discounts { code withheld amount { minorUnits } shares { lineId } } } errors { code } replayed } }";
    let input = json!({ "guestToken": guest.token, "guestCartId": from["id"], "cartId": into["id"] });
    customer.call(query, json!({ "i": input })).await["cartMerge"].take()
}

async fn ready(buyer: &Client, lines: &[(&Book, i64)]) -> Value {
    let created = create(buyer, lines).await;
    fill(buyer, created["result"]["id"].as_str().expect("a cart"), "pm_card_visa").await
}

async fn of_a_category(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let staff = stage.server.of_role(Role::Staff);
    let (novel, atlas) = (stage.book("ROMAN-1", 1_000, &[9]).await, stage.book("ATLAS-1", 3_000, &[9]).await);
    let books = category(&staff, "litterature", None).await;
    let novels = category(&staff, "romans", Some(&books)).await;
    stands_in(&staff, &novel, &novels).await;
    let input = json!({ "label": "Un quart", "code": "LIRE", "percentage": "0.25", "categoryIds": [books] });
    let made = promise(&staff, input).await;
    let query = "query($id: ID!) { promotion(id: $id) { reach { wholeOrder skus productIds categoryIds } } }";
    let shown = staff.call(query, json!({ "id": made["id"] })).await;
    let reach = json!({ "wholeOrder": false, "skus": [], "productIds": [], "categoryIds": [books] });
    assert_eq!(shown["promotion"]["reach"], reach);

    let guest = stage.server.guest().await;
    let cart = ready(&guest, &[(&novel, 2), (&atlas, 1)]).await;
    let added = add_code(&guest, &cart, "lire").await;
    let sums = ["subtotal", "discount", "payable"].map(|sum| added["result"][sum]["minorUnits"].clone());
    assert_eq!(sums, [5_000, 500, 4_890].map(|minor| json!(minor)), "{added}");
    let share = json!([{ "lineId": cart["lines"][0]["id"], "amount": { "minorUnits": 500 } }]);
    assert_eq!(added["result"]["discounts"][0]["shares"], share, "the atlas costs what it costs");

    // The guest turns out to be a customer, who has a novel in the cart already.
    let customer = stage.server.guest().await;
    let own = ready(&customer, &[(&novel, 1)]).await;
    for is_repeat in [false, true] {
        let merged = sign_in(&customer, &guest, &cart, &own).await;
        assert_eq!((&merged["errors"], &merged["replayed"]), (&json!([]), &json!(is_repeat)), "{merged}");
        let discount = &merged["result"]["discounts"][0];
        assert_eq!((&discount["code"], &discount["withheld"]), (&json!("LIRE"), &Value::Null), "{merged}");
        assert_eq!(merged["result"]["discount"]["minorUnits"], json!(750), "a quarter off three novels");
        assert_eq!(discount["shares"].as_array().map(Vec::len), Some(2));
    }

    // Novels are moved elsewhere: the cart follows, and nobody pays what they did not see.
    let seen = sign_in(&customer, &guest, &cart, &own).await["result"].take();
    stands_in(&staff, &novel, &category(&staff, "soldes", None).await).await;
    let refused = complete(&customer, &seen, "first").await;
    assert_eq!(
        (&refused["result"], &refused["errors"][0]["code"]),
        (&Value::Null, &json!("PRICE_CHANGED")),
        "{refused}"
    );
    stands_in(&staff, &novel, &novels).await;
    let placed = complete(&customer, &seen, "second").await;
    assert_eq!((&placed["errors"], &placed["result"]["status"]), (&json!([]), &json!("CONFIRMED")), "{placed}");
    let asked = 6_000 - 750 + 390;
    assert_eq!(placed["result"]["payable"]["minorUnits"], json!(asked));
    let ledger = stage.shop.simulator().ledger();
    assert_eq!(
        ledger.iter().map(|line| line.amount.minor()).collect::<Vec<_>>(),
        [asked],
        "the bank is asked for that"
    );
    stage.close().await;
}

async fn unknown_categories(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let staff = stage.server.of_role(Role::Staff);
    let books = category(&staff, "livres", None).await;
    let query = "mutation($i: PromotionCreateInput!, $k: String!) { promotionCreate(input: $i, idempotencyKey: $k)
        { result { id } errors { code path } } }";
    let unknown = domain::values::CategoryId::from_uuid(uuid::Uuid::from_u128(1)).to_string();
    let input = |categories: Value| {
        json!({ "label": "Cinq", "code": "CINQ", "categoryIds": categories,
        "amount": { "amount": "5.00", "currency": "EUR" } })
    };
    let of = |categories: Value, key: &str| json!({ "i": input(categories), "k": key });
    for (categories, code, key) in
        [(json!([books, unknown]), "NOT_FOUND", "a"), (json!([books, "x"]), "VALIDATION", "b")]
    {
        let payload = staff.call(query, of(categories, key)).await["promotionCreate"].take();
        let error = json!([{ "code": code, "path": ["categoryIds", "1"] }]);
        assert_eq!((&payload["result"], &payload["errors"]), (&Value::Null, &error));
    }
    let made = staff.call(query, of(json!([books]), "c")).await["promotionCreate"].take();
    assert_eq!(made["errors"], json!([]), "the code is still free");
    stage.close().await;
}

mod reach {
    super::on_both_engines!(super::of_a_category);
}

mod refusals {
    super::on_both_engines!(super::unknown_categories);
}
