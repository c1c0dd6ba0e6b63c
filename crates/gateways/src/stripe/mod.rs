//! The payment provider in Stripe's wire format (<https://docs.stripe.com/api>), spoken over any [`StripeTransport`].
//!
//! A payment is one PaymentIntent, captured by hand, that carries our names in its metadata: `payment`, `order` and the
//! latest `capture`. Amounts are minor units.
//!
//! Keys: creating an intent has our payment id as `Idempotency-Key`, a capture and a refund have the payment id with
//! their own name. Cancelling has none, for a second cancel finds the first one's state. Stripe forgets a key after 24
//! hours at the earliest (<https://docs.stripe.com/api/idempotent_requests>): whoever retries for longer must ask
//! [`PaymentGateway::find`] first. Stripe's search, which `find` uses, may lag behind by a minute
//! (<https://docs.stripe.com/search#data-freshness>).
//!
//! **A void before the authorisation.** When no intent is found under our name, an authorisation may still be under
//! way. The void then claims the key: it creates an intent of [`CLAIM_AMOUNT_MINOR`] without method and without
//! confirmation under the same `Idempotency-Key`, and cancels it. An authorisation that arrives later has other
//! parameters, so Stripe answers `idempotency_error`, which is told as [`AuthoriseAnswer::Cancelled`] once the
//! cancelled claim is seen. When the authorisation arrives first, the claim gets that error instead and the void
//! cancels what it now finds; while search does not show it yet, the void answers that the provider is unavailable and
//! is to be retried.
//!
//! **A replayed answer is old.** An authorisation retried after its payment was cancelled is answered by Stripe with
//! the kept first answer. Whatever is marked `Idempotent-Replayed` is therefore read again.

mod answers;
mod notices;
mod signature;
mod transport;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use domain::values::{PaymentId, Timestamp};
use sagas::ports::{
    AuthoriseAnswer, AuthoriseRequest, BuyerPresence, CaptureAnswer, CaptureRequest, GatewayError, NoticeError,
    PaymentGateway, PaymentNotice, RefundAnswer, RefundRequest, VoidAnswer,
};

pub(crate) use signature::hexadecimal;
pub use signature::{SIGNATURES_MAX, SecretTooShort, TOLERANCE_SECONDS, WebhookSecret};
pub use transport::{
    ANSWER_BYTES_MAX, HttpTransport, InProcessTransport, NoAnswer, StripeAnswer, StripeRequest, StripeTransport,
    TIMEOUT, TransportError, TransportSetupError, VERSION,
};

use answers::{Meaning, body, meaning, reference, rejected, unanswered, unknown};
use wire::{Intent, Page};

/// The amount of an intent made only to claim a key: 1.00 EUR, above Stripe's least amount. It is never confirmed.
pub const CLAIM_AMOUNT_MINOR: i64 = 100;

const INTENTS: &str = "/v1/payment_intents";

/// What the adapter must know besides how to reach the provider.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    /// What webhooks are signed with.
    pub webhook_secret: WebhookSecret,
    /// Where the bank sends the buyer back to, an absolute address. Stripe gives a page to act at only with one.
    pub return_url: Option<String>,
}

/// Speaks to a payment provider in Stripe's wire format.
pub struct StripeGateway {
    transport: Arc<dyn StripeTransport>,
    settings: StripeSettings,
}

impl StripeGateway {
    /// Makes the adapter.
    pub fn new(transport: Arc<dyn StripeTransport>, settings: StripeSettings) -> Self {
        Self { transport, settings }
    }

    async fn post(
        &self,
        path: String,
        form: Vec<(&str, &str)>,
        key: Option<&str>,
    ) -> Result<StripeAnswer, GatewayError> {
        let request =
            StripeRequest { method: Method::POST, path, form: owned(&form), idempotency_key: key.map(str::to_owned) };
        self.transport.send(request).await.map_err(unanswered)
    }

    async fn get(&self, path: String, form: Vec<(&str, &str)>) -> Result<StripeAnswer, GatewayError> {
        let request = StripeRequest { method: Method::GET, path, form: owned(&form), idempotency_key: None };
        self.transport.send(request).await.map_err(unanswered)
    }

    async fn intent(&self, id: &str) -> Result<Intent, GatewayError> {
        let answer = self.get(format!("{INTENTS}/{}", reference(id)?), vec![("expand[0]", "latest_charge")]).await?;
        match meaning(&answer)? {
            Meaning::Done => body(&answer),
            Meaning::Declined(code) | Meaning::Late(code) => Err(rejected(&code)),
            Meaning::KeyTaken => Err(unknown()),
        }
    }

