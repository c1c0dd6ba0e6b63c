//! What holds of documents after any sequence of refunds.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::cases::cases;

const RATES: [&str; 4] = ["0", "0.055", "0.1", "0.2"];

/// A line: parcel, minor units, rate, and the part that a coupon of others pays, per cent.
type Sold = (u128, i64, usize, i64);

fn sold() -> impl Strategy<Value = Vec<Sold>> {
    prop::collection::vec((0..3_u128, 1..=20_000_i64, 0..RATES.len(), 0..=100_i64), 1..=8)
}

fn documents_of(sold: &[Sold]) -> OrderDocuments {
    let mut lines = BTreeMap::<u128, Vec<InvoiceLine>>::new();
    for (index, (parcel, minor, rate, by_others)) in sold.iter().enumerate() {
        let line = goods(
            u128::try_from(index).expect("fits"),
            1,
            taxed(*minor, RATES[*rate]),
            minor - minor * by_others / 100,
        );
        lines.entry(*parcel).or_default().push(line);
    }
    let mut documents = OrderDocuments::default();
    for (count, (fulfilment, lines)) in lines.into_iter().enumerate() {
        for event in documents.decide(&draft(invoice_of(fulfilment, lines))).expect("sums up") {
            documents.apply(event);
        }
        documents.apply(issued(Document::Invoice(parcel(fulfilment)), &format!("F2026-{:06}", count + 1)));
    }
    documents
}

fn of(choice: usize, lines: usize) -> Credited {
    match choice % 3 {
        0 => Credited::Units { line: line_id(u128::try_from(choice % lines).expect("fits")), quantity: units(1) },
        1 => Credited::Parcel(parcel(u128::try_from(choice % 3).expect("fits"))),
        _ => Credited::Everything,
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn credit_notes_are_their_refunds_and_never_exceed_their_invoices(
        sold in sold(),
        refunds in prop::collection::vec((0..60_usize, 0..60_usize, 1..=9_000_i64), 0..=12),
        whole in any::<bool>(),
    ) {
        let mut documents = documents_of(&sold);
        let payable: i64 = documents.invoices().map(|(_, invoice)| invoice.payable.minor()).sum();
        let mut left = payable;
        let all = refunds.iter().enumerate().map(|(index, refund)| (format!("refund-{index}"), *refund));
        let rest = whole.then(|| ("rest".to_owned(), (2, 2, i64::MAX / 4)));
        for (refund, (first, second, minor)) in all.chain(rest) {
            let amount = minor.min(left);
            let (half, claims_of) = (amount / 2, |choice, minor| Claim { of: of(choice, sold.len()), amount: eur(minor) });
            let claims = vec![claims_of(first, half), claims_of(second, amount - half)];
            let (reason, payment) = (CreditReason::Goodwill, payment());
            let claim = CreditNoteClaim { refund: refund.clone(), reason, payment, seller: seller(), buyer: buyer(), claims };
            let command = DocumentsCommand::DraftCreditNote { claim: Box::new(claim) };
            let answer = documents.decide(&command);
            if amount == 0 {
                prop_assert!(answer.is_err());
                continue;
            }
            for event in answer.expect("there is so much left") {
                documents.apply(event);
            }
            prop_assert_eq!(documents.credit_note(&refund).expect("a note").total, eur(amount));
            documents.apply(issued(Document::CreditNote(refund), "A2026-000001"));
            left -= amount;
        }
        for (issue, invoice) in documents.invoices() {
            for line in &invoice.lines {
                let credited = documents.credit_notes().flat_map(|(_, note)| &note.lines);
                let credited: Vec<_> =
                    credited.filter(|credit| credit.invoice == issue.number && credit.item == line.item).collect();
                let sum = |of: fn(&CreditLine) -> Money| credited.iter().map(|credit| of(credit).minor()).sum::<i64>();
                let (gross, tax, net) = (sum(|l| l.total.gross), sum(|l| l.total.tax), sum(|l| l.total.net));
                prop_assert!(gross <= line.payable.minor() && tax <= line.total.tax.minor() && net >= 0);
                prop_assert_eq!(gross, net + tax);
                if gross == line.total.gross.minor() {
                    prop_assert_eq!(tax, line.total.tax.minor(), "what is credited whole gives all of its VAT back");
                }
                // Bit by bit or at once: the VAT of what is credited is the same share of it.
                let share = i128::from(line.total.tax.minor()) * i128::from(gross) / i128::from(line.total.gross.minor());
                prop_assert_eq!(i128::from(tax), share);
            }
        }
        if whole {
            prop_assert_eq!(left, 0);
        }
    }
}
