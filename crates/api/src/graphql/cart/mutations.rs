//! Commands of shoppers on their carts.

use app::actor::Actor;
use app::bus::{Outcome, Request};
use app::cart::{CheckoutDetails, LineWish};
use app::error::{AppError, Refused};
use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::cart::{Cart as CartState, CartCommand, Coupon};
use domain::values::{CartId, CouponCode, LineId, OrderId, Quantity};

use super::types::Cart;
use crate::graphql::address::AddressInput;
use crate::graphql::call::Call;
use crate::graphql::inputs::Inputs;
use crate::graphql::money::{CurrencyCode, MoneyInput};
use crate::graphql::payload::Payload;

/// What is to be bought.
#[derive(Clone, Debug, InputObject)]
pub struct CartLineInput {
    /// What.
    pub sku: String,
    /// How many units, 1 to 1,000,000.
    pub quantity: i32,
}

/// Takes a cart.
#[derive(Clone, Debug, InputObject)]
pub struct CartCreateInput {
    /// The currency of every price in it.
    pub currency: CurrencyCode,
    /// Its first lines, at most 500.
    #[graphql(default)]
    pub lines: Vec<CartLineInput>,
    /// An order of yours that it adds to: it goes along with that, to the same address and by the same way, for nothing. Only
    /// while the order is paid and no carrier has a part of it.
    pub add_to: Option<ID>,
}

/// Puts lines in, all or none.
#[derive(Clone, Debug, InputObject)]
pub struct CartLinesAddInput {
    /// The cart.
    pub cart_id: ID,
    /// What, 1 to 500 lines; each is a line of its own, also where the SKU is in the cart already.
    pub lines: Vec<CartLineInput>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// A line's new quantity.
#[derive(Clone, Debug, InputObject)]
pub struct CartLineChangeInput {
    /// The line.
    pub line_id: ID,
    /// How many units, 1 to 1,000,000; 0 takes the line out.
    pub quantity: i32,
}

/// Changes quantities, all or none.
#[derive(Clone, Debug, InputObject)]
pub struct CartLinesChangeInput {
    /// The cart.
    pub cart_id: ID,
    /// Which lines, 1 to 500.
    pub lines: Vec<CartLineChangeInput>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Takes lines out, all or none.
#[derive(Clone, Debug, InputObject)]
pub struct CartLinesRemoveInput {
    /// The cart.
    pub cart_id: ID,
    /// Which lines, 1 to 500.
    pub line_ids: Vec<ID>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Moves a guest's cart into yours.
#[derive(Clone, Debug, InputObject)]
pub struct CartMergeInput {
    /// The guest's token: it proves that the guest's cart is yours too.
    pub guest_token: String,
    /// The guest's cart; it is closed.
    pub guest_cart_id: ID,
    /// Your cart.
    pub cart_id: ID,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Says what checkout needs; what is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct CheckoutUpdateInput {
    /// The cart.
    pub cart_id: ID,
    /// Where to write to.
    pub email: Option<String>,
    /// Where to send to.
    pub address: Option<AddressInput>,
    /// The code of a shipping option.
    pub shipping: Option<String>,
    /// The payment provider's token of a method, never a card number.
    pub payment_method_token: Option<String>,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Adds a coupon that its maker pays.
#[derive(Clone, Debug, InputObject)]
pub struct CartCouponApplyInput {
    /// The cart.
    pub cart_id: ID,
    /// The code on the coupon.
    pub code: String,
    /// The campaign that issued it.
    pub campaign: String,
    /// What its maker pays.
    pub amount: MoneyInput,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Adds the promotion of a code.
#[derive(Clone, Debug, InputObject)]
pub struct CartCouponAddInput {
    /// The cart.
    pub cart_id: ID,
    /// The code, in any case.
    pub code: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Takes the promotion of a code out.
#[derive(Clone, Debug, InputObject)]
pub struct CartCouponRemoveInput {
    /// The cart.
    pub cart_id: ID,
    /// The code, in any case.
    pub code: String,
    /// The version you saw.
    pub expected_version: Option<i32>,
}

/// Commands of shoppers on their carts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CartMutation;

#[Object]
impl CartMutation {
    /// Takes a cart for the shopper who asks. Codes: VALIDATION, NOT_FOUND, NO_PRICE, VARIANT_DISCONTINUED,
    /// ORDER_CANNOT_BE_ADDED_TO, WRONG_CURRENCY.
    async fn cart_create(
        &self,
        ctx: &Context<'_>,
        input: CartCreateInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let owner = call.customer()?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), None);
        call.answer(create(call, inputs, owner.clone(), &input).await, Cart::of)
    }

    /// Puts lines in, all or none. Codes: VALIDATION, NOT_FOUND, NO_PRICE, VARIANT_DISCONTINUED, VERSION_CONFLICT,
    /// TOO_MANY_LINES, CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_lines_add(
        &self,
        ctx: &Context<'_>,
        input: CartLinesAddInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(add_lines(call, inputs, &input).await, Cart::of)
    }

    /// Changes quantities, all or none; 0 takes a line out. Codes: VALIDATION, NOT_FOUND, LINE_NOT_FOUND,
    /// LINE_PRICE_FIXED, VERSION_CONFLICT, CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_lines_change(
        &self,
        ctx: &Context<'_>,
        input: CartLinesChangeInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(change_lines(call, inputs, &input).await, Cart::of)
    }

