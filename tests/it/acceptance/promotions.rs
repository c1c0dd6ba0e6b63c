//! What staff and shoppers send about promotions.

use serde_json::{Value, json};
use testkit::{Client, PATIENCE};

/// Makes a promotion and returns it.
pub async fn promise(staff: &Client, input: Value) -> Value {
    let query = "mutation($i: PromotionCreateInput!, $k: String!) { promotionCreate(input: $i, idempotencyKey: $k)
        { result { id code status } errors { code message path } } }";
    let key = input["label"].clone();
    let mut payload = staff.call(query, json!({ "i": input, "k": key })).await["promotionCreate"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["result"].take()
}

/// Adds a code to a cart and returns the payload; its cart is what `checkoutComplete` asks for.
pub async fn add_code(shopper: &Client, cart: &Value, code: &str) -> Value {
    let query = format!(
        "mutation($i: CartCouponAddInput!) {{ cartCouponAdd(input: $i) {{ result {{ ...D }} errors {{ code path }} }} }} {CART}"
    );
    let input = json!({ "cartId": cart["id"], "code": code });
    shopper.call(&query, json!({ "i": input })).await["cartCouponAdd"].take()
}

/// Reads a cart once it is open again.
pub async fn open_cart(shopper: &Client, id: &Value) -> Value {
    let query = format!("query($id: ID!) {{ cart(id: $id) {{ ...D }} }} {CART}");
    let found = async {
        loop {
            let cart = shopper.call(&query, json!({ "id": id })).await["cart"].take();
            if cart["status"] == "OPEN" {
                return cart;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the cart opens again in time")
}

/// Reads a promotion once its uses and what it took off are as wanted, as staff see it.
pub async fn promotion_when(staff: &Client, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let query = "query($id: ID!) { promotion(id: $id)
        { usesReserved usesConfirmed totals { uses discount { minorUnits } } } }";
    let found = async {
        loop {
            let promotion = staff.call(query, json!({ "id": id })).await["promotion"].take();
            if wanted(&promotion) {
                return promotion;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the promotion comes to be as wanted in time")
}

const CART: &str = "fragment D on Cart { id version status payable { amount currency minorUnits }
  subtotal { minorUnits } discount { minorUnits } total { minorUnits }
  discounts { code withheld amount { minorUnits } shares { lineId amount { minorUnits } } }
  lines { id discount { minorUnits } total { net { minorUnits } tax { minorUnits } gross { minorUnits } } }
  vat { tax { minorUnits } gross { minorUnits } taxRate } }";
