//! The rules of lines. What follows from a command is tried on a copy first: it holds as a whole or not at all.

use super::commands::{CurrentPrice, GuestCart};
use super::error::CartError;
use super::events::{CartEvent, CartLine, LineCategories, LinePrice};
use super::state::Cart;
use super::totals::check_price;
use crate::values::{Currency, LineId, Quantity};

/// The most lines of a cart, and of one command.
pub const LINES_MAX: usize = 500;

type Decision = Result<Vec<CartEvent>, CartError>;

pub(super) fn add(cart: &Cart, currency: Currency, lines: &[CartLine]) -> Decision {
    if lines.is_empty() {
        return Err(CartError::NothingAsked);
    }
    let added = new_lines(cart, currency, lines)?;
    if added.is_empty() {
        return Ok(vec![]);
    }
    fitting(cart, vec![CartEvent::LinesAdded { lines: added }])
}

/// Returns the fact that the lines of a guest's cart came in.
pub(super) fn merged(cart: &Cart, currency: Currency, guest: &GuestCart) -> Result<CartEvent, CartError> {
    if guest.currency != currency {
        return Err(CartError::WrongCurrency { cart: currency, found: guest.currency });
    }
    let lines = new_lines(cart, currency, &guest.lines)?;
    Ok(CartEvent::Merged { from: guest.from.clone(), lines })
}

/// Says where products stand, of lines of which it is another than before; of a line that is named twice the last counts.
pub(super) fn categorise(cart: &Cart, lines: &[LineCategories]) -> Decision {
    let mut moved = Vec::new();
    for (index, told) in lines.iter().enumerate() {
        let is_last = lines[index + 1..].iter().all(|later| later.line != told.line);
        if is_last && cart.line(&told.line).is_some() && cart.categories_of(&told.line) != told.categories {
            moved.push(told.clone());
        }
    }
    if moved.is_empty() {
        return Ok(vec![]);
    }
    fitting(cart, vec![CartEvent::LinesCategorised { lines: moved }])
}

/// Changes quantities; of a line that is named twice the last wish counts.
pub(super) fn change(cart: &Cart, changes: &[(LineId, Option<Quantity>)]) -> Decision {
    if changes.is_empty() {
        return Err(CartError::NothingAsked);
    }
    check_count(changes.len())?;
    let (mut events, mut removed) = (vec![], vec![]);
    for (index, (line, wanted)) in changes.iter().enumerate() {
        let present = existing(cart, line)?;
        if changes[index + 1..].iter().any(|(later, _)| later == line) {
            continue;
        }
        match (wanted, present.price) {
            (None, _) => removed.push(line.clone()),
            (Some(quantity), _) if *quantity == present.quantity => {}
            (Some(_), LinePrice::ForLine(_)) => return Err(CartError::LinePriceFixed { line: line.clone() }),
            (Some(quantity), LinePrice::PerUnit(_)) => {
                events.push(CartEvent::LineQuantityChanged { line: line.clone(), quantity: *quantity });
            }
        }
    }
    if !removed.is_empty() {
        events.push(CartEvent::LinesRemoved { lines: removed });
    }
    fitting(cart, events)
}

/// Follows present prices; of a line that is priced twice the last price counts.
pub(super) fn reprice(cart: &Cart, currency: Currency, prices: &[CurrentPrice]) -> Decision {
    check_count(prices.len())?;
    let mut events = vec![];
    for (index, CurrentPrice { line, price, vat_rate }) in prices.iter().enumerate() {
        let present = existing(cart, line)?;
        check_line_price(currency, *price)?;
        let is_last = prices[index + 1..].iter().all(|later| later.line != *line);
        let differs = present.price != *price || present.vat_rate != *vat_rate;
        if is_last && differs && present.price_reason.is_none() {
            events.push(CartEvent::LineRepriced { line: line.clone(), price: *price, vat_rate: *vat_rate });
        }
    }
    fitting(cart, events)
}

fn existing<'a>(cart: &'a Cart, line: &LineId) -> Result<&'a CartLine, CartError> {
    cart.line(line).ok_or_else(|| CartError::LineUnknown { line: line.clone() })
}

/// Returns the lines that are not in the cart yet. One that is there with the same content is a repeat.
fn new_lines(cart: &Cart, currency: Currency, lines: &[CartLine]) -> Result<Vec<CartLine>, CartError> {
    let mut added: Vec<CartLine> = vec![];
    for line in lines {
        check_line_price(currency, line.price)?;
        match cart.line(&line.line).or_else(|| added.iter().find(|new| new.line == line.line)) {
            Some(present) if present == line => {}
            Some(_) => return Err(CartError::LineExists { line: line.line.clone() }),
            None => {
                check_count(cart.lines().len() + added.len() + 1)?;
                added.push(line.clone());
            }
        }
    }
    Ok(added)
}

fn check_line_price(currency: Currency, price: LinePrice) -> Result<(), CartError> {
    match price {
        LinePrice::PerUnit(money) | LinePrice::ForLine(money) => check_price(currency, money),
    }
}

fn check_count(count: usize) -> Result<(), CartError> {
    if count > LINES_MAX {
        return Err(CartError::TooManyLines { max: LINES_MAX });
    }
    Ok(())
}

/// Answers with these facts if the totals stay in their range after them.
pub(super) fn fitting(cart: &Cart, events: Vec<CartEvent>) -> Decision {
    if events.is_empty() {
        return Ok(events);
    }
    let mut tried = cart.clone();
    for event in &events {
        tried.move_on(event);
    }
    tried.totals()?;
    Ok(events)
}
