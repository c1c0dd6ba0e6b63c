//! Figures as people read them.

use std::time::Duration;

use crate::shopper::{CALLS, Journey};

/// Returns the value that so many per cent of the values do not exceed (nearest rank); zero of none.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

/// Returns a duration in milliseconds with two decimals.
pub fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1_000.0)
}

/// Returns the durations that `of` reads, in ascending order.
pub fn sorted<T>(items: &[T], of: impl Fn(&T) -> Duration) -> Vec<Duration> {
    let mut durations: Vec<_> = items.iter().map(of).collect();
    durations.sort_unstable();
    durations
}

/// One measurement of the journey.
pub struct Row {
    /// How many shoppers.
    pub shoppers: usize,
    /// Bare requests a second over as many connections.
    pub bare_per_second: f64,
    /// Orders a second.
    pub orders_per_second: f64,
    /// What the server used of the processor, all its threads together.
    pub processor_time: Duration,
    /// Every journey.
    pub journeys: Vec<Journey>,
}

/// What the store does a second with the same commits and nothing else.
pub struct CommitLimit {
    /// How many clients append at once.
    pub clients: usize,
    /// Commits a second.
    pub per_second: f64,
    /// Commits of one journey, on average.
    pub commits_each: f64,
    /// Events of one journey, on average.
    pub events_each: f64,
    /// Bytes of payload and metadata of one journey, on average.
    pub bytes_each: f64,
}

/// Prints the journey's table and what it is to be read against.
pub fn print_journey(rows: &[Row], limit: &CommitLimit, syncs_per_second: f64) {
    let orders_limit = limit.per_second / limit.commits_each;
    println!(
        "\nshoppers  orders/s  journey p50  p99 ms  place p50  p99 ms    calls/s  bare HTTP/s  calls÷bare  orders÷limit  server ms/order"
    );
    for row in rows {
        let (whole, placing) = (sorted(&row.journeys, Journey::whole), sorted(&row.journeys, Journey::placing));
        let calls_per_second = row.orders_per_second * CALLS.len() as f64;
        println!(
            "{:8}  {:8.1}  {:>11}  {:>6}  {:>9}  {:>6}  {:9.0}  {:11.0}  {:10.2}  {:12.2}  {:15.2}",
            row.shoppers,
            row.orders_per_second,
            millis(percentile(&whole, 50)),
            millis(percentile(&whole, 99)),
            millis(percentile(&placing, 50)),
            millis(percentile(&placing, 99)),
            calls_per_second,
            row.bare_per_second,
            calls_per_second / row.bare_per_second,
            row.orders_per_second / orders_limit,
            row.processor_time.as_secs_f64() * 1_000.0 / row.journeys.len().max(1) as f64,
        );
    }
    println!(
        "\none journey in the log: {:.1} commits, {:.1} events, {:.0} bytes",
        limit.commits_each, limit.events_each, limit.bytes_each
    );
    println!(
        "the same commits by {} clients and nothing else: {:.0} durable commits/s, which is {:.0} orders/s",
        limit.clients, limit.per_second, orders_limit
    );
    println!("one client that writes and syncs 4 KiB in the same folder: {syncs_per_second:.0} fdatasync/s");
    rows.last().into_iter().for_each(print_calls);
}

fn print_calls(row: &Row) {
    println!("\neach call at {} shoppers   p50 ms   p99 ms", row.shoppers);
    for (nth, call) in CALLS.iter().enumerate() {
        let times = sorted(&row.journeys, |journey| journey.calls[nth]);
        println!("{call:26} {:>7}  {:>7}", millis(percentile(&times, 50)), millis(percentile(&times, 99)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let hundred: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&hundred, 50), Duration::from_millis(50));
        assert_eq!(percentile(&hundred, 99), Duration::from_millis(99));
        assert_eq!(percentile(&hundred[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
