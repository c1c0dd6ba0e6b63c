//! What the simulator remembers after it was closed.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use gateways::simulator::{JournalError, StripeSimulator};
use sagas::ports::{AuthoriseAnswer, CaptureAnswer, PaymentGateway};

use crate::support::*;

#[tokio::test]
async fn held_money_keys_and_webhooks_survive_a_restart() {
    let file = TemporaryFile::new();
    let (reference, ledger, first_id) = {
        let bank = bank_in(Some(file.0.clone()));
        let reference = bank.hold(1, "pm_card_visa").await;
        bank.hold(2, "pm_card_webhooksLate").await;
        assert_eq!(bank.capture((1, &reference), "parcel", (3_000, false)).await, Ok(CaptureAnswer::Captured));
        let taken = bank.simulator.take_webhooks();
        assert_eq!(taken.len(), 3);
        bank.simulator.accept_webhook(&taken[0].id);
        (reference, bank.simulator.ledger(), taken[1].id.clone())
    };
    let bank = bank_in(Some(file.0.clone()));
    assert_eq!(bank.simulator.ledger(), ledger);
    assert_eq!(bank.simulator.take_webhooks()[0].id, first_id, "what was taken and not accepted comes again");
    assert_eq!(bank.capture((1, &reference), "parcel", (3_000, false)).await, Ok(CaptureAnswer::Captured));
    assert_eq!(bank.simulator.ledger(), ledger, "the key still has its one effect");
    bank.simulator.release_webhooks();
    assert_eq!(bank.notices().len(), 1);
}

#[tokio::test]
async fn names_differ_between_runs_without_a_journal_too() {
    let first = bank().hold(1, "pm_card_visa").await;
    let clock = Arc::new(AtomicI64::new(START.micros() + 1));
    let simulator = StripeSimulator::open(settings(None, &clock)).expect("no journal");
    let gateway = gateway(Arc::new(gateways::stripe::InProcessTransport::new(simulator.router())));
    match gateway.authorise(&request(1, "pm_card_visa")).await {
        Ok(AuthoriseAnswer::Authorised { provider_reference, .. }) => assert_ne!(provider_reference, first),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_line_cut_off_at_the_end_is_forgotten_and_the_journal_goes_on() {
    let file = TemporaryFile::new();
    bank_in(Some(file.0.clone())).hold(1, "pm_card_visa").await;
    let mut cut = OpenOptions::new().append(true).open(&file.0).expect("the journal");
    cut.write_all(b"{\"line\":\"changed\",\"int").expect("written");
    drop(cut);
    bank_in(Some(file.0.clone())).hold(2, "pm_card_visa").await;
    assert_eq!(bank_in(Some(file.0.clone())).simulator.ledger().len(), 2);
}

#[tokio::test]
async fn a_broken_line_within_the_journal_is_told() {
    let file = TemporaryFile::new();
    std::fs::write(&file.0, b"{\"line\":\"released\"}\nnonsense\n").expect("written");
    let clock = Arc::new(AtomicI64::new(0));
    let error = StripeSimulator::open(settings(Some(file.0.clone()), &clock)).err();
    assert!(matches!(error, Some(JournalError::Corrupt { line: 2 })), "{error:?}");
}

#[tokio::test]
async fn two_simulators_do_not_share_a_journal() {
    let file = TemporaryFile::new();
    let _first = bank_in(Some(file.0.clone()));
    let clock = Arc::new(AtomicI64::new(0));
    let error = StripeSimulator::open(settings(Some(file.0.clone()), &clock)).err();
    assert!(matches!(error, Some(JournalError::InUse)), "{error:?}");
}
