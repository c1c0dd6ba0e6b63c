//! What credit notes take back.

use super::*;

fn claim(refund: &str, claims: &[(Credited, i64)]) -> DocumentsCommand {
    let claims = claims.iter().map(|(of, minor)| Claim { of: of.clone(), amount: eur(*minor) }).collect();
    let (refund, reason, payment) = (refund.to_owned(), CreditReason::Return, payment());
    let claim = CreditNoteClaim { refund, reason, payment, seller: seller(), buyer: buyer(), claims };
    DocumentsCommand::DraftCreditNote { claim: Box::new(claim) }
}

fn returned(line: u128, count: i64) -> Credited {
    Credited::Units { line: line_id(line), quantity: units(count) }
}

fn tell(documents: &mut OrderDocuments, command: &DocumentsCommand) {
    for event in documents.decide(command).expect("is allowed") {
        documents.apply(event);
    }
}

/// An order of two parcels, both invoiced: two of three books and the shipping; the third book and a pen.
fn two_parcels() -> OrderDocuments {
    let mut documents = OrderDocuments::default();
    documents.apply(drafted(&invoice_of(1, vec![goods(1, 2, taxed(2_110, "0.055"), 2_110), shipping(390)])));
    documents.apply(issued(Document::Invoice(parcel(1)), "F2026-000001"));
    let lines = vec![goods(1, 1, taxed(1_055, "0.055"), 1_055), goods(2, 1, taxed(250, "0.2"), 250)];
    documents.apply(drafted(&invoice_of(2, lines)));
    documents.apply(issued(Document::Invoice(parcel(2)), "F2026-000002"));
    documents
}

fn lines(documents: &OrderDocuments, refund: &str) -> Vec<(String, i64, i64, Option<i64>)> {
    let note = documents.credit_note(refund).expect("a credit note");
    assert_eq!(note.total.minor(), note.lines.iter().map(|line| line.total.gross.minor()).sum::<i64>());
    assert_eq!(note.vat, vat_of(note.lines.iter().map(|line| &line.total)).expect("sums up"));
    let of = |line: &CreditLine| {
        let quantity = line.quantity.map(Quantity::units);
        (line.invoice.to_string(), line.total.gross.minor(), line.total.tax.minor(), quantity)
    };
    note.lines.iter().map(of).collect()
}

#[test]
fn units_that_came_back_are_credited_on_their_own_line() {
    let mut documents = two_parcels();
    tell(&mut documents, &claim("return-1", &[(returned(2, 1), 250)]));
    assert_eq!(lines(&documents, "return-1"), [("F2026-000002".to_owned(), 250, 42, Some(1))]);
}

#[test]
fn credit_notes_are_told_of_once_they_have_a_number() {
    let mut documents = two_parcels();
    for (refund, line) in [("return-1", 2), ("return-2", 1)] {
        tell(&mut documents, &claim(refund, &[(returned(line, 1), 250)]));
    }
    assert_eq!(documents.credit_notes().count(), 0);
    documents.apply(issued(Document::CreditNote("return-2".to_owned()), "A2026-000001"));
    let told: Vec<_> = documents.credit_notes().map(|(issue, note)| (issue.number, note.refund.clone())).collect();
    assert_eq!(told, [(number("A2026-000001"), "return-2".to_owned())]);
}

#[test]
fn delivery_that_is_given_back_is_credited_as_shipping() {
    let mut documents = two_parcels();
    tell(&mut documents, &claim("return-1", &[(returned(2, 1), 250), (Credited::Shipping, 390)]));
    let expected = [("F2026-000001".to_owned(), 390, 65, None), ("F2026-000002".to_owned(), 250, 42, Some(1))];
    assert_eq!(lines(&documents, "return-1"), expected);
}

#[test]
fn a_line_on_two_invoices_is_credited_on_both() {
    let mut documents = two_parcels();
    tell(&mut documents, &claim("return-1", &[(returned(1, 1), 1_055)]));
    let expected = [("F2026-000001".to_owned(), 703, 36, None), ("F2026-000002".to_owned(), 352, 18, None)];
    assert_eq!(lines(&documents, "return-1"), expected);
}

#[test]
fn what_a_line_has_no_longer_left_is_taken_from_the_others() {
    let mut documents = two_parcels();
    tell(&mut documents, &claim("goodwill-1", &[(Credited::Everything, 3_000)]));
    tell(&mut documents, &claim("return-1", &[(returned(2, 1), 250)]));
    let all = lines(&documents, "return-1");
    assert_eq!(all.iter().map(|line| line.1).sum::<i64>(), 250);
    assert!(all.len() > 1, "the pen has not 2.50 left: {all:?}");
}

#[test]
fn a_parcel_is_credited_on_its_own_invoice() {
    let mut documents = two_parcels();
    tell(&mut documents, &claim("parcel-2", &[(Credited::Parcel(parcel(2)), 1_305)]));
    let found = lines(&documents, "parcel-2");
    let found: Vec<_> = found.iter().map(|line| (line.0.as_str(), line.1)).collect();
    assert_eq!(found, [("F2026-000002", 1_055), ("F2026-000002", 250)]);
    let invoice = documents.invoice(&parcel(2)).expect("an invoice");
    assert_eq!(documents.credit_note("parcel-2").expect("a note").vat, invoice.vat, "all of it, to the cent");
}

#[test]
fn no_more_is_credited_than_was_to_be_paid() {
    let mut documents = two_parcels();
    let too_much = claim("undo-1", &[(Credited::Everything, 3_806)]);
    let exceeds = |requested, creditable| {
        Err(InvoicingError::CreditExceedsInvoiced { requested: eur(requested), creditable: eur(creditable) })
    };
    assert_eq!(documents.decide(&too_much), exceeds(3_806, 3_805));
    tell(&mut documents, &claim("undo-1", &[(Credited::Everything, 3_805)]));
    assert_eq!(documents.decide(&claim("goodwill-1", &[(Credited::Everything, 1)])), exceeds(1, 0));
    assert_eq!(documents.decide(&too_much), Ok(vec![]), "the first claim of a refund stands");
    assert_eq!(OrderDocuments::default().decide(&too_much), exceeds(3_806, 0));
}

#[test]
fn an_invoice_without_a_number_cannot_be_corrected_yet() {
    let mut documents = OrderDocuments::default();
    documents.apply(drafted(&books()));
    let refused = documents.decide(&claim("undo-1", &[(Credited::Everything, 1)])).expect_err("is refused");
    assert_eq!(refused.code(), "CREDIT_EXCEEDS_INVOICED");
}

#[test]
fn nothing_and_less_than_nothing_are_not_credited() {
    let documents = two_parcels();
    let nothing = documents.decide(&claim("undo-1", &[(Credited::Everything, 0)]));
    assert_eq!(nothing, Err(InvoicingError::NothingToCredit));
    let less = documents.decide(&claim("undo-1", &[(Credited::Everything, -1), (Credited::Everything, 2)]));
    assert_eq!(less.map_err(|error| error.code()), Err("TOTALS_DISAGREE"));
}
