//! Shows how far a long task is: a bar with rate and time left on a terminal, plain lines elsewhere. Writes to standard
//! error, so that what a command answers can be piped.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const BAR_WIDTH: u64 = 24;
const BAR_INTERVAL: Duration = Duration::from_millis(100);
const LINE_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bar,
    Lines,
    Silent,
}

/// Where progress is shown. A clone shows in the same place.
#[derive(Clone)]
pub struct Console {
    kind: Kind,
    screen: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.kind {
            Kind::Bar => "Console(bar)",
            Kind::Lines => "Console(lines)",
            Kind::Silent => "Console(silent)",
        })
    }
}

impl Console {
    /// Shows on standard error: bars where it is a terminal, else a line now and then.
    pub fn stderr() -> Self {
        let kind = if std::io::stderr().is_terminal() { Kind::Bar } else { Kind::Lines };
        Self { kind, screen: Arc::new(Mutex::new(Box::new(std::io::stderr()))) }
    }

    /// Shows nothing.
    pub fn silent() -> Self {
        Self { kind: Kind::Silent, screen: Arc::new(Mutex::new(Box::new(std::io::sink()))) }
    }

    /// Begins a task of so many steps.
    pub fn task(&self, label: &str, total: u64) -> Task {
        let state = State { done: 0, total, shown_at: None };
        let task =
            Task { console: self.clone(), label: label.to_owned(), begun: Instant::now(), state: Mutex::new(state) };
        if self.kind == Kind::Bar {
            task.show(0, total);
        }
        task
    }

    /// Writes a line.
    pub fn say(&self, text: &str) {
        if self.kind != Kind::Silent {
            self.write(&format!("{text}\n"));
        }
    }

    fn write(&self, text: &str) {
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody reads progress that cannot be written; the task goes on.
        let _unseen = screen.write_all(text.as_bytes()).and_then(|()| screen.flush());
    }
}

struct State {
    done: u64,
    total: u64,
    shown_at: Option<Instant>,
}

/// A task under way.
pub struct Task {
    console: Console,
    label: String,
    begun: Instant,
    state: Mutex<State>,
}

impl Task {
    /// Counts further steps as done.
    pub fn add(&self, steps: u64) {
        self.change(|state| state.done += steps);
    }

    /// Says how many steps are done, of how many.
    pub fn set(&self, done: u64, total: u64) {
        self.change(|state| (state.done, state.total) = (done, total));
    }

    /// Ends the task, shows what was done, and returns how long it took.
    pub fn finish(self) -> Duration {
        let (done, total) = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.done, state.total)
        };
        let elapsed = self.begun.elapsed();
        let end = if self.console.kind == Kind::Bar { "\r\x1b[K" } else { "" };
        if self.console.kind != Kind::Silent {
            self.console.write(&format!("{end}{}\n", line(&self.label, (done, total), elapsed, Kind::Lines)));
        }
        elapsed
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let interval = match self.console.kind {
            Kind::Bar => BAR_INTERVAL,
            Kind::Lines => LINE_INTERVAL,
            Kind::Silent => Duration::MAX,
        };
        let (done, total) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut state);
            if state.shown_at.unwrap_or(self.begun).elapsed() < interval {
                return;
            }
            state.shown_at = Some(Instant::now());
            (state.done, state.total)
        };
        self.show(done, total);
    }

    fn show(&self, done: u64, total: u64) {
        let text = line(&self.label, (done, total), self.begun.elapsed(), self.console.kind);
        match self.console.kind {
            Kind::Bar => self.console.write(&format!("\r{text}\x1b[K")),
            Kind::Lines => self.console.write(&format!("{text}\n")),
            Kind::Silent => {}
        }
    }
}

/// Writes `label 12,345 of 92,331 (13 %), 4,321/s, 18 s left`, with a bar in front on a terminal.
fn line(label: &str, (done, total): (u64, u64), elapsed: Duration, kind: Kind) -> String {
    let share = |parts: u64| (u128::from(done.min(total)) * u128::from(parts)).checked_div(u128::from(total));
    let mut text = String::new();
    if kind == Kind::Bar {
        let full = share(BAR_WIDTH).and_then(|full| usize::try_from(full).ok()).unwrap_or(0);
        let width = usize::try_from(BAR_WIDTH).unwrap_or(full);
        text = format!("[{}{}] ", "#".repeat(full), "-".repeat(width - full));
    }
    let rate = per_second(done, elapsed);
    // Writing to a text cannot fail.
    let _ = write!(text, "{label} {} of {}", grouped(done), grouped(total));
    if let Some(percent) = share(100) {
        let _ = write!(text, " ({percent} %)");
    }
    let _ = write!(text, ", {}/s", grouped(rate));
    if done < total && rate > 0 {
        let _ = write!(text, ", {} s left", grouped((total - done).div_ceil(rate)));
    } else {
        let _ = write!(text, ", {}.{} s", elapsed.as_secs(), elapsed.subsec_millis() / 100);
    }
    text
}

/// Returns how many a second, rounded down.
pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    let rate = u128::from(count) * 1_000_000 / elapsed.as_micros().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// Writes a number with a comma before every three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody broke it").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn shown(kind: Kind, work: impl FnOnce(&Console)) -> String {
        let paper = Paper::default();
        work(&Console { kind, screen: Arc::new(Mutex::new(Box::new(paper.clone()))) });
        let bytes = paper.0.lock().expect("nobody broke it").clone();
        String::from_utf8(bytes).expect("progress is text")
    }

    #[test]
    fn a_line_tells_share_rate_and_time_left() {
        let text = line("products", (12_000, 48_000), Duration::from_secs(4), Kind::Lines);
        assert_eq!(text, "products 12,000 of 48,000 (25 %), 3,000/s, 12 s left");
        let bar = line("products", (12_000, 48_000), Duration::from_secs(4), Kind::Bar);
        assert_eq!(bar, format!("[######------------------] {text}"));
    }

    #[test]
    fn nothing_to_do_is_done() {
        assert_eq!(line("orders", (0, 0), Duration::from_millis(1_250), Kind::Lines), "orders 0 of 0, 0/s, 1.2 s");
    }

    #[test]
    fn elsewhere_than_on_a_terminal_a_short_task_is_one_line() {
        let text = shown(Kind::Lines, |console| {
            let task = console.task("orders", 2);
            task.add(1);
            task.set(2, 2);
            task.finish();
        });
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("orders 2 of 2 (100 %)") && !text.contains('\r'), "{text}");
    }

    #[test]
    fn a_terminal_sees_the_bar_at_once_and_silence_is_silent() {
        let bar = shown(Kind::Bar, |console| _ = console.task("orders", 2).finish());
        assert!(bar.starts_with("\r[") && bar.ends_with('\n'), "{bar:?}");
        let silent = shown(Kind::Silent, |console| {
            console.say("hello");
            _ = console.task("orders", 2).finish();
        });
        assert_eq!(silent, "");
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
