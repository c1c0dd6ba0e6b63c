//! Which lines of which invoices a credit note corrects, and by how much.

use std::collections::BTreeMap;

use super::commands::{Claim, CreditNoteClaim, Credited};
use super::document::{CreditLine, CreditNote, DocumentNumber, Invoice, InvoiceLine, Item};
use super::error::InvoicingError;
use super::order_documents::{OrderDocuments, disagree, out_of_range, vat_of};
use crate::values::{Money, Quantity, TaxedAmount};

/// A line of an issued invoice, what was credited of it before, and what is taken now.
struct Open<'a> {
    number: DocumentNumber,
    invoice: &'a Invoice,
    line: &'a InvoiceLine,
    before_minor: i64,
    taken_minor: i64,
    quantity: Option<Quantity>,
}

impl Open<'_> {
    fn left(&self) -> i64 {
        self.line.payable.minor() - self.before_minor - self.taken_minor
    }

    fn is_of(&self, credited: &Credited) -> bool {
        match (credited, &self.line.item) {
            (Credited::Units { line, .. }, Item::Goods { line: own, .. }) => line == own,
            (Credited::ParcelUnits { fulfilment, line, .. }, Item::Goods { line: own, .. }) => {
                line == own && *fulfilment == self.invoice.fulfilment
            }
            (Credited::Shipping, Item::Shipping { .. }) => true,
            (Credited::Units { .. } | Credited::ParcelUnits { .. }, Item::Shipping { .. })
            | (Credited::Shipping, Item::Goods { .. }) => false,
            (Credited::Parcel(fulfilment), _) => *fulfilment == self.invoice.fulfilment,
            (Credited::Everything, _) => true,
        }
    }
}

/// Writes a credit note: the shares are taken from what they are about, in proportion to what is left of each line; what
/// those lines have no longer left is taken from all others alike.
pub(super) fn credit(documents: &OrderDocuments, claim: &CreditNoteClaim) -> Result<CreditNote, InvoicingError> {
    let mut open = open_lines(documents);
    let Some(currency) = open.first().map(|open| open.invoice.currency) else {
        return Err(exceeds(claim, 0));
    };
    let creditable = open.iter().map(Open::left).sum::<i64>();
    let mut total = Money::zero(currency);
    for Claim { amount, .. } in &claim.claims {
        if amount.minor() < 0 {
            return Err(disagree("an amount is negative"));
        }
        total = total.plus(*amount).map_err(out_of_range)?;
    }
    if total.minor() == 0 {
        return Err(InvoicingError::NothingToCredit);
    }
    if total.minor() > creditable {
        return Err(exceeds(claim, creditable));
    }
    let mut rest = 0;
    for Claim { of, amount } in &claim.claims {
        rest += take(&mut open, of, *amount)?;
    }
    take(&mut open, &Credited::Everything, Money::new(rest, currency))?;
    let order_number = open.first().map(|open| open.invoice.order_number.clone()).unwrap_or_default();
    let lines = open.iter().filter(|open| open.taken_minor > 0).map(credit_line).collect::<Result<Vec<_>, _>>()?;
    let CreditNoteClaim { refund, reason, payment, seller, buyer, .. } = claim.clone();
    let vat = vat_of(lines.iter().map(|line| &line.total))?;
    Ok(CreditNote { refund, reason, seller, buyer, order_number, currency, lines, vat, total, payment })
}

fn exceeds(claim: &CreditNoteClaim, creditable: i64) -> InvoicingError {
    let first = claim.claims.first().map(|claim| claim.amount);
    let Some(first) = first else { return InvoicingError::NothingToCredit };
    let sum = claim.claims.iter().map(|claim| claim.amount.minor()).fold(0, i64::saturating_add);
    let money = |minor| Money::new(minor, first.currency());
    InvoicingError::CreditExceedsInvoiced { requested: money(sum), creditable: money(creditable) }
}

fn open_lines(documents: &OrderDocuments) -> Vec<Open<'_>> {
    let mut before = BTreeMap::<(DocumentNumber, &Item), i64>::new();
    for line in documents.drafted_credit_notes().iter().flat_map(|note| &note.lines) {
        *before.entry((line.invoice, &line.item)).or_default() += line.total.gross.minor();
    }
    let mut open = Vec::new();
    for (issue, invoice) in documents.invoices() {
        for line in &invoice.lines {
            let before_minor = before.get(&(issue.number, &line.item)).copied().unwrap_or_default();
            open.push(Open { number: issue.number, invoice, line, before_minor, taken_minor: 0, quantity: None });
        }
    }
    open
}

/// Takes an amount from what it is about, as far as there is any left; returns what is missing. No line gives more than it
/// has: shares by largest remainder of at most the sum of the weights never exceed their weight.
fn take(open: &mut [Open<'_>], of: &Credited, amount: Money) -> Result<i64, InvoicingError> {
    let weights: Vec<u64> =
        open.iter().map(|open| if open.is_of(of) { open.left().unsigned_abs() } else { 0 }).collect();
    let available = open.iter().filter(|open| open.is_of(of)).map(Open::left).sum::<i64>();
    let taken = amount.minor().min(available);
    if taken == 0 {
        return Ok(amount.minor());
    }
    let shares = Money::new(taken, amount.currency()).allocate(&weights).map_err(out_of_range)?;
    let is_on_one_line = open.iter().filter(|open| open.is_of(of)).count() == 1;
    for (open, share) in open.iter_mut().zip(shares) {
        open.taken_minor += share.minor();
        if let Credited::Units { quantity, .. } | Credited::ParcelUnits { quantity, .. } = of
            && is_on_one_line
            && share.minor() > 0
        {
            open.quantity = Some(*quantity);
        }
    }
    Ok(amount.minor() - taken)
}

/// The VAT of what is credited, as sold: cumulative, so that a line that is credited bit by bit gives back exactly the VAT
/// that it took, `tax(n) = floor(tax × n / gross)` of the first n minor units.
fn credit_line(open: &Open<'_>) -> Result<CreditLine, InvoicingError> {
    let sold = open.line.total;
    let until = |minor: i64| i128::from(sold.tax.minor()) * i128::from(minor) / i128::from(sold.gross.minor().max(1));
    let tax = until(open.before_minor + open.taken_minor) - until(open.before_minor);
    let tax = i64::try_from(tax).map_err(|_| disagree("a sum is out of range, or of two currencies"))?;
    let money = |minor| Money::new(minor, sold.gross.currency());
    let gross = money(open.taken_minor);
    let tax = money(tax);
    let total = TaxedAmount { net: gross.minus(tax).map_err(out_of_range)?, tax, gross, rate: sold.rate };
    Ok(CreditLine {
        invoice: open.number,
        item: open.line.item.clone(),
        name: open.line.name.clone(),
        quantity: open.quantity,
        total,
    })
}
