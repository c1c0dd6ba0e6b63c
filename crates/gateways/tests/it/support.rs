//! A simulator, the adapter in front of it, and a clock to turn by hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::values::{Currency, Money, OrderId, PaymentId, Timestamp};
use gateways::simulator::{LedgerLine, SimulatorSettings, StripeSimulator};
use gateways::stripe::{InProcessTransport, StripeGateway, StripeSettings, StripeTransport, WebhookSecret};
use sagas::ports::{
    AuthoriseAnswer, AuthoriseRequest, BuyerPresence, CaptureAnswer, CaptureRequest, GatewayError, PaymentGateway,
    PaymentNotice, RefundAnswer, RefundRequest,
};
use uuid::Uuid;

pub(crate) const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
pub(crate) const WEEK_SECONDS: i64 = 604_800;

pub(crate) struct Bank {
    pub(crate) simulator: StripeSimulator,
    pub(crate) gateway: StripeGateway,
    clock: Arc<AtomicI64>,
}

pub(crate) fn secret() -> WebhookSecret {
    WebhookSecret::new("whsec_a_secret_for_tests").expect("long enough")
}

pub(crate) fn bank() -> Bank {
    bank_in(None)
}

pub(crate) fn bank_in(journal: Option<PathBuf>) -> Bank {
    let clock = Arc::new(AtomicI64::new(START.micros()));
    let simulator = StripeSimulator::open(settings(journal, &clock)).expect("a journal");
    let gateway = gateway(Arc::new(InProcessTransport::new(simulator.router())));
    Bank { simulator, gateway, clock }
}

pub(crate) fn settings(journal: Option<PathBuf>, clock: &Arc<AtomicI64>) -> SimulatorSettings {
    let clock = Arc::clone(clock);
    SimulatorSettings {
        journal,
        webhook_secret: secret(),
        public_url: "https://shop.example".to_owned(),
        clock: Arc::new(move || Timestamp::from_micros(clock.load(Ordering::SeqCst))),
    }
}

pub(crate) fn gateway(transport: Arc<dyn StripeTransport>) -> StripeGateway {
    let return_url = Some("https://shop.example/paid".to_owned());
    StripeGateway::new(transport, StripeSettings { webhook_secret: secret(), return_url })
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

pub(crate) fn payment(number: u128) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn request(number: u128, method: &str) -> AuthoriseRequest {
    AuthoriseRequest {
        payment: payment(number),
        order: OrderId::from_uuid(Uuid::from_u128(number)),
        amount: euros(10_000),
        method: method.to_owned(),
        buyer: BuyerPresence::There,
    }
}

pub(crate) fn declined(code: &str) -> AuthoriseAnswer {
    AuthoriseAnswer::Declined { code: code.to_owned() }
}

pub(crate) const UNKNOWN: GatewayError = GatewayError::Unknown { gateway: "payment provider" };
pub(crate) const UNAVAILABLE: GatewayError = GatewayError::Unavailable { gateway: "payment provider" };

pub(crate) fn rejected(code: &str) -> GatewayError {
    GatewayError::Rejected { gateway: "payment provider", code: code.to_owned() }
}

impl Bank {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub(crate) async fn authorise(&self, number: u128, method: &str) -> Result<AuthoriseAnswer, GatewayError> {
        self.gateway.authorise(&request(number, method)).await
    }

    /// Holds 100.00 EUR and returns the provider's name of it.
    pub(crate) async fn hold(&self, number: u128, method: &str) -> String {
        match self.authorise(number, method).await {
            Ok(AuthoriseAnswer::Authorised { provider_reference, .. }) => provider_reference,
            other => panic!("{method} is not held: {other:?}"),
        }
    }

    pub(crate) async fn capture(
        &self,
        (number, reference): (u128, &str),
        name: &str,
        (minor, is_final): (i64, bool),
    ) -> Result<CaptureAnswer, GatewayError> {
        let request = CaptureRequest {
            payment: payment(number),
            provider_reference: reference.to_owned(),
            capture: name.to_owned(),
            amount: euros(minor),
            is_final,
        };
        self.gateway.capture(&request).await
    }

    pub(crate) async fn refund(
        &self,
        (number, reference): (u128, &str),
        name: &str,
        minor: i64,
    ) -> Result<RefundAnswer, GatewayError> {
        let request = RefundRequest {
            payment: payment(number),
            provider_reference: reference.to_owned(),
            refund: name.to_owned(),
            amount: euros(minor),
        };
        self.gateway.refund(&request).await
    }

    /// Takes and accepts the webhooks that are ready, and reads them as the shop would.
    pub(crate) fn notices(&self) -> Vec<PaymentNotice> {
        let webhooks = self.simulator.take_webhooks();
        webhooks
            .into_iter()
            .map(|webhook| {
                self.simulator.accept_webhook(&webhook.id);
                self.gateway.read_notice(&webhook.signature, &webhook.body, self.now()).expect("a true notice")
            })
            .collect()
    }

    /// Returns the only line of the books.
    pub(crate) fn line(&self) -> LedgerLine {
        let lines = self.simulator.ledger();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].clone()
    }
}

/// A file that is removed at the end.
pub(crate) struct TemporaryFile(pub(crate) PathBuf);

impl TemporaryFile {
    pub(crate) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("comptoir-simulator-{}.jsonl", Uuid::new_v4())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            eprintln!("a journal stays behind: {error}");
        }
    }
}