    async fn intents(&self, payment: &PaymentId) -> Result<Vec<Intent>, GatewayError> {
        let query = format!("metadata['payment']:'{payment}'");
        let form = vec![("query", query.as_str()), ("expand[0]", "data.latest_charge")];
        let answer = self.get(format!("{INTENTS}/search"), form).await?;
        match meaning(&answer)? {
            Meaning::Done => Ok(body::<Page>(&answer)?.data),
            Meaning::Declined(code) | Meaning::Late(code) => Err(rejected(&code)),
            Meaning::KeyTaken => Err(unknown()),
        }
    }

    /// The key was used with other parameters: by a void's claim, which search shows, or by a mistake of ours.
    async fn authorise_under_taken_key(&self, payment: &PaymentId) -> Result<AuthoriseAnswer, GatewayError> {
        match self.find(payment).await? {
            Some(AuthoriseAnswer::Cancelled) => Ok(AuthoriseAnswer::Cancelled),
            Some(_) => Err(rejected("idempotency_error")),
            None => Err(GatewayError::Unavailable { gateway: answers::GATEWAY }),
        }
    }

    async fn cancel(&self, id: &str) -> Result<VoidAnswer, GatewayError> {
        let answer = self.post(format!("{INTENTS}/{}/cancel", reference(id)?), Vec::new(), None).await?;
        match meaning(&answer)? {
            Meaning::Done => Ok(VoidAnswer::Voided),
            Meaning::Late(_) => self.cancelled_already(id).await,
            Meaning::Declined(code) => Err(rejected(&code)),
            Meaning::KeyTaken => Err(unknown()),
        }
    }

    /// An intent that cannot be cancelled is cancelled or captured. Of one captured in part, the rest is let go.
    async fn cancelled_already(&self, id: &str) -> Result<VoidAnswer, GatewayError> {
        let intent = self.intent(id).await?;
        match intent.status.as_str() {
            "canceled" if intent.amount_received == 0 => Ok(VoidAnswer::Voided),
            "canceled" | "succeeded" => Ok(VoidAnswer::AlreadyCaptured),
            "requires_capture" if intent.amount_received > 0 => self.release(id).await,
            _ => Err(unknown()),
        }
    }

    async fn release(&self, id: &str) -> Result<VoidAnswer, GatewayError> {
        let form = vec![("amount_to_capture", "0"), ("final_capture", "true"), ("metadata[capture]", "")];
        let answer = self.post(format!("{INTENTS}/{id}/capture"), form, None).await?;
        match meaning(&answer)? {
            Meaning::Done => Ok(VoidAnswer::AlreadyCaptured),
            Meaning::Declined(code) | Meaning::Late(code) => Err(rejected(&code)),
            Meaning::KeyTaken => Err(unknown()),
        }
    }

    async fn claim(&self, payment: &PaymentId) -> Result<VoidAnswer, GatewayError> {
        let amount = CLAIM_AMOUNT_MINOR.to_string();
        let form = vec![
            ("amount", amount.as_str()),
            ("currency", "eur"),
            ("capture_method", "manual"),
            ("payment_method_types[0]", "card"),
            ("metadata[payment]", payment.as_str()),
        ];
        let answer = self.post(INTENTS.to_owned(), form, Some(payment.as_str())).await?;
        match meaning(&answer)? {
            Meaning::Done => self.cancel(&body::<Intent>(&answer)?.id).await,
            Meaning::KeyTaken => match self.void_found(payment).await? {
                Some(answer) => Ok(answer),
                None => Err(GatewayError::Unavailable { gateway: answers::GATEWAY }),
            },
            Meaning::Declined(code) | Meaning::Late(code) => Err(rejected(&code)),
        }
    }

    /// Voids every intent of the payment. `None`: search shows none.
    async fn void_found(&self, payment: &PaymentId) -> Result<Option<VoidAnswer>, GatewayError> {
        let mut answer = None;
        for intent in self.intents(payment).await? {
            let voided = self.cancel(&intent.id).await?;
            answer = if answer == Some(VoidAnswer::AlreadyCaptured) { answer } else { Some(voided) };
        }
        Ok(answer)
    }
}

