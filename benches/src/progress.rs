//! Lines of progress, now and then.

use std::time::Instant;

/// How often a line is printed, seconds.
const LINE_SECONDS: f64 = 5.0;

/// A task of so many events under way.
pub struct Lines {
    what: &'static str,
    total: u64,
    begun: Instant,
    told: f64,
}

impl Lines {
    /// Begins a task.
    pub fn begin(what: &'static str, total: u64) -> Self {
        Self { what, total, begun: Instant::now(), told: 0.0 }
    }

    /// Notes how far it is, and says so when the last line is old enough.
    pub fn tell(&mut self, done: u64) {
        let elapsed = self.begun.elapsed().as_secs_f64();
        if elapsed - self.told < LINE_SECONDS {
            return;
        }
        self.told = elapsed;
        let rate = done as f64 / elapsed;
        eprintln!(
            "{}: {:3.0} %  {done} of {} events  {rate:.0} events/s  {:.0} s left",
            self.what,
            100.0 * done as f64 / self.total as f64,
            self.total,
            self.total.saturating_sub(done) as f64 / rate
        );
    }
}
