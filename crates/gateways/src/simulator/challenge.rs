//! The bank's page: where a buyer approves or declines a payment. Plain HTML that needs no script.

use super::intent::{Intent, IntentStatus};

/// Returns the page of an intent, or of no intent.
pub(super) fn page(intent: Option<&Intent>) -> String {
    let Some(intent) = intent else {
        return document("Unknown payment", "<p>There is no such payment.</p>");
    };
    match intent.status {
        IntentStatus::RequiresAction => document("Approve the payment", &choice(intent)),
        IntentStatus::RequiresCapture | IntentStatus::Succeeded => {
            document("Payment approved", "<p>The payment is approved. You may close this page.</p>")
        }
        IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation | IntentStatus::Canceled => {
            document("Payment not approved", "<p>Nothing is held on the card. You may close this page.</p>")
        }
    }
}

/// Returns where the bank sends the buyer afterwards, when the shop gave an address that a browser may be sent to.
pub(super) fn return_address(intent: &Intent) -> Option<String> {
    let url = intent.return_url.as_deref()?;
    let is_web = url.starts_with("https://") || url.starts_with("http://") || url.starts_with('/');
    if !is_web || url.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return None;
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    let outcome = if intent.status == IntentStatus::RequiresCapture { "succeeded" } else { "failed" };
    Some(format!("{url}{joint}payment_intent={}&redirect_status={outcome}", intent.id))
}

fn choice(intent: &Intent) -> String {
    let amount = format!("{}.{:02}", intent.amount / 100, intent.amount % 100);
    format!(
        "<p>The shop asks to hold <strong>{amount} {currency}</strong> on your card.</p>\n\
         <form method=\"post\" action=\"/simulator/3ds/{id}/approve\"><button>Approve</button></form>\n\
         <form method=\"post\" action=\"/simulator/3ds/{id}/decline\"><button>Decline</button></form>",
        currency = intent.currency.to_ascii_uppercase(),
        id = intent.id,
    )
}

/// Every text put in here is ours or made of digits and letters.
fn document(title: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} · simulated bank</title></head>\n\
         <body><main><h1>{title}</h1>\n{content}\n<p><small>A simulated bank: no money moves.</small></p></main></body>\n\
         </html>\n"
    )
}
