//! What each parcel of an order stands for: its lines with their VAT, and the money that is taken for it.

use domain::order::Sale;
use domain::values::{LineId, Money, TaxedAmount};

use crate::checkout::paid_parts;
use crate::error::AppError;

/// Units of an order's line in a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineShare {
    /// The line.
    pub line: LineId,
    /// How many units.
    pub units: i64,
    /// What they cost, with the line's VAT.
    pub total: TaxedAmount,
    /// What the buyer pays of it: less than the total where others pay a coupon.
    pub paid: Money,
}

impl LineShare {
    /// Returns what units `before + 1 ..= before + count` of it cost. Cumulative, so that any partition of the units sums to
    /// the whole and the last ones have the rest: `gross(n) = floor(gross × n / units)`, and of that what is paid and the VAT
    /// in proportion, rounded down.
    ///
    /// # Errors
    /// [`AppError`] when an amount leaves its range.
    pub fn part(&self, before: i64, count: i64) -> Result<LineShare, AppError> {
        let (from, to) = (self.until(before)?, self.until(before + count)?);
        let money = |index: usize| Money::new(to[index] - from[index], self.paid.currency());
        let (gross, tax) = (money(0), money(2));
        let net = gross.minus(tax).map_err(AppError::broken)?;
        let total = TaxedAmount { net, tax, gross, rate: self.total.rate };
        Ok(LineShare { line: self.line.clone(), units: count, total, paid: money(1) })
    }

    /// Returns what the first units cost: gross, of that paid, of that VAT.
    fn until(&self, units: i64) -> Result<[i64; 3], AppError> {
        let of = |whole: Money, part: i64, all: i64| -> Result<i64, AppError> {
            let minor = i128::from(whole.minor()) * i128::from(part) / i128::from(all.max(1));
            i64::try_from(minor).map_err(AppError::broken)
        };
        let gross = of(self.total.gross, units, self.units)?;
        let all = self.total.gross.minor();
        Ok([gross, of(self.paid, gross, all)?, of(self.total.tax, gross, all)?])
    }
}

/// A parcel's share of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelShare {
    /// Its lines, in the order of the sale; none of them without units.
    pub lines: Vec<LineShare>,
    /// The shipping and what the buyer pays of it; only the first parcel has it.
    pub shipping: Option<(TaxedAmount, Money)>,
}

impl ParcelShare {
    /// Returns what the buyer pays for the parcel.
    ///
    /// # Errors
    /// [`AppError`] when the sum leaves its range.
    pub fn payable(&self, sale: &Sale) -> Result<Money, AppError> {
        let paid = self.lines.iter().map(|line| line.paid).chain(self.shipping.map(|(_, paid)| paid));
        let mut sum = Money::zero(sale.currency);
        for amount in paid {
            sum = sum.plus(amount).map_err(AppError::broken)?;
        }
        Ok(sum)
    }
}

/// Splits a sale over its parcels, given the units of its lines in each. Every amount is split by largest remainder, so
/// that the parcels sum to the sale, line by line and cent by cent. Who splits twice has to name the parcels in the same
/// order, which decides where a cent goes: the order of their locations' names.
///
/// # Errors
/// [`AppError`] where the parcels have not exactly the units that were sold, or an amount leaves its range.
pub fn shares_of(sale: &Sale, parcels: &[Vec<(LineId, i64)>]) -> Result<Vec<ParcelShare>, AppError> {
    let mut shares = vec![ParcelShare { lines: Vec::new(), shipping: None }; parcels.len()];
    let (paid, shipping) = paid_parts(sale)?;
    for (sold, (id, paid)) in sale.lines.iter().zip(paid) {
        let units: Vec<i64> = parcels.iter().map(|parcel| units_in(parcel, &id)).collect();
        if units.iter().sum::<i64>() != sold.quantity.units() {
            return Err(AppError::broken(format!("the parcels have not the units of {} that were sold", sold.sku)));
        }
        let weights: Vec<u64> = units.iter().map(|units| units.unsigned_abs()).collect();
        let split = |amount: Money| amount.allocate(&weights).map_err(AppError::broken);
        let by_others = split(sold.total.gross.minus(paid).map_err(AppError::broken)?)?;
        let mut gross = Vec::with_capacity(parcels.len());
        let paid = split(paid)?;
        for (paid, by_others) in paid.iter().zip(by_others) {
            gross.push(paid.plus(by_others).map_err(AppError::broken)?);
        }
        let weights: Vec<u64> = gross.iter().map(|gross| gross.minor().unsigned_abs()).collect();
        let tax = sold.total.tax.allocate(&weights).map_err(AppError::broken)?;
        for (index, share) in shares.iter_mut().enumerate().filter(|(index, _)| units[*index] > 0) {
            let net = gross[index].minus(tax[index]).map_err(AppError::broken)?;
            let total = TaxedAmount { net, tax: tax[index], gross: gross[index], rate: sold.total.rate };
            share.lines.push(LineShare { line: id.clone(), units: units[index], total, paid: paid[index] });
        }
    }
    if let Some(first) = shares.first_mut() {
        first.shipping = Some((sale.shipping.total, shipping));
    }
    Ok(shares)
}

fn units_in(parcel: &[(LineId, i64)], line: &LineId) -> i64 {
    parcel.iter().filter(|(of, _)| of == line).map(|(_, units)| units).sum()
}
