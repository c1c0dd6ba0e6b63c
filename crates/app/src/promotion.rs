//! Use cases of promotions: staff make them, carts take them in, checkouts promise a use of each to an order.

mod reach;
#[cfg(test)]
mod tests;

use domain::cart::{Cart, CartCommand, CartPromotion, HeldPromotion, PROMOTIONS_MAX};
use domain::decider::Refusal;
use domain::promotion::{
    BOARD, BoardCommand, POSTED_MAX, Promotion, PromotionBoard, PromotionCommand, PromotionError, PromotionLimits,
};
use domain::values::{BlindIndex, CartId, CouponCode, Currency, OrderId, PromotionId, PromotionTerms, ShortText};
use futures_util::future::try_join_all;
pub(crate) use reach::{categories_for, places_of};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Shop;
use crate::actor::{Actor, Permission};
use crate::as_of::AsOf;
use crate::bus::{Loaded, Outcome, Request};
use crate::cart;
use crate::catalog;
use crate::error::{AppError, Refused};

/// Under it the codes of coupons name their promotions (UUID version 5, RFC 9562).
const CODES: Uuid = Uuid::from_u128(0x6f0d_3c1e_52a7_4b8c_9d11_7a8e_40c2_95f3);

/// A promotion that gives a cart nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// The promotion.
    pub promotion: PromotionId,
    /// Why, a stable code.
    pub code: String,
}

/// Names the promotion of a code: the same code is the same promotion, so that it is made once.
pub fn id_of(code: &CouponCode) -> PromotionId {
    PromotionId::from_uuid(Uuid::new_v5(&CODES, code.as_str().as_bytes()))
}

/// Makes a promotion; one without a code applies by itself from then on.
///
/// # Errors
/// [`AppError::Forbidden`] without `PROMOTIONS_WRITE`; `ALREADY_EXISTS` where the code is taken; `NOT_FOUND` for a category that
/// there is not; `PROMOTION_BOARD_FULL` for one without a code too many; the promotion's refusals.
pub async fn create(
    shop: &Shop,
    request: &Request,
    terms: PromotionTerms,
    limits: PromotionLimits,
) -> Result<Outcome<Promotion>, AppError> {
    request.actor.require(Permission::PromotionsWrite)?;
    catalog::are_known(shop, terms.reach.categories()).await?;
    let (id, is_posted) = match &terms.code {
        Some(code) => (id_of(code), false),
        None => (PromotionId::from_uuid(shop.ids.uuid()), true),
    };
    let request = request.of_conversation(id.as_str());
    if is_posted && shop.bus.load::<PromotionBoard>(BOARD).await?.state.posted().len() >= POSTED_MAX {
        return Err(Refused::of(&PromotionError::BoardFull { max: POSTED_MAX }).into());
    }
    let command = PromotionCommand::Create { terms: Box::new(terms), limits };
    let made = shop.bus.execute::<Promotion>(id.as_str(), &request, command).await?;
    if is_posted {
        // A repeat after a crash between the two is answered with the promotion that was made, and posts it.
        let post = BoardCommand::Post { promotion: made.id.parse().map_err(AppError::broken)? };
        shop.bus.execute::<PromotionBoard>(BOARD, &request.follow_up(), post).await?;
    }
    Ok(made)
}

/// Runs a command of staff on a promotion: pause, resume, end.
///
/// # Errors
/// [`AppError::Forbidden`] without `PROMOTIONS_WRITE`; the promotion's refusals.
pub async fn change(
    shop: &Shop,
    request: &Request,
    promotion: &PromotionId,
    command: PromotionCommand,
) -> Result<Outcome<Promotion>, AppError> {
    request.actor.require(Permission::PromotionsWrite)?;
    let ends = matches!(command, PromotionCommand::End { .. });
    let changed = shop.bus.execute::<Promotion>(promotion.as_str(), request, command).await?;
    if ends {
        let take_down = BoardCommand::TakeDown { promotion: promotion.clone() };
        shop.bus.execute::<PromotionBoard>(BOARD, &request.follow_up(), take_down).await?;
    }
    Ok(changed)
}

/// Loads a promotion for staff and auditors, as it is or as it was.
///
/// # Errors
/// [`AppError::Forbidden`] for anyone else; `NOT_FOUND` for one that was not made yet.
pub async fn look_up(
    shop: &Shop,
    actor: &Actor,
    promotion: &PromotionId,
    as_of: AsOf,
) -> Result<Loaded<Promotion>, AppError> {
    if !actor.may(Permission::AuditRead) {
        actor.require(Permission::PromotionsWrite)?;
    }
    let loaded = shop.bus.load_as_of::<Promotion>(promotion.as_str(), as_of).await?;
    if loaded.version == 0 { Err(Refused::not_found("promotion").at(&["promotionId"]).into()) } else { Ok(loaded) }
}

