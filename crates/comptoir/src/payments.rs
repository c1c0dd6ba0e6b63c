//! The payment provider's simulator as a program of its own: several processes over one log share it, as they would share
//! the real one. Its webhooks go over HTTP to the shop, at least once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use api::http::server::serve;
use api::http::shutdown::Shutdown;
use app::clock::Clock;
use gateways::simulator::{StripeSimulator, Webhook};
use gateways::stripe::WebhookSecret;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::open;

/// How long the shop may take to accept a webhook.
const DELIVERY_SECONDS_MAX: u64 = 10;
/// How long to wait before webhooks are delivered again to a shop that did not accept one.
const RETRY: Duration = Duration::from_millis(500);

/// Opens the simulator with its journal in the data folder.
///
/// # Errors
/// When `payment_webhook_secret` is missing or the journal cannot be used.
pub fn open(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<StripeSimulator> {
    let Some(secret) = &config.payment_webhook_secret else {
        bail!("no webhook secret is given: set COMPTOIR_PAYMENT_WEBHOOK_SECRET, here and for the shop")
    };
    let secret = WebhookSecret::new(secret).context("payment_webhook_secret cannot be used")?;
    let journal = open::files(config)?.map(|files| files.payments);
    open::open_simulator(config, secret, &clock, journal)
}

/// Serves the simulator and delivers its webhooks until the shutdown.
///
/// # Errors
/// When the listener fails or the shop's address is none.
pub async fn play(
    simulator: StripeSimulator,
    deliver_to: &str,
    listener: TcpListener,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let url = format!("{}/webhooks/stripe", deliver_to.trim_end_matches('/'));
    let url = reqwest::Url::parse(&url).with_context(|| format!("{deliver_to} is no address of a shop"))?;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(DELIVERY_SECONDS_MAX)).build()?;
    let ending = shutdown.clone();
    let deliveries = async {
        tokio::select! {
            () = ending.begun() => {}
            () = deliver_all(&simulator, &client, &url) => {}
        }
    };
    let (served, ()) = tokio::join!(serve(listener, simulator.router(), shutdown), deliveries);
    served.context("the server failed")
}

async fn deliver_all(simulator: &StripeSimulator, client: &reqwest::Client, url: &reqwest::Url) {
    loop {
        let webhook = simulator.next_webhook().await;
        if deliver(&webhook, client, url).await {
            simulator.accept_webhook(&webhook.id);
        } else {
            simulator.return_webhook(&webhook.id);
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Returns whether the shop has accepted it.
async fn deliver(webhook: &Webhook, client: &reqwest::Client, url: &reqwest::Url) -> bool {
    let request = client.post(url.clone()).header("stripe-signature", &webhook.signature);
    match request.header("content-type", "application/json").body(webhook.body.clone()).send().await {
        Ok(response) if response.status().is_success() => true,
        Ok(response) => {
            tracing::warn!(webhook = webhook.id, status = %response.status(), "a webhook was not accepted");
            false
        }
        Err(error) => {
            tracing::warn!(webhook = webhook.id, error = %error.without_url(), "a webhook was not delivered");
            false
        }
    }
}
