//! Where work comes in: whatever happens in the log makes someone do something about it, later.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::values::CustomerId;
use event_store::RecordedEvent;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{shelves, staff};
use crate::clock::{DAY, HOUR};
use crate::dice::Dice;
use crate::world::World;

/// How often people may be asked the same before something is wrong.
const QUESTIONS_MAX: u32 = 15;

/// Hands work out to whoever does it.
pub(crate) struct Desk {
    world: Arc<World>,
    customers: BTreeMap<String, CustomerId>,
    orders: BTreeMap<String, String>,
    /// How often a process has asked people the same.
    asked: BTreeMap<(String, String), u32>,
    jobs: JoinSet<()>,
}

/// One event to do something about.
pub(super) struct Job {
    pub(super) world: Arc<World>,
    /// The aggregate.
    pub(super) id: String,
    /// What happened, without its name.
    pub(super) fact: Value,
    pub(super) dice: Dice,
    pub(super) position: u64,
}

impl Job {
    /// Waits some seconds by the shop's time.
    pub(super) async fn wait(&self, seconds: i64) {
        self.world.clock.sleep_until(self.world.now().plus_seconds(seconds)).await;
    }

    pub(super) fn name(&self, what: &str) -> String {
        format!("{what} {}", self.position)
    }
}

impl Desk {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self {
            world,
            customers: BTreeMap::new(),
            orders: BTreeMap::new(),
            asked: BTreeMap::new(),
            jobs: JoinSet::new(),
        }
    }

    /// Hands work out as long as the world lasts.
    pub(crate) async fn run(mut self, mut events: mpsc::UnboundedReceiver<Arc<RecordedEvent>>) {
        while let Some(event) = events.recv().await {
            self.hear(&event);
            while self.jobs.try_join_next().is_some() {}
        }
    }

    fn hear(&mut self, event: &RecordedEvent) {
        let Ok(mut payload) = serde_json::from_str::<Value>(event.payload.get()) else { return };
        let fact = payload[event.event_type.as_str()].take();
        let dice = self.world.dice("job", event.position.0);
        let (world, id, position) = (self.world.clone(), event.stream.id.to_string(), event.position.0);
        let job = Job { world, id, fact, dice, position };
        match event.event_type.as_str() {
            "order.placed" => self.placed(job),
            "fulfilment.requested" => {
                let order = job.fact["order"].as_str().unwrap_or_default().to_owned();
                self.orders.insert(job.id.clone(), order);
                self.begin(
                    job,
                    |dice| dice.weighted(&[(20, 0), (66, 5 * HOUR), (10, 4 * DAY), (4, 9 * DAY)]),
                    staff::pack,
                );
            }
            "order.confirmed" => self.maybe_cancel_lines(job, &[0, HOUR, 5 * HOUR, 6 * HOUR]),
            "fulfilment.packed" if job.position.is_multiple_of(2) => self.maybe_cancel(job, 8),
            "fulfilment.packed" => self.maybe_cancel_lines(job, &[0, 1, HOUR]),
            "fulfilment.reduced" => self.begin(job, |dice| dice.one_of(&[0, HOUR, 5 * HOUR]), staff::pack_anew),
            "fulfilment.released_for_shipping" => {
                self.begin(job, |dice| dice.one_of(&[0, 2 * HOUR, DAY]), staff::hand_over);
            }
            "fulfilment.handed_over" => self.begin(job, |dice| dice.one_of(&[DAY, 2 * DAY, 3 * DAY]), staff::deliver),
            "fulfilment.delivered" => self.delivered(job),
            "return.requested" => self.begin(job, |dice| dice.one_of(&[HOUR, DAY]), staff::answer_return),
            "return.approved" => self.begin(job, |dice| dice.one_of(&[2 * DAY, 6 * DAY]), staff::take_return_in),
            "stock.reserved" => self.maybe_count(job),
            "stock.back_ordered" => {
                self.begin(job, |dice| dice.one_of(&[0, HOUR, 5 * DAY, 25 * DAY, 40 * DAY]), shelves::order_more);
            }
            "payment.captured" => self.begin(job, |_| 3 * HOUR, staff::goodwill),
            "process.task_opened" => self.ask(job),
            _ => {}
        }
    }

    /// Lets someone do something after some time.
    fn begin<F>(&mut self, mut job: Job, delay: impl Fn(&mut Dice) -> i64, work: impl FnOnce(Job) -> F)
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let seconds = delay(&mut job.dice);
        let (world, due) = (job.world.clone(), job.world.now().plus_seconds(seconds));
        let work = work(job);
        self.jobs.spawn(async move {
            world.clock.sleep_until(due).await;
            // Whoever gets no answer has said so.
            _ = work.await;
        });
    }

    /// Some buyers think better of it while the bank is still asked.
    fn placed(&mut self, job: Job) {
        let customer = job.fact["sale"]["customer"].as_str().and_then(|id| id.parse::<CustomerId>().ok());
        if let Some(customer) = customer {
            self.customers.insert(job.id.clone(), customer.clone());
            self.orders.insert(job.id.clone(), job.id.clone());
            self.maybe_cancel(job, 4);
        }
    }

    fn maybe_cancel(&mut self, mut job: Job, percent: u64) {
        let Some(order) = self.orders.get(&job.id).cloned() else { return };
        let Some(customer) = self.customers.get(&order).cloned() else { return };
        if job.dice.percent(percent) {
            self.begin(job, |_| 0, |job| staff::cancel(job, order, customer));
        }
    }

    /// Some need fewer units than they ordered.
    fn maybe_cancel_lines(&mut self, mut job: Job, delays: &'static [i64]) {
        let Some(order) = self.orders.get(&job.id).cloned() else { return };
        let Some(customer) = self.customers.get(&order).cloned() else { return };
        if job.dice.percent(10) {
            self.begin(job, |dice| dice.one_of(delays), |job| staff::cancel_lines(job, order, customer));
        }
    }

    /// Somebody counts a shelf while units of it are promised.
    fn maybe_count(&mut self, mut job: Job) {
        if job.dice.percent(8) {
            self.begin(job, |dice| dice.one_of(&[0, 1, 60, 300]), shelves::count);
        }
    }

    /// Lets people decide, unless they are asked the same again and again.
    fn ask(&mut self, job: Job) {
        let task = job.fact["task"]["name"].as_str().unwrap_or_default().to_owned();
        let (process, question) = (job.id.clone(), job.fact["task"]["question"].to_string());
        let times = self.asked.entry((process.clone(), task)).or_default();
        *times += 1;
        if *times > QUESTIONS_MAX {
            let what = format!("{process} asks people {times} times: {question}");
            self.world.violate("I3 everything comes to rest", what);
        }
        self.begin(job, |dice| dice.one_of(&[0, HOUR, 7 * HOUR]), staff::decide);
    }

    fn delivered(&mut self, mut job: Job) {
        let Some(order) = self.orders.get(&job.id).cloned() else { return };
        let Some(customer) = self.customers.get(&order).cloned() else { return };
        if job.dice.percent(25) {
            let delay = |dice: &mut Dice| dice.one_of(&[0, 2 * DAY, 13 * DAY, 29 * DAY, 35 * DAY]);
            self.begin(job, delay, |job| staff::send_back(job, order, customer));
        }
    }
}
