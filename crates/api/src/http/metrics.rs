//! Figures of the server, for Prometheus. Counting takes no lock.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use prometheus_client::encoding::{EncodeLabel, text};
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, LabelSetEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Upper bounds of the duration histogram, microseconds.
const BOUNDS_MICROS: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000];
const KINDS: [&str; 4] = ["query", "mutation", "subscription", "unknown"];
const OUTCOMES: [&str; 3] = ["ok", "errors", "refused"];

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With data and no error.
    Ok,
    /// Executed, with top-level errors.
    Errors,
    /// Not executed.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Labels {
    operation: &'static str,
    status: &'static str,
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        ("operation", self.operation).encode(encoder.encode_label())?;
        ("status", self.status).encode(encoder.encode_label())
    }
}

/// The server's figures, and the registry that others add theirs to.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: [[Counter; OUTCOMES.len()]; KINDS.len()],
    durations: Arc<Durations>,
    in_flight: Gauge,
    sockets: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Makes a registry that holds the figures of the server itself.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("comptoir");
        let requests = Family::<Labels, Counter>::default();
        let durations = Arc::new(Durations::default());
        let (in_flight, sockets) = (Gauge::default(), Gauge::default());
        registry.register("graphql_requests", "GraphQL operations by kind and outcome", requests.clone());
        registry.register(
            "graphql_request_duration_seconds",
            "Time from the request's head to its answer",
            SharedDurations(durations.clone()),
        );
        registry.register("graphql_requests_in_flight", "GraphQL requests being answered", in_flight.clone());
        registry.register("graphql_sockets", "Open WebSockets", sockets.clone());
        let counter = |kind: &'static str| {
            OUTCOMES.map(|status| requests.get_or_create_owned(&Labels { operation: kind, status }))
        };
        Self { registry: Mutex::new(registry), requests: KINDS.map(counter), durations, in_flight, sockets }
    }

    /// Lets someone else register figures. Names get the prefix `comptoir_`.
    pub fn register_with(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns all figures in the OpenMetrics text format, version 1.0.
    ///
    /// # Errors
    /// Where a registered figure cannot be written.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(out)
    }

    pub(crate) fn count(&self, kind: Option<OperationType>, outcome: Outcome) {
        let kind = match kind {
            Some(OperationType::Query) => 0,
            Some(OperationType::Mutation) => 1,
            Some(OperationType::Subscription) => 2,
            None => 3,
        };
        let outcome = match outcome {
            Outcome::Ok => 0,
            Outcome::Errors => 1,
            Outcome::Refused => 2,
        };
        self.requests[kind][outcome].inc();
    }

    pub(crate) fn observe(&self, duration: Duration) {
        self.durations.observe(duration);
    }

    pub(crate) fn request_in_flight(&self) -> Held {
        Held::new(self.in_flight.clone())
    }

    pub(crate) fn socket_open(&self) -> Held {
        Held::new(self.sockets.clone())
    }
}

/// One more on a gauge, until dropped.
pub(crate) struct Held(Gauge);

impl Held {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A histogram of durations without a lock, which prometheus-client's own takes for each observation.
#[derive(Debug, Default)]
struct Durations {
    counts: [AtomicU64; BOUNDS_MICROS.len() + 1],
    sum_micros: AtomicU64,
}

impl Durations {
    fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct SharedDurations(Arc<Durations>);

impl EncodeMetric for SharedDurations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let seconds = |micros: u64| Duration::from_micros(micros).as_secs_f64();
        let bounds = BOUNDS_MICROS.into_iter().map(seconds).chain([f64::MAX]);
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = seconds(self.0.sum_micros.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