    /// Takes lines out, all or none. Codes: VALIDATION, NOT_FOUND, LINE_NOT_FOUND, VERSION_CONFLICT,
    /// CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_lines_remove(
        &self,
        ctx: &Context<'_>,
        input: CartLinesRemoveInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(remove_lines(call, inputs, &input).await, Cart::of)
    }

    /// Moves a guest's cart into the shopper's, once, all of it or nothing: lines, coupons and codes. A code that gives the
    /// shopper nothing comes along, and is in `discounts` with the reason. Codes: VALIDATION, NOT_FOUND, WRONG_CURRENCY,
    /// TOO_MANY_LINES, TOO_MANY_COUPONS, TOO_MANY_PROMOTIONS, VERSION_CONFLICT, CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_merge(
        &self,
        ctx: &Context<'_>,
        input: CartMergeInput,
        idempotency_key: String,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        call.answer(merge(call, inputs, &input).await, Cart::of)
    }

    /// Says what checkout needs, all or nothing; personal data is sealed before it is stored. Codes: VALIDATION,
    /// NOT_FOUND, NO_PRICE, CARD_NUMBER_REFUSED, CART_GOES_ALONG, VERSION_CONFLICT, CHECKOUT_UNDER_WAY, CART_CLOSED,
    /// CUSTOMER_FORGOTTEN.
    async fn checkout_update(
        &self,
        ctx: &Context<'_>,
        input: CheckoutUpdateInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(update_checkout(call, inputs, input).await, Cart::of)
    }

    /// Adds the promotion of a code. What the cart itself tells, such as a minimum that is not reached, is no refusal: the
    /// promotion is in its `discounts` then, with the reason. Codes: VALIDATION, NOT_FOUND, COUPON_UNKNOWN,
    /// PROMOTION_NOT_BEGUN, PROMOTION_EXPIRED, PROMOTION_PAUSED, PROMOTION_USED_UP, PROMOTION_USED_BY_CUSTOMER,
    /// TOO_MANY_PROMOTIONS, VERSION_CONFLICT, CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_coupon_add(
        &self,
        ctx: &Context<'_>,
        input: CartCouponAddInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(add_coupon(call, inputs, &input).await, Cart::of)
    }

