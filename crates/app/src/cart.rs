//! Use cases of the cart: priced from the catalogue, owned by one shopper.

#[cfg(test)]
mod tests;

use domain::cart::{
    Cart, CartCommand, CartLine, CartStatus, Coupon, CurrentPrice, GuestCart, LinePrice, ShippingChoice,
};
use domain::values::{CartId, Currency, CustomerId, LineId, OrderId, Quantity, ShortText, Sku};
use serde::{Deserialize, Serialize};

use crate::Shop;
use crate::actor::{Actor, Permission};
use crate::as_of::AsOf;
use crate::bus::{Loaded, Outcome, Request};
use crate::catalog;
use crate::error::{AppError, Refused};
use crate::order;
use crate::promotion;

/// A line a shopper wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineWish {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// A price agreed by hand, where it is not the catalogue's. Staff only.
    pub agreed: Option<AgreedPrice>,
}

/// A price that is not the catalogue's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedPrice {
    /// VAT included.
    pub price: LinePrice,
    /// Why.
    pub reason: ShortText,
}

/// A name and an address as they were typed; sealed before they go anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Who receives it, 1 to 100 characters.
    pub name: String,
    /// Street and number, 1 to 200 characters.
    pub line1: String,
    /// Anything more, at most 200 characters.
    pub line2: Option<String>,
    /// 1 to 16 characters.
    pub postal_code: String,
    /// 1 to 100 characters.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// At most 30 characters.
    pub phone: Option<String>,
}

/// What a shopper says for checkout; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct CheckoutDetails {
    /// Where to write to.
    pub email: Option<String>,
    /// Where to send to.
    pub address: Option<Address>,
    /// The code of a shipping option.
    pub shipping: Option<String>,
    /// The payment provider's token.
    pub payment_method: Option<ShortText>,
}

/// Loads a cart that the actor may change: their own, or any for staff.
///
/// # Errors
/// `NOT_FOUND` for an unknown cart and for someone else's alike.
pub async fn find(shop: &Shop, actor: &Actor, cart: &CartId) -> Result<Loaded<Cart>, AppError> {
    let loaded = shop.bus.load::<Cart>(cart.as_str()).await?;
    match loaded.state.owner() {
        Some(owner) if actor.may_see(owner, Permission::OrdersWrite) => Ok(loaded),
        _ => Err(Refused::not_found("cart").at(&["cartId"]).into()),
    }
}

/// Loads a cart that the actor may look at, as it is or as it was.
///
/// # Errors
/// `NOT_FOUND` for a cart that is unknown or was not opened yet, and for someone else's alike.
pub async fn look_up(shop: &Shop, actor: &Actor, cart: &CartId, as_of: AsOf) -> Result<Loaded<Cart>, AppError> {
    let loaded = shop.bus.load_as_of::<Cart>(cart.as_str(), as_of).await?;
    match loaded.state.owner() {
        Some(owner) if actor.may_look_at(owner, Permission::OrdersWrite) => Ok(loaded),
        _ => Err(Refused::not_found("cart").at(&["cartId"]).into()),
    }
}

/// Takes a cart, with its first lines or empty.
///
/// # Errors
/// The refusals of every line at once; the cart's refusals.
pub async fn open(
    shop: &Shop,
    request: &Request,
    owner: CustomerId,
    currency: Currency,
    wishes: &[LineWish],
) -> Result<Outcome<Cart>, AppError> {
    begin(shop, request, (currency, wishes), vec![CartCommand::Open { owner, currency }]).await
}

/// Takes a cart as [`open`] does, that adds to an order of its owner: it goes along with that, for nothing.
///
/// # Errors
/// `NOT_FOUND` where the order is not theirs; `ORDER_CANNOT_BE_ADDED_TO`; as [`open`].
pub async fn open_addition(
    shop: &Shop,
    request: &Request,
    (owner, order): (CustomerId, &OrderId),
    currency: Currency,
    wishes: &[LineWish],
) -> Result<Outcome<Cart>, AppError> {
    let to = order::added_to(shop, (&owner, currency), order).await?;
    let begun = vec![CartCommand::Open { owner, currency }, CartCommand::BeginAddition { to: Box::new(to) }];
    begin(shop, request, (currency, wishes), begun).await
}

