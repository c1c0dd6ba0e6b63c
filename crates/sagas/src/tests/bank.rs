//! A payment provider that keeps books and does as its cards say.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use app::clock::{Clock, ManualClock};
use async_trait::async_trait;
use domain::values::{Currency, Money, PaymentId, Timestamp};

use crate::ports::{
    AuthoriseAnswer, AuthoriseRequest, BuyerPresence, CaptureAnswer, CaptureRequest, GatewayError, NoticeError,
    PaymentGateway, PaymentNotice, RefundAnswer, RefundRequest, VoidAnswer,
};

/// Pays.
pub(super) const VISA: &str = "pm_card_visa";
/// Pays once its buyer has been to the bank ([`Bank::approve`]).
pub(super) const ASKS: &str = "pm_card_asks";
/// Never pays.
pub(super) const DECLINES: &str = "pm_card_declines";
/// Pays only while its buyer is there.
pub(super) const NOT_ALONE: &str = "pm_card_not_alone";
/// Its money is held and cannot be taken.
pub(super) const KEEPS: &str = "pm_card_keeps";
/// Takes nothing back.
pub(super) const TAKES_NOTHING_BACK: &str = "pm_card_takes_nothing_back";
/// Takes money back later, and the bank says so by a notice.
pub(super) const TAKES_BACK_LATER: &str = "pm_card_takes_back_later";

/// How long money is held, seconds: a week.
pub(super) const HOLD_SECONDS: i64 = 7 * 86_400;

/// The signature of a notice that is the bank's own.
pub(super) const SIGNED: &str = "signed";

/// What the bank has of a payment, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) held: i64,
    pub(super) captured: BTreeMap<String, i64>,
    pub(super) refunded: BTreeMap<String, i64>,
    pub(super) is_void: bool,
    answer: Option<AuthoriseAnswer>,
}

impl Account {
    fn taken(&self) -> i64 {
        self.captured.values().sum()
    }
}

#[derive(Default)]
struct Books {
    accounts: BTreeMap<PaymentId, Account>,
    methods: BTreeMap<PaymentId, String>,
    asked: Vec<String>,
    failures: VecDeque<GatewayError>,
    notices: BTreeMap<String, PaymentNotice>,
}

pub(super) struct Bank {
    clock: Arc<ManualClock>,
    books: Mutex<Books>,
}

impl Bank {
    pub(super) fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, books: Mutex::default() }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nobody panics")
    }

    /// Notes what is asked; where a failure is planned, that is the answer.
    fn asked(&self, what: String) -> Result<MutexGuard<'_, Books>, GatewayError> {
        let mut books = self.books();
        books.asked.push(what);
        match books.failures.pop_front() {
            Some(failure) => Err(failure),
            None => Ok(books),
        }
    }

    /// Returns everything that was asked so far, in its order, and forgets it.
    pub(super) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.books().asked)
    }

    /// Lets the next requests fail.
    pub(super) fn fail(&self, failures: impl IntoIterator<Item = GatewayError>) {
        self.books().failures.extend(failures);
    }

    /// Lets the buyer agree at the bank.
    pub(super) fn approve(&self, payment: &PaymentId, amount: i64) {
        let answer = self.authorised(payment, amount);
        let mut books = self.books();
        let account = books.accounts.get_mut(payment).expect("the bank was asked");
        (account.held, account.answer) = (amount, Some(answer));
    }

    /// Puts a notice into the post; it is told by its id.
    pub(super) fn notify(&self, notice: PaymentNotice) -> Vec<u8> {
        let body = notice.id.clone().into_bytes();
        self.books().notices.insert(notice.id.clone(), notice);
        body
    }

    pub(super) fn account(&self, payment: &PaymentId) -> Account {
        self.books().accounts.get(payment).cloned().unwrap_or_default()
    }

    fn authorised(&self, payment: &PaymentId, amount: i64) -> AuthoriseAnswer {
        AuthoriseAnswer::Authorised {
            provider_reference: reference(payment),
            amount: Money::new(amount, Currency::Eur),
            expires_at: self.clock.now().plus_seconds(HOLD_SECONDS),
        }
    }

    fn method(&self, payment: &PaymentId) -> String {
        self.books().methods.get(payment).cloned().unwrap_or_default()
    }
}