/// Adds the promotion of a code to a cart. What the cart itself can tell, such as a minimum that is not reached, is no
/// refusal: the cart says it, and changes its mind with its lines.
///
/// # Errors
/// `NOT_FOUND` for the cart; `COUPON_UNKNOWN` for the code; why the promotion gives nothing; the cart's refusals.
pub async fn add_to_cart(
    shop: &Shop,
    request: &Request,
    cart: &CartId,
    code: &CouponCode,
) -> Result<Outcome<Cart>, AppError> {
    let loaded = cart::find(shop, &request.actor, cart).await?.state;
    let id = id_of(code);
    let promotion = shop.bus.load::<Promotion>(id.as_str()).await?.state;
    let unknown = || Refused::new("COUPON_UNKNOWN", "there is no such coupon code").at(&["code"]);
    let terms = promotion.terms().cloned().ok_or_else(unknown)?;
    let is_held = loaded.promotions().iter().any(|held| held.added.promotion == id && held.withheld.is_none());
    if !is_held {
        let usable =
            promotion.usable(shop.clock.now(), limited_customer(shop, &loaded, (&id, &promotion)).await?.as_ref());
        usable.map_err(|refusal| Refused::of(&refusal).at(&["code"]))?;
    }
    let mut commands = vec![CartCommand::AddPromotion { promotion: Box::new(CartPromotion { promotion: id, terms }) }];
    commands.extend(categories_for(shop, Some(&loaded), &commands).await?);
    shop.bus.execute_all(cart.as_str(), request, &commands).await
}

/// Takes the promotion of a code out of a cart.
///
/// # Errors
/// `NOT_FOUND` for the cart; `COUPON_UNKNOWN` where the cart has no such code; the cart's refusals.
pub async fn remove_from_cart(
    shop: &Shop,
    request: &Request,
    cart: &CartId,
    code: &CouponCode,
) -> Result<Outcome<Cart>, AppError> {
    cart::change(shop, request, cart, CartCommand::RemovePromotion { promotion: id_of(code) }).await
}

/// Returns what a cart must be told to have the promotions that apply by themselves and hold now. One that was put up in
/// another process a moment ago may be missing: checkout looks again.
///
/// # Errors
/// [`AppError`] when the store fails.
pub(crate) async fn posted(shop: &Shop, currency: Currency, cart: Option<&Cart>) -> Result<Vec<CartCommand>, AppError> {
    let held = cart.map(Cart::promotions).unwrap_or_default();
    let board = shop.bus.load_at_hand::<PromotionBoard>(BOARD).await?.state;
    let mut commands = Vec::new();
    for id in board.posted().iter().filter(|id| held.iter().all(|held| held.added.promotion != **id)) {
        let promotion = shop.bus.load::<Promotion>(id.as_str()).await?.state;
        let Some(terms) = promotion.terms() else { continue };
        let is_ours = terms.currency().is_none_or(|of_terms| of_terms == currency);
        let has_room = held.len() + commands.len() < PROMOTIONS_MAX;
        if is_ours && has_room && promotion.usable(shop.clock.now(), None).is_ok() {
            let promotion = CartPromotion { promotion: id.clone(), terms: terms.clone() };
            commands.push(CartCommand::AddPromotion { promotion: Box::new(promotion) });
        }
    }
    Ok(commands)
}

/// What a cart must be told for its promotions to give what they give now.
#[derive(Default)]
pub(crate) struct News {
    /// What it is told.
    pub(crate) commands: Vec<CartCommand>,
    /// Why the first promotion gives nothing that gave something before.
    pub(crate) lost: Option<Refused>,
}

/// Looks what became of the promotions of a cart.
///
/// # Errors
/// [`AppError`] when the store fails.
pub(crate) async fn news(shop: &Shop, cart: &Cart) -> Result<News, AppError> {
    let mut news = News::default();
    for held in cart.promotions() {
        let id = &held.added.promotion;
        let promotion = shop.bus.load::<Promotion>(id.as_str()).await?.state;
        let customer = limited_customer(shop, cart, (id, &promotion)).await?;
        match promotion.usable(shop.clock.now(), customer.as_ref()) {
            Ok(()) if held.withheld.is_none() => {}
            Ok(()) => news.commands.push(CartCommand::AddPromotion { promotion: Box::new(held.added.clone()) }),
            Err(refusal) => {
                news.commands.push(match held.added.code() {
                    Some(_) => withhold(id, refusal.code()),
                    // Nobody asked for it, so nobody need be told.
                    None => CartCommand::RemovePromotion { promotion: id.clone() },
                });
                if held.withheld.is_none() {
                    news.lost.get_or_insert(Refused::of(&refusal));
                }
            }
        }
    }
    if let Some(currency) = cart.currency() {
        news.commands.extend(posted(shop, currency, Some(cart)).await?);
    }
    news.commands.extend(categories_for(shop, Some(cart), &news.commands).await?);
    Ok(news)
}