    /// Takes the promotion of a code out. Codes: VALIDATION, NOT_FOUND, COUPON_UNKNOWN, VERSION_CONFLICT,
    /// CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_coupon_remove(
        &self,
        ctx: &Context<'_>,
        input: CartCouponRemoveInput,
        idempotency_key: Option<String>,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, idempotency_key.as_deref(), input.expected_version);
        call.answer(remove_coupon(call, inputs, &input).await, Cart::of)
    }

    /// Adds a coupon that its maker pays. Needs `ORDERS_WRITE`. Codes: VALIDATION, NOT_FOUND, COUPON_APPLIED,
    /// TOO_MANY_COUPONS, WRONG_CURRENCY, AMOUNT_OUT_OF_RANGE, VERSION_CONFLICT, CHECKOUT_UNDER_WAY, CART_CLOSED.
    async fn cart_coupon_apply(
        &self,
        ctx: &Context<'_>,
        input: CartCouponApplyInput,
        idempotency_key: String,
    ) -> Result<Payload<Cart>> {
        let call = Call::of(ctx)?;
        let inputs = Inputs::of(ctx, &input, Some(&idempotency_key), input.expected_version);
        call.answer(apply_coupon(call, inputs, &input).await, Cart::of)
    }
}

type Changed = Result<Outcome<CartState>, AppError>;

fn wishes(inputs: &mut Inputs, lines: &[CartLineInput]) -> Option<Vec<LineWish>> {
    inputs.list("lines", lines, |inputs, path, line| {
        let sku = inputs.parse(&[path, &["sku"]].concat(), &line.sku);
        let quantity = inputs.quantity(&[path, &["quantity"]].concat(), line.quantity);
        sku.zip(quantity).map(|(sku, quantity)| LineWish { sku, quantity, agreed: None })
    })
}

async fn create(
    call: Call<'_>,
    mut inputs: Inputs,
    owner: domain::values::CustomerId,
    input: &CartCreateInput,
) -> Changed {
    let lines = if input.lines.is_empty() { Some(Vec::new()) } else { wishes(&mut inputs, &input.lines) };
    let add_to = inputs.parse_if::<OrderId>(&["addTo"], input.add_to.as_ref().map(|id| id.as_str()));
    let (Some(lines), Some(add_to)) = (lines, add_to) else { return Err(inputs.refused()) };
    let request = call.command_of_new(&inputs.command()?);
    let (shop, currency) = (&call.state.shop, input.currency.into());
    match add_to {
        Some(order) => app::cart::open_addition(shop, &request, (owner, &order), currency, &lines).await,
        None => app::cart::open(shop, &request, owner, currency, &lines).await,
    }
}

async fn add_lines(call: Call<'_>, mut inputs: Inputs, input: &CartLinesAddInput) -> Changed {
    let cart = inputs.parse::<CartId>(&["cartId"], &input.cart_id);
    let lines = wishes(&mut inputs, &input.lines);
    let (Some(cart), Some(lines)) = (cart, lines) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, cart.as_str());
    app::cart::add_lines(&call.state.shop, &request, &cart, &lines).await
}

async fn change_lines(call: Call<'_>, mut inputs: Inputs, input: &CartLinesChangeInput) -> Changed {
    let cart = inputs.parse::<CartId>(&["cartId"], &input.cart_id);
    let changes = inputs.list("lines", &input.lines, |inputs, path, line| {
        let id = inputs.parse::<LineId>(&[path, &["lineId"]].concat(), &line.line_id);
        let quantity: Option<Option<Quantity>> = match line.quantity {
            0 => Some(None),
            units => inputs.quantity(&[path, &["quantity"]].concat(), units).map(Some),
        };
        id.zip(quantity)
    });
    let (Some(cart), Some(changes)) = (cart, changes) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, cart.as_str());
    app::cart::change(&call.state.shop, &request, &cart, CartCommand::ChangeLines { changes }).await
}

async fn remove_lines(call: Call<'_>, mut inputs: Inputs, input: &CartLinesRemoveInput) -> Changed {
    let cart = inputs.parse::<CartId>(&["cartId"], &input.cart_id);
    let changes = inputs
        .list("lineIds", &input.line_ids, |inputs, path, id| inputs.parse::<LineId>(path, id).map(|line| (line, None)));
    let (Some(cart), Some(changes)) = (cart, changes) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, cart.as_str());
    app::cart::change(&call.state.shop, &request, &cart, CartCommand::ChangeLines { changes }).await
}

