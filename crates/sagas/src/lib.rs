//! Processes that carry an order from checkout to the customer's door and back, their engine, and the ports to the
//! outside world that they act through. A process never reads a read model.

pub mod checkout;
pub mod engine;
mod gateway_work;
pub mod invoicing;
pub mod journey;
pub mod ports;
pub mod refund;
pub mod returns;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use app::Shop;
use app::actor::Actor;
use domain::values::{OrderId, ShortText, TaskId};
use tokio::sync::watch;
use uuid::Uuid;

use crate::checkout::{Checkout, CheckoutStatus};
use crate::engine::{EngineError, OpenTask, Process, Runner, RunnerStatus};
use crate::gateway_work::GatewayWork;
use crate::invoicing::OrderToInvoice;
use crate::ports::{CarrierGateway, PaymentGateway};
use crate::refund::GoodwillRefund;
use crate::returns::ReturnToRefund;

pub use crate::gateway_work::NoticeFailure;

/// A day of the timers, seconds.
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Returns whether a part of a refund begins it: then, and where it is the whole, the stored record does not say from where.
fn is_beginning(from: &i64) -> bool {
    *from == 0
}

/// All processes of a shop.
pub struct Processes {
    checkout: Arc<Runner<Checkout>>,
    returns: Arc<Runner<ReturnToRefund>>,
    refunds: Arc<Runner<GoodwillRefund>>,
    invoicing: Arc<Runner<OrderToInvoice>>,
    work: Arc<GatewayWork>,
}

impl Processes {
    /// What the streams of each kind of process are called.
    pub const KINDS: [&str; 4] = [Checkout::KIND, GoodwillRefund::KIND, ReturnToRefund::KIND, OrderToInvoice::KIND];

    /// Makes the processes of a shop that acts through these gateways.
    pub fn new(shop: Shop, payments: Arc<dyn PaymentGateway>, carrier: Arc<dyn CarrierGateway>) -> Arc<Self> {
        let work = Arc::new(GatewayWork::new(shop.clone(), payments, carrier));
        Arc::new(Self {
            checkout: Runner::new(shop.clone(), work.clone()),
            returns: Runner::new(shop.clone(), work.clone()),
            refunds: Runner::new(shop.clone(), work.clone()),
            invoicing: Runner::new(shop, work.clone()),
            work,
        })
    }

    /// Finds what was under way when the shop stopped, and lets it go on.
    ///
    /// # Errors
    /// [`EngineError::Store`] when the log cannot be read.
    pub async fn recover(&self) -> Result<(), EngineError> {
        self.checkout.recover().await?;
        self.returns.recover().await?;
        self.refunds.recover().await?;
        self.invoicing.recover().await
    }

    /// Follows the feed and the clock until shutdown; returns once nothing is being performed any more. For whoever is
    /// alone with the log: call [`Processes::recover`] first.
    pub async fn run(&self, shutdown: watch::Receiver<bool>) {
        tokio::join!(
            self.checkout.clone().follow(shutdown.clone()),
            self.returns.clone().follow(shutdown.clone()),
            self.refunds.clone().follow(shutdown.clone()),
            self.invoicing.clone().follow(shutdown),
        );
    }

    /// Notes the open tasks, without moving anything on: for a process beside others over one log.
    ///
    /// # Errors
    /// [`EngineError::Store`] when the log cannot be read.
    pub async fn survey(&self) -> Result<(), EngineError> {
        self.checkout.survey().await?;
        self.returns.survey().await?;
        self.refunds.survey().await?;
        self.invoicing.survey().await
    }

    /// Moves processes on whenever this process holds their lease, and shows meanwhile what others do, until shutdown.
    /// `owner` is another one in every process. Call [`Processes::survey`] first.
    pub async fn run_in_turns(&self, owner: Uuid, shutdown: watch::Receiver<bool>) {
        tokio::join!(
            self.checkout.clone().run_in_turns(owner, shutdown.clone()),
            self.returns.clone().run_in_turns(owner, shutdown.clone()),
            self.refunds.clone().run_in_turns(owner, shutdown.clone()),
            self.invoicing.clone().run_in_turns(owner, shutdown),
        );
    }

    /// Shows what others do, and never moves anything on, until shutdown. Call [`Processes::survey`] first.
    pub async fn observe(&self, shutdown: watch::Receiver<bool>) {
        tokio::join!(
            self.checkout.clone().observe(shutdown.clone()),
            self.returns.clone().observe(shutdown.clone()),
            self.refunds.clone().observe(shutdown.clone()),
            self.invoicing.clone().observe(shutdown),
        );
    }