async fn begin(
    shop: &Shop,
    request: &Request,
    (currency, wishes): (Currency, &[LineWish]),
    mut commands: Vec<CartCommand>,
) -> Result<Outcome<Cart>, AppError> {
    let id = CartId::from_uuid(shop.ids.uuid());
    if !wishes.is_empty() {
        commands.push(CartCommand::AddLines { lines: priced(shop, &request.actor, currency, wishes).await? });
    }
    commands.extend(promotion::posted(shop, currency, None).await?);
    commands.extend(promotion::categories_for(shop, None, &commands).await?);
    shop.bus.begin_all(id.as_str(), &request.of_conversation(id.as_str()), &commands).await
}

/// Puts lines in, all or none.
///
/// # Errors
/// The refusals of every line at once; the cart's refusals.
pub async fn add_lines(
    shop: &Shop,
    request: &Request,
    cart: &CartId,
    wishes: &[LineWish],
) -> Result<Outcome<Cart>, AppError> {
    let loaded = find(shop, &request.actor, cart).await?;
    let currency = currency_of(&loaded.state)?;
    let mut commands = vec![CartCommand::AddLines { lines: priced(shop, &request.actor, currency, wishes).await? }];
    commands.extend(promotion::posted(shop, currency, Some(&loaded.state)).await?);
    commands.extend(promotion::categories_for(shop, Some(&loaded.state), &commands).await?);
    shop.bus.execute_all(cart.as_str(), request, &commands).await
}

/// Runs any other command of a shopper on their cart.
///
/// # Errors
/// `NOT_FOUND` where the cart is not theirs; the cart's refusals.
pub async fn change(
    shop: &Shop,
    request: &Request,
    cart: &CartId,
    command: CartCommand,
) -> Result<Outcome<Cart>, AppError> {
    find(shop, &request.actor, cart).await?;
    shop.bus.execute(cart.as_str(), request, command).await
}

/// Sets what a shopper says for checkout, all or nothing. Personal data is sealed here.
///
/// # Errors
/// Every input that is not valid, at once; the cart's refusals.
pub async fn set_details(
    shop: &Shop,
    request: &Request,
    cart: &CartId,
    details: &CheckoutDetails,
) -> Result<Outcome<Cart>, AppError> {
    let loaded = find(shop, &request.actor, cart).await?;
    let owner = loaded.state.owner().cloned().ok_or_else(|| Refused::not_found("cart"))?;
    validate(shop, details)?;
    let mut commands = Vec::new();
    if let Some(email) = &details.email {
        commands.push(CartCommand::SetContact { email: shop.vault.seal(&owner, email.trim()).await? });
    }
    if let Some(address) = &details.address {
        let text = serde_json::to_string(address).map_err(AppError::broken)?;
        let sealed = shop.vault.seal(&owner, &text).await?;
        commands.push(CartCommand::SetAddress { address: sealed, country: address.country.clone() });
    }
    if let Some(code) = &details.shipping {
        commands
            .push(CartCommand::ChooseShipping { shipping: shipping_choice(shop, code, currency_of(&loaded.state)?)? });
    }
    if let Some(method) = &details.payment_method {
        commands.push(CartCommand::ChoosePaymentMethod { method: method.clone() });
    }
    shop.bus.execute_all(cart.as_str(), request, &commands).await
}

/// Adds a coupon that its maker pays. Only the house may say what it is worth.
///
/// # Errors
/// [`AppError::Forbidden`] without `ORDERS_WRITE`; the cart's refusals.
pub async fn apply_coupon(
    shop: &Shop,
    request: &Request,
    cart: &CartId,
    coupon: Coupon,
) -> Result<Outcome<Cart>, AppError> {
    request.actor.require(Permission::OrdersWrite)?;
    shop.bus.execute(cart.as_str(), request, CartCommand::ApplyCoupon { coupon }).await
}

