//! What stands in an invoice and in a credit note, and how they are numbered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::party::{Buyer, Seller};
use crate::values::{
    Currency, FulfilmentId, InvalidValue, LineId, Localized, Money, PaymentId, Quantity, Sku, TaxedAmount, Timestamp,
    from_text,
};

/// The last number of a series: six digits are printed, and up to nine are taken.
pub const NUMBERS_MAX: u32 = 999_999_999;

/// An invoice or its correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// What is to be paid (facture).
    Invoice,
    /// What is not to be paid after all (avoir).
    CreditNote,
}

impl DocumentKind {
    /// Both kinds.
    pub const ALL: [DocumentKind; 2] = [DocumentKind::Invoice, DocumentKind::CreditNote];

    /// Returns the letter its numbers begin with.
    pub const fn letter(self) -> char {
        match self {
            DocumentKind::Invoice => 'F',
            DocumentKind::CreditNote => 'A',
        }
    }

    /// Returns its name in the log and in read models, `snake_case`.
    pub const fn name(self) -> &'static str {
        match self {
            DocumentKind::Invoice => "invoice",
            DocumentKind::CreditNote => "credit_note",
        }
    }
}

/// A series of numbers: one kind, one year of the shop's calendar. "Un numéro unique basé sur une séquence chronologique
/// et continue"; several series where the conditions of the activity justify them (CGI, annexe II, article 242 nonies A, I,
/// 7°: <https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000046086694>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId {
    kind: DocumentKind,
    year: u16,
}

impl SeriesId {
    /// Names a series.
    pub const fn new(kind: DocumentKind, year: u16) -> Self {
        Self { kind, year }
    }

    /// Returns what is numbered.
    pub const fn kind(self) -> DocumentKind {
        self.kind
    }

    /// Returns the year.
    pub const fn year(self) -> u16 {
        self.year
    }
}

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:04}", self.kind.letter(), self.year)
    }
}

/// A document's number: the series and a count from 1, `F2026-000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentNumber {
    series: SeriesId,
    count: u32,
}

impl DocumentNumber {
    /// Returns the first number of a series.
    pub const fn first(series: SeriesId) -> Self {
        Self { series, count: 1 }
    }

    /// Returns the number after it; `None` after [`NUMBERS_MAX`].
    pub fn next(self) -> Option<Self> {
        (self.count < NUMBERS_MAX).then_some(Self { count: self.count + 1, ..self })
    }

    /// Returns the series.
    pub const fn series(self) -> SeriesId {
        self.series
    }

    /// Returns the count within the series, from 1.
    pub const fn count(self) -> u32 {
        self.count
    }
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.series, self.count)
    }
}

impl FromStr for DocumentNumber {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let read = || {
            let (series, count) = text.split_once('-')?;
            let kind = DocumentKind::ALL.into_iter().find(|kind| series.starts_with(kind.letter()))?;
            let series = SeriesId::new(kind, series.get(1..)?.parse().ok()?);
            let count = count.parse().ok().filter(|count| (1..=NUMBERS_MAX).contains(count))?;
            // Only one way to write each number.
            Some(Self { series, count }).filter(|number| number.to_string() == text)
        };
        let allowed = "F for an invoice or A for a credit note, the year and the count, such as F2026-000001";
        read().ok_or_else(|| InvalidValue::new("document number", text, allowed))
    }
}

from_text!(DocumentNumber);

impl From<DocumentNumber> for String {
    fn from(number: DocumentNumber) -> String {
        number.to_string()
    }
}

/// Which document of an order: a parcel has one invoice, a refund one credit note. A refund is named as in its payment,
/// and among the payments of an order if its name alone does not tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// The invoice of a parcel.
    Invoice(FulfilmentId),
    /// The credit note of a refund.
    CreditNote(String),
}

impl Document {
    /// Returns what it is.
    pub const fn kind(&self) -> DocumentKind {
        match self {
            Document::Invoice(_) => DocumentKind::Invoice,
            Document::CreditNote(_) => DocumentKind::CreditNote,
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Document::Invoice(fulfilment) => write!(f, "invoice/{fulfilment}"),
            Document::CreditNote(refund) => write!(f, "credit_note/{refund}"),
        }
    }
}

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Units of a line of the order.
    Goods {
        /// The order's line.
        line: LineId,
        /// What was sold.
        sku: Sku,
    },
    /// The shipping.
    Shipping {
        /// The option's code.
        code: String,
    },
}

/// A line of an invoice, as it was sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// What it is about.
    pub item: Item,
    /// What it was called.
    pub name: Localized,
    /// How many units; 1 for shipping.
    pub quantity: Quantity,
    /// The price of a unit, VAT included; none where the line was sold at an amount for the whole line.
    pub unit_price: Option<Money>,
    /// What promotions took off the line, not negative; none where nothing was taken off, or it has no unit price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
    /// The line's total with its VAT, discounts taken off.
    pub total: TaxedAmount,
    /// What the buyer pays of it: the total less the share of coupons that others pay.
    pub payable: Money,
}

/// An invoice before it has its number. `Σ lines = Σ vat = total`, `payable = total − coupons`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// The parcel whose goods and money it is about.
    pub fulfilment: FulfilmentId,
    /// Who sells.
    pub seller: Seller,
    /// Who buys.
    pub buyer: Buyer,
    /// The order's number as people say it.
    pub order_number: String,
    /// When the order was placed.
    pub ordered_at: Timestamp,
    /// The currency of every amount.
    pub currency: Currency,
    /// What was sold; at least one line.
    pub lines: Vec<InvoiceLine>,
    /// Net, VAT and gross for each rate, the lowest rate first.
    pub vat: Vec<TaxedAmount>,
    /// What it comes to, VAT included.
    pub total: Money,
    /// What others pay of it, by coupons.
    pub coupons: Money,
    /// What the buyer pays: what is captured for the parcel.
    pub payable: Money,
    /// The payment that it is paid with; none where nothing is to be paid.
    pub payment: Option<PaymentId>,
}

/// Why something is credited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditReason {
    /// Units came back.
    Return,
    /// The order was called off after its money was taken.
    Cancellation,
    /// A paid parcel was lost, or called off while the order stands.
    NotDelivered,
    /// A price reduction after the sale.
    Goodwill,
}

/// A line of a credit note: what it takes back of a line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLine {
    /// The invoice it corrects.
    pub invoice: DocumentNumber,
    /// What it is about.
    pub item: Item,
    /// What it was called.
    pub name: Localized,
    /// How many units came back; none where only the price goes down, or where the units of one line stand on several
    /// invoices.
    pub quantity: Option<Quantity>,
    /// What is credited, VAT at the rate as sold.
    pub total: TaxedAmount,
}

/// A credit note before it has its number. `Σ lines = Σ vat = total`. "Tout document ou message qui modifie la facture
/// initiale, fait référence à la facture initiale de façon spécifique et non équivoque" (CGI, article 289, I, 5): each line
/// names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNote {
    /// The refund.
    pub refund: String,
    /// Why.
    pub reason: CreditReason,
    /// Who sells.
    pub seller: Seller,
    /// Who buys.
    pub buyer: Buyer,
    /// The order's number as people say it.
    pub order_number: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// What is credited; at least one line.
    pub lines: Vec<CreditLine>,
    /// Net, VAT and gross for each rate, the lowest rate first.
    pub vat: Vec<TaxedAmount>,
    /// What goes back to the buyer, VAT included.
    pub total: Money,
    /// The payment it goes back through.
    pub payment: PaymentId,
}