async fn merge(call: Call<'_>, mut inputs: Inputs, input: &CartMergeInput) -> Changed {
    let shop = &call.state.shop;
    let cart = inputs.parse::<CartId>(&["cartId"], &input.cart_id);
    let guest_cart = inputs.parse::<CartId>(&["guestCartId"], &input.guest_cart_id);
    let guest: Option<Actor> = match call.state.tokens.read(&input.guest_token, shop.clock.now()) {
        Ok(actor) => Some(actor),
        Err(error) => {
            inputs.refuse(&["guestToken"], error.to_string(), "a guest's access token that has not expired");
            None
        }
    };
    let (Some(cart), Some(guest_cart), Some(guest)) = (cart, guest_cart, guest) else {
        return Err(inputs.refused());
    };
    let request = call.command(&inputs.command()?, cart.as_str());
    app::cart::merge(shop, &request, (&guest, &guest_cart), &cart).await
}

async fn update_checkout(call: Call<'_>, mut inputs: Inputs, input: CheckoutUpdateInput) -> Changed {
    let cart = inputs.parse::<CartId>(&["cartId"], &input.cart_id);
    let method = inputs.parse_if(&["paymentMethodToken"], input.payment_method_token.as_deref());
    let (Some(cart), Some(payment_method)) = (cart, method) else { return Err(inputs.refused()) };
    let request = call.command(&inputs.command()?, cart.as_str());
    let details = CheckoutDetails {
        email: input.email,
        address: input.address.map(Into::into),
        shipping: input.shipping,
        payment_method,
    };
    app::cart::set_details(&call.state.shop, &request, &cart, &details).await
}

async fn add_coupon(call: Call<'_>, inputs: Inputs, input: &CartCouponAddInput) -> Changed {
    let (request, cart, code) = about_code(call, inputs, &input.cart_id, &input.code)?;
    app::promotion::add_to_cart(&call.state.shop, &request, &cart, &code).await
}

async fn remove_coupon(call: Call<'_>, inputs: Inputs, input: &CartCouponRemoveInput) -> Changed {
    let (request, cart, code) = about_code(call, inputs, &input.cart_id, &input.code)?;
    app::promotion::remove_from_cart(&call.state.shop, &request, &cart, &code).await
}

/// Reads which code of which cart a command is about.
fn about_code(
    call: Call<'_>,
    mut inputs: Inputs,
    cart: &ID,
    code: &str,
) -> Result<(Request, CartId, CouponCode), AppError> {
    let cart = inputs.parse::<CartId>(&["cartId"], cart);
    let code = inputs.parse::<CouponCode>(&["code"], code);
    let (Some(cart), Some(code)) = (cart, code) else { return Err(inputs.refused()) };
    Ok((call.command(&inputs.command()?, cart.as_str()), cart, code))
}

async fn apply_coupon(call: Call<'_>, mut inputs: Inputs, input: &CartCouponApplyInput) -> Changed {
    let cart = inputs.parse::<CartId>(&["cartId"], &input.cart_id);
    let code = inputs.parse(&["code"], &input.code);
    let campaign = inputs.parse(&["campaign"], &input.campaign);
    let amount = inputs.money(&["amount"], input.amount);
    let (Some(cart), Some(code), Some(campaign), Some(amount)) = (cart, code, campaign, amount) else {
        return Err(inputs.refused());
    };
    let request = call.command(&inputs.command()?, cart.as_str());
    let coupon = Coupon { code, campaign, amount };
    let applied = app::cart::apply_coupon(&call.state.shop, &request, &cart, coupon).await;
    applied.map_err(|error| match error {
        AppError::Refused(refused) if refused.code == "NOT_FOUND" => Refused::at(refused, &["cartId"]).into(),
        other => other,
    })
}