/// How the bank calls a payment.
pub(super) fn reference(payment: &PaymentId) -> String {
    format!("pi_{payment}")
}

pub(super) fn silent() -> GatewayError {
    GatewayError::Unknown { gateway: "bank" }
}

#[async_trait]
impl PaymentGateway for Bank {
    async fn authorise(&self, request: &AuthoriseRequest) -> Result<AuthoriseAnswer, GatewayError> {
        let AuthoriseRequest { payment, amount, method, buyer, .. } = request;
        drop(self.asked(format!("authorise {} {method} {buyer:?}", amount.minor()))?);
        if self.account(payment).is_void {
            return Ok(AuthoriseAnswer::Cancelled);
        }
        let answer = match method.as_str() {
            DECLINES => AuthoriseAnswer::Declined { code: "insufficient_funds".to_owned() },
            ASKS => AuthoriseAnswer::ActionRequired {
                provider_reference: reference(payment),
                action_url: format!("https://bank.example/{payment}"),
            },
            NOT_ALONE if *buyer == BuyerPresence::Away => {
                return Err(GatewayError::Rejected { gateway: "bank", code: "buyer_away".to_owned() });
            }
            _ => self.authorised(payment, amount.minor()),
        };
        let mut books = self.books();
        books.methods.insert(payment.clone(), method.clone());
        let account = books.accounts.entry(payment.clone()).or_default();
        if account.answer.is_none() {
            account.held = if matches!(answer, AuthoriseAnswer::Authorised { .. }) { amount.minor() } else { 0 };
        }
        Ok(account.answer.get_or_insert(answer).clone())
    }

    async fn find(&self, payment: &PaymentId) -> Result<Option<AuthoriseAnswer>, GatewayError> {
        let books = self.asked("find".to_owned())?;
        Ok(books.accounts.get(payment).and_then(|account| account.answer.clone()))
    }

    async fn capture(&self, request: &CaptureRequest) -> Result<CaptureAnswer, GatewayError> {
        let CaptureRequest { payment, provider_reference, capture, amount, is_final } = request;
        assert_eq!(*provider_reference, reference(payment), "the bank is asked by its own name");
        let method = self.method(payment);
        let rest = if *is_final { ", the rest is let go" } else { "" };
        let mut books = self.asked(format!("capture {}{rest}", amount.minor()))?;
        if method == KEEPS {
            return Ok(CaptureAnswer::Failed { code: "expired_card".to_owned() });
        }
        let account = books.accounts.get_mut(payment).expect("the bank was asked before");
        if account.captured.insert(capture.clone(), amount.minor()).is_none() {
            account.held -= amount.minor();
        }
        if *is_final {
            account.held = 0;
        }
        Ok(CaptureAnswer::Captured)
    }

    async fn void(&self, payment: &PaymentId, provider_reference: Option<&str>) -> Result<VoidAnswer, GatewayError> {
        let named = provider_reference.map_or("", |_| ", named");
        let mut books = self.asked(format!("void{named}"))?;
        let account = books.accounts.entry(payment.clone()).or_default();
        if account.taken() > 0 && account.held == 0 {
            return Ok(VoidAnswer::AlreadyCaptured);
        }
        (account.held, account.is_void) = (0, true);
        Ok(VoidAnswer::Voided)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        let RefundRequest { payment, provider_reference, refund, amount } = request;
        assert_eq!(*provider_reference, reference(payment), "the bank is asked by its own name");
        let method = self.method(payment);
        let mut books = self.asked(format!("refund {}", amount.minor()))?;
        match method.as_str() {
            TAKES_NOTHING_BACK => return Ok(RefundAnswer::Failed { code: "charge_closed".to_owned() }),
            TAKES_BACK_LATER => return Ok(RefundAnswer::Pending),
            _ => {}
        }
        let account = books.accounts.get_mut(payment).expect("the bank was asked before");
        account.refunded.insert(refund.clone(), amount.minor());
        Ok(RefundAnswer::Refunded)
    }

    fn read_notice(&self, signature: &str, body: &[u8], _now: Timestamp) -> Result<PaymentNotice, NoticeError> {
        if signature != SIGNED {
            return Err(NoticeError::SignatureMismatch);
        }
        let id = String::from_utf8_lossy(body).into_owned();
        self.books().notices.get(&id).cloned().ok_or(NoticeError::BodyMalformed)
    }
}