/// Returns the promotions of the codes in a guest's cart, as they are for the customer whose cart they come into.
///
/// # Errors
/// [`AppError`] when the store fails.
pub(crate) async fn carried(shop: &Shop, guest: &Cart, into: &Cart) -> Result<Vec<HeldPromotion>, AppError> {
    let mut carried = Vec::new();
    for HeldPromotion { added, .. } in guest.promotions().iter().filter(|held| held.added.code().is_some()) {
        let promotion = shop.bus.load::<Promotion>(added.promotion.as_str()).await?.state;
        let customer = limited_customer(shop, into, (&added.promotion, &promotion)).await?;
        let refusal = promotion.usable(shop.clock.now(), customer.as_ref()).err();
        let withheld = refusal.map(|refusal| refusal.code().to_owned());
        carried.push(HeldPromotion { added: added.clone(), withheld });
    }
    Ok(carried)
}

/// Makes the command that lets a cart know that a promotion gives it nothing.
pub fn withhold(promotion: &PromotionId, code: &str) -> CartCommand {
    CartCommand::WithholdPromotion { promotion: promotion.clone(), code: code.to_owned() }
}

/// Promises a use of each promotion to an order, all at the same time. Asking again changes nothing. `Err` inside `Ok`
/// names those that said no; then uses of others may be held, and [`release_all`] gives them back.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn reserve_all(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    cart: &Cart,
    promotions: &[PromotionId],
) -> Result<Result<(), Vec<Withheld>>, AppError> {
    let answers = promotions.iter().map(|id| reserve(shop, request, order, cart, id));
    let refused: Vec<Withheld> = try_join_all(answers).await?.into_iter().flatten().collect();
    Ok(if refused.is_empty() { Ok(()) } else { Err(refused) })
}

async fn reserve(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    cart: &Cart,
    id: &PromotionId,
) -> Result<Option<Withheld>, AppError> {
    let now = shop.clock.now();
    let known = shop.bus.load::<Promotion>(id.as_str()).await?.state;
    let answer = if known.is_counted() {
        let customer = match customer_of(shop, cart, id).await? {
            Some(customer) => customer,
            // Someone who was forgotten meanwhile is still told from others.
            None => blind(shop, id, cart.owner().map_or("", |owner| owner.as_str())).await?,
        };
        let command = PromotionCommand::Reserve { order: order.clone(), customer, now };
        shop.bus.execute::<Promotion>(id.as_str(), request, command).await.map(|_outcome| ())
    } else {
        known.usable(now, None).map_err(|refusal| Refused::of(&refusal).into())
    };
    match answer {
        Ok(()) => Ok(None),
        Err(AppError::Refused(refused)) => Ok(Some(Withheld { promotion: id.clone(), code: refused.code.to_owned() })),
        Err(error) => Err(error),
    }
}

/// Counts the uses of an order that became a sale. One that was taken back meanwhile stays so.
///
/// # Errors
/// The promotion's refusals; [`AppError`] when the store fails.
pub async fn confirm_all(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    promotions: &[PromotionId],
) -> Result<(), AppError> {
    for_each_counted(shop, request, promotions, || PromotionCommand::Confirm { order: order.clone() }).await
}

/// Gives back every use of an order, promised or counted, and bars what may still come.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn release_all(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    promotions: &[PromotionId],
    reason: &ShortText,
) -> Result<(), AppError> {
    let command = || PromotionCommand::Release { order: order.clone(), reason: reason.clone() };
    for_each_counted(shop, request, promotions, command).await
}

async fn for_each_counted(
    shop: &Shop,
    request: &Request,
    promotions: &[PromotionId],
    command: impl Fn() -> PromotionCommand,
) -> Result<(), AppError> {
    for id in promotions {
        if !shop.bus.load::<Promotion>(id.as_str()).await?.state.is_counted() {
            continue;
        }
        match shop.bus.execute::<Promotion>(id.as_str(), request, command()).await {
            Ok(_) => {}
            Err(AppError::Refused(refused)) if refused.code == "PROMOTION_USE_OVER" => {
                tracing::info!(promotion = %id, "the use was taken back before it was counted");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// As [`customer_of`], and none where the promotion limits no customer: then nobody need be told from others.
async fn limited_customer(
    shop: &Shop,
    cart: &Cart,
    (id, promotion): (&PromotionId, &Promotion),
) -> Result<Option<BlindIndex>, AppError> {
    match promotion.limits().uses_per_customer_max {
        Some(_) => customer_of(shop, cart, id).await,
        None => Ok(None),
    }
}

/// Tells the customer of a cart from others by the e-mail address; none before it is said, and once they are forgotten.
async fn customer_of(shop: &Shop, cart: &Cart, promotion: &PromotionId) -> Result<Option<BlindIndex>, AppError> {
    let Some(sealed) = cart.email() else { return Ok(None) };
    match shop.vault.open(sealed).await? {
        Some(email) => blind(shop, promotion, &email).await.map(Some),
        None => Ok(None),
    }
}

/// Hashes an address for one promotion: neither case nor promotion tells that two uses are of one person elsewhere.
async fn blind(shop: &Shop, promotion: &PromotionId, address: &str) -> Result<BlindIndex, AppError> {
    Ok(shop.vault.blind_index(promotion.as_str(), &address.trim().to_lowercase()).await?)
}
