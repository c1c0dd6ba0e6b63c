//! Checks of finding positions by time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{RECORDED_AT, Store, WAIT_SECONDS_MAX, commit, places};
use crate::moments::Moments;
use crate::{Position, StreamId};

/// One second, microseconds.
const SECOND: i64 = 1_000_000;
/// Twenty-four hours, seconds.
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// How far the clock moves before each commit, seconds: it goes on, stands still, is a little late, jumps a day ahead and
/// comes back, jumps a day back and comes back.
const CLOCK_SECONDS: [i64; 14] =
    [1, 2, 0, 5, -3, 4, 1, DAY_SECONDS, 2, -DAY_SECONDS, 3, -DAY_SECONDS, 1, DAY_SECONDS + 90_000];

/// Returns which event is the last one by the definition, from all times in the order of the log.
fn expected(times: &[i64], at: i64) -> usize {
    times.iter().take_while(|time| **time <= at).count()
}

/// The log at a time is its longest beginning without anything recorded later, whatever the clocks did, however far marks
/// were noted, and also after more was appended.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_time_has_one_position(store: Store) {
    let moments = Moments::new(Arc::clone(&store)).with_block_events(8);
    assert_eq!(moments.position_at(i64::MAX).await.expect("is found"), Position(0), "an empty log");
    let (mut times, mut clock, mut asked) = (Vec::new(), RECORDED_AT, Vec::new());
    for (number, seconds) in CLOCK_SECONDS.into_iter().enumerate() {
        clock += seconds * SECOND;
        let stream = StreamId::new("check", &format!("moment-{number}"));
        let mut commit = commit(&stream, 0, 1 + number % 4);
        commit.recorded_at = clock;
        times.extend(commit.events.iter().map(|_| clock));
        store.append(commit).await.expect("the commit is stored");
        let places = places(&store).await;
        for at in [clock - SECOND, clock - 1, clock, clock + 1] {
            let position = moments.position_at(at).await.expect("is found");
            assert_eq!(position, places[expected(&times, at)], "commit {number}, {} µs from its time", at - clock);
            // Something later is in the log: this answer stands for ever.
            if times.iter().any(|time| *time > at) {
                asked.push((at, position));
            }
        }
    }
    let afresh = Moments::new(store).with_block_events(8);
    for (at, position) in asked {
        assert_eq!(afresh.position_at(at).await.expect("is found"), position, "the past has one answer");
    }
    assert_eq!(afresh.position_at(-1).await.expect("is found"), Position(0), "before the epoch");
}

/// Whoever follows the log notes marks that whoever asks finds; marks of a log that was put back are noted anew.
///
/// # Panics
/// When the store does otherwise.
pub async fn marks_are_noted_as_the_log_grows(store: Store) {
    for number in 0..40 {
        let mut commit = commit(&StreamId::new("check", &format!("moment-{number}")), 0, 1);
        commit.recorded_at = RECORDED_AT + number * SECOND;
        store.append(commit).await.expect("the commit is stored");
    }
    let places = places(&store).await;
    let moments = Moments::new(Arc::clone(&store)).with_block_events(4);
    let blocks = async || store.mark("moments/4/blocks").await.expect("is read");
    let noted = async {
        while blocks().await != Some(10) {
            tokio::task::yield_now().await;
        }
    };
    let followed = timeout(Duration::from_secs(WAIT_SECONDS_MAX), moments.follow(noted)).await;
    followed.expect("all blocks are noted in time");
    let at = RECORDED_AT + 29 * SECOND;
    assert_eq!(moments.position_at(at).await.expect("is found"), places[30]);
    // A count of blocks that the log has not: it was put back to an older state.
    store.set_mark("moments/4/blocks", 1_000).await.expect("is stored");
    assert_eq!(moments.position_at(at).await.expect("is found"), places[30]);
    assert_eq!(blocks().await, Some(10), "noted anew");
}