/// Moves a guest's cart into a customer's when the guest signs in: its lines, its coupons and its codes. A code that gives this
/// customer nothing comes along and says why. The guest's cart is closed first into this one, so that all arrives once however
/// often this is repeated.
///
/// # Errors
/// `NOT_FOUND` where either cart is not its actor's; the cart's refusals.
pub async fn merge(
    shop: &Shop,
    request: &Request,
    guest: (&Actor, &CartId),
    into: &CartId,
) -> Result<Outcome<Cart>, AppError> {
    let (guest_actor, from) = guest;
    find(shop, &request.actor, into).await?;
    let source = find(shop, guest_actor, from).await?;
    let target_open = shop.bus.load::<Cart>(into.as_str()).await?;
    if from == into {
        return Err(Refused::new("VALIDATION", "a cart cannot be merged into itself").at(&["guestCartId"]).into());
    }
    let command = merge_of(shop, (from, &source.state), &target_open.state).await?;
    // Ask the target first whether it would take them: a guest's cart must not be closed for nothing.
    domain::decider::Decider::decide(&*target_open.state, &command).map_err(|refusal| Refused::of(&refusal))?;
    let absorbed = CartCommand::Absorb { into: into.clone() };
    let closed = shop.bus.execute::<Cart>(from.as_str(), &request.follow_up(), absorbed).await?;
    let command = merge_of(shop, (from, &closed.state), &target_open.state).await?;
    shop.bus.execute(into.as_str(), request, command).await
}

/// Makes the command that takes a guest's cart into another.
async fn merge_of(shop: &Shop, (from, guest): (&CartId, &Cart), into: &Cart) -> Result<CartCommand, AppError> {
    let promotions = promotion::carried(shop, guest, into).await?;
    let terms: Vec<_> = into.promotions().iter().chain(&promotions).map(|held| &held.added.terms).collect();
    let lines: Vec<_> = into.lines().iter().chain(guest.lines()).collect();
    let categories = promotion::places_of(shop, &terms, &lines).await?;
    let guest = GuestCart {
        from: from.clone(),
        currency: currency_of(guest)?,
        lines: guest.lines().to_vec(),
        promotions,
        coupons: guest.coupons().to_vec(),
        categories,
    };
    Ok(CartCommand::Merge { guest: Box::new(guest) })
}

/// Returns what the catalogue asks for every line of a cart that follows it, for lines whose offer still stands.
///
/// # Errors
/// [`AppError`] when the store fails; `NOT_FOUND` and its like for a line that is not sold any more.
pub async fn current_prices(shop: &Shop, cart: &Cart) -> Result<Vec<CurrentPrice>, AppError> {
    let currency = currency_of(cart)?;
    let mut prices = Vec::with_capacity(cart.lines().len());
    for line in cart.lines().iter().filter(|line| line.price_reason.is_none()) {
        let offer = catalog::offer(shop, &line.sku, currency).await?;
        let price = LinePrice::PerUnit(offer.price);
        prices.push(CurrentPrice { line: line.line.clone(), price, vat_rate: offer.vat_rate });
    }
    Ok(prices)
}

/// Returns whether the cart can still be changed.
pub fn is_open(cart: &Cart) -> bool {
    matches!(cart.status(), CartStatus::Open)
}

fn currency_of(cart: &Cart) -> Result<Currency, AppError> {
    cart.currency().ok_or_else(|| Refused::not_found("cart").into())
}