#[async_trait]
impl PaymentGateway for StripeGateway {
    async fn authorise(&self, request: &AuthoriseRequest) -> Result<AuthoriseAnswer, GatewayError> {
        let amount = request.amount.minor().to_string();
        let currency = request.amount.currency().code().to_ascii_lowercase();
        let mut form = vec![
            ("amount", amount.as_str()),
            ("currency", currency.as_str()),
            ("payment_method", request.method.as_str()),
            ("payment_method_types[0]", "card"),
            ("confirm", "true"),
            ("capture_method", "manual"),
            ("payment_method_options[card][request_multicapture]", "if_available"),
            ("metadata[payment]", request.payment.as_str()),
            ("metadata[order]", request.order.as_str()),
            ("expand[0]", "latest_charge"),
        ];
        // Without its buyer, a card whose bank wants to see them is declined (<https://docs.stripe.com/api/payment_intents/create>).
        match (request.buyer, &self.settings.return_url) {
            (BuyerPresence::Away, _) => form.push(("off_session", "true")),
            (BuyerPresence::There, Some(url)) => form.push(("return_url", url)),
            (BuyerPresence::There, None) => {}
        }
        let answer = self.post(INTENTS.to_owned(), form, Some(request.payment.as_str())).await?;
        match meaning(&answer)? {
            Meaning::Done => {
                let told: Intent = body(&answer)?;
                answers::authorisation(if answer.replayed { self.intent(&told.id).await? } else { told })
            }
            Meaning::Declined(code) => Ok(AuthoriseAnswer::Declined { code }),
            Meaning::KeyTaken => self.authorise_under_taken_key(&request.payment).await,
            Meaning::Late(code) => Err(rejected(&code)),
        }
    }

    async fn find(&self, payment: &PaymentId) -> Result<Option<AuthoriseAnswer>, GatewayError> {
        let mut intents = self.intents(payment).await?;
        // Live money first: a cancelled intent beside it is a claim that came too late.
        intents.sort_by_key(|intent| intent.status == "canceled");
        intents.into_iter().next().map(answers::authorisation).transpose()
    }

    async fn capture(&self, request: &CaptureRequest) -> Result<CaptureAnswer, GatewayError> {
        let path = format!("{INTENTS}/{}/capture", reference(&request.provider_reference)?);
        let key = format!("{}/capture/{}", request.payment, request.capture);
        let amount = request.amount.minor().to_string();
        let form = vec![
            ("amount_to_capture", amount.as_str()),
            ("final_capture", if request.is_final { "true" } else { "false" }),
            ("metadata[capture]", request.capture.as_str()),
        ];
        let answer = self.post(path, form, Some(&key)).await?;
        match meaning(&answer)? {
            Meaning::Done => match body::<Intent>(&answer)?.status.as_str() {
                "succeeded" | "requires_capture" => Ok(CaptureAnswer::Captured),
                _ => Err(unknown()),
            },
            Meaning::Declined(code) | Meaning::Late(code) => Ok(CaptureAnswer::Failed { code }),
            Meaning::KeyTaken => Err(rejected("idempotency_error")),
        }
    }

    async fn void(&self, payment: &PaymentId, provider_reference: Option<&str>) -> Result<VoidAnswer, GatewayError> {
        if let Some(id) = provider_reference {
            return self.cancel(id).await;
        }
        match self.void_found(payment).await? {
            Some(answer) => Ok(answer),
            None => self.claim(payment).await,
        }
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        let key = format!("{}/refund/{}", request.payment, request.refund);
        let amount = request.amount.minor().to_string();
        let form = vec![
            ("payment_intent", reference(&request.provider_reference)?),
            ("amount", amount.as_str()),
            ("metadata[refund]", request.refund.as_str()),
            ("metadata[payment]", request.payment.as_str()),
        ];
        let answer = self.post("/v1/refunds".to_owned(), form, Some(&key)).await?;
        match meaning(&answer)? {
            Meaning::Done => answers::refund(&body(&answer)?),
            Meaning::Declined(code) => Ok(RefundAnswer::Failed { code }),
            Meaning::KeyTaken => Err(rejected("idempotency_error")),
            Meaning::Late(code) => Err(rejected(&code)),
        }
    }

    fn read_notice(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentNotice, NoticeError> {
        self.settings.webhook_secret.verify(signature, body, now)?;
        notices::read(body)
    }
}

fn owned(form: &[(&str, &str)]) -> Vec<(String, String)> {
    form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
