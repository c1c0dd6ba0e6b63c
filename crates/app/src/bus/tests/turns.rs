//! One at a time per aggregate, first come first served.

use std::pin::Pin;

use futures_util::FutureExt;

use super::super::turns::{AGGREGATES_MAX, Since, Turn, Turns};
use super::*;

fn waiting<'a>(turns: &'a Turns, stream: &'a StreamId) -> Pin<Box<dyn Future<Output = Turn> + 'a>> {
    let mut turn = Box::pin(turns.take(stream, Since::default()));
    assert!(turn.as_mut().now_or_never().is_none(), "another has the turn");
    turn
}

#[tokio::test]
async fn turns_come_in_the_order_they_were_asked_for() {
    let (turns, stream) = (Turns::default(), stream());
    let first = turns.take(&stream, Since::default()).await;
    let (mut second, mut third) = (waiting(&turns, &stream), waiting(&turns, &stream));
    drop(first);
    assert!(third.as_mut().now_or_never().is_none(), "the second comes before the third");
    let turn = second.as_mut().now_or_never().expect("the second has the turn");
    drop(turn);
    assert!(third.as_mut().now_or_never().is_some());
}

#[tokio::test]
async fn what_is_dropped_for_room_is_never_a_turn_in_use() {
    let (turns, stream) = (Turns::default(), stream());
    let held = turns.take(&stream, Since::default()).await;
    held.remember(&Loaded { state: Arc::new(Stock::default()), version: 7 });
    for number in 0..2 * AGGREGATES_MAX {
        drop(turns.take(&StreamId::new("stock", &number.to_string()), Since::default()).await);
    }
    let mut next = waiting(&turns, &stream);
    assert_eq!(turns.cached::<Stock>(&stream, 0).map(|(loaded, _)| loaded.version), Some(7));
    drop(held);
    assert!(next.as_mut().now_or_never().is_some());
}

#[tokio::test]
async fn a_reader_never_puts_an_older_state_over_a_newer_one() {
    let (turns, stream) = (Turns::default(), stream());
    let loaded = |version| Loaded { state: Arc::new(Stock::default()), version };
    turns.remember_if_idle(&stream, &loaded(5), Since::default());
    turns.remember_if_idle(&stream, &loaded(3), Since::default());
    assert_eq!(turns.cached::<Stock>(&stream, 0).map(|(loaded, _)| loaded.version), Some(5));
    let turn = turns.take(&stream, Since::default()).await;
    turns.remember_if_idle(&stream, &loaded(9), Since::default());
    assert_eq!(turn.take_cached::<Stock>(0).map(|(loaded, _)| loaded.version), Some(5));
}