async fn priced(
    shop: &Shop,
    actor: &Actor,
    currency: Currency,
    wishes: &[LineWish],
) -> Result<Vec<CartLine>, AppError> {
    let (mut lines, mut refused) = (Vec::with_capacity(wishes.len()), Vec::new());
    for (index, wish) in wishes.iter().enumerate() {
        if wish.agreed.is_some() {
            actor.require(Permission::OrdersWrite)?;
        }
        match catalog::offer(shop, &wish.sku, currency).await {
            Ok(offer) => lines.push(line_of(shop, wish, offer)),
            Err(AppError::Refused(why)) => refused.push(why.at(&["lines", &index.to_string(), "sku"])),
            Err(error) => return Err(error),
        }
    }
    if refused.is_empty() { Ok(lines) } else { Err(AppError::Invalid(refused)) }
}

fn line_of(shop: &Shop, wish: &LineWish, offer: catalog::Offer) -> CartLine {
    let (price, price_reason) = match &wish.agreed {
        Some(agreed) => (agreed.price, Some(agreed.reason.clone())),
        None => (LinePrice::PerUnit(offer.price), None),
    };
    CartLine {
        line: LineId::from_uuid(shop.ids.uuid()),
        sku: offer.sku,
        product: offer.product,
        name: offer.name,
        quantity: wish.quantity,
        price,
        vat_rate: offer.vat_rate,
        price_reason,
    }
}

fn shipping_choice(shop: &Shop, code: &str, currency: Currency) -> Result<ShippingChoice, Refused> {
    let options = &shop.settings.shipping;
    let found = options.iter().find(|option| option.code == code);
    let option = found.ok_or_else(|| {
        let known = options.iter().map(|option| option.code.as_str()).collect::<Vec<_>>().join(", ");
        Refused::new("VALIDATION", format!("there is no shipping option {code}: choose one of {known}"))
            .at(&["shipping"])
    })?;
    option.choice_in(currency).ok_or_else(|| {
        let message = format!("the shipping option {code} has no price in {currency}");
        Refused::new("NO_PRICE", message).at(&["shipping"])
    })
}

fn validate(shop: &Shop, details: &CheckoutDetails) -> Result<(), AppError> {
    let mut refused = Vec::new();
    if let Some(email) = &details.email
        && !is_email(email.trim())
    {
        let message =
            "the e-mail address is not valid: it needs one @ between a name and a domain, at most 254 characters";
        refused.push(Refused::new("VALIDATION", message).at(&["email"]));
    }
    if let Some(address) = &details.address {
        refused.extend(address_errors(address));
    }
    if let Some(code) = &details.shipping
        && !shop.settings.shipping.iter().any(|option| option.code == *code)
    {
        refused.extend(shipping_choice(shop, code, Currency::Eur).err());
    }
    if refused.is_empty() { Ok(()) } else { Err(AppError::Invalid(refused)) }
}

/// Accepts what mail systems accept (RFC 5321 limits), without pretending to know which addresses exist.
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    text.len() <= 254
        && (1..=64).contains(&name.len())
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && plain
        && !name.contains('@')
}

fn address_errors(address: &Address) -> Vec<Refused> {
    let fields = [
        ("name", Some(&address.name), 1, 100),
        ("line1", Some(&address.line1), 1, 200),
        ("line2", address.line2.as_ref(), 0, 200),
        ("postalCode", Some(&address.postal_code), 1, 16),
        ("city", Some(&address.city), 1, 100),
        ("phone", address.phone.as_ref(), 0, 30),
    ];
    let mut refused = Vec::new();
    for (field, text, length_min, length_max) in fields {
        let Some(text) = text else { continue };
        let length = text.trim().chars().count();
        if !(length_min..=length_max).contains(&length) || text.chars().any(char::is_control) {
            let message = format!("{field} must have {length_min} to {length_max} characters");
            refused.push(Refused::new("VALIDATION", message).at(&["address", field]));
        }
    }
    if address.country.len() != 2 || !address.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = "the country must be two capital letters (ISO 3166-1 alpha-2)";
        refused.push(Refused::new("VALIDATION", message).at(&["address", "country"]));
    }
    refused
}
