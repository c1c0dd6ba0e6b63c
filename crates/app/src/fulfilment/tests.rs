//! The shares of parcels sum to the sale.

use domain::order::{OrderCoupon, OrderLine, OrderShipping, Sale};
use domain::values::{Currency, CustomerId, LineId, Money, Sealed, TaxedAmount, VatRate};
use proptest::prelude::*;
use uuid::Uuid;

use super::shares_of;
use crate::fixture::{eur, name, sku, text, units};

const RATES: [&str; 3] = ["0", "0.055", "0.2"];

fn taxed(minor: i64, rate: usize) -> TaxedAmount {
    RATES[rate].parse::<VatRate>().expect("a rate").split_gross(eur(minor)).expect("fits")
}

fn line_id(index: usize) -> LineId {
    LineId::from_uuid(Uuid::from_u128(index as u128))
}

/// A sale of lines (price of the line, rate, units in each of three parcels), with coupons of a share of its total.
fn sale_of(lines: &[(i64, usize, [i64; 3])], shipping: i64, by_others: i64) -> Sale {
    let uuid = Uuid::from_u128(1);
    let customer = CustomerId::from_uuid(uuid);
    let lines = lines.iter().enumerate().map(|(index, (minor, rate, parts))| OrderLine {
        line: line_id(index),
        sku: sku(&format!("LIV-{index}")),
        product: domain::values::ProductId::from_uuid(uuid),
        name: name("Livre"),
        quantity: units(parts.iter().sum()),
        unit_price: None,
        total: taxed(*minor, *rate),
        discount: None,
        promotions: Vec::new(),
    });
    let lines: Vec<_> = lines.collect();
    let total = eur(lines.iter().map(|line| line.total.gross.minor()).sum::<i64>() + shipping);
    let amount = eur(total.minor() * by_others / 100);
    Sale {
        number: "7F3K".to_owned(),
        customer: customer.clone(),
        cart: domain::values::CartId::from_uuid(uuid),
        currency: Currency::Eur,
        lines,
        shipping: OrderShipping { code: "standard".to_owned(), label: name("Colis"), total: taxed(shipping, 2) },
        promotions: Vec::new(),
        coupons: vec![OrderCoupon { code: text("MERCI"), campaign: text("rentrée"), amount }],
        total,
        payable: total.minus(amount).expect("fits"),
        email: Sealed::new(customer.clone(), String::new()),
        address: Sealed::new(customer, String::new()),
        country: "FR".to_owned(),
        adds_to: None,
    }
}

proptest! {
    #[test]
    fn parcels_sum_to_the_sale_line_by_line_and_to_what_is_paid(
        lines in prop::collection::vec((0..=99_999_i64, 0..RATES.len(), [0..5_i64, 0..5_i64, 1..5_i64]), 1..=8),
        shipping in 0..=2_000_i64,
        by_others in 0..=100_i64,
    ) {
        let sale = sale_of(&lines, shipping, by_others);
        let parcels: Vec<Vec<(LineId, i64)>> = (0..3)
            .map(|parcel| {
                let parts = lines.iter().enumerate().map(|(index, (_, _, parts))| (line_id(index), parts[parcel]));
                parts.filter(|(_, units)| *units > 0).collect()
            })
            .collect();
        let shares = shares_of(&sale, &parcels).expect("splits");
        let payable: i64 = shares.iter().map(|share| share.payable(&sale).expect("fits").minor()).sum();
        prop_assert_eq!(payable, sale.payable.minor());
        for (index, sold) in sale.lines.iter().enumerate() {
            let parts: Vec<_> =
                shares.iter().flat_map(|share| &share.lines).filter(|part| part.line == line_id(index)).collect();
            let sum = |of: fn(&TaxedAmount) -> Money| parts.iter().map(|part| of(&part.total).minor()).sum::<i64>();
            prop_assert_eq!(parts.iter().map(|part| part.units).sum::<i64>(), sold.quantity.units());
            prop_assert_eq!(sum(|total| total.gross), sold.total.gross.minor());
            prop_assert_eq!(sum(|total| total.net), sold.total.net.minor());
            prop_assert_eq!(sum(|total| total.tax), sold.total.tax.minor());
            for part in parts {
                let TaxedAmount { net, tax, gross, .. } = part.total;
                prop_assert!(net.minor() >= 0 && tax.minor() >= 0 && part.paid <= gross);
                prop_assert_eq!(net.minor() + tax.minor(), gross.minor());
            }
        }
    }
}

#[test]
fn parcels_without_all_units_of_the_sale_are_refused() {
    let sale = sale_of(&[(1_000, 1, [1, 1, 0])], 390, 0);
    assert!(shares_of(&sale, &[vec![(line_id(0), 1)]]).is_err());
    assert!(shares_of(&sale, &[vec![(line_id(0), 2)], vec![(line_id(0), 1)]]).is_err());
}
