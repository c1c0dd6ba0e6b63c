//! Every kind of event that the log may hold: its names, its versions, and how it is read.

use domain::cart::LinePrice;
use domain::order::{FulfilmentStatus, PaymentStatus};
use domain::upcast::{StoredEvent, Upcaster, read, read_with, version_of};
use domain::values::{Currency, Locale, Reduction};
use sagas::checkout::Checkout;
use sagas::engine::{Process, Record};
use sagas::invoicing::OrderToInvoice;
use sagas::refund::GoodwillRefund;
use sagas::returns::ReturnToRefund;
use serde::Serialize;

use super::names::variants_of;

/// The events of one kind of stream.
pub struct Family {
    /// The folder of its golden pairs under `schema/events`.
    pub folder: &'static str,
    /// The kind of its streams.
    pub kind: &'static str,
    /// Whether it shares its names with the families of other processes.
    pub is_process: bool,
    /// Its stored names.
    pub names: Vec<&'static str>,
    /// Those of them that need golden pairs in its folder, for each version.
    pub needed: Vec<&'static str>,
    /// Values within them that are enums too: each variant needs a golden pair.
    pub choices: Vec<Choice>,
    /// What lifts its old versions.
    pub upcasters: &'static [Upcaster],
    read: fn(&str, &str, &str) -> Result<String, String>,
}

/// A value within some events that has variants of its own.
pub struct Choice {
    /// The events; each variant needs a pair of one of them.
    pub of: &'static [&'static str],
    /// Where in their fields, a JSON pointer (RFC 6901).
    pub at: &'static str,
    /// The stored names of the variants that may be stored there.
    pub variants: Vec<&'static str>,
}

impl Choice {
    fn new(of: &'static [&'static str], at: &'static str, variants: &[&'static str]) -> Self {
        Self { of, at, variants: variants.to_vec() }
    }

    fn without(mut self, never_stored: &[&str]) -> Self {
        self.variants.retain(|variant| !never_stored.contains(variant));
        self
    }
}

impl Family {
    /// Describes the events of one kind of stream of a context.
    pub fn of<E: StoredEvent>(folder: &'static str, kind: &'static str) -> Self {
        let read = |event_type: &str, version: &str, payload: &str| {
            let event = read::<E>(event_type, version, payload).map_err(|error| error.to_string())?;
            pretty(&event)
        };
        let names = variants_of::<E>().to_vec();
        let (needed, choices) = (names.clone(), Vec::new());
        Self { folder, kind, is_process: false, names, needed, choices, upcasters: E::UPCASTERS, read }
    }

    /// Describes the records of one kind of process.
    fn of_process<P: Process>(never_told: &[&str]) -> Self {
        let read = |event_type: &str, version: &str, payload: &str| {
            let record = read_with::<Record<P::Input, P::Step>>(P::UPCASTERS, event_type, version, payload);
            pretty(&record.map_err(|error| error.to_string())?)
        };
        let inputs = variants_of::<P::Input>();
        let choices = vec![
            Choice::new(&["process.told", "process.answered"], "/input", inputs).without(never_told),
            Choice::new(&["process.asked"], "/step", variants_of::<P::Step>()),
        ];
        let names = variants_of::<Record<P::Input, P::Step>>().to_vec();
        let (needed, upcasters) = (names.clone(), P::UPCASTERS);
        Self { folder: P::KIND, kind: P::KIND, is_process: true, names, needed, choices, upcasters, read }
    }

    /// Adds values that need pairs for each of their variants.
    #[must_use]
    pub fn with(mut self, choices: Vec<Choice>) -> Self {
        self.choices.extend(choices);
        self
    }

    /// Returns the present version of a name.
    pub fn version_of(&self, event_type: &str) -> u32 {
        version_of(self.upcasters, event_type)
    }

    /// Reads a stored event and writes it as the type of today would be stored, indented.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(&self, event_type: &str, version: &str, payload: &str) -> Result<String, String> {
        (self.read)(event_type, version, payload)
    }
}

fn pretty(event: &impl Serialize) -> Result<String, String> {
    serde_json::to_string_pretty(event).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Returns every family of the shop. A test fails while a context is not among them.
pub fn families() -> Vec<Family> {
    let mut families = vec![
        Family::of::<domain::catalog::ProductEvent>("catalog", "product").with(vec![Choice::new(
            &["catalog.product_reviewed_by_editor"],
            "/locale",
            variants_of::<Locale>(),
        )]),
        Family::of::<domain::catalog::VariantEvent>("catalog", "variant").with(vec![Choice::new(
            &["catalog.variant_priced"],
            "/price/currency",
            variants_of::<Currency>(),
        )]),
        Family::of::<domain::catalog::CategoryEvent>("catalog", "category"),
        Family::of::<domain::stock::StockEvent>("stock", "stock"),
        Family::of::<domain::cart::CartEvent>("cart", "cart").with(vec![Choice::new(
            &["cart.lines_added"],
            "/lines/0/price",
            variants_of::<LinePrice>(),
        )]),
        Family::of::<domain::order::OrderEvent>("order", "order").with(vec![
            Choice::new(&["order.payment_recorded"], "/status", variants_of::<PaymentStatus>()),
            Choice::new(&["order.fulfilment_recorded"], "/status", variants_of::<FulfilmentStatus>()),
        ]),
        Family::of::<domain::promotion::BoardEvent>("promotion", "promotion_board"),
        Family::of::<domain::promotion::PromotionEvent>("promotion", "promotion").with(vec![Choice::new(
            &["promotion.created"],
            "/terms/reduction",
            variants_of::<Reduction>(),
        )]),
        Family::of::<domain::payment::PaymentEvent>("payment", "payment"),
        Family::of::<domain::fulfilment::FulfilmentEvent>("fulfilment", "fulfilment"),
        Family::of::<domain::returns::ReturnEvent>("returns", "return"),
        Family::of::<domain::invoicing::DocumentsEvent>("invoicing", "invoicing"),
        Family::of::<domain::invoicing::SeriesEvent>("invoicing", "document_series"),
    ];
    families.extend(processes());
    families
}

/// What timers and people tell a process is recorded as that they did, not as what it is told by it.
fn processes() -> [Family; 4] {
    // What all processes record alike needs no pair in each of them: those of the checkout stand for all.
    let alike = |family| Family { needed: Vec::new(), ..family };
    [
        Family::of_process::<Checkout>(&[
            "payment_time_over",
            "return_time_over",
            "hold_ending",
            "lost_for_long",
            "shortfall_undecided",
            "back_order_late",
            "decided",
            "gave_up",
        ]),
        alike(Family::of_process::<ReturnToRefund>(&["refund_decided", "refund_due", "refund_due_decided"])),
        alike(Family::of_process::<GoodwillRefund>(&["decided"])),
        alike(Family::of_process::<OrderToInvoice>(&["gave_up"])),
    ]
}