    /// Tells everything that is in the log now and returns once nothing moves any more: for tests and imports that do
    /// not run in the background.
    ///
    /// # Errors
    /// [`app::error::AppError`] when the feed cannot be read.
    pub async fn catch_up(&self) -> Result<(), app::error::AppError> {
        self.checkout.catch_up().await?;
        self.returns.catch_up().await?;
        self.refunds.catch_up().await?;
        self.checkout.catch_up().await?;
        self.invoicing.catch_up().await
    }

    /// Waits until a checkout that begins only now has an answer for its buyer, at most `limit`; then the answer is still
    /// pending.
    pub async fn first_checkout_answer(&self, order: &OrderId, limit: Duration) -> CheckoutStatus {
        answer_of(self.checkout.watch_new(order.as_str()).await, limit, |_| true).await
    }

    /// Waits like [`Processes::first_checkout_answer`], also for a checkout that began long ago.
    pub async fn checkout_answer(&self, order: &OrderId, limit: Duration) -> CheckoutStatus {
        self.checkout_answer_after(order, limit, |_| true).await
    }

    /// Waits like [`Processes::checkout_answer`], for an answer that the caller accepts: after a further attempt to pay,
    /// one about that attempt.
    pub async fn checkout_answer_after(
        &self,
        order: &OrderId,
        limit: Duration,
        accepts: impl Fn(&CheckoutStatus) -> bool,
    ) -> CheckoutStatus {
        answer_of(self.checkout.watch(order.as_str()).await, limit, accepts).await
    }

    /// Lists every task that waits for a human.
    pub fn tasks(&self) -> Vec<OpenTask> {
        let mut tasks = self.checkout.tasks();
        tasks.extend(self.returns.tasks());
        tasks.extend(self.refunds.tasks());
        tasks.extend(self.invoicing.tasks());
        tasks
    }

    /// Decides a task and lets its process go on.
    ///
    /// # Errors
    /// [`EngineError`] when there is no such open task or choice, or the store fails.
    pub async fn decide_task(
        &self,
        task: &TaskId,
        choice: &str,
        reason: ShortText,
        by: &Actor,
    ) -> Result<OpenTask, EngineError> {
        match self.checkout.decide_task(task, choice, reason.clone(), by).await {
            Err(EngineError::TaskUnknown) => {}
            decided => return decided,
        }
        match self.returns.decide_task(task, choice, reason.clone(), by).await {
            Err(EngineError::TaskUnknown) => {}
            decided => return decided,
        }
        match self.refunds.decide_task(task, choice, reason.clone(), by).await {
            Err(EngineError::TaskUnknown) => {}
            decided => return decided,
        }
        self.invoicing.decide_task(task, choice, reason, by).await
    }

    /// Takes in what a payment provider tells by itself. Told twice is told once.
    ///
    /// # Errors
    /// [`NoticeFailure`]: not accepted, or not stored, so that the provider tells it again.
    pub async fn receive_notice(&self, signature: &str, body: &[u8]) -> Result<(), NoticeFailure> {
        self.work.receive_notice(signature, body).await
    }

    /// Asks the payment provider what became of an order's latest payment and records the answer: what the browser does
    /// when it comes back from the bank, in case the provider's own notice is late.
    ///
    /// # Errors
    /// [`app::error::AppError`] when there is no such payment or no answer to rely on.
    pub async fn refresh_payment(
        &self,
        order: &OrderId,
        request: &app::bus::Request,
    ) -> Result<(), app::error::AppError> {
        self.work.refresh_payment(order, request).await
    }

    /// Tells how the processes are doing.
    pub fn status(&self) -> Vec<RunnerStatus> {
        vec![self.checkout.status(), self.returns.status(), self.refunds.status(), self.invoicing.status()]
    }
}

async fn answer_of(
    mut status: watch::Receiver<CheckoutStatus>,
    limit: Duration,
    accepts: impl Fn(&CheckoutStatus) -> bool,
) -> CheckoutStatus {
    let settled = status.wait_for(|status| status.is_answer() && accepts(status));
    if let Ok(Ok(answer)) = tokio::time::timeout(limit, settled).await {
        return answer.clone();
    }
    // The runner outlives its watchers, so only the time can have run out.
    status.borrow().clone()
}
